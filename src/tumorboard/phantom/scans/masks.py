"""Which kind of mask a patient has, and writing it beside the series on which it was drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from tumorboard.phantom.anatomy.volume import Volume
from tumorboard.phantom.patients.patient import SimulatedPatient, generator
from tumorboard.phantom.scans.dicom_series import WrittenSeries
from tumorboard.phantom.scans.identifiers import StudyIdentity
from tumorboard.phantom.scans.nifti import TUMOUR_LABEL, kidney_and_tumour, write_nifti
from tumorboard.phantom.scans.segmentation import Segment, write_segmentation

_SHARE_NIFTI, _SHARE_WITHOUT, _SHARE_IMAGE = 0.33, 0.05, 0.2
_DRAWN_SECONDS = 90_000.0
_FOLDER = "masks"
IMAGE_NAME = "image.nii.gz"


class MaskKind(StrEnum):
    """Which file holds the tumour's mask."""

    NONE = ""
    SEGMENTATION = "dicom-seg"
    NIFTI = "nifti"


@dataclass(frozen=True)
class MaskPlan:
    """How a patient's tumour is outlined.

    Parameters
    ----------
    kind : MaskKind
    image : bool
        Whether the volume itself is there as NIfTI, too.
    """

    kind: MaskKind
    image: bool


@dataclass(frozen=True)
class WrittenMask:
    """A mask's file, or that there is none.

    Parameters
    ----------
    kind : MaskKind
    name : str
        The file, relative to the patient's folder.
    label : int
        Segment number or label of the tumour.
    series_uid : str
        Of a segmentation; otherwise empty.
    has_image : bool
        Whether the volume itself lies beside it as NIfTI.
    """

    kind: MaskKind
    name: str = ""
    label: int = 0
    series_uid: str = ""
    has_image: bool = False


def plan_mask(patient: SimulatedPatient) -> MaskPlan:
    """Draw how a patient's tumour is outlined; independent of the tumour."""
    which, image = generator(patient.seed, patient.number, "mask kind").random(2)
    if which < _SHARE_WITHOUT:
        return MaskPlan(MaskKind.NONE, image=False)
    if which < _SHARE_WITHOUT + _SHARE_NIFTI:
        return MaskPlan(MaskKind.NIFTI, image=bool(image < _SHARE_IMAGE))
    return MaskPlan(MaskKind.SEGMENTATION, image=False)


def drawn_masks(masks: dict[str, np.ndarray], written: WrittenSeries) -> dict[str, np.ndarray]:
    """Give what a reader can draw on the files of a series: nothing in a slice that is not there.

    Parameters
    ----------
    masks : dict of ndarray of bool, shape (slices, rows, columns)
        On the grid of the whole volume.
    written : WrittenSeries

    Returns
    -------
    dict of ndarray of bool, same shapes
    """
    return {label: _present(mask, written, 0) for label, mask in masks.items()}


def _present(voxels: np.ndarray, written: WrittenSeries, empty: int) -> np.ndarray:
    """Empty the slice that the files lack; a NIfTI volume has to keep its place."""
    if written.missing is None:
        return voxels
    left = voxels.copy()
    left[written.missing] = empty
    return left


def write_mask(
    masks: dict[str, np.ndarray],
    volume: Volume,
    written: WrittenSeries,
    folder: Path,
    *,
    patient: SimulatedPatient,
    identity: StudyIdentity,
) -> WrittenMask:
    """Write a patient's masks as `plan_mask` says.

    Parameters
    ----------
    masks : dict of ndarray of bool, shape (slices, rows, columns)
        ``tumour``, ``kidney`` and ``cyst`` on the volume's grid, as `drawn_masks` gives them; an empty one is left
        out, and without a tumour there is no file.
    volume : Volume
        On which they were drawn.
    written : WrittenSeries
        The volume's files.
    folder : Path
        The patient's.
    patient : SimulatedPatient
    identity : StudyIdentity

    Returns
    -------
    WrittenMask
    """
    plan = plan_mask(patient)
    if plan.kind == MaskKind.NONE or not masks["tumour"].any():
        return WrittenMask(MaskKind.NONE)
    (folder / _FOLDER).mkdir(parents=True, exist_ok=True)
    if plan.kind == MaskKind.NIFTI:
        name = f"{_FOLDER}/segmentation.nii.gz"
        write_nifti(kidney_and_tumour(masks["kidney"] | masks["cyst"], masks["tumour"]), volume.grid, folder / name)
        if plan.image:
            write_nifti(_present(volume.voxels, written, int(volume.voxels.min())), volume.grid, folder / IMAGE_NAME)
        return WrittenMask(MaskKind.NIFTI, name, TUMOUR_LABEL, has_image=plan.image)
    segments = [Segment(label, mask[list(written.slices)]) for label, mask in masks.items()]
    name = f"{_FOLDER}/segmentation.dcm"
    uid = write_segmentation(
        [segment for segment in segments if segment.mask.any()],
        written.images,
        folder / name,
        identity=identity,
        side=patient.side,
        moment=identity.moment(_DRAWN_SECONDS),
    )
    return WrittenMask(MaskKind.SEGMENTATION, name, 1, uid)
