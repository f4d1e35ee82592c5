"""A study of small written scans: each patient's folder may have a fault of its own."""

import zlib
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SHAPE, PIXEL_MM, STEP_MM = (30, 40, 48), 4.0, 4.0
START = np.array([-94.0, -78.0, -500.0])
CENTRE, RADIUS_MM = np.array([14, 20, 32]), 22.0
AXIAL = [1, 0, 0, 0, 1, 0]


def ball(centre=CENTRE, radius_mm=RADIUS_MM):
    """A ball as voxels of the whole scan."""
    apart = np.stack(np.indices(SHAPE), axis=-1) - centre
    return np.linalg.norm(apart * [STEP_MM, PIXEL_MM, PIXEL_MM], axis=-1) <= radius_mm


def hounsfield():
    """A body with a tumour in air."""
    rows, columns = np.indices(SHAPE[1:])
    inside = ((rows - 19.5) / 17) ** 2 + ((columns - 23.5) / 21) ** 2 < 1
    voxels = np.where(inside, 40, -1000) + np.zeros(SHAPE, int)
    voxels[ball()] = 90
    return (voxels + np.indices(SHAPE)[0]).astype(np.int16)


def instance(number, pixels, *, series="2.25.71", patient="A", z=None, **others):
    """One slice as a scanner writes it; `others` set elements."""
    one = Dataset()
    position = [*START[:2], START[2] + number * STEP_MM if z is None else z]
    one.SOPClassUID, one.Modality = CTImageStorage, "CT"
    one.SOPInstanceUID = f"{series}.{number}.{zlib.crc32(repr((patient, list(position))).encode())}"
    one.PatientID, one.PatientName = patient, f"Name^{patient}"
    one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "2.25.70", series, "2.25.72"
    one.SeriesNumber, one.InstanceNumber = 4, number + 1
    one.SeriesDescription, one.StudyDate, one.ImageType = "ABD NEPHRO", "20190301", ["ORIGINAL", "PRIMARY", "AXIAL"]
    one.ImagePositionPatient = [float(value) for value in position]
    one.ImageOrientationPatient, one.PixelSpacing = AXIAL, [PIXEL_MM, PIXEL_MM]
    one.Rows, one.Columns = pixels.shape
    one.SamplesPerPixel, one.PhotometricInterpretation, one.PixelRepresentation = 1, "MONOCHROME2", 1
    one.BitsAllocated, one.BitsStored, one.HighBit = 16, 16, 15
    one.RescaleSlope, one.RescaleIntercept = 1, 0
    one.PixelData = pixels.tobytes()
    for keyword, value in others.items():
        setattr(one, keyword, value)
    return one


def save(one, path: Path, syntax=ExplicitVRLittleEndian):
    """Write a slice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = syntax
    one.file_meta.MediaStorageSOPClassUID, one.file_meta.MediaStorageSOPInstanceUID = (
        one.SOPClassUID,
        one.SOPInstanceUID,
    )
    one.save_as(path, enforce_file_format=True)
    return path


def write_series(folder: Path, numbers=range(SHAPE[0]), **others):
    """Write some slices of the scan; return the folder."""
    voxels = hounsfield()
    for number in numbers:
        save(instance(number, voxels[number], **others), folder / f"{others.get('series', 'IM')}-{number:03d}")
    return folder


def affine(start=START, step_mm=STEP_MM):
    """NIfTI's coordinates of the scan's voxels."""
    matrix = np.diag([-PIXEL_MM, -PIXEL_MM, step_mm, 1.0])
    matrix[:3, 3] = np.asarray(start) * [-1, -1, 1]
    return matrix


def write_nifti(path: Path, voxels, **place):
    """Write voxels (slices, rows, columns) on the scan's grid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine(**place)), path)
    return path


class SmallStudy:
    """A study folder in which each patient has a folder of series and, unless told otherwise, the ball as mask."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, object]] = []

    def folder(self, patient: str) -> Path:
        """A patient's folder."""
        return self.root / "scans" / patient

    def add(self, patient: str, **row: object) -> Path:
        """Add a row of scans.csv; return the patient's folder of series."""
        if "mask" not in row:
            write_nifti(self.root / "masks" / f"{patient}.nii.gz", ball().astype(np.uint8))
        first = {"patient_id": patient, "path": f"scans/{patient}", "modality": "CT"}
        self.rows.append({**first, "mask": f"masks/{patient}.nii.gz", **row})
        self.folder(patient).mkdir(parents=True, exist_ok=True)
        return self.folder(patient)

    def finish(self) -> Path:
        """Write the tables and the cohort; return the study's folder."""
        from tumorboard.cohort import build_cohort, write_cohort
        from tumorboard.study.files import StudyFolder
        from tumorboard.study.settings import load_settings

        patients = list(dict.fromkeys(row["patient_id"] for row in self.rows))
        outcome = {"dss_time_months": 30, "dss_event": 0}
        pd.DataFrame([{"patient_id": one, **outcome} for one in patients]).to_csv(
            self.root / "patients.csv", index=False
        )
        pd.DataFrame(self.rows).to_csv(self.root / "scans.csv", index=False)
        folder = StudyFolder(self.root)
        write_cohort(folder, build_cohort(folder, load_settings(folder)))
        return self.root
