"""The JPEG frames of a DICOM slide as they are stored.

Frames lie one after another in encapsulated items (PS3.5, A.4), found through the extended or the basic offset table
or, where both are empty, by walking from item to item. In a slide organised as TILED_FULL (PS3.3, C.7.6.17.3) the first
frames are those of the first focal plane and optical path, row by row.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening.dicom_series import Instance
from tumorboard.slides.slide import JpegLevel

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_NOT_COMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")

_RGB, _YCBCR = "RGB", ("YBR_FULL_422", "YBR_FULL")
_ITEM, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_PIXELS = (0x7FE0, 0x0010)
_ELEMENT_HEADER, _HEADER = 12, 8
_UNDEFINED = 0xFFFFFFFF
_START, _END = b"\xff\xd8", b"\xff\xd9"
# Adobe's marker with transform 0: the three components are red, green and blue
_RGB_MARKER = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
_APPLICATION_DATA = range(0xE0, 0xF0)


class DicomFrames(JpegLevel):
    """A level of a DICOM slide, frame by frame.

    Parameters
    ----------
    path : Path
        The instance.
    grid : tuple of int
        Columns and rows of frames.
    tile : tuple of int
        Width and height of a frame.
    spans : ndarray of int64, shape (frames, 2)
        First byte and end of each frame's items in the file.
    rgb : bool
        Whether the components are red, green and blue.
    """

    def __init__(
        self, path: Path, grid: tuple[int, int], tile: tuple[int, int], spans: NDArray[np.int64], rgb: bool
    ) -> None:
        self.columns, self.rows = grid
        self.tile_width, self.tile_height = tile
        self._path = path
        self._spans = spans
        self._rgb = rgb
        self._file = path.open("rb", buffering=0)

    def sizes(self) -> NDArray[np.int64]:
        """Return the stored bytes of every frame, shape (rows, columns), without reading one; 0 where it is absent."""
        sizes = self._spans[:, 1] - self._spans[:, 0] - _HEADER
        return np.asarray(np.maximum(sizes, 0).reshape(self.rows, self.columns), np.int64)

    def jpeg(self, column: int, row: int) -> bytes:
        """Return one frame as a JPEG stream that any decoder reads alone, colours right; empty where it is absent.

        Raises
        ------
        FileFormatError
            The file is damaged there.
        IndexError
            The grid has no such frame.
        """
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            raise IndexError(f"no frame at column {column}, row {row} of {self.columns} x {self.rows}")
        start, end = (int(byte) for byte in self._spans[row * self.columns + column])
        self._file.seek(start)
        stored = self._file.read(end - start) or b""
        stream = _joined(stored) if len(stored) == end - start else None
        if stream is None or (stream and stream[:2] != _START):
            raise FileFormatError(
                f"the frame at column {column}, row {row} is no JPEG or breaks off",
                where=str(self._path),
                fix="Fetch or copy it again",
            )
        return _as_rgb(stream) if stream and self._rgb else stream

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_frames(instance: Instance) -> DicomFrames | None:
    """Open an instance's stored frames.

    Parameters
    ----------
    instance : Instance
        A level of a slide.

    Returns
    -------
    DicomFrames or None
        None where they cannot be taken as they are: another compression than baseline JPEG, frames in another order
        than TILED_FULL, parts of a concatenation.

    Raises
    ------
    FileFormatError
        Its table does not lead to every frame.
    """
    if instance.is_part or not instance.is_tiled_full or instance.coding[0] in _NOT_COMPRESSED:
        return None
    with instance.path.open("rb", buffering=0) as file:
        pixels = _find_pixels(file, instance)
        taken = instance.coding in [(JPEG_BASELINE, colours, "3", "8") for colours in (_RGB, *_YCBCR)]
        spans = _spans_of_table(file, pixels, instance.frames) if pixels is not None else None
        if pixels is not None and spans is None and (taken or not len(pixels.offsets)):
            spans = _spans_of_items(file, pixels, instance.frames)
    if spans is None:
        raise FileFormatError(
            "is damaged or cut off: its table does not lead to every frame",
            where=str(instance.path),
            fix="Fetch or copy it again",
        )
    if not taken:
        return None
    columns, rows = instance.grid
    tile = (instance.frame_width, instance.frame_height)
    return DicomFrames(instance.path, (columns, rows), tile, spans[: columns * rows], instance.coding[1] == _RGB)


@dataclass(frozen=True)
class _Pixels:
    """Where the items of the pixels lie.

    Parameters
    ----------
    first : int
        Byte of the first item after the basic offset table.
    size : int
        Bytes of the file.
    offsets : ndarray
        From the first item to each frame's; empty where the file has no table.
    lengths : ndarray
        Bytes of each frame; empty where the file has no extended table.
    """

    first: int
    size: int
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


def _spans_of_table(file: BinaryIO, pixels: _Pixels, frames: int) -> NDArray[np.int64] | None:
    """Give the first byte and the end of each frame's items, shape (frames, 2); None without a sound table."""
    starts = pixels.first + pixels.offsets
    if len(starts) != frames or not _ascending(starts, pixels):
        return None
    ends = _ends(file, starts, pixels)
    if ends is None or ends[-1] > pixels.size or not np.all(starts[1:] >= ends[:-1]):
        return None
    return np.stack([starts, ends], axis=1)


