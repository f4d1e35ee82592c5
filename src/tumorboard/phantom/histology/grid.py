"""Grids that are fixed to the slide: coarser than a window, and brought to its pixels."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.window import Window

FIELD_PER_UM = 4
"""Levels of a field per µm of depth; 127.5 is the border."""


def grid_around(window: Window, step_um: float, reach_um: float) -> Window:
    """Give the grid, fixed to the slide, that holds a window and a reach around it.

    Parameters
    ----------
    window : Window
    step_um : float
        µm per pixel of the grid; a coarser window's own scale where that is larger.
    reach_um : float

    Returns
    -------
    Window
    """
    step = max(step_um, window.mpp)
    border = int(np.ceil(reach_um / step))
    left, top = np.floor(window.left_um / step) - border, np.floor(window.top_um / step) - border
    right, bottom = np.ceil(window.right_um / step) + border, np.ceil(window.bottom_um / step) + border
    return Window(float(left * step), float(top * step), int(right - left), int(bottom - top), step)


def as_field(depth_um: np.ndarray) -> np.ndarray:
    """Turn a depth below a border into the bytes of a field."""
    return np.clip(np.rint(127.5 + FIELD_PER_UM * depth_um), 0, 255).astype(np.uint8)


def brought(field: np.ndarray, grid: Window, window: Window) -> np.ndarray:
    """Bring a field from its grid to a window's pixels.

    Parameters
    ----------
    field : ndarray of uint8, shape of the grid
    grid, window : Window

    Returns
    -------
    ndarray of uint8, shape of the window
    """
    step = window.mpp / grid.mpp
    first_x = (window.left_um + 0.5 * window.mpp - grid.left_um) / grid.mpp - 0.5
    first_y = (window.top_um + 0.5 * window.mpp - grid.top_um) / grid.mpp - 0.5
    return np.asarray(
        cv2.warpAffine(
            field,
            np.array([[step, 0, first_x], [0, step, first_y]]),
            (window.width_px, window.height_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )
