"""What a slide leaves to look at: an overlay picture, and its regions and tiles as GeoJSON for QuPath."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.survey import Survey
from tumorboard.slides.show import (
    RegionMaps,
    ShownTiles,
    TileObjects,
    draw_overlay,
    view_of,
    write_objects,
)
from tumorboard.slides.show.palette import TILE_5X, TILE_10X
from tumorboard.slides.slide import Slide
from tumorboard.slides.tiles import TileScale
from tumorboard.study.files import write_picture

OVERLAY, OBJECTS = "overlay.jpg", "regions.geojson"
ARTEFACTS = ("pen", "fold", "blur", "bubble", "border")
_NONE: NDArray[np.int64] = np.zeros((0, 4), np.int64)
_COLOURS = {"10x": TILE_10X, "5x": TILE_5X}

Chosen = Mapping[TileScale, NDArray[np.int64]]
"""Numbers of the tiles that were taken, by scale."""


def write_pictures(
    folder: Path, slide: Slide, survey: Survey, chosen: Chosen, taken: Chosen, record: SlideRecord
) -> None:
    """Write the overlay and the GeoJSON of a slide.

    Parameters
    ----------
    folder : Path
        Where they go.
    slide : Slide
    survey : Survey
    chosen : mapping of str to ndarray of int64
        Numbers of the tiles that were to be taken, by scale.
    taken : mapping of str to ndarray of int64
        Those of them that were taken; the others are damaged in the file.
    record : SlideRecord
        What the overlay states.

    Raises
    ------
    StudyError
        The folder cannot be written.
    """
    found = survey.tissue
    maps = RegionMaps(found.tissue, {name: getattr(found, name) for name in ARTEFACTS}, found.downsample)
    boxes = {scale: survey.scales[scale].grid.boxes[numbers] for scale, numbers in taken.items()}
    damaged = [survey.scales[scale].grid.boxes[np.setdiff1d(chosen[scale], taken[scale])] for scale in chosen]
    shown = draw_overlay(
        view_of(slide),
        maps,
        _shown_tiles(survey, boxes, np.concatenate([_NONE, *damaged])),
        facts=_facts(record),
        warnings=record.warnings,
        annotation=survey.annotation,
    )
    write_picture(folder / OVERLAY, shown)
    objects = [
        TileObjects(
            f"Tile {scale}",
            boxes[scale],
            {"Tissue share": survey.scales[scale].judged["tissue_share"].to_numpy()[numbers]},
            _COLOURS[scale],
        )
        for scale, numbers in taken.items()
    ]
    write_objects(folder / OBJECTS, record.path, slide.bounds, maps, objects)


def _shown_tiles(
    survey: Survey, boxes: Mapping[TileScale, NDArray[np.int64]], damaged: NDArray[np.int64]
) -> ShownTiles:
    finest = next(iter(survey.scales.values()))
    judged = finest.judged
    left_out = np.flatnonzero(((judged["reason"] != "") & (judged["tissue_share"] > 0)).to_numpy())
    return ShownTiles(
        kept_10x=boxes.get("10x", _NONE),
        kept_5x=boxes.get("5x", _NONE),
        rejected=np.concatenate([finest.grid.boxes[left_out], damaged]),
        reasons=[*judged["reason"].to_numpy()[left_out].tolist(), *["damaged"] * len(damaged)],
    )


def _facts(record: SlideRecord) -> list[str]:
    width, height, mpp = record.levels[0]
    facts = [
        f"{record.format}, {width:,} x {height:,} pixels, {mpp:.4g} µm per pixel ({record.mpp_source})",
        f"Tissue {record.tissue_mm2:.1f} mm²",
    ]
    facts += [
        f"{scale}: {record.tiles[scale]:,} of {record.candidates[scale]:,} good tiles, {method}"
        for scale, method in record.methods.items()
    ]
    return facts
