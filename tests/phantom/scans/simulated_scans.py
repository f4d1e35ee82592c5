"""Patients, volumes and plans to write."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from tumorboard.phantom.anatomy.volume import Contrast, Grid, Volume
from tumorboard.phantom.patients.patient import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient
from tumorboard.phantom.scans.protocol import Split, plan_study
from tumorboard.phantom.scans.scanner import scan_scanner

SIZE_PX, SLICES, SERIES = 96, (24, 30), 2


def simulated_patient(number=1, *, scan=ScanKind.CT, site="A", seed=7, diameter_mm=55.0, side="left"):
    factors = HistologyFactors(*[0.5] * 6)
    return SimulatedPatient(
        number,
        f"SIM-{number:04d}",
        seed,
        "female",
        61,
        side,
        site,
        factors,
        RadiologyFactors(diameter_mm, 0.5, 0.4),
        True,
        scan,
    )


def ramp(contrast=Contrast.NEPHROGRAPHIC, *, slices=9, rows=20, columns=24, slice_mm=2.5, pixel_mm=0.703125):
    """A volume every voxel of which says where it is, with air and metal in it."""
    grid = Grid(slices, rows, columns, slice_mm, pixel_mm, (-201.25, -160.5, -733.75))
    z, y, x = np.indices(grid.shape)
    voxels = (100 * z + 3 * y - 2 * x - 300).astype(np.int16)
    voxels[:, 0, 0], voxels[:, -1, -1] = -1024, 3071
    if contrast in (Contrast.T1, Contrast.T1_POST, Contrast.T2):
        voxels = np.abs(voxels)
    return Volume(grid, voxels, contrast)


def plain(patient, *, series=4, slices=(9, 9)):
    """A study's plan and its chosen series without any fault, coded plainly."""
    scanner = scan_scanner(patient.site, patient.seed, patient.scan)
    study = plan_study(patient, scanner, series=series, slices=slices)
    chosen = replace(
        study.series[study.chosen],
        syntax=str(ExplicitVRLittleEndian),
        stored=scanner.stored,
        split=Split.NONE,
        missing_at=None,
        doubled_at=None,
    )
    return study, chosen


def instances(folder: Path):
    """All DICOM files below a folder, whatever they are called."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith((".gz", ".png"))]
