"""Colour transfer after Reinhard E et al., IEEE Comput Graph Appl 2001;21(5):34-41, of the stained part of tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture
from tumorboard.slides.stain.density import (
    FIRST_PALE_LEVEL,
    Normalised,
    Values,
    clipped_picture,
    darkest_channel,
    mean_and_covariance,
    measured_in,
    mixed,
    stained_pixels,
)

# the paper's equations 4 to 6: cone responses, and their logarithms' achromatic, yellow-blue and red-green parts
_TO_CONES = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_TO_LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)
_LEAST_SPREAD = 1e-3
_LEVELS = np.maximum(np.arange(256), 1).astype(np.float32)
_WEIGHT = np.clip((255 - np.arange(256)) / (255 - FIRST_PALE_LEVEL + 1), 0, 1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Colours:
    """Mean and standard deviation of the stained pixels' l, α and β (natural logarithms).

    Parameters
    ----------
    mean, spread : ndarray of float64, shape (3,)
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReinhardNormaliser:
    """Gives a tile's stained pixels the mean and standard deviation of a reference's, in Ruderman's lαβ colours.

    Pixels without stain do not count, else the share of white would decide the colours. White stays white, and the
    change grows from there to the whole where a pixel counts as stained.

    Parameters
    ----------
    reference : Colours
    """

    method: ClassVar[str] = "reinhard"
    reference: Colours

    @classmethod
    def fit(cls, patients: Iterable[Sequence[Picture]]) -> Self:
        """Take the median of the patients' colours, each number by itself, as the reference.

        Parameters
        ----------
        patients : iterable of sequences of ndarray of uint8, each of shape (height, width, 3)
            Tiles of each patient that a model is fitted on; patients with too little stain are passed over.

        Raises
        ------
        UndefinedEstimateError
            Where no patient's tiles have enough stain.
        """
        found = measured_in(patients, colours_of)
        return cls(
            Colours(
                np.median([colours.mean for colours in found], axis=0),
                np.median([colours.spread for colours in found], axis=0),
            )
        )

    def normalise(self, tile: Picture, source: Colours | None = None) -> Normalised:
        """Give a tile the reference's colours.

        Parameters
        ----------
        tile : ndarray of uint8, shape (height, width, 3)
        source : Colours, optional
            Of the slide, from some of its tiles by `colours_of`: steadier than the tile's own, which are taken else.

        Returns
        -------
        Normalised
            The tile itself, and why, where it has too little stain.
        """
        own = source or colours_of([tile])
        if isinstance(own, str):
            return Normalised(tile, own)
        # of the logarithms of the cones' responses: to lαβ, scaled and moved, and back, in one step
        scaling = _FROM_LAB @ np.diag(self.reference.spread / own.spread)
        offset = _FROM_LAB @ self.reference.mean - scaling @ own.mean
        cones = mixed(_log_cones(tile), scaling @ _TO_LAB, offset)
        changed = clipped_picture(mixed(np.asarray(cv2.exp(cones, cones), np.float32), _FROM_CONES))
        weight = cv2.LUT(darkest_channel(tile), _WEIGHT)
        return Normalised(np.asarray(cv2.blendLinear(changed, tile, weight, 1 - weight), np.uint8))


def colours_of(tiles: Sequence[Picture]) -> Colours | str:
    """Measure the colours of tiles' stained pixels together.

    Parameters
    ----------
    tiles : sequence of ndarray of uint8, each of shape (height, width, 3)
        Of one slide; 3 bytes of memory a stained pixel, and 30 while it works.

    Returns
    -------
    Colours or str
        Why there are none, where there are none.
    """
    pixels = stained_pixels(tiles, darkest_channel)
    if pixels is None:
        return "too little stain"
    mean, covariance = mean_and_covariance(_log_cones(pixels)[0])
    spread = np.sqrt(np.diag(_TO_LAB @ covariance @ _TO_LAB.T))
    if spread.min() < _LEAST_SPREAD:
        return "one colour only"
    return Colours(np.asarray(_TO_LAB @ mean, np.float64), np.asarray(spread, np.float64))


def _log_cones(tile: Picture) -> Values:
    """Return the logarithms of the cones' responses to grey levels of 1 to 255, shape (height, width, 3)."""
    responses = mixed(np.asarray(cv2.LUT(tile, _LEVELS), np.float32), _TO_CONES)
    return np.asarray(cv2.log(responses, responses), np.float32)
