"""One patient's images: slides and scans, or ready-made tiles and planes; done once, however often it is asked for."""

from __future__ import annotations

import ctypes
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.errors import StudyError
from tumorboard.phantom.file_names import NOTES
from tumorboard.phantom.patients.patient import SimulatedPatient, generator
from tumorboard.phantom.presets import Contents, Preset
from tumorboard.study.files import write_json

if TYPE_CHECKING:
    from tumorboard.phantom.scans import ScanRecord

_SHARE_WITH_TWO_SLIDES = 0.05
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of parameters of glibc's ``mallopt``."""

Row = dict[str, Any]


@dataclass(frozen=True)
class PatientTask:
    """What one process does.

    Parameters
    ----------
    root : Path
        The study folder.
    patient : SimulatedPatient
    preset : Preset
    contents : Contents
    """

    root: Path
    patient: SimulatedPatient
    preset: Preset
    contents: Contents


@dataclass
class PatientImages:
    """What was written of one patient.

    Parameters
    ----------
    tables : dict
        Rows for each of `IMAGE_TABLES`.
    counts : dict
        How many slides, series, tiles, planes.
    files : dict
        Size in bytes of each file, by its path in the study folder.
    bytes : int
        Size of all files.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    def add_files(self, root: Path, *places: str) -> None:
        """Note the files at places, folders with all that is in them."""
        for place in places:
            path = root / place
            found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
            self.files |= {file.relative_to(root).as_posix(): file.stat().st_size for file in found}
        self.bytes = sum(self.files.values())


def write_images(task: PatientTask) -> PatientImages:
    """Write one patient's images, or read what an earlier run noted of them.

    The note ``truth/patients/<patient_id>.json`` is written last: where it is missing, or a file is missing or of
    another size, all is made anew.

    Parameters
    ----------
    task : PatientTask

    Returns
    -------
    PatientImages
    """
    note = task.root / NOTES / f"{task.patient.patient_id}.json"
    done = _noted(note, task.root)
    if done is not None:
        return done
    import cv2

    _keep_freed_memory()
    cv2.setNumThreads(1)  # patients run side by side; threads within one would only fight over the cores
    images = PatientImages()
    try:
        if task.contents is Contents.FILES:
            _write_slides(task, images)
            _write_scans(task, images)
        else:
            _write_tiles(task, images)
            _write_planes(task, images)
    except OSError as error:
        raise StudyError(
            f"images cannot be written: {(error.strerror or str(error)).lower()}",
            where=str(task.root),
            fix="Mend it and start again; what was finished is kept",
        ) from error
    write_json(note, vars(images))
    return images


def _keep_freed_memory() -> None:
    """Tell glibc to keep what is freed for the next picture; to give back and fetch pages took a tenth of the time."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_TRIM_THRESHOLD, 128 << 20)
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)


def _noted(note: Path, root: Path) -> PatientImages | None:
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
        images = PatientImages(**content)
    except (OSError, ValueError, TypeError):
        return None
    return images if all(_has_size(root / path, size) for path, size in images.files.items()) else None


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _write_slides(task: PatientTask, images: PatientImages) -> None:
    from tumorboard.phantom.slides import write_slide

    patient = task.patient
    if not patient.has_slide:
        return
    second = generator(patient.seed, patient.number, "number of slides").random() < _SHARE_WITH_TWO_SLIDES
    for number in (1, 2) if second else (1,):
        record = write_slide(patient, task.root, side_px=task.preset.slide_side_px, number=number)
        path = record.path.relative_to(task.root).as_posix()
        regions = record.regions_path.relative_to(task.root).as_posix()
        images.tables.setdefault("slides.csv", []).append({"patient_id": patient.patient_id, "path": path})
        images.tables.setdefault("truth/slides.csv", []).append(
            {
                "patient_id": patient.patient_id,
                "path": path,
                "regions": regions,
                "width_px": record.width_px,
                "height_px": record.height_px,
                "mpp": record.mpp,
                "objective": record.objective,
                "level_factors": " ".join(str(factor) for factor in record.level_factors),
                "tissue_share": record.tissue_share,
                "tumour_share": record.tumour_share,
                "artefacts": "; ".join(record.artefacts),
                "bytes": record.bytes,
            }
        )
        images.add_files(task.root, path, regions)
        images.counts["slides"] = number


def _write_tiles(task: PatientTask, images: PatientImages) -> None:
    from tumorboard.phantom.slides import write_tiles

    patient = task.patient
    if not patient.has_slide:
        return
    records = write_tiles(patient, task.root, count_10x=task.preset.tiles_10x, count_5x=task.preset.tiles_5x)
    folders = {record.path.parent.as_posix(): record.mpp for record in records}
    rows = [{"patient_id": patient.patient_id, "path": path, "mpp": mpp} for path, mpp in folders.items()]
    images.tables["slides.csv"] = rows
    images.add_files(task.root, f"tiles/{patient.patient_id}")
    images.counts["tiles"] = len(records)


def _write_scans(task: PatientTask, images: PatientImages) -> None:
    from tumorboard.phantom.scans import write_scans

    preset = task.preset
    record = write_scans(
        task.patient, task.root, size_px=preset.scan_size_px, slices=preset.scan_slices, series=preset.series
    )
    _add_scans(record, task.root, f"scans/{task.patient.patient_id}", images)
    images.counts["series"] = len(record.series)


def _write_planes(task: PatientTask, images: PatientImages) -> None:
    from tumorboard.phantom.scans import write_planes

    record = write_planes(task.patient, task.root)
    _add_scans(record, task.root, f"planes/{task.patient.patient_id}", images)
    images.counts["planes"] = len(record.scans)


def _add_scans(record: ScanRecord, root: Path, folder: str, images: PatientImages) -> None:
    if not record.scans:
        return
    images.tables |= {"scans.csv": record.scans, "truth/series.csv": record.series, "truth/tumours.csv": record.tumour}
    images.add_files(root, folder)
