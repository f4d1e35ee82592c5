"""The DICOM attributes that do not depend on the slice: patient, study, series, equipment, acquisition."""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage

from tumorboard.phantom.anatomy.volume import Contrast
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.identifiers import StudyIdentity, dicom_date, dicom_time
from tumorboard.phantom.scans.protocol import ORAL, PlannedSeries
from tumorboard.phantom.scans.scanner import ScanScanner, StoredValues

SIMULATED = "simulated patient, no real person"
LOCALIZER_NUMBER = 1
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Direction of an axial slice's rows, then of its columns."""

_STUDY_BEGINS_SECONDS = -900.0
_BOLUS_ML = 100.0
_MR_SEQUENCES: dict[Contrast, dict[str, object]] = {
    Contrast.T1: {
        "ScanningSequence": "GR",
        "SequenceVariant": ["SP", "OSP"],
        "MRAcquisitionType": "3D",
        "RepetitionTime": "4.1",
        "EchoTime": "1.9",
        "EchoTrainLength": "1",
        "FlipAngle": "10",
    },
    Contrast.T2: {
        "ScanningSequence": "SE",
        "SequenceVariant": "SK",
        "MRAcquisitionType": "2D",
        "RepetitionTime": "1100",
        "EchoTime": "91",
        "EchoTrainLength": "128",
        "FlipAngle": "150",
    },
}
_SEQUENCE_NAMES = {
    "SIMULATED VENDOR A": ("*fl3d1", "*h2d1_128"),
    "SIMULATED VENDOR B": ("efgre3d", "ssfse"),
    "SIMULATED VENDOR C": ("T1TFE", "TSE"),
    "SIMULATED VENDOR D": ("FE3D", "FASE2D"),
}
"""What each maker calls a T1 and a T2 sequence."""


def study_header(identity: StudyIdentity, scanner: ScanScanner) -> Dataset:
    """Give the attributes that all instances of a study share.

    Parameters
    ----------
    identity : StudyIdentity
    scanner : ScanScanner

    Returns
    -------
    Dataset
    """
    begins = identity.moment(_STUDY_BEGINS_SECONDS)
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.PatientName = identity.patient_name
    header.PatientID = identity.patient_id
    header.PatientBirthDate = ""
    header.PatientSex = identity.sex
    header.PatientAge = f"{identity.age_years:03d}Y"
    header.PatientComments = SIMULATED
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = SIMULATED
    header.StudyInstanceUID = identity.study_uid
    header.StudyID = "1"
    header.StudyDate = dicom_date(begins)
    header.StudyTime = dicom_time(begins)
    header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    header.StudyDescription = f"SIMULATED {scanner.kind.value.upper()} kidneys"
    header.Manufacturer = scanner.manufacturer
    header.ManufacturerModelName = scanner.model
    header.StationName = scanner.station
    header.DeviceSerialNumber = scanner.station
    header.SoftwareVersions = scanner.software
    header.InstitutionName = "SIMULATED HOSPITAL"
    return header


def add_series(header: Dataset, identity: StudyIdentity, *, number: int, description: str, moment: datetime) -> None:
    """Add the attributes of a series, and the date and time of its content."""
    header.SeriesInstanceUID = identity.uid("series", number)
    header.SeriesNumber = number
    header.SeriesDescription = description
    header.SeriesDate, header.SeriesTime = dicom_date(moment), dicom_time(moment)
    header.ContentDate, header.ContentTime = dicom_date(moment), dicom_time(moment)
    header.InstanceCreationDate, header.InstanceCreationTime = dicom_date(moment), dicom_time(moment)
    header.ImageComments = SIMULATED


def add_frame_of_reference(header: Dataset, identity: StudyIdentity) -> None:
    """Add the frame of reference that the study's series share."""
    header.FrameOfReferenceUID = identity.frame_uid
    header.PositionReferenceIndicator = ""
    header.PatientPosition = "HFS"


