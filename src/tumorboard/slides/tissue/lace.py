"""Fat: a net of walls so thin that a coarse pixel shows hardly any colour, only that it is a little darker."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.slides.tissue.density import Density, density_table
from tumorboard.slides.tissue.masks import (
    Mask,
    at_least,
    both,
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
from tumorboard.slides.tissue.overview import Overview
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import Pieces, closed, pieces_of, widened, without_holes

_WALL_DENSITY, _CELL_UM, _SQUARE_UM = 0.008, 72.0, 170.0
_STEP = 0.002
_LEAST_BARE = 0.3
_LEAST_UM2 = 50_000.0
_LEAST_COLOUR = 0.15
"""Of its density; dust is grey."""


def lace(overview: Overview, density: Density, tissue: Mask, hidden: Mask, settings: TissueSettings) -> Mask:
    """Find nets of faint lines beside the tissue that is already known.

    Parameters
    ----------
    overview : Overview
    density : Density
    tissue, hidden : ndarray of uint8, shape (height, width)
        Tissue told by its colour; ink and borders.
    settings : TissueSettings

    Returns
    -------
    ndarray of uint8, shape (height, width)
    """
    known = widened(either(tissue, hidden), 2)
    lines, bare = shrunk(without(_thin_lines(overview, density), known), 2), shrunk(inverse(known), 2)
    if not lines.size or not is_any(lines):
        return empty_like(tissue)
    side = 2 * max(1, round(_SQUARE_UM / overview.mpp / 4)) + 1
    around, room = (np.asarray(cv2.blur(part, (side, side)), np.uint8) for part in (lines, bare))
    dense = both(exceeds(around, times(room, settings.lace_share)), at_least(room, 255 * _LEAST_BARE))
    pieces = pieces_of(dense)
    large = pieces.areas * (2 * overview.mpp) ** 2 >= _LEAST_UM2
    if not large[1:].any():
        return empty_like(tissue)
    walls = both(pieces.chosen(large & _coloured(pieces, density)), at_least(lines, 1))
    cells = without_holes(closed(walls, _CELL_UM / 2 / overview.mpp), settings.fill_um2 / (2 * overview.mpp) ** 2)
    return without(enlarged(cells, 2, tissue), hidden)


def _coloured(pieces: Pieces, density: Density) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which pieces are not grey, as dust is."""
    inside = pieces.labels > 0
    numbers = pieces.labels[inside]
    red, green, blue = (
        np.bincount(numbers, shrunk(channel, 2)[inside], pieces.count)
        for channel in (density.red, density.green, density.blue)
    )
    return np.asarray(green - (red + blue) / 2 >= _LEAST_COLOUR * (red + green + blue) / 3, np.bool_)


def _thin_lines(overview: Overview, density: Density) -> Mask:
    """Find what is a little darker than the brightest within a fat cell's width."""
    white = float(np.dot(density.glass, (0.299, 0.587, 0.114)))
    lightness = cv2.cvtColor(overview.picture, cv2.COLOR_RGB2GRAY)
    faint = np.asarray(cv2.LUT(lightness, density_table(white, _STEP)), np.uint8)
    return at_least(ridge(faint, _CELL_UM, overview.mpp), _WALL_DENSITY / _STEP)
