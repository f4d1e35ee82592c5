"""The report as plain text."""

from __future__ import annotations

import sys

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.installation.findings import Check, Report, Section, Status

_SIGNS: dict[Status, str] = {"ok": "✓", "absent": "–", "broken": "✗", "warning": "!"}
_WORDS: dict[Status, str] = {"ok": "ok", "absent": "absent", "broken": "BROKEN", "warning": "warning"}


def marks_for(encoding: str | None) -> dict[Status, str]:
    """Choose the marks that a terminal can show.

    Parameters
    ----------
    encoding : str or None
        The terminal's encoding.

    Returns
    -------
    dict
        A mark per status: signs, or words where the encoding lacks them.
    """
    try:
        "".join(_SIGNS.values()).encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return _WORDS
    return _SIGNS


def plain_text(report: Report, *, encoding: str | None = "utf-8") -> str:
    """Write the report with nothing but spaces and line breaks.

    Parameters
    ----------
    report : Report
        What was found.
    encoding : str or None
        The terminal's encoding.

    Returns
    -------
    str
        One block a section, then the summary.
    """
    marks = marks_for(encoding)
    blocks = [_block(section, marks) for section in report.sections if section.checks]
    return "\n\n".join([*blocks, f"{report.summary()}\n{RESEARCH_USE_ONLY}"])


def progress_to_terminal(what: str) -> None:
    """Tell what is being done on standard error, where somebody looks on.

    Parameters
    ----------
    what : str
        Such as ``importing pandas``.
    """
    if sys.stderr.isatty():
        sys.stderr.write(f"{what} ...\n")


def _block(section: Section, marks: dict[Status, str]) -> str:
    name_width = max(len(check.name) for check in section.checks)
    mark_width = max(len(marks[check.status]) for check in section.checks)
    rows = [line for check in section.checks for line in _row(check, marks, mark_width, name_width)]
    return "\n".join([section.name, *rows])


def _row(check: Check, marks: dict[Status, str], mark_width: int, name_width: int) -> list[str]:
    start = f"  {marks[check.status]:<{mark_width}} {check.name:<{name_width}}  "
    row = [start + check.found]
    if check.fix:
        for_what = f" ({check.purpose})" if check.purpose else ""
        row[0] += for_what
        row.append(" " * len(start) + f"mend with: {check.fix}")
    return row
