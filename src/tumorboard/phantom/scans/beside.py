"""What a study holds beside its diagnostic series: localizers, coronal reformats and dose sheets."""

from __future__ import annotations

import cv2
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from tumorboard.phantom.anatomy.volume import Volume
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.dicom_series import stored_pixels
from tumorboard.phantom.scans.encoding import encode_frame
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.header import (
    AXIAL,
    LOCALIZER_NUMBER,
    add_acquisition,
    add_frame_of_reference,
    add_pixels,
    add_plane,
    add_series,
    decimal,
    study_header,
)
from tumorboard.phantom.scans.identifiers import StudyIdentity, simulated_uid
from tumorboard.phantom.scans.protocol import PlannedSeries
from tumorboard.phantom.scans.scanner import ScanScanner
from tumorboard.phantom.scans.slice_template import SliceTemplate
from tumorboard.phantom.scans.wording import coronal_description, localizer_description

CORONAL_NUMBER, DOSE_SHEET_NUMBER = 300, 999
"""What is added to a series' number for its coronal reformat; the number of a dose sheet."""

_CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
_SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
_CORONAL_MM = 5.0
_Flat = tuple[np.ndarray, tuple[float, ...], tuple[float, float, float]]
"""Pixels, orientation, position of the first pixel."""

_VARYING = ("SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "PixelData")
_SHEET_PX = 384


def write_localizer(
    volume: Volume, planned: PlannedSeries, scanner: ScanScanner, identity: StudyIdentity, names: FileNames
) -> str:
    """Write a localizer: two projections for CT, three crossing planes for MR.

    Parameters
    ----------
    volume : Volume
        Any of the study's.
    planned : PlannedSeries
        The volume's.
    scanner : ScanScanner
    identity : StudyIdentity
    names : FileNames

    Returns
    -------
    str
        Its series identifier.
    """
    is_ct = scanner.kind == ScanKind.CT
    header = _derived_header(planned, scanner, identity, number=LOCALIZER_NUMBER, seconds=-840.0)
    header.SeriesDescription = localizer_description(scanner, is_ct=is_ct)
    header.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER" if is_ct else "OTHER"]
    for keyword in ("ContrastBolusAgent", "ContrastBolusRoute", "ContrastBolusVolume", "ContrastBolusStartTime"):
        if keyword in header:
            delattr(header, keyword)
    grid = volume.grid
    centre = [float(axis.mean()) for axis in (grid.x_mm(), grid.y_mm(), grid.z_mm())]
    low, top = [float(axis[0]) for axis in (grid.x_mm(), grid.y_mm(), grid.z_mm())], float(grid.z_mm()[-1])
    planes: list[_Flat] = [
        (_upright(_through(volume.voxels, 1, is_ct), volume), _CORONAL, (low[0], centre[1], top)),
        (_upright(_through(volume.voxels, 2, is_ct), volume), _SAGITTAL, (centre[0], low[1], top)),
    ]
    if not is_ct:
        planes.append((_through(volume.voxels, 0, False), AXIAL, (low[0], low[1], centre[2])))
    return _write_planes(planes, header, planned, grid.pixel_mm, grid.pixel_mm, names)


def write_coronal(
    volume: Volume, planned: PlannedSeries, scanner: ScanScanner, identity: StudyIdentity, names: FileNames
) -> str:
    """Write a coronal reformat of a series: means of 5 mm, rows from the head to the feet.

    Parameters
    ----------
    volume : Volume
    planned : PlannedSeries
        The volume's.
    scanner : ScanScanner
    identity : StudyIdentity
    names : FileNames

    Returns
    -------
    str
        Its series identifier.
    """
    grid = volume.grid
    number = planned.number + CORONAL_NUMBER
    header = _derived_header(planned, scanner, identity, number=number, seconds=planned.seconds)
    header.SeriesDescription = coronal_description(scanner, planned.description)
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL" if scanner.kind == ScanKind.CT else "MPR"]
    header.DerivationDescription = "MPR coronal"
    step = max(round(_CORONAL_MM / grid.pixel_mm), 1)
    planes: list[_Flat] = []
    for row in range(0, grid.rows - step + 1, step):
        mean = volume.voxels[:, row : row + step].mean(axis=1, dtype=np.float32)
        y_mm = grid.origin_mm[1] + grid.pixel_mm * (row + (step - 1) / 2)
        planes.append((_upright(mean, volume), _CORONAL, (grid.origin_mm[0], y_mm, float(grid.z_mm()[-1]))))
    return _write_planes(planes, header, planned, grid.pixel_mm, step * grid.pixel_mm, names)


def write_dose_sheet(scanner: ScanScanner, identity: StudyIdentity, names: FileNames, series: int) -> str:
    """Write a picture of a dose report as a secondary capture.

    Parameters
    ----------
    scanner : ScanScanner
    identity : StudyIdentity
    names : FileNames
    series : int
        How many series it lists.

    Returns
    -------
    str
        Its series identifier.
    """
    sheet = np.zeros((_SHEET_PX, _SHEET_PX), np.uint8)
    lines = ["SIMULATED DOSE REPORT", f"ID {identity.patient_id}", "Series  kV  CTDIvol  DLP"]
    lines += [f"{number + 1:4d}    {scanner.kvp}   {8.2:6.1f}   {246.0:6.0f}" for number in range(1, series + 1)]
    for place, line in enumerate(lines):
        cv2.putText(sheet, line, (16, 40 + 28 * place), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_8)
    header = study_header(identity, scanner)
    add_series(header, identity, number=DOSE_SHEET_NUMBER, description="Dose Report", moment=identity.moment(600.0))
    header.SOPClassUID = SecondaryCaptureImageStorage
    header.Modality = "CT"
    header.ConversionType = "WSD"
    header.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    header.PatientOrientation = ""
    header.BodyPartExamined = "ABDOMEN"
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.Rows = header.Columns = _SHEET_PX
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 8, 8, 7, 0
    header.BurnedInAnnotation = "YES"
    header.InstanceNumber = 1
    uid = simulated_uid(header.SeriesInstanceUID, "instance", 1)
    folder = names.series_folder(DOSE_SHEET_NUMBER, "Dose Report")
    template = SliceTemplate(header, ("SOPInstanceUID", "PixelData"), ExplicitVRLittleEndian)
    values = {"SOPInstanceUID": uid, "PixelData": sheet.tobytes()}
    names.files(folder, "SC", [uid])[0].write_bytes(template.instance(values))
    return str(header.SeriesInstanceUID)


def _derived_header(
    planned: PlannedSeries, scanner: ScanScanner, identity: StudyIdentity, *, number: int, seconds: float
) -> Dataset:
    header = study_header(identity, scanner)
    add_series(header, identity, number=number, description="", moment=identity.moment(seconds))
    add_frame_of_reference(header, identity)
    add_acquisition(header, identity, scanner, planned)
    if "AcquisitionTime" in header:
        header.AcquisitionTime = header.SeriesTime
    return header


def _through(voxels: np.ndarray, axis: int, is_projection: bool) -> np.ndarray:
    """Give the mean along an axis, or the middle plane."""
    if is_projection:
        return np.asarray(voxels.mean(axis=axis, dtype=np.float32))
    return np.asarray(voxels.take(voxels.shape[axis] // 2, axis=axis), np.float32)


def _upright(plane: np.ndarray, volume: Volume) -> np.ndarray:
    """Turn a plane's slices into rows from the head to the feet, as wide as its columns are apart."""
    grid = volume.grid
    rows = round((grid.slices - 1) * grid.slice_mm / grid.pixel_mm) + 1
    to_slices = np.array([[1, 0, 0], [0, -grid.pixel_mm / grid.slice_mm, grid.slices - 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, to_slices, (plane.shape[1], rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _write_planes(
    planes: list[_Flat],
    header: Dataset,
    planned: PlannedSeries,
    pixel_mm: float,
    thickness_mm: float,
    names: FileNames,
) -> str:
    """Write planes, uncompressed."""
    is_ct = header.SOPClassUID == CTImageStorage
    folder = names.series_folder(int(header.SeriesNumber), str(header.SeriesDescription))
    uids = [simulated_uid(header.SeriesInstanceUID, "instance", place) for place in range(len(planes))]
    paths = names.files(folder, str(header.Modality), uids)
    for place, ((pixels, orientation, position), uid, path) in enumerate(
        zip(planes, uids, paths, strict=True), start=1
    ):
        add_pixels(header, pixels.shape[0], pixels.shape[1], planned.stored, hounsfield=is_ct)
        if "LOCALIZER" in header.ImageType:
            del header.RescaleType
        add_plane(header, orientation, (pixel_mm, pixel_mm), thickness_mm)
        values: dict[str, object] = {
            "SOPInstanceUID": uid,
            "InstanceNumber": place,
            "ImagePositionPatient": [decimal(value) for value in position],
            "ImageOrientationPatient": [decimal(value) for value in orientation],
            "PixelData": encode_frame(stored_pixels(np.rint(pixels), planned.stored), ExplicitVRLittleEndian, 16),
        }
        path.write_bytes(SliceTemplate(header, _VARYING, ExplicitVRLittleEndian).instance(values))
    return str(header.SeriesInstanceUID)
