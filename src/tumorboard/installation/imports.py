"""Whether a package can really be imported, tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT_SECONDS = 120.0
IMPORT_FAULT = "does not import"

_TRIAL = "import importlib, sys, time; a = time.perf_counter(); importlib.import_module(sys.argv[1]); " + (
    "print(); print(time.perf_counter() - a)"
)


@dataclass(frozen=True)
class Trial:
    """How the import went.

    Parameters
    ----------
    seconds : float or None
        How long it took; None where it failed.
    fault : str
        Why it failed; empty where it did not.
    timed_out : bool
        Whether it was stopped for taking too long.
    """

    seconds: float | None
    fault: str = ""
    timed_out: bool = False


def try_import(module: str, *, limit_seconds: float = TIME_LIMIT_SECONDS) -> Trial:
    """Import a module in a process of its own, so that a crash or a hang stays there.

    Parameters
    ----------
    module : str
        The module's name.
    limit_seconds : float
        When to give up.

    Returns
    -------
    Trial
        Seconds, or the last line of what went wrong.
    """
    # -P keeps a file of the current folder from standing in for the package
    command = [sys.executable, "-P", "-c", _TRIAL, module]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=limit_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Trial(None, f"not imported within {limit_seconds:g} s", timed_out=True)
    if ended.returncode == 0:
        return Trial(float(ended.stdout.split()[-1]))
    lines = ended.stderr.strip().splitlines() or [f"ended with code {ended.returncode}"]
    return Trial(None, f"{IMPORT_FAULT}: {_without_home(lines[-1].strip())}")


def _without_home(line: str) -> str:
    try:
        return line.replace(str(Path.home()), "~")
    except RuntimeError:  # no home folder is known
        return line
