"""What the core packages need in turn: a hole there breaks them as surely as their own absence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib import metadata

from tumorboard.installation.findings import Check
from tumorboard.installation.requirements import Requirement, core_requirements, version_fits

_PURPOSE = "what the core packages need in turn"


def check_further_needs(core: Sequence[Requirement], told: Collection[str], install: str) -> list[Check]:
    """Look at the packages that the core packages need, and those that these need.

    Parameters
    ----------
    core : sequence of Requirement
        Where to start; of these themselves, only what others ask of their versions is looked at.
    told : collection of str
        Packages whose faults are told elsewhere.
    install : str
        The command that brings whatever lacks.

    Returns
    -------
    list of Check
        One a fault: broken where a package is missing, a warning where a version does not fit; one row where all is
        well.
    """
    own = {_key(need.name) for need in core}
    seen = set(own)
    waiting = [need.name for need in core]
    silent = {_key(name) for name in told}
    faults: dict[str, Check] = {}
    while waiting:
        asking = waiting.pop()
        for need in _needs_of(asking):
            fault = _fault(asking, need, install)
            if fault is not None and _key(need.name) not in silent:
                faults.setdefault(fault.name, fault)
            if _key(need.name) not in seen:
                seen.add(_key(need.name))
                waiting.append(need.name)
    if faults:
        return list(faults.values())
    return [Check("their needs", "ok", f"{len(seen) - len(own)} further packages", _PURPOSE)]


def version_of(installed: metadata.Distribution) -> str | None:
    """Return an installed package's version; None where its metadata are damaged."""
    try:
        version: str | None = installed.version
    except (KeyError, ValueError, OSError):
        return None
    return version or None


def _needs_of(name: str) -> Iterator[Requirement]:
    try:
        yield from core_requirements(name)
    except (metadata.PackageNotFoundError, ValueError):  # missing packages are told of where they are asked for
        return


def _fault(asking: str, need: Requirement, install: str) -> Check | None:
    try:
        version = version_of(metadata.distribution(need.name))
    except metadata.PackageNotFoundError:
        return Check(need.name, "broken", f"not installed, but {asking} needs it", _PURPOSE, install)
    if version is None or version_fits(version, need.allowed) is not False:
        return None
    found = f"{version}, but {asking} needs {need.allowed}"
    return Check(f"{need.name} for {asking}", "warning", found, _PURPOSE, install)


def _key(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
