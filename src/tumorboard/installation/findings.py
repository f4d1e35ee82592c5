"""The report's types: checks, grouped in sections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tumorboard import RESEARCH_USE_ONLY

Status = Literal["ok", "absent", "broken", "warning"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What was looked at.
    status : {"ok", "absent", "broken", "warning"}
        ``absent`` is no fault: an optional part that is not here.
    found : str
        What is there.
    purpose : str
        What it is for.
    fix : str or None
        The command that mends it; None where nothing lacks.
    """

    name: str
    status: Status
    found: str
    purpose: str
    fix: str | None = None


@dataclass(frozen=True)
class Section:
    """Checks that belong together.

    Parameters
    ----------
    name : str
        The section's heading.
    checks : tuple of Check
        Its rows; empty where there is nothing to look for.
    essential : bool
        Whether a broken row means that the installation is broken.
    """

    name: str
    checks: tuple[Check, ...]
    essential: bool = False


@dataclass(frozen=True)
class Report:
    """All sections.

    Parameters
    ----------
    sections : tuple of Section
        In the order in which they are shown.
    """

    sections: tuple[Section, ...]

    @property
    def core_faults(self) -> tuple[Check, ...]:
        """The broken rows of the essential sections."""
        return tuple(
            check
            for section in self.sections
            if section.essential
            for check in section.checks
            if check.status == "broken"
        )

    @property
    def ok(self) -> bool:
        """Whether the core is whole."""
        return not self.core_faults

    def as_json(self) -> dict[str, Any]:
        """Return the report in plain JSON types."""
        return {
            "ok": self.ok,
            "summary": self.summary(),
            "sections": [
                {
                    "name": section.name,
                    "essential": section.essential,
                    "checks": [asdict(check) for check in section.checks],
                }
                for section in self.sections
            ],
            "research_use_only": RESEARCH_USE_ONLY,
        }

    def summary(self) -> str:
        """Return one line: whether the core is whole, and what else there is to see to."""
        faults = self.core_faults
        if faults:
            fix = next((check.fix for check in faults if check.fix), None)
            first = f"; start with: {fix}" if fix else ""
            return f"The core is broken: {', '.join(check.name for check in faults)}{first}"
        to_mend = [
            check.name
            for section in self.sections
            for check in section.checks
            if check.fix and check.status in {"broken", "warning"}
        ]
        absent = [
            check.name
            for section in self.sections
            for check in section.checks
            if check.fix and check.status == "absent"
        ]
        told = ["The core is whole"]
        if to_mend:
            told.append(f"to see to: {', '.join(to_mend)}")
        told.append(
            f"optional parts not installed: {', '.join(absent)}" if absent else "every optional part is installed"
        )
        return "; ".join(told)
