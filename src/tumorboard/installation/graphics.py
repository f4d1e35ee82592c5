"""The GPUs."""

from __future__ import annotations

import platform
import shutil
import subprocess

from tumorboard.installation.findings import Check

_PURPOSE = "trains and predicts faster than the processor"
_QUERY = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
_TIME_LIMIT_SECONDS = 30.0  # a driver that is not kept loaded takes several seconds to start


def check_gpus() -> list[Check]:
    """Look for GPUs.

    Returns
    -------
    list of Check
        One a GPU; one that says so where there is none.
    """
    program = shutil.which("nvidia-smi")
    if program is not None:
        return _from_nvidia(program)
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return [Check("GPU", "ok", "Apple silicon, which shares the memory above", _PURPOSE)]
    return [_none()]


def _from_nvidia(program: str) -> list[Check]:
    try:
        ended = subprocess.run(
            [program, *_QUERY], capture_output=True, text=True, timeout=_TIME_LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return [_not_answering(type(fault).__name__)]
    # nvidia-smi tells its faults on standard output
    lines = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
    if ended.returncode != 0:
        return [_not_answering(lines[0] if lines else f"exit code {ended.returncode}")]
    return [_gpu(number, line) for number, line in enumerate(lines)] or [_none()]


def _gpu(number: int, line: str) -> Check:
    name, memory, driver = (line.split(", ") + ["not known"] * 3)[:3]
    return Check(f"GPU {number}", "ok", f"{name}, {memory}, driver {driver}", _PURPOSE)


def _none() -> Check:
    return Check("GPU", "absent", "none; everything runs on the processor", _PURPOSE)


def _not_answering(why: str) -> Check:
    return Check("GPU", "warning", f"nvidia-smi is installed but fails: {why}", _PURPOSE, "nvidia-smi")
