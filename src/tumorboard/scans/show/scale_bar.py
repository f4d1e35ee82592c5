"""A scale bar in mm, with a tick at each centimetre."""

from __future__ import annotations

import math

import cv2

from tumorboard.lettering import Picture, draw_text
from tumorboard.scans.show.palette import BLACK, WHITE

_SHARE = 0.3
_MARGIN_PX = 14
_TICK_PX = 7
_TEXT_PX = 15
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel
_LEAST_BETWEEN_TICKS_PX = 5


def nice_length_mm(longest_mm: float) -> float:
    """Return the largest of 1, 2, 5, 10, … mm that is not longer than a length.

    Examples
    --------
    >>> nice_length_mm(54.0), nice_length_mm(199.0), nice_length_mm(0.4)
    (50.0, 100.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(longest_mm))
    return float(next(factor * power for factor in (5, 2, 1) if factor * power <= longest_mm * (1 + 1e-9)))


def draw_scale_bar(picture: Picture, pixel_mm: float) -> None:
    """Draw a scale bar into the lower left corner of a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    pixel_mm : float
        Side of one of its pixels.
    """
    height, width = picture.shape[:2]
    length_mm = nice_length_mm(_SHARE * width * pixel_mm)
    base = height - _MARGIN_PX
    ends = _MARGIN_PX, _MARGIN_PX + length_mm / pixel_mm
    between = 10 / pixel_mm if length_mm > 10 and 10 / pixel_mm >= _LEAST_BETWEEN_TICKS_PX else ends[1] - ends[0]
    ticks = [ends[0] + number * between for number in range(round((ends[1] - ends[0]) / between) + 1)]
    for colour, thickness in ((BLACK, 4), (WHITE, 2)):
        _line(picture, (ends[0], base), (ends[1], base), colour, thickness)
        for at in ticks:
            _line(picture, (at, base - _TICK_PX), (at, base), colour, thickness)
    text = f"{length_mm:g} mm"
    draw_text(picture, text, _MARGIN_PX, base - _TICK_PX - _TEXT_PX - 7, _TEXT_PX, WHITE, halo=True)


def _line(
    picture: Picture, start: tuple[float, float], end: tuple[float, float], colour: tuple[int, int, int], thickness: int
) -> None:
    first, last = ([round(value * 2**_SHIFT) for value in point] for point in (start, end))
    cv2.line(picture, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)
