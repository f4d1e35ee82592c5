"""Python itself, the program's version and where it is installed."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path

from tumorboard import __version__
from tumorboard.installation.findings import Check

OLDEST_PYTHON = (3, 11)


def check_interpreter() -> list[Check]:
    """Look at Python, the program and the place where packages go.

    Returns
    -------
    list of Check
        Python, tumorboard, platform, environment.
    """
    return [
        _check_python(),
        Check("tumorboard", "ok", __version__, "this program"),
        Check("platform", "ok", _platform(), "the operating system"),
        _check_environment(),
    ]


def _platform() -> str:
    """Tell the operating system without the kernel's build, which may name the machine."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]} {platform.machine()}"
    if sys.platform == "win32":
        return f"Windows {platform.release()} {platform.machine()}"
    library, version = platform.libc_ver()
    return f"{platform.system()} {platform.machine()}" + (f", {library} {version}" if library else "")


def _check_python() -> Check:
    found = f"{platform.python_version()} ({platform.python_implementation()})"
    if sys.version_info >= OLDEST_PYTHON:
        return Check("Python", "ok", found, "runs the program")
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Check(
        "Python", "broken", f"{found}, but {oldest} or newer is needed", "runs the program", _new_environment()
    )


def _check_environment() -> Check:
    purpose = "keeps these packages apart from the system's"
    if sys.prefix != sys.base_prefix:
        return Check("environment", "ok", "a virtual environment", purpose)
    if (Path(sys.prefix) / "conda-meta").is_dir():
        return Check("environment", "ok", "a conda environment", purpose)
    if _pip_is_locked_out():
        found = "the system's Python, into which pip may not install"
        return Check("environment", "warning", found, purpose, _new_environment())
    return Check("environment", "ok", "no virtual environment", purpose)


def _pip_is_locked_out() -> bool:
    return (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").is_file()


def _new_environment() -> str:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if sys.platform == "win32":
        return rf"py -{oldest} -m venv .venv && .venv\Scripts\activate"
    return f"python{oldest} -m venv .venv && . .venv/bin/activate"
