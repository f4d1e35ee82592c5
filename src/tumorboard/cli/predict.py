"""``tumorboard predict``: one new patient, from raw files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json


def predict(
    model: Annotated[Path, typer.Argument(help="The ensemble of a run: STUDY/runs/NAME/model.")],
    patient: Annotated[Path, typer.Argument(metavar="PATIENT", help="Folder with the patient's files.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where prediction.json and prediction.html go; by default prediction-PATIENT here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the prediction as JSON.")] = False,
) -> None:
    """Predict a new patient from slide, scan, genes and clinical values: whatever there is of these.

    The folder holds the tables of a study folder for one patient: patients.csv,
    slides.csv, scans.csv, mutations.maf, copy_number.tsv; each may be missing.
    Without slides.csv, slide files are looked for; without scans.csv, a folder
    'scan' of DICOM files and a mask whose name begins with 'mask'.
    The answer says what it rests on, what is missing, and in what the patient
    is unlike those that the model was fitted on.

    \b
    tumorboard predict my-study/runs/main/model new-patient
    tumorboard predict my-study/runs/main/model new-patient --out result --json
    """  # noqa: D301
    from tumorboard.cli.progress import status_line
    from tumorboard.errors import StudyError
    from tumorboard.pipeline.prediction import predict_patient_folder

    target = Path(f"prediction-{patient.resolve().name}") if out is None else out
    if target.exists() and not target.is_dir():
        raise StudyError("this is a file, not a folder", where=str(target), fix="Name a folder with --out")
    with status_line("predicting") as tell:
        found = predict_patient_folder(model, patient, tell=tell)
        _, page = found.write(target)
    if as_json:
        print_json(found.result)
    else:
        _print(found.result, page)


def _print(result: dict[str, Any], page: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    group, risk = result["group"], result["risk"]
    votes = f"{group['votes_high']} of {group['folds']} folds call it high"
    told = f"Risk group: {group['name'] or 'none'} ({votes}); risk {risk['value']:+.2f} ({risk['scale']})"
    console.print(told, soft_wrap=True)
    table = Table("months", box=None, pad_edge=False)
    for column in (result["endpoint"], "spread of the folds"):
        table.add_column(column, justify="right")
    for row in result["survival"]:
        if row["probability"] is None:
            table.add_row(f"{row['months']:g}", "none", row["reason"])
        else:
            table.add_row(f"{row['months']:g}", f"{row['probability']:.0%}", f"{row['spread_over_folds']:.0%}")
    console.print(table)
    rests = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in result["rests_on"].items())
    console.print(f"It rests on {rests}; missing: {', '.join(result['missing']) or 'nothing'}", soft_wrap=True)
    if result["model"]["simulated"]:
        console.print("The model was fitted on simulated patients", style="yellow")
    for warning in result["warnings"]:
        console.print(f"Warning: {warning}", style="yellow", soft_wrap=True)
    console.print(f"Look at {page}", soft_wrap=True)
    console.print(RESEARCH_USE_ONLY, style="dim")
