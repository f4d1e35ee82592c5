"""Masks whose outlines are simple rings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def without_corner_contacts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill cells until no two parts of a mask, and no two of its gaps, touch at a corner alone: rings pinch there.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)

    Returns
    -------
    ndarray of bool, shape (rows, columns)
        The given mask is not changed.

    Examples
    --------
    >>> without_corner_contacts(np.eye(2, dtype=bool)).astype(int)
    array([[1, 0],
           [1, 1]])
    """
    filled = np.pad(np.asarray(mask, bool), 1)
    while True:
        upper_left, upper_right = filled[:-1, :-1], filled[:-1, 1:]
        lower_left, lower_right = filled[1:, :-1], filled[1:, 1:]
        falling = upper_left & lower_right & ~upper_right & ~lower_left
        rising = upper_right & lower_left & ~upper_left & ~lower_right
        if not falling.any() and not rising.any():
            return filled[1:-1, 1:-1]
        # of the two gaps the lower: it lies within the mask, whose border is bare
        filled[1:, :-1] |= falling
        filled[1:, 1:] |= rising
