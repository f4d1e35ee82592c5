"""A rectangle of a simulated slide and the dyes in it.

Everything on a slide lies at world coordinates in µm from its upper left corner, and is drawn from hashes of the
slide's seed and a lattice position, never from a running generator: any window, at any scale, shows the same tissue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

CONCENTRATION_PER_LEVEL = 0.01
"""Optical density, in the channel where the dye is strongest, of one level of a dye map (0 to 255: 0 to 2.55)."""


@dataclass(frozen=True)
class Window:
    """A rectangle of a slide at a scale.

    Parameters
    ----------
    left_um, top_um : float
        The upper left corner, in µm from the slide's.
    width_px, height_px : int
        Its size in pixels.
    mpp : float
        µm per pixel.
    """

    left_um: float
    top_um: float
    width_px: int
    height_px: int
    mpp: float

    @property
    def right_um(self) -> float:
        """Right edge in µm."""
        return self.left_um + self.width_px * self.mpp

    @property
    def bottom_um(self) -> float:
        """Lower edge in µm."""
        return self.top_um + self.height_px * self.mpp

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height_px, self.width_px

    def part(self, left_px: int, top_px: int, width_px: int, height_px: int) -> Window:
        """Give a rectangle of this window's pixels; it may reach beyond the window."""
        return Window(self.left_um + left_px * self.mpp, self.top_um + top_px * self.mpp, width_px, height_px, self.mpp)

    def widened(self, border_px: int) -> Window:
        """Give this window with a border of pixels around it."""
        return self.part(-border_px, -border_px, self.width_px + 2 * border_px, self.height_px + 2 * border_px)

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Give where the pixels' centres lie in µm: x as a row and y as a column."""
        x_um = self.left_um + (np.arange(self.width_px) + 0.5) * self.mpp
        y_um = self.top_um + (np.arange(self.height_px) + 0.5) * self.mpp
        return x_um[None, :], y_um[:, None]

    def holds(self, x_um: np.ndarray, y_um: np.ndarray, margin_um: float) -> np.ndarray:
        """Say which points lie in the window or nearer to it than a margin."""
        across = (x_um > self.left_um - margin_um) & (x_um < self.right_um + margin_um)
        return np.asarray(across & (y_um > self.top_um - margin_um) & (y_um < self.bottom_um + margin_um))

    def pixels(self, x_um: np.ndarray, y_um: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn world coordinates into this window's pixel coordinates (pixel centres are whole numbers)."""
        return (x_um - self.left_um) / self.mpp - 0.5, (y_um - self.top_um) / self.mpp - 0.5


class Canvas:
    """The dyes in a window: haematoxylin, eosin and the colour of red blood cells.

    Parameters
    ----------
    window : Window

    Attributes
    ----------
    haematoxylin, eosin, erythrocyte : ndarray of uint8, shape (height, width)
        Optical density of each dye in units of `CONCENTRATION_PER_LEVEL`.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.haematoxylin: np.ndarray = np.zeros(window.shape, np.uint8)
        self.eosin: np.ndarray = np.zeros(window.shape, np.uint8)
        self.erythrocyte: np.ndarray = np.zeros(window.shape, np.uint8)


@dataclass(frozen=True)
class Stain:
    """How the dyes look: one site's stain and its scanner's light.

    Parameters
    ----------
    haematoxylin, eosin, erythrocyte : tuple of float
        Optical density (base 10) per unit of concentration in red, green and blue; the largest about 1.
    strength : tuple of float
        Factor on the concentration of each of the three dyes (fading, longer or shorter staining).
    background : tuple of int
        Red, green and blue of glass, 0 to 255.
    """

    haematoxylin: tuple[float, float, float] = (0.99, 0.90, 0.50)
    eosin: tuple[float, float, float] = (0.13, 1.0, 0.56)
    erythrocyte: tuple[float, float, float] = (0.15, 1.0, 0.76)
    strength: tuple[float, float, float] = (1.0, 1.0, 1.0)
    background: tuple[int, int, int] = (250, 249, 251)

    def colour(self, canvas: Canvas) -> np.ndarray:
        """Give the picture.

        Parameters
        ----------
        canvas : Canvas

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            Red, green, blue.
        """
        tables = _transmittance(self)
        maps = (canvas.haematoxylin, canvas.eosin, canvas.erythrocyte)
        bands = []
        for channel in range(3):
            light = [cv2.LUT(dye, tables[number][channel]) for number, dye in enumerate(maps)]
            band = cv2.multiply(light[0], light[1], scale=1 / 255)
            bands.append(cv2.multiply(band, light[2], scale=self.background[channel] / 255**2))
        return cv2.merge(bands)


@lru_cache(maxsize=64)
def _transmittance(stain: Stain) -> np.ndarray:
    """Give what each dye lets through at each level: (dye, channel, level), 0 to 255."""
    vectors = np.array([stain.haematoxylin, stain.eosin, stain.erythrocyte]) * np.array(stain.strength)[:, None]
    density = vectors[:, :, None] * np.arange(256) * CONCENTRATION_PER_LEVEL
    return np.asarray(np.round(255 * 10.0**-density), np.uint8)
