"""A patient's scans become a shard of planes: what is up to date is kept, what cannot be read is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tumorboard.errors import FileFormatError
from tumorboard.execution import Failure, attempt
from tumorboard.scans.choice import Choice, PhaseName
from tumorboard.scans.diameter import TumourSize, measure
from tumorboard.scans.planes import Marked, PlaneImage, cut_planes, read_ready_made
from tumorboard.scans.preparation.candidates import Candidates, find_candidates
from tumorboard.scans.preparation.choosing import NothingTakenError, Taken, take_scan
from tumorboard.scans.preparation.record import ScanRecord, SeriesRecord
from tumorboard.scans.preparation.series_records import series_records, unjudged_records
from tumorboard.scans.preparation.shard import write_shard
from tumorboard.scans.preparation.task import PatientScans
from tumorboard.scans.show import draw_sheet
from tumorboard.scans.tumour import Tumour, no_mask
from tumorboard.scans.volume import PLANES
from tumorboard.store import ShardMetadata, is_complete, read_shard_metadata
from tumorboard.study.files import write_picture


def prepare_patient(task: PatientScans) -> ScanRecord:
    """Turn a patient's scans into a shard, a picture and a record.

    A shard that was made from the same files with the same settings is kept; so is one of a patient whose scans cannot
    be read now, but such a patient is not prepared.

    Parameters
    ----------
    task : PatientScans

    Returns
    -------
    ScanRecord
    """
    result = attempt(partial(_prepare, task), _places(task))
    return _failed(task, result) if isinstance(result, Failure) else result


def _places(task: PatientScans) -> list[str]:
    first = task.sources[0]
    return [str(first.path), first.path.name, first.stated_path]


def _failed(task: PatientScans, failure: Failure, series: tuple[SeriesRecord, ...] = ()) -> ScanRecord:
    reason = _without_folders(failure.reason, task)
    return ScanRecord(task.patient_id, task.sources[0].stated_path, "failed", reason=reason, series=series)


def _without_folders(reason: str, task: PatientScans) -> str:
    """Call files by their names: folders are named after patients, and results are handed on."""
    for path in (path for source in task.sources for path in (source.mask, source.path) if path):
        reason = reason.replace(str(path), path.name)
    return reason


def _prepare(task: PatientScans) -> ScanRecord:
    ready_made = task.is_ready_made
    if not ready_made and not task.settings.segmenter and not any(source.mask for source in task.sources):
        return _cut_scan(task, {})
    key = {"inputs": task.inputs()}
    if is_complete(task.shard, key) and task.sheet.is_file():
        return ScanRecord.from_notes(task.patient_id, read_shard_metadata(task.shard).notes)
    return (_keep_planes if ready_made else _cut_scan)(task, key)


def _cut_scan(task: PatientScans, key: dict[str, Any]) -> ScanRecord:
    """Choose a scan; read and measure it and cut its planes where there is a mask."""
    candidates = find_candidates(task.sources)
    known: list[SeriesRecord] = []
    result = attempt(partial(_cut_one, task, key, candidates, known), _places(task))
    if not isinstance(result, Failure):
        return result
    told = tuple(known) or unjudged_records(candidates, _without_folders(result.reason, task))
    return _failed(task, result, told)


def _cut_one(task: PatientScans, key: dict[str, Any], candidates: Candidates, known: list[SeriesRecord]) -> ScanRecord:
    """Take one of the candidates; what is thought of each of them becomes known, whatever comes after."""
    if candidates.fault:
        raise candidates.fault
    try:
        taken = take_scan(candidates, task.sources, task.settings)
    except NothingTakenError as stop:
        known += _told(stop.choice, candidates, task)
        raise
    known += _told(taken.choice, candidates, task)
    record = _record(task, taken, candidates.remarks, tuple(known))
    if taken.tumour is None:
        return replace(record, status="no mask", reason=no_mask("").line())
    return _write(task, key, taken, record)


def _told(choice: Choice, candidates: Candidates, task: PatientScans) -> list[SeriesRecord]:
    records = series_records(choice, candidates)
    return [replace(each, reason=_without_folders(each.reason, task)) for each in records]


def _write(task: PatientScans, key: dict[str, Any], taken: Taken, scan: ScanRecord) -> ScanRecord:
    """Measure the tumour, cut and keep its planes."""
    tumour = taken.tumour
    assert tumour is not None
    size = measure(tumour.whole(), taken.volume.grid)
    planes = cut_planes(taken.volume, Marked(tumour.mask, tumour.offset), size, task.settings)
    remarks = [*tumour.remarks, *_beyond(tumour), *(remark for image in planes for remark in image.remarks)]
    record = replace(_measured(scan, tumour, size, planes), warnings=tuple(dict.fromkeys([*scan.warnings, *remarks])))
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


def _record(task: PatientScans, taken: Taken, remarks: Sequence[str], series: tuple[SeriesRecord, ...]) -> ScanRecord:
    """Tell of the scan that was taken, before anything is measured on it."""
    choice, spacing = taken.choice, taken.volume.grid.spacing_mm
    own = taken.candidate.series.remarks if taken.candidate.series else ()
    warnings = [*(_without_folders(one, task) for one in taken.remarks), *remarks, *own, *taken.volume.remarks]
    return ScanRecord(
        task.patient_id,
        taken.candidate.source.stated_path,
        "prepared",
        modality=taken.volume.modality,
        series_uid=series[0].series_uid,
        phase=series[0].phase,
        choice=choice.reason,
        slices=taken.volume.grid.shape[0],
        slice_mm=round(float(spacing[0]), 4),
        pixel_mm=round(float(spacing[2]), 4),
        warnings=tuple(dict.fromkeys(warnings)),
        series=series,
    )


def _measured(scan: ScanRecord, tumour: Tumour, size: TumourSize, planes: Sequence[PlaneImage]) -> ScanRecord:
    """Add what was measured on the tumour."""
    each = size.diameters
    return replace(
        scan,
        volume_ml=round(size.volume_ml, 3),
        components=tumour.components,
        cysts=tumour.cysts,
        touches=tumour.touches,
        diameters_mm={plane: round(one.diameter_mm, 2) for plane, one in each.items()},
        perpendiculars_mm={plane: round(one.perpendicular_mm, 2) for plane, one in each.items()},
        starts_mm={plane: _point(one.endpoints_mm[0]) for plane, one in each.items()},
        ends_mm={plane: _point(one.endpoints_mm[1]) for plane, one in each.items()},
        slices_used={plane: one.slice for plane, one in each.items()},
        field_mm=round(planes[0].geometry.pixel_mm * planes[0].pixels.shape[0], 3),
        images=len(planes),
    )


def _point(place: tuple[float, float, float]) -> str:
    return " ".join(f"{round(value, 2) + 0.0:.2f}" for value in place)


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
