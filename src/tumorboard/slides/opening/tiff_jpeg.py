"""The JPEG tiles of a tiled TIFF as they are stored: Aperio's SVS, generic pyramids, OME-TIFF, classic and BigTIFF.

A TIFF keeps what its tiles share, the quantisation and Huffman tables, once a level (JPEGTables, TIFF Technical Note
2), and its own tag says whether the three components are RGB or YCbCr. A JPEG decoder that knows nothing of the TIFF
needs both in the stream: the tables are put in, and an APP14 marker tells the colours (Adobe Technical Note 5116).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.slide import JpegLevel, NoJpegError

_START, _END = b"\xff\xd8", b"\xff\xd9"
_RGB, _YCBCR = 2, 6
_JPEG = 7
_CONTIGUOUS = 1
_TRANSFORM = {_RGB: b"\x00", _YCBCR: b"\x01"}
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
_APPLICATION_DATA = range(0xE0, 0xF0)
# a pyramid has some ten pages; a stack of thousands of planes is none
_MOST_PAGES = 64


class TiffJpeg:
    """The file of a tiled TIFF, for its stored JPEG tiles alone; a context manager.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    FileFormatError
        It is no TIFF, or its directories are damaged.
    """

    def __init__(self, path: Path) -> None:
        import tifffile

        self._path = path
        self._file = _File(path)
        try:
            self._tiff = tifffile.TiffFile(path)
        except Exception as error:  # tifffile raises several kinds, all of which mean the same to a user
            self._file.close()
            raise FileFormatError(f"is no readable TIFF: {error}", where=str(path)) from error
        if not self._tiff.pages:
            self.close()
            raise FileFormatError("is a TIFF without pages", where=str(path))

    def level(self, width: int, height: int) -> TiffJpegLevel | None:
        """Return the stored tiles of the level of this size.

        Parameters
        ----------
        width, height : int
            Pixels of the level.

        Returns
        -------
        TiffJpegLevel or None
            None where no tiled page has this size, or its tiles are not 8-bit JPEG of three interleaved components in
            RGB or YCbCr.

        Raises
        ------
        FileFormatError
            The file's directories are damaged.
        """
        try:
            for page in self._pages():
                if page.is_tiled and (page.imagewidth, page.imagelength) == (width, height):
                    return self._level_of(page)
        except Exception as error:  # as above
            raise FileFormatError(f"its TIFF directories are damaged: {error}", where=str(self._path)) from error
        return None

    def _pages(self) -> Iterator[Any]:
        """Give the file's pages and their sub-pages, which hold the smaller levels of an OME-TIFF."""
        for page in islice(self._tiff.pages, _MOST_PAGES):
            yield page
            yield from islice(getattr(page, "pages", None) or (), _MOST_PAGES)

    def _level_of(self, page: Any) -> TiffJpegLevel | None:  # noqa: ANN401 - tifffile's pages have no common type
        form = (page.compression, page.planarconfig, page.samplesperpixel, page.bitspersample, page.imagedepth)
        if form != (_JPEG, _CONTIGUOUS, 3, 8, 1) or page.photometric not in _TRANSFORM:
            return None
        columns, rows = -(-page.imagewidth // page.tilewidth), -(-page.imagelength // page.tilelength)
        offsets, lengths = page.dataoffsets, page.databytecounts
        tables = page.jpegtables or _START + _END
        if len(offsets) != columns * rows or len(lengths) != columns * rows:
            return None
        if tables[:2] != _START or tables[-2:] != _END:
            return None
        head = tables[:-2] + _ADOBE + _TRANSFORM[page.photometric]
        return TiffJpegLevel(self._file, (page.tilewidth, page.tilelength), (columns, rows), offsets, lengths, head)

    def close(self) -> None:
        """Close the file; levels that it gave can no longer be read."""
        self._tiff.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TiffJpegLevel(JpegLevel):
    """A level's JPEG tiles in a TIFF.

    Parameters
    ----------
    file : _File
        Where they lie.
    tile_px : tuple of int
        Width and height of a stored tile.
    grid : tuple of int
        Columns and rows.
    offsets, lengths : sequence of int
        First byte and number of bytes of each tile, row by row; 0 bytes for one that is absent.
    head : bytes
        What a tile's stream begins with in place of its own start: the level's tables, and the colours' marker.
    """

    def __init__(
        self,
        file: _File,
        tile_px: tuple[int, int],
        grid: tuple[int, int],
        offsets: Sequence[int],
        lengths: Sequence[int],
        head: bytes,
    ) -> None:
        self.tile_width, self.tile_height = tile_px
        self.columns, self.rows = grid
        self._file = file
        self._offsets, self._lengths = offsets, lengths
        self._head = head

    def sizes(self) -> NDArray[np.int64]:
        """Return the stored bytes of every tile, shape (rows, columns), without reading one; 0 where it is absent."""
        return np.array(self._lengths, np.int64).reshape(self.rows, self.columns)

    def jpeg(self, column: int, row: int) -> bytes:
        """Return one tile as a JPEG stream that any decoder reads alone, colours right; empty where it is absent.

        Raises
        ------
        FileFormatError
            The file ends before the tile does, cannot be read there, or holds no JPEG there.
        IndexError
            The grid has no such tile.
        """
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise IndexError(f"no stored tile at column {column}, row {row} of {self.columns} x {self.rows}")
        place = row * self.columns + column
        length = self._lengths[place]
        if not length:
            return b""
        stored = self._file.read(self._offsets[place], length)
        if len(stored) != length or stored[:2] != _START:
            kind, fault = (
                (FileFormatError, "ends before the file says") if len(stored) != length else (NoJpegError, "is no JPEG")
            )
            raise kind(
                f"the stored tile at column {column}, row {row} {fault}",
                where=str(self._file.path),
                fix="Fetch or export the slide again",
            )
        return self._head + stored[_length_of_own_markers(stored) :]


def _length_of_own_markers(stored: bytes) -> int:
    """Give the length of the start marker and of application data behind it, which would contradict the TIFF's tag."""
    position = 2
    while stored[position + 1 : position + 2] and stored[position + 1] in _APPLICATION_DATA:
        position += 2 + int.from_bytes(stored[position + 2 : position + 4], "big")
    return position


class _File:
    """A file read at places. Not mapped: what is mapped counts as the process's memory, and a cut-off file kills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise FileFormatError(f"cannot be read: {error.strerror}", where=str(path)) from error

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes, fewer where the file ends."""
        try:
            if sys.platform != "win32":
                return os.pread(self._file.fileno(), length, offset)
            self._file.seek(offset)
            return self._file.read(length)
        except OSError as error:
            raise FileFormatError(
                f"cannot be read at byte {offset}: {error.strerror}",
                where=str(self.path),
                fix="Fetch or export the slide again",
            ) from error

    def close(self) -> None:
        self._file.close()
