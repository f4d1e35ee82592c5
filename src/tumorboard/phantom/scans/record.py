"""What was written of a patient's scan: rows of ``scans.csv``, and the truth about series and tumour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tumorboard.phantom.anatomy import Plane, TumourTruth
from tumorboard.phantom.anatomy.section import AXES
from tumorboard.phantom.anatomy.volume import Grid
from tumorboard.phantom.patients.patient import SimulatedPatient
from tumorboard.phantom.scans.dicom_series import WrittenSeries
from tumorboard.phantom.scans.protocol import PlannedSeries, PlannedStudy, choice_rank
from tumorboard.phantom.scans.scanner import ScanScanner

Row = dict[str, object]

SCAN_COLUMNS = (
    "patient_id", "path", "modality", "series_uid", "plane", "pixel_mm", "mask", "mask_kind", "mask_label",
)  # fmt: skip
"""Columns of ``scans.csv``.

``path`` is a folder with the patient's series, a NIfTI volume, or a ready-made plane image. ``series_uid`` is empty:
which series is read is left to the program, and a user can overrule it there. ``plane`` and ``pixel_mm`` are a plane
image's.
``mask_kind`` is dicom-seg, nifti, png or empty; ``mask_label`` says which label is the tumour.
"""


@dataclass(frozen=True, eq=False)
class ScanRecord:
    """What was written of one patient's scan.

    Parameters
    ----------
    scans : list of dict
        Rows of ``scans.csv`` with `SCAN_COLUMNS`; paths are relative to the study's folder.
    series : list of dict
        One row a series identifier: what it is, its contrast, whether it is the one to choose, what is wrong with it.
    tumour : list of dict
        One row: side, volume, diameters, kind of mask; none for a patient without a scan.
    """

    scans: list[Row] = field(default_factory=list)
    series: list[Row] = field(default_factory=list)
    tumour: list[Row] = field(default_factory=list)


def scan_row(patient: SimulatedPatient, path: str, **others: object) -> Row:
    """Give a row of ``scans.csv``; what is not told stays empty."""
    row: Row = {"patient_id": patient.patient_id, "path": path, "modality": patient.scan.value.upper()}
    return {column: (row | others).get(column, "") for column in SCAN_COLUMNS}


def volume_rows(
    patient: SimulatedPatient, study: PlannedStudy, planned: PlannedSeries, written: WrittenSeries, grid: Grid
) -> list[Row]:
    """Give the truth about a diagnostic series: a row for each of its identifiers, counts being of the whole.

    Parameters
    ----------
    patient : SimulatedPatient
    study : PlannedStudy
    planned : PlannedSeries
        One of the study's.
    written : WrittenSeries
    grid : Grid
        Of its whole volume.

    Returns
    -------
    list of dict
    """
    chosen = planned == study.series[study.chosen]
    z_mm = grid.z_mm()

    def place(index: int | None) -> object:
        return "" if index is None else round(float(z_mm[index]), 4)

    facts: Row = {
        "role": "diagnostic",
        "contrast": planned.contrast.value,
        "phase": planned.phase,
        "choice_rank": choice_rank(planned.contrast),
        "chosen": int(chosen),
        "description": planned.description,
        "seconds_after_injection": round(planned.seconds, 1) if planned.seconds > 0 else "",
        "agent_in_header": planned.bolus,
        "time_in_header": int(planned.timed),
        "rows": grid.rows,
        "columns": grid.columns,
        "slices": grid.slices,
        "pixel_mm": round(grid.pixel_mm, 6),
        "slice_mm": grid.slice_mm,
        "thickness_mm": planned.thickness_mm,
        "missing_z_mm": place(written.missing),
        "doubled_z_mm": place(written.doubled),
        "split": planned.split.value,
        "transfer_syntax": planned.syntax,
    }
    return [_series_row(patient, study.scanner, uid, facts) for uid in written.uids]


def other_row(patient: SimulatedPatient, scanner: ScanScanner, uid: str, role: str) -> Row:
    """Give the truth about a series that is not to be chosen: a localizer, a reformat, a dose sheet, a segmentation."""
    return _series_row(patient, scanner, uid, {"role": role, "chosen": 0})


def _series_row(patient: SimulatedPatient, scanner: ScanScanner, uid: str, facts: Row) -> Row:
    columns = (
        "role", "contrast", "phase", "choice_rank", "chosen", "description", "seconds_after_injection",
        "agent_in_header", "time_in_header", "rows", "columns", "slices", "pixel_mm", "slice_mm", "thickness_mm",
        "missing_z_mm", "doubled_z_mm", "split", "transfer_syntax",
    )  # fmt: skip
    head: Row = {"patient_id": patient.patient_id, "series_uid": uid, "modality": patient.scan.value.upper()}
    scan: Row = {"manufacturer": scanner.manufacturer, "model": scanner.model}
    return head | {column: facts.get(column, "") for column in columns} | scan


def tumour_row(patient: SimulatedPatient, truth: TumourTruth, table_mm: tuple[float, float, float], mask: Row) -> Row:
    """Give the truth about a tumour.

    Parameters
    ----------
    patient : SimulatedPatient
    truth : TumourTruth
        Measured on a fine grid, in the body's coordinates.
    table_mm : tuple of three floats
        What the files' coordinates add to the body's.
    mask : dict
        What is known of its mask: kind, label, and what is measured on its own voxels.

    Returns
    -------
    dict
        Volume in ml; for each plane the largest diameter, where its plane lies along its normal, and the ends of the
        diameter (x y z), all in mm and in the coordinates of the files. Diameters run between the centres of the
        outermost pixels of 0.25 mm (see `measure_tumour`); those of the mask (``mask_..._mm``) between the centres of
        its own voxels, and so about a voxel less than from rim to rim. Without a mask they are empty.
    """
    row: Row = {"patient_id": patient.patient_id, "side": patient.side, "volume_ml": round(truth.volume_ml, 3)}
    for plane, diameter in truth.diameters.items():
        normal = AXES[plane][0]
        row[f"{plane.value}_mm"] = round(diameter.diameter_mm, 2)
        row[f"{plane.value}_position_mm"] = round(diameter.position_mm + table_mm[normal], 2)
        ends = np.round(np.array(diameter.endpoints_mm) + np.array(table_mm), 2)
        row[f"{plane.value}_start_mm"], row[f"{plane.value}_end_mm"] = (
            " ".join(f"{at:g}" for at in end) for end in ends
        )
    return row | dict.fromkeys(_MASK_COLUMNS, "") | mask


_MASK_COLUMNS = ("mask_volume_ml", *(f"mask_{plane.value}_mm" for plane in Plane))


def measured_on_mask(truth: TumourTruth) -> Row:
    """Give volume and diameters of the mask's own voxels as written: coarse as its series, without a missing slice."""
    row: Row = {"mask_volume_ml": round(truth.volume_ml, 3)}
    return row | {f"mask_{plane.value}_mm": round(one.diameter_mm, 2) for plane, one in truth.diameters.items()}
