"""A patient's scan as ready-made images of the three planes, with the tumour's mask."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tumorboard.phantom.anatomy import (
    Plane,
    label_section,
    measure_tumour,
    plane_images,
    simulate_body,
    tumour_in,
)
from tumorboard.phantom.anatomy.planes import FIELD_MM, plane_section
from tumorboard.phantom.patients.patient import ScanKind, SimulatedPatient, generator
from tumorboard.phantom.scans.acquisition import acquisition
from tumorboard.phantom.scans.masks import MaskKind, plan_mask
from tumorboard.phantom.scans.protocol import plan_study
from tumorboard.phantom.scans.record import Row, ScanRecord, scan_row, tumour_row
from tumorboard.phantom.scans.scanner import scan_scanner
from tumorboard.study.files import write_whole

PLANES = "planes"
"""Folder of the planes in a study's folder."""

_MOST_SERIES, _SLICES = 4, (40, 320)


def write_planes(patient: SimulatedPatient, folder: Path, *, size_px: int = 256) -> ScanRecord:
    """Write a patient's three planes as PNG into ``planes/<patient_id>``, each with the tumour's mask where it has one.

    They show the contrast that would be chosen of the patient's series (see `write_scans`).

    Parameters
    ----------
    patient : SimulatedPatient
        One without a scan gives an empty record.
    folder : Path
        The study's.
    size_px : int
        Width and height; the field is the same for all patients.

    Returns
    -------
    ScanRecord
        Three rows of ``scans.csv``, one of the tumour.
    """
    if patient.scan == ScanKind.NONE:
        return ScanRecord()
    scanner = scan_scanner(patient.site, patient.seed, patient.scan)
    study = plan_study(patient, scanner, series=_MOST_SERIES, slices=_SLICES)
    shown = study.series[study.chosen]
    body = simulate_body(patient)
    truth = measure_tumour(body)
    rng = generator(patient.seed, patient.number, "plane noise")
    made = acquisition(scanner, shown)
    images = plane_images(body, shown.contrast, made, rng, size_px=size_px, field_mm=FIELD_MM, truth=truth)
    has_mask = plan_mask(patient).kind != MaskKind.NONE
    rows: list[Row] = []
    for plane in Plane:
        name = f"{PLANES}/{patient.patient_id}/{plane.value}"
        _write_png(folder / f"{name}.png", images[plane])
        if has_mask:
            mask = tumour_in(label_section(body, plane_section(truth.diameters[plane], size_px, FIELD_MM)))
            _write_png(folder / f"{name}_mask.png", mask.astype(np.uint8) * 255)
        rows.append(
            scan_row(
                patient,
                f"{name}.png",
                plane=plane.value,
                pixel_mm=round(FIELD_MM / size_px, 6),
                mask=f"{name}_mask.png" if has_mask else "",
                mask_kind="png" if has_mask else "",
                mask_label=255 if has_mask else "",
            )
        )
    known: Row = {"mask_kind": "png" if has_mask else ""}
    return ScanRecord(rows, [], [tumour_row(patient, truth, (0.0, 0.0, 0.0), known)])


def _write_png(path: Path, image: np.ndarray) -> None:
    """Write a grey image whole."""
    encoded = cv2.imencode(".png", image)[1].tobytes()
    write_whole(path, lambda temporary: temporary.write_bytes(encoded))
