"""The contrast phase of a CT from the image itself: aorta against kidney cortex and medulla.

Unenhanced renal parenchyma has 30 to 50 HU and blood about 40. In the corticomedullary phase the cortex is 110 to
140 HU brighter than the medulla, which falls below 30 HU some 45 s after the aorta's trigger, when the nephrographic
phase begins: Goshima et al. 2007 (European Journal of Radiology 63:420). The agent appears in the calices from some
180 s: Sheth et al. 2001 (RadioGraphics 21:S237).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorboard.errors import FileFormatError
from tumorboard.scans.choice.kidneys import (
    Coarse,
    Mask,
    aorta_hounsfield,
    coarse_grid,
    find_kidneys,
    find_landmarks,
    soft_tissue_ml,
)
from tumorboard.scans.choice.phase import Phase
from tumorboard.scans.choice.phase_wording import PhaseName
from tumorboard.scans.volume import Volume, Voxels

UNENHANCED_HU = 75.0
"""Blood and parenchyma below this hold no agent: 30 to 60 HU without, and 20 HU more is the least that counts."""

CORTEX_OVER_MEDULLA_HU = 30.0
"""Above this difference the phase is corticomedullary."""

BOLUS_HU = 50.0
"""So much brighter than the cortex the aorta is only while the bolus passes: 290 to 360 HU in the late arterial phase,
when the cortex has 195 to 217 HU more than without; afterwards it falls below the kidney."""

EXCRETED_HU, EXCRETED_ML = 50.0, 0.3
"""Excreted agent: so much brighter than the parenchyma, and so much of it deep inside each kidney that was found; a
calcified tumour lies in one kidney only."""

_LEAST_TISSUE_ML = 60.0
_SHELL_MM, _DEEP_MM = (2.0, 6.0), (8.0, 14.0)
"""Depths of cortex (6 to 10 mm thick) and of pyramids below a kidney's outline."""

_LEAST_VOXELS, _BRIGHTEST_HU = 30, 250.0


@dataclass(frozen=True)
class Enhancement:
    """How bright the vessels and kidneys of a CT are, in Hounsfield units.

    Parameters
    ----------
    aorta : float or None
    cortex, medulla : float or None
        Of the kidney in which they differ less: the other may hold the tumour. None where no kidney was found.
    excreted_ml : float
        Volume of excreted agent inside the kidney that has less of it.
    kidneys : int
        How many were found.
    """

    aorta: float | None
    cortex: float | None
    medulla: float | None
    excreted_ml: float
    kidneys: int


def phase_from_image(volume: Volume, kidneys: Voxels | None = None) -> Phase | None:
    """Tell the contrast phase of a CT by how its aorta and kidneys are enhanced.

    Parameters
    ----------
    volume : Volume
        In patient axes, Hounsfield units.
    kidneys : ndarray of bool, shape of the volume, optional
        Mask of the kidneys, without the tumour if possible. Without it they are searched beside the spine.

    Returns
    -------
    Phase or None
        None for an MR, and where aorta or kidneys are not found.

    Raises
    ------
    FileFormatError
        Where the mask has another shape than the volume.
    """
    if volume.modality != "CT":
        return None
    if kidneys is not None and kidneys.shape != volume.voxels.shape:
        raise FileFormatError(
            f"the mask of the kidneys has {kidneys.shape} voxels, the scan {volume.voxels.shape}",
            fix="Bring it onto the scan's grid first",
        )
    coarse = find_landmarks(volume)
    if kidneys is None:
        if coarse is None:
            return None
        seen = _measure(coarse.hounsfield, coarse.spacing_mm, find_kidneys(coarse), aorta_hounsfield(coarse))
        return _phase(seen, nothing_bright=soft_tissue_ml(coarse) >= _LEAST_TISSUE_ML)
    hounsfield, spacing = coarse_grid(volume)
    share, _ = coarse_grid(Volume(kidneys.astype(np.float32), volume.grid, "CT"))
    masks = _sides(share > 0.5, spacing)
    seen = _measure(hounsfield, spacing, masks, None if coarse is None else aorta_hounsfield(coarse))
    return _phase(seen, nothing_bright=False)


def _sides(mask: Mask, spacing: NDArray[np.float64]) -> tuple[Mask, ...]:
    """Split a mask into its bodies of more than 15 ml."""
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * np.prod(spacing) / 1000
    return tuple(np.asarray(labels == one) for one in range(1, count + 1) if sizes[one] > 15)


def measure_enhancement(coarse: Coarse) -> Enhancement:
    """Measure what `phase_from_image` judges by, where the landmarks were found."""
    return _measure(coarse.hounsfield, coarse.spacing_mm, find_kidneys(coarse), aorta_hounsfield(coarse))


def _measure(
    hounsfield: NDArray[np.float32],
    spacing: NDArray[np.float64],
    kidneys: tuple[Mask, ...],
    aorta: float | None,
) -> Enhancement:
    pairs, excreted = [], []
    for kidney in kidneys:
        depth = ndimage.distance_transform_edt(kidney, sampling=spacing)
        parenchyma = kidney & (hounsfield > 15) & (hounsfield < _BRIGHTEST_HU)
        shell = hounsfield[parenchyma & (depth >= _SHELL_MM[0]) & (depth <= _SHELL_MM[1])]
        deep = hounsfield[parenchyma & (depth >= _DEEP_MM[0]) & (depth <= _DEEP_MM[1])]
        if min(shell.size, deep.size) >= _LEAST_VOXELS:
            cortex, medulla = float(np.percentile(shell, 65)), float(np.percentile(deep, 35))
            pairs.append((cortex, medulla))
            bright = (depth >= _SHELL_MM[1]) & (hounsfield > max(cortex, medulla) + EXCRETED_HU)
            excreted.append(float(bright.sum() * np.prod(spacing) / 1000))
    if not pairs:
        return Enhancement(aorta, None, None, 0.0, 0)
    cortex, medulla = min(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    return Enhancement(aorta, cortex, medulla, min(excreted), len(pairs))


def _phase(seen: Enhancement, *, nothing_bright: bool) -> Phase | None:
    if seen.cortex is None or seen.medulla is None:
        if seen.aorta is not None and seen.aorta < UNENHANCED_HU and nothing_bright:
            return _say(PhaseName.NON_CONTRAST, f"aorta {seen.aorta:.0f} HU, nothing bright beside the spine")
        return None
    said = f"cortex {seen.cortex:.0f}, medulla {seen.medulla:.0f} HU"
    said = said if seen.aorta is None else f"aorta {seen.aorta:.0f}, {said}"
    if seen.cortex < UNENHANCED_HU and (seen.aorta is None or seen.aorta < UNENHANCED_HU):
        return _say(PhaseName.NON_CONTRAST, said)
    ahead = 0.0 if seen.aorta is None else seen.aorta - seen.cortex
    if ahead > BOLUS_HU:
        return _say(PhaseName.LATE_ARTERIAL, said)
    if seen.cortex - seen.medulla > CORTEX_OVER_MEDULLA_HU:
        return _say(PhaseName.PORTAL_VENOUS if ahead < 0 else PhaseName.LATE_ARTERIAL, said)
    if seen.excreted_ml >= EXCRETED_ML:
        return _say(PhaseName.DELAYED, f"{said}, {seen.excreted_ml:.1f} ml of excreted agent")
    return _say(PhaseName.NEPHROGRAPHIC, said)


def _say(name: PhaseName, reason: str) -> Phase:
    return Phase(name, "image", reason)
