"""The files below some folders, among which series are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.study import image_files
from tumorboard.study.image_files import LeftOut

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
        If a path does not exist, is neither a file nor a folder, or is a zip archive named itself.
    """
    files, left_out = image_files.files_below(paths)
    for path in paths:
        if path.is_file():
            _refuse_archive(path)
    return files, left_out


def _refuse_archive(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(4) == _ZIP:
            raise FileFormatError("a zip archive", where=str(path), fix="Unpack it and name its folder")
