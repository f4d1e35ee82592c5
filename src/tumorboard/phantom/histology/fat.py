"""Perirenal fat: empty cells with thin walls."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.cells import depth_in_cells
from tumorboard.phantom.histology.fabric import levels, part_of
from tumorboard.phantom.histology.grid import brought, grid_around
from tumorboard.phantom.histology.lattice import jittered_points
from tumorboard.phantom.histology.scatter import scatter_nuclei
from tumorboard.phantom.histology.window import Canvas

_GRID_UM = 1.0
_SPACING_UM = 68.0
_PER_UM = 20


def paint_fat(canvas: Canvas, where: np.ndarray, seed: int) -> None:
    """Paint fat cells into a mask (0 or 255)."""
    part, place = part_of(canvas.window, where)
    if not part.width_px:
        return
    grid = grid_around(part, _GRID_UM, 150.0)
    points = jittered_points(grid, _SPACING_UM, seed, margin_um=0.0, jitter=0.6)
    seeds = np.zeros(grid.shape, np.int32)
    column, row = (np.rint(places).astype(np.int64) for places in grid.pixels(points.x_um, points.y_um))
    inside = (column >= 0) & (row >= 0) & (column < grid.width_px) & (row < grid.height_px)
    seeds[row[inside], column[inside]] = np.arange(1, int(inside.sum()) + 1)
    _, depth_px = depth_in_cells(seeds)
    smooth = cv2.GaussianBlur(depth_px * grid.mpp, (0, 0), 1.2)
    depth = brought(np.clip(smooth * _PER_UM, 0, 255).astype(np.uint8), grid, part)
    um = np.arange(256) / _PER_UM
    wall = np.clip((1.15 - um) / 0.6, 0, 1)
    mask = where[place]
    cv2.copyTo(cv2.LUT(depth, levels(1 + 15 * wall)), mask, canvas.eosin[place])
    cv2.copyTo(cv2.LUT(depth, levels(4 * wall)), mask, canvas.haematoxylin[place])
    walls = np.zeros(canvas.window.shape, np.uint8)
    walls[place] = cv2.bitwise_and(cv2.inRange(depth, 0, int(0.9 * _PER_UM) - 1), mask)
    scatter_nuclei(
        canvas, walls, 15.0, seed + 1, diameter_um=4.6, elongation=2.0, angle=0.0, darkness=0.95, spread=np.pi
    )
