"""The focus where it was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.areas import Values, sums_in


@dataclass(frozen=True, eq=False)
class FocusMap:
    """The focus (`focus_of`) in blocks of a slide.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        Not a number where it was not measured.
    block_width, block_height : float
        Of a block, in pixels of the overview; the first lies at its upper left corner.
    """

    values: NDArray[np.float32]
    block_width: float
    block_height: float

    def mean_in(self, corners: Values, reach: float) -> Values:
        """Average what was measured in rectangles.

        Parameters
        ----------
        corners : ndarray of float64, shape (rectangles, 4)
            Left, top, right and lower edge in pixels of the overview.
        reach : float
            So many pixels around a rectangle count where nothing was measured within it.

        Returns
        -------
        ndarray of float64, shape (rectangles,)
            Not a number where nothing was measured so near.
        """
        size = np.array([self.block_width, self.block_height] * 2)
        outwards = reach * np.array([-1.0, -1.0, 1.0, 1.0])
        measured = np.isfinite(self.values)
        known = np.where(measured, self.values, 0).astype(np.float64)
        mean = np.full(len(corners), np.nan)
        for place in (corners / size, (corners + outwards) / size):
            unknown = np.flatnonzero(np.isnan(mean))
            count = sums_in(measured.astype(np.uint8), place[unknown])
            enough = count > 0.5
            take = unknown[enough]
            mean[take] = sums_in(known, place[take]) / count[enough]
        return mean
