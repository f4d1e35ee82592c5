"""Whether a volume file's values can be the scan that it is stated to be: it says neither modality nor unit."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.scaling import AIR_AT_MOST_HU
from tumorboard.scans.volume import Voxels

FEWEST_VALUES = 16
"""A scan has hundreds of different values, a mask one for each label."""
FAT_HU = -100
"""Every CT of a body holds fat or gas, and noise about them, as low as that."""
LEAST_SPAN_HU = 100
"""Between fat and soft tissue lie about 140 HU."""
DENSE_HU, MOST_DENSE = 800, 0.2
"""Cortical bone and metal only; not a fifth of what is no air, unless 1024 HU were not taken off."""
_NOT_AIR_HU = -500

Modality = Literal["CT", "MR"]


def check_values(voxels: Voxels, modality: Modality) -> None:
    """Refuse values that no scan of this modality has.

    Refused are one value throughout, fewer than `FEWEST_VALUES` different ones and none below 0 (a mask), and for CT
    values that cannot be Hounsfield units: none below 0, a span of less than `LEAST_SPAN_HU`, or more than `MOST_DENSE`
    of what is no air above `DENSE_HU`.

    Parameters
    ----------
    voxels : ndarray of int16, int32 or float32, shape (slices, rows, columns)
        Finite.
    modality : {"CT", "MR"}
        As stated.

    Raises
    ------
    FileFormatError
    """
    lowest, highest = float(voxels.min()), float(voxels.max())
    if lowest == highest:
        raise FileFormatError(f"all its voxels are {lowest:g}, which is no scan", fix="Export the volume again")
    few = _few_values(voxels)
    if few and lowest >= 0:
        raise FileFormatError(
            f"it has {few} different values from {lowest:g} to {highest:g}, as a mask has, and looks like no scan",
            fix="Name the scan as path, and this file as mask",
        )
    fault = _no_hounsfield(voxels, lowest, highest) if modality == "CT" else ""
    if fault:
        raise FileFormatError(
            f"stated as CT, but its values cannot be Hounsfield units: {fault}",
            fix="Export it in Hounsfield units (air -1000, water 0), or correct its modality",
        )


def doubts(voxels: Voxels, modality: Modality) -> tuple[str, ...]:
    """Return remarks on values that a scan of this modality may have, but rarely has.

    Parameters
    ----------
    voxels : ndarray, shape (slices, rows, columns)
        As `check_values` lets them pass.
    modality : {"CT", "MR"}
    """
    lowest = float(voxels.min())
    found: list[str] = []
    if few := _few_values(voxels):
        found.append(f"it has {few} different values only: is it a scan, and no mask?")
    if modality == "CT" and lowest > FAT_HU:
        found.append(f"its lowest value is {lowest:g}, and fat is near {FAT_HU} HU: were its Hounsfield units clipped?")
    if modality == "MR" and lowest <= AIR_AT_MOST_HU:
        found.append(f"its lowest value is {lowest:g}, as air has in a CT: is it an MR?")
    return tuple(found)


def _no_hounsfield(voxels: Voxels, lowest: float, highest: float) -> str:
    if lowest >= 0:
        return f"the lowest is {lowest:g}, and fat and air are below 0"
    if highest - lowest < LEAST_SPAN_HU:
        return f"they go from {lowest:g} to {highest:g}"
    dense, tissue = (sum(int(np.count_nonzero(image > above)) for image in voxels) for above in (DENSE_HU, _NOT_AIR_HU))
    share = dense / max(tissue, 1)
    return f"{share:.0%} of what is no air is above {DENSE_HU}, denser than bone" if share > MOST_DENSE else ""


def _few_values(voxels: Voxels) -> int:
    """Return how many different values there are, if they are few; 0 otherwise."""
    values: set[float] = set()
    for image in voxels:
        values.update(np.unique(image).tolist())
        if len(values) >= FEWEST_VALUES:
            return 0
    return len(values)
