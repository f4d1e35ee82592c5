"""A patient's slides become shards of tiles: what is up to date is kept, what cannot be read is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tumorboard.errors import FileFormatError, UserError
from tumorboard.execution import Failure, attempt
from tumorboard.slides.preparation.cutting import Allotted, count_good_tiles, cut_slide
from tumorboard.slides.preparation.pictures import OBJECTS, OVERLAY
from tumorboard.slides.preparation.ready_made_tiles import count_files, keep_files
from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.survey import SCALES
from tumorboard.slides.preparation.task import PatientTask, SlideTask
from tumorboard.slides.tiles import share_out
from tumorboard.store import ShardMetadata, read_shard_metadata
from tumorboard.study.slide_settings import SlideSettings

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class _Begun:
    """A slide that can be read: what its tiles depend on, its earlier shard where that still holds, its good tiles."""

    task: SlideTask
    inputs: dict[str, Any]
    earlier: ShardMetadata | None
    good: Allotted


def prepare_patient(task: PatientTask) -> list[SlideRecord]:
    """Turn a patient's slides into shards, pictures and records.

    A shard that was made from the same file with the same settings is kept. A slide that cannot be read does not stop
    the others.

    Parameters
    ----------
    task : PatientTask

    Returns
    -------
    list of SlideRecord
        One for each slide, in the order of the task.
    """
    alone = len(task.slides) == 1
    begun = [_attempted(slide, task, partial(_begin, slide, task, alone)) for slide in task.slides]
    readable = [slide for slide in begun if isinstance(slide, _Begun)]
    allotted = iter(_allot(readable, task.slide_settings, alone))
    return [
        _attempted(slide.task, task, partial(_finish, slide, next(allotted), task))
        if isinstance(slide, _Begun)
        else slide
        for slide in begun
    ]


def _begin(slide: SlideTask, task: PatientTask, alone: bool) -> _Begun:
    if not slide.path.exists():
        raise FileFormatError("there is no such slide", where=slide.stated_path, fix="Correct its path in slides.csv")
    inputs = slide.inputs(task.slide_settings, task.tissue_settings)
    earlier = _earlier(task.shard(slide), inputs)
    if alone:
        return _Begun(slide, inputs, earlier, {})
    if earlier:
        good = earlier.notes["candidates"]
    else:
        good = count_files(slide) if slide.is_ready_made else count_good_tiles(slide, task)
    return _Begun(slide, inputs, earlier, dict(good))


def _earlier(shard: Path, inputs: dict[str, Any]) -> ShardMetadata | None:
    """Return what a shard says of itself, where it is whole and was made from these inputs."""
    try:
        found = read_shard_metadata(shard)
    except UserError:  # missing, torn or of another version: it is made anew
        return None
    return found if found.key.get("inputs") == inputs else None


def _allot(slides: Sequence[_Begun], settings: SlideSettings, alone: bool) -> list[Allotted]:
    """Share out the patient's cap of each scale among the slides in proportion to their good tiles."""
    caps: Allotted = {"10x": settings.tiles_10x, "5x": settings.tiles_5x}
    if alone:
        return [caps for _ in slides]
    shares = {}
    for scale in SCALES:
        good = [slide.good.get(scale, 0) for slide in slides]
        shares[scale] = share_out(good, caps[scale]) if caps[scale] else good
    return [{scale: shares[scale][place] for scale in SCALES} for place in range(len(slides))]


def _finish(slide: _Begun, allotted: Allotted, task: PatientTask) -> SlideRecord:
    key = {"inputs": slide.inputs, "allotted": allotted}
    ready_made = slide.task.is_ready_made
    pictures = task.pictures_of(slide.task)
    shown = ready_made or all((pictures / name).is_file() for name in (OVERLAY, OBJECTS))
    if slide.earlier and slide.earlier.key == key and shown:
        return SlideRecord.from_notes(slide.task.patient_id, slide.task.stated_path, slide.earlier.notes)
    return (keep_files if ready_made else cut_slide)(slide.task, task, allotted, key)


def _attempted(slide: SlideTask, task: PatientTask, step: Callable[[], Result]) -> Result | SlideRecord:
    """Take a step, or tell why it failed and remove what an earlier run left of the slide."""
    result = attempt(step, (str(slide.path), slide.path.name, slide.stated_path))
    if not isinstance(result, Failure):
        return result
    task.shard(slide).unlink(missing_ok=True)
    shutil.rmtree(task.pictures_of(slide), ignore_errors=True)
    return SlideRecord(slide.patient_id, slide.stated_path, "failed", reason=result.reason)
