"""Limits that a container or a batch system puts on cores and memory (Linux control groups, both versions)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def core_limit(root: Path = _ROOT, membership: Path = _MEMBERSHIP) -> float | None:
    """Return how many cores' time this process may use.

    Parameters
    ----------
    root : Path
        Where the control groups are mounted.
    membership : Path
        The file that tells which groups this process is in.

    Returns
    -------
    float or None
        The strictest limit of the group and all above it; None without one.
    """
    limits = [
        limit
        for folder in _groups("cpu", root, membership)
        for limit in (parse_cpu_max(_read(folder / "cpu.max")), _quota_of_version_1(folder))
        if limit is not None
    ]
    return min(limits, default=None)


def memory_limit(root: Path = _ROOT, membership: Path = _MEMBERSHIP) -> int | None:
    """Return how many bytes of memory this process may use.

    Parameters
    ----------
    root : Path
        Where the control groups are mounted.
    membership : Path
        The file that tells which groups this process is in.

    Returns
    -------
    int or None
        The strictest limit of the group and all above it; None without one. Version 1 writes a number larger than
        any machine's memory for "none".
    """
    limits = [
        int(text)
        for folder in _groups("memory", root, membership)
        for text in (_read(folder / "memory.max"), _read(folder / "memory.limit_in_bytes"))
        if text.isdigit()
    ]
    return min(limits, default=None)


def parse_cpu_max(text: str) -> float | None:
    """Read ``cpu.max``: microseconds of processor time, and the period in which they may be used.

    Parameters
    ----------
    text : str
        Such as ``200000 100000``, or ``max 100000`` without a limit.

    Returns
    -------
    float or None
        Cores; None without a limit.

    Examples
    --------
    >>> parse_cpu_max("200000 100000")
    2.0
    """
    quota, _, period = text.strip().partition(" ")
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return int(quota) / int(period)


def _quota_of_version_1(folder: Path) -> float | None:
    # without a limit the quota is -1, which parse_cpu_max takes for none
    return parse_cpu_max(f"{_read(folder / 'cpu.cfs_quota_us')} {_read(folder / 'cpu.cfs_period_us')}")


def _groups(controller: str, root: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of this process's group and of all above it, in either version."""
    for line in _read(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mounted = root / controllers  # version 2 names no controllers and is mounted at the root itself
        group = mounted / path.lstrip("/")
        yield group
        yield from (folder for folder in group.parents if folder.is_relative_to(mounted))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
