"""``tumorboard demo``: every stage on simulated patients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tumorboard.pipeline import DemoStage
    from tumorboard.study.files import StudyFolder


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo goes; a new or empty folder.")],
    patients: Annotated[int, typer.Option(help="Simulated patients.", min=30, max=5000)] = 120,
    seed: Annotated[int, typer.Option(help="Seed of every draw.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the paths as JSON.")] = False,
) -> None:
    """Show the whole program on simulated patients: slides, scans, cohort, evaluation and report.

    Stopped and started again, it goes on with the patients that are missing.

    \b
    tumorboard demo demo-study
    tumorboard demo small-demo --patients 40
    """  # noqa: D301
    from rich.console import Console

    from tumorboard.pipeline import DEMO_STAGES, run_demo
    from tumorboard.pipeline import DemoStage as Stage

    stages = (*DEMO_STAGES, Stage("write the report", lambda _: 5, _report))
    console = Console(stderr=True, highlight=False)
    total = sum(stage.seconds(patients) for stage in stages)
    console.print(
        f"Demo with {patients} simulated patients: {len(stages)} stages, about {total / 60:.0f} minutes on two cores."
    )
    started = time.monotonic()
    with console.status("") as status:

        def tell(stage: DemoStage, number: int) -> Callable[[str], None]:
            duration = f"about {stage.seconds(patients):.0f} s"
            console.print(f"[{number}/{len(stages)}] {stage.name} ({duration})", markup=False)
            return status.update

        report = run_demo(directory, patients, seed, stages, tell).report
    if as_json:
        print_json(
            {"report": str(report.resolve()), "study": str(directory.resolve()), "research_use_only": RESEARCH_USE_ONLY}
        )
    else:
        typer.echo(f"Finished in {time.monotonic() - started:.0f} s. Open the report: {report.resolve()}")
        typer.echo(RESEARCH_USE_ONLY)


def _report(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.report import build_report

    progress("writing")
    build_report(folder)
