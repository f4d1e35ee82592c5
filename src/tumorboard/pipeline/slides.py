"""The slides stage: every slide of the cohort becomes tiles in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.errors import StudyError
from tumorboard.execution import run_in_order
from tumorboard.pipeline.image_tables import Progress, images_of_cohort
from tumorboard.slides.preparation import (
    OBJECTS,
    OVERLAY,
    OWN_NAME,
    PatientTask,
    SlideRecord,
    SlideTask,
    prepare_patient,
)
from tumorboard.store import build_index
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.image_tables import SLIDE_COLUMNS
from tumorboard.study.log import append_log, fingerprint
from tumorboard.study.settings import StudySettings, load_settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PreparedSlides:
    """What became of a study's slides.

    Parameters
    ----------
    records : tuple of SlideRecord
        In the order of patients and of the table.
    tiles : dict of str to int
        Tiles in the store by scale.
    removed : int
        Slides whose files were removed because no row of the table leads to them any more.
    """

    records: tuple[SlideRecord, ...]
    tiles: dict[str, int]
    removed: int = 0

    @property
    def failed(self) -> tuple[SlideRecord, ...]:
        """The slides that could not be read."""
        return tuple(record for record in self.records if record.status == "failed")

    @property
    def rejected(self) -> dict[str, int]:
        """How many tiles were left out for each reason."""
        counts: Counter[str] = Counter()
        for record in self.records:
            counts.update(record.rejected)
        return dict(sorted(counts.items()))

    @property
    def patients_without_tiles(self) -> list[str]:
        """Patients none of whose slides gave a tile."""
        with_tiles = {record.patient_id for record in self.records if sum(record.tiles.values())}
        return sorted({record.patient_id for record in self.records} - with_tiles)

    def summary(self) -> dict[str, object]:
        """Return it in numbers, as ``tumorboard prepare --json`` prints it."""
        status = Counter(record.status for record in self.records)
        return {
            "slides": len(self.records),
            "prepared": status["prepared"],
            "without_tiles": status["no tiles"],
            "failed": [
                {"patient_id": record.patient_id, "path": record.path, "reason": record.reason}
                for record in self.failed
            ],
            "patients": len({record.patient_id for record in self.records}),
            "patients_without_tiles": self.patients_without_tiles,
            "tiles": self.tiles,
            "rejected": self.rejected,
            "removed": self.removed,
            "warnings": sum(bool(record.warnings) for record in self.records),
        }


def prepare_slides(folder: StudyFolder, *, progress: Progress, workers: int = 0) -> PreparedSlides:
    """Turn the slides of a study's patients into tiles, or go on where an earlier run stopped.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort and a table of slides.
    progress : callable
        Is told the patients done, out of how many, and what is being done.
    workers : int
        Processes; 0 for one a core. The files are the same.

    Returns
    -------
    PreparedSlides

    Raises
    ------
    StudyError
        There is no cohort, no table of slides, or the folder cannot be written.
    TableError
        The table of slides has bad cells.
    """
    settings = load_settings(folder)
    table = images_of_cohort(
        folder,
        settings,
        "slides",
        SLIDE_COLUMNS,
        apart=("patient_id", "path"),
        example="patient_id, path and, where files do not say it, mpp",
    )
    tasks = _tasks(folder, table.rows, settings)
    records: list[SlideRecord] = []
    shards: list[Path] = []
    progress(0, len(tasks), "slides")
    for done, prepared in enumerate(run_in_order(prepare_patient, tasks, workers), start=1):
        records += prepared
        task = tasks[done - 1]
        shards += [
            task.shard(slide) for slide, record in zip(task.slides, prepared, strict=True) if record.status != "failed"
        ]
        progress(done, len(tasks), "slides")
    counts = build_index(folder.store, shards, ("tiles_10x", "tiles_5x"))
    _write_table(folder, records)
    tiles = {"10x": counts["tiles_10x"], "5x": counts["tiles_5x"]}
    prepared_slides = PreparedSlides(tuple(records), tiles, _remove_orphans(tasks))
    _log(folder, table.path, prepared_slides)
    return prepared_slides


def _remove_orphans(tasks: Sequence[PatientTask]) -> int:
    """Remove shards and pictures of slides that no row leads to any more; return how many slides that were."""
    shards = {task.shard(slide) for task in tasks for slide in task.slides}
    wanted = {shard.stem for shard in shards}
    orphans = [file for folder in {shard.parent for shard in shards} for file in folder.glob("*.shard")]
    for folder in {task.pictures for task in tasks}:
        orphans += [file for name in (OVERLAY, OBJECTS) for file in folder.glob(f"*/{name}")]
    removed = set()
    for file in sorted(orphans):
        name = file.stem if file.suffix == ".shard" else file.parent.name
        if name in wanted or not OWN_NAME.fullmatch(name) or not file.is_file():
            continue
        try:
            file.unlink()
            if file.suffix != ".shard" and not any(file.parent.iterdir()):
                file.parent.rmdir()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StudyError(f"{file.name} cannot be removed: {reason}", where=str(file.parent)) from error
        removed.add(name)
    return len(removed)


def _tasks(folder: StudyFolder, rows: pd.DataFrame, settings: StudySettings) -> list[PatientTask]:
    """Make one task a patient, in the order of the identifiers."""
    tasks = []
    for patient, own in rows.sort_values("patient_id", kind="stable").groupby("patient_id", sort=True):
        slides = tuple(_slide_task(folder, str(patient), row) for row in own.to_dict("records"))
        pictures = folder.prepared / "slides"
        tasks.append(PatientTask(folder.store, pictures, slides, settings.slides, settings.tissue))
    return tasks


def _slide_task(folder: StudyFolder, patient: str, row: Mapping[Any, Any]) -> SlideTask:
    import pandas as pd

    stated = row.get("mpp")
    mpp = float(stated) if pd.notna(stated) else None
    annotation = row.get("annotation")
    return SlideTask(
        patient_id=patient,
        stated_path=str(row["path"]),
        path=_within(folder, str(row["path"])),
        mpp=mpp,
        annotation=_within(folder, str(annotation)) if pd.notna(annotation) and annotation else None,
    )


def _within(folder: StudyFolder, path: str) -> Path:
    """Return a path of a table: relative ones are from the study folder."""
    return folder.root / path


def _write_table(folder: StudyFolder, records: Sequence[SlideRecord]) -> None:
    import pandas as pd

    table = pd.DataFrame([record.to_row() for record in records])
    write_text(folder.prepared / "slides.csv", table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))


def _log(folder: StudyFolder, table: Path, prepared: PreparedSlides) -> None:
    counts = {f"tiles_{scale}": count for scale, count in prepared.tiles.items()}
    counts |= {"slides": len(prepared.records), "failed": len(prepared.failed)}
    append_log(folder, "prepare", inputs=fingerprint([table]), counts=counts)