def add_acquisition(header: Dataset, identity: StudyIdentity, scanner: ScanScanner, planned: PlannedSeries) -> None:
    """Add what the scanner was set to, the acquisition's time and the contrast agent.

    Parameters
    ----------
    header : Dataset
        Is added to.
    identity : StudyIdentity
    scanner : ScanScanner
    planned : PlannedSeries
    """
    moment = identity.moment(planned.seconds)
    header.ProtocolName = planned.protocol
    header.BodyPartExamined = "ABDOMEN"
    header.AcquisitionNumber = planned.number - LOCALIZER_NUMBER
    if planned.timed:
        header.AcquisitionDate, header.AcquisitionTime = dicom_date(moment), dicom_time(moment)
    if planned.bolus:
        header.ContrastBolusAgent = planned.bolus
        is_drink = planned.bolus == ORAL
        header.ContrastBolusRoute = "ORAL" if is_drink else "IV"
        if planned.timed and not is_drink:
            header.ContrastBolusStartTime = dicom_time(identity.injection)
        if scanner.kind == ScanKind.CT and not is_drink:
            header.ContrastBolusVolume = _BOLUS_ML
    if scanner.kind == ScanKind.CT:
        _add_ct(header, scanner)
    else:
        _add_mr(header, scanner, planned)


def _add_ct(header: Dataset, scanner: ScanScanner) -> None:
    """Add what makes a CT image: its class and the tube."""
    header.SOPClassUID = CTImageStorage
    header.Modality = "CT"
    header.KVP = scanner.kvp
    header.ConvolutionKernel = scanner.kernel
    header.ReconstructionDiameter = scanner.field_mm
    header.GantryDetectorTilt = 0
    header.RotationDirection = "CW"
    header.XRayTubeCurrent = 200
    header.ExposureTime = 500
    header.FilterType = "BODY"


def _add_mr(header: Dataset, scanner: ScanScanner, planned: PlannedSeries) -> None:
    header.SOPClassUID = MRImageStorage
    header.Modality = "MR"
    header.MagneticFieldStrength = scanner.tesla
    header.ImagedNucleus = "1H"
    header.ImagingFrequency = round(42.577 * scanner.tesla, 3)
    is_t2 = planned.contrast == Contrast.T2
    for keyword, value in _MR_SEQUENCES[Contrast.T2 if is_t2 else Contrast.T1].items():
        setattr(header, keyword, value)
    header.SequenceName = _SEQUENCE_NAMES[scanner.manufacturer][is_t2]
    header.ScanOptions = ["PFP"] * is_t2 + ["FS"] * planned.fat_saturated


def add_pixels(header: Dataset, rows: int, columns: int, stored: StoredValues, *, hounsfield: bool) -> None:
    """Add how pixels are stored.

    Parameters
    ----------
    header : Dataset
        Is added to.
    rows, columns : int
    stored : StoredValues
    hounsfield : bool
        Whether stored values become Hounsfield units by a rescale.
    """
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows, header.Columns = rows, columns
    header.BitsAllocated = 16
    header.BitsStored = stored.bits
    header.HighBit = stored.bits - 1
    header.PixelRepresentation = int(stored.signed)
    if hounsfield:
        header.RescaleIntercept = stored.intercept
        header.RescaleSlope = 1
        header.RescaleType = "HU"
        header.WindowCenter, header.WindowWidth = 40, 400
        header.WindowCenterWidthExplanation = "ABDOMEN"


def add_plane(
    header: Dataset, orientation: tuple[float, ...], spacing_mm: tuple[float, float], thickness_mm: float
) -> None:
    """Add the orientation of the planes of a series, and the spacing of rows and of columns.

    Parameters
    ----------
    header : Dataset
        Is added to.
    orientation : tuple of six floats
        Direction of a row, then of a column.
    spacing_mm : tuple of two floats
        Between rows, between columns.
    thickness_mm : float
    """
    header.ImageOrientationPatient = [decimal(value) for value in orientation]
    header.PixelSpacing = [decimal(value) for value in spacing_mm]
    header.SliceThickness = decimal(thickness_mm)


def decimal(value: float) -> str:
    """Write a number as a decimal string of at most 16 characters."""
    return f"{value + 0.0:.10g}"
