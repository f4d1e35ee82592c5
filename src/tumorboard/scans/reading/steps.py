"""Equal steps: which place of a regular row each slice takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_PLACE_MM = 0.01
"""Slices nearer than this along the normal lie at one place; headers round positions to about a micrometre."""
UNEVEN_SHARE = 0.1
"""How far, in steps, a slice may lie from where equal steps put it."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Slices on a regular row of places.

    Parameters
    ----------
    place : ndarray of int, shape (n,)
        The place of each slice, in the order given; slices at one place share it; a place that no slice takes is
        missing.
    first_mm, step_mm : float
        Where place 0 lies, and how far places are apart.
    worst : float
        Largest distance of a slice from its place, in steps.
    """

    place: NDArray[np.int64]
    first_mm: float
    step_mm: float
    worst: float

    @property
    def places(self) -> int:
        """Places from the first slice to the last."""
        return int(self.place.max()) + 1

    @property
    def doubled(self) -> int:
        """How many slices share the place of another one before them."""
        return len(self.place) - len(np.unique(self.place))

    @property
    def is_even(self) -> bool:
        """Whether every slice lies where equal steps put it, up to `UNEVEN_SHARE` of a step."""
        return self.worst <= UNEVEN_SHARE


def equal_steps(along_mm: NDArray[np.float64]) -> Steps | None:
    """Put slices on a regular row of places.

    The median distance of neighbours is taken for the step, distances are counted in it, and the step is then refined
    by a straight line through all slices.

    Parameters
    ----------
    along_mm : ndarray of float64, shape (n,)
        Positions along the normal, in any order.

    Returns
    -------
    Steps or None
        None where all slices lie at one place.
    """
    order = np.argsort(along_mm, kind="stable")
    gaps = np.diff(along_mm[order])
    wide = gaps > SAME_PLACE_MM
    if not wide.any():
        return None
    step = float(np.median(gaps[wide]))
    counted = np.where(wide, np.maximum(np.rint(gaps / step), 1), 0).astype(np.int64)
    place = np.empty(len(along_mm), np.int64)
    place[order] = np.concatenate([[0], np.cumsum(counted)])
    step, first = (float(value) for value in np.polyfit(place.astype(np.float64), along_mm, 1))
    worst = float(np.abs(along_mm - first - step * place).max() / step)
    return Steps(place, first, step, worst)


def normal_of(orientation: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the unit vector along which the slices of an orientation follow each other; not finite where it has none.

    Parameters
    ----------
    orientation : tuple of six floats
        Direction along a row, then down a column.
    """
    normal = np.cross(np.asarray(orientation[:3]), np.asarray(orientation[3:]))
    length = float(np.linalg.norm(normal))
    return np.asarray(normal / length) if length > 0 else np.full(3, np.nan)
