"""The bytes of every file of the store: a header, payloads, a footer with a checksum.

All numbers are little-endian. ``docs/store.md`` describes the same byte by byte, with a reader in numpy.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tumorboard.errors import FileFormatError, StudyError
from tumorboard.store.checksum import Bytes, crc32

VERSION = 1
ALIGNMENT = 64
"""Every payload and the footer begin at a multiple of so many bytes, so that arrays can be used where they lie."""

# as in PNG: a byte that is no text, and line ends that a transfer as text would change
_BEGIN, _END = b"\x89TBS\r\n\x1a\n", b"\x89TBE\r\n\x1a\n"
_HEADER = struct.Struct("<8sQ")
_TRAILER = struct.Struct("<QQQII8s")
_CHECKED_OF_TRAILER = 28  # all that stands before the checksum


@dataclass(frozen=True)
class Footer:
    """What stands after the payloads of a file.

    Parameters
    ----------
    path : Path
        The file.
    size : int
        Bytes of the whole file.
    begins : int
        Byte at which the footer begins and the payloads have ended.
    checksum : int
        CRC-32 of header and footer: two files with the same one hold the same payloads.
    records : bytes-like
        The table of records, an Arrow IPC stream.
    metadata : dict
        What the file says of itself.
    """

    path: Path
    size: int
    begins: int
    checksum: int
    records: memoryview
    metadata: dict[str, Any]


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return JSON whose bytes depend on the content alone; numbers that are not finite are refused."""
    text = json.dumps(content, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8")


def padding(position: int) -> int:
    """Return how many zero bytes follow a position up to the next multiple of `ALIGNMENT`."""
    return -position % ALIGNMENT


def write_header(stream: BinaryIO) -> int:
    """Write the header and its padding; return where the first payload begins."""
    header = _HEADER.pack(_BEGIN, VERSION)
    stream.write(header.ljust(ALIGNMENT, b"\0"))
    return ALIGNMENT


def write_footer(stream: BinaryIO, begins: int, records: Bytes, metadata: bytes) -> None:
    """Write records, metadata and the trailer that ends the file.

    Parameters
    ----------
    stream : BinaryIO
        At the byte ``begins``, a multiple of `ALIGNMENT`.
    begins : int
        Where the footer begins.
    records : bytes-like
    metadata : bytes
        JSON.
    """
    lengths = struct.pack("<QQQI", begins, len(records), len(metadata), VERSION)
    checksum = crc32(_HEADER.pack(_BEGIN, VERSION))
    for part in (records, metadata, lengths):
        checksum = crc32(part, checksum)
    stream.write(records)
    stream.write(metadata)
    stream.write(lengths + struct.pack("<I8s", checksum, _END))


def mending(path: Path, *, delete: bool = True) -> str:
    """Return what mends a file of the store, for an error's ``fix``."""
    store = next((folder for folder in path.parents if folder.name == "store"), None)
    study = str(store.parent) if store else "STUDY"
    return f"{'Delete it and run' if delete else 'Run'}: tumorboard prepare {study}"


def torn(path: Path, what: str) -> FileFormatError:
    """Return the error for a file that is not what was written."""
    return FileFormatError(what, where=str(path), fix=mending(path))


def read_footer(path: Path, *, mapped: bool = False) -> Footer:
    """Read and check all of a file but its payloads.

    Parameters
    ----------
    path : Path
        The file.
    mapped : bool
        Whether the records are mapped into memory, so that processes share them, instead of read.

    Raises
    ------
    StudyError
        There is no such file.
    FileFormatError
        It is no file of the store, has another version, or is torn: cut off, added to, or changed in header or footer.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise StudyError(f"there is no {path.name}", where=str(path.parent), fix=mending(path, delete=False)) from None
    except OSError as error:
        raise torn(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    try:
        return _checked_footer(path, number, mapped)
    except OSError as error:
        raise torn(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    finally:
        os.close(number)


def _checked_footer(path: Path, number: int, mapped: bool) -> Footer:
    size = os.fstat(number).st_size
    header = os.pread(number, _HEADER.size, 0)
    _check_header(path, header)
    if size < ALIGNMENT + _TRAILER.size:
        raise torn(path, f"is torn: it ends after {size} bytes")
    trailer = os.pread(number, _TRAILER.size, size - _TRAILER.size)
    begins, records_bytes, metadata_bytes, _, stated, end = _TRAILER.unpack(trailer)
    if end != _END:
        raise torn(path, "is torn: its end is missing, or something was added to it")
    length = records_bytes + metadata_bytes
    if begins + length + _TRAILER.size != size:
        stated_size = begins + length + _TRAILER.size
        raise torn(path, f"is torn: it has {size} bytes where its end speaks of {stated_size}")
    whole = memoryview(mmap.mmap(number, 0, access=mmap.ACCESS_READ)) if mapped else None
    footer = whole[begins : begins + length] if whole else memoryview(os.pread(number, length, begins))
    found = crc32(trailer[:_CHECKED_OF_TRAILER], crc32(footer, crc32(header)))
    if found != stated:
        raise torn(path, f"is damaged: its header and footer have the checksum {found:08x} instead of {stated:08x}")
    metadata = json.loads(bytes(footer[records_bytes:]))
    return Footer(path, size, begins, stated, footer[:records_bytes], metadata)


def _check_header(path: Path, header: bytes) -> None:
    if not header:
        raise torn(path, "is empty")
    if not header.startswith(_BEGIN):
        raise torn(path, f"is no file of a store: it begins with {header[:8]!r} instead of {_BEGIN!r}")
    if len(header) < _HEADER.size:
        raise torn(path, f"is torn: it ends after {len(header)} bytes")
    version = _HEADER.unpack(header)[1]
    if version != VERSION:
        raise torn(path, f"has version {version} of the store's format, and this program reads version {VERSION}")


def read_state(number: int) -> tuple[int, int]:
    """Return size and checksum of an open file, unchecked: enough to tell whether it is the one that was indexed."""
    size = os.fstat(number).st_size
    trailer = os.pread(number, _TRAILER.size, max(0, size - _TRAILER.size))
    return size, _TRAILER.unpack(trailer)[4] if len(trailer) == _TRAILER.size else -1
