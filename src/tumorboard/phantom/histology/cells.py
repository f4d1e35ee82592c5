"""Nearest-seed cells (Voronoi): ghosts of dead cells, tubules, fat cells."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.fabric import NATIVE_MPP


def depth_in_cells(seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the cells of seeds, and how deep each pixel lies in its own.

    Parameters
    ----------
    seeds : ndarray of int32, shape (height, width)
        The number of the seed (from 1) on its pixels, 0 elsewhere.

    Returns
    -------
    numbers : ndarray of int32, shape (height, width)
        Which seed is nearest.
    depth : ndarray of float32, shape (height, width)
        Distance from the cell's border in pixels.
    """
    free = (seeds == 0).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    number_of = np.zeros(int(labels.max()) + 1, np.int32)
    on = seeds > 0
    number_of[labels[on]] = seeds[on]
    numbers = number_of[labels]
    inner = np.ones(seeds.shape, np.uint8)
    inner[:, 1:][numbers[:, 1:] != numbers[:, :-1]] = 0
    inner[1:][numbers[1:] != numbers[:-1]] = 0
    return numbers, np.asarray(cv2.distanceTransform(inner, cv2.DIST_L2, 5))


def periodic_cells(size_px: int, spacing_um: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give a periodic sheet of cells.

    Parameters
    ----------
    size_px : int
        Of the sheet at `NATIVE_MPP`.
    spacing_um : float
        About the cells' diameter.
    seed : int

    Returns
    -------
    depth : ndarray of float32, shape (size_px, size_px)
        Distance from the cell's border in µm.
    tone : ndarray of float32, shape (size_px, size_px)
        One number between 0 and 1 for each cell.
    """
    # half the resolution is enough for borders that are blurred anyway
    size, pixel_um = size_px // 2, 2 * NATIVE_MPP
    across = max(1, round(size * pixel_um / spacing_um))
    random = np.random.default_rng(seed)
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(across), np.arange(across)))
    x = (column + 0.5 * (row % 2) + random.uniform(-0.38, 0.38, column.size)) * size / across
    y = (row + random.uniform(-0.38, 0.38, row.size)) * size / across
    border = 6 * round(spacing_um / pixel_um)
    seeds = np.zeros((size, size), np.int32)
    seeds[y.astype(np.int64) % size, x.astype(np.int64) % size] = np.arange(1, column.size + 1)
    numbers, depth = depth_in_cells(np.pad(seeds, border, mode="wrap"))
    inner = slice(border, border + size)
    tones = random.random(column.size + 1).astype(np.float32)
    whole = (size_px, size_px)
    return (
        np.asarray(cv2.resize(depth[inner, inner] * pixel_um, whole, interpolation=cv2.INTER_LINEAR)),
        np.asarray(cv2.resize(tones[numbers[inner, inner]], whole, interpolation=cv2.INTER_NEAREST)),
    )
