"""The levels of a slide, made block by block while the base is written: never the whole slide in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from tumorboard.phantom.slides.jpeg import JpegCoding

Paint = Callable[[int, int, int, int], np.ndarray]
"""Gives the picture (height, width, 3; red, green, blue; uint8) of ``left_px, top_px, width, height`` of the base."""

_MOST_TILES_PER_BLOCK = 9
"""Edge of a block in tiles; all that reaches into a block is laid out for each anew, so they are not small."""
_QUARTER, _SIXTEENTH = 4, 16
_LARGEST_QUARTER_OVERVIEW_PX = 12_288


class Pyramid:
    """Encodes the base's tiles in the order of the file and, from the same blocks, the smaller levels.

    Parameters
    ----------
    paint : Paint
        Called once for each block of up to 9 x 9 tiles, band after band from the top, each from the left.
    width_px, height_px : int
        Size of the base; at least 16 pixels each.
    tile_px : int
        Edge of a tile; even.
    coding : JpegCoding
        How tiles are encoded.
    keep_quarter : bool
        Whether the level of a quarter of the base's resolution is wanted.

    Attributes
    ----------
    sixteenth : ndarray of uint8, shape (height // 16, width // 16, 3)
        The base averaged over 16 x 16 pixels; complete when `base_tiles` has ended.
    overview : ndarray of uint8
        What thumbnails are made of: the same, or for small slides the base averaged over 4 x 4 pixels.
    """

    def __init__(
        self, paint: Paint, width_px: int, height_px: int, tile_px: int, coding: JpegCoding, *, keep_quarter: bool
    ) -> None:
        self._paint = paint
        self._width_px, self._height_px, self._tile_px = width_px, height_px, tile_px
        self._coding = coding
        self._keep_quarter = keep_quarter
        self._quarter_tiles: list[bytes] = []
        self._quarter_band: list[np.ndarray] = []
        self._quarter_rest = np.zeros((0, width_px // _QUARTER, 3), np.uint8)
        self.sixteenth = np.zeros((height_px // _SIXTEENTH, width_px // _SIXTEENTH, 3), np.uint8)
        self._is_small = max(width_px, height_px) <= _LARGEST_QUARTER_OVERVIEW_PX
        shape = (height_px // _QUARTER, width_px // _QUARTER, 3)
        self.overview = np.zeros(shape, np.uint8) if self._is_small else self.sixteenth

    def base_tiles(self) -> Iterator[bytes]:
        """Give the base's encoded tiles, row by row."""
        block_height_px, block_width_px = (self._block_px(size_px) for size_px in (self._height_px, self._width_px))
        for top_px in range(0, self._height_px, block_height_px):
            height = min(block_height_px, self._height_px - top_px)
            base_rows: list[list[bytes]] = []
            for left_px in range(0, self._width_px, block_width_px):
                block = self._paint(left_px, top_px, min(block_width_px, self._width_px - left_px), height)
                _append_rows(base_rows, self._encoded(block))
                self._reduce(block, left_px, top_px)
            if self._keep_quarter:
                # before the base's tiles: the writer never asks again after the last of them
                self._encode_quarter(is_last=top_px + height == self._height_px)
            for row in base_rows:
                yield from row

    def tiles_of_level(self, factor: int) -> Iterator[bytes]:
        """Give the encoded tiles of a smaller level, row by row; after `base_tiles` has ended.

        Parameters
        ----------
        factor : int
            4 or 16.
        """
        if factor == _QUARTER:
            yield from self._quarter_tiles
        else:
            for row in self._encoded(self.sixteenth):
                yield from row

    def _block_px(self, size_px: int) -> int:
        """Share a slide's width or height among few blocks of about the same number of tiles."""
        tiles = -(-size_px // self._tile_px)
        blocks = -(-tiles // _MOST_TILES_PER_BLOCK)
        return -(-tiles // blocks) * self._tile_px

    def _reduce(self, block: np.ndarray, left_px: int, top_px: int) -> None:
        quarter = averaged_down(block, 4)
        if self._keep_quarter:
            self._quarter_band.append(quarter)
        if self._is_small:
            _put(self.overview, quarter, top_px // _QUARTER, left_px // _QUARTER)
        _put(self.sixteenth, averaged_down(quarter, 4), top_px // _SIXTEENTH, left_px // _SIXTEENTH)

    def _encode_quarter(self, *, is_last: bool) -> None:
        """Encode the rows of tiles of the quarter level that are complete; a band of blocks may end within one."""
        band = np.vstack([self._quarter_rest, np.hstack(self._quarter_band)])
        self._quarter_band = []
        complete = len(band) if is_last else len(band) - len(band) % self._tile_px
        if complete:
            self._quarter_tiles += [tile for row in self._encoded(band[:complete]) for tile in row]
        self._quarter_rest = band[complete:]

    def _encoded(self, picture: np.ndarray) -> list[list[bytes]]:
        """Encode a picture's tiles; those at the edges are filled up with the last row and column."""
        tile_px = self._tile_px
        below, right = -picture.shape[0] % tile_px, -picture.shape[1] % tile_px
        if below or right:
            picture = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return [
            [
                self._coding.encode(picture[top : top + tile_px, left : left + tile_px])
                for left in range(0, picture.shape[1], tile_px)
            ]
            for top in range(0, picture.shape[0], tile_px)
        ]


def averaged_down(picture: np.ndarray, factor: int) -> np.ndarray:
    """Average a picture over squares of pixels; what is left at the right and lower edge is dropped.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    factor : int
        Edge of the squares.

    Returns
    -------
    ndarray of uint8, shape (height // factor, width // factor, 3)
    """
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    if not height or not width:
        return np.zeros((height, width, 3), np.uint8)
    kept = picture[: height * factor, : width * factor]
    return np.asarray(cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _put(whole: np.ndarray, part: np.ndarray, top: int, left: int) -> None:
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part


def _append_rows(rows: list[list[bytes]], more: list[list[bytes]]) -> None:
    """Put a block's rows of tiles behind those of the blocks to its left."""
    if not rows:
        rows.extend([] for _ in more)
    for row, addition in zip(rows, more, strict=True):
        row.extend(addition)
