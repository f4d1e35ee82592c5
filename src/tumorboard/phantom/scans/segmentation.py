"""Tumour, kidney and cyst as a DICOM segmentation of one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from tumorboard.phantom.scans.header import SIMULATED
from tumorboard.phantom.scans.identifiers import StudyIdentity, dicom_date, dicom_time
from tumorboard.phantom.scans.slice_template import file_meta

SEGMENTATION_NUMBER = 500
"""Series number of a segmentation."""

_STRUCTURE = codes.SCT.MorphologicallyAbnormalStructure
_ORGAN = Code("91723000", "SCT", "Anatomical structure")
_KIDNEY = Code("64033007", "SCT", "Kidney")
_SIDES = {"left": Code("7771000", "SCT", "Left"), "right": Code("24028007", "SCT", "Right")}
_BOTH_SIDES = Code("51440002", "SCT", "Right and left")


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment.

    Parameters
    ----------
    label : str
        ``tumour``, ``kidney`` (both of them) or ``cyst`` (all of them).
    mask : ndarray of bool, shape (slices, rows, columns)
        On the grid of the series.
    """

    label: str
    mask: np.ndarray


_CODES = {
    "tumour": (_STRUCTURE, Code("4147007", "SCT", "Mass")),
    "kidney": (_ORGAN, _KIDNEY),
    "cyst": (_STRUCTURE, Code("367643001", "SCT", "Cyst")),
}


def write_segmentation(
    segments: Sequence[Segment],
    images: Sequence[Dataset],
    path: Path,
    *,
    identity: StudyIdentity,
    side: str,
    moment: datetime,
) -> str:
    """Write masks as a DICOM segmentation.

    Parameters
    ----------
    segments : sequence of Segment
        At least one voxel each, none of them shared; the masks' slices are those of ``images``.
    images : sequence of Dataset
        The headers of the series' slices, from the feet to the head; those with a segment are referred to.
    path : Path
        The file; its folder exists.
    identity : StudyIdentity
    side : str
        ``left`` or ``right``: whose kidney has the tumour.
    moment : datetime
        When it was drawn.

    Returns
    -------
    str
        Its series identifier.
    """
    outlined = [index for index in range(len(images)) if any(segment.mask[index].any() for segment in segments)]
    labels = np.zeros((len(outlined), *segments[0].mask.shape[1:]), np.uint8)
    for number, segment in enumerate(segments, start=1):
        for place, index in enumerate(outlined):
            labels[place][segment.mask[index]] = number
    series_uid, instance_uid = identity.uid("segmentation", "series"), identity.uid("segmentation", "instance")
    segmentation = hd.seg.Segmentation(
        source_images=[images[index] for index in outlined],
        pixel_array=labels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_described(number, one, side, identity) for number, one in enumerate(segments, start=1)],
        series_instance_uid=series_uid,
        series_number=SEGMENTATION_NUMBER,
        sop_instance_uid=instance_uid,
        instance_number=1,
        manufacturer="tumorboard phantom",
        manufacturer_model_name="simulated patients",
        software_versions="1",
        device_serial_number="0",
        content_label="SIMULATED",
        content_description=SIMULATED,
        content_creator_name="SIMULATED^READER",
        series_description="Segmentation",
    )
    _fix_time_and_names(segmentation, identity, moment)
    segmentation.file_meta = file_meta(
        str(segmentation.SOPClassUID), instance_uid, str(segmentation.file_meta.TransferSyntaxUID)
    )
    segmentation.save_as(path, enforce_file_format=True)
    return series_uid


def _described(number: int, segment: Segment, side: str, identity: StudyIdentity) -> hd.seg.SegmentDescription:
    category, kind = _CODES[segment.label]
    is_kidney = segment.label == "kidney"
    described = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=identity.uid("segment", segment.label),
        tracking_id=f"{identity.patient_id} {segment.label}",
        anatomic_regions=None if is_kidney else [_KIDNEY],
    )
    if is_kidney:
        both = [hd.sr.CodedConcept.from_code(_BOTH_SIDES)]
        described.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = both
    if segment.label == "tumour":
        described.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [
            hd.sr.CodedConcept.from_code(_SIDES[side])
        ]
    return described


def _fix_time_and_names(segmentation: Dataset, identity: StudyIdentity, moment: datetime) -> None:
    """Replace the clock's time and drawn identifiers, so that the same seed gives the same bytes."""
    date, time = dicom_date(moment), dicom_time(moment)
    for keyword in ("InstanceCreationDate", "ContentDate", "SeriesDate"):
        setattr(segmentation, keyword, date)
    for keyword in ("InstanceCreationTime", "ContentTime", "SeriesTime"):
        setattr(segmentation, keyword, time)
    for equipment in segmentation.ContributingEquipmentSequence:
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = date + time
    dimension_uid = identity.uid("segmentation", "dimensions")
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimension_uid
