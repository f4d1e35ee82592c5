"""What tells one image file from another without reading all of it.

A slide has gigabytes: reading them to hash them would cost more than cutting its tiles. A file's fingerprint is the
SHA-256 of its size and of blocks spread evenly over it, its first and its last among them. Headers, tables of offsets
and the ends of a copy that was cut off lie there; a change of a few bytes in between, size unchanged, is not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

_BLOCK_BYTES = 65_536
_BLOCKS = 32
_BLOCKS_OF_MANY = 2
_MANY = 16


def fingerprint(path: Path) -> str:
    """Return the fingerprint of an image: a file, a folder of files, or a file with the folder that belongs to it.

    Parameters
    ----------
    path : Path
        The slide file, or the folder of its tiles or DICOM instances. A MIRAX file (``.mrxs``) stands for its folder
        of the same name too.

    Returns
    -------
    str
        64 hexadecimal digits. Names of files within a folder count, the folder's own name and place do not.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    files = list(_files(path))
    blocks = _BLOCKS if len(files) <= _MANY else _BLOCKS_OF_MANY
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        for block in _blocks(file, blocks):
            digest.update(block)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield from ((file.relative_to(path).as_posix(), file) for file in sorted(path.rglob("*")) if file.is_file())
        return
    yield "", path
    companion = path.with_suffix("")
    if path.suffix.lower() == ".mrxs" and companion.is_dir():
        yield from _files(companion)


def _blocks(file: Path, count: int) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size <= count * _BLOCK_BYTES:
            yield stream.read()
            return
        for number in range(count):
            stream.seek((size - _BLOCK_BYTES) * number // (count - 1))
            yield stream.read(_BLOCK_BYTES)
