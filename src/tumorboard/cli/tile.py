"""``tumorboard tile``: one slide's tiles, and pictures of what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.slides.preparation import SlideRecord


def tile(
    slide: Annotated[Path, typer.Argument(help="The slide: a file, or a folder with the files of a DICOM slide.")],
    out: Annotated[Path, typer.Argument(help="Where the tiles go; a new or empty folder.")],
    mpp: Annotated[
        float | None, typer.Option(help="µm per pixel at full resolution, where the file does not say it.")
    ] = None,
    annotation: Annotated[
        Path | None,
        typer.Option(
            help="Take tiles within this alone: QuPath GeoJSON, Aperio XML, DICOM. Found beside the slide too."
        ),
    ] = None,
    tiles_10x: Annotated[int, typer.Option(help="Tiles at 1.0 µm per pixel, at most; 0 for all.", min=0)] = 256,
    tiles_5x: Annotated[int, typer.Option(help="Tiles at 2.0 µm per pixel, at most; 0 for all.", min=0)] = 76,
    settings: Annotated[
        Path | None, typer.Option(help="A study folder whose study.toml says what counts as tissue.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the tiles of an earlier run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Cut one slide into tiles at 10x and 5x, and show what was taken and what was left out.

    Written are the tiles as JPEG files, tiles.csv, overlay.jpg, sheets of tiles, and regions.geojson for QuPath.

    \b
    tumorboard tile slide.svs my-tiles
    tumorboard tile scan.tif my-tiles --mpp 0.25 --tiles-10x 0
    """  # noqa: D301
    from tumorboard.slides.preparation import SlideTask, tile_slide
    from tumorboard.study.files import StudyFolder
    from tumorboard.study.settings import StudySettings, load_settings

    chosen = StudySettings() if settings is None else load_settings(StudyFolder(settings))
    slides = chosen.slides.model_copy(update={"tiles_10x": tiles_10x, "tiles_5x": tiles_5x})
    task = SlideTask("", str(slide), slide, mpp, annotation)
    record = tile_slide(task, out, slides, chosen.tissue, overwrite=overwrite)
    if as_json:
        print_json(_answer(record))
    else:
        _print_record(record, out)


def _answer(record: SlideRecord) -> dict[str, Any]:
    return {
        "mpp": record.mpp,
        "mpp_source": record.mpp_source,
        "format": record.format,
        "levels": [{"width": width, "height": height, "mpp": mpp} for width, height, mpp in record.levels],
        "tissue_share": record.tissue_share,
        "tissue_mm2": record.tissue_mm2,
        "tiles": record.tiles,
        "good": record.candidates,
        "methods": record.methods,
        "rejected": record.rejected,
        "damaged": record.damaged,
        "warnings": list(record.warnings),
    }


def _print_record(record: SlideRecord, out: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    width, height, mpp = record.levels[0]
    console.print(
        f"{record.format}, {width:,} x {height:,} pixels, {mpp:.4g} µm per pixel ({record.mpp_source}), "
        f"{len(record.levels)} levels",
        soft_wrap=True,
    )
    console.print(f"Tissue {record.tissue_mm2:.1f} mm², {record.tissue_share:.0%} of the slide")
    for scale, method in record.methods.items():
        console.print(f"{scale}: {record.tiles[scale]:,} of {record.candidates[scale]:,} good tiles ({method})")
    if record.rejected:
        console.print("Left out: " + ", ".join(f"{reason} {count:,}" for reason, count in record.rejected.items()))
    for warning in record.warnings:
        console.print(f"Warning: {warning}", style="yellow", soft_wrap=True)
    console.print(f"Look at {out / 'overlay.jpg'}; the tiles are in {out / '10x'} and {out / '5x'}", soft_wrap=True)
