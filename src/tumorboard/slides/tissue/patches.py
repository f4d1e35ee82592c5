"""Where the focus is looked at: the tiles of one level, stored or read, at about 1 µm per pixel."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import JpegLevel, Slide
from tumorboard.slides.tissue import focus
from tumorboard.slides.tissue.decoding import decode

_COARSEST_MPP = 1.3
_READ_PX = 256


class Patches(ABC):
    """Tiles of one level on a grid from its upper left corner.

    Attributes
    ----------
    columns, rows : int
    width, height : float
        Of a tile, in level-0 pixels.
    working_mpp : float
        µm per pixel of what `lightness` gives.
    """

    columns: int
    rows: int
    width: float
    height: float
    working_mpp: float

    @abstractmethod
    def lightness(self, column: int, row: int) -> NDArray[np.uint8] | None:
        """Give one tile's lightness, shape (height, width); None where it is absent or damaged."""


class StoredPatches(Patches):
    """Stored JPEG tiles, decoded at a part of their size."""

    def __init__(self, slide: Slide, level: int, stored: JpegLevel) -> None:
        downsample = slide.levels[level].downsample
        self._stored = stored
        fits = [s for s in (8, 4, 2) if not (stored.tile_width % s or stored.tile_height % s)]
        self._scale = next((s for s in fits if slide.mpp(level) * s <= _COARSEST_MPP), 1)
        self.columns, self.rows = stored.columns, stored.rows
        self.width, self.height = stored.tile_width * downsample, stored.tile_height * downsample
        self.working_mpp = slide.mpp(level) * self._scale

    def lightness(self, column: int, row: int) -> NDArray[np.uint8] | None:
        """Decode one tile."""
        tile = decode(self._stored, column, row, self._scale, "GRAY")
        return None if tile is None else tile[..., 0]


class ReadPatches(Patches):
    """Squares read through the slide's own reader."""

    def __init__(self, slide: Slide, level: int) -> None:
        size = slide.levels[level]
        self._slide, self._level = slide, level
        self.columns, self.rows = -(-size.width // _READ_PX), -(-size.height // _READ_PX)
        self.width = self.height = _READ_PX * size.downsample
        self.working_mpp = slide.mpp(level) * max(1, round(focus.WORKING_MPP / slide.mpp(level)))

    def lightness(self, column: int, row: int) -> NDArray[np.uint8] | None:
        """Read one square."""
        picture = self._slide.read(self._level, column * _READ_PX, row * _READ_PX, _READ_PX, _READ_PX)
        return focus.reduced(focus.lightness_of(picture), self._slide.mpp(self._level))[0]


def patches_of(slide: Slide) -> Patches:
    """Choose the coarsest level on which sharpness can still be told."""
    fine_enough = [number for number in range(len(slide.levels)) if slide.mpp(number) <= _COARSEST_MPP]
    level = max(fine_enough, key=slide.mpp, default=0)
    stored = slide.jpeg_level(level)
    return ReadPatches(slide, level) if stored is None else StoredPatches(slide, level, stored)
