"""Ready-made tiles as a shard: taken as they are, never more than the patient's cap."""

from __future__ import annotations

from typing import Any

import numpy as np

from tumorboard.slides.preparation.cutting import Allotted
from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.shard import MODALITIES, TILE_COLUMNS
from tumorboard.slides.preparation.survey import SCALES
from tumorboard.slides.preparation.task import PatientTask, SlideTask
from tumorboard.slides.ready_made import UNKNOWN, ReadyMadeTiles, TileFile
from tumorboard.slides.tiles import COLOUR_COLUMNS, sample_evenly
from tumorboard.store import ShardMetadata, ShardWriter

_FORMAT = "ready-made tiles"


def count_files(slide: SlideTask) -> Allotted:
    """Count a folder's tiles by scale."""
    files = ReadyMadeTiles.find(slide.path, slide.mpp).files
    return {scale: sum(file.scale == scale for file in files) for scale in SCALES}


def keep_files(slide: SlideTask, task: PatientTask, allotted: Allotted, key: dict[str, Any]) -> SlideRecord:
    """Keep a folder's tiles as a shard.

    Parameters and what is returned are those of :func:`tumorboard.slides.preparation.cutting.cut_slide`.

    Raises
    ------
    UserError
        The folder's scale is not known, or the store cannot be written.
    """
    folder = ReadyMadeTiles.find(slide.path, slide.mpp)
    chosen = _chosen(folder, allotted, task.slide_settings.seed)
    record = _record(slide, folder, chosen)
    faults: list[str] = []
    tiles = dict.fromkeys(record.tiles, 0)
    with ShardWriter(task.shard(slide), TILE_COLUMNS, ShardMetadata(slide.patient_id, slide.key, key)) as shard:
        for tile in folder.read(chosen, on_fault=lambda file, reason: faults.append(f"{file.name}: {reason}")):
            file = tile.file
            tiles[file.scale] += 1
            shard.add(
                tile.payload,
                encoding=tile.encoding,
                modality=MODALITIES[file.scale],
                width_px=tile.width_px,
                height_px=tile.height_px,
                mpp=file.mpp,
                left=file.left,
                top=file.top,
                box_width=UNKNOWN,
                box_height=UNKNOWN,
                tissue_share=float("nan"),
                focus=float("nan"),
                **dict(zip(COLOUR_COLUMNS, tile.colours.tolist(), strict=True)),
            )
        written = record.as_written(tiles, faults)
        shard.note(written.to_notes())
    return written


def _chosen(folder: ReadyMadeTiles, allotted: Allotted, seed: int) -> list[TileFile]:
    """Draw tiles spread evenly over their places, or over their names' order where places are not known."""
    chosen = []
    for scale in SCALES:
        files = [file for file in folder.files if file.scale == scale]
        if not files:
            continue
        placed = all(file.left != UNKNOWN for file in files)
        places = [(file.left, file.top) if placed else (number, 0) for number, file in enumerate(files)]
        boxes = np.array([(left, top, 1, 1) for left, top in places], np.int64)
        drawn = np.sort(sample_evenly(boxes, allotted[scale] or len(files), seed))
        chosen += [files[number] for number in drawn]
    return chosen


def _record(slide: SlideTask, folder: ReadyMadeTiles, chosen: list[TileFile]) -> SlideRecord:
    def counted(files: list[TileFile]) -> dict[str, int]:
        return {scale: count for scale in SCALES if (count := sum(file.scale == scale for file in files))}

    tiles = counted(chosen)
    return SlideRecord(
        patient_id=slide.patient_id,
        path=slide.stated_path,
        status="prepared",
        format=_FORMAT,
        mpp_source="stated by the user" if slide.mpp else "name of the folder",
        candidates=counted(list(folder.files)),
        tiles=tiles,
        methods=dict.fromkeys(tiles, _FORMAT),
    )
