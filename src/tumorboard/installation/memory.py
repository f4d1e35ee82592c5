"""Memory, and the free space of the current folder's disk."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from tumorboard.installation.findings import Check
from tumorboard.installation.limits import memory_limit
from tumorboard.installation.sizes import readable_size

_IN_KILOBYTES = re.compile(r"^(?P<key>\w+):\s+(?P<kilobytes>\d+) kB$", re.MULTILINE)


def check_memory() -> Check:
    """Look at how much memory there is and how much of it is free."""
    total, available = _total_and_available()
    limit = memory_limit()
    found = f"{_size(total)} in all, {_size(available)} available"
    if limit is not None and total is not None and limit < total:
        found += f"; limited to {readable_size(limit)} by the container"
    return Check("memory", "ok", found, "how large a batch or a scan fits")


def check_disk() -> Check:
    """Look at the free space where the command was called."""
    free = shutil.disk_usage(Path()).free
    return Check("disk", "ok", f"{readable_size(free)} free in the current folder", "slides, scans and the store")


def parse_meminfo(text: str) -> dict[str, int]:
    """Read ``/proc/meminfo``.

    Parameters
    ----------
    text : str
        The file's text.

    Returns
    -------
    dict
        Bytes by the file's own keys, such as ``MemTotal``.
    """
    return {row["key"]: int(row["kilobytes"]) * 1024 for row in _IN_KILOBYTES.finditer(text)}


def _total_and_available() -> tuple[int | None, int | None]:
    try:
        sizes = parse_meminfo(Path("/proc/meminfo").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return _total_from_posix(), None
    return sizes.get("MemTotal"), sizes.get("MemAvailable")


def _total_from_posix() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows does not have it
        return None


def _size(size: int | None) -> str:
    return "not known" if size is None else readable_size(size)
