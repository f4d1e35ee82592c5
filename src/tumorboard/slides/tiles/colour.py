"""Mean and spread of a tile's colours, from the slide's overview: the same for every tile, however it was cut.

A tile that is taken over is never decoded, and decoding it for its colours alone, even at 1/8, would cost several times
as much as all the rest. So the colours of all tiles are those of the overview's pixels within the tile (at 8 µm per
pixel 32 x 32 of them for 10x, 64 x 64 for 5x). Means agree with the tile's own but for rounding and the overview's
JPEG; the standard deviation is that among pixels of the overview, smaller than that among the tile's own pixels, and
comparable among tiles of all slides at one overview scale.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture

COLOUR_COLUMNS = ("mean_red", "mean_green", "mean_blue", "sd_red", "sd_green", "sd_blue")
"""The colour statistics of a tile, in grey levels of 255."""


def colours_of_row(overview: Picture, downsample: float, boxes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the colours of the tiles of one row.

    Parameters
    ----------
    overview : Picture
        The whole slide, from its upper left corner.
    downsample : float
        Pixels of level 0 in one pixel of the overview, along one side.
    boxes : ndarray of int64, shape (n, 4)
        Left, top, width, height in level-0 pixels; all of the same top and height.

    Returns
    -------
    ndarray of float32, shape (n, 6)
        As named by `COLOUR_COLUMNS`.
    """
    top, bottom = _between(boxes[:1, 1], boxes[:1, 3], downsample, overview.shape[0])
    lefts, rights = _between(boxes[:, 0], boxes[:, 2], downsample, overview.shape[1])
    first = int(lefts.min())
    strip = overview[int(top[0]) : int(bottom[0]), first : int(rights.max())]
    # a sum of squares of up to 33,000 rows fits
    sums = _running(cv2.reduce(strip, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0])
    squares = _running(cv2.reduce(strip, 0, cv2.REDUCE_SUM2, dtype=cv2.CV_32S)[0])
    count = ((rights - lefts) * strip.shape[0])[:, None]
    mean = (sums[rights - first] - sums[lefts - first]) / count
    variance = (squares[rights - first] - squares[lefts - first]) / count - mean**2
    return np.hstack([mean, np.sqrt(np.maximum(variance, 0))]).astype(np.float32)


def _between(
    starts: NDArray[np.int64], lengths: NDArray[np.int64], downsample: float, end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give first and last pixel (exclusive) of the overview; at least one."""
    first = np.clip(np.rint(starts / downsample).astype(np.int64), 0, end - 1)
    last = np.rint((starts + lengths) / downsample).astype(np.int64)
    return first, np.clip(last, first + 1, end)


def _running(columns: NDArray[Any]) -> NDArray[np.int64]:
    """Give the sums of all columns before each, with one more at the end."""
    sums = np.zeros((len(columns) + 1, 3), np.int64)
    np.cumsum(columns, axis=0, out=sums[1:])
    return sums
