"""Foci scattered through the tumour, somewhat in clusters: their places, kinds and outlines."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import ndtr, ndtri

from tumorboard.phantom.histology.lattice import PLASTIC_RATIOS, SmoothField, jittered_lattice, uniform
from tumorboard.phantom.histology.window import Window

POINTS_PER_UM2 = 2 / np.sqrt(3)
"""Points of a hexagonal lattice in the square of its spacing."""
_VERTICES = 64
_JITTER = 1.5
"""How far a focus may lie from its place in the lattice, in spacings across both sides."""
_CLUSTERS_UM = 420.0
"""About the size of a cluster of foci."""
_MOST_CLUSTERED = 2.0
_MOST_SPREAD = 2.2
"""Largest and smallest area, in standard deviations of its logarithm."""


@dataclass(frozen=True, eq=False)
class Foci:
    """Places of foci.

    Parameters
    ----------
    x_um, y_um : ndarray of float, shape (foci,)
    rank : ndarray of float, shape (foci,)
        Between 0 and 1 and as even among neighbours as over the slide: the foci below a rank are that part everywhere.
    keys : ndarray of uint64, shape (foci,)
        What their other random numbers come from.
    """

    x_um: np.ndarray
    y_um: np.ndarray
    rank: np.ndarray
    keys: np.ndarray

    def only(self, chosen: np.ndarray) -> Foci:
        """Give some of the foci."""
        return Foci(self.x_um[chosen], self.y_um[chosen], self.rank[chosen], self.keys[chosen])


def foci_around(window: Window, spacing_um: float, seed: int, *, margin_um: float, clustered_um: float = 0.0) -> Foci:
    """Give the foci in and around a window: a jittered hexagonal lattice, drawn together and apart by a smooth field.

    The ranks follow Roberts' generalisation of the golden ratio to two dimensions (2018), a low-discrepancy dither.

    Parameters
    ----------
    window : Window
    spacing_um : float
    seed : int
    margin_um : float
        How far around the window foci are given.
    clustered_um : float
        How far they are moved towards clusters, about as a standard deviation.

    Returns
    -------
    Foci
    """
    reach_um = margin_um + _MOST_CLUSTERED * clustered_um + 0.5 * _JITTER * spacing_um
    points, column, row = jittered_lattice(window, spacing_um, seed, reach_um=reach_um, jitter=_JITTER)
    x_um, y_um = points.x_um, points.y_um
    start = (seed % 1_000_003) / 1_000_003
    rank = np.mod(column * PLASTIC_RATIOS[0] + row * PLASTIC_RATIOS[1] + start, 1.0)
    if clustered_um:
        shifts = [
            clustered_um
            * np.clip(SmoothField(seed + number, _CLUSTERS_UM).at(x_um, y_um), -_MOST_CLUSTERED, _MOST_CLUSTERED)
            for number in (1, 2)
        ]
        x_um, y_um = x_um + shifts[0], y_um + shifts[1]
    return Foci(x_um, y_um, rank, points.keys).only(window.holds(x_um, y_um, margin_um))


def _waves(keys: np.ndarray, amplitudes: list[float]) -> tuple[np.ndarray, np.ndarray]:
    angle = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)
    radius = np.ones((len(keys), _VERTICES))
    for number, amplitude in enumerate(amplitudes):
        phase = 2 * np.pi * uniform(keys, 10 + number)[:, None]
        radius += amplitude * np.cos((number + 2) * angle + phase)
    return angle, radius


def _outlines(
    foci: Foci,
    angle: np.ndarray,
    radius: np.ndarray,
    elongation: np.ndarray,
    area: np.ndarray,
    bend: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Give outlines of stated areas: ellipses times a radius for each direction, bent and turned at random."""
    x, y = radius * np.cos(angle) * np.sqrt(elongation)[:, None], radius * np.sin(angle) / np.sqrt(elongation)[:, None]
    # a shear: bending keeps the area
    y = y + np.reshape(bend, (-1, 1)) * (x**2 - 0.5 * elongation[:, None])
    now = 0.5 * np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1))
    scale = np.sqrt(area / now)[:, None]
    turn = np.pi * uniform(foci.keys, 40)[:, None]
    return np.stack(
        [
            foci.x_um[:, None] + scale * (x * np.cos(turn) - y * np.sin(turn)),
            foci.y_um[:, None] + scale * (x * np.sin(turn) + y * np.cos(turn)),
        ],
        axis=2,
    )


