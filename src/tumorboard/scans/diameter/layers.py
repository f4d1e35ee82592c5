"""The layers of a mask along one axis: how far each one reaches, and which one has the largest diameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.diameter.calipers import Points, farthest, hull

_FEW, _MANY = 8, 64
_SAME = 1e-9
# twice a voxel's own points, by row and column: the middles of its four sides
_VOXEL = np.array([[0, -1], [0, 1], [-1, 0], [1, 0]], np.int32)


@dataclass(frozen=True, eq=False)
class Rows:
    """The outermost voxels of each row of each layer.

    Parameters
    ----------
    first, last : ndarray of int, shape (layers, rows)
        Column of the first and of the last voxel.
    filled : ndarray of bool, shape (layers, rows)
        Whether there is one.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    filled: NDArray[np.bool_]

    def of(self, layers: NDArray[np.intp]) -> Rows:
        """Return the rows of some layers."""
        return Rows(self.first[layers], self.last[layers], self.filled[layers])


@dataclass(frozen=True, eq=False)
class Longest:
    """The largest diameter among all layers.

    Parameters
    ----------
    layer : int
    distance_mm : float
    ends : ndarray of float64, shape (2, 2)
        Row and column; whole at a voxel's centre, half at the middle of its side.
    """

    layer: int
    distance_mm: float
    ends: NDArray[np.float64]


def outermost(layers: NDArray[np.bool_]) -> Rows:
    """Find the first and the last voxel of each row.

    Parameters
    ----------
    layers : ndarray of bool, shape (layers, rows, columns)

    Returns
    -------
    Rows
    """
    first = layers.argmax(axis=2)
    last = layers.shape[2] - 1 - layers[:, :, ::-1].argmax(axis=2)
    return Rows(first, last, np.asarray(layers.any(axis=2)))


def bounds(rows: Rows, scale: tuple[float, float], directions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound each layer's diameter from below and above by its widths in some directions.

    A diameter is no smaller than any width, and its direction lies within half a step of one of theirs.

    Parameters
    ----------
    rows : Rows
    scale : tuple of float
        Millimetres of a row and of a column.
    directions : int

    Returns
    -------
    low, high : ndarray of float64, shape (layers,)
        In millimetres; of an empty layer minus infinity.
    """
    down = np.arange(rows.first.shape[1]) * scale[0]
    left, right = rows.first * scale[1], rows.last * scale[1]
    low = np.full(len(left), -np.inf)
    for turned in np.arange(directions) * np.pi / directions:
        along_row, along_column = np.cos(turned), np.sin(turned)
        near, far = (left, right) if along_column >= 0 else (right, left)
        first = np.where(rows.filled, near * along_column + down * along_row, np.inf).min(axis=1)
        last = np.where(rows.filled, far * along_column + down * along_row, -np.inf).max(axis=1)
        voxel = max(abs(along_row) * scale[0], abs(along_column) * scale[1])
        low = np.maximum(low, last - first + voxel)
    return low, low / np.cos(np.pi / (2 * directions))


def longest(layers: NDArray[np.bool_], scale: tuple[float, float]) -> Longest:
    """Find the largest diameter that lies in one layer.

    Layers are measured in the order of their upper bound, as long as it reaches the largest diameter so far.

    Parameters
    ----------
    layers : ndarray of bool, shape (layers, rows, columns)
        Not empty.
    scale : tuple of float
        Millimetres of a row and of a column.

    Returns
    -------
    Longest
        Of several layers with this diameter the lowest.
    """
    rows = outermost(layers)
    low, high = bounds(rows, scale, _FEW)
    left = np.flatnonzero(high >= low.max() * (1 - _SAME))
    low[left], high[left] = bounds(rows.of(left), scale, _MANY)
    best, best_layer, best_ends = 0.0, -1, np.zeros((2, 2), np.int32)
    for layer in np.argsort(-high, kind="stable"):
        if high[layer] < max(best, low.max()) * (1 - _SAME):
            break
        distance, ends = farthest(hull(_points(rows, int(layer))), (scale[0] / 2, scale[1] / 2))
        same = abs(distance - best) <= best * _SAME
        if layer < best_layer if same else distance > best:
            best, best_layer, best_ends = distance, int(layer), ends
    return Longest(best_layer, best, best_ends / 2)


def _points(rows: Rows, layer: int) -> Points:
    """Give the points of a layer's outermost voxels, twice their row and column."""
    at = np.flatnonzero(rows.filled[layer])
    centres = np.concatenate(
        [np.column_stack([at, rows.first[layer, at]]), np.column_stack([at, rows.last[layer, at]])]
    )
    return np.asarray((2 * centres[:, None] + _VOXEL).reshape(-1, 2), np.int32)
