"""Regions of a slide that somebody outlined, in level-0 pixels, and how much of a tile lies in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.annotation.filling import Grid, Ring, winding
from tumorboard.slides.slide import Box

FINEST_STEP_PX = 4
MOST_CELLS = 2**24


@dataclass(frozen=True, eq=False)
class Polygon:
    """An outline and what is left out of it.

    Parameters
    ----------
    outer : ndarray of float64, shape (points, 2)
        x and y in level-0 pixels, not closed.
    holes : tuple of ndarray of float64, each of shape (points, 2)
        They may reach beyond the outer ring.
    """

    outer: Ring
    holes: tuple[Ring, ...] = ()

    def inside(self, grid: Grid) -> NDArray[np.bool_]:
        """Tell which cells' centres lie in the outer ring and in no hole, shape (rows, columns)."""
        inside = np.asarray(winding(self.outer, grid) != 0)
        for hole in self.holes:
            inside &= winding(hole, grid) == 0
        return inside


@dataclass(frozen=True, eq=False)
class Regions:
    """The union of polygons.

    Parameters
    ----------
    polygons : tuple of Polygon
        At least one.
    """

    polygons: tuple[Polygon, ...]

    @cached_property
    def extent(self) -> Box:
        """The smallest rectangle of whole level-0 pixels around all outer rings."""
        points = np.concatenate([polygon.outer for polygon in self.polygons])
        left, top = np.floor(points.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(points.max(axis=0)).astype(int).tolist()
        return Box(left, top, max(right - left, 1), max(bottom - top, 1))

    def mask(self, grid: Grid) -> NDArray[np.bool_]:
        """Tell which cells' centres lie in a region, shape (rows, columns)."""
        mask = np.zeros((grid.rows, grid.columns), bool)
        for polygon in self.polygons:
            (left, top), (right, bottom) = polygon.outer.min(axis=0), polygon.outer.max(axis=0)
            columns = _cells(left - grid.left, right - grid.left, grid.step, grid.columns)
            rows = _cells(top - grid.top, bottom - grid.top, grid.step, grid.rows)
            part = Grid(
                grid.left + columns.start * grid.step,
                grid.top + rows.start * grid.step,
                grid.step,
                columns.stop - columns.start,
                rows.stop - rows.start,
            )
            if part.columns and part.rows:
                mask[rows, columns] |= polygon.inside(part)
        return mask

    def share(self, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Measure which share of each box's area lies in the regions.

        The regions are taken at cells of 4 level-0 pixels, of more where there would be above 16 million of them
        (8 for a region of 30,000 x 30,000 pixels); a tile of 1,024 pixels is thus measured to better than 1 %.

        Parameters
        ----------
        boxes : ndarray of int64, shape (boxes, 4)
            Left, top, width, height in level-0 pixels.

        Returns
        -------
        ndarray of float64, shape (boxes,)
            0 to 1.
        """
        left, top, width, height = np.asarray(boxes, float).reshape(-1, 4).T
        covered = (
            self._covered_up_to(left + width, top + height)
            - self._covered_up_to(left, top + height)
            - self._covered_up_to(left + width, top)
            + self._covered_up_to(left, top)
        )
        return np.asarray(np.clip(covered / (width * height), 0.0, 1.0), np.float64)

    @cached_property
    def _grid(self) -> Grid:
        box = self.extent
        step = max(FINEST_STEP_PX, math.ceil(math.sqrt(box.width * box.height / MOST_CELLS)))
        return Grid(box.left, box.top, step, math.ceil(box.width / step), math.ceil(box.height / step))

    @cached_property
    def _covered(self) -> NDArray[np.int32]:
        """Cells of the regions above and left of each corner of the grid, shape (rows + 1, columns + 1)."""
        return np.asarray(cv2.integral(self.mask(self._grid).view(np.uint8)), np.int32)

    def _covered_up_to(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the regions' area in level-0 pixels above and left of points; a cell is all in or all out."""
        grid, covered = self._grid, self._covered
        column = np.clip((x - grid.left) / grid.step, 0, grid.columns)
        row = np.clip((y - grid.top) / grid.step, 0, grid.rows)
        first = np.minimum(column.astype(np.int64), grid.columns - 1)
        upper = np.minimum(row.astype(np.int64), grid.rows - 1)
        across, down = column - first, row - upper
        above = covered[upper, first] * (1 - across) + covered[upper, first + 1] * across
        below = covered[upper + 1, first] * (1 - across) + covered[upper + 1, first + 1] * across
        return np.asarray((above * (1 - down) + below * down) * grid.step**2, np.float64)


def has_area(ring: Ring) -> bool:
    """Tell whether a ring encloses anything: a click or a line does not."""
    return len(ring) >= 3 and bool(np.ptp(ring, axis=0).all()) and not _on_one_line(ring)


def doubtful_share(ring: Ring) -> float:
    """Measure which share of a ring's area is in doubt because the ring crosses itself.

    Parameters
    ----------
    ring : ndarray of float64, shape (points, 2)

    Returns
    -------
    float
        The area that it winds around more than once, or the other way round than most, by all that it encloses; 0 for a
        ring that does not cross itself, 0.5 for a figure of eight with two loops of one size.
    """
    (left, top), (right, bottom) = ring.min(axis=0), ring.max(axis=0)
    step = max(right - left, bottom - top) / 512
    grid = Grid(left, top, step, max(1, math.ceil((right - left) / step)), max(1, math.ceil((bottom - top) / step)))
    turns = winding(ring, grid)
    enclosed = int(np.count_nonzero(turns))
    once = max(int(np.count_nonzero(turns == 1)), int(np.count_nonzero(turns == -1)))
    return 1 - once / enclosed if enclosed else 0.0


def open_ring(points: Sequence[Sequence[float]] | NDArray[np.float64]) -> Ring:
    """Make a ring of points, without repeated neighbours and without the repeated first point at its end."""
    ring = np.asarray(points, np.float64).reshape(-1, 2)
    return ring[np.any(ring != np.roll(ring, 1, axis=0), axis=1)] if len(ring) > 1 else ring


def _on_one_line(ring: Ring) -> bool:
    from_first = ring - ring[0]
    farthest = from_first[np.argmax((from_first**2).sum(axis=1))]
    apart = np.abs(from_first[:, 0] * farthest[1] - from_first[:, 1] * farthest[0]).max()
    return bool(apart <= 1e-9 * (farthest**2).sum())


def _cells(low: float, high: float, step: float, count: int) -> slice:
    first = min(max(math.floor(low / step), 0), count)
    return slice(first, min(max(math.ceil(high / step), first), count))
