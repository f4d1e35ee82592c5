"""What is known of one series before a pixel is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesFacts:
    """What a series says of itself, from its DICOM headers or from an archive's index; None where it is silent.

    Parameters
    ----------
    series_uid, study_uid : str
    modality : str
        As DICOM has it: CT, MR, SEG, RTSTRUCT, SR, OT, ...
    description, study_description, protocol : str
        SeriesDescription, StudyDescription, ProtocolName; empty where absent.
    slices : int
        Images (frames of a multi-frame file).
    number : int or None
        SeriesNumber.
    date : str or None
        StudyDate, YYYYMMDD.
    image_type : tuple of str
        ImageType, upper case, such as ORIGINAL, PRIMARY, AXIAL.
    sop_class_uid : str or None
    body_part : str or None
    contrast_agent : str or None
        ContrastBolusAgent; None where absent, empty where the tag is there without a value.
    contrast_seconds, acquisition_seconds : float or None
        ContrastBolusStartTime and AcquisitionTime of the first image, seconds of the day.
    plane : str or None
        transversal, coronal, sagittal or oblique, by the images' orientation.
    slice_mm : float or None
        Distance of neighbouring slices.
    pixel_mm : float or None
    burned_in : bool or None
        BurnedInAnnotation.
    kernel : str or None
        ConvolutionKernel.
    sequence : str or None
        ScanningSequence and SequenceVariant, such as ``GR SP``.
    sequence_name : str or None
    repetition_ms, echo_ms, inversion_ms, flip_degrees : float or None
    echo_trains : int or None
        EchoTrainLength.
    diffusion_b : float or None
    temporal_position, temporal_positions : int or None
    frame_uid : str or None
        FrameOfReferenceUID: series that have the same one share the patient's coordinates.
    """

    series_uid: str
    modality: str
    slices: int
    study_uid: str = ""
    description: str = ""
    study_description: str = ""
    protocol: str = ""
    number: int | None = None
    date: str | None = None
    image_type: tuple[str, ...] = ()
    sop_class_uid: str | None = None
    body_part: str | None = None
    contrast_agent: str | None = None
    contrast_seconds: float | None = None
    acquisition_seconds: float | None = None
    plane: str | None = None
    slice_mm: float | None = None
    pixel_mm: float | None = None
    burned_in: bool | None = None
    kernel: str | None = None
    sequence: str | None = None
    sequence_name: str | None = None
    repetition_ms: float | None = None
    echo_ms: float | None = None
    inversion_ms: float | None = None
    flip_degrees: float | None = None
    echo_trains: int | None = None
    diffusion_b: float | None = None
    temporal_position: int | None = None
    temporal_positions: int | None = None
    frame_uid: str | None = None
