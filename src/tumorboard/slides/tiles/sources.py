"""A grid's tiles one by one: stored streams as they are, pictures put together from stored tiles, pictures read."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from tumorboard.slides.slide import JpegLevel, Picture, Slide
from tumorboard.slides.tiles.coding import TileCoding, check_stream, decode, white_picture
from tumorboard.slides.tiles.grid import TileGrid

Content = TypeVar("Content")


class TileSource(Protocol[Content]):
    """Gives the tiles of a grid in any form from which a payload and a picture of half the size can be made.

    Rows are asked for from the top; what only rows above needed is forgotten. Each method raises `FileFormatError`
    where the file is damaged.
    """

    def fetch(self, column: int, row: int) -> Content:
        """Return a tile; no tile is read or decoded twice."""

    def payload(self, content: Content) -> bytes:
        """Return a tile as a JPEG stream."""

    def half(self, content: Content) -> Picture:
        """Return a tile's picture at half its size."""

    def whole(self, content: Content) -> Picture:
        """Return a tile's picture."""


class StoredStreams:
    """Tiles that are taken over: the stored JPEG streams. Where the file has none, a white tile.

    Parameters
    ----------
    stored : JpegLevel
    grid : TileGrid
    coding : TileCoding
        For the white tile.
    """

    def __init__(self, stored: JpegLevel, grid: TileGrid, coding: TileCoding) -> None:
        self._jpeg = stored.jpeg
        self._px = grid.tile_px
        self._first = (grid.origin[0] // grid.tile_px, grid.origin[1] // grid.tile_px)
        self._coding = coding

    def fetch(self, column: int, row: int) -> bytes:
        """Return a tile's stream, checked as far as that goes without decoding."""
        stream = self._jpeg(self._first[0] + column, self._first[1] + row)
        if not stream:
            return self._white
        check_stream(stream, self._px, self._px)
        return stream

    @cached_property
    def _white(self) -> bytes:
        return self._coding.encode(white_picture(self._px, self._px))

    def payload(self, content: bytes) -> bytes:
        """Return the stream itself."""
        return content

    def half(self, content: bytes) -> Picture:
        """Decode a stream at half its size."""
        return decode(content, self._px, self._px, 2)

    def whole(self, content: bytes) -> Picture:
        """Decode a stream."""
        return decode(content, self._px, self._px)


class CutPictures:
    """Tiles cut from a picture.

    Parameters
    ----------
    picture : PictureOfPlane
        Gives rectangles of the grid's plane.
    grid : TileGrid
    coding : TileCoding
    """

    def __init__(self, picture: PictureOfPlane, grid: TileGrid, coding: TileCoding) -> None:
        self._picture = picture
        self._grid = grid
        self._coding = coding

    def fetch(self, column: int, row: int) -> Picture:
        """Return a tile's picture at the grid's scale."""
        grid = self._grid
        left, top = grid.origin[0] + column * grid.source_px, grid.origin[1] + row * grid.source_px
        picture = self._picture.square(left, top, grid.source_px)
        return picture if grid.source_px == grid.tile_px else _averaged(picture, grid.tile_px)

    def payload(self, content: Picture) -> bytes:
        """Encode a picture."""
        return self._coding.encode(content)

    def half(self, content: Picture) -> Picture:
        """Average over 2 x 2 pixels."""
        return _averaged(content, self._grid.tile_px // 2)

    def whole(self, content: Picture) -> Picture:
        """Return the picture itself."""
        return content


class PictureOfPlane(Protocol):
    """Gives squares of a plane's pixels, from the top."""

    def square(self, left: int, top: int, edge: int) -> Picture:
        """Return the square whose upper left corner is given, in pixels of the plane."""


class StoredPicture:
    """A plane put together from a level's stored JPEG tiles, each decoded once, at the size that is wanted.

    Parameters
    ----------
    stored : JpegLevel
    reduction : int
        1, 2, 4 or 8.
    """

    def __init__(self, stored: JpegLevel, reduction: int) -> None:
        self._stored = stored
        self._reduction = reduction
        self._across = stored.tile_width // reduction
        self._down = stored.tile_height // reduction
        self._pieces: dict[int, dict[int, Picture]] = {}

    def square(self, left: int, top: int, edge: int) -> Picture:
        """Return a square of the plane; pieces of rows above it are forgotten."""
        across, down = self._across, self._down
        first_row = top // down
        for row in [row for row in self._pieces if row < first_row]:
            del self._pieces[row]
        picture = np.empty((edge, edge, 3), np.uint8)
        for row in range(first_row, (top + edge - 1) // down + 1):
            pieces = self._pieces.setdefault(row, {})
            y = row * down - top
            inside = slice(max(y, 0), y + down)
            for column in range(left // across, (left + edge - 1) // across + 1):
                piece = pieces.get(column)
                if piece is None:
                    piece = pieces[column] = self._decoded(column, row)
                x = column * across - left
                cut = piece[max(-y, 0) : edge - y, max(-x, 0) : edge - x]
                picture[inside, max(x, 0) : x + across] = cut
        return picture

    def _decoded(self, column: int, row: int) -> Picture:
        stream = self._stored.jpeg(column, row)
        if not stream:
            return white_picture(self._across, self._down)
        return decode(stream, self._stored.tile_width, self._stored.tile_height, self._reduction)


class ReadPicture:
    """A level read by the slide's own reader, a tile at a time, so that a tile's pixels depend on no other.

    Parameters
    ----------
    slide : Slide
    level : int
    """

    def __init__(self, slide: Slide, level: int) -> None:
        self._slide = slide
        self._level = level

    def square(self, left: int, top: int, edge: int) -> Picture:
        """Return a square of the level."""
        return self._slide.read(self._level, left, top, edge, edge)


def open_source(slide: Slide, grid: TileGrid, coding: TileCoding) -> TileSource[Any]:
    """Return the source of a grid's tiles; the grid is not one of halves.

    Parameters
    ----------
    slide : Slide
        The one that the grid was planned for.
    grid : TileGrid
    coding : TileCoding
    """
    stored = slide.jpeg_level(grid.level) if grid.from_stored else None
    if stored is not None and grid.method == "taken over":
        return StoredStreams(stored, grid, coding)
    plane: PictureOfPlane
    plane = StoredPicture(stored, grid.reduction) if stored is not None else ReadPicture(slide, grid.level)
    return CutPictures(plane, grid, coding)


def _averaged(picture: Picture, edge: int) -> Picture:
    """Average a square picture down to an edge."""
    return np.asarray(cv2.resize(picture, (edge, edge), interpolation=cv2.INTER_AREA), np.uint8)
