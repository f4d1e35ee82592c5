"""Vessels, bowel, ribs and other slender things as chains of overlapping spheres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np

from tumorboard.phantom.anatomy.section import AXES, Section

_SHIFT = 4  # cv2 takes circles in sixteenths of a pixel


@dataclass(frozen=True, eq=False)
class Spheres:
    """Spheres, drawn one after the other: later ones lie on top.

    Parameters
    ----------
    centres_mm : ndarray of float, shape (spheres, 3)
        x, y, z.
    radii_mm : ndarray of float, shape (spheres,)
    codes : ndarray of uint8, shape (spheres,)
        Organ of each.
    """

    centres_mm: np.ndarray
    radii_mm: np.ndarray
    codes: np.ndarray

    def draw(self, labels: np.ndarray, section: Section) -> None:
        """Draw their cuts into a section's labels."""
        normal, row, column = AXES[section.plane]
        square = self.radii_mm**2 - (self.centres_mm[:, normal] - section.position_mm) ** 2
        hit = np.flatnonzero(square > 0)
        if not len(hit):
            return
        scale = 1 << _SHIFT
        centres = self.centres_mm[hit]
        across = np.rint((centres[:, column] - section.column_start_mm) / section.column_step_mm * scale)
        down = np.rint((centres[:, row] - section.row_start_mm) / section.row_step_mm * scale)
        radius = np.rint(np.sqrt(square[hit]) / abs(section.column_step_mm) * scale)
        cuts = np.stack([across, down, radius], 1).astype(int).tolist()
        for (x, y, size), code in zip(cuts, self.codes[hit].tolist(), strict=True):
            cv2.circle(labels, (x, y), size, code, -1, cv2.LINE_8, _SHIFT)


@dataclass(frozen=True, eq=False)
class Tube:
    """A tube along a smooth curve through knots; `joined` turns it into spheres.

    Parameters
    ----------
    knots_mm : ndarray of float, shape (knots, 3)
    radii_mm : ndarray of float, shape (knots,)
    code : int
        Its organ.
    """

    knots_mm: np.ndarray
    radii_mm: np.ndarray
    code: int


def joined(parts: Sequence[Spheres | Tube]) -> Spheres:
    """Put tubes and spheres one after the other."""
    chains: list[Spheres] = []
    for kind, run in groupby(parts, key=type):
        several = list(run)
        tubes = [part for part in several if isinstance(part, Tube)]
        chains += [_swept(tubes)] if kind is Tube else [part for part in several if isinstance(part, Spheres)]
    if not chains:
        return Spheres(np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.uint8))
    return Spheres(
        np.concatenate([chain.centres_mm for chain in chains]),
        np.concatenate([chain.radii_mm for chain in chains]),
        np.concatenate([chain.codes for chain in chains]),
    )


def spheres(centres_mm: np.ndarray, radii_mm: np.ndarray | float, code: int) -> Spheres:
    """Give spheres of one organ."""
    centres = np.asarray(centres_mm, float).reshape(-1, 3)
    radii = np.broadcast_to(np.asarray(radii_mm, float), len(centres)).copy()
    return Spheres(centres, radii, np.full(len(centres), code, np.uint8))


def _swept(tubes: Sequence[Tube]) -> Spheres:
    """Lay spheres along all tubes at once, two for each radius (curves after Catmull and Rom 1974)."""
    knots = np.concatenate([part.knots_mm for part in tubes])
    values = np.column_stack([knots, np.concatenate([part.radii_mm for part in tubes])])
    counts = np.array([len(part.knots_mm) for part in tubes])
    owner = np.repeat(np.arange(len(tubes)), counts)
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    start = np.setdiff1d(np.arange(len(values)), last)  # the knots at which a segment begins
    length = np.linalg.norm(values[start + 1, :3] - values[start, :3], axis=1)
    steps = np.ceil(length / (0.5 * np.minimum(values[start + 1, 3], values[start, 3])))
    steps = np.maximum(steps, 1).astype(int)
    steps[np.isin(start + 1, last)] += 1  # and the very end
    segment = np.repeat(np.arange(len(start)), steps)
    number = np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)
    divisor = steps - np.isin(start + 1, last)
    t = (number / np.maximum(divisor, 1)[segment])[:, None]
    at_first, at_last = np.isin(start, first), np.isin(start + 1, last)
    one, two = values[start], values[start + 1]
    before = np.where(at_first[:, None], 2 * one - two, values[np.maximum(start - 1, 0)])[segment]
    after = np.where(at_last[:, None], 2 * two - one, values[np.minimum(start + 2, len(values) - 1)])[segment]
    one, two = one[segment], two[segment]
    points = 0.5 * (
        2 * one
        + (two - before) * t
        + (2 * before - 5 * one + 4 * two - after) * t**2
        + (3 * one - before - 3 * two + after) * t**3
    )
    codes = np.array([part.code for part in tubes], np.uint8)[owner[start][segment]]
    return Spheres(points[:, :3], np.maximum(points[:, 3], 0.3), codes)


def tube(knots_mm: np.ndarray, radii_mm: np.ndarray | float, code: int) -> Tube:
    """Give a tube along a smooth curve through knots."""
    knots = np.asarray(knots_mm, float)
    return Tube(knots, np.broadcast_to(np.asarray(radii_mm, float), len(knots)), code)


def shell(outer: Spheres, thickness_mm: float, inner_code: int) -> Spheres:
    """Give the inside of a tube: the same chain, thinner."""
    radii = outer.radii_mm - thickness_mm
    kept = radii > 0.3
    return Spheres(outer.centres_mm[kept], radii[kept], np.full(int(kept.sum()), inner_code, np.uint8))
