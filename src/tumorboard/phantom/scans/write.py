"""A patient's scan as files: DICOM series, masks, and the record of what is true of them."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tumorboard.phantom.anatomy import (
    Body,
    Organ,
    between_slices,
    field_of_view,
    kidney_in,
    label_volume,
    measure_mask,
    measure_tumour,
    paint_volume,
    simulate_body,
    tumour_in,
)
from tumorboard.phantom.anatomy.volume import Grid, Volume
from tumorboard.phantom.patients.patient import ScanKind, SimulatedPatient, generator
from tumorboard.phantom.scans.acquisition import acquisition
from tumorboard.phantom.scans.beside import write_coronal, write_dose_sheet, write_localizer
from tumorboard.phantom.scans.dicom_series import write_series
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.identifiers import study_identity
from tumorboard.phantom.scans.masks import IMAGE_NAME, MaskKind, WrittenMask, drawn_masks, write_mask
from tumorboard.phantom.scans.protocol import PlannedSeries, PlannedStudy, plan_study
from tumorboard.phantom.scans.record import (
    Row,
    ScanRecord,
    measured_on_mask,
    other_row,
    scan_row,
    tumour_row,
    volume_rows,
)
from tumorboard.phantom.scans.scanner import scan_scanner

SCANS = "scans"
"""Folder of the scans in a study's folder."""


def write_scans(
    patient: SimulatedPatient, folder: Path, *, size_px: int, slices: tuple[int, int], series: int
) -> ScanRecord:
    """Write a patient's scan into ``scans/<patient_id>``, whole or not at all.

    Parameters
    ----------
    patient : SimulatedPatient
        One without a scan gives an empty record.
    folder : Path
        The study's.
    size_px : int
        Rows and columns of a slice.
    slices : tuple of int
        Fewest and most slices of a series; the scanner's spacing and the height of the field decide, never the tumour.
    series : int
        At most so many diagnostic series.

    Returns
    -------
    ScanRecord
    """
    if patient.scan == ScanKind.NONE:
        return ScanRecord()
    scanner = scan_scanner(patient.site, patient.seed, patient.scan)
    study = plan_study(patient, scanner, series=series, slices=slices)
    body = simulate_body(patient)
    place = f"{SCANS}/{patient.patient_id}"
    with _whole_folder(folder / place) as temporary:
        written = _write_study(patient, study, body, temporary, size_px, slices)
    mask = written.mask
    row = scan_row(
        patient,
        f"{place}/{IMAGE_NAME}" if mask.has_image else place,
        mask=f"{place}/{mask.name}" if mask.name else "",
        mask_kind=mask.kind.value,
        mask_label=mask.label or "",
    )
    known: Row = {"mask_kind": mask.kind.value} | written.measured
    return ScanRecord([row], written.rows, [tumour_row(patient, measure_tumour(body), study.table_mm, known)])


@dataclass
class _WrittenStudy:
    """Truth about the series, the mask, and what is measured on it."""

    rows: list[Row]
    mask: WrittenMask
    measured: Row


def _write_study(
    patient: SimulatedPatient, study: PlannedStudy, body: Body, place: Path, size_px: int, slices: tuple[int, int]
) -> _WrittenStudy:
    """Write all series, one volume in memory at a time."""
    identity, scanner = study_identity(patient), study.scanner
    names = FileNames(place, study.layout, generator(patient.seed, patient.number, "scan file names"))
    result = _WrittenStudy([], WrittenMask(MaskKind.NONE), {})

    def note(uid: str, role: str) -> None:
        result.rows.append(other_row(patient, scanner, uid, role))

    anatomy: _Labelled | None = None
    for index, planned in enumerate(study.series):
        grid = _study_grid(body, study, planned, size_px, slices)
        if anatomy is None or anatomy.grid != grid:
            anatomy = None  # one at a time in memory
            anatomy = _labelled(body, grid)
        volume = _painted(patient, study, planned, body, anatomy)
        written = write_series(volume, planned, scanner, identity, names)
        result.rows += volume_rows(patient, study, planned, written, volume.grid)
        if index == 0:
            note(write_localizer(volume, planned, scanner, identity, names), "localizer")
        if index == study.coronal_of:
            note(write_coronal(volume, planned, scanner, identity, names), "coronal reformat")
        if index == study.chosen:
            masks = drawn_masks(_masks(anatomy.labels), written)
            result.mask = write_mask(masks, volume, written, place, patient=patient, identity=identity)
            if result.mask.kind != MaskKind.NONE:
                result.measured = measured_on_mask(measure_mask(masks["tumour"], volume.grid))
            if result.mask.series_uid:
                note(result.mask.series_uid, "segmentation")
    if study.has_dose_sheet:
        note(write_dose_sheet(scanner, identity, names, len(study.series)), "dose sheet")
    return result


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Labels on a grid, and halfway between its slices."""

    grid: Grid
    labels: np.ndarray
    between: np.ndarray | None


def _labelled(body: Body, grid: Grid) -> _Labelled:
    halfway = between_slices(grid)
    return _Labelled(grid, label_volume(body, grid), None if halfway is None else label_volume(body, halfway))


def _painted(
    patient: SimulatedPatient, study: PlannedStudy, planned: PlannedSeries, body: Body, anatomy: _Labelled
) -> Volume:
    """Give the voxels of a series where the scanner sees them."""
    rng = generator(patient.seed, patient.number, f"scan noise {planned.number}")
    grid, made = anatomy.grid, acquisition(study.scanner, planned)
    volume = paint_volume(body, grid, anatomy.labels, planned.contrast, made, rng, between=anatomy.between)
    x_mm, y_mm, z_mm = (at + shift for at, shift in zip(grid.origin_mm, study.table_mm, strict=True))
    return replace(volume, grid=replace(grid, origin_mm=(x_mm, y_mm, z_mm)))


def _masks(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Give tumour, and the kidney and cysts of both sides, in the order of segments."""
    return {
        "tumour": tumour_in(labels),
        "kidney": kidney_in(labels) & (labels != Organ.CYST),
        "cyst": labels == Organ.CYST,
    }


def _study_grid(body: Body, study: PlannedStudy, planned: PlannedSeries, size_px: int, slices: tuple[int, int]) -> Grid:
    """Give a series' grid: as many slices as the field's height needs, within limits."""
    count = min(max(round(study.coverage_mm / planned.spacing_mm), slices[0]), slices[1])
    pixel_mm = round(study.field_mm / size_px, 6)
    return field_of_view(body, slice_mm=planned.spacing_mm, pixel_mm=pixel_mm, size_px=size_px, slices=count)


@contextmanager
def _whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder that takes its name when all is written; an older one of that name is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{path.name}-*"):  # by a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
