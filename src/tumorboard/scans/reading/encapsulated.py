"""Where the compressed frames lie in a DICOM file, and what size they state before they are decoded."""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import BinaryIO

from tumorboard.errors import FileFormatError

_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
_JPEG_2000 = b"\xff\x4f\xff\x51"
_MOST_FRAGMENTS = 1_000_000
_NO_FRAME_HEADER = {0xC4, 0xC8, 0xCC}  # within C0..CF these markers open tables

Fragment = tuple[int, int]
"""First byte and length."""


def fragments(file: BinaryIO, pixels_at: int, length: int) -> tuple[list[int], list[Fragment]]:
    """List the fragments of encapsulated pixels.

    Parameters
    ----------
    file : binary file
    pixels_at : int
        Byte at which the value begins.
    length : int
        Bytes of the whole file.

    Returns
    -------
    offsets : list of int
        The basic offset table: where each frame's first fragment begins, counted from the first one. Often empty.
    fragments : list of (int, int)

    Raises
    ------
    FileFormatError
        If the file is cut off or the chain of fragments is broken.
    """
    found: list[Fragment] = []
    place = pixels_at
    while len(found) <= _MOST_FRAGMENTS:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            raise FileFormatError("its compressed pixels are cut off")
        group, number, size = struct.unpack("<HHL", head)
        tag = group << 16 | number
        if tag == _END:
            return _offset_table(file, found)
        if tag != _ITEM:
            raise FileFormatError("its header states compressed pixels, which do not follow")
        if place + 8 + size > length:
            raise FileFormatError("its compressed pixels are cut off")
        found.append((place + 8, size))
        place += 8 + size
    raise FileFormatError(f"it has more than {_MOST_FRAGMENTS} pieces of compressed pixels")


def _offset_table(file: BinaryIO, found: list[Fragment]) -> tuple[list[int], list[Fragment]]:
    if len(found) < 2:
        raise FileFormatError("it holds no compressed image")
    at, size = found[0]
    file.seek(at)
    return list(struct.unpack(f"<{size // 4}L", file.read(size // 4 * 4))), found[1:]


def frame_fragments(offsets: list[int], pieces: list[Fragment], frames: int) -> list[list[Fragment]]:
    """Share out fragments among frames.

    Raises
    ------
    FileFormatError
        If there are fewer fragments than frames, or no table says which fragments belong together.
    """
    if frames == 1:
        return [pieces]
    if len(pieces) == frames:
        return [[piece] for piece in pieces]
    if len(pieces) < frames:
        raise FileFormatError(f"its header states {frames} frames, and it holds {len(pieces)}")
    if len(offsets) != frames:
        raise FileFormatError(f"it holds {len(pieces)} pieces of {frames} frames and no table of where each begins")
    first = pieces[0][0] - 8
    owners = [max(bisect_right(offsets, at - 8 - first) - 1, 0) for at, _ in pieces]
    shared: list[list[Fragment]] = [[] for _ in range(frames)]
    for owner, piece in zip(owners, pieces, strict=True):
        shared[owner].append(piece)
    return shared


def stated_size(stream: bytes) -> tuple[int, int, int] | None:
    """Read rows, columns and samples from the head of a JPEG, JPEG-LS or JPEG 2000 stream.

    Returns
    -------
    tuple of int or None
        None where it is none of these.
    """
    begin = stream.find(_JPEG_2000, 0, 512) if stream[4:8] == b"jP  " else 0
    head = stream[max(begin, 0) : max(begin, 0) + 42]
    if head.startswith(_JPEG_2000) and len(head) == 42:
        right, bottom, left, top = struct.unpack(">LLLL", head[8:24])
        return bottom - top, right - left, struct.unpack(">H", head[40:42])[0]
    if stream[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 10 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER):
            rows, columns, samples = struct.unpack(">HHB", stream[at + 5 : at + 10])
            return rows, columns, samples
        at += 2 + struct.unpack(">H", stream[at + 2 : at + 4])[0]
    return None
