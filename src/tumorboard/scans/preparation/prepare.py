"""A patient's scans become a shard of planes: what is up to date is kept, what cannot be read is told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tumorboard.errors import FileFormatError
from tumorboard.execution import Failure, attempt
from tumorboard.scans.choice import Choice, PhaseName, kind_of
from tumorboard.scans.diameter import TumourSize, measure
from tumorboard.scans.planes import Marked, PlaneImage, cut_planes, read_ready_made
from tumorboard.scans.preparation.candidates import find_candidates
from tumorboard.scans.preparation.choosing import Taken, take_scan
from tumorboard.scans.preparation.record import ScanRecord, SeriesRecord
from tumorboard.scans.preparation.shard import write_shard
from tumorboard.scans.preparation.task import PatientScans
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.show import draw_sheet
from tumorboard.scans.tumour import Tumour, no_mask
from tumorboard.scans.volume import PLANES
from tumorboard.store import ShardMetadata, is_complete, read_shard_metadata
from tumorboard.study.files import write_picture


def prepare_patient(task: PatientScans) -> ScanRecord:
    """Turn a patient's scans into a shard, a picture and a record.

    A shard that was made from the same files with the same settings is kept.

    Parameters
    ----------
    task : PatientScans

    Returns
    -------
    ScanRecord
    """
    first = task.sources[0]
    places = [str(first.path), first.path.name, first.stated_path]
    result = attempt(partial(_prepare, task), places)
    if isinstance(result, ScanRecord) and result.status == "prepared":
        return result
    task.shard.unlink(missing_ok=True)
    task.sheet.unlink(missing_ok=True)
    if isinstance(result, Failure):
        return ScanRecord(task.patient_id, first.stated_path, "failed", reason=_without_folders(result.reason, task))
    return result


def _without_folders(reason: str, task: PatientScans) -> str:
    """Call files by their names: folders are named after patients, and results are handed on."""
    for path in (path for source in task.sources for path in (source.mask, source.path) if path):
        reason = reason.replace(str(path), path.name)
    return reason


def _prepare(task: PatientScans) -> ScanRecord:
    ready_made = task.is_ready_made
    if not ready_made and not task.settings.segmenter and not any(source.mask for source in task.sources):
        return ScanRecord(task.patient_id, task.sources[0].stated_path, "no mask", reason=no_mask("").line())
    key = {"inputs": task.inputs()}
    if is_complete(task.shard, key) and task.sheet.is_file():
        return ScanRecord.from_notes(task.patient_id, read_shard_metadata(task.shard).notes)
    return (_keep_planes if ready_made else _cut_scan)(task, key)


def _cut_scan(task: PatientScans, key: dict[str, Any]) -> ScanRecord:
    """Choose, read and measure a scan, and cut its planes."""
    candidates = find_candidates(task.sources)
    taken = take_scan(candidates, task.sources, task.settings)
    tumour = taken.tumour
    size = measure(tumour.whole(), taken.volume.grid)
    planes = cut_planes(taken.volume, Marked(tumour.mask, tumour.offset), size, task.settings)
    warnings = [*candidates.remarks, *_series_remarks(taken), *taken.volume.remarks, *tumour.remarks]
    record = _record(task, taken, size, planes, tuple(dict.fromkeys([*warnings, *_beyond(tumour)])))
    write_shard(task.shard, ShardMetadata(task.patient_id, task.key, key), planes, record)
    write_picture(task.sheet, draw_sheet(planes, size, _facts(record), record.warnings))
    return record


def _keep_planes(task: PatientScans, key: dict[str, Any]) -> ScanRecord:
    """Keep pictures of planes that were made elsewhere."""
    named = [source.plane for source in task.sources]
    doubled = sorted({str(plane) for plane in named if named.count(plane) > 1})
    if doubled:
        raise FileFormatError(f"there are several pictures of the {doubled[0]} plane", fix="Keep one in scans.csv")
    ordered = sorted(task.sources, key=lambda source: PLANES.index(source.plane or PLANES[0]))
    planes = [
        read_ready_made(source.path, source.plane, source.pixel_mm, source.mask, task.settings, source.mask_label)
        for source in ordered
    ]
    missing = [plane for plane in PLANES if plane not in named]
    remarks = [remark for image in planes for remark in image.remarks]
    record = ScanRecord(
        task.patient_id,
        task.sources[0].stated_path,
        "prepared",
        modality=task.sources[0].modality,
        choice="ready-made planes",
        field_mm=planes[0].geometry.pixel_mm * planes[0].pixels.shape[0],
        images=len(planes),
        warnings=tuple(dict.fromkeys([*remarks, *(f"there is no {plane} plane" for plane in missing)])),
    )
    write_shard(task.shard, ShardMetadata(task.patient_id, task.key, key), planes, record)
    write_picture(task.sheet, draw_sheet(planes, None, _facts(record), record.warnings))
    return record


def _record(
    task: PatientScans, taken: Taken, size: TumourSize, planes: Sequence[PlaneImage], warnings: tuple[str, ...]
) -> ScanRecord:
    facts, choice, tumour = taken.candidate.facts, taken.choice, taken.tumour
    spacing = taken.volume.grid.spacing_mm
    return ScanRecord(
        task.patient_id,
        taken.candidate.source.stated_path,
        "prepared",
        modality=taken.volume.modality,
        series_uid=facts.series_uid,
        phase=str(choice.phase.name) if choice.phase else "",
        choice=choice.reason,
        slices=taken.volume.grid.shape[0],
        slice_mm=round(float(spacing[0]), 4),
        pixel_mm=round(float(spacing[2]), 4),
        volume_ml=round(size.volume_ml, 3),
        components=tumour.components,
        cysts=tumour.cysts,
        touches=tumour.touches,
        diameters_mm={plane: round(each.diameter_mm, 2) for plane, each in size.diameters.items()},
        perpendiculars_mm={plane: round(each.perpendicular_mm, 2) for plane, each in size.diameters.items()},
        slices_used={plane: each.slice for plane, each in size.diameters.items()},
        field_mm=round(planes[0].geometry.pixel_mm * planes[0].pixels.shape[0], 3),
        images=len(planes),
        warnings=tuple(dict.fromkeys([*warnings, *(remark for image in planes for remark in image.remarks)])),
        series=_series_records(choice),
    )


def _series_records(choice: Choice) -> tuple[SeriesRecord, ...]:
    def described(facts: SeriesFacts, phase: str, verdict: str, reason: str) -> SeriesRecord:
        kind = str(kind_of(facts).name)
        return SeriesRecord(
            facts.series_uid, facts.description, facts.modality, facts.slices, kind, phase, verdict, reason
        )

    chosen = choice.chosen
    phase = str(choice.phase.name) if choice.phase else ""
    first = [described(chosen, phase, "chosen", choice.reason)] if chosen else []
    return (
        *first,
        *(
            described(
                rival.facts,
                str(rival.phase.name) if rival.kind.is_image else "",
                "passed over" if rival.kind.is_image else "left out",
                rival.reason,
            )
            for rival in choice.rivals
        ),
    )


def _series_remarks(taken: Taken) -> tuple[str, ...]:
    series = taken.candidate.series
    return series.remarks if series else ()


def _beyond(tumour: Tumour) -> list[str]:
    if not tumour.touches:
        return []
    sides = " and ".join(tumour.touches)
    return [f"the tumour reaches the {sides} of the scan: it may be larger than measured"]


def _facts(record: ScanRecord) -> list[str]:
    """Say in lines what the sheet shows."""
    if record.volume_ml is None:
        return [f"{record.modality}, {record.choice}"]
    phase = f", {record.phase}" if record.phase else ""
    phase = ", phase unknown" if record.phase == PhaseName.UNKNOWN else phase
    masses = f"{record.components} masses, the largest is shown" if (record.components or 0) > 1 else "one mass"
    cysts = f", {record.cysts} cyst{'s' if (record.cysts or 0) > 1 else ''}" if record.cysts else ""
    return [
        f"{record.modality}{phase}: {record.slices} slices of "
        f"{record.slice_mm:.3g} mm, pixels of {record.pixel_mm:.3g} mm",
        f"Tumour of {record.volume_ml:.1f} ml ({masses}{cysts})",
        f"Chosen: {record.choice}",
    ]
