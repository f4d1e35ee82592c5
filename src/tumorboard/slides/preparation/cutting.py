"""One slide's tiles: counted, or cut into its shard with the pictures that show what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import UnknownScaleError
from tumorboard.slides.opening import open_slide
from tumorboard.slides.preparation.pictures import Chosen, write_pictures
from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.shard import write_shard
from tumorboard.slides.preparation.survey import Survey, survey
from tumorboard.slides.preparation.task import PatientTask, SlideTask
from tumorboard.slides.slide import Slide
from tumorboard.slides.tiles import TileCoding, TileRow, TileScale, WantedTiles, cut, sample_evenly
from tumorboard.slides.tissue.overview import Overview
from tumorboard.store import ShardMetadata
from tumorboard.study.slide_settings import SlideSettings

Allotted = dict[TileScale, int]
"""So many tiles of each scale are to come from a slide; 0 for all of them."""


def open_task(slide: SlideTask, settings: SlideSettings) -> Slide:
    """Open a task's slide; one that does not say its scale has that of the settings, where they state one.

    Raises
    ------
    UserError
        The slide cannot be read, or its scale is not known.
    """
    try:
        return open_slide(slide.path, mpp=slide.mpp)
    except UnknownScaleError:
        if not settings.mpp:
            raise
        return open_slide(slide.path, mpp=settings.mpp)


def count_good_tiles(slide: SlideTask, task: PatientTask) -> Allotted:
    """Count a slide's good tiles by scale."""
    with open_task(slide, task.slide_settings) as opened:
        found = survey(opened, slide, task.slide_settings, task.tissue_settings)
    return {scale: len(judged.good) for scale, judged in found.scales.items()}


def cut_slide(slide: SlideTask, task: PatientTask, allotted: Allotted, key: dict[str, Any]) -> SlideRecord:
    """Cut a slide's tiles into its shard, and write its pictures.

    Parameters
    ----------
    slide : SlideTask
    task : PatientTask
    allotted : dict of str to int
        So many tiles of each scale, at most; 0 for all.
    key : dict
        What the shard depends on, to be kept with it.

    Returns
    -------
    SlideRecord

    Raises
    ------
    UserError
        The slide cannot be read, or the store cannot be written.
    """
    with open_task(slide, task.slide_settings) as opened:
        found = survey(opened, slide, task.slide_settings, task.tissue_settings)
        chosen = choose_tiles(found, allotted, task.slide_settings)
        record = describe(slide, opened, found, chosen)
        taken: dict[TileScale, NDArray[np.int64]] = {}
        rows = noted(cut_rows(opened, found, chosen, task.slide_settings), chosen, taken)
        judged = {scale: each.judged for scale, each in found.scales.items()}
        metadata = ShardMetadata(slide.patient_id, slide.key, key)
        record = write_shard(task.shard(slide), metadata, record, rows, judged)
        write_pictures(task.pictures_of(slide), opened, found, chosen, taken, record)
    return record


def noted(rows: Iterable[TileRow], chosen: Chosen, taken: dict[TileScale, NDArray[np.int64]]) -> Iterator[TileRow]:
    """Give rows on, and note the numbers of their tiles.

    Parameters
    ----------
    rows : iterable of TileRow
    chosen : mapping of str to ndarray of int64
        The tiles that were to be cut, by scale.
    taken : dict of str to ndarray of int64
        Is filled with those that were, sorted.
    """
    numbers: dict[TileScale, list[int]] = {scale: [] for scale in chosen}
    for row in rows:
        numbers[row.scale] += row.numbers.tolist()
        yield row
    taken.update({scale: np.array(sorted(own), np.int64) for scale, own in numbers.items()})


def cut_rows(opened: Slide, found: Survey, chosen: Chosen, settings: SlideSettings) -> Iterator[TileRow]:
    """Cut the chosen tiles; those that are damaged in the file are left out."""
    tissue = found.tissue
    return cut(
        opened,
        [WantedTiles(found.scales[scale].grid, numbers) for scale, numbers in chosen.items()],
        Overview(tissue.overview, tissue.mpp, tissue.downsample),
        coding=TileCoding(quality=settings.jpeg_quality),
        on_damage=lambda _: None,
    )


def choose_tiles(found: Survey, allotted: Allotted, settings: SlideSettings) -> Chosen:
    """Draw tiles spread evenly over the good ones."""
    chosen = {}
    for scale, judged in found.scales.items():
        good = judged.good
        wanted = allotted[scale] or len(good)
        chosen[scale] = np.sort(good[sample_evenly(judged.grid.boxes[good], wanted, settings.seed)])
    return chosen


def describe(slide: SlideTask, opened: Slide, found: Survey, chosen: Chosen) -> SlideRecord:
    """State what was found on a slide and what is taken from it."""
    tissue = found.tissue
    finest = next(iter(found.scales.values()))
    return SlideRecord(
        patient_id=slide.patient_id,
        path=slide.stated_path,
        status="prepared",
        format=opened.format,
        mpp=opened.scale.mpp,
        mpp_source=opened.scale.source,
        levels=tuple((level.width, level.height, opened.mpp(n)) for n, level in enumerate(opened.levels)),
        tissue_mm2=tissue.tissue_mm2,
        tissue_share=tissue.tissue_share,
        blur_share=tissue.blur_share,
        pen_share=tissue.pen_share,
        fold_share=tissue.fold_share,
        candidates={scale: len(judged.good) for scale, judged in found.scales.items()},
        tiles={scale: len(numbers) for scale, numbers in chosen.items()},
        methods={scale: judged.grid.method for scale, judged in found.scales.items()},
        rejected=finest.rejected,
        warnings=found.warnings,
    )
