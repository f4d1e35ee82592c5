"""One entry for every kind of file: by its name, then by what it holds."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.features.bag import FeatureBag
from tumorboard.features.reading.hdf5 import opened
from tumorboard.features.reading.stamp import is_stamp, read_stamp
from tumorboard.features.reading.statement import Content, Statement, make_bag
from tumorboard.features.reading.table import TABLE_SUFFIXES, FeatureTable, is_table, read_table
from tumorboard.features.reading.tensor_file import read_tensor_file
from tumorboard.features.reading.trident import read_trident_or_clam

HDF5_SUFFIXES = (".h5", ".hdf5")
TENSOR_SUFFIXES = (".pt",)
SUFFIXES = (*HDF5_SUFFIXES, *TENSOR_SUFFIXES, *TABLE_SUFFIXES)
"""Endings of the files that can be read."""

_NOTHING_STATED = Statement()


def read_bags(
    path: Path, *, patient_id: str | None = None, stated: Statement = _NOTHING_STATED
) -> dict[str, FeatureBag]:
    """Read all bags that a file holds of one patient.

    Parameters
    ----------
    path : Path
        An HDF5 file of TRIDENT, CLAM or STAMP, a ``.pt`` file of CLAM, or a table.
    patient_id : str, optional
        The patient, for a table of several.
    stated : Statement
        What is known of the file besides.

    Returns
    -------
    dict of str to FeatureBag
        By the slide's name: the column ``slide`` of a table, otherwise the file's name without its ending.

    Raises
    ------
    FileFormatError
        The file is missing, truncated, of no known kind, or holds no bag of finite numbers.
    TableError
        A cell of a table is not what it must be.

    Notes
    -----
    Nothing is unpickled and no link to another file is followed.
    """
    path = Path(path)
    if is_table(path):
        return _table(path).bags(patient_id, stated)
    content = _read_content(path, stated)
    return {path.stem: make_bag(content, path, sha256_of(path), stated)}


def read_bag(path: Path, *, stated: Statement = _NOTHING_STATED) -> FeatureBag:
    """Read the one bag that a file holds.

    Parameters
    ----------
    path : Path
    stated : Statement

    Raises
    ------
    FileFormatError
        As :func:`read_bags`, and where a table holds several slides.
    """
    bags = read_bags(path, stated=stated)
    if len(bags) > 1:
        raise FileFormatError(f"the table has tiles of {len(bags)} slides, not of one", where=str(path))
    return next(iter(bags.values()))


def is_known(path: Path) -> bool:
    """Tell by its name whether a file may hold features."""
    return path.name.lower().endswith(SUFFIXES)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_content(path: Path, stated: Statement) -> Content:
    suffix = path.suffix.lower()
    if suffix in TENSOR_SUFFIXES:
        return read_tensor_file(path)
    if suffix not in HDF5_SUFFIXES:
        raise FileFormatError(
            "this is no file of features by its name", where=str(path), fix=f"Known endings: {', '.join(SUFFIXES)}"
        )
    with opened(path) as file:
        if is_stamp(file):
            return read_stamp(file, path, stated.slide_mpp)
        return read_trident_or_clam(file, path)


def _table(path: Path) -> FeatureTable:
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    state = path.stat()
    return _read_once(path.resolve(), path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1)  # a table of many patients is asked for each of them in turn
def _read_once(_resolved: Path, path: Path, _size: int, _changed: int) -> FeatureTable:
    return read_table(path, sha256_of(path))
