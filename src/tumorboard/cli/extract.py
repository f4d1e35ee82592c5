"""``tumorboard extract``: features of a study's tiles, by a network of the user's choice."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tumorboard.cli.output import print_json


def extract(
    study: Annotated[Path, typer.Argument(help="The study folder, with tiles in its store.")],
    encoder: Annotated[
        str, typer.Option(help="timm's name of the network, or local-dir:FOLDER as the Hugging Face hub has it.")
    ],
    weights: Annotated[
        Path | None, typer.Option(help="Its weights: .safetensors or a file of PyTorch. Without it timm's, if cached.")
    ] = None,
    scale: Annotated[str, typer.Option(help="Which tiles: 10x, 5x or both.")] = "both",
    batch: Annotated[int, typer.Option(help="Tiles at once.", min=1)] = 32,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Extract features of a study's tiles with any network of timm and your own weights.

    Written is a file a slide, and a table that names them. Copied to features.csv of the study, it makes these
    features stand in for the tiles. Stopped and started again, it goes on.

    \b
    tumorboard extract my-study --encoder resnet18 --weights resnet18.pth
    cp my-study/features/resnet18*/features.csv my-study/
    """  # noqa: D301
    from tumorboard.cli.progress import counted_progress
    from tumorboard.errors import SettingsError
    from tumorboard.features import timm_extractor
    from tumorboard.pipeline.extraction import TileModality, extract_features
    from tumorboard.study.files import StudyFolder

    choices: dict[str, tuple[TileModality, ...]] = {
        "10x": ("tiles_10x",),
        "5x": ("tiles_5x",),
        "both": ("tiles_10x", "tiles_5x"),
    }
    if scale not in choices:
        raise SettingsError(f"there is no scale {scale!r}", where="--scale", fix=f"Take one of: {', '.join(choices)}")
    network = timm_extractor(encoder, weights, pretrained=weights is None)
    with counted_progress("slides") as progress:
        found = extract_features(StudyFolder(study), network, choices[scale], batch=batch, progress=progress)
    if as_json:
        print_json(asdict(found) | {"table": str(found.table), "extractor": network.name})
        return
    typer.echo(f"{found.tiles:,} tiles of {found.slides} slides, {found.dimension} features each; {found.kept} kept")
    typer.echo(f"To use them in place of the tiles: cp {found.table} {study / 'features.csv'}")
