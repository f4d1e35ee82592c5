"""A tumour's volume and its largest diameters in the three planes, from its mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.diameter.layers import longest
from tumorboard.scans.diameter.outline import outline, widest_across
from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, Plane, patient_axes

Ends = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Two points, each x, y, z in the patient, in millimetres."""

Box = tuple[slice, slice, slice]

SIDES = (("bottom", "top"), ("front", "back"), ("right", "left"))
"""The patient's side where an array in patient axes starts and where it ends, by axis."""

_LARGEST_COSINE = 1e-3


@dataclass(frozen=True)
class Diameter:
    """The largest diameter in the slices of one plane.

    Parameters
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    diameter_mm : float
        Between the farthest two points of the outline within one slice.
    slice : int
        Index of that slice along the plane's normal, in patient axes; of several the lowest.
    endpoints_mm : tuple of tuple of float
        The two points, each x, y, z in the patient.
    perpendicular_mm : float
        The largest width of the outline in that slice at a right angle to the diameter.
    perpendicular_endpoints_mm : tuple of tuple of float
    """

    plane: Plane
    diameter_mm: float
    slice: int
    endpoints_mm: Ends
    perpendicular_mm: float
    perpendicular_endpoints_mm: Ends


@dataclass(frozen=True)
class TumourSize:
    """What is measured on a tumour's mask.

    Parameters
    ----------
    volume_ml : float
    diameters : dict
        A `Diameter` for each plane.
    touches : tuple of str
        The sides of the volume that the mask reaches (bottom, top, front, back, right, left): there the tumour may go
        on outside, and be larger than measured.
    """

    volume_ml: float
    diameters: dict[Plane, Diameter]
    touches: tuple[str, ...]


def measure(mask: NDArray[np.bool_], grid: Grid) -> TumourSize:
    """Measure a mask, whether it has one connected part or several.

    The outline runs half-way between the centres of the mask's voxels and those outside, so that one voxel alone is as
    long as it is. A diameter goes straight from one point of the outline to another, in or out of the mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        In patient axes (see `tumorboard.scans.volume.turn`), not empty.
    grid : Grid
        Of the mask; its axes at right angles.

    Returns
    -------
    TumourSize

    Raises
    ------
    ValueError
        Where the mask is empty or not of the grid's shape, or the grid is sheared or not in patient axes.
    """
    _check(mask, grid)
    box = bounding_box(mask)
    inside = np.ascontiguousarray(mask[box])
    volume = float(np.count_nonzero(inside) * grid.voxel_ml)
    diameters = {plane: _largest(inside, plane, box, grid) for plane in PLANES}
    return TumourSize(volume, diameters, _touched(box, grid.shape))


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """Give the smallest box that holds a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)

    Returns
    -------
    tuple of slice

    Raises
    ------
    ValueError
        Where it is empty.
    """
    axes = sorted(range(3), key=lambda axis: -abs(mask.strides[axis]))
    backward = [mask.strides[axis] < 0 for axis in axes]
    # as it lies in memory: read the other way round it takes ten times as long
    stored = mask.transpose(axes)[tuple(slice(None, None, -1 if back else 1) for back in backward)]
    filled = np.flatnonzero([bool(stored[index].any()) for index in range(len(stored))])
    if not filled.size:
        raise ValueError(f"the mask of {mask.shape} voxels is empty: there is nothing to measure")
    within = np.asarray(stored[filled[0] : filled[-1] + 1].any(axis=0))
    parts = [filled, np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))]
    found = {}
    for axis, back, part in zip(axes, backward, parts, strict=True):
        first, last = int(part[0]), int(part[-1])
        if back:
            first, last = mask.shape[axis] - 1 - last, mask.shape[axis] - 1 - first
        found[axis] = slice(first, last + 1)
    return found[0], found[1], found[2]


def at_right_angles(grid: Grid) -> bool:
    """Tell whether a grid's axes stand at right angles, as they do not with a tilted gantry.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    bool
    """
    directions = grid.steps_mm / grid.spacing_mm[:, None]
    return bool(np.abs(directions @ directions.T - np.eye(3)).max() <= _LARGEST_COSINE)


def _check(mask: NDArray[np.bool_], grid: Grid) -> None:
    if mask.dtype != np.bool_ or mask.shape != tuple(grid.shape):
        raise ValueError(f"a mask of {mask.dtype} with shape {mask.shape} is no mask on a grid of {grid.shape} voxels")
    if not at_right_angles(grid):
        raise ValueError("the grid's axes are not at right angles (a tilted gantry?): resample it before measuring")
    if patient_axes(grid) != ((0, 1, 2), (False, False, False)):
        raise ValueError("the mask is not in patient axes: turn it before measuring")


def _largest(inside: NDArray[np.bool_], plane: Plane, box: Box, grid: Grid) -> Diameter:
    normal = NORMAL_AXIS[plane]
    row, column = (axis for axis in range(3) if axis != normal)
    layers = np.ascontiguousarray(np.moveaxis(inside, normal, 0))
    scale = np.array([grid.spacing_mm[row], grid.spacing_mm[column]])
    found = longest(layers, (float(scale[0]), float(scale[1])))
    start, end = found.ends * scale
    short = widest_across(outline(layers[found.layer]) * scale, start, end) / scale
    corner = np.array([part.start for part in box], float)

    def in_patient(ends: NDArray[np.float64]) -> Ends:
        indices = np.empty((2, 3))
        indices[:, normal], indices[:, row], indices[:, column] = found.layer, ends[:, 0], ends[:, 1]
        one, other = (tuple(float(value) for value in point) for point in grid.to_patient(indices + corner))
        return (one[0], one[1], one[2]), (other[0], other[1], other[2])

    perpendicular = float(np.linalg.norm((short[1] - short[0]) * scale))
    place = box[normal].start + found.layer
    return Diameter(plane, found.distance_mm, place, in_patient(found.ends), perpendicular, in_patient(short))


def _touched(box: Box, shape: tuple[int, int, int]) -> tuple[str, ...]:
    sides = []
    for part, length, (first, last) in zip(box, shape, SIDES, strict=True):
        sides += [first] if part.start == 0 else []
        sides += [last] if part.stop == length else []
    return tuple(sides)
