"""Whether a TIFF is whole: every page and every tile that its directories name lies within the file.

A copy that was broken off keeps its header. Its readers fail late and with words such as "unsupported file"; this tells
at once that, and by how much, the file is too short. No pixel is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError

_CLASSIC, _BIG = 42, 43
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES, _SUB_DIRECTORIES = 273, 279, 324, 325, 330
_HAMAMATSU = 65420
_TAGS = {_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES, _SUB_DIRECTORIES, _HAMAMATSU}
_TYPES = {3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_MOST_DIRECTORIES = 10_000


class _CutOffError(Exception):
    """Something lies beyond the file's end."""

    def __init__(self, what: str, byte: int) -> None:
        self.what = what
        self.byte = byte


@dataclass(frozen=True)
class _Layout:
    """How the numbers of a TIFF are written: the byte order and the sizes of classic TIFF or BigTIFF."""

    order: Literal["little", "big"]
    big: bool

    @property
    def word(self) -> int:
        """Bytes of an offset."""
        return 8 if self.big else 4

    @property
    def count(self) -> int:
        """Bytes of the number of a directory's entries."""
        return 8 if self.big else 2

    @property
    def entry(self) -> int:
        """Bytes of a directory's entry."""
        return 20 if self.big else 12

    def number(self, part: bytes) -> int:
        return int.from_bytes(part, self.order)


def is_tiff(path: Path) -> bool:
    """Tell whether a file begins as a TIFF or BigTIFF does."""
    with path.open("rb") as file:
        return _layout(file.read(4)) is not None


def check_whole(path: Path) -> None:
    """Refuse a TIFF of which a part is missing.

    The directories of all pages must lie in the file, and the data of the first page and of every tiled one: labels and
    macro photographs, which come last and in strips, are not needed. NDPI files are left out, as Hamamatsu writes
    offsets in a way of its own.

    Parameters
    ----------
    path : Path
        A TIFF file.

    Raises
    ------
    FileFormatError
        The file is cut off, or its directories go in a circle.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            layout = _layout(file.read(4))
            if layout is not None:
                _check(file, layout, size)
    except _CutOffError as cut:
        raise FileFormatError(
            f"is cut off: {cut.what} should reach to byte {cut.byte:,}, but the file has {size:,} bytes",
            where=str(path),
            fix="Fetch or copy it again",
        ) from None


def _layout(head: bytes) -> _Layout | None:
    orders: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
    order = orders.get(head[:2])
    if order is None:
        return None
    version = int.from_bytes(head[2:4], order)
    return _Layout(order, version == _BIG) if version in (_CLASSIC, _BIG) else None


def _check(file: BinaryIO, layout: _Layout, size: int) -> None:
    for number, directory in enumerate(_directories(file, layout, size)):
        if _HAMAMATSU in directory:
            return
        if number == 0 or _TILE_OFFSETS in directory:
            _check_data(directory, size, "the picture" if number == 0 else f"page {number + 1}")


def _check_data(directory: dict[int, NDArray[np.uint64]], size: int, what: str) -> None:
    tags = (_TILE_OFFSETS, _TILE_BYTES) if _TILE_OFFSETS in directory else (_STRIP_OFFSETS, _STRIP_BYTES)
    offsets, counts = (directory.get(tag, np.empty(0, np.uint64)) for tag in tags)
    together = min(len(offsets), len(counts))
    ends = (offsets[:together] + counts[:together])[counts[:together] > 0]
    if ends.size and ends.max() > size:
        raise _CutOffError(what, int(ends.max()))


def _directories(file: BinaryIO, layout: _Layout, size: int) -> Iterator[dict[int, NDArray[np.uint64]]]:
    """Yield the tags of interest of every directory, those below a page among them."""
    file.seek(8 if layout.big else 4)
    waiting = [layout.number(_read(file, layout.word, "the header"))]
    seen: set[int] = set()
    while waiting:
        offset = waiting.pop(0)
        if offset == 0:
            continue
        if offset in seen or len(seen) > _MOST_DIRECTORIES:
            return  # a circle, which readers end as well
        seen.add(offset)
        if offset + layout.count > size:
            raise _CutOffError("the list of its pages", offset + layout.count)
        tags, following = _directory(file, layout, offset)
        waiting = [*(int(below) for below in tags.get(_SUB_DIRECTORIES, ())), following, *waiting]
        yield tags


def _directory(file: BinaryIO, layout: _Layout, offset: int) -> tuple[dict[int, NDArray[np.uint64]], int]:
    what = "the list of its pages"
    file.seek(offset)
    entries = layout.number(_read(file, layout.count, what))
    block = _read(file, entries * layout.entry + layout.word, what)
    tags = {}
    for start in range(0, entries * layout.entry, layout.entry):
        entry = block[start : start + layout.entry]
        tag = layout.number(entry[:2])
        if tag in _TAGS:
            tags[tag] = _values(file, layout, entry)
    return tags, layout.number(block[-layout.word :])


def _values(file: BinaryIO, layout: _Layout, entry: bytes) -> NDArray[np.uint64]:
    kind = np.dtype(_TYPES.get(layout.number(entry[2:4]), "u1")).newbyteorder("<" if layout.order == "little" else ">")
    count = layout.number(entry[4 : 4 + layout.word])
    inline, length = entry[4 + layout.word :], count * kind.itemsize
    if length > len(inline):
        file.seek(layout.number(inline))
        inline = _read(file, length, "the list of its tiles")
    return np.frombuffer(inline[:length], kind).astype(np.uint64)


def _read(file: BinaryIO, length: int, what: str) -> bytes:
    start = file.tell()
    part = file.read(length)
    if len(part) < length:
        raise _CutOffError(what, start + length)
    return part
