"""How sharp a picture of tissue is, in physical terms.

The contrast of fine structures is set against that of coarser ones in the same picture. A blur takes the fine away
first; stain, amount of tissue and the camera's curve change both alike. By how much the fine bands fall is computed
from a Gaussian point spread over a texture whose power falls with spatial frequency as f^-1.67, as it does in sharply
scanned haematoxylin and eosin (18 tiles of TCGA-KIRC and one Aperio scan).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture

WORKING_MPP = 1.0
"""µm per pixel at which sharpness is measured, or what is nearest above half of it."""

COARSEST_MPP = 2.5
"""µm per pixel beyond which a picture shows nothing of the focus."""

REFERENCE_PERIOD_UM = 4.0

_FINE_SD, _COARSE_SD, _COARSEST_SD = 1.0, 3.0, 5.0
"""The bands, as sd in pixels: finer than the first; between the other two."""

_SHRINK = 4
"""The coarse band is measured on so many times fewer pixels along each side."""

_POWER_EXPONENT = 1.67
_LEAST_VARIANCE_UM2, _MOST_VARIANCE_UM2 = -0.2, 16.0
"""Of the point spread; below 0 for tissue that is richer in fine detail than most."""

_FAINTEST = 3e-3
"""Optical density (sd) below which a band is the camera's and the JPEG coding's rather than the tissue's."""

_DENSITY = (-np.log10((np.arange(256) + 1) / 256)).astype(np.float32)


def focus_of(picture: Picture, mpp: float) -> float:
    """Estimate how much of the contrast of structures 4 µm apart the picture still shows.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        Tissue, at least 48 µm and 24 pixels wide and high.
    mpp : float
        µm per pixel, up to 2.5.

    Returns
    -------
    float
        Modulation transfer at one cycle per 4 µm: about 1 for sharp tissue (up to 1.28 where it is rich in fine
        detail), 0.54 for a point spread with an sd of 0.7 µm, 0.29 for 1 µm, 0.06 for 1.5 µm, 0 where nothing is
        resolved, glass included. See `blur_sd_um` for the way back.

    Raises
    ------
    ValueError
        For what is no picture, or too coarse.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"a picture of shape {picture.shape} has no height, width and three colours")
    if not 0 < mpp <= COARSEST_MPP:
        raise ValueError(f"at {mpp} µm per pixel no focus can be told; up to {COARSEST_MPP} it can")
    lightness, working_mpp = reduced(lightness_of(picture), mpp)
    fine, coarse = band_energies(lightness)
    return float(transfer(np.array([fine.mean()]), np.array([coarse.mean()]), working_mpp)[0])


def lightness_of(picture: Picture) -> NDArray[np.uint8]:
    """Give 0.30 red + 0.59 green + 0.11 blue."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def blur_sd_um(focus: float) -> float:
    """Give the sd in µm of the Gaussian point spread that lets so much of the contrast through (`focus_of`)."""
    return REFERENCE_PERIOD_UM / np.pi * float(np.sqrt(np.log(1 / np.clip(focus, 1e-12, 1)) / 2))


def reduced(lightness: NDArray[np.uint8], mpp: float) -> tuple[NDArray[np.uint8], float]:
    """Average a picture to about the scale at which sharpness is measured; give it and its µm per pixel."""
    factor = max(1, round(WORKING_MPP / mpp))
    height, width = lightness.shape[0] // factor, lightness.shape[1] // factor
    if factor == 1 or not height or not width:
        return lightness, mpp
    whole = lightness[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8), mpp * factor


def band_energies(lightness: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the squared optical density of the fine band at each pixel, and of the coarse band at each fourth one.

    Parameters
    ----------
    lightness : ndarray of uint8, shape (height, width)
        At the working scale.

    Returns
    -------
    fine : ndarray of float32, shape (height, width)
    coarse : ndarray of float32, shape (height / 4, width / 4), rounded up
    """
    density = cv2.LUT(lightness, _DENSITY)
    fine = cv2.subtract(density, cv2.GaussianBlur(density, (5, 5), _FINE_SD))
    height, width = (-(-side // _SHRINK) for side in density.shape)
    small = cv2.resize(density, (width, height), interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(small, (5, 5), _COARSE_SD / _SHRINK)
    # sd add up as squares: the wider blur is a further one of the narrower
    further = float(np.sqrt(_COARSEST_SD**2 - _COARSE_SD**2))
    coarse = cv2.subtract(near, cv2.GaussianBlur(near, (7, 7), further / _SHRINK))
    return np.asarray(cv2.multiply(fine, fine), np.float32), np.asarray(cv2.multiply(coarse, coarse), np.float32)


def transfer(fine: NDArray[np.float32], coarse: NDArray[np.float32], working_mpp: float) -> NDArray[np.float64]:
    """Turn mean energies of the two bands into the modulation transfer at one cycle per 4 µm."""
    ratio = fine.astype(np.float64) / (coarse.astype(np.float64) + _FAINTEST**2)
    logs, variances = _expected(round(working_mpp, 2))
    variance = np.interp(np.log(np.maximum(ratio, 1e-12)), logs, variances)
    return np.asarray(np.exp(-2 * (np.pi / REFERENCE_PERIOD_UM) ** 2 * variance))


@lru_cache(maxsize=64)
def _expected(working_mpp: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the log of the bands' ratio of energies, rising, and the variance in µm² of the point spread of each."""
    pixels = np.linspace(1e-3, 0.5, 800)  # cycles per pixel
    texture = pixels ** (1 - _POWER_EXPONENT) * np.sinc(pixels) ** 2

    def passed(sd: float) -> NDArray[np.float64]:
        return np.asarray(np.exp(-2 * (np.pi * sd * pixels) ** 2))

    variances = np.linspace(_LEAST_VARIANCE_UM2, _MOST_VARIANCE_UM2, 800)
    spread = np.exp(-4 * (np.pi * pixels[:, None] / working_mpp) ** 2 * variances)
    fine = (texture * (1 - passed(_FINE_SD)) ** 2) @ spread
    averaged = np.sinc(_SHRINK * pixels) ** 2
    coarse = (texture * averaged * (passed(_COARSE_SD) - passed(_COARSEST_SD)) ** 2) @ spread
    logs = np.log(fine / coarse)
    return logs[::-1].copy(), variances[::-1].copy()