def areas(foci: Foci, mean_um2: float, spread: float) -> np.ndarray:
    """Give each focus an area, the same whatever its kind: log-normal, without its ends.

    Parameters
    ----------
    foci : Foci
    mean_um2 : float
    spread : float
        Standard deviation of the area's logarithm.

    Returns
    -------
    ndarray of float, shape (foci,)
    """
    low, high = ndtr(-_MOST_SPREAD), ndtr(_MOST_SPREAD)
    deviate = ndtri(low + (high - low) * uniform(foci.keys, 41))
    mean = np.exp(spread**2 / 2) * (ndtr(_MOST_SPREAD - spread) - ndtr(-_MOST_SPREAD - spread)) / (high - low)
    return np.asarray(mean_um2 * np.exp(spread * deviate) / mean)


def smooth_outlines(foci: Foci, area: np.ndarray) -> np.ndarray:
    """Give rounded, pushing outlines.

    Returns
    -------
    ndarray of float, shape (foci, vertices, 2)
        x and y in µm.
    """
    angle, radius = _waves(foci.keys, [0.16, 0.10, 0.03])
    return _outlines(foci, angle, radius, 1 + 0.7 * uniform(foci.keys, 42), area)


def ragged_outlines(foci: Foci, area: np.ndarray) -> np.ndarray:
    """Give map-like outlines with bays and spurs; see `smooth_outlines`."""
    angle, radius = _waves(foci.keys, [0.16, 0.14, 0.12, 0.10, 0.09, 0.08, 0.07, 0.06])
    return _outlines(foci, angle, np.maximum(radius, 0.25), 1 + 0.7 * uniform(foci.keys, 42), area)


def vessel_outlines(foci: Foci, area: np.ndarray) -> np.ndarray:
    """Give round, dented, long or bent outlines; see `smooth_outlines`."""
    angle, radius = _waves(foci.keys, [0.12, 0.09, 0.06, 0.04, 0.03])
    # a larger vessel is cut along as often as across
    elongation = 1 + 3.2 * uniform(foci.keys, 42) ** 2
    return _outlines(foci, angle, radius, elongation, area, bend=1.2 * (uniform(foci.keys, 45) - 0.5))


def dissecting_outlines(foci: Foci, area: np.ndarray) -> np.ndarray:
    """Give outlines with tongues that creep between the cells; see `smooth_outlines`."""
    angle, waves = _waves(foci.keys, [0.25, 0.25, 0.2, 0.15, 0.12, 0.12, 0.1])
    arms = 3 + np.floor(3 * uniform(foci.keys, 43))[:, None]
    phase = np.pi * uniform(foci.keys, 44)[:, None]
    radius = 0.35 + np.abs(np.cos(0.5 * arms * angle + phase)) ** 3
    # an odd number of half waves does not close; the seam is one more notch of a ragged outline
    return _outlines(foci, angle, np.maximum(radius * waves, 0.15), 1 + 0.8 * uniform(foci.keys, 42), area)


def filled(outlines: np.ndarray, grid: Window, blur_um: float) -> np.ndarray:
    """Draw outlines as a field that is 127.5 at the border and falls off outwards.

    Parameters
    ----------
    outlines : ndarray of float, shape (foci, vertices, 2)
        x and y in µm.
    grid : Window
    blur_um : float
        Standard deviation of the fall.

    Returns
    -------
    ndarray of uint8, shape (height, width)
    """
    field = np.zeros(grid.shape, np.uint8)
    if len(outlines):
        x, y = grid.pixels(outlines[..., 0], outlines[..., 1])
        corners = np.rint(np.stack([x, y], axis=2) * 16).astype(np.int32)
        for polygon in corners:
            cv2.fillPoly(field, [polygon], 255, lineType=cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(field, (0, 0), blur_um / grid.mpp) if blur_um >= 0.5 * grid.mpp else field
