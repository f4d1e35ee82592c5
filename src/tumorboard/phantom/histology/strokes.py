"""Lines of a given width on a dye map."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.lattice import SmoothField, uniform
from tumorboard.phantom.histology.window import Window

_SHIFT = 4
"""Bits of a pixel's fraction in OpenCV's drawing functions."""

_FAR_PX = 1e6
"""OpenCV's coordinates are 32-bit whole numbers; nothing that far away is seen."""
_WIDEST_BOW = 0.18
"""Height of the widest arc, relative to its chord."""


def to_fixed(window: Window, points_um: np.ndarray) -> np.ndarray:
    """Turn world coordinates into OpenCV's sixteenths of a pixel.

    Parameters
    ----------
    window : Window
    points_um : ndarray of float, shape (..., 2)
        x and y.

    Returns
    -------
    ndarray of int32, shape (..., 2)
    """
    corner = np.array([window.left_um, window.top_um])
    pixels = (points_um - corner) / window.mpp - 0.5
    return np.asarray(np.round(np.clip(pixels, -_FAR_PX, _FAR_PX) * (1 << _SHIFT)), np.int32)


def _in_view(window: Window, points_um: np.ndarray, reach_um: np.ndarray | float) -> np.ndarray:
    """Say which lines (shape (lines, points, 2)) may reach into the window."""
    lowest, highest = points_um.min(axis=1), points_um.max(axis=1)
    return np.asarray(
        (highest[:, 0] + reach_um > window.left_um)
        & (lowest[:, 0] - reach_um < window.right_um)
        & (highest[:, 1] + reach_um > window.top_um)
        & (lowest[:, 1] - reach_um < window.bottom_um)
    )


def draw_lines(layer: np.ndarray, window: Window, points_um: np.ndarray, level: int = 255) -> None:
    """Draw lines of one pixel's width.

    Parameters
    ----------
    layer : ndarray of uint8, shape (height, width)
        Drawn on.
    window : Window
    points_um : ndarray of float, shape (lines, points, 2)
    level : int
    """
    seen = points_um[_in_view(window, points_um, 2 * window.mpp)]
    cv2.polylines(layer, list(to_fixed(window, seen)), False, level, 1, cv2.LINE_AA, _SHIFT)


def draw_strokes(layer: np.ndarray, window: Window, points_um: np.ndarray, width_um: np.ndarray) -> None:
    """Draw lines of a width of their own at full level, with round ends.

    Parameters
    ----------
    layer : ndarray of uint8, shape (height, width)
        Drawn on.
    window : Window
    points_um : ndarray of float, shape (lines, points, 2)
    width_um : ndarray of float, shape (lines,)
        Those below half a pixel are left out.
    """
    thickness = np.round(width_um / window.mpp).astype(np.int64)
    seen = _in_view(window, points_um, width_um) & (thickness > 0)
    fixed, thickness = to_fixed(window, points_um[seen]), thickness[seen]
    for step in np.unique(thickness):
        cv2.polylines(layer, list(fixed[thickness == step]), False, 255, int(step), cv2.LINE_AA, _SHIFT)


def fill_polygons(
    layer: np.ndarray, window: Window, corners_um: np.ndarray, outlines: list[list[int]], levels: np.ndarray
) -> None:
    """Fill polygons, each with its level.

    Parameters
    ----------
    layer : ndarray of uint8, shape (height, width)
        Drawn on.
    window : Window
    corners_um : ndarray of float, shape (corners, 2)
    outlines : list of list of int
        The corners of each polygon.
    levels : ndarray of int, shape (polygons,)
        Few different ones: those of a level are filled at once.
    """
    fixed = to_fixed(window, corners_um)
    for level in np.unique(levels):
        polygons = [fixed[outlines[number]] for number in np.flatnonzero(levels == level) if outlines[number]]
        cv2.fillPoly(layer, polygons, int(level), cv2.LINE_8, _SHIFT)


def curved(lines: np.ndarray, keys: np.ndarray, seed: int) -> np.ndarray:
    """Bend straight lines and make them unsteady.

    Parameters
    ----------
    lines : ndarray of float, shape (lines, 2, 2)
        Ends, in µm.
    keys : ndarray of uint64, shape (lines,)
    seed : int
        Names the unsteadiness, which belongs to the place: lines that meet still meet.

    Returns
    -------
    ndarray of float, shape (lines, 5, 2)
    """
    start, along = lines[:, 0], lines[:, 1] - lines[:, 0]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * (2 * _WIDEST_BOW * (uniform(keys, 83) - 0.5))[:, None]
    place = np.linspace(0, 1, 5)[None, :, None]
    points = start[:, None] + place * along[:, None] + 4 * place * (1 - place) * normal[:, None]
    x, y = points[..., 0], points[..., 1]
    shift = [SmoothField(seed + 71 + number, 7.0).at(x, y) for number in range(2)]
    return np.asarray(points + 1.1 * np.stack(shift, axis=-1))


def uneven(points: np.ndarray, width_um: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut lines into halves and let the width vary from half to half.

    Parameters
    ----------
    points : ndarray of float, shape (lines, 5, 2)
    width_um : ndarray of float, shape (lines,)
    seed : int
        Names the variation, which belongs to the place.

    Returns
    -------
    halves : ndarray of float, shape (2 * lines, 3, 2)
    width_um : ndarray of float, shape (2 * lines,)
    """
    halves = np.concatenate([points[:, :3], points[:, 2:]])
    factor = np.exp(0.30 * SmoothField(seed + 73, 6.0).at(halves[:, 1, 0], halves[:, 1, 1]))
    return halves, np.concatenate([width_um, width_um]) * factor


def owner_and_rank(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell of so many pieces of each line which line they belong to, and which of its pieces (from 0) they are."""
    owner = np.repeat(np.arange(len(number)), number)
    return owner, np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)


def ramp(slope: float, start: float) -> np.ndarray:
    """Give the table of a straight line from one level to another, cut off at 0 and 255."""
    return np.asarray(np.clip(np.round(start + slope * np.arange(256)), 0, 255), np.uint8)


def saturating(most: float, half: float, start: float) -> np.ndarray:
    """Give the table of a curve that rises from ``start`` towards ``most`` and is half way at ``half``."""
    return np.asarray(np.round(start + (most - start) * (1 - 0.5 ** (np.arange(256) / half))), np.uint8)


def soften(layer: np.ndarray, window: Window, width_um: float) -> np.ndarray:
    """Blur a layer over a width; nothing happens where a pixel is wider."""
    side = max(1, 2 * round((width_um / window.mpp - 1) / 2) + 1)
    return cv2.blur(layer, (side, side)) if side > 1 else layer
