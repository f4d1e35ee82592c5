"""A grid of blocks of about 64 µm over a slide, and the means of an overview's maps in them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import JpegLevel
from tumorboard.slides.tissue.areas import Values
from tumorboard.slides.tissue.masks import Channel, Mask
from tumorboard.slides.tissue.overview import Overview
from tumorboard.slides.tissue.patches import Patches

_BLOCK_UM = 64.0
_FITS = 0.01
_STRIP_PX = 2**17


@dataclass(frozen=True)
class Blocks:
    """Blocks: each tile of some patches, divided into equal parts.

    Parameters
    ----------
    columns, rows : int
        Blocks of the grid.
    across, down : int
        Blocks of one tile.
    width, height : float
        Of a block, in pixels of the overview.
    """

    columns: int
    rows: int
    across: int
    down: int
    width: float
    height: float

    @staticmethod
    def of(patches: Patches, overview: Overview, stored: JpegLevel | None) -> Blocks:
        """Divide the tiles so that a block measures about 64 µm, and is one of level 0's stored tiles where it can be.

        Parameters
        ----------
        patches : Patches
        overview : Overview
        stored : JpegLevel or None
            Level 0's.
        """
        block = _BLOCK_UM * overview.downsample / overview.mpp
        across = _parts(patches.width, stored.tile_width if stored else 0, block)
        down = _parts(patches.height, stored.tile_height if stored else 0, block)
        return Blocks(
            columns=patches.columns * across,
            rows=patches.rows * down,
            across=across,
            down=down,
            width=patches.width / across / overview.downsample,
            height=patches.height / down / overview.downsample,
        )

    def mean(self, field: Channel) -> Values:
        """Average a map of the overview in each block, what lies beyond counting as 0.

        Returns
        -------
        ndarray of float64, shape (rows, columns)
        """
        height, width = field.shape
        top, bottom = _edges(self.rows, self.height, height)
        left, right = _edges(self.columns, self.width, width)
        total = np.empty((self.rows, self.columns), np.int32)
        # in strips, which stay in the processor's cache
        step = max(1, round(_STRIP_PX / (width * self.height)))
        for first in range(0, self.rows, step):
            some = slice(first, first + step)
            start = int(top[first])
            sums = np.asarray(cv2.integral(field[start : bottom[some][-1]], sdepth=cv2.CV_32S), np.int32)
            below, above = sums[bottom[some] - start], sums[top[some] - start]
            total[some] = (below[:, right] - below[:, left]) - (above[:, right] - above[:, left])
        return np.asarray(total / (self.width * self.height), np.float64)

    def spread(self, blocks: NDArray[np.bool_], like: Mask) -> Mask:
        """Draw the blocks that are true on the overview's pixels."""
        down = np.minimum(((np.arange(like.shape[0]) + 0.5) / self.height).astype(np.intp), self.rows - 1)
        across = np.minimum(((np.arange(like.shape[1]) + 0.5) / self.width).astype(np.intp), self.columns - 1)
        return (blocks.astype(np.uint8) * np.uint8(255))[down][:, across]


def _parts(length: float, tile: float, block: float) -> int:
    """Divide a length into parts of about a block's size; where whole stored tiles fit in, into parts of these."""
    tiles = length / tile if tile else 0.0
    whole = round(tiles)
    if whole >= 1 and abs(tiles - whole) < _FITS * whole:
        return whole * max(1, round(tile / block))
    return max(1, round(length / block))


def _edges(count: int, size: float, limit: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    edges = np.minimum(np.round(np.arange(count + 1) * size).astype(np.intp), limit)
    return edges[:-1], edges[1:]
