"""``tumorboard run``: all stages of a study that are not up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.pipeline.run import Stage, StageResult, Tell
    from tumorboard.study.files import StudyFolder


def run(
    study: Annotated[Path, typer.Argument(help="The study folder, with patients.csv or cBioPortal tables.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what became of each stage as JSON.")] = False,
) -> None:
    """Do all stages of a study that are not up to date: cohort, prepare, train, evaluate, report.

    What to do stands in study.toml; 'tumorboard cohort' writes one.
    Stopped at any moment and started again, it goes on.

    \b
    tumorboard run my-study
    """  # noqa: D301
    from rich.console import Console

    from tumorboard.cli.progress import current_step
    from tumorboard.pipeline.run import STUDY_STAGES, run_study
    from tumorboard.study.files import StudyFolder as Folder

    folder = Folder(study)
    stages = (*STUDY_STAGES, report_stage())
    console = Console(stderr=True, highlight=False)
    with current_step(console) as show:

        def begin(stage: Stage) -> Tell:
            return lambda step: show(f"{stage.name}: {step}")

        def end(stage: Stage, result: StageResult) -> None:
            told = f" ({result.told})" if result.told else ""
            console.print(f"{stage.name}: {result.outcome}{told}", markup=False, soft_wrap=True)

        results = run_study(folder, stages, begin, end)
    if as_json:
        stages_told = {name: {"outcome": result.outcome, "told": result.told} for name, result in results.items()}
        print_json({"stages": stages_told, "report": str(folder.report), "research_use_only": RESEARCH_USE_ONLY})
    else:
        typer.echo(f"Open the report: {folder.report}" if folder.report.is_file() else "There is no report yet")
        typer.echo(RESEARCH_USE_ONLY)


def report_stage() -> Stage:
    """Return the stage that writes the report, where something was evaluated since."""
    from tumorboard.pipeline.run import Stage as StudyStage

    return StudyStage("report", _report)


def _report(folder: StudyFolder, tell: Tell) -> StageResult:
    from tumorboard.pipeline.run import StageResult as Result
    from tumorboard.report import build_report

    metrics = folder.evaluation / "metrics.json"
    if not metrics.is_file():
        return Result("left out", "nothing was evaluated")
    made_from = [metrics, folder.cohort_record, *folder.root.glob("runs/*/summary.json")]
    made_from += folder.root.glob("runs/*/evaluation.json")
    if folder.report.is_file() and all(
        path.stat().st_mtime_ns <= folder.report.stat().st_mtime_ns for path in made_from
    ):
        return Result("up to date")
    tell("writing")
    build_report(folder)
    return Result("done", str(folder.report))
