"""Stain normalisation after Macenko M et al., A method for normalizing histology slides, ISBI 2009:1107-1110."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture
from tumorboard.slides.stain.density import (
    LIGHT,
    Normalised,
    Values,
    brightest_channel,
    exponential_picture,
    mean_and_covariance,
    measured_in,
    mixed,
    optical_density,
    percentile,
    stained_pixels,
)

_EXTREME_PERCENT = 1.0
_LARGEST_CONCENTRATION_PERCENT = 99.0
_LEAST_SINE = 0.03  # of the angle between the two stains, 2°: below, they are one

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stain:
    """What a tile, or many, is stained with.

    Parameters
    ----------
    vectors : ndarray of float64, shape (3, 2)
        Optical density of haematoxylin and of eosin in red, green, blue; columns of length 1.
    concentrations : ndarray of float64, shape (2,)
        The 99th percentile of each stain's concentration.
    """

    vectors: Matrix
    concentrations: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MacenkoNormaliser:
    """Gives tiles the stain of a reference.

    The optical densities of stained pixels lie about a plane; the two stains are the directions in that plane at the
    1st and 99th percentile of the angle. Concentrations are found by least squares and scaled so that their 99th
    percentiles are the reference's; what is neither stain is lost. Densities are natural logarithms and β = 0.15, as in
    the programs in use; the paper writes decimal ones.

    Parameters
    ----------
    reference : Stain
    """

    method: ClassVar[str] = "macenko"
    reference: Stain

    @classmethod
    def fit(cls, patients: Iterable[Sequence[Picture]]) -> Self:
        """Take the median of the patients' stains, each number by itself, as the reference.

        Parameters
        ----------
        patients : iterable of sequences of ndarray of uint8, each of shape (height, width, 3)
            Tiles of each patient that a model is fitted on; patients with too little stain are passed over.

        Raises
        ------
        UndefinedEstimateError
            Where no patient's tiles tell their stain.
        """
        found = measured_in(patients, stain_of)
        vectors = np.median([stain.vectors for stain in found], axis=0)
        concentrations = np.median([stain.concentrations for stain in found], axis=0)
        return cls(Stain(vectors / np.linalg.norm(vectors, axis=0), concentrations))

    def normalise(self, tile: Picture, source: Stain | None = None) -> Normalised:
        """Give a tile the reference's stain.

        Parameters
        ----------
        tile : ndarray of uint8, shape (height, width, 3)
        source : Stain, optional
            Of the slide, from some of its tiles by `stain_of`: steadier than a tile's own, which without it is taken. A
            tile of blood or necrosis alone does not hold both stains.

        Returns
        -------
        Normalised
            The tile itself, and why, where it has too little stain.
        """
        own = source or stain_of([tile])
        if isinstance(own, str):
            return Normalised(tile, own)
        scaled = self.reference.vectors * (self.reference.concentrations / own.concentrations)
        mixing = scaled @ np.linalg.pinv(own.vectors)
        return Normalised(exponential_picture(mixed(optical_density(tile), -mixing, math.log(LIGHT))))


def stain_of(tiles: Sequence[Picture]) -> Stain | str:
    """Estimate the two stains of tiles from their pixels together.

    Parameters
    ----------
    tiles : sequence of ndarray of uint8, each of shape (height, width, 3)
        Of one slide; 3 bytes of memory a stained pixel, and 30 while it works.

    Returns
    -------
    Stain or str
        Why there is none, where there is none.
    """
    pixels = stained_pixels(tiles, brightest_channel)
    if pixels is None:
        return "too little stain"
    vectors = _vectors(optical_density(pixels)[0])
    if np.linalg.norm(np.cross(vectors[:, 0], vectors[:, 1])) < _LEAST_SINE:
        return "one stain only"
    unmixing = np.asarray(np.linalg.pinv(vectors), np.float64)
    # of all pixels, not of the stained ones alone: so the programs in use
    concentrations = np.concatenate([mixed(optical_density(tile), unmixing).reshape(-1, 2) for tile in tiles])
    largest = np.array([percentile(one, _LARGEST_CONCENTRATION_PERCENT) for one in concentrations.T])
    if largest.min() <= 0:
        return "one stain only"
    return Stain(vectors, largest)


def _vectors(density: Values) -> Matrix:
    """Find the directions of haematoxylin and eosin among the densities of stained pixels, shape (pixels, 3)."""
    _, covariance = mean_and_covariance(density)
    _, axes = np.linalg.eigh(covariance)
    plane = axes[:, 1:]  # of the two largest eigenvalues, the largest last
    along = density @ plane.astype(np.float32)
    angle = np.arctan2(along[:, 1], along[:, 0])
    angles = np.array([percentile(angle, _EXTREME_PERCENT), percentile(angle, 100 - _EXTREME_PERCENT)])
    ends = plane @ np.array([np.cos(angles), np.sin(angles)])
    # haematoxylin takes more of the red light
    return np.asarray(ends if ends[0, 0] > ends[0, 1] else ends[:, ::-1], np.float64)
