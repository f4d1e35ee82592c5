"""Grey and black things: the scan's black border, edges of the coverslip, bubbles, black ink; told by their shapes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.slides.tissue.density import Density, steps
from tumorboard.slides.tissue.ink import Ink, marked
from tumorboard.slides.tissue.masks import (
    Channel,
    Mask,
    at_least,
    both,
    doubled,
    either,
    empty_like,
    enlarged,
    exceeds,
    inverse,
    is_any,
    ridge,
    shrunk,
    times,
    without,
)
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import closed, opened, pieces_of, widened

_DARK, _GREY = 0.28, 0.75
"""Least optical density, and the least channel's as a part of the greatest's: tissue has 0.1 to 0.7."""

_GREY_UNDER_COLOUR = 1.2
"""How much of the least channel's density tissue has by itself, as a multiple of its colour."""

_BORDER_EXTENT, _BORDER_MARGIN_UM = 0.5, 24.0
"""A border takes up such a part of a side."""

_LINE_DENSITY, _LINE_WIDTH_UM, _LINE_EXTENT, _LINE_SWAY = 0.05, 40.0, 0.3, 0.03
"""A coverslip's edge: how dark, how wide, how long as a part of the slide's side, how much it may wind."""

_RING_DENSITY, _RING_WIDTH_UM, _RING_GAP_UM = 0.12, 72.0, 16.0
_LEAST_BUBBLE_UM2, _ROUNDNESS, _HOLLOWNESS = 8_000.0, 0.65, 0.15
"""A bubble's rim encloses so much, fills such a part of the circle around it, and leaves such a part of it free."""

_LEAST_STROKE_UM = 40.0


@dataclass(frozen=True, eq=False)
class DarkThings:
    """Where grey and black things lie.

    Parameters
    ----------
    border, bubble, pen : ndarray of uint8, shape (height, width)
        0 or 255. The coverslip's edges count as border; a bubble's inside as bubble.
    """

    border: Mask
    bubble: Mask
    pen: Mask


def dark_things(density: Density, coloured: Mask, mpp: float, settings: TissueSettings) -> DarkThings:
    """Find what is grey or black, and tell what it is.

    Parameters
    ----------
    density : Density
    coloured : ndarray of uint8, shape (height, width)
        What has the colour of tissue.
    mpp : float
        µm per pixel.
    settings : TissueSettings
    """
    least = np.asarray(cv2.min(cv2.min(density.red, density.green), density.blue), np.uint8)
    grey = _grey(density, least)
    dark = both(grey, at_least(least, steps(_DARK)))
    border = either(widened(_along_sides(dark), _BORDER_MARGIN_UM / mpp), _lines(least, grey, coloured, mpp))
    del grey
    strokes = opened(without(dark, border), _LEAST_STROKE_UM / mpp)
    pen = without(marked(Ink(strokes, strokes), mpp, settings), border)
    del dark, strokes
    neutral = without(least, times(density.colour(), _GREY_UNDER_COLOUR))
    del least
    bubble = without(_rings(neutral, mpp), either(pen, border))
    return DarkThings(border, bubble, pen)


def _grey(density: Density, least: Channel) -> Mask:
    """Tell where the least channel is not much less than the greatest."""
    most = np.asarray(cv2.max(cv2.max(density.red, density.green), density.blue), np.uint8)
    return inverse(exceeds(times(most, _GREY), least))


def _along_sides(dark: Mask) -> Mask:
    """Choose the pieces that lie along a good part of one of the slide's sides."""
    sides = (dark[0], dark[-1], dark[:, 0], dark[:, -1])
    if max(np.count_nonzero(side) / side.size for side in sides) < _BORDER_EXTENT / 2:
        return empty_like(dark)
    pieces = pieces_of(dark)
    height, width = dark.shape
    left, top, wide, high = pieces.boxes.T
    across = ((top == 0) | (top + high == height)) & (wide >= _BORDER_EXTENT * width)
    down = ((left == 0) | (left + wide == width)) & (high >= _BORDER_EXTENT * height)
    return pieces.chosen(across | down)


def _lines(least: Channel, grey: Mask, coloured: Mask, mpp: float) -> Mask:
    """Find thin straight grey lines that run over a good part of the slide's glass, such as the coverslip's edge."""
    thin = both(grey, at_least(ridge(least, _LINE_WIDTH_UM, mpp), steps(_LINE_DENSITY)))
    thin = without(thin, widened(coloured, _LINE_WIDTH_UM / 2 / mpp))
    found = empty_like(thin)
    if not is_any(thin):
        return found
    shortest, gap = _LINE_EXTENT * min(least.shape), 2 * _LINE_WIDTH_UM / mpp
    joined = closed(_reaching_far(thin, shortest, gap), gap)
    for contour in cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        if len(contour) < shortest:
            continue
        width, length = sorted(cv2.minAreaRect(contour)[1])
        if length >= shortest and width <= _LINE_WIDTH_UM / mpp + _LINE_SWAY * length:
            cv2.drawContours(found, [contour], -1, (255,), cv2.FILLED)
    return widened(found, _LINE_WIDTH_UM / 2 / mpp)


def _reaching_far(mask: Mask, length_px: float, gap_px: float) -> Mask:
    """Keep all that may be part of something so long, were such gaps closed; dust goes, which is quick to tell.

    It is told on cells of 4 x 4 pixels, all of which count that hold anything.
    """
    height, width = mask.shape
    even = cv2.copyMakeBorder(mask, 0, -height % 4, 0, -width % 4, cv2.BORDER_CONSTANT, value=[0])
    cells = at_least(shrunk(shrunk(np.asarray(even, np.uint8), 2), 2), 1)
    reach = -(-round(gap_px + 2) // 4) // 2 + 1
    pieces = pieces_of(widened(cells, reach))
    far = np.hypot(*pieces.boxes[:, 2:].T) * 4 >= length_px
    return both(mask, doubled(doubled(pieces.chosen(far)))[:height, :width])


def _rings(neutral: Channel, mpp: float) -> Mask:
    """Find round rings, and fill them; looked at in half the size."""
    small, mpp = shrunk(neutral, 2), 2 * mpp
    if not small.size:
        return empty_like(neutral)
    rims = closed(at_least(ridge(small, _RING_WIDTH_UM, mpp), steps(_RING_DENSITY)), _RING_GAP_UM / mpp)
    contours, tree = cv2.findContours(rims, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    filled = empty_like(small)
    for number in np.flatnonzero(tree[0][:, 3] >= 0).tolist() if contours else []:
        outer = contours[int(tree[0][number][3])]
        if len(outer) < np.sqrt(np.pi * _LEAST_BUBBLE_UM2) / mpp:
            continue
        area = cv2.contourArea(outer)
        circle = np.pi * cv2.minEnclosingCircle(outer)[1] ** 2
        hollow = cv2.contourArea(contours[number]) >= _HOLLOWNESS * area
        if hollow and area * mpp**2 >= _LEAST_BUBBLE_UM2 and area >= _ROUNDNESS * circle:
            cv2.drawContours(filled, [outer], -1, (255,), cv2.FILLED)
    return enlarged(filled, 2, neutral)
