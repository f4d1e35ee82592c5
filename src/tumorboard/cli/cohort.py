"""``tumorboard cohort``: build a study's cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.study.settings import StudySettings


def cohort(
    study: Annotated[Path, typer.Argument(help="The study folder; made where it does not exist.")],
    tables: Annotated[
        Path | None, typer.Option(help="Folder of cBioPortal study files; default: patients.csv of the study folder.")
    ] = None,
    index: Annotated[
        str | None, typer.Option(help="Collection of the Imaging Data Commons, such as tcga_kirc: which images exist.")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(
            help="Who is eligible, separated by commas, of: clinical, slide, scan, ct, mr, mutations, copy_number, "
            "genes, endpoint."
        ),
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="DSS, OS or PFS.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of the tables, such as latin-1.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Build the cohort: who the patients are, what happened to them, and which modalities exist.

    Options given here override study.toml; a study without study.toml gets one with what was given.

    \b
    tumorboard cohort my-study
    tumorboard cohort kirc --tables kirc_tcga_pan_can_atlas_2018 --index tcga_kirc --require slide,scan,clinical
    """  # noqa: D301
    from tumorboard.cohort import build_cohort, write_cohort
    from tumorboard.errors import StudyError
    from tumorboard.study.files import StudyFolder

    folder = StudyFolder(study)
    if study.exists() and not study.is_dir():
        raise StudyError("this is a file, not a study folder", where=str(study), fix="Name a folder")
    given = {
        "tables": None if tables is None else str(tables.resolve()),
        "index": index,
        "require": None if require is None else [name.strip() for name in require.split(",") if name.strip()],
        "endpoint": None if endpoint is None else endpoint.upper(),
        "encoding": encoding,
    }
    saved, settings = _resolve(folder, {key: value for key, value in given.items() if value is not None})
    overridden = folder.settings.is_file() and saved != settings
    built = build_cohort(folder, settings)
    write_cohort(folder, built)
    if overridden:
        typer.echo(f"{folder.settings} is kept as it is; the options given here hold for this run only", err=True)
    if as_json:
        print_json(built.summary())
    else:
        _print_summary(built.summary(), folder.cohort)


def _resolve(folder: Any, given: dict[str, object]) -> tuple[StudySettings, StudySettings]:  # noqa: ANN401
    from tumorboard.study.settings import load_settings, parse_settings

    settings = load_settings(folder)
    content = settings.model_dump(mode="json")
    content["cohort"] |= given
    return settings, parse_settings(content, "command line")


def _print_summary(summary: dict[str, Any], written: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    flow = Table(title="Flow of patients", title_justify="left")
    flow.add_column("step")
    flow.add_column("dropped", justify="right")
    flow.add_column("left", justify="right")
    flow.add_row("all patients known", "", str(summary["patients"]))
    for step in summary["flow"]["steps"]:
        flow.add_row(f"require {step['requirement']} ({step['reason']})", str(step["dropped"]), str(step["left"]))
    console.print(flow)
    five = summary["five_year"]
    console.print(
        f"{summary['endpoint']} known in {summary['with_endpoint']} of {summary['eligible']}, "
        f"{summary['events']} events, {summary['competing_events']} competing deaths\n"
        f"At {summary['landmark_months']:g} months: {five['dead']} dead, {five['alive']} alive, "
        f"{five['excluded']} censored before and without a label"
    )
    there = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in summary["modalities"].items())
    console.print(f"What exists: {there}")
    for finding in summary["findings"]:
        who = f" ({finding['patients']} patients)" if finding["patients"] else ""
        console.print(
            f"[yellow]{finding['kind']}[/yellow] {finding['column']}{who}: {finding['text']}", highlight=False
        )
    console.print(f"Written: {written} and beside it genes, folds, the flow as JSON and picture")
