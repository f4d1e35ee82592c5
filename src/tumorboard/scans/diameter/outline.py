"""A layer's outline, and its largest width across a given line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Segments = NDArray[np.float64]
"""Shape (segments, 2, 2): start and end, each row and column."""

_DIGITS = 9
# of a square of four voxels' centres the middles of its sides, twice row and column: upper, left, right, lower
_SIDES = np.array([[0, 1], [1, 0], [1, 2], [2, 1]])
_OTHER_TWO = [0, 2, 1, 3]


def outline(layer: NDArray[np.bool_]) -> Segments:
    """Trace a layer of a mask half-way between its voxels' centres and those outside (marching squares at one half).

    W. E. Lorensen, H. E. Cline, Computer Graphics 1987;21:163-169. Voxels that meet at a corner alone are joined.

    Parameters
    ----------
    layer : ndarray of bool, shape (rows, columns)

    Returns
    -------
    ndarray of float64, shape (segments, 2, 2)
        In no order; a voxel's centre is whole.
    """
    padded = np.pad(layer, 1)
    upper_left, upper_right = padded[:-1, :-1], padded[:-1, 1:]
    lower_left, lower_right = padded[1:, :-1], padded[1:, 1:]
    crossed = np.stack(
        [
            upper_left != upper_right,
            upper_left != lower_left,
            upper_right != lower_right,
            lower_left != lower_right,
        ],
        axis=-1,
    )
    squares = np.argwhere(crossed.any(axis=-1))
    sides = crossed[squares[:, 0], squares[:, 1]]
    pairs = [_segments(squares, sides)]
    corners = sides.all(axis=1)
    if corners.any():
        pairs.append(_segments(squares[corners], sides[corners], _OTHER_TWO))
    return np.asarray(np.concatenate(pairs) / 2 - 1)


def _segments(squares: NDArray[np.intp], sides: NDArray[np.bool_], order: list[int] | None = None) -> NDArray[np.intp]:
    """Join the crossed sides of each square two by two, in the given order."""
    square, side = np.nonzero(sides)
    points = 2 * squares[square] + _SIDES[side]
    if order is not None:
        points = points.reshape(-1, 4, 2)[:, order]
    return np.asarray(points.reshape(-1, 2, 2))


def widest_across(segments: Segments, start: NDArray[np.float64], end: NDArray[np.float64]) -> Segments:
    """Find the largest distance of two points of an outline on one line that is perpendicular to a given one.

    Between two corners of the outline this distance changes linearly along the given line: it is largest at a corner.

    Parameters
    ----------
    segments : ndarray of float64, shape (segments, 2, 2)
        In millimetres.
    start, end : ndarray of float64, shape (2,)
        Two points of the given line.

    Returns
    -------
    ndarray of float64, shape (2, 2)
        The two points, in millimetres.
    """
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    place, height = segments @ along, segments @ across
    place = np.round(place, _DIGITS)
    stations = np.unique(place)
    segment, station = _spanned(place, stations)
    low, high = np.argsort(place, axis=1).T
    index = np.arange(len(place))
    from_place, from_height = place[index, low], height[index, low]
    length = place[index, high] - from_place
    rise = (height[index, high] - from_height) / np.where(length > 0, length, 1)
    between = from_height[segment] + (stations[station] - from_place[segment]) * rise[segment]
    ends = np.searchsorted(stations, place).ravel()
    at, heights = np.concatenate([station, ends]), np.concatenate([between, height.ravel()])
    top, bottom = np.full(len(stations), -np.inf), np.full(len(stations), np.inf)
    np.maximum.at(top, at, heights)
    np.minimum.at(bottom, at, heights)
    width = np.round(top - bottom, _DIGITS)
    best = int(np.argmax(width))
    return np.asarray(stations[best] * along + np.array([[bottom[best]], [top[best]]]) * across)


def _spanned(place: NDArray[np.float64], stations: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """List each segment with every station between its ends."""
    first = np.searchsorted(stations, place.min(axis=1), side="left")
    counts = np.searchsorted(stations, place.max(axis=1), side="right") - first
    segment = np.repeat(np.arange(len(place)), counts)
    within = np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts)
    return segment, np.repeat(first, counts) + within
