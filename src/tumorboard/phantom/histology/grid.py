"""Grids that are fixed to the slide: coarser than a window, and brought to its pixels."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.window import Window

FIELD_PER_UM = 4
"""Levels of a field per µm of depth; 127.5 is the border."""


def grid_around(window: Window, step_um: float, reach_um: float) -> Window:
    """Give the grid, fixed to the slide, that holds a window and a reach around it.

    Its cells are whole squares of the window's pixels, so that windows side by side have the same grid and `brought`
    is a plain enlargement.

    Parameters
    ----------
    window : Window
    step_um : float
        About the µm per pixel of the grid: the nearest power of two of the window's own scale, never finer.
    reach_um : float

    Returns
    -------
    Window
    """
    pixels = 2 ** max(0, round(np.log2(step_um / window.mpp)))
    step = pixels * window.mpp
    border = int(np.ceil(reach_um / step)) + 1
    (column, shift_x), (row, shift_y) = (_whole_and_part(um / window.mpp) for um in (window.left_um, window.top_um))
    left, top = column // pixels - border, row // pixels - border
    right = -(-(column + window.width_px) // pixels) + border
    bottom = -(-(row + window.height_px) // pixels) + border
    left_um, top_um = left * step + shift_x * window.mpp, top * step + shift_y * window.mpp
    return Window(left_um, top_um, right - left, bottom - top, step)


def _whole_and_part(pixels: float) -> tuple[int, float]:
    """Part a distance in pixels; a rest that is only rounding counts as none."""
    whole = int(np.floor(pixels + 1e-5))
    part = pixels - whole
    return whole, part if part > 1e-5 else 0.0


def as_field(depth_um: np.ndarray) -> np.ndarray:
    """Turn a depth below a border into the bytes of a field."""
    return np.clip(np.rint(127.5 + FIELD_PER_UM * depth_um), 0, 255).astype(np.uint8)


def brought(field: np.ndarray, grid: Window, window: Window) -> np.ndarray:
    """Bring a field from its grid to a window's pixels, linear between the grid's cells.

    Parameters
    ----------
    field : ndarray of uint8 or float32, shape of the grid
    grid : Window
        Of `grid_around` this window.
    window : Window

    Returns
    -------
    ndarray of the field's type, shape of the window
    """
    pixels = round(grid.mpp / window.mpp)
    left, top = round((window.left_um - grid.left_um) / window.mpp), round((window.top_um - grid.top_um) / window.mpp)
    # only the cells that are seen, and one beside them, are enlarged
    first_column, first_row = left // pixels - 1, top // pixels - 1
    last_column, last_row = -(-(left + window.width_px) // pixels) + 1, -(-(top + window.height_px) // pixels) + 1
    seen = field[first_row:last_row, first_column:last_column]
    if pixels > 1:
        seen = cv2.resize(seen, None, fx=pixels, fy=pixels, interpolation=cv2.INTER_LINEAR)
    left, top = left - first_column * pixels, top - first_row * pixels
    return np.asarray(seen[top : top + window.height_px, left : left + window.width_px])
