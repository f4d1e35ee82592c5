"""RT structure sets (DICOM PS3.3 A.19): regions as closed outlines in the patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.dicom_object import DAMAGED, damaged, open_object
from tumorboard.scans.tumour.mask import Mask
from tumorboard.scans.tumour.meaning import painting_order
from tumorboard.scans.tumour.outlines import Filled, Outline, fill
from tumorboard.scans.volume import Grid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_HIGHEST_LABEL = np.iinfo(np.uint16).max


def read_structure_set(
    path: Path, scan: Grid, series_uid: str | None = None, label: int | None = None
) -> tuple[Mask, bool]:
    """Read an RT structure set on a scan's grid.

    Parameters
    ----------
    path : Path
    scan : Grid
    series_uid : str, optional
        The scan's; taken as the referenced one where the file refers to several.
    label : int, optional
        The region that a user wants; it is kept where regions overlap.

    Returns
    -------
    mask : Mask
        Its labels are ROI numbers (where one of them is 0 or above 65,535, the places in the file's list, from 1),
        its names ``name (type)``. Outlines of a region in one plane are joined by the even-odd rule.
    on_slices : bool
        Whether every outline lies on a slice of the scan.

    Raises
    ------
    FileFormatError
        Where it is damaged, has no closed outlines, or they lie in none of the scan's slices.
    """
    dataset = open_object(path)
    try:
        numbers = _numbers(dataset)
        names = _names(dataset, numbers)
        outlines, left_out = _outlines(dataset, numbers)
        references = list(_references(dataset))
        frame_uid = _frame(dataset)
    except DAMAGED as error:
        raise damaged(path, error) from error
    if not outlines:
        had = ", ".join(f"{kind} ({count})" for kind, count in left_out.items()) or "nothing"
        raise FileFormatError(
            f"it has no closed outlines, but {had}", where=path.name, fix="Outline the tumour on the scan's slices"
        )
    used = {one.label for one in outlines}
    named = {number: name for number, name in names.items() if number in used}
    filled = fill(outlines, scan, painting_order(named, label), path.name)
    reference = series_uid if series_uid in references else next(iter(references), None)
    return _mask(path, scan, named, filled, reference, frame_uid, left_out), filled.on_slices


def _mask(
    path: Path,
    scan: Grid,
    names: dict[int, str],
    filled: Filled,
    reference: str | None,
    frame_uid: str | None,
    left_out: Counter[str],
) -> Mask:
    told = tuple(
        f"{count} outlines of type {kind} enclose nothing and are left out" for kind, count in left_out.items()
    )
    return Mask(
        filled.labels,
        scan,
        names,
        filled.covered,
        reference,
        source=path.name,
        frame_uid=frame_uid,
        remarks=(*filled.remarks, *told),
    )


def _numbers(dataset: Dataset) -> dict[int, int]:
    """Give each region's label by its number."""
    rois = [int(one.ROINumber) for one in dataset.StructureSetROISequence]
    if all(0 < number <= _HIGHEST_LABEL for number in rois):
        return {number: number for number in rois}
    return {number: place for place, number in enumerate(rois, start=1)}


def _names(dataset: Dataset, numbers: dict[int, int]) -> dict[int, str]:
    kinds = {
        int(one.ReferencedROINumber): str(one.get("RTROIInterpretedType") or "")
        for one in dataset.get("RTROIObservationsSequence") or ()
    }
    names = {}
    for one in dataset.StructureSetROISequence:
        number = int(one.ROINumber)
        kind = kinds.get(number, "")
        name = str(one.get("ROIName", "")).replace("(", "[").replace(")", "]").strip()
        names[numbers[number]] = f"{name} ({kind})".strip() if kind else name
    return names


def _outlines(dataset: Dataset, numbers: dict[int, int]) -> tuple[list[Outline], Counter[str]]:
    outlines, left_out = [], Counter[str]()
    for roi in dataset.get("ROIContourSequence") or ():
        label = numbers[int(roi.ReferencedROINumber)]
        for contour in roi.get("ContourSequence") or ():
            kind = str(contour.get("ContourGeometricType", "none"))
            points = np.array([float(value) for value in contour.get("ContourData") or ()], np.float64).reshape(-1, 3)
            if not np.isfinite(points).all():
                raise ValueError("not finite")
            if len(points) > 1 and (points[0] == points[-1]).all():
                points = points[:-1]
            if kind in _CLOSED and len(points) >= 3:
                outlines.append(Outline(label, points))
            else:
                left_out[kind if kind not in _CLOSED else f"{kind} with fewer than 3 points"] += 1
    return outlines, left_out


def _references(dataset: Dataset) -> Iterator[str]:
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                yield str(series.SeriesInstanceUID)


def _frame(dataset: Dataset) -> str | None:
    """Give the frame of reference of all regions; None where they have several."""
    frames = {str(one.get("ReferencedFrameOfReferenceUID", "")) for one in dataset.StructureSetROISequence}
    found = {frame for frame in frames if frame}
    return found.pop() if len(found) == 1 else None
