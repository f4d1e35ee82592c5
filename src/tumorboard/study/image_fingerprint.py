"""What tells one image file from another without reading all of it.

A slide has gigabytes: reading them to hash them would cost more than cutting its tiles. A file's fingerprint is the
SHA-256 of its size and of blocks spread evenly over it, its first and its last among them. Headers, tables of offsets
and the ends of a copy that was cut off lie there; a change of a few bytes in between, size unchanged, is not seen. A
mask that was edited keeps its size: of such a file all bytes are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tumorboard.study.image_files import files_below, refuse_special

_BLOCK_BYTES = 65_536
_BLOCKS = 32
_BLOCKS_OF_MANY = 2
_MANY = 16


def fingerprint(path: Path, companions: Sequence[Path] = (), *, whole: bool = False) -> str:
    """Return the fingerprint of an image: a file, a folder of files, or a file with what belongs to it.

    Parameters
    ----------
    path : Path
        The slide or volume file, or the folder of its tiles or DICOM instances; links are followed and hidden files
        passed over, as in reading. A MIRAX file (``.mrxs``) stands for its folder of the same name too.
    companions : sequence of Path
        Other files that belong to a file, such as the data of a MetaImage header.
    whole : bool
        Whether all bytes count, in place of blocks spread over each file.

    Returns
    -------
    str
        64 hexadecimal digits. Names of files within a folder and of companions count, the folder's own name and place
        do not.

    Raises
    ------
    FileFormatError
        The path does not exist, or is neither a file nor a folder.
    OSError
        A file cannot be read.
    """
    refuse_special(path)
    files = [*_files(path), *((companion.name, companion) for companion in companions)]
    blocks = _BLOCKS if len(files) <= _MANY else _BLOCKS_OF_MANY
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        for block in _all_blocks(file) if whole else _blocks(file, blocks):
            digest.update(block)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield from ((file.relative_to(path).as_posix(), file) for file in files_below([path])[0])
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


def _all_blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block
