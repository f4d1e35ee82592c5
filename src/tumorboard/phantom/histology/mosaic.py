"""The mosaic of tumour cells: their outlines and which borders lie between groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import Voronoi

from tumorboard.phantom.histology.architecture import Alveoli, Flow
from tumorboard.phantom.histology.lattice import hashed, jittered_points
from tumorboard.phantom.histology.window import Window

_REACH = 3.0
"""A cell's corners lie within so many spacings of its middle."""


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Cells and their borders.

    Attributes
    ----------
    centres : ndarray of float, shape (cells, 2)
        On the slide, in µm.
    keys : ndarray of uint64, shape (cells,)
    alveolus : ndarray of int, shape (cells,)
        Index of its group.
    direction : ndarray of float, shape (cells,)
        In which the flow draws the cell out, in radians.
    drawn_out : ndarray of float, shape (cells,)
        By how much: long by short axis, from 1.
    corners : ndarray of float, shape (corners, 2)
        On the slide.
    outlines : list of list of int
        The corners around each cell; empty for cells at the rim of the region.
    borders : ndarray of float, shape (borders, 2, 2)
        Ends of the line between two cells, on the slide.
    pairs : ndarray of int, shape (borders, 2)
        The two cells.
    """

    centres: np.ndarray
    keys: np.ndarray
    alveolus: np.ndarray
    direction: np.ndarray
    drawn_out: np.ndarray
    corners: np.ndarray
    outlines: list[list[int]]
    borders: np.ndarray
    pairs: np.ndarray


def lay_mosaic(region: Window, spacing_um: float, groups: Alveoli, flow: Flow, seed: int) -> Mosaic:
    """Lay out the cells of a region of the laid-out plane and bring them to the slide.

    Parameters
    ----------
    region : Window
    spacing_um : float
        Distance of neighbouring cells.
    groups : Alveoli
    flow : Flow
    seed : int

    Returns
    -------
    Mosaic
    """
    points = jittered_points(region, spacing_um, seed + 21, margin_um=2.5 * spacing_um, jitter=0.72)
    sites = points.places
    diagram = Voronoi(sites)
    alveolus = groups.of_cells(sites)
    ridges, sides = np.asarray(diagram.ridge_vertices), np.asarray(diagram.ridge_points)
    inner = within_reach(diagram, spacing_um)
    pairs, ends = sides[inner], ridges[inner]
    corners = _rounded(diagram.vertices, ends, alveolus[pairs[:, 0]] != alveolus[pairs[:, 1]])
    corners = flow.to_slide(corners)
    pairs, ends = _in_order(pairs, ends, points.keys, sites, diagram.vertices)
    whole = np.ones(len(sites), bool)
    whole[sides[~inner]] = False
    regions = [diagram.regions[number] for number in diagram.point_region]
    return Mosaic(
        flow.to_slide(sites),
        points.keys,
        alveolus,
        *_drawn_out(flow, sites),
        corners,
        [region if complete else [] for region, complete in zip(regions, whole.tolist(), strict=True)],
        corners[ends],
        pairs,
    )


def within_reach(diagram: Voronoi, spacing_um: float) -> np.ndarray:
    """Say which borders of a diagram are those of real cells: at its rim their ends lie far away, or at infinity.

    Parameters
    ----------
    diagram : Voronoi
        Of a jittered lattice.
    spacing_um : float
        The lattice's.

    Returns
    -------
    ndarray of bool, shape (borders,)
    """
    ridges, sites = np.asarray(diagram.ridge_vertices), np.asarray(diagram.ridge_points)
    ends = diagram.vertices[ridges] - diagram.points[sites[:, 0]][:, None, :]
    return np.asarray((np.abs(ends) < _REACH * spacing_um).all(axis=(1, 2)) & (ridges >= 0).all(axis=1))


def _rounded(corners: np.ndarray, ends: np.ndarray, between_groups: np.ndarray) -> np.ndarray:
    """Smooth the zigzag of the borders between groups: each corner moves towards its neighbours along them."""
    lines = ends[between_groups]
    one, other = np.concatenate([lines[:, 0], lines[:, 1]]), np.concatenate([lines[:, 1], lines[:, 0]])
    count = np.bincount(one, minlength=len(corners))
    moved = count >= 2
    for _ in range(2):
        total = np.stack([np.bincount(one, corners[other, n], minlength=len(corners)) for n in range(2)], axis=1)
        corners = corners.copy()
        corners[moved] += 0.5 * (total[moved] / count[moved, None] - corners[moved])
    return corners


def _in_order(
    pairs: np.ndarray, ends: np.ndarray, keys: np.ndarray, sites: np.ndarray, corners: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Order each pair by key, and its line's ends with it: the same whatever else is in the region."""
    swapped = keys[pairs[:, 0]] > keys[pairs[:, 1]]
    pairs = np.where(swapped[:, None], pairs[:, ::-1], pairs)
    normal = sites[pairs[:, 1]] - sites[pairs[:, 0]]
    line = corners[ends[:, 1]] - corners[ends[:, 0]]
    reverse = normal[:, 0] * line[:, 1] - normal[:, 1] * line[:, 0] < 0
    return pairs, np.where(reverse[:, None], ends[:, ::-1], ends)


def _drawn_out(flow: Flow, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give direction and ratio of the axes of the ellipse that the flow makes of a small circle."""
    ahead, below = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    right = (flow.to_slide(sites + ahead) - flow.to_slide(sites - ahead)) / 2
    down = (flow.to_slide(sites + below) - flow.to_slide(sites - below)) / 2
    xx, yy = right[:, 0] ** 2 + down[:, 0] ** 2, right[:, 1] ** 2 + down[:, 1] ** 2
    xy = right[:, 0] * right[:, 1] + down[:, 0] * down[:, 1]
    direction = 0.5 * np.arctan2(2 * xy, xx - yy)
    half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return direction, np.sqrt((half + root) / np.maximum(half - root, 1e-6))


def pair_keys(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Give the key of a pair, whichever comes first."""
    return np.asarray(hashed(np.minimum(first, second), 5) ^ np.maximum(first, second))
