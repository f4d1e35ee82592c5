"""Which cells of a grid lie within a ring, by the winding number at each cell's centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""x and y of a closed outline's points in level-0 pixels, shape (points, 2); the first point is not repeated."""


@dataclass(frozen=True)
class Grid:
    """Square cells over a part of a slide.

    Parameters
    ----------
    left, top : float
        Upper left corner in level-0 pixels.
    step : float
        A cell's side in level-0 pixels.
    columns, rows : int
    """

    left: float
    top: float
    step: float
    columns: int
    rows: int


def winding(ring: Ring, grid: Grid) -> NDArray[np.int16]:
    """Count how often a ring winds around the centre of each cell.

    A cell belongs to whichever side its centre is on, so that areas have no bias outward.

    Parameters
    ----------
    ring : ndarray of float64, shape (points, 2)
    grid : Grid

    Returns
    -------
    ndarray of int16, shape (rows, columns)
        0 outside; 1 or -1 inside of a ring that does not cross itself, by its direction.
    """
    starts = (ring - (grid.left, grid.top)) / grid.step
    ends = np.roll(starts, -1, axis=0)
    # a row is crossed where its centre lies between an edge's ends, the upper one included
    first = _row_at_or_below(np.minimum(starts[:, 1], ends[:, 1]), grid.rows)
    behind = _row_at_or_below(np.maximum(starts[:, 1], ends[:, 1]), grid.rows)
    crossed = behind - first
    edge = np.repeat(np.arange(len(ring)), crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    (x, y), (dx, dy) = starts[edge].T, (ends - starts)[edge].T
    column = np.ceil(x + (row + 0.5 - y) * dx / dy - 0.5)
    turns = np.zeros((grid.rows, grid.columns + 1), np.int16)
    np.add.at(turns, (row, np.clip(column, 0, grid.columns).astype(np.int64)), np.sign(dy).astype(np.int16))
    return np.cumsum(turns[:, :-1], axis=1, dtype=np.int16)


def _row_at_or_below(y: NDArray[np.float64], rows: int) -> NDArray[np.int64]:
    return np.clip(np.ceil(y - 0.5), 0, rows).astype(np.int64)
