"""Planes whose pictures were made elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.planes.field import choose_field, lay, site_of_slice, site_of_tumour
from tumorboard.scans.planes.geometry import PICTURE_AXES, UNKNOWN_SLICE
from tumorboard.scans.planes.image import Marked, PlaneImage
from tumorboard.scans.planes.picture import Source, take_picture
from tumorboard.scans.planes.picture_file import read_grey, read_picture_mask
from tumorboard.scans.planes.window import Grey, Window
from tumorboard.scans.volume import NORMAL_AXIS, Grid, Plane, Volume, Voxels
from tumorboard.study.scan_settings import ScanSettings

_STATE = "State them in scans.csv, columns plane and pixel_mm"
_DARK = 0.25
_SMALLEST_MM, _LARGEST_MM = 0.05, 10.0


def read_ready_made(
    path: Path,
    plane: Plane | None,
    pixel_mm: float | None,
    mask: Path | None,
    settings: ScanSettings,
    mask_label: int | None = None,
) -> PlaneImage:
    """Read a plane's picture that was made elsewhere, and bring it to the pixel size of the others.

    It is taken as windowed already and hung as radiologists do: the patient's right at the left, the front at the top
    of a transversal and at the left of a sagittal picture, the head at the top. It is centred on the tumour where there
    is a mask, else on its own middle.

    Parameters
    ----------
    path : Path
        A grey PNG, TIFF or JPEG of 8 or 16 bits.
    plane : {"transversal", "coronal", "sagittal"} or None
        None, an error, where the user does not state it.
    pixel_mm : float or None
        Side of a pixel; None, an error, where the user does not state it.
    mask : Path or None
        A picture of the same size: the tumour red, or the only grey level besides 0.
    settings : ScanSettings
    mask_label : int, optional
        Grey level of the tumour in the mask.

    Returns
    -------
    PlaneImage
        Its geometry counts from the centre of the file's first pixel; its window holds the file's grey levels.

    Raises
    ------
    FileFormatError
        Plane or pixel size is not stated or cannot be; or the picture or its mask is not what it should be.
    """
    if plane is None or pixel_mm is None:
        missing = [word for word, value in (("plane", plane), ("pixel size", pixel_mm)) if value is None]
        what = f"the {' and '.join(missing)} of this picture {'is' if len(missing) == 1 else 'are'} not stated"
        raise FileFormatError(what, where=path.name, fix=_STATE)
    if not (math.isfinite(pixel_mm) and _SMALLEST_MM <= pixel_mm <= _LARGEST_MM):
        raise FileFormatError(
            f"a pixel of {pixel_mm:g} mm cannot be; it has {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm",
            where=path.name,
            fix="Correct pixel_mm in scans.csv",
        )
    grey = read_grey(path)
    grid = _grid(grey.shape, plane, pixel_mm)
    marked = None if mask is None else Marked(_layer(read_picture_mask(mask, grey.shape, mask_label), plane))
    site = site_of_slice(grid, plane, 0) if marked is None else site_of_tumour(grid, marked, plane, 0)
    field_mm, remarks = choose_field(site.longest_mm, settings)
    if marked is None:
        remarks = (f"the {plane} picture has no mask: it is centred on its own middle, not on the tumour",)
    remarks += _on_grey(grey, path, plane)
    source = Source(
        Volume(_layer(grey, plane), grid, "CT"), marked, Window(0, float(np.iinfo(grey.dtype).max)), settings.bits
    )
    image = take_picture(source, lay(site, 0.0, field_mm / settings.size_px, settings.size_px), settings.size_px)
    geometry = replace(image.geometry, slice=UNKNOWN_SLICE, in_patient=False)
    return replace(image, geometry=geometry, remarks=(*remarks, *image.remarks))


def _on_grey(grey: Grey, path: Path, plane: Plane) -> tuple[str, ...]:
    """Refuse a picture that shows nothing; remark on one that is dark, as 12 bits kept in 16 without a window are."""
    brightest, white = int(grey.max()), int(np.iinfo(grey.dtype).max)
    if brightest == int(grey.min()):
        raise FileFormatError(
            f"all pixels have the grey level {brightest}", where=path.name, fix="Give another picture"
        )
    if brightest < _DARK * white:
        return (f"the {plane} picture is dark: its brightest pixel has {brightest} of {white}; was it windowed?",)
    return ()


def _layer(picture: NDArray[np.generic], plane: Plane) -> Voxels:
    """Make a volume of one slice, in patient axes, of a picture."""
    (_, row_sense), (_, column_sense) = PICTURE_AXES[plane]
    return np.expand_dims(picture[::row_sense, ::column_sense], NORMAL_AXIS[plane])


def _grid(shape: tuple[int, ...], plane: Plane, pixel_mm: float) -> Grid:
    """Lay that volume so that the picture's first pixel has its centre at 0, 0, 0."""
    origin, lengths = np.zeros(3), [1, 1, 1]
    for (axis, sense), length in zip(PICTURE_AXES[plane], shape, strict=True):
        lengths[axis] = length
        if sense < 0:
            origin[2 - axis] = -(length - 1) * pixel_mm
    return Grid((lengths[0], lengths[1], lengths[2]), origin, np.fliplr(np.eye(3)) * pixel_mm)
