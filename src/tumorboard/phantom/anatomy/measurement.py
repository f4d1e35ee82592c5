"""The tumour's volume and its largest diameters in the three planes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.phantom.anatomy.body import Body
from tumorboard.phantom.anatomy.labels import tumour_mask
from tumorboard.phantom.anatomy.section import AXES, Plane, Section
from tumorboard.phantom.anatomy.volume import Grid

_FINE_MM = 0.25


@dataclass(frozen=True)
class Diameter:
    """The largest distance between two voxels of the mask that lie in one plane.

    Parameters
    ----------
    plane : Plane
    diameter_mm : float
        Between the voxels' centres.
    slice : int
        Index of the grid's layer along the plane's normal, or of the one next to it where it was measured finer.
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
    """Measure a tumour: its volume on a grid of cubes, its diameters on much finer pixels.

    The largest diameter of a plane is looked for in the grid's layers, then measured in the layer that has it and in
    those close by, on pixels of 0.25 mm. It runs from the centre of one pixel of the rim to the centre of another, and
    so is 0.1 to 0.2 mm shorter than from surface to surface.

    Parameters
    ----------
    body : Body
    spacing_mm : float
        Of the grid: at most 1 for a small tumour.

    Returns
    -------
    TumourTruth
    """
    lattice = body.tumour.whole.lattice
    size = lattice.step_mm * (np.array(lattice.shape) - 1)
    low = np.ceil(np.array(lattice.origin_mm) / spacing_mm) * spacing_mm
    slices, rows, columns = (int(length // spacing_mm) for length in size)
    grid = Grid(slices, rows, columns, spacing_mm, spacing_mm, (float(low[0]), float(low[1]), float(low[2])))
    found = measure_mask(tumour_mask(body, grid), grid)
    refined = {plane: _refined(body, diameter, spacing_mm) for plane, diameter in found.diameters.items()}
    return TumourTruth(found.volume_ml, refined)


def _refined(body: Body, found: Diameter, spacing_mm: float) -> Diameter:
    """Measure a diameter again on fine pixels, in its layer and those within a step of it."""
    whole = body.tumour.whole
    _, row, column = AXES[found.plane]
    low = np.array(whole.lattice.origin_mm)
    size = whole.lattice.step_mm * (np.array(whole.lattice.shape[::-1]) - 1)
    rows, columns = (int(size[axis] / _FINE_MM) + 1 for axis in (row, column))
    best = found
    for shift in np.linspace(-1, 1, 5) * spacing_mm:
        section = Section(
            found.plane, found.position_mm + shift, rows, columns, low[row], _FINE_MM, low[column], _FINE_MM
        )
        patch = whole.section(section)
        if patch is None or not (patch.values > 0).any():
            continue
        layer = np.zeros(section.shape, np.uint8)
        layer[patch.where] = patch.values > 0
        length, ends = _longest(_rim(layer) * _FINE_MM)
        if best is found or length > best.diameter_mm:
            best = _diameter(found.plane, length, found.slice, float(section.position_mm), low, ends)
    return best


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
        length, points = _longest(_rim(layers[index]) * scale)
        if length > best:
            best, ends, place = length, points, int(index)
    position_mm = float(low_mm[normal] + place * steps_mm[normal])
    return _diameter(plane, best, first + place, position_mm, low_mm, ends)


def _diameter(
    plane: Plane, length_mm: float, index: int, position_mm: float, low_mm: np.ndarray, ends_mm: np.ndarray
) -> Diameter:
    """Give a diameter whose ends (along columns, along rows) count from the lowest x, y, z."""
    normal, row, column = AXES[plane]
    points_mm = np.empty((2, 3))
    points_mm[:, normal] = position_mm
    points_mm[:, column], points_mm[:, row] = low_mm[column] + ends_mm[:, 0], low_mm[row] + ends_mm[:, 1]
    start_mm, end_mm = ((float(x), float(y), float(z)) for x, y, z in points_mm)
    return Diameter(plane, length_mm, index, position_mm, (start_mm, end_mm))


def _longest(points: np.ndarray) -> tuple[float, np.ndarray]:
    """Give the largest distance between two of some points, and these two."""
    apart = ((points[:, None] - points[None]) ** 2).sum(-1)
    start, end = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return float(np.sqrt(apart[start, end])), points[[start, end]]


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
