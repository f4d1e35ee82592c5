"""Pixels as OpenSlide gives them, and as this program takes them: red, green, blue, on white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture

WHITE = 255
_OPAQUE = 0xFF000000


def on_white(pixels: NDArray[np.uint32]) -> Picture:
    """Lay OpenSlide's pixels on white.

    Parameters
    ----------
    pixels : ndarray of uint32, shape (height, width)
        Alpha, red, green, blue from the highest byte, the colours multiplied by alpha (premultiplied ARGB).

    Returns
    -------
    Picture
        Shape (height, width, 3). Colours over white are ``colour + (255 - alpha)``: no division, no rounding.
    """
    contiguous = np.ascontiguousarray(pixels)
    channels = contiguous.astype("<u4", copy=False).view(np.uint8).reshape(*contiguous.shape, 4)
    picture = cv2.cvtColor(channels, cv2.COLOR_BGRA2RGB)
    if contiguous.min(initial=_OPAQUE) < _OPAQUE:
        missing = cv2.cvtColor(WHITE - channels[..., 3], cv2.COLOR_GRAY2RGB)
        picture = cv2.add(picture, missing)
    return np.asarray(picture, np.uint8)


def white(width: int, height: int) -> Picture:
    """Return a white picture, shape (height, width, 3)."""
    return np.full((height, width, 3), WHITE, np.uint8)
