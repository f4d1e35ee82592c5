"""A file that appears under its name only when it is whole and on the disk."""

from __future__ import annotations

import fcntl
import io
import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tumorboard.errors import StudyError

_SUFFIX = ".part"
_BUFFER_BYTES = 1 << 20
_WRITE_BEHIND_BYTES = 1 << 23


class WholeFile:
    """A file that is written under a temporary name beside its place; a context manager.

    On leaving without an exception it is written through to the disk and renamed, over an earlier file of that name. On
    an exception nothing is left. What a killed process left is removed by the next one that writes the same file: the
    temporary file is locked while its writer lives.

    Parameters
    ----------
    path : Path
        The file's place; its folder is made where missing.

    Raises
    ------
    StudyError
        The file cannot be written: no permission, a full disk, a folder in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._behind = 0

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(self.path)
            self._temporary, number = _locked_file(self.path)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.stream = io.BufferedWriter(_Written(number, self.path), _BUFFER_BYTES)
        return self

    def write_behind(self, position: int) -> None:
        """Let the disk begin with what lies before a position, so that the end does not wait for all of it.

        Parameters
        ----------
        position : int
            What was written so far, in bytes.
        """
        if position - self._behind < _WRITE_BEHIND_BYTES or not hasattr(os, "posix_fadvise"):
            return
        self.stream.flush()
        # Linux starts to write pages that it is told are not needed; those not yet on the disk it keeps in memory
        os.posix_fadvise(self.stream.fileno(), self._behind, position - self._behind, os.POSIX_FADV_DONTNEED)
        self._behind = position

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except OSError as failed:
            raise _unwritable(self.path, failed) from failed
        finally:
            with suppress(StudyError):  # closing flushes, which a full disk refuses a second time
                self.stream.close()
            self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        self.stream.flush()
        # not the folder: a rename that a power failure undoes costs the file, never its content
        os.fsync(self.stream.fileno())
        self._temporary.replace(self.path)


class _Written(io.FileIO):
    """A file whose failures to be written name the path that it will have."""

    def __init__(self, number: int, path: Path) -> None:
        super().__init__(number, "wb")
        self._path = path

    def write(self, data: Any) -> int:  # noqa: ANN401 (as the standard library has it)
        try:
            return super().write(data)
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _locked_file(path: Path) -> tuple[Path, int]:
    """Make the temporary file and lock it; return its path and descriptor."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_SUFFIX}")
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # a file system without locks: leftovers stay
            fcntl.flock(number, fcntl.LOCK_EX)
        if os.fstat(number).st_nlink:  # another process may have taken it for a leftover before it was locked
            return temporary, number
        os.close(number)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of this file: temporary files that nobody has locked."""
    for entry in os.scandir(path.parent):
        if not (entry.name.startswith(f".{path.name}.") and entry.name.endswith(_SUFFIX)):
            continue
        with suppress(OSError):
            number = os.open(entry.path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(entry.path).unlink()
            finally:
                os.close(number)


def _unwritable(path: Path, error: OSError) -> StudyError:
    reason = (error.strerror or str(error)).lower()
    return StudyError(f"{path.name} cannot be written: {reason}", where=str(path.parent))
