"""Optical density against the slide's own glass, in whole steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture
from tumorboard.slides.tissue.masks import Channel, Mask, is_any
from tumorboard.slides.tissue.overview import Overview

STEP = 0.004
"""Optical density of one step; the greatest that can be told is 1.02."""

_USUAL_GLASS = (245.0, 245.0, 245.0)
_DARKEST_GLASS = 150
_LEAST_GLASS_SHARE = 0.003
_PINKEST_GLASS = 0.02
"""Optical density by which green may lie above the mean of red and blue: pale tissue has more."""

_NEIGHBOURS = 3
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Density:
    """Optical densities of an overview, in steps of `STEP`.

    Parameters
    ----------
    red, green, blue : ndarray of uint8, shape (height, width)
    glass : tuple of float
        The glass's red, green and blue, 0 to 255.
    """

    red: Channel
    green: Channel
    blue: Channel
    glass: tuple[float, float, float]

    def colour(self) -> Channel:
        """Give by how much green's density exceeds the mean of red's and blue's, in steps: nothing grey has any."""
        others = cv2.addWeighted(self.red, 0.5, self.blue, 0.5, 0)
        return np.asarray(cv2.subtract(self.green, others), np.uint8)


def steps(density: float) -> int:
    """Give an optical density in steps."""
    return max(1, round(density / STEP))


def density_of(overview: Overview) -> Density:
    """Measure the optical density of each pixel; what was not scanned has none."""
    channels = [np.empty(overview.picture.shape[:2], np.uint8) for _ in range(3)]
    cv2.split(overview.picture, channels)
    glass = _glass_colour(overview.picture, channels)
    for channel, white in zip(channels, glass, strict=True):
        cv2.LUT(channel, density_table(white, STEP), channel)
        if overview.scanned is not None:
            channel[~overview.scanned] = 0
    red, green, blue = channels
    return Density(red, green, blue, glass)


def density_table(white: float, step: float) -> NDArray[np.uint8]:
    """Give the density, in steps, of each of the 256 levels of light."""
    light = np.maximum(np.arange(256), 1)
    return np.clip(np.round(-np.log10(light / white) / step), 0, 255).astype(np.uint8)


def _glass_colour(picture: Picture, channels: Sequence[Channel]) -> tuple[float, float, float]:
    """Estimate the colour of empty glass: the brightest lightness at which pixels heap up and lie together, not pink.

    Every other pixel is looked at. Pure white is left out, with which scanners fill what they did not scan, unless
    there is nothing else that bright.

    Returns
    -------
    tuple of float
        Red, green and blue; 245 each where nothing is bright enough.
    """
    lightness = np.ascontiguousarray(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[::2, ::2])
    counts = np.asarray(cv2.calcHist([lightness], [0], None, [256], [0, 256]), np.float32).ravel()
    white_share = float(counts[255]) / lightness.size
    counts[255] = 0
    for peak in _heaps(counts, lightness.size):
        near = np.asarray(cv2.inRange(lightness, peak - _NEIGHBOURS, min(peak + _NEIGHBOURS, 254)), np.uint8)
        if not is_any(np.asarray(cv2.erode(near, _SQUARE), np.uint8)):
            continue
        red, green, blue = (_median(np.ascontiguousarray(channel[::2, ::2]), near) for channel in channels)
        if float(np.log10(np.sqrt(red * blue) / green)) <= _PINKEST_GLASS:
            return red, green, blue
    return _USUAL_GLASS if white_share < _LEAST_GLASS_SHARE else (255.0, 255.0, 255.0)


def _heaps(counts: NDArray[np.float32], pixels: int) -> Iterator[int]:
    """Give the lightnesses at which pixels heap up, the brightest first."""
    sums = np.convolve(counts, np.ones(5), "same")
    for level in range(254, _DARKEST_GLASS, -1):
        if sums[level] >= _LEAST_GLASS_SHARE * pixels and sums[level] == sums[max(level - 4, 0) : level + 5].max():
            yield level


def _median(channel: Channel, where: Mask) -> float:
    counts = np.asarray(cv2.calcHist([channel], [0], where, [256], [0, 256])).ravel()
    return float(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
