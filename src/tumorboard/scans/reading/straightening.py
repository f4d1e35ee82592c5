"""Setting a sheared volume straight: a tilted gantry moves each slice sideways against the one before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.volume import Grid, Voxels


def straighten(voxels: Voxels, grid: Grid, outside: float) -> tuple[Voxels, Grid]:
    """Shift the slices of a sheared volume within their planes until slices, rows and columns are at right angles.

    Slices stay the planes that were acquired, tilted in the patient as they are; each is interpolated linearly along
    rows and columns. The grid grows so that nothing is cut away.

    Parameters
    ----------
    voxels : ndarray, shape ``grid.shape``
    grid : Grid
        Its rows and columns are at right angles; its slice step need not be.
    outside : float
        Value where no slice reaches.

    Returns
    -------
    voxels : ndarray
        Of the same type.
    grid : Grid
    """
    normal = np.cross(grid.steps_mm[1], grid.steps_mm[2])
    normal /= np.linalg.norm(normal)
    along = grid.steps_mm[0] @ normal * normal
    aside = grid.steps_mm[0] - along
    per_slice = [float(aside @ grid.steps_mm[axis] / grid.spacing_mm[axis] ** 2) for axis in (1, 2)]
    shifts = np.arange(grid.shape[0])[:, None] * np.array(per_slice)
    low, high = np.floor(shifts.min(axis=0) + 1e-6).astype(int), np.ceil(shifts.max(axis=0) - 1e-6).astype(int)
    shape = (grid.shape[0], grid.shape[1] + int(high[0] - low[0]), grid.shape[2] + int(high[1] - low[1]))
    straight = np.empty(shape, voxels.dtype)
    for number, image in enumerate(voxels):
        for axis in (0, 1):
            image = _shifted(image, float(shifts[number, axis] - low[axis]), axis, shape[axis + 1], outside)
        straight[number] = np.rint(image) if voxels.dtype.kind != "f" else image
    origin = grid.origin_mm + low @ grid.steps_mm[1:]
    return straight, Grid(shape, origin, np.stack([along, grid.steps_mm[1], grid.steps_mm[2]]))


def _shifted(image: NDArray[np.float32], shift: float, axis: int, length: int, outside: float) -> NDArray[np.float32]:
    """Shift an image towards higher indices of an axis by a number of pixels, with its fraction, into a longer one."""
    image = np.moveaxis(image, axis, 0)
    whole, part = int(np.floor(shift + 1e-6)), max(shift - np.floor(shift + 1e-6), 0.0)
    longer = np.full((length + 1, *image.shape[1:]), outside, np.float32)
    longer[whole : whole + image.shape[0]] = image
    if part > 1e-6:
        longer[1:] = longer[1:] * (1 - part) + longer[:-1] * part
    return np.moveaxis(longer[:length], 0, axis)
