"""Marks of pens: ink is denser than most tissue, even, and of a colour that no tissue of the slide has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.slides.tissue.density import Density, steps
from tumorboard.slides.tissue.masks import Mask, at_least, both, either, exceeds, inverse, is_any, times
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import closed, holding, larger_than, widened, without_holes

_COLD, _RED = (1.12, 0.9), (0.78, 0.73)
"""Red's density as a multiple of green's in blue and green ink, and blue's in red ink: what makes ink sure, and what it
may fall to over dense tissue. Tissue has 0.3 to 0.8, and 0.55 to 0.75."""

_BEYOND_COLD, _BEYOND_RED = (0.35, 0.25), (0.13, 0.09)
"""By how much those must lie above the median of the slide's own tissue."""

_RED_DENSITY, _RED_PURITY = (0.5, 0.35), 0.42
"""Red ink is so dense in green, and in red at most such a part of that; blood is as red, but thinner."""

_LEAST_SAMPLE = 100


@dataclass(frozen=True, eq=False)
class Ink:
    """Pixels that are ink, and those that may be where they hang together with it.

    Parameters
    ----------
    sure, possible : ndarray of uint8, shape (height, width)
    """

    sure: Mask
    possible: Mask


def coloured_ink(density: Density, coloured: Mask, settings: TissueSettings) -> Ink:
    """Find pixels of blue, green and red ink; black is told by its shape (`dark.dark_things`).

    Parameters
    ----------
    density : Density
    coloured : ndarray of uint8, shape (height, width)
        What has the colour of tissue.
    settings : TissueSettings
    """
    pure = inverse(exceeds(density.red, times(density.green, _RED_PURITY)))

    def found(step: int, cold_ratio: float, red_ratio: float) -> Mask:
        cold = exceeds(density.red, times(density.green, cold_ratio))
        red = both(pure, exceeds(density.blue, times(density.green, red_ratio)))
        return either(
            both(cold, at_least(density.red, steps(settings.pen_density))),
            both(red, at_least(density.green, steps(_RED_DENSITY[step]))),
        )

    sure = found(0, _COLD[0], _RED[0])
    if not is_any(sure):
        return Ink(sure, sure)
    # what the slide's tissue is like can only ask for more
    usual_cold, usual_red = _usual(density, coloured)
    ratios = [
        (max(cold, usual_cold + beyond_cold), max(red, usual_red + beyond_red))
        for cold, red, beyond_cold, beyond_red in zip(_COLD, _RED, _BEYOND_COLD, _BEYOND_RED, strict=True)
    ]
    if ratios[0] != (_COLD[0], _RED[0]):
        sure = found(0, *ratios[0])
    return Ink(sure, either(sure, found(1, *ratios[1])) if is_any(sure) else sure)


def marked(ink: Ink, mpp: float, settings: TissueSettings) -> Mask:
    """Make marks of inked pixels: small ones dropped, streaks closed, the faded rim taken in."""
    margin, least = settings.pen_margin_um / mpp, settings.pen_um2 / mpp**2
    sure = larger_than(closed(ink.sure, 2 * margin), least)
    if not is_any(sure):
        return sure
    whole = holding(either(sure, closed(ink.possible, margin)), sure, least)
    return without_holes(widened(whole, margin), settings.fill_um2 / mpp**2)


def _usual(density: Density, coloured: Mask) -> tuple[float, float]:
    """Give the medians, in the slide's tissue, of red's and of blue's density as multiples of green's."""
    some = coloured[::4, ::4] > 0
    if np.count_nonzero(some) < _LEAST_SAMPLE:
        return 0.0, 0.0
    green = np.maximum(density.green[::4, ::4][some].astype(np.float32), 1)
    red, blue = (float(np.median(channel[::4, ::4][some] / green)) for channel in (density.red, density.blue))
    return red, blue
