"""How a hospital's scanner makes the voxels of a series: noise by slice thickness, sharpness by kernel."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.anatomy import Acquisition
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.protocol import PlannedSeries
from tumorboard.phantom.scans.scanner import ScanScanner

_REFERENCE_MM = 5.0
_MOST_NOISE_HU = 32.0
_SOFT_MM, _SHARP_MM = 1.0, 0.45


def acquisition(scanner: ScanScanner, planned: PlannedSeries) -> Acquisition:
    """Give how a series is acquired.

    Parameters
    ----------
    scanner : ScanScanner
    planned : PlannedSeries
        Thin slices are noisier: photons fall with thickness, noise is the inverse of their root.

    Returns
    -------
    Acquisition
    """
    noise = scanner.noise
    if scanner.kind == ScanKind.CT:
        noise = min(noise * float(np.sqrt(_REFERENCE_MM / planned.thickness_mm)), _MOST_NOISE_HU)
    return Acquisition(
        noise=noise,
        sharpness_mm=_SOFT_MM + (_SHARP_MM - _SOFT_MM) * scanner.sharpness,
        kilovolt=float(scanner.kvp),
        tesla=scanner.tesla,
        fat_saturated=planned.fat_saturated,
        thickness_mm=planned.thickness_mm,
    )
