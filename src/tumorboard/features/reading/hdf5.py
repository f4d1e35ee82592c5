"""HDF5 files: opened without a lock, read without following links, every fault told in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.features.checks import Array

if TYPE_CHECKING:
    import h5py

Attribute = str | int | float | None

MOST_BYTES = 16 * 2**30
"""A larger dataset is no slide's bag: 16 GiB."""

_EXTRACT_AGAIN = "Copy it again, or extract the features again"


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileFormatError
        The file is missing, empty, truncated or no HDF5, or something cannot be read within the block.
    """
    import h5py

    _check_file(path)
    try:
        # no lock: shared file systems refuse it, and read-only ones have none
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        try:
            yield file
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
            raise FileFormatError(
                f"the file is damaged: {_inner(str(error))}", where=str(path), fix=_EXTRACT_AGAIN
            ) from error


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    if path.stat().st_size == 0:
        raise FileFormatError("the file is empty", where=str(path), fix=_EXTRACT_AGAIN)


def _unreadable(path: Path, error: OSError) -> FileFormatError:
    text = str(error)
    if "truncated file" in text:
        return FileFormatError(
            "the file is truncated: it ends before what its header says", where=str(path), fix=_EXTRACT_AGAIN
        )
    if "flag values don't match" in text:
        return FileFormatError("the file is open in this program with a lock", where=str(path), fix="Close it first")
    if "signature not found" in text:
        return FileFormatError("this is no HDF5 file, whatever its name says", where=str(path))
    return FileFormatError(f"the file cannot be read: {_inner(text)}", where=str(path), fix=_EXTRACT_AGAIN)


def _inner(text: str) -> str:
    """Return the reason that HDF5 gives in brackets, on one line."""
    line = " ".join(text.split())
    return line[line.find("(") + 1 : line.rfind(")")] if "(" in line and line.endswith(")") else line


def dataset(file: h5py.File, names: tuple[str, ...], path: Path) -> h5py.Dataset | None:
    """Return the one dataset that has one of several names, or None where there is none.

    Raises
    ------
    FileFormatError
        Several have, or what has the name is a group, or a link to another file.
    """
    import h5py

    found = [name for name in names if name in file]
    if len(found) > 1:
        raise FileFormatError(
            f"the file has both {' and '.join(found)}", where=str(path), fix="Keep the one that holds the features"
        )
    if not found:
        return None
    name = found[0]
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
        raise FileFormatError(f"{name} is a link or a group, not an array", where=str(path))
    return file[name]


def array_of(data: h5py.Dataset, path: Path) -> Array:
    """Read a whole dataset of numbers.

    Raises
    ------
    FileFormatError
        It is too large for one slide, or holds no numbers.
    """
    name = data.name.strip("/")
    if data.dtype.kind not in "iufb":
        raise FileFormatError(f"{name} holds {data.dtype}, no numbers", where=str(path))
    if data.size and data.size * data.dtype.itemsize > MOST_BYTES:
        raise FileFormatError(f"{name} has the shape {data.shape}, too large for the tiles of a slide", where=str(path))
    return np.asarray(data[()])


def contents(file: h5py.File) -> str:
    """Return the names and shapes of what a file has, in words."""
    names = sorted(file)
    told = [f"{name} {getattr(file[name], 'shape', 'group')}" for name in names[:12] if name in file]
    return f"The file has: {', '.join(told) or 'nothing'}{' …' if len(names) > 12 else ''}"


def attribute(holder: h5py.File | h5py.Dataset | None, name: str) -> Attribute:
    """Return an attribute as text or number; None where it is absent, is the text ``None``, or is neither."""
    value = None if holder is None else holder.attrs.get(name)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float) and value != "None" else None


def text_attribute(holder: h5py.File | h5py.Dataset | None, name: str) -> str | None:
    """Return an attribute that is a text, or None."""
    value = attribute(holder, name)
    return value if isinstance(value, str) and value else None


def number_attribute(holder: h5py.File | h5py.Dataset | None, name: str, path: Path) -> float | None:
    """Return an attribute that is a number above 0, or None where it is absent.

    Raises
    ------
    FileFormatError
        It is there, but no such number.
    """
    value = attribute(holder, name)
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise FileFormatError(f"the attribute {name} is {value!r}, not a number above 0", where=str(path))
    return number
