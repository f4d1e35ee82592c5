"""The files below a path: one walk for all that read an image's files and all that ask whether they have changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorboard.errors import FileFormatError

_ARCHIVERS_FOLDER = "__MACOSX"
_Identity = tuple[int, int]


@dataclass(frozen=True)
class LeftOut:
    """What lies below a folder and is not taken, for it is no file to read or of no use to who reads it.

    Parameters
    ----------
    path : Path
    reason : str
        One line.
    """

    path: Path
    reason: str


def files_below(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """List the files below folders, each once, and files that are named themselves.

    Parameters
    ----------
    paths : sequence of Path
        Folders and files. Links are followed, to folders too; a folder is entered once, so that links may go round.

    Returns
    -------
    files : list of Path
        In the order of their paths, which go through the links.
    left_out : list of LeftOut
        Hidden files and folders, folders that may not be read, and what is no regular file, in the order of paths.

    Raises
    ------
    FileFormatError
        If a path does not exist, or is neither a file nor a folder.
    """
    files: dict[_Identity, Path] = {}
    left_out: list[LeftOut] = []
    seen: set[_Identity] = set()
    for path in paths:
        refuse_special(path)
        for found in [path] if path.is_file() else _walk(path, seen, left_out):
            files.setdefault(_identity(found), found)
    return sorted(files.values()), sorted(left_out, key=lambda one: one.path)


def refuse_special(path: Path) -> None:
    """Refuse what is neither a file nor a folder: who opens a pipe or a device may wait for ever.

    Raises
    ------
    FileFormatError
    """
    if not path.exists():
        raise FileFormatError("there is no such file or folder", where=str(path))
    if not (path.is_file() or path.is_dir()):
        raise FileFormatError(
            "it is neither a file nor a folder (a pipe, socket or device)", where=path.name, fix="Correct its path"
        )


def _walk(folder: Path, seen: set[_Identity], left_out: list[LeftOut]) -> Iterator[Path]:
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
        kind = "hidden" if entry.name.startswith(".") or entry.name == _ARCHIVERS_FOLDER else _kind(entry)
        if kind == "folder":
            yield from _walk(path, seen, left_out)
        elif kind == "file":
            yield path
        else:
            left_out.append(LeftOut(path, kind))


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "no regular file"
    except OSError as fault:  # a link to itself, or one into a folder that may not be entered
        return f"cannot be read ({fault.strerror})"


def _identity(path: Path) -> _Identity:
    status = path.stat()
    return status.st_dev, status.st_ino