def _spans_of_items(file: BinaryIO, pixels: _Pixels, frames: int) -> NDArray[np.int64] | None:
    """Give the same where each frame is one item; None where there are more or fewer of them."""
    items = _walk(file, pixels.first, pixels.size)
    return items if items is not None and len(items) == frames else None


def _ends(file: BinaryIO, starts: NDArray[np.int64], pixels: _Pixels) -> NDArray[np.int64] | None:
    if len(pixels.lengths) == len(starts):
        return np.asarray(starts + _HEADER + pixels.lengths, np.int64)
    last = _walk(file, int(starts[-1]), pixels.size)
    return np.append(starts[1:], last[-1, 1]) if last is not None and len(last) else None


def _ascending(starts: NDArray[np.int64], pixels: _Pixels) -> bool:
    return bool(starts[0] == pixels.first and np.all(np.diff(starts) >= _HEADER) and starts[-1] < pixels.size)


def _find_pixels(file: BinaryIO, instance: Instance) -> _Pixels | None:
    """Read the offset tables at the head of the pixels; None where the pixels are not encapsulated there."""
    file.seek(instance.pixels_at)
    head = file.read(_ELEMENT_HEADER + _HEADER)
    if len(head) < _ELEMENT_HEADER + _HEADER or _tag(head) != _PIXELS or _tag(head[_ELEMENT_HEADER:]) != _ITEM:
        return None
    element_bytes, table_bytes = struct.unpack_from("<I", head, 8)[0], struct.unpack_from("<I", head, 16)[0]
    table = file.read(table_bytes)
    if element_bytes != _UNDEFINED or len(table) != table_bytes or table_bytes % 4:
        return None
    extended, lengths = (
        np.frombuffer(part[: len(part) // 8 * 8], "<u8").astype(np.int64)
        for part in (instance.extended_offsets, instance.extended_lengths)
    )
    basic = np.frombuffer(table, "<u4").astype(np.int64)
    return _Pixels(file.tell(), instance.path.stat().st_size, extended if len(extended) else basic, lengths)


def _walk(file: BinaryIO, start: int, size: int) -> NDArray[np.int64] | None:
    """Give the first byte and the end of every item from ``start`` on; None where they lead past the file's end."""
    spans: list[tuple[int, int]] = []
    place = start
    while place + _HEADER <= size:
        file.seek(place)
        head = file.read(_HEADER)
        if _tag(head) == _SEQUENCE_END:
            return np.array(spans, np.int64).reshape(-1, 2)
        if _tag(head) != _ITEM:
            return None
        end = place + _HEADER + struct.unpack_from("<I", head, 4)[0]
        spans.append((place, end))
        place = end
    return None


def _tag(head: bytes) -> tuple[int, int]:
    group, element = struct.unpack_from("<HH", head.ljust(4, b"\0"))
    return group, element


def _joined(stored: bytes) -> bytes | None:
    """Join a frame's items, and drop the byte that evens their length; None where they are not items."""
    parts, place = [], 0
    while place < len(stored):
        if _tag(stored[place : place + _HEADER]) != _ITEM or place + _HEADER > len(stored):
            return None
        length = struct.unpack_from("<I", stored, place + 4)[0]
        parts.append(stored[place + _HEADER : place + _HEADER + length])
        place += _HEADER + length
    stream = b"".join(parts)
    return stream[: stream.rfind(_END) + 2] if stream.rfind(_END) >= 0 else stream


def _as_rgb(stream: bytes) -> bytes:
    """Mark a JPEG stream as red, green and blue; a JFIF or other mark before it, which would win, is left out."""
    position = 2
    while stream[position + 1 : position + 2] and stream[position + 1] in _APPLICATION_DATA:
        position += 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
    return _START + _RGB_MARKER + stream[position:]
