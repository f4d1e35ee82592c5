"""The largest distance between two points in a plane: convex hull and rotating calipers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.int32]
"""Shape (points, 2): whole numbers, so that left and right of a line is never a matter of rounding."""

_SAME = 1e-12


def hull(points: Points) -> Points:
    """Return the corners of the convex hull, counter-clockwise (first axis to the right, second one up).

    Parameters
    ----------
    points : ndarray of int32, shape (n, 2)
        At least one.

    Returns
    -------
    ndarray of int32, shape (corners, 2)
    """
    corners = np.asarray(cv2.convexHull(np.ascontiguousarray(points, np.int32)), np.int32).reshape(-1, 2)
    before, behind = (np.roll(corners, by, axis=0).astype(np.int64) for by in (1, -1))
    turns = np.asarray(_cross(corners - before, behind - corners))
    corners = corners[turns != 0] if turns.any() else corners  # the calipers would stop at a point on a side
    return corners[::-1] if turns.sum() < 0 else corners


def _cross(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def antipodal(corners: Points) -> NDArray[np.intp]:
    """Pair each side with the corner that is farthest from it, by turning two parallel lines once around the polygon.

    The farthest two corners are such a corner and its side's start (M. I. Shamos, Computational geometry, Yale 1978):
    lines through both at a right angle to their distance touch nothing else, and turned on, one of them comes to lie on
    a side. A change of scale along an axis leaves parallel lines parallel, and so these pairs as they are.

    Parameters
    ----------
    corners : ndarray of int32, shape (corners, 2)
        Of a convex polygon with an area, counter-clockwise, none on a side.

    Returns
    -------
    ndarray of int, shape (pairs, 2)
        Indices of corners, one pair for each side.
    """
    points: list[tuple[int, int]] = [(int(x), int(y)) for x, y in corners]
    count = len(points)
    pairs, far = [], 1
    for start in range(count):
        end = (start + 1) % count
        along_x, along_y = points[end][0] - points[start][0], points[end][1] - points[start][1]
        while True:
            behind = (far + 1) % count
            step_x, step_y = points[behind][0] - points[far][0], points[behind][1] - points[far][1]
            if along_x * step_y - along_y * step_x <= 0:
                break
            far = behind
        pairs.append((start, far))
    return np.array(pairs, np.intp)


def farthest(corners: Points, scale: tuple[float, float]) -> tuple[float, Points]:
    """Find the two corners of a convex polygon that are farthest from each other.

    Parameters
    ----------
    corners : ndarray of int32, shape (corners, 2)
        As `hull` returns them, with an area.
    scale : tuple of float
        Millimetres of one step along each axis.

    Returns
    -------
    distance : float
        In millimetres.
    ends : ndarray of int32, shape (2, 2)
        Of several pairs at this distance the one whose ends come first.
    """
    ends = corners[antipodal(corners)]
    squared = (((ends[:, 0] - ends[:, 1]) * np.asarray(scale)) ** 2).sum(axis=1)
    best = ends[squared >= squared.max() * (1 - _SAME)]
    chosen = min(sorted(map(tuple, pair)) for pair in best.tolist())
    return float(np.sqrt(squared.max())), np.array(chosen, np.int32)
