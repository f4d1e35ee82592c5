"""The tumour's volume and its largest diameters in the three planes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.phantom.anatomy.body import Body
from tumorboard.phantom.anatomy.labels import tumour_mask
from tumorboard.phantom.anatomy.section import AXES, Plane
from tumorboard.phantom.anatomy.volume import Grid


@dataclass(frozen=True)
class Diameter:
    """The largest distance between two voxels of the mask that lie in one plane.

    Parameters
    ----------
    plane : Plane
    diameter_mm : float
        Between the voxels' centres.
    slice : int
        Index of the grid's layer along the plane's normal.
    position_mm : float
        Its coordinate along the normal.
    endpoints_mm : tuple of tuple of float
        Two points, each x, y, z in the patient's coordinates.
    """

    plane: Plane
    diameter_mm: float
    slice: int
    position_mm: float
    endpoints_mm: tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class TumourTruth:
    """What a perfect reader measures.

    Parameters
    ----------
    volume_ml : float
    diameters : dict
        A `Diameter` for each `Plane`.
    """

    volume_ml: float
    diameters: dict[Plane, Diameter]


def measure_tumour(body: Body, spacing_mm: float = 1.0) -> TumourTruth:
    """Measure a tumour on a fine grid of cubes.

    Parameters
    ----------
    body : Body
    spacing_mm : float
        At most 1 for a small tumour.

    Returns
    -------
    TumourTruth
    """
    lattice = body.tumour.whole.lattice
    size = lattice.step_mm * (np.array(lattice.shape) - 1)
    low = np.ceil(np.array(lattice.origin_mm) / spacing_mm) * spacing_mm
    slices, rows, columns = (int(length // spacing_mm) for length in size)
    grid = Grid(slices, rows, columns, spacing_mm, spacing_mm, (float(low[0]), float(low[1]), float(low[2])))
    return measure_mask(tumour_mask(body, grid), grid)


def measure_mask(mask: np.ndarray, grid: Grid) -> TumourTruth:
    """Measure a mask on its own grid.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        Not empty.
    grid : Grid

    Returns
    -------
    TumourTruth
    """
    if not mask.any():
        raise ValueError(f"the mask of {mask.shape} voxels is empty: there is nothing to measure")
    box = _bounds(mask)
    steps = np.array([grid.pixel_mm, grid.pixel_mm, grid.slice_mm])
    first = np.array([part.start for part in box])[::-1]
    low = np.array(grid.origin_mm) + steps * first
    inside = mask[box]
    volume = float(np.count_nonzero(inside) * steps.prod() / 1000)
    diameters = {plane: _largest(inside, plane, low, steps, int(first[AXES[plane][0]])) for plane in Plane}
    return TumourTruth(volume, diameters)


def _bounds(mask: np.ndarray) -> tuple[slice, slice, slice]:
    """Give the smallest box that holds a mask."""
    parts = []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        parts.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return parts[0], parts[1], parts[2]


def _largest(mask: np.ndarray, plane: Plane, low_mm: np.ndarray, steps_mm: np.ndarray, first: int) -> Diameter:
    normal, row, column = AXES[plane]
    layers = np.ascontiguousarray(np.moveaxis(mask, 2 - normal, 0)).astype(np.uint8)
    scale = np.array([steps_mm[column], steps_mm[row]])
    bound = [_extent(layer, scale) for layer in layers]
    best, ends, place = -1.0, np.zeros((2, 2)), 0
    for index in np.argsort(bound, kind="stable")[::-1]:
        if bound[index] <= best:
            break
        points = _rim(layers[index]) * scale
        apart = ((points[:, None] - points[None]) ** 2).sum(-1)
        start, end = np.unravel_index(int(np.argmax(apart)), apart.shape)
        if apart[start, end] > best**2 or best < 0:
            best, ends, place = float(np.sqrt(apart[start, end])), points[[start, end]], int(index)
    points_mm = np.empty((2, 3))
    points_mm[:, normal] = low_mm[normal] + place * steps_mm[normal]
    points_mm[:, column] = low_mm[column] + ends[:, 0]
    points_mm[:, row] = low_mm[row] + ends[:, 1]
    start_mm, end_mm = ((float(x), float(y), float(z)) for x, y, z in points_mm)
    return Diameter(plane, best, first + place, float(points_mm[0, normal]), (start_mm, end_mm))


def _extent(layer: np.ndarray, scale: np.ndarray) -> float:
    """Give an upper bound of the distances in a layer: the diagonal of its box."""
    rows, columns = np.flatnonzero(layer.any(1)), np.flatnonzero(layer.any(0))
    if not len(rows):
        return -1.0
    return float(np.hypot((columns[-1] - columns[0]) * scale[0], (rows[-1] - rows[0]) * scale[1]))


def _rim(layer: np.ndarray) -> np.ndarray:
    """Give the corners (column, row) of the convex hull of a layer's pixels."""
    contours, _ = cv2.findContours(layer, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(contours))
    return np.asarray(hull.reshape(-1, 2), float)
