"""What goes into the cutting of tiles and what comes out: wanted tiles, finished rows, damaged tiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Box
from tumorboard.slides.tiles.grid import Method, TileGrid, TileScale


@dataclass(frozen=True)
class WantedTiles:
    """Which tiles of a grid are wanted.

    Parameters
    ----------
    grid : TileGrid
    which : ndarray
        Numbers of tiles, in any order, or one boolean for each tile of the grid.
    """

    grid: TileGrid
    which: NDArray[Any]

    def mask(self) -> NDArray[np.bool_]:
        """Return which tiles are wanted, shape (rows, columns).

        Raises
        ------
        ValueError
            The grid has no such tile, or another number of them.
        """
        which, count = np.asarray(self.which), len(self.grid)
        if which.dtype == np.bool_:
            if which.shape != (count,):
                raise ValueError(f"{which.size} booleans for the {count} tiles of a grid")
            mask = which
        else:
            if which.size and not 0 <= which.min() <= which.max() < count:
                raise ValueError(f"tiles are numbered from 0 to {count - 1}, not {which.min()} to {which.max()}")
            mask = np.zeros(count, np.bool_)
            mask[which.astype(np.int64)] = True
        return mask.reshape(self.grid.rows, self.grid.columns)


@dataclass(frozen=True)
class TileRow:
    """Finished tiles of one row of a grid, from the left.

    Parameters
    ----------
    scale : {"10x", "5x"}
    method : str
        How the grid's tiles are made.
    encoding : {"jpeg"}
    width_px, height_px : int
        Of every tile.
    mpp : float
        µm per pixel, as it truly is.
    payloads : list of bytes
        JPEG streams.
    numbers : ndarray of int64, shape (n,)
        Each tile's place in the grid.
    boxes : ndarray of int64, shape (n, 4)
        Left, top, width, height in level-0 pixels.
    colours : ndarray of float32, shape (n, 6)
        Mean and standard deviation of red, green and blue, from the overview.
    focus : ndarray of float64, shape (n,), or None
        Measured on each tile's picture at about 2.0 µm per pixel: 10x at half its size, 5x as it is. None where it was
        not asked for.
    """

    scale: TileScale
    method: Method
    encoding: Literal["jpeg"]
    width_px: int
    height_px: int
    mpp: float
    payloads: list[bytes]
    numbers: NDArray[np.int64]
    boxes: NDArray[np.int64]
    colours: NDArray[np.float32]
    focus: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.payloads)

    @property
    def bottom(self) -> int:
        """Lower edge in level-0 pixels (exclusive)."""
        return int(self.boxes[0, 1] + self.boxes[0, 3])


@dataclass(frozen=True)
class DamagedTile:
    """A wanted tile that could not be cut.

    Parameters
    ----------
    scale : {"10x", "5x"}
    number : int
        Its place in the grid.
    box : Box
    reason : str
    """

    scale: TileScale
    number: int
    box: Box
    reason: str
