"""A scale bar in mm or µm."""

from __future__ import annotations

import math

import cv2
import numpy as np

from tumorboard.lettering import draw_text, text_width
from tumorboard.slides.slide import Picture

_SHARE = 0.22
_MARGIN_PX = 14
_BAR_PX = 6
_TEXT_PX = 20


def nice_length_um(longest_um: float) -> float:
    """Return the largest of 1, 2, 5, 10, … µm that is not longer than a length.

    Examples
    --------
    >>> nice_length_um(4200), nice_length_um(1999), nice_length_um(640)
    (2000.0, 1000.0, 500.0)
    """
    power = 10.0 ** math.floor(math.log10(longest_um))
    return float(next(factor * power for factor in (5, 2, 1) if factor * power <= longest_um * (1 + 1e-9)))


def length_text(length_um: float) -> str:
    """Name a length in mm from 1 mm on, else in µm.

    Examples
    --------
    >>> length_text(2000.0), length_text(500.0)
    ('2 mm', '500 µm')
    """
    return f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"


def draw_scale_bar(picture: Picture, mpp: float) -> None:
    """Draw a scale bar into the lower left corner of a picture with room for it.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    mpp : float
        µm per pixel of the picture.
    """
    height, width = picture.shape[:2]
    length_um = nice_length_um(max(_SHARE * width, 40) * mpp)
    bar_px, text = round(length_um / mpp), length_text(length_um)
    box_width = max(bar_px, text_width(text, _TEXT_PX)) + 2 * _MARGIN_PX
    box_height = _TEXT_PX + _BAR_PX + 22
    if box_width > width or box_height > height:
        return
    box = picture[height - box_height :, :box_width]
    box[:] = np.round(0.15 * box + 0.85 * 255).astype(np.uint8)
    bar_top = height - _BAR_PX - 9
    cv2.rectangle(picture, (_MARGIN_PX, bar_top), (_MARGIN_PX + bar_px - 1, bar_top + _BAR_PX - 1), (0, 0, 0), -1)
    draw_text(picture, text, _MARGIN_PX, bar_top - _TEXT_PX - 8, _TEXT_PX)
