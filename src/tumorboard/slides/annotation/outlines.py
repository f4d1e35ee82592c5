"""Outlines of a mask as simple rings: none meets itself or another, as QuPath (JTS) and GEOS ask of a polygon."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.masks import without_corner_contacts
from tumorboard.slides.annotation.filling import Ring

_LARGEST_SHIFT = 0.49


def outlines(mask: NDArray[np.bool_], *, simplify: bool = False) -> list[tuple[Ring, list[Ring]]]:
    """Trace a mask along the borders of its cells.

    Cells that meet at a corner alone are joined, so that rings do not pinch; borders that do not join are then at least
    one cell apart.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    simplify : bool
        Cut the stairs' corners, and leave out points without which the outline moves by less than half a cell (Douglas
        & Peucker, Cartographica 1973;10:112-122): far fewer points, less than a cell from the border, still none meets.

    Returns
    -------
    list of tuple
        For each connected part its outer ring and the rings of its holes: ndarrays of float64, shape (points, 2), x and
        y in cells from the mask's upper left corner, not closed; from the top.
    """
    if not mask.size:
        return []
    # OpenCV traces pixels, not their borders: of a cell's four, each lies at one of its corners
    large = cv2.resize(
        without_corner_contacts(mask).astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST
    )
    contours, tree = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    rings = [_corners(np.asarray(contour[:, 0, :], np.int64)) for contour in contours]
    return _nested([_simplified(ring) for ring in rings] if simplify else rings, tree[0][:, 3])


def _corners(pixels: NDArray[np.int64]) -> Ring:
    """Keep one point at each corner of a border."""
    points = (pixels + 1) // 2
    once = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
    before, behind = np.roll(once, 1, axis=0), np.roll(once, -1, axis=0)
    straight = ((before == once) & (once == behind)).any(axis=1)
    return np.asarray(once[~straight], np.float64)


def _simplified(corners: Ring) -> Ring:
    """Join the middles of a border's unit edges, then leave out what moves it little."""
    steps = np.roll(corners, -1, axis=0) - corners
    lengths = np.abs(steps).sum(axis=1).astype(np.int64)
    along = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 0.5
    middles = np.repeat(corners, lengths, axis=0) + along[:, None] * np.repeat(np.sign(steps), lengths, axis=0)
    kept = cv2.approxPolyDP(middles.astype(np.float32)[:, None], _LARGEST_SHIFT, closed=True)
    return np.asarray(kept[:, 0, :], np.float64)


def _nested(rings: list[Ring], parents: NDArray[np.int32]) -> list[tuple[Ring, list[Ring]]]:
    holes: dict[int, list[Ring]] = {}
    for ring, parent in zip(rings, parents.tolist(), strict=True):
        if parent >= 0 and len(ring) > 2:
            holes.setdefault(parent, []).append(ring)
    outer = [number for number in np.flatnonzero(parents < 0).tolist() if len(rings[number]) > 2]
    outer.sort(key=lambda number: (rings[number][:, 1].min(), rings[number][:, 0].min()))
    return [(rings[number], holes.get(number, [])) for number in outer]
