"""Which part of a plane a picture shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tumorboard.scans.planes.geometry import PlaneGeometry, plane_directions
from tumorboard.scans.planes.image import Marked
from tumorboard.scans.volume import NORMAL_AXIS, Grid, Plane, Vector
from tumorboard.study.scan_settings import ScanSettings

_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Site:
    """What a picture is centred on.

    Parameters
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    slice : int
        Slice of the volume, in patient axes.
    middle_mm : ndarray of float64, shape (3,)
    rows, columns : ndarray of float64, shape (3,)
        Directions in which the picture's rows and columns follow each other.
    longest_mm : float
        Longer side of the box, along these directions, around what is to be seen.
    """

    plane: Plane
    slice: int
    middle_mm: Vector
    rows: Vector
    columns: Vector
    longest_mm: float


def site_of_tumour(grid: Grid, tumour: Marked, plane: Plane, slice_index: int) -> Site:
    """Find the tumour in a slice.

    Parameters
    ----------
    grid : Grid
        Of the volume, in patient axes.
    tumour : Marked
    plane : {"transversal", "coronal", "sagittal"}
    slice_index : int

    Raises
    ------
    ValueError
        The mask has nothing there.
    """
    axis = NORMAL_AXIS[plane]
    index = slice_index - tumour.start[axis]
    if not 0 <= index < tumour.mask.shape[axis] or not (marked := np.take(tumour.mask, index, axis)).any():
        raise ValueError(f"the mask has nothing in slice {slice_index} of the {plane} plane")
    starts = [start for other, start in enumerate(tumour.start) if other != axis]
    touched = [np.flatnonzero(marked.any(axis=1 - side)) + start for side, start in enumerate(starts)]
    low, high = (np.array([indices[end] for indices in touched], float) for end in (0, -1))
    return _site(grid, plane, slice_index, low, high)


def site_of_slice(grid: Grid, plane: Plane, slice_index: int) -> Site:
    """Take the middle of a slice, with nothing around it that has to be seen."""
    middle = (np.delete(grid.shape, NORMAL_AXIS[plane]) - 1) / 2
    return _site(grid, plane, slice_index, middle + 0.5, middle - 0.5)


def _site(grid: Grid, plane: Plane, slice_index: int, low: Vector, high: Vector) -> Site:
    """Put a box around voxels from the lowest to the highest index, their whole width included."""
    (low_row, low_column), (high_row, high_column) = low - 0.5, high + 0.5
    corners = np.array([[low_row, low_column], [low_row, high_column], [high_row, low_column], [high_row, high_column]])
    points = grid.to_patient(np.insert(corners, NORMAL_AXIS[plane], slice_index, axis=1))
    rows, columns = plane_directions(grid, plane)
    along = (points - points[0]) @ np.stack([rows, columns], axis=1)
    nearest, farthest = along.min(axis=0), along.max(axis=0)
    middle = points[0] + (nearest + farthest) / 2 @ np.stack([rows, columns])
    return Site(plane, slice_index, middle, rows, columns, float((farthest - nearest).max()))


def choose_field(longest_mm: float, settings: ScanSettings) -> tuple[float, tuple[str, ...]]:
    """Choose the field of view: the settings', or a wider one of whole millimetres, with a remark.

    Parameters
    ----------
    longest_mm : float
        Longest side of the boxes around the tumour.
    settings : ScanSettings

    Returns
    -------
    field_mm : float
    remarks : tuple of str
    """
    needed = longest_mm + 2 * settings.margin_mm
    if needed <= settings.field_mm:
        return settings.field_mm, ()
    wider = float(math.ceil(needed - _ROUNDING))
    return wider, (
        f"the field of view is {wider:g} mm, not {settings.field_mm:g} mm, "
        f"to hold the tumour with a margin of {settings.margin_mm:g} mm",
    )


def lay(site: Site, offset_mm: float, pixel_mm: float, size_px: int) -> PlaneGeometry:
    """Lay a picture around the middle of a site, or so far from it along the plane's normal."""
    row_step, column_step = site.rows * pixel_mm, site.columns * pixel_mm
    origin = site.middle_mm - (size_px - 1) / 2 * (row_step + column_step)
    here = PlaneGeometry(site.plane, site.slice, offset_mm, origin, row_step, column_step)
    return PlaneGeometry(site.plane, site.slice, offset_mm, origin + offset_mm * here.normal, row_step, column_step)
