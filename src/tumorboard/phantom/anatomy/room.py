"""The room a tumour has to grow in: what yields and what does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.habitus import Habitus

_HIGHEST_MM = 132.0


@dataclass(frozen=True)
class Room:
    """The space between spine, back and abdominal wall; a tumour flattens against them as it fills it.

    Parameters
    ----------
    half_width_mm, half_depth_mm : float
        Of the ellipse within which the wall keeps it; the wall gives way to a large one.
    spine_mm, spine_radius_mm : float
        y of the axis and radius of a column around the spine.
    back_mm : float
        y of the muscles of the back.
    """

    half_width_mm: float
    half_depth_mm: float
    spine_mm: float
    spine_radius_mm: float
    back_mm: float

    def limit_mm(self, source: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Give how far it is from a place in the room, along unit vectors, to where the room ends.

        Parameters
        ----------
        source : ndarray, shape (3,)
        x, y, z : ndarray of float
            Components of the unit vectors.

        Returns
        -------
        ndarray of float32
        """
        across, deep = source[0] / self.half_width_mm, source[1] / self.half_depth_mm
        u, v = x / np.float32(self.half_width_mm), y / np.float32(self.half_depth_mm)
        square, mixed = u**2 + v**2 + np.float32(1e-9), np.float32(across) * u + np.float32(deep) * v
        short = np.float32(min(across**2 + deep**2 - 1, -0.05))
        wall = (np.sqrt(mixed**2 - square * short) - mixed) / square
        back = np.where(y > 1e-3, np.float32(max(self.back_mm - source[1], 4.0)) / np.maximum(y, 1e-3), np.inf)
        height = (_HIGHEST_MM - np.sign(z) * np.float32(source[2])) / np.maximum(np.abs(z), 1e-3)
        limit = np.minimum(np.minimum(wall, back), np.minimum(height, self._spine(source, x, y)))
        return np.asarray(np.minimum(limit, 400), np.float32)

    def _spine(self, source: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        away_x, away_y = np.float32(source[0]), np.float32(source[1] - self.spine_mm)
        distance = float(np.hypot(away_x, away_y))
        radius = min(self.spine_radius_mm, distance - 4)
        square, mixed = x**2 + y**2 + np.float32(1e-9), away_x * x + away_y * y
        below = mixed**2 - square * np.float32(distance**2 - radius**2)
        meets = (below > 0) & (mixed < 0)
        return np.where(meets, (-mixed - np.sqrt(np.maximum(below, 0))) / square, np.float32(np.inf))


def room_for(habitus: Habitus, diameter_mm: float) -> Room:
    """Give the room of a tumour.

    Parameters
    ----------
    habitus : Habitus
    diameter_mm : float

    Returns
    -------
    Room
    """
    bulge = 0.3 * max(diameter_mm / 2 - 45, 0.0)
    return Room(
        habitus.half_width_mm - 3 + bulge,
        habitus.half_depth_mm - 4 + bulge,
        habitus.spine_mm + 4,
        28 * habitus.frame,
        habitus.spine_mm + 25 * habitus.frame,
    )
