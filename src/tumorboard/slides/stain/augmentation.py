"""Augmentation of haematoxylin, eosin and the residual: Tellez D et al., IEEE Trans Med Imaging 2018;37:2126-2136.

The three stains are those of Ruifrok AC, Johnston DA, Anal Quant Cytol Histol 2001;23:291-299, with the residual in
DAB's place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.errors import SettingsError
from tumorboard.slides.slide import Picture
from tumorboard.slides.stain.density import check_tile, exponential_picture, mixed

RGB_OF_STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
"""Optical density of haematoxylin, eosin and DAB (rows) in red, green, blue, as Ruifrok and Johnston measured them."""

LARGEST_STRENGTH = 0.5
_WHITE = 255.0
# level 0 has no finite density; just below half a level it comes back as 0
_DENSITY = np.asarray(-np.log(np.maximum(np.arange(256), 0.49) / _WHITE), np.float32)
_STAINS_OF_RGB = np.linalg.inv(RGB_OF_STAINS)


@dataclass(frozen=True)
class StainAugmentation:
    """Varies the amount of each stain: its concentration is multiplied by 1 ± strength and moved by ± strength.

    Parameters
    ----------
    strength : float
        0 (nothing) to 0.5; Tellez's light variation is 0.05, the strong one 0.2. Concentrations are natural optical
        densities.

    Raises
    ------
    SettingsError
        For another strength.
    """

    strength: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= LARGEST_STRENGTH:
            raise SettingsError(
                f"a strength of stain augmentation of {self.strength} is not allowed",
                fix=f"Give a number from 0 to {LARGEST_STRENGTH}",
            )

    def vary(self, tile: Picture, seed: int) -> Picture:
        """Vary a tile's stains.

        Parameters
        ----------
        tile : ndarray of uint8, shape (height, width, 3)
        seed : int
            The same seed gives the same variation, whatever the tile.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
        """
        check_tile(tile)
        random = np.random.default_rng(seed)
        factors = random.uniform(1 - self.strength, 1 + self.strength, 3)
        shifts = random.uniform(-self.strength, self.strength, 3)
        # concentrations are densities (as rows) times the inverse; varied; times the stains: one affine step
        mixing = (_STAINS_OF_RGB * factors) @ RGB_OF_STAINS
        density = np.asarray(cv2.LUT(tile, _DENSITY), np.float32)
        return exponential_picture(mixed(density, -mixing.T, math.log(_WHITE) - shifts @ RGB_OF_STAINS))
