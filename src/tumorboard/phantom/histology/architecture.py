"""How tumour cells are arranged: streams, nests, papillae and solid sheets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from tumorboard.phantom.histology.lattice import SmoothField, hashed, jittered_points, uniform
from tumorboard.phantom.histology.window import Window

_ALVEOLUS_UM = 56.0
"""Distance of the smallest groups of cells."""
_TERRITORY_UM = 190.0
"""Distance of the territories that larger vessels run around."""
_MOST_PAPILLARY = 0.55
"""Part of the alveoli that are papillae where architecture is 0."""


@dataclass(frozen=True)
class Flow:
    """A shuffling of the plane that keeps every area: shears along three directions, one after the other.

    What is laid out evenly before it lies in bent nests and streams of drawn-out cells after it.

    Parameters
    ----------
    seed : int
    strength : float
        Standard deviation of a shear: 0.2 bends, 0.8 draws cells out to spindles.
    scale_um : float
        Over which length a shear changes.
    """

    seed: int
    strength: float
    scale_um: float

    def to_slide(self, points: np.ndarray) -> np.ndarray:
        """Move laid-out points, shape (..., 2), to their places on the slide."""
        for number in range(3):
            points = self._shear(points, number, 1.0)
        return points

    def from_slide(self, points: np.ndarray) -> np.ndarray:
        """Undo `to_slide`."""
        for number in reversed(range(3)):
            points = self._shear(points, number, -1.0)
        return points

    def _shear(self, points: np.ndarray, number: int, sign: float) -> np.ndarray:
        angle = np.pi * (number / 3 + 0.11)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = points @ np.array([-along[1], along[0]])
        shift = sign * self.strength * self.scale_um * self._wave(across / self.scale_um, number)
        return np.asarray(points + shift[..., None] * along)

    def _wave(self, place: np.ndarray, number: int) -> np.ndarray:
        """Give a smooth random function of one variable: cubic B-spline of normal values at whole numbers."""
        whole = np.floor(place)
        part = place - whole
        weights = (
            (1 - part) ** 3 / 6,
            (3 * part**3 - 6 * part**2 + 4) / 6,
            (-3 * part**3 + 3 * part**2 + 3 * part + 1) / 6,
            part**3 / 6,
        )
        total = np.zeros_like(place)
        for step, weight in enumerate(weights):
            keys = hashed((whole + step).astype(np.int64).astype(np.uint64), self.seed * 3 + number & 0xFFFFFF)
            total += weight * 3.46 * (uniform(keys, 1) - 0.5)
        return total

    def laid_out(self, window: Window, margin_um: float) -> Window:
        """Give a rectangle, at 1 µm per pixel, of the laid-out plane that holds all that reaches into a window."""
        x = np.linspace(window.left_um - margin_um, window.right_um + margin_um, 33)
        y = np.linspace(window.top_um - margin_um, window.bottom_um + margin_um, 33)
        places = self.from_slide(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
        low, high = places.min(axis=0) - 4, places.max(axis=0) + 4
        size = np.ceil(high - low)
        return Window(float(low[0]), float(low[1]), int(size[0]), int(size[1]), 1.0)


@dataclass(frozen=True, eq=False)
class Alveoli:
    """The smallest groups of cells and the nests they form, in the laid-out plane.

    Attributes
    ----------
    centres : ndarray of float, shape (alveoli, 2)
    keys : ndarray of uint64, shape (alveoli,)
    nest : ndarray of uint64, shape (alveoli,)
        Key of the nest that an alveolus is part of.
    territory : ndarray of uint64, shape (alveoli,)
        Key of the part of the tissue, about `_TERRITORY_UM` wide, that larger vessels run around.
    papillary : ndarray of bool, shape (alveoli,)
        Whether it is a papilla: a core, cells around it and a cleft between it and its neighbours.
    direction : ndarray of float, shape (alveoli,)
        Of its long axis, in radians.
    elongation : ndarray of float, shape (alveoli,)
    """

    centres: np.ndarray
    keys: np.ndarray
    nest: np.ndarray
    territory: np.ndarray
    papillary: np.ndarray
    direction: np.ndarray
    elongation: np.ndarray

    def of_cells(self, sites: np.ndarray) -> np.ndarray:
        """Find the alveolus of each cell.

        Parameters
        ----------
        sites : ndarray of float, shape (cells, 2)

        Returns
        -------
        ndarray of int, shape (cells,)
            Its index.
        """
        _, near = KDTree(self.centres).query(sites, k=min(7, len(self.centres)))
        near = near.reshape(len(sites), -1)
        apart = sites[:, None, :] - self.centres[near]
        cosine, sine, stretch = np.cos(self.direction)[near], np.sin(self.direction)[near], self.elongation[near]
        along = apart[..., 0] * cosine + apart[..., 1] * sine
        across = apart[..., 1] * cosine - apart[..., 0] * sine
        best = np.argmin(along**2 / stretch + across**2 * stretch, axis=1)
        return np.asarray(near[np.arange(len(sites)), best])


def cores(groups: Alveoli, flow: Flow) -> tuple[np.ndarray, np.ndarray]:
    """Lay the middle lines of the papillae's cores.

    Parameters
    ----------
    groups : Alveoli
    flow : Flow

    Returns
    -------
    lines : ndarray of float, shape (pieces, 2, 2)
        On the slide, in µm.
    owner : ndarray of int, shape (pieces,)
        Index of the papilla.
    """
    papilla = np.flatnonzero(groups.papillary)
    direction = groups.direction[papilla]
    length = _ALVEOLUS_UM * (np.sqrt(groups.elongation[papilla]) - 0.75)
    along = np.stack([np.cos(direction), np.sin(direction)], axis=1) * length[:, None]
    steps = np.linspace(-0.5, 0.5, 5)
    points = flow.to_slide(groups.centres[papilla][:, None] + steps[:, None] * along[:, None])
    lines = np.stack([points[:, :-1], points[:, 1:]], axis=2)
    return lines.reshape(-1, 2, 2), np.repeat(papilla, 4)


def alveoli(region: Window, architecture: float, seed: int) -> Alveoli:
    """Lay out alveoli and nests.

    Parameters
    ----------
    region : Window
        Of the laid-out plane.
    architecture : float
        0 to 1: papillae and alveoli of about 60 µm, nests of 140 µm, sheets of more than 300 µm.
    seed : int

    Returns
    -------
    Alveoli
    """
    nest_um = _ALVEOLUS_UM * 6.5**architecture
    points = jittered_points(region, _ALVEOLUS_UM, seed + 11, margin_um=2.5 * _ALVEOLUS_UM)
    centres = points.places
    share = _MOST_PAPILLARY * np.clip(1.0 - architecture / 0.40, 0, 1)
    papillary = 0.5 + 0.42 * SmoothField(seed + 13, 260.0).at(points.x_um, points.y_um) < share
    papillary &= share > 0
    return Alveoli(
        centres,
        points.keys,
        _part_of(centres, region, nest_um, seed + 12) if architecture > 0 else points.keys,
        _part_of(centres, region, _TERRITORY_UM, seed + 14),
        papillary,
        np.pi * uniform(points.keys, 21),
        np.where(papillary, 2.0 + 2.0 * uniform(points.keys, 22), 1.0 + 0.4 * uniform(points.keys, 22)),
    )


def _part_of(centres: np.ndarray, region: Window, spacing_um: float, seed: int) -> np.ndarray:
    """Give the key of the lattice point that each centre is nearest to."""
    points = jittered_points(region, spacing_um, seed, margin_um=2.5 * _ALVEOLUS_UM + 2.5 * spacing_um)
    _, nearest = KDTree(points.places).query(centres)
    return np.asarray(points.keys[nearest])
