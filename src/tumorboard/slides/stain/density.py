"""Optical density, and which pixels of a tile are stained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import UndefinedEstimateError
from tumorboard.slides.slide import Picture

Found = TypeVar("Found")

LIGHT = 240.0
"""Transmitted light without tissue, in grey levels."""

LEAST_DENSITY = 0.15
"""Macenko's β, an optical density as natural logarithm."""

LEAST_STAINED_SHARE = 0.03
"""Tiles of which less is stained tell nothing of their stain."""

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Normalised:
    """A tile after stain normalisation.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        The tile itself where nothing was done.
    unchanged_because : str
        Why nothing was done; empty where the tile is normalised.
    """

    picture: Picture
    unchanged_because: str = ""


def density_table(light: float) -> Values:
    """Return the optical density of each grey level, ``-ln((level + 1) / light)``, shape (256,)."""
    return np.asarray(-np.log((np.arange(256) + 1) / light), np.float32)


_TABLE = density_table(LIGHT)


def optical_density(tile: Picture) -> Values:
    """Return optical densities of red, green and blue, shape (height, width, 3); negative where brighter than light."""
    return np.asarray(cv2.LUT(tile, _TABLE), np.float32)


FIRST_PALE_LEVEL = int(np.argmax(_TABLE < LEAST_DENSITY))
"""The first grey level whose optical density is below β."""


def brightest_channel(tile: Picture) -> NDArray[np.uint8]:
    """Return the largest of red, green and blue, shape (height, width)."""
    red, green, blue = cv2.split(tile)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def darkest_channel(tile: Picture) -> NDArray[np.uint8]:
    """Return the smallest of red, green and blue, shape (height, width)."""
    red, green, blue = cv2.split(tile)
    return np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)


def stained_pixels(tiles: Sequence[Picture], channel: Callable[[Picture], NDArray[np.uint8]]) -> Picture | None:
    """Pool the stained pixels of tiles.

    Parameters
    ----------
    tiles : sequence of ndarray of uint8, each of shape (height, width, 3)
    channel : callable
        The channel of a pixel whose density must be β at least: that of its brightest one, which leaves out pure eosin,
        or of its darkest one.

    Returns
    -------
    ndarray of uint8, shape (1, pixels, 3), or None
        None where they are too few.
    """
    pools = []
    for tile in tiles:
        check_tile(tile)
        pools.append(np.compress((channel(tile) < FIRST_PALE_LEVEL).ravel(), tile.reshape(-1, 3), axis=0))
    pooled = np.concatenate(pools)
    if len(pooled) < max(3, LEAST_STAINED_SHARE * sum(tile[..., 0].size for tile in tiles)):
        return None
    return pooled[None]


def mean_and_covariance(values: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance (divided by the number of values) of values of shape (pixels, 3)."""
    mean = np.array(cv2.mean(values[None])[:3])
    centred = values - mean.astype(np.float32)
    return mean, np.asarray(centred.T @ centred, np.float64) / len(values)


def percentile(values: Values, percent: float) -> float:
    """Return a percentile of at least two values, as `numpy.percentile` does, in a fraction of its time."""
    place = percent / 100 * (len(values) - 1)
    lower = min(int(place), len(values) - 2)
    parted = np.partition(values, lower)
    below, above = float(parted[lower]), float(parted[lower + 1 :].min())
    return below + (place - lower) * (above - below)


def mixed(values: Values, matrix: NDArray[np.float64], offset: NDArray[np.float64] | float = 0.0) -> Values:
    """Return ``matrix @ pixel + offset`` of each pixel, shape (height, width, rows of the matrix)."""
    affine = np.column_stack([matrix, np.broadcast_to(offset, len(matrix))]).astype(np.float32)
    return np.asarray(cv2.transform(values, affine), np.float32)


def exponential_picture(values: Values) -> Picture:
    """Round the exponentials of values, which are lost, to grey levels; those above 255 become 255."""
    return np.asarray(cv2.convertScaleAbs(cv2.exp(values, values)), np.uint8)


def clipped_picture(values: Values) -> Picture:
    """Round values, which are lost, to grey levels; those beyond 0 to 255 go to the nearest end."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0.0, out=values)), np.uint8)


def check_tile(tile: Picture) -> None:
    """Refuse what is no tile.

    Raises
    ------
    ValueError
        Not uint8 of shape (height, width, 3).
    """
    if tile.dtype != np.uint8 or tile.ndim != 3 or tile.shape[2] != 3 or not tile.size:
        raise ValueError(f"a tile is uint8 of shape (height, width, 3), not {tile.dtype} of {tile.shape}")


def measured_in(
    patients: Iterable[Sequence[Picture]], measure: Callable[[Sequence[Picture]], Found | str]
) -> list[Found]:
    """Measure each patient's tiles, to take the median as a reference; patients with too little stain are passed over.

    Parameters
    ----------
    patients : iterable of sequences of ndarray of uint8, each of shape (height, width, 3)
    measure : callable
        Gives what was measured, or why it cannot be.

    Raises
    ------
    UndefinedEstimateError
        Where no patient's tiles have enough stain.
    """
    found = [told for tiles in patients if not isinstance(told := measure(tiles), str)]
    if not found:
        raise UndefinedEstimateError("no patient has tiles with enough stain to fit a stain reference on")
    return found
