"""Series of the phantom with every voxel known."""

from dataclasses import replace

import numpy as np

from tumorboard.phantom.anatomy.volume import Contrast, Grid, Volume
from tumorboard.phantom.patients.patient import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient
from tumorboard.phantom.scans.dicom_series import write_series
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.identifiers import study_identity
from tumorboard.phantom.scans.protocol import plan_study
from tumorboard.phantom.scans.scanner import scan_scanner

SLICES = 14


def write_simulated(folder, kind, layout, **planned):
    """Write one series with the given faults; return its volume."""
    patient = SimulatedPatient(
        1, "SIM-0001", 7, "female", 61, "left", "A",
        HistologyFactors(*[0.5] * 6), RadiologyFactors(55.0, 0.5, 0.4), True, kind,
    )  # fmt: skip
    scanner = scan_scanner(patient.site, patient.seed, patient.scan)
    study = plan_study(patient, scanner, series=4, slices=(SLICES, SLICES))
    plan = replace(study.series[study.chosen], stored=scanner.stored, **planned)
    grid = Grid(SLICES, 20, 24, 2.5, 0.703125, (-201.25, -160.5, -733.75))
    z, y, x = np.indices(grid.shape)
    voxels = (100 * z + 3 * y - 2 * x - 300).astype(np.int16)
    voxels[:, 0, 0], voxels[:, -1, -1] = -1024, 1500
    volume = Volume(grid, voxels, Contrast.NEPHROGRAPHIC)
    if kind == ScanKind.MR:
        volume = Volume(grid, np.abs(voxels), Contrast.T1_POST)
    folder.mkdir(exist_ok=True)
    names = FileNames(folder, layout, np.random.default_rng(0))
    write_series(volume, plan, scanner, study_identity(patient), names)
    return volume
