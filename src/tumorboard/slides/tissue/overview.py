"""A slide at a glance: the whole of it at some µm per pixel, from as few stored bytes as will do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import JpegLevel, Picture, Slide
from tumorboard.slides.tissue.decoding import decode
from tumorboard.slides.tissue.masks import shrunk

_TOLERANCE = 1.1
_BLOCK_PX = 2048
_WHITE = 255


@dataclass(frozen=True, eq=False)
class Overview:
    """The whole slide at a coarse scale.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        Its upper left corner is that of level 0.
    mpp : float
        µm per pixel.
    downsample : float
        Pixels of level 0 in one pixel, along one side.
    scanned : ndarray of bool, shape (height, width), or None
        Where anything was scanned; None where everything was.
    damaged_tiles : int
        Stored tiles that could not be decoded; they are shown white, as not scanned.
    """

    picture: Picture
    mpp: float
    downsample: float
    scanned: NDArray[np.bool_] | None = None
    damaged_tiles: int = 0


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of the overview: where it lies, what it shows, where it was scanned (None: all), tiles that it lacks."""

    left: int
    top: int
    picture: Picture
    scanned: NDArray[np.bool_] | None = None
    damaged_tiles: int = 0


def read_overview(slide: Slide, mpp: float, *, block_px: int = _BLOCK_PX) -> Overview:
    """Read the whole slide at about a scale, a part at a time.

    It comes from the coarsest level that is at least as fine (or within 10 %). A pixel is the mean of a whole number
    of that level's pixels. Stored JPEG tiles are decoded at 1/2, 1/4 or 1/8 of their size, which costs less the
    smaller it is.

    Parameters
    ----------
    slide : Slide
    mpp : float
        Wanted µm per pixel; what comes is between half of it and 1.1 times it, or the slide's finest.
    block_px : int
        Pixels of the level that are held at once, along one side, where it has no JPEG tiles.

    Returns
    -------
    Overview

    Raises
    ------
    FileFormatError
        The file is damaged, in a level without JPEG tiles of its own.
    """
    level, factor = plan(slide, mpp)
    size = slide.levels[level]
    shape = (max(1, size.height // factor), max(1, size.width // factor))
    picture = np.full((*shape, 3), _WHITE, np.uint8)
    stored = slide.jpeg_level(level)
    parts = _decoded(stored, factor) if stored else _read(slide, level, factor, max(1, block_px // factor) * factor)
    scanned, damaged = _Scanned(shape), 0
    for part in parts:
        room = picture[part.top : part.top + len(part.picture), part.left : part.left + part.picture.shape[1]]
        room[:] = part.picture[: room.shape[0], : room.shape[1]]
        scanned.add(part)
        damaged += part.damaged_tiles
    downsample = size.downsample * factor
    return Overview(picture, slide.scale.mpp * downsample, downsample, scanned.where(), damaged)


class _Scanned:
    """Keeps where parts were scanned; drawn only for a slide that was not scanned everywhere."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._parts: list[tuple[int, int, int, int, NDArray[np.bool_] | None]] = []

    def add(self, part: _Part) -> None:
        height, width = part.picture.shape[:2]
        height, width = min(height, self._shape[0] - part.top), min(width, self._shape[1] - part.left)
        if height > 0 and width > 0:
            self._parts.append((part.top, part.left, height, width, part.scanned))

    def where(self) -> NDArray[np.bool_] | None:
        covered = sum(height * width for _, _, height, width, partly in self._parts if partly is None)
        if covered == self._shape[0] * self._shape[1]:
            return None
        where = np.zeros(self._shape, np.bool_)
        for top, left, height, width, partly in self._parts:
            where[top : top + height, left : left + width] = True if partly is None else partly[:height, :width]
        return None if where.all() else where


def plan(slide: Slide, mpp: float) -> tuple[int, int]:
    """Choose the level to read from, and how many of its pixels, along one side, make one."""
    fine_enough = [number for number in range(len(slide.levels)) if slide.mpp(number) <= mpp * _TOLERANCE]
    level = max(fine_enough, key=slide.mpp, default=0)
    factor = max(1, int(mpp * _TOLERANCE / slide.mpp(level)))
    # a multiple of what tiles can be shrunk by in decoding, and never more than the level has
    power = next((power for power in (8, 4, 2) if factor >= power), 1)
    factor -= factor % power
    return level, max(1, min(factor, slide.levels[level].width, slide.levels[level].height))


def _read(slide: Slide, level: int, factor: int, step: int) -> Iterator[_Part]:
    """Read square blocks, those in which nothing was scanned left out."""
    size, bounds = slide.levels[level], slide.bounds
    first_x, last_x = bounds.left / size.downsample, (bounds.left + bounds.width) / size.downsample
    first_y, last_y = bounds.top / size.downsample, (bounds.top + bounds.height) / size.downsample
    for top in range(0, size.height, step):
        for left in range(0, size.width, step):
            width, height = min(step, size.width - left), min(step, size.height - top)
            if left < last_x and left + width > first_x and top < last_y and top + height > first_y:
                picture = shrunk(slide.read(level, left, top, width, height), factor)
                yield _Part(left // factor, top // factor, picture)


def _decoded(stored: JpegLevel, factor: int) -> Iterator[_Part]:
    """Decode squares of tiles, as many at once as it takes for every pixel's sources to lie in them."""
    scale = next((s for s in (8, 4, 2) if not (factor % s or stored.tile_width % s or stored.tile_height % s)), 1)
    rest = factor // scale
    present = stored.sizes() > 0
    for row in range(0, stored.rows, rest):
        for column in range(0, stored.columns, rest):
            here = present[row : row + rest, column : column + rest]
            if here.any():
                first = (column, row)
                yield _square(stored, here, first, scale, rest) if rest > 1 else _tile(stored, first, scale)


def _tile(stored: JpegLevel, first: tuple[int, int], scale: int) -> _Part:
    """Decode a tile that is not shrunk further."""
    tile_width, tile_height = stored.tile_width // scale, stored.tile_height // scale
    column, row = first
    picture = decode(stored, column, row, scale)
    if picture is None:
        white = np.full((tile_height, tile_width, 3), _WHITE, np.uint8)
        return _Part(column * tile_width, row * tile_height, white, np.zeros(white.shape[:2], np.bool_), 1)
    return _Part(column * tile_width, row * tile_height, picture)


def _square(stored: JpegLevel, present: NDArray[np.bool_], first: tuple[int, int], scale: int, rest: int) -> _Part:
    """Decode a square of tiles and shrink it further; those that are absent or lost are white."""
    tile_width, tile_height = stored.tile_width // scale, stored.tile_height // scale
    (column, row), (down, across) = first, present.shape
    square = np.full((down * tile_height, across * tile_width, 3), _WHITE, np.uint8)
    seen = np.zeros(present.shape, np.bool_)
    for y, x in np.argwhere(present).tolist():
        tile = decode(stored, column + x, row + y, scale)
        if tile is not None:
            square[y * tile_height : (y + 1) * tile_height, x * tile_width : (x + 1) * tile_width] = tile
            seen[y, x] = True
    picture = shrunk(square, rest)
    left, top = column * tile_width // rest, row * tile_height // rest
    if seen.all():
        return _Part(left, top, picture)
    # where the middle of each pixel lies
    of_row = (np.arange(picture.shape[0]) * rest + rest // 2) // tile_height
    of_column = (np.arange(picture.shape[1]) * rest + rest // 2) // tile_width
    lost = int(np.count_nonzero(present & ~seen))
    return _Part(left, top, picture, seen[np.ix_(of_row, of_column)], lost)
