"""The processor: its model, its cores and its vector instructions."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tumorboard.installation.findings import Check
from tumorboard.installation.limits import core_limit

# row's name, the flag that Linux and macOS report in lower case, what it is for
_FEATURES = (
    ("AVX2", "avx2", "fast 32-bit arithmetic"),
    ("AVX-512", "avx512f", "faster 32-bit arithmetic"),
    ("AVX512_BF16", "avx512_bf16", "fast 16-bit (bfloat16) arithmetic"),
    ("AMX", "amx_tile", "fastest 16-bit matrix products"),
)
_X86 = frozenset({"x86_64", "amd64", "i386", "i686"})


@dataclass(frozen=True)
class Processor:
    """What the operating system tells of the processor.

    Parameters
    ----------
    model : str or None
        The maker's name for it; None where it is not told.
    physical_cores : int or None
        Cores without counting hyper-threads; None where it is not told.
    features : frozenset of str or None
        Flags in lower case; None where they are not told.
    """

    model: str | None
    physical_cores: int | None
    features: frozenset[str] | None


def check_processor() -> list[Check]:
    """Look at the processor.

    Returns
    -------
    list of Check
        Model, cores and one row per kind of vector instructions.
    """
    processor = read_processor()
    model = processor.model or f"not known ({platform.machine()})"
    return [
        Check("processor", "ok", model, "runs everything that no GPU runs"),
        _check_cores(processor.physical_cores),
        *feature_checks(processor.features, platform.machine()),
    ]


def feature_checks(features: frozenset[str] | None, machine: str) -> list[Check]:
    """Tell which vector instructions there are.

    Parameters
    ----------
    features : frozenset of str or None
        The processor's flags in lower case; None where they are not known.
    machine : str
        The kind of processor, such as ``x86_64`` or ``arm64``.

    Returns
    -------
    list of Check
        One a kind; a missing one is absent, which is no fault.
    """
    if machine.lower() not in _X86:
        return [Check(name, "absent", f"no ({machine} has its own)", why) for name, _, why in _FEATURES]
    if features is None:
        return [Check(name, "absent", "not known", why) for name, _, why in _FEATURES]
    return [
        Check(name, "ok" if flag in features else "absent", "yes" if flag in features else "no", why)
        for name, flag, why in _FEATURES
    ]


def read_processor() -> Processor:
    """Ask the operating system what the processor is."""
    system = platform.system()
    if system == "Linux":
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    if system == "Darwin":
        return _from_sysctl()
    return Processor(platform.processor() or None, None, None)


def parse_cpuinfo(text: str) -> Processor:
    """Read ``/proc/cpuinfo``.

    Parameters
    ----------
    text : str
        The file's text.

    Returns
    -------
    Processor
        On ARM the file tells neither the model nor which cores are physical.
    """
    blocks = [_fields(block) for block in text.split("\n\n") if block.strip()]
    told = {key: value for block in reversed(blocks) for key, value in block.items()}
    cores = {(block["physical id"], block["core id"]) for block in blocks if {"physical id", "core id"} <= block.keys()}
    flags = told.get("flags", told.get("Features"))
    return Processor(
        model=told.get("model name"),
        physical_cores=len(cores) or None,
        features=None if flags is None else frozenset(flags.lower().split()),
    )


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _from_sysctl() -> Processor:
    model = _sysctl("machdep.cpu.brand_string")
    cores = _sysctl("hw.physicalcpu")
    # Apple silicon does not have these keys
    flags = [_sysctl("machdep.cpu.features"), _sysctl("machdep.cpu.leaf7_features")]
    known = " ".join(flag for flag in flags if flag)
    features = frozenset(known.lower().split()) if known else None
    return Processor(model, int(cores) if cores and cores.isdigit() else None, features)


def _sysctl(key: str) -> str | None:
    try:
        ended = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() or None if ended.returncode == 0 else None


def _check_cores(physical: int | None) -> Check:
    logical = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    found = f"{physical or 'not known how many'} physical, {logical} logical, {usable} usable"
    purpose = "how many tiles, folds or patients are worked on at once"
    limit = core_limit()
    if limit is None or limit >= usable:
        return Check("cores", "ok", found, purpose)
    # libraries count the cores and not the limit, and then start more threads than may run
    threads = f"export OMP_NUM_THREADS={max(1, int(limit))}"
    return Check("cores", "warning", f"{found}; limited to {limit:g} by the container", purpose, threads)
