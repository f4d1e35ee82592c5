"""The folder of a phantom: whose it is, who is writing, what was written, whether there is room."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tumorboard.errors import StudyError
from tumorboard.phantom.file_names import NOTES, TABLES
from tumorboard.phantom.request import PhantomRequest
from tumorboard.study.files import StudyFolder, read_json, write_json
from tumorboard.study.log import fingerprint

MARKER = ".tumorboard-phantom"
LOCK = ".tumorboard-phantom.lock"

_NOTE = "The images and tables in this folder were made by 'tumorboard phantom'; no real patient is behind them."
_SPARE = 1.15
_NEW_FOLDER = "Name a folder that is empty or new"
_TEMPORARY = re.compile(r"\..+-[0-9a-f]{8}(\.[a-z.]+)?")


@contextmanager
def claimed(folder: StudyFolder, request: PhantomRequest) -> Iterator[None]:
    """Hold a folder as this phantom's while it is written: stopped work goes on in it and in no other.

    Raises
    ------
    StudyError
        For a file in the folder's place, a folder with other files, with another phantom, or in which another run is
        writing; for a table that was changed since it was written; for a disk with too little room.
    """
    root = folder.root
    _refuse_what_is_not_ours(root)
    refuse_full_disk(root, request)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / LOCK, timeout=0):
            _claim(root, request)
            yield
    except Timeout:
        raise StudyError("another run is writing here", where=str(root), fix="Wait until it ends, or stop it") from None


def _refuse_what_is_not_ours(root: Path) -> None:
    if root.exists() and not root.is_dir():
        raise StudyError("this is a file, not a folder", where=str(root), fix=_NEW_FOLDER)
    above = next(path for path in root.absolute().parents if path.exists())
    if not above.is_dir():
        raise StudyError("this is a file, so that no folder can be made in it", where=str(above), fix=_NEW_FOLDER)
    if not root.exists() or (root / MARKER).is_file():
        return
    if any(path.name != LOCK and not _TEMPORARY.fullmatch(path.name) for path in root.iterdir()):
        raise StudyError("the folder holds other files", where=str(root), fix=_NEW_FOLDER)


def _claim(root: Path, request: PhantomRequest) -> None:
    for path in root.iterdir():
        if _TEMPORARY.fullmatch(path.name) and path.is_file():  # of a run that was killed while it wrote
            path.unlink()
    if not (root / MARKER).is_file():
        _write_marker(root, request, {})
        return
    made = _read_marker(root)
    if made.get("request") != request.record():
        raise StudyError(
            f"the folder holds another phantom ({_differences(made.get('request'), request.record())})",
            where=str(root),
            fix=f"{_NEW_FOLDER}, or ask for the same phantom to go on with it",
        )
    tables = made.get("tables")
    for name, digest in tables.items() if isinstance(tables, dict) else ():
        if (root / name).is_file() and _digest(root / name) != digest:
            raise StudyError(f"{name} has been changed since it was written", where=str(root), fix=_NEW_FOLDER)


def remember_tables(folder: StudyFolder, request: PhantomRequest) -> None:
    """Note in the marker what the tables were when they were written."""
    root = folder.root
    _write_marker(root, request, {name: _digest(root / name) for name in TABLES if (root / name).is_file()})


def _digest(path: Path) -> str:
    return fingerprint([path])[path.name]


def _write_marker(root: Path, request: PhantomRequest, tables: dict[str, str]) -> None:
    write_json(root / MARKER, {"made": _NOTE, "request": request.record(), "tables": tables})


def _read_marker(root: Path) -> dict[str, object]:
    try:
        return read_json(root / MARKER, "")
    except StudyError:
        raise StudyError(
            f"{MARKER} is unreadable, so that it is not known what the folder holds", where=str(root), fix=_NEW_FOLDER
        ) from None


def refuse_full_disk(root: Path, request: PhantomRequest) -> None:
    """Refuse what would not fit on the disk, before anything is begun; what is there already needs no room.

    Raises
    ------
    StudyError
        With both numbers.
    """
    free = free_gigabytes(root)
    needed = request.effort(1).gigabytes * _SPARE - _written_gigabytes(root)
    if needed > free:
        raise StudyError(
            f"about {needed:.1f} GB are needed and {free:.1f} GB are free",
            where=str(root),
            fix="Ask for fewer patients, a smaller preset, --tiles-only or --tables-only",
        )


def free_gigabytes(root: Path) -> float:
    """Give the room on the disk where a folder lies or would lie."""
    existing = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free / 1e9


def _written_gigabytes(root: Path) -> float:
    """Give the size of the images of all finished patients."""
    total = 0
    for note in (root / NOTES).glob("*.json"):
        try:
            total += int(json.loads(note.read_text(encoding="utf-8"))["bytes"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return total / 1e9


def _differences(made: object, asked: dict[str, object]) -> str:
    if not isinstance(made, dict):
        return "what was asked for is not known"
    told = [
        f"made with {name.replace('_', ' ')} {made.get(name)}, asked for {value}"
        for name, value in asked.items()
        if made.get(name) != value and name != "preset"
    ]
    if made.get("preset") != asked["preset"]:
        told.append("made with another preset or side of slides")
    return "; ".join(told)
