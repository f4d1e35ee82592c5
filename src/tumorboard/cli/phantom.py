"""``tumorboard phantom``: simulated patients in the real file formats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json
from tumorboard.cli.progress import counted_progress

if TYPE_CHECKING:
    from tumorboard.phantom.request import PhantomRequest

_GIGABYTE_DECIMALS = 10
_MINUTE, _HOUR = 60, 3600


def phantom(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where it goes; a new or empty folder, or a stopped run's.")
    ],
    patients: Annotated[
        int | None, typer.Option(help="How many patients; by default the preset's (60, 230, 1150).", min=2)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.", min=0)] = 1,
    preset: Annotated[
        str, typer.Option(help="demo (slides of about 4k x 4k pixels), paper (20k x 20k) or large (40k x 40k).")
    ] = "demo",
    tables_only: Annotated[bool, typer.Option("--tables-only", help="Tables and truth alone: seconds.")] = False,
    tiles_only: Annotated[
        bool, typer.Option("--tiles-only", help="Ready-made tiles and plane images; no slide or DICOM files.")
    ] = False,
    leaky_sites: Annotated[
        bool, typer.Option("--leaky-sites", help="Let the hospital follow the outcome: a trap for methods.")
    ] = False,
    independent: Annotated[
        bool,
        typer.Option(
            "--independent",
            help="Draw patients independently, for studies of power and coverage; by default draws are spread evenly.",
        ),
    ] = False,
    slide_pixels: Annotated[
        int | None,
        typer.Option(help="Side of the slides in pixels at 0.25 µm, in place of the preset's.", min=2048, max=100_000),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 for one a core. The files are the same.", min=0)] = 0,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would take, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Write simulated patients with a known truth: slides (SVS), scans (DICOM), genes, tables.

    Stopped at any moment and started again, it goes on.
    The same seed gives the same files.
    In truth/: factors, hazard, regions, diameters, Cox models of the true factors.

    \b
    tumorboard phantom my-phantom --patients 60 --seed 1
    tumorboard phantom my-phantom --preset paper --plan
    tumorboard phantom my-cohort --patients 100000 --tables-only
    tumorboard phantom my-training-set --patients 1000 --tiles-only
    """  # noqa: D301
    from tumorboard.execution import available_cores
    from tumorboard.phantom import write_phantom
    from tumorboard.phantom.folder import free_gigabytes
    from tumorboard.study.files import StudyFolder

    request = _request(patients, seed, preset, (tables_only, tiles_only), (leaky_sites, independent), slide_pixels)
    processes = workers or available_cores()
    typer.echo(_announcement(request, processes), err=True)
    if plan:
        free = free_gigabytes(directory)
        typer.echo(f"{free:,.0f} GB are free there{_fits(directory, request)}. Nothing was written.", err=True)
        if as_json:
            print_json(_planned(request, processes) | {"free_gigabytes": round(free, 1)})
        return
    folder = StudyFolder(directory)
    with counted_progress("patients", request.patients) as progress:
        written = write_phantom(folder, request, progress=progress, workers=workers)
    if as_json:
        print_json(asdict(written) | {"study": str(directory.resolve()), "research_use_only": RESEARCH_USE_ONLY})
        return
    typer.echo(written.line())
    typer.echo(f"Next: tumorboard cohort {directory}")
    typer.echo(f"Simulated patients; no real patient is behind them. {RESEARCH_USE_ONLY}")


def _request(
    patients: int | None,
    seed: int,
    preset: str,
    only: tuple[bool, bool],
    draws: tuple[bool, bool],
    slide_pixels: int | None,
) -> PhantomRequest:
    from tumorboard.errors import SettingsError
    from tumorboard.phantom.presets import PRESETS, Contents
    from tumorboard.phantom.request import PhantomRequest

    if preset not in PRESETS:
        raise SettingsError(
            f"there is no preset {preset!r}", where="--preset", fix=f"Take one of: {', '.join(PRESETS)}"
        )
    tables_only, tiles_only = only
    if tables_only and tiles_only:
        raise SettingsError("--tables-only and --tiles-only exclude each other", fix="Give one of them")
    if slide_pixels is not None and (tables_only or tiles_only):
        raise SettingsError("no slides are written, so they have no side", where="--slide-pixels", fix="Leave it out")
    contents = Contents.TABLES if tables_only else Contents.TILES if tiles_only else Contents.FILES
    chosen = PRESETS[preset]
    request = PhantomRequest(patients or chosen.patients, seed, chosen, contents, *draws)
    return request if slide_pixels is None else request.with_slide_side(slide_pixels)


def _fits(directory: Path, request: PhantomRequest) -> str:
    from tumorboard.errors import StudyError
    from tumorboard.phantom.folder import refuse_full_disk

    try:
        refuse_full_disk(directory, request)
    except StudyError:
        return ", which is too little"
    return ""


def _planned(request: PhantomRequest, processes: int) -> dict[str, Any]:
    needed = request.effort(processes)
    return {
        "patients": request.patients,
        "preset": request.preset.name,
        "contents": str(request.contents),
        "megapixels": round(needed.megapixels),
        "gigabytes": round(needed.gigabytes, 2),
        "hours": round(needed.seconds / _HOUR, 3),
        "memory_gigabytes": round(needed.memory_gigabytes, 1),
        "processes": processes,
    }


def _announcement(request: PhantomRequest, processes: int) -> str:
    from tumorboard.phantom.presets import Contents

    needed = request.effort(processes)
    preset = request.preset
    what = {
        Contents.FILES: f"slides of about {preset.slide_side_px:,} x {preset.slide_side_px:,} pixels at 40x, scans of "
        f"{preset.scan_size_px} x {preset.scan_size_px}: {needed.megapixels / 1000:,.1f} gigapixels",
        Contents.TILES: f"{preset.tiles_10x} + {preset.tiles_5x} tiles and three planes each: "
        f"{needed.megapixels / 1000:,.1f} gigapixels",
        Contents.TABLES: "tables alone, no images",
    }[request.contents]
    return (
        f"{request.patients:,} simulated patients (preset {preset.name}, seed {request.seed}); {what}; about "
        f"{_size(needed.gigabytes)} on the disk, {_duration(needed.seconds)} with {processes} "
        f"process{'es' if processes > 1 else ''}, {needed.memory_gigabytes:.1f} GB of memory."
    )


def _size(gigabytes: float) -> str:
    if gigabytes >= _GIGABYTE_DECIMALS:
        return f"{gigabytes:,.0f} GB"
    return f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{max(gigabytes * 1000, 1):.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} minutes"
    return f"{seconds / _HOUR:.1f} hours"
