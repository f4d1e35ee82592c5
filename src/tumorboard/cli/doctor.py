"""``tumorboard doctor``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json
from tumorboard.installation import Report, Section, Status, examine, marks_for, plain_text
from tumorboard.installation.plain import progress_to_terminal

if TYPE_CHECKING:
    from rich.table import Table

_COLOURS: dict[Status, str] = {"ok": "green", "absent": "dim", "broken": "bold red", "warning": "yellow"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also import each package and time it; takes up to a minute.")
    ] = False,
) -> None:
    """Show what is installed, what this machine can do, and the command that mends what is missing.

    Ends with code 0 when the core is whole and with 1 when it is broken; a missing optional part is no fault.
    Where this command does not even start, use python -m tumorboard.installation, which needs no other package.

    Example: tumorboard doctor
    """
    report = examine(deep=deep, on_progress=progress_to_terminal)
    if as_json:
        print_json(report.as_json())
    else:
        _print_report(report)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    try:
        _print_tables(report)
    except ImportError:  # rich itself is missing or broken
        typer.echo(plain_text(report, encoding=sys.stdout.encoding))


def _print_tables(report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for section in (section for section in report.sections if section.checks):
        console.print(_table(section, marks_for(console.encoding)))
        for check in section.checks:
            if check.fix:
                # outside the table and unbroken, so that it can be copied from a narrow terminal too
                console.print(Text(f"  {check.name}: {check.fix}", style=_COLOURS[check.status]), soft_wrap=True)
        console.print()
    console.print(Text(report.summary()), soft_wrap=True)
    console.print(Text(RESEARCH_USE_ONLY, style="dim"), soft_wrap=True)


def _table(section: Section, marks: dict[Status, str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    title = Text(section.name, style="bold not italic")
    table = Table(box=None, show_header=False, title=title, title_justify="left", padding=(0, 1))
    table.add_column("mark")
    table.add_column("what", no_wrap=True)
    table.add_column("found")
    table.add_column("for")
    for check in section.checks:
        mark = Text(marks[check.status], style=_COLOURS[check.status])
        # as Text, for rich takes the brackets of "tumorboard[archives]" in a plain string for its own markup
        table.add_row(mark, Text(check.name), Text(check.found), Text(check.purpose, style="dim"))
    return table
