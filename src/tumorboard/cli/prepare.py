"""``tumorboard prepare``: a study's slides become tiles and its scans planes, in its store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from rich.console import Console

    from tumorboard.features import StoredFeatures
    from tumorboard.pipeline.scans import PreparedScans
    from tumorboard.pipeline.slides import PreparedSlides

_MOST_SHOWN = 20
_FAILED = 2


def prepare(
    study: Annotated[Path, typer.Argument(help="The study folder, with a cohort and slides.csv or scans.csv.")],
    only: Annotated[
        str, typer.Option(help="Only one of: slides, scans, features.", metavar="KIND", show_default=False)
    ] = "",
    workers: Annotated[int, typer.Option(help="Processes; 0 for one a core. The files are the same.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> int:
    """Turn the slides of a study's patients into tiles and their scans into three planes, kept in store/.

    Tile features of other programs are taken over.
    Stopped at any moment and started again, it goes on. What is up to date is not done again.
    What cannot be read is listed at the end, and the exit code is then 2; all else is prepared.
    To look at, in prepared/: slides.csv, and for each slide an overlay picture and GeoJSON for QuPath;
    scans.csv, series.csv (which series was chosen, and why), and for each patient a sheet of the planes.

    \b
    tumorboard cohort my-study
    tumorboard prepare my-study
    tumorboard prepare my-study --only scans
    """  # noqa: D301
    from tumorboard.cli.progress import counted_progress
    from tumorboard.errors import SettingsError, StudyError
    from tumorboard.pipeline.features import prepare_features
    from tumorboard.pipeline.scans import prepare_scans
    from tumorboard.pipeline.slides import prepare_slides
    from tumorboard.study.files import StudyFolder

    kinds = ("slides", "scans", "features")
    if only and only not in kinds:
        raise SettingsError(f"{only!r} is nothing to prepare", where="--only", fix=f"Give one of: {', '.join(kinds)}")
    folder = StudyFolder(study)
    wanted = [kind for kind in kinds if only in ("", kind) and folder.own_table(kind) is not None]
    if not wanted:
        raise StudyError(
            f"there is no {only}.csv" if only else "there is neither slides.csv nor scans.csv nor features.csv",
            where=str(study),
            fix="Write slides.csv with the columns patient_id, path and, where files do not say it, mpp; "
            "scans.csv with patient_id, path, modality and mask",
        )
    slides = scans = stored = None
    if "slides" in wanted:
        with counted_progress("patients") as progress:
            slides = prepare_slides(folder, progress=progress, workers=workers)
    if "scans" in wanted:
        with counted_progress("patients") as progress:
            scans = prepare_scans(folder, progress=progress, workers=workers)
    if "features" in wanted:
        with counted_progress("files") as progress:
            stored = prepare_features(folder, progress=progress)
    if as_json:
        parts = {"scans": scans.summary() if scans else None, "features": asdict(stored) if stored else None}
        print_json((slides.summary() if slides else {}) | {name: part for name, part in parts.items() if part})
    else:
        _print(folder.prepared, slides, scans, stored)
    failed = (slides and slides.failed) or (scans and scans.failed) or (stored and stored.refused)
    return _FAILED if failed else 0


def _print(
    written: Path, slides: PreparedSlides | None, scans: PreparedScans | None, stored: StoredFeatures | None
) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if slides:
        _print_slides(console, written, slides)
    if scans:
        _print_scans(console, written, scans)
    if stored:
        _print_features(console, stored)


def _print_slides(console: Console, written: Path, prepared: PreparedSlides) -> None:
    total = len(prepared.records)
    console.print(
        f"{total - len(prepared.failed)} of {total} slides prepared: {prepared.tiles['10x']:,} tiles at 10x, "
        f"{prepared.tiles['5x']:,} at 5x"
    )
    if prepared.rejected:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in prepared.rejected.items())
        console.print(f"Tiles left out: {reasons}")
    without = len(prepared.patients_without_tiles)
    if without:
        console.print(f"{without} patients have no tile; see status in slides.csv", style="yellow")
    if prepared.removed:
        console.print(f"Removed from store and pictures: {prepared.removed} slides that no row leads to any more")
    _print_failures(console, "slides", [(record.path, record.reason) for record in prepared.failed])
    console.print(f"Look at {written / 'slides.csv'} and the overlays in {written / 'slides'}", soft_wrap=True)


def _print_scans(console: Console, written: Path, prepared: PreparedScans) -> None:
    told = prepared.summary()
    modalities, phases = (
        ", ".join(f"{name} {count}" for name, count in dict(told[key]).items())  # type: ignore[call-overload]
        for key in ("modalities", "phases")
    )
    console.print(f"{told['prepared']} of {told['patients']} patients' scans prepared: {prepared.images:,} pictures")
    if modalities:
        console.print(f"Chosen: {modalities}; {phases}")
    if told["without_mask"]:
        console.print(
            f"Without a tumour mask, and so without planes: {told['without_mask']}; scans.csv tells how to get one",
            style="yellow",
        )
    if told["warnings"]:
        console.print(f"{told['warnings']} patients with warnings; see scans.csv", style="yellow")
    if prepared.removed:
        console.print(f"Removed from store and sheets: {prepared.removed} scans that no row leads to any more")
    _print_failures(console, "patients' scans", [(record.path, record.reason) for record in prepared.failed])
    console.print(
        f"Look at {written / 'scans.csv'}, {written / 'series.csv'} and the sheets in {written / 'scans'}",
        soft_wrap=True,
    )


def _print_features(console: Console, stored: StoredFeatures) -> None:
    for kept in stored.modalities:
        console.print(
            f"{kept.modality}: features of {kept.tiles:,} tiles, {kept.slides} slides, {kept.patients} patients"
        )
    _print_failures(console, "files of features", [(file.path, file.reason) for file in stored.refused])


def _print_failures(console: Console, what: str, failures: Sequence[tuple[str, str]]) -> None:
    """List what could not be read, with its reason."""
    from rich.table import Table

    if not failures:
        return
    table = Table(title=f"{len(failures)} {what} could not be read", title_justify="left")
    table.add_column("path", overflow="fold")
    table.add_column("reason", overflow="fold")
    for path, reason in failures[:_MOST_SHOWN]:
        table.add_row(path, reason)
    console.print(table)
    if len(failures) > _MOST_SHOWN:
        console.print(f"and {len(failures) - _MOST_SHOWN} more")
