"""The files below some folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.found import LeftOut

_ZIP = b"PK\x03\x04"


def files_below(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """List the files below folders, each once, and files that are named themselves.

    Parameters
    ----------
    paths : sequence of Path
        Folders and files; links are followed.

    Returns
    -------
    files : list of Path
        In the order of their paths.
    left_out : list of LeftOut
        Hidden files and folders, folders that may not be read, and what is no regular file.

    Raises
    ------
    FileFormatError
        If a path does not exist, or is a zip archive named itself.
    """
    files: dict[tuple[int, int], Path] = {}
    left_out: list[LeftOut] = []
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not path.exists():
            raise FileFormatError("there is no such file or folder", where=str(path))
        if path.is_file():
            _refuse_archive(path)
            files.setdefault(_identity(path), path)
            continue
        for found in _walk(path, seen, left_out):
            files.setdefault(_identity(found), found)
    return sorted(files.values()), sorted(left_out, key=lambda one: one.path)


def _walk(folder: Path, seen: set[tuple[int, int]], left_out: list[LeftOut]) -> Iterator[Path]:
    if _identity(folder) in seen:
        return
    seen.add(_identity(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as fault:
        left_out.append(LeftOut(folder, f"the folder cannot be read ({fault.strerror})"))
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            left_out.append(LeftOut(path, "hidden"))
        elif entry.is_dir():
            yield from _walk(path, seen, left_out)
        elif entry.is_file():
            yield path
        else:
            left_out.append(LeftOut(path, "no regular file"))


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _refuse_archive(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(4) == _ZIP:
            raise FileFormatError("a zip archive", where=str(path), fix="Unpack it and name its folder")
