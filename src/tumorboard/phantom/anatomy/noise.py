"""Smooth random volumes that repeat without a seam: made once in a process, read at random offsets."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

SIZE = 96
"""Texels along each side of a noise volume."""
_SEED = 20_406


@lru_cache(maxsize=8)
def noise_volume(scale: int, stream: int = 0) -> np.ndarray:
    """Give Gaussian noise smoothed by a Gaussian kernel.

    Parameters
    ----------
    scale : int
        Size of a bump in texels, about 2.5 standard deviations of the kernel.
    stream : int
        Another stream is independent.

    Returns
    -------
    ndarray of float32, shape (96, 96, 96)
        Mean 0, standard deviation 1, periodic.
    """
    white = np.random.default_rng([_SEED, scale, stream]).standard_normal((SIZE, SIZE, SIZE), dtype=np.float32)
    sigma = scale / 2.5
    full, half = fft.fftfreq(SIZE), fft.rfftfreq(SIZE)
    response = [np.exp(-2 * (np.pi * sigma * axis) ** 2).astype(np.float32) for axis in (full, full, half)]
    spectrum = fft.rfftn(white)
    spectrum *= response[0][:, None, None] * response[1][None, :, None] * response[2][None, None, :]
    noise = fft.irfftn(spectrum, s=white.shape)
    noise -= noise.mean()
    noise /= noise.std()
    noise.setflags(write=False)
    return np.asarray(noise, np.float32)


def noise_window(shape: tuple[int, int, int], scale: int, rng: np.random.Generator) -> np.ndarray:
    """Give a random window of `noise_volume`.

    Parameters
    ----------
    shape : tuple of int
        Beyond 96 texels it repeats.
    scale : int
        Size of a bump in texels.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float32
    """
    indices = [(rng.integers(SIZE) + np.arange(count)) % SIZE for count in shape]
    return np.asarray(noise_volume(scale)[np.ix_(*indices)])
