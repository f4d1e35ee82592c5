"""Randomness that is fixed to places: hashed lattices and smooth fields over a slide."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.phantom.histology.grid import brought, grid_around
from tumorboard.phantom.histology.window import Window

_CELLS_PER_KNOT = 8
"""Cells of the grid from one knot of a field to the next: linear between them, it is off by less than a hundredth."""
_LARGEST_CELL_PX = 16
_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
PLASTIC_RATIOS = 0.7548776662466927, 0.5698402909980532
"""Steps along x and y of a low-discrepancy sequence: Roberts' golden ratio of two dimensions (2018)."""
_X_STEP, _Y_STEP = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)


def hashed(keys: np.ndarray, stream: int) -> np.ndarray:
    """Hash keys once more, for an independent number (the finaliser of SplitMix64, Steele et al. 2014).

    Parameters
    ----------
    keys : ndarray of uint64
    stream : int
        Which of the numbers of a key.

    Returns
    -------
    ndarray of uint64
    """
    with np.errstate(over="ignore"):
        value = keys + _GOLDEN * np.uint64(stream + 1)
        value = (value ^ (value >> np.uint64(30))) * _FIRST
        value = (value ^ (value >> np.uint64(27))) * _SECOND
        return np.asarray(value ^ (value >> np.uint64(31)))


def uniform(keys: np.ndarray, stream: int) -> np.ndarray:
    """Give a number in [0, 1) for each key; another stream gives an independent one."""
    return (hashed(keys, stream) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def lattice_keys(column: np.ndarray, row: np.ndarray, seed: int) -> np.ndarray:
    """Give the key of each lattice position (whole numbers, negative ones too)."""
    with np.errstate(over="ignore"):
        across = hashed(column.astype(np.int64).astype(np.uint64) * _X_STEP ^ np.uint64(seed & 0xFFFFFFFFFFFFFFFF), 0)
        return hashed(across + row.astype(np.int64).astype(np.uint64) * _Y_STEP, 0)


@dataclass(frozen=True, eq=False)
class Points:
    """Points of a jittered lattice.

    Parameters
    ----------
    x_um, y_um : ndarray of float, shape (points,)
        Where they lie on the slide.
    keys : ndarray of uint64, shape (points,)
        What their other random numbers come from (see `uniform`).
    """

    x_um: np.ndarray
    y_um: np.ndarray
    keys: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """Give x and y side by side, shape (points, 2)."""
        return np.stack([self.x_um, self.y_um], axis=1)

    def only(self, chosen: np.ndarray) -> Points:
        """Give some of the points."""
        return Points(self.x_um[chosen], self.y_um[chosen], self.keys[chosen])


def jittered_points(window: Window, spacing_um: float, seed: int, *, margin_um: float, jitter: float = 0.8) -> Points:
    """Give the points of a jittered hexagonal lattice in and around a window.

    Parameters
    ----------
    window : Window
    spacing_um : float
        Distance of neighbours in a row.
    seed : int
        Names the lattice.
    margin_um : float
        How far around the window points are given: what they paint may reach into it.
    jitter : float
        How far a point may lie from its place, in spacings (0 to 1).

    Returns
    -------
    Points
    """
    points, _, _ = jittered_lattice(window, spacing_um, seed, reach_um=margin_um, jitter=jitter)
    return points.only(window.holds(points.x_um, points.y_um, margin_um))


def jittered_lattice(
    window: Window, spacing_um: float, seed: int, *, reach_um: float, jitter: float
) -> tuple[Points, np.ndarray, np.ndarray]:
    """Give all points of a rectangle of a jittered hexagonal lattice that covers a window, with their columns and rows.

    Parameters
    ----------
    window : Window
    spacing_um : float
        Distance of neighbours in a row.
    seed : int
        Names the lattice.
    reach_um : float
        How far around the window the rectangle reaches, at the least.
    jitter : float
        How far a point may lie from its place, in spacings.

    Returns
    -------
    points : Points
    column, row : ndarray of float, shape (points,)
        Whole numbers.
    """
    height_um = spacing_um * np.sqrt(3) / 2
    columns = np.arange(
        np.floor((window.left_um - reach_um) / spacing_um) - 1, np.ceil((window.right_um + reach_um) / spacing_um) + 1
    )
    rows = np.arange(
        np.floor((window.top_um - reach_um) / height_um) - 1, np.ceil((window.bottom_um + reach_um) / height_um) + 1
    )
    column, row = (grid.ravel() for grid in np.meshgrid(columns, rows))
    keys = lattice_keys(column, row, seed)
    x_um = (column + 0.5 * (row % 2) + jitter * (uniform(keys, 1) - 0.5)) * spacing_um
    y_um = (row + jitter * (uniform(keys, 2) - 0.5)) * height_um
    return Points(x_um, y_um, keys), column, row


@dataclass(frozen=True)
class SmoothField:
    """A smooth random function on the slide: cubic through standard normal values on a square lattice.

    Parameters
    ----------
    seed : int
        Names the field.
    scale_um : float
        Distance of the lattice's points: about the size of a bump.
    """

    seed: int
    scale_um: float

    def _knots(self, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
        column, row = np.meshgrid(columns, rows)
        keys = lattice_keys(column, row, self.seed)
        first, second = np.maximum(uniform(keys, 1), 1e-12), uniform(keys, 2)
        return np.asarray(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second), np.float32)

    def over(self, window: Window) -> np.ndarray:
        """Give the field over a window's pixels.

        Returns
        -------
        ndarray of float32, shape (height, width)
            Mean 0, standard deviation somewhat below 1.
        """
        step_um = min(self.scale_um / _CELLS_PER_KNOT, _LARGEST_CELL_PX * window.mpp)
        if step_um < 2 * window.mpp:
            return self._cubic(window)
        grid = grid_around(window, step_um, 0.0)
        return brought(self._cubic(grid), grid, window)

    def _cubic(self, window: Window) -> np.ndarray:
        first_column = int(np.floor(window.left_um / self.scale_um)) - 2
        first_row = int(np.floor(window.top_um / self.scale_um)) - 2
        columns = np.arange(first_column, int(np.ceil(window.right_um / self.scale_um)) + 3)
        rows = np.arange(first_row, int(np.ceil(window.bottom_um / self.scale_um)) + 3)
        step = window.mpp / self.scale_um
        to_knots = np.array(
            [
                [step, 0, (window.left_um + 0.5 * window.mpp) / self.scale_um - first_column],
                [0, step, (window.top_um + 0.5 * window.mpp) / self.scale_um - first_row],
            ]
        )
        return cv2.warpAffine(
            self._knots(columns, rows),
            to_knots,
            (window.width_px, window.height_px),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def at(self, x_um: np.ndarray, y_um: np.ndarray) -> np.ndarray:
        """Give the field at points (linear between the lattice's points; for slowly varying properties of objects)."""
        x, y = x_um / self.scale_um, y_um / self.scale_um
        column, row = np.floor(x), np.floor(y)
        across, down = x - column, y - row

        def knot(right: int, below: int) -> np.ndarray:
            keys = lattice_keys(column + right, row + below, self.seed)
            first, second = np.maximum(uniform(keys, 1), 1e-12), uniform(keys, 2)
            return np.asarray(np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second))

        upper = knot(0, 0) * (1 - across) + knot(1, 0) * across
        lower = knot(0, 1) * (1 - across) + knot(1, 1) * across
        return np.asarray(upper * (1 - down) + lower * down)
