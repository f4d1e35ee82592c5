"""Cells scattered over a mask: where they lie, along what they point, and the plain nuclei of connective tissue."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.histology.fabric import part_of
from tumorboard.phantom.histology.lattice import Points, jittered_points, uniform
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.window import Canvas, Window


def lies_in(where: np.ndarray, x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    """Say which points lie in a mask; beside the mask its nearest pixel counts."""
    column = np.clip(np.rint(x_px).astype(np.int64), 0, where.shape[1] - 1)
    row = np.clip(np.rint(y_px).astype(np.int64), 0, where.shape[0] - 1)
    return np.asarray(where[row, column] > 0)


def points_in(
    window: Window, where: np.ndarray, spacing_um: float, seed: int, *, margin_um: float, jitter: float
) -> Points:
    """Give the points of a jittered lattice whose place, or nearest pixel, lies in a mask.

    Parameters
    ----------
    window : Window
    where : ndarray of uint8, shape (height, width)
        Over the window; not zero inside.
    spacing_um : float
    seed : int
    margin_um : float
    jitter : float
        As those of `jittered_points`.

    Returns
    -------
    Points
    """
    points = jittered_points(window, spacing_um, seed, margin_um=margin_um, jitter=jitter)
    return points.only(lies_in(where, *window.pixels(points.x_um, points.y_um)))


def inner_pixels(x_px: np.ndarray, y_px: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Give column and row of the nearest pixels that have neighbours on all sides; the first where there are none."""
    last_row, last_column = (max(size - 2, 0) for size in shape)
    column = np.clip(np.rint(x_px).astype(np.int64), min(1, last_column), last_column)
    row = np.clip(np.rint(y_px).astype(np.int64), min(1, last_row), last_row)
    return column, row


def along_contours(field: np.ndarray, x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
    """Give the direction in which a field stays the same at points, in radians."""
    column, row = inner_pixels(x_px, y_px, (field.shape[0], field.shape[1]))
    right, left = np.minimum(column + 1, field.shape[1] - 1), np.maximum(column - 1, 0)
    below, above = np.minimum(row + 1, field.shape[0] - 1), np.maximum(row - 1, 0)
    slope_x = field[row, right].astype(np.float64) - field[row, left]
    slope_y = field[below, column].astype(np.float64) - field[above, column]
    return np.asarray(np.arctan2(slope_y, slope_x) + np.pi / 2)


def scatter_nuclei(
    canvas: Canvas,
    where: np.ndarray,
    spacing_um: float,
    seed: int,
    *,
    diameter_um: float,
    elongation: float,
    angle: float,
    darkness: float,
    spread: float = 0.5,
) -> None:
    """Paint nuclei of a connective tissue: those whose centre, or nearest pixel, lies in a mask.

    Parameters
    ----------
    canvas : Canvas
    where : ndarray of uint8, shape (height, width)
        0 or 255.
    spacing_um : float
        Between neighbours.
    seed : int
    diameter_um : float
        Of the circle of the mean area.
    elongation : float
        Mean long axis by short axis.
    angle, spread : float
        Mean direction and half its range, in radians.
    darkness : float
        Mean darkness.
    """
    part, place = part_of(canvas.window, where)
    if not part.width_px:
        return
    points = points_in(part, where[place], spacing_um, seed, margin_um=5.0, jitter=1.0)
    keys = points.keys
    paint_nuclei(
        canvas,
        points.x_um,
        points.y_um,
        keys,
        diameter_um=diameter_um * (0.8 + 0.4 * uniform(keys, 61)),
        elongation=1 + (elongation - 1) * 2 * uniform(keys, 62),
        angle=angle + spread * (2 * uniform(keys, 63) - 1),
        irregularity=0.3,
        darkness=darkness * (0.75 + 0.5 * uniform(keys, 64)),
        vesicular=0.15,
    )
