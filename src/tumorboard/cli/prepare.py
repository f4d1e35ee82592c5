"""``tumorboard prepare``: a study's slides become tiles in its store."""

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
    from tumorboard.pipeline.slides import PreparedSlides

_MOST_SHOWN = 20
_FAILED = 2


def prepare(
    study: Annotated[Path, typer.Argument(help="The study folder, with a cohort and slides.csv.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 for one a core. The files are the same.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> int:
    """Turn the slides of a study's patients into tiles at 10x and 5x, kept in store/; take over tile features.

    Stopped at any moment and started again, it goes on. What is up to date is not done again.
    Slides that cannot be read are listed at the end, and the exit code is then 2; all others are prepared.
    To look at: prepared/slides.csv, and for each slide an overlay picture and GeoJSON for QuPath.

    \b
    tumorboard cohort my-study
    tumorboard prepare my-study
    """  # noqa: D301
    from tumorboard.cli.progress import counted_progress
    from tumorboard.errors import StudyError
    from tumorboard.pipeline.features import prepare_features
    from tumorboard.pipeline.slides import prepare_slides
    from tumorboard.study.files import StudyFolder

    folder = StudyFolder(study)
    slides, features = folder.own_table("slides"), folder.own_table("features")
    if slides is None and features is None:
        raise StudyError(
            "there is neither slides.csv nor features.csv",
            where=str(study),
            fix="Write slides.csv with the columns patient_id, path and, where files do not say it, mpp",
        )
    prepared = stored = None
    if slides is not None:
        with counted_progress("patients") as progress:
            prepared = prepare_slides(folder, progress=progress, workers=workers)
    if features is not None:
        with counted_progress("files") as progress:
            stored = prepare_features(folder, progress=progress)
    if as_json:
        print_json((prepared.summary() if prepared else {}) | ({"features": asdict(stored)} if stored else {}))
    else:
        if prepared:
            _print_slides(folder.prepared, prepared)
        if stored:
            _print_features(stored)
    return _FAILED if (prepared and prepared.failed) or (stored and stored.refused) else 0


def _print_slides(written: Path, prepared: PreparedSlides) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
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
    _print_failures(console, "slides", [(record.path, record.reason) for record in prepared.failed])
    console.print(f"Look at {written / 'slides.csv'} and the overlays in {written / 'slides'}", soft_wrap=True)


def _print_features(stored: StoredFeatures) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
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
