"""The folder in which downloaded weights are kept."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from tumorboard.installation.findings import Check
from tumorboard.installation.sizes import readable_size

CACHE_VARIABLE = "TUMORBOARD_CACHE"
_PURPOSE = "weights, so that they are fetched once"


def cache_folder() -> Path:
    """Return the folder of cached weights; it may not exist yet.

    Returns
    -------
    Path
        What ``TUMORBOARD_CACHE`` says; without it, the platform's own place.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    system = platform.system()
    if system == "Windows":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tumorboard"
    if system == "Darwin":
        return Path.home() / "Library" / "Caches" / "tumorboard"
    return Path.home() / ".cache" / "tumorboard"


def check_cache() -> list[Check]:
    """Look at which weights are here.

    Returns
    -------
    list of Check
        The folder, then one a file.
    """
    try:
        folder = cache_folder()
    except RuntimeError:  # a container's user without a home
        return [_folder_check("warning", "no home folder is known", f"export {CACHE_VARIABLE}=/some/folder")]
    shown = _with_tilde(folder)
    try:
        if folder.exists() and not folder.is_dir():
            return [
                _folder_check("warning", f"{shown} is a file, not a folder", f"export {CACHE_VARIABLE}=/some/folder")
            ]
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        checks = [Check(_printable(file.relative_to(folder)), "ok", _size(file), "cached weights") for file in files]
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        return [_folder_check("warning", f"{shown} cannot be read: {why}", f"export {CACHE_VARIABLE}=/some/folder")]
    number = f"{len(files)} {'file' if len(files) == 1 else 'files'}" if files else "none yet"
    return [_folder_check("ok", f"{shown}: {number}", None), *checks]


def _folder_check(status: str, found: str, fix: str | None) -> Check:
    return Check("cache folder", "ok" if status == "ok" else "warning", found, _PURPOSE, fix)


def _size(file: Path) -> str:
    return readable_size(file.stat().st_size)


def _with_tilde(folder: Path) -> str:
    try:
        return _printable(Path("~") / folder.relative_to(Path.home()))
    except (RuntimeError, ValueError):  # no home is known, or the folder is elsewhere
        return _printable(folder)


def _printable(path: Path) -> str:
    """Write a path so that a name which is not text cannot stop the report."""
    return path.as_posix().encode("utf-8", "replace").decode("utf-8")
