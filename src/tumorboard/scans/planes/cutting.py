"""Three pictures of a scan, each through the slice with the tumour's largest diameter in its plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tumorboard.scans.diameter import TumourSize
from tumorboard.scans.planes.field import Site, choose_field, lay, site_of_tumour
from tumorboard.scans.planes.image import Marked, PlaneImage
from tumorboard.scans.planes.picture import Source, take_picture
from tumorboard.scans.planes.window import choose_window
from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, Volume
from tumorboard.study.scan_settings import ScanSettings

_ROUNDING = 1e-6


def cut_planes(volume: Volume, tumour: Marked, size: TumourSize, settings: ScanSettings) -> tuple[PlaneImage, ...]:
    """Cut the pictures that the network reads: in each plane the one of the largest diameter, and its neighbours.

    A picture is centred on the box around the tumour in its slice. All pictures of a patient have one field of view,
    the settings'; where the tumour with its margin does not fit, the field is so much wider, and that is remarked.
    Neighbours lie at fixed distances in mm, so that they are the same for every scanner, interpolated between slices;
    those beyond the scan are left out.

    Parameters
    ----------
    volume : Volume
        In patient axes.
    tumour : Marked
        On the volume's grid.
    size : TumourSize
        Of the tumour, measured on the volume's grid.
    settings : ScanSettings

    Returns
    -------
    tuple of PlaneImage
        Transversal, coronal, sagittal; in each plane by ascending offset, that of the largest diameter at 0.

    Raises
    ------
    FileFormatError
        The scan cannot be windowed: all its voxels have one value.
    ValueError
        The mask does not lie within the volume, or has nothing in the slice of a largest diameter.
    """
    _refuse_strangers(volume.grid, tumour)
    sites = [site_of_tumour(volume.grid, tumour, plane, size.diameters[plane].slice) for plane in PLANES]
    field_mm, remarks = choose_field(max(site.longest_mm for site in sites), settings)
    source = Source(volume, tumour, choose_window(volume, settings), settings.bits)
    return tuple(image for site in sites for image in _of_plane(source, site, field_mm, remarks, settings))


def _refuse_strangers(grid: Grid, tumour: Marked) -> None:
    for start, length, whole in zip(tumour.start, tumour.mask.shape, grid.shape, strict=True):
        if start < 0 or start + length > whole:
            raise ValueError(f"a mask of {tumour.mask.shape} from {tumour.start} on leaves a volume of {grid.shape}")


def _of_plane(
    source: Source, site: Site, field_mm: float, remarks: tuple[str, ...], settings: ScanSettings
) -> Iterator[PlaneImage]:
    grid, axis = source.volume.grid, NORMAL_AXIS[site.plane]
    for number in range(-settings.neighbours, settings.neighbours + 1):
        geometry = lay(site, number * settings.neighbour_mm, field_mm / settings.size_px, settings.size_px)
        depth = float(geometry.to_voxels(0, 0, grid)[0, axis])
        if number == 0:
            image = take_picture(source, geometry, settings.size_px)
            yield replace(image, remarks=(*remarks, *image.remarks))
        elif -_ROUNDING <= depth <= grid.shape[axis] - 1 + _ROUNDING:
            yield replace(take_picture(source, geometry, settings.size_px), remarks=())
