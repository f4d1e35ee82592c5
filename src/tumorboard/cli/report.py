"""``tumorboard report``: the report of an evaluated study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json


def report(
    study: Annotated[Path, typer.Argument(help="The study folder; tumorboard evaluate must have run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print where the report is as JSON.")] = False,
) -> None:
    """Write report.html: one file with the cohort, all models, figures, methods and provenance.

    \b
    tumorboard report my-study
    """  # noqa: D301
    from tumorboard.report import build_report
    from tumorboard.study.files import StudyFolder

    written = build_report(StudyFolder(study))
    if as_json:
        print_json({"report": str(written), "bytes": written.stat().st_size, "research_use_only": RESEARCH_USE_ONLY})
    else:
        typer.echo(f"Written: {written}\n{RESEARCH_USE_ONLY}")
