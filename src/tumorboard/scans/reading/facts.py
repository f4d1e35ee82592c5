"""What a series says of itself, from the header of its first image and the places of all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.scans.reading.found import Frame
from tumorboard.scans.reading.header import element
from tumorboard.scans.reading.privacy import IDENTIFYING_TAGS, identifying_words, without
from tumorboard.scans.reading.steps import equal_steps, normal_of
from tumorboard.scans.series import SeriesFacts

if TYPE_CHECKING:
    from tumorboard.scans.reading.lookup import Lookup

FACT_TAGS = (
    "SpecificCharacterSet", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesDescription",
    "StudyDescription", "ProtocolName", "SeriesNumber", "StudyDate", "ImageType", "BodyPartExamined",
    "ContrastBolusAgent", "ContrastBolusAgentSequence", "ContrastBolusStartTime", "AcquisitionTime",
    "AcquisitionDateTime", "ImageOrientationPatient", "PixelSpacing", "SpacingBetweenSlices", "BurnedInAnnotation",
    "ConvolutionKernel", "ScanningSequence", "SequenceVariant", "EchoPulseSequence", "InversionRecovery",
    "SequenceName", "PulseSequenceName", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "EchoTrainLength",
    "DiffusionBValue", "TemporalPositionIdentifier", "NumberOfTemporalPositions", "NumberOfFrames",
    "FrameOfReferenceUID",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", *IDENTIFYING_TAGS,
)  # fmt: skip
"""Elements that the facts are taken from."""

_ALONG_AXIS = 0.8
"""A plane is named after an axis if its normal lies within 37 degrees of it."""
_PLANES = ("sagittal", "coronal", "transversal")
_ECHO_PULSES = {"SPIN": "SE", "GRADIENT": "GR", "BOTH": "SE GR"}


def plane_of(orientation: tuple[float, ...] | None) -> str | None:
    """Name the plane of an image orientation.

    Parameters
    ----------
    orientation : tuple of six floats or None

    Returns
    -------
    str or None
        transversal, coronal, sagittal or oblique; None without an orientation.
    """
    if orientation is None:
        return None
    along = np.abs(normal_of(orientation))
    if not np.isfinite(along).all():
        return None
    axis = int(np.argmax(along))
    return _PLANES[axis] if along[axis] >= _ALONG_AXIS else "oblique"


def facts_of(lookup: Lookup, frames: Sequence[Frame], images: int) -> SeriesFacts:
    """Gather the facts of one stack, or of a series without images; the patient's names and numbers are cut out.

    Parameters
    ----------
    lookup : Lookup
        Of its first image, read with `FACT_TAGS`.
    frames : sequence of Frame
        Empty for a series without images.
    images : int
        Images, or frames of multi-frame files.
    """
    orientation = frames[0].orientation if frames else None
    burned_in = lookup.text("BurnedInAnnotation").upper()
    date = lookup.text("StudyDate")
    names = identifying_words(lookup)
    return SeriesFacts(
        series_uid=lookup.text("SeriesInstanceUID"),
        modality=lookup.text("Modality").upper(),
        slices=images,
        study_uid=lookup.text("StudyInstanceUID"),
        description=without(names, lookup.text("SeriesDescription")),
        study_description=without(names, lookup.text("StudyDescription")),
        protocol=without(names, lookup.text("ProtocolName")),
        number=lookup.whole("SeriesNumber"),
        date=date if re.fullmatch(r"\d{8}", date) else None,
        image_type=tuple(word.upper() for word in lookup.texts("ImageType")),
        sop_class_uid=lookup.text("SOPClassUID") or None,
        body_part=lookup.text("BodyPartExamined") or None,
        contrast_agent=None if (agent := _contrast_agent(lookup)) is None else without(names, agent),
        contrast_seconds=seconds_of_day(lookup.text("ContrastBolusStartTime")),
        acquisition_seconds=_acquisition_seconds(lookup),
        plane=plane_of(orientation),
        slice_mm=_slice_distance(lookup, frames),
        pixel_mm=frames[0].spacing[0] if frames and frames[0].spacing else None,
        burned_in={"YES": True, "NO": False}.get(burned_in),
        kernel=lookup.text("ConvolutionKernel") or None,
        sequence=_sequence(lookup),
        sequence_name=lookup.text("SequenceName") or lookup.text("PulseSequenceName") or None,
        repetition_ms=lookup.number("RepetitionTime"),
        echo_ms=lookup.number("EchoTime"),
        inversion_ms=lookup.number("InversionTime"),
        flip_degrees=lookup.number("FlipAngle"),
        echo_trains=lookup.whole("EchoTrainLength"),
        diffusion_b=lookup.number("DiffusionBValue"),
        temporal_position=lookup.whole("TemporalPositionIdentifier"),
        temporal_positions=lookup.whole("NumberOfTemporalPositions"),
        frame_uid=lookup.text("FrameOfReferenceUID") or None,
    )


def seconds_of_day(time: str) -> float | None:
    """Return the seconds since midnight of a DICOM time (HHMMSS.FFFFFF, or with colons); None where it is none."""
    found = re.fullmatch(r"(\d\d)(?::?(\d\d)(?::?(\d\d(?:\.\d*)?))?)?", time.strip())
    if not found:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2] or 0), float(found[3] or 0)
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and minutes < 60 and seconds < 61 else None


def _acquisition_seconds(lookup: Lookup) -> float | None:
    own = seconds_of_day(lookup.text("AcquisitionTime"))
    if own is not None:
        return own
    return seconds_of_day(re.split(r"[+-]", lookup.text("AcquisitionDateTime"))[0][8:])


def _contrast_agent(lookup: Lookup) -> str | None:
    stated = lookup.text("ContrastBolusAgent")
    coded = lookup.get("ContrastBolusAgentSequence")
    if stated or not coded:
        return stated if stated or lookup.has("ContrastBolusAgent") else None
    meaning = element(coded[0], "CodeMeaning") if _is_items(coded) else None
    return str(meaning or "").strip()


def _is_items(value: object) -> bool:
    return bool(value) and not isinstance(value, str | bytes) and hasattr(value, "__getitem__")


def _sequence(lookup: Lookup) -> str | None:
    words = [*lookup.texts("ScanningSequence"), *lookup.texts("SequenceVariant")]
    if not words:
        words = [_ECHO_PULSES.get(lookup.text("EchoPulseSequence").upper(), "")]
        words += ["IR"] if lookup.text("InversionRecovery").upper() == "YES" else []
    return " ".join(word for word in words if word) or None


def _slice_distance(lookup: Lookup, frames: Sequence[Frame]) -> float | None:
    if len(frames) > 1 and frames[0].orientation is not None:
        placed = [frame.position for frame in frames if frame.position is not None]
        along = np.array(placed, np.float64).reshape(-1, 3) @ normal_of(frames[0].orientation)
        steps = equal_steps(along) if len(placed) > 1 and np.isfinite(along).all() else None
        if steps is not None:
            return round(steps.step_mm, 6)
    stated = lookup.number("SpacingBetweenSlices")
    return abs(stated) if stated else None
