"""``tumorboard evaluate``: what a risk is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json
from tumorboard.errors import SettingsError

if TYPE_CHECKING:
    from tumorboard.evaluation.assessment import AssessmentPlan
    from tumorboard.evaluation.predictions import Predictions


def evaluate(
    study: Annotated[
        Path | None, typer.Argument(help="The study folder: its clinical models are cross-validated.")
    ] = None,
    risks: Annotated[
        Path | None,
        typer.Option(
            help="A risk file instead of a study: patient_id,time_months,event,risk[,fold]; higher risk is worse."
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="A second risk file of the same patients, for the paired difference.")
    ] = None,
    time_unit: Annotated[
        str, typer.Option(help="Unit of the risk file's time_months: months, days or years.")
    ] = "months",
    horizons: Annotated[str | None, typer.Option(help="Horizons in months, separated by commas.")] = None,
    bootstrap: Annotated[int | None, typer.Option(help="Replicates behind an interval.", min=100)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the bootstrap.")] = None,
    adjust: Annotated[
        Path | None,
        typer.Option(help="A patient table; adds the Cox model of the risk with age, T, N, M and grade."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New or empty folder for figures and metrics.json of a risk file.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that fit models; 0: one a core.", min=0)] = 0,
    encoding: Annotated[str, typer.Option(help="Text encoding of these tables.")] = "utf-8-sig",
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Evaluate a study's clinical models by cross-validation, or the risks of another program.

    \b
    tumorboard evaluate my-study
    tumorboard evaluate --risks out_of_fold.csv
    tumorboard evaluate --risks out_of_fold.csv --adjust patients.csv
    tumorboard evaluate --risks network.csv --against clinical.csv --out comparison
    """  # noqa: D301
    if (study is None) == (risks is None):
        raise SettingsError("give either a study folder or --risks FILE", where="evaluate")
    if study is not None:
        _refuse_options_of_risk_files({"--against": against, "--adjust": adjust, "--out": out})
        _evaluate_study(
            study, {"bootstrap": bootstrap, "seed": seed, "horizons_months": _horizons(horizons)}, workers, as_json
        )
    elif risks is not None:
        plan = _plan(bootstrap, seed, _horizons(horizons))
        _evaluate_risks(risks, against, adjust, plan, time_unit, encoding, out, as_json)


def _refuse_options_of_risk_files(given: dict[str, Path | None]) -> None:
    for option, value in given.items():
        if value is not None:
            raise SettingsError("this option goes with --risks, not with a study", where=option, fix="Leave it out")


def _horizons(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(sorted({float(part) for part in text.split(",")}))
    except ValueError:
        raise SettingsError(
            f"{text!r} is no list of months", where="--horizons", fix="Write: --horizons 12,36,60"
        ) from None


def _plan(bootstrap: int | None, seed: int | None, horizons: tuple[float, ...] | None) -> AssessmentPlan:
    from tumorboard.evaluation.assessment import AssessmentPlan
    from tumorboard.evaluation.resampling import Bootstrap
    from tumorboard.study.settings import parse_settings

    given = {"bootstrap": bootstrap, "seed": seed, "horizons_months": horizons}
    settings = parse_settings(
        {"evaluation": {k: v for k, v in given.items() if v is not None}}, "command line"
    ).evaluation
    return AssessmentPlan(settings.horizons_months, bootstrap=Bootstrap(settings.bootstrap, settings.seed))


def _evaluate_risks(
    risks: Path,
    against: Path | None,
    adjust: Path | None,
    plan: AssessmentPlan,
    time_unit: str,
    encoding: str,
    out: Path | None,
    as_json: bool,
) -> None:
    from tumorboard.cli.progress import status_line
    from tumorboard.evaluation.adjusted import cox_adjusted, read_factors
    from tumorboard.evaluation.assessment import assess
    from tumorboard.evaluation.comparison import paired_difference
    from tumorboard.evaluation.risk_table import read_risks

    if out is not None:
        _check_target(out)
    predictions = read_risks(risks, time_unit=time_unit, encoding=encoding)
    other = None if against is None else read_risks(against, time_unit=time_unit, encoding=encoding)
    if against is not None and other is not None and other.name == predictions.name:
        # every run's file is called risks.csv
        predictions, other = _with_folder(predictions, risks), _with_folder(other, against)
    factors = None if adjust is None else read_factors(adjust, set(predictions.patients), encoding=encoding)
    with status_line(f"evaluating {len(predictions.patients)} patients") as tell:
        answer = assess(predictions, plan, tell)
        if factors is not None:
            tell("adjusted Cox")
            answer["cox_adjusted"] = cox_adjusted(predictions, factors)
        if other is not None:
            tell("paired difference")
            answer["comparison"] = paired_difference(predictions, other, plan.bootstrap).to_json()
        if out is not None:
            from tumorboard.evaluation.figures import write_assessment

            tell("figures")
            write_assessment(out, predictions, answer, plan)
    if as_json:
        print_json(answer)
    else:
        _print_assessment(answer, out)


def _with_folder(predictions: Predictions, path: Path) -> Predictions:
    return replace(predictions, name=f"{path.resolve().parent.name}/{predictions.name}")


def _check_target(out: Path) -> None:
    """Refuse a folder whose files somebody else wrote, such as a study's evaluation."""
    if not out.exists():
        return
    if not out.is_dir():
        raise SettingsError(f"{str(out)!r} is a file", where="--out", fix="Name a folder")
    if any(out.iterdir()) and not _holds_assessment(out):
        raise SettingsError(
            f"{str(out)!r} holds files that no earlier --out wrote", where="--out", fix="Name a new or an empty folder"
        )


def _holds_assessment(out: Path) -> bool:
    try:
        content = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and {"harrell_c", "name"} <= content.keys()


def _evaluate_study(study: Path, given: dict[str, Any], workers: int, as_json: bool) -> None:
    from tumorboard.cli.progress import status_line
    from tumorboard.evaluation.run import evaluate_runs
    from tumorboard.evaluation.study import evaluate_study
    from tumorboard.study.files import StudyFolder

    given = {key: value for key, value in given.items() if value is not None}
    with status_line("evaluating the study's clinical models") as tell:
        answer = evaluate_study(StudyFolder(study), given, workers=workers, progress=tell)
        evaluate_runs(StudyFolder(study), tell)
    if as_json:
        print_json(answer)
    else:
        from tumorboard.cli.evaluation_tables import print_study

        print_study(answer, study)


def _print_assessment(answer: dict[str, Any], out: Path | None) -> None:
    from rich.console import Console

    from tumorboard.cli.evaluation_tables import assessment_table

    console = Console()
    console.print(assessment_table(answer))
    if out is not None:
        console.print(f"Figures and metrics.json: {out}")
    console.print(RESEARCH_USE_ONLY, style="dim")
