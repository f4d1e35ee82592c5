"""Reads the tiles and strips of a TIFF's pages, and only those that a rectangle touches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening.levels import overlap
from tumorboard.slides.opening.mosaic import Mosaic
from tumorboard.slides.opening.tiff_pages import PageLevel, is_jpeg, keyframe_of
from tumorboard.slides.slide import Box, Picture

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

_COLOURS = 3
_LARGEST_BLOCK_BYTES = 128 * 2**20
_STRIPS_CACHE_BYTES = 128 * 2**20
_UNCOMPRESSED_BLOCK_PX = 256


def mosaic_of_pages(level: PageLevel) -> Mosaic:
    """Return a reader of rectangles of a level.

    Parameters
    ----------
    level : PageLevel
        The level's pages, of an open file.

    Returns
    -------
    Mosaic
        It raises what the codec raises where the file is damaged.

    Raises
    ------
    FileFormatError
        The file holds the level in compressed blocks too large to decode.
    """
    key = level.keyframe
    if not key.is_tiled and all(page.is_contiguous for page, _ in level.planes):
        return Mosaic(_UNCOMPRESSED_BLOCK_PX, _UNCOMPRESSED_BLOCK_PX, _plain_blocks(level))
    if key.is_tiled:
        tile_width, tile_height, cache_bytes = key.tilewidth, key.tilelength, None
    else:
        tile_width, tile_height, cache_bytes = level.width, min(key.rowsperstrip, level.height), _STRIPS_CACHE_BYTES
    if tile_width * tile_height * _COLOURS > _LARGEST_BLOCK_BYTES:
        raise FileFormatError(
            f"its pixels are compressed in blocks of {tile_width} x {tile_height}, too large to read in parts",
            where=str(key.parent.filehandle.path),
            fix="Write it again in tiles, for example: vips tiffsave IN OUT --tile --pyramid --compression jpeg",
        )
    columns, rows = -(-level.width // tile_width), -(-level.height // tile_height)
    return Mosaic(tile_width, tile_height, _stored_blocks(level, columns, rows), cache_bytes=cache_bytes)


def _plain_blocks(level: PageLevel) -> Callable[[int, int], Picture | None]:
    """Give blocks of pixels that lie in the file as they are, row after row."""
    samples = 1 if len(level.planes) > 1 else _COLOURS

    def rows_of(page: TiffPage | TiffFrame, plane: int, block: Box) -> NDArray[np.uint8]:
        handle, start = page.parent.filehandle, page.dataoffsets[0] + plane * level.width * level.height
        length = block.width * samples
        rows = []
        for y in range(block.top, block.top + block.height):
            handle.seek(start + (y * level.width + block.left) * samples)
            rows.append(_whole(handle.read(length), length))
        return np.frombuffer(b"".join(rows), np.uint8).reshape(block.height, block.width, samples)

    def decode(column: int, row: int) -> Picture | None:
        side = _UNCOMPRESSED_BLOCK_PX
        block = overlap(Box(column * side, row * side, side, side), level.width, level.height)
        if block is None:
            return None
        parts = [rows_of(page, plane, block) for page, plane in level.planes]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    return decode


def _stored_blocks(level: PageLevel, columns: int, rows: int) -> Callable[[int, int], Picture | None]:
    """Give the tiles or strips of a level, decoded."""

    def decode(column: int, row: int) -> Picture | None:
        place = row * columns + column
        stored = [_block(page, plane * columns * rows + place) for page, plane in level.planes]
        parts = [part for part in stored if part is not None]
        if len(parts) < len(stored):
            return None
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)

    return decode


def _block(page: TiffPage | TiffFrame, index: int) -> NDArray[np.uint8] | None:
    """Decode one tile or strip, shape (height, width, samples); None where the file has none."""
    length = page.databytecounts[index]
    if length == 0:
        return None
    handle = page.parent.filehandle
    handle.seek(page.dataoffsets[index])
    stored = _whole(handle.read(length), length)
    key = keyframe_of(page)
    tables = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader} if is_jpeg(key) else {}
    decoded = key.decode(stored, index, **tables)[0]
    return None if decoded is None else np.asarray(decoded, np.uint8)[0]


def _whole(stored: bytes, length: int) -> bytes:
    if len(stored) < length:
        raise EOFError("the file ends there")
    return stored
