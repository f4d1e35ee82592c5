"""Reading at any place of many files, a bounded number of them open."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from tumorboard.errors import StudyError
from tumorboard.store.frame import mending, read_state, torn
from tumorboard.store.index import IndexedShard


class OpenShard:
    """An open shard that is read at given places, by any number of threads and forked processes at once.

    Parameters
    ----------
    path : Path
    number : int
        The file's descriptor; closed when nobody holds this object any more, so that a file which leaves the circle of
        open ones is not closed under a thread that reads it.
    """

    __slots__ = ("_number", "path")

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self._number = number

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; no position is kept or shared.

        Raises
        ------
        FileFormatError
            The file ends before, or cannot be read.
        """
        try:
            data = os.pread(self._number, length, offset)
        except OSError as error:
            raise torn(self.path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
        if len(data) != length:
            raise torn(self.path, f"is torn: it ends within the {length} bytes from byte {offset}")
        return data

    def __del__(self) -> None:
        os.close(self._number)


def opener(root: Path, shards: Sequence[IndexedShard], at_most: int) -> Callable[[int], OpenShard]:
    """Return a function that gives the open shard of a number, with the most recently used ones kept open.

    Parameters
    ----------
    root : Path
        The store's folder.
    shards : sequence of IndexedShard
    at_most : int
        How many stay open.
    """
    # lru_cache needs no lock of ours, which a fork could copy while it is held
    return lru_cache(maxsize=at_most)(partial(_open, root, tuple(shards)))


def check_sizes(root: Path, shards: Sequence[IndexedShard]) -> None:
    """Check that each shard is there and has the size that was indexed, without opening one.

    Raises
    ------
    StudyError
        Naming the shard and what mends it.
    """
    folder = os.fspath(root)
    for shard in shards:
        try:
            size = os.stat(f"{folder}/{shard.path}").st_size  # noqa: PTH116 (thousands of them; a Path takes longer)
        except OSError:
            raise _missing(root, shard) from None
        if size != shard.size:
            raise _replaced(root, shard)


def _open(root: Path, shards: Sequence[IndexedShard], number: int) -> OpenShard:
    shard = shards[number]
    try:
        opened = OpenShard(root / shard.path, descriptor := os.open(root / shard.path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        raise _missing(root, shard) from None
    except OSError as error:
        raise torn(root / shard.path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    if read_state(descriptor) != (shard.size, shard.checksum):
        raise _replaced(root, shard)
    return opened


def _missing(root: Path, shard: IndexedShard) -> StudyError:
    return StudyError(f"there is no {shard.path}", where=str(root), fix=mending(root / shard.path, delete=False))


def _replaced(root: Path, shard: IndexedShard) -> StudyError:
    return StudyError(
        f"{shard.path} is not the file that was indexed: it was cut off, or replaced since",
        where=str(root),
        fix=mending(root / shard.path, delete=False),
    )
