"""What the package's own metadata asks for, read without any other package."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import metadata

DISTRIBUTION = "tumorboard"

# extras for those who work on the program itself; not part of what it can do
DEVELOPERS_EXTRAS = frozenset({"dev", "docs"})

_REQUIREMENT = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<range>[^;)]*?)\)?\s*(?:;\s*(?P<marker>.*))?$"
)
_OF_EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[\w.-]+)['"]""")


@dataclass(frozen=True)
class Requirement:
    """One line of what a package needs.

    Parameters
    ----------
    name : str
        The package, as registries call it.
    allowed : str
        The range of versions, such as ``>=2.2``; empty where any will do.
    extra : str or None
        The extra that asks for it; None for the core.
    marker : str
        The condition on the machine, as written; empty without one.
    """

    name: str
    allowed: str = ""
    extra: str | None = None
    marker: str = ""


def quoted(word: str) -> str:
    """Quote a word of a command for the shell that users have here.

    Parameters
    ----------
    word : str
        Such as ``pandas>=2.2``.

    Returns
    -------
    str
        In single quotes, in double ones on Windows, whose ``cmd`` takes single quotes for part of the word.
    """
    return f'"{word}"' if os.name == "nt" else f"'{word}'"


def parse_requirement(line: str) -> Requirement:
    """Read one line of a package's requirements.

    Parameters
    ----------
    line : str
        Such as ``idc-index-data>=25.0; extra == 'archives'``.

    Returns
    -------
    Requirement
        Its parts.

    Examples
    --------
    >>> parse_requirement("idc-index-data>=25.0; extra == 'archives'").extra
    'archives'
    """
    parts = _REQUIREMENT.match(line)
    if parts is None:
        raise ValueError(f"not a requirement: {line!r}")
    marker = parts["marker"] or ""
    of_extra = _OF_EXTRA.search(marker)
    return Requirement(
        name=parts["name"],
        allowed=parts["range"].replace(" ", ""),
        extra=of_extra["extra"] if of_extra else None,
        marker=marker,
    )


def core_requirements(distribution: str = DISTRIBUTION) -> list[Requirement]:
    """Return what a package cannot do without on this machine.

    Parameters
    ----------
    distribution : str
        The package; by default this one.

    Returns
    -------
    list of Requirement
        Without those of its extras.
    """
    return [need for need in _requirements(distribution) if need.extra is None and _applies(need)]


def extra_requirements() -> dict[str, list[Requirement]]:
    """Return what each optional part needs on this machine, by the extra's name, without the developers' extras."""
    extras = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    needs = [need for need in _requirements(DISTRIBUTION) if _applies(need)]
    return {
        extra: [need for need in needs if need.extra == extra] for extra in extras if extra not in DEVELOPERS_EXTRAS
    }


def version_fits(version: str, allowed: str) -> bool | None:
    """Compare a version with the range that is asked for.

    Parameters
    ----------
    version : str
        The installed version.
    allowed : str
        Such as ``>=2.2``.

    Returns
    -------
    bool or None
        None where it cannot be told, because the package ``packaging`` is not usable here.
    """
    if not allowed:
        return True
    try:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(allowed).contains(version, prereleases=True)
    except Exception:  # absent, half installed, or a version that it cannot read: all the same here
        return None


def _requirements(distribution: str) -> list[Requirement]:
    return [parse_requirement(line) for line in metadata.requires(distribution) or []]


def _applies(need: Requirement) -> bool:
    """Tell whether the condition on the machine holds; where that cannot be told, it is taken not to hold.

    A condition that asks for nothing but the extra is understood without the package ``packaging``.
    """
    if not need.marker or _OF_EXTRA.fullmatch(need.marker.strip()):
        return True
    try:
        from packaging.markers import Marker

        return Marker(need.marker).evaluate({"extra": need.extra or ""})
    except Exception:  # as in version_fits; a false alarm about another system's package would be worse
        return False
