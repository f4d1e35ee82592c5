"""The scans stage: one scan of every patient of the cohort becomes planes in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tumorboard.errors import StudyError
from tumorboard.execution import run_in_order
from tumorboard.pipeline.image_tables import Progress, images_of_cohort
from tumorboard.scans.preparation import (
    OWN_NAME,
    PatientScans,
    ScanRecord,
    ScanSource,
    SeriesRecord,
    prepare_patient,
)
from tumorboard.store import build_index
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.image_tables import SCAN_COLUMNS
from tumorboard.study.log import append_log, fingerprint
from tumorboard.study.settings import StudySettings, load_settings

if TYPE_CHECKING:
    import pandas as pd

_WRITABLE = "Make the study's folder writable, and see that its disk is not full"


@dataclass(frozen=True)
class PreparedScans:
    """What became of a study's scans.

    Parameters
    ----------
    records : tuple of ScanRecord
        In the order of patients.
    images : int
        Pictures in the store.
    removed : int
        Scans whose files were removed because no row of the table leads to them any more.
    """

    records: tuple[ScanRecord, ...]
    images: int
    removed: int = 0

    @property
    def failed(self) -> tuple[ScanRecord, ...]:
        """The patients none of whose scans could be read."""
        return tuple(record for record in self.records if record.status == "failed")

    def summary(self) -> dict[str, object]:
        """Return it in numbers, as ``tumorboard prepare --json`` prints it."""
        prepared = [record for record in self.records if record.status == "prepared"]
        status = Counter(record.status for record in self.records)
        return {
            "patients": len(self.records),
            "prepared": len(prepared),
            "without_mask": status["no mask"],
            "failed": [
                {"patient_id": record.patient_id, "path": record.path, "reason": record.reason}
                for record in self.failed
            ],
            "modalities": dict(sorted(Counter(record.modality for record in prepared).items())),
            "phases": dict(sorted(Counter(record.phase for record in prepared if record.phase).items())),
            "images": self.images,
            "removed": self.removed,
            "warnings": sum(bool(record.warnings) for record in self.records),
        }


def prepare_scans(folder: StudyFolder, *, progress: Progress, workers: int = 0) -> PreparedScans:
    """Turn the scans of a study's patients into planes, or go on where an earlier run stopped.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort and a table of scans.
    progress : callable
        Is told the patients done, out of how many, and what is being done.
    workers : int
        Processes; 0 for one a core. The files are the same.

    Returns
    -------
    PreparedScans

    Raises
    ------
    StudyError
        There is no cohort, no table of scans, or the folder cannot be written.
    TableError
        The table of scans has bad cells.
    """
    settings = load_settings(folder)
    table = images_of_cohort(
        folder,
        settings,
        "scans",
        SCAN_COLUMNS,
        apart=("patient_id", "path", "modality", "series_uid", "plane"),
        example="patient_id, path, modality and mask",
    )
    tasks = _tasks(folder, table.rows, settings)
    records: list[ScanRecord] = []
    progress(0, len(tasks), "scans")
    for done, record in enumerate(run_in_order(prepare_patient, tasks, workers), start=1):
        records.append(record)
        progress(done, len(tasks), "scans")
    shards = [task.shard for task, record in zip(tasks, records, strict=True) if record.status == "prepared"]
    try:
        counts = build_index(folder.store, shards, ("scan",))
        _write_tables(folder, records)
        removed = _remove_orphans(tasks)
    except StudyError as error:
        raise StudyError(error.what, where=error.where, fix=error.fix or _WRITABLE) from error
    prepared = PreparedScans(tuple(records), counts["scan"], removed)
    append_log(
        folder,
        "prepare",
        inputs=fingerprint([table.path]),
        counts={"scans": len(records), "failed": len(prepared.failed), "planes": prepared.images},
    )
    return prepared


def _remove_orphans(tasks: Sequence[PatientScans]) -> int:
    """Remove shards and sheets of scans that no row leads to any more; return how many scans that were."""
    wanted = {path for task in tasks for path in (task.shard, task.sheet)}
    places = {(path.parent, path.suffix) for path in wanted}
    found = [file for folder, ending in sorted(places) for file in sorted(folder.glob(f"*{ending}"))]
    orphans = [file for file in found if file not in wanted and OWN_NAME.fullmatch(file.stem) and file.is_file()]
    for file in orphans:
        try:
            file.unlink()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StudyError(f"{file.name} cannot be removed: {reason}", where=str(file.parent)) from error
    return len({file.stem for file in orphans})


def _tasks(folder: StudyFolder, rows: pd.DataFrame, settings: StudySettings) -> list[PatientScans]:
    """Make one task a patient, in the order of the identifiers; no two have a file in common."""
    pictures = folder.prepared / "scans"
    tasks = [
        PatientScans(
            str(patient),
            tuple(_source(folder, row) for row in own.to_dict("records")),
            folder.store,
            pictures,
            settings.scans,
        )
        for patient, own in rows.sort_values("patient_id", kind="stable").groupby("patient_id", sort=True)
    ]
    keys = Counter(task.key.lower() for task in tasks)
    doubled = [task for task in tasks if keys[task.key.lower()] > 1]
    if doubled:
        raise StudyError(
            f"the files of {len(doubled)} patients' scans would have the same names",
            where="scans.csv",
            fix="Rename the folder or file of one of them",
        )
    return tasks


def _source(folder: StudyFolder, row: Mapping[Any, Any]) -> ScanSource:
    import pandas as pd

    filled = {str(name): value for name, value in row.items() if pd.notna(value) and value != ""}
    return ScanSource(
        stated_path=str(filled["path"]),
        path=folder.root / str(filled["path"]),
        modality="MR" if filled["modality"] == "MR" else "CT",
        series_uid=filled.get("series_uid"),
        plane=filled.get("plane"),
        pixel_mm=float(filled["pixel_mm"]) if "pixel_mm" in filled else None,
        mask=folder.root / str(filled["mask"]) if "mask" in filled else None,
        mask_kind=filled.get("mask_kind"),
        mask_label=int(filled["mask_label"]) if "mask_label" in filled else None,
    )


def _write_tables(folder: StudyFolder, records: Sequence[ScanRecord]) -> None:
    import pandas as pd

    series = [row for record in records for row in record.series_rows()]
    columns = ["patient_id", *(column.name for column in fields(SeriesRecord))]
    tables = {
        "scans.csv": pd.DataFrame([record.to_row() for record in records]),
        "series.csv": pd.DataFrame(series, columns=columns),
    }
    for name, table in tables.items():
        write_text(folder.prepared / name, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
