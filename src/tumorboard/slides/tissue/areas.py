"""Sums over many rectangles of a map at once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def sums_in(field: NDArray[np.uint8] | NDArray[np.float64], corners: Values) -> Values:
    """Sum a map over rectangles, parts of pixels counted as such, from a summed-area table.

    Parameters
    ----------
    field : ndarray of uint8 or float64, shape (height, width)
        Whole numbers must sum up to less than 2,147,483,648.
    corners : ndarray of float64, shape (rectangles, 4)
        Left, top, right and lower edge in the map's pixels; what lies beyond the map counts as 0.

    Returns
    -------
    ndarray of float64, shape (rectangles,)
    """
    table: NDArray[np.int32] | NDArray[np.float64]
    if field.dtype == np.uint8:
        # of the part that holds anything: most maps are all but empty
        x, y, width, height = cv2.boundingRect(field)
        if not width:
            return np.zeros(len(corners))
        table = np.asarray(cv2.integral(field[y : y + height, x : x + width], sdepth=cv2.CV_32S), np.int32)
        corners = corners - np.array([x, y, x, y])
    else:
        table = np.asarray(cv2.integral(field, sdepth=cv2.CV_64F), np.float64)
    left, top, right, bottom = corners.T
    inner = _sum_to(table, right, bottom) + _sum_to(table, left, top)
    return inner - _sum_to(table, left, bottom) - _sum_to(table, right, top)


def _sum_to(table: NDArray[np.int32] | NDArray[np.float64], x: Values, y: Values) -> Values:
    """Sum from the upper left corner to a place between pixels: linear along both sides, as each pixel is even."""
    x, y = np.clip(x, 0, table.shape[1] - 1), np.clip(y, 0, table.shape[0] - 1)
    column = np.minimum(x.astype(np.intp), table.shape[1] - 2)
    row = np.minimum(y.astype(np.intp), table.shape[0] - 2)
    right, down = x - column, y - row
    upper = table[row, column] * (1 - right) + table[row, column + 1] * right
    lower = table[row + 1, column] * (1 - right) + table[row + 1, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float64)
