"""``tumorboard demo``: every stage on simulated patients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.pipeline import DemoStage
    from tumorboard.pipeline.run import StageResult, Tell


def demo(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo goes; a new or empty folder.")],
    patients: Annotated[int, typer.Option(help="Simulated patients.", min=30, max=5000)] = 120,
    seed: Annotated[int, typer.Option(help="Seed of every draw.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the paths as JSON.")] = False,
) -> None:
    """Show the whole program on simulated patients: slides, scans, cohort, network, evaluation and report.

    Stopped and started again, it goes on where it was.
    The network starts from ImageNet's weights, which are fetched once; without
    a network connection from random ones, and the demo says so.

    \b
    tumorboard demo demo-study
    tumorboard demo small-demo --patients 40
    """  # noqa: D301
    from rich.console import Console

    from tumorboard.cli.progress import current_step
    from tumorboard.cli.run import report_stage
    from tumorboard.pipeline import demo_stages, run_demo

    stages = demo_stages(patients, seed, report_stage())
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    total = sum(stage.seconds for stage in stages)
    console.print(
        f"Demo with {patients} simulated patients: {len(stages)} stages, about {total / 60:.0f} minutes on two cores."
    )
    started = time.monotonic()
    with current_step(console) as show:

        def begin(stage: DemoStage, number: int) -> Tell:
            console.print(f"[{number}/{len(stages)}] {stage.title} (about {stage.seconds:.0f} s)")
            return show

        def end(_stage: DemoStage, result: StageResult) -> None:
            console.print(f"      {result.outcome}" + (f": {result.told}" if result.told else ""))

        report = run_demo(directory, stages, begin, end).report
    if as_json:
        print_json(
            {"report": str(report.resolve()), "study": str(directory.resolve()), "research_use_only": RESEARCH_USE_ONLY}
        )
    else:
        typer.echo(f"Finished in {time.monotonic() - started:.0f} s. Open the report: {report.resolve()}")
        typer.echo(RESEARCH_USE_ONLY)
