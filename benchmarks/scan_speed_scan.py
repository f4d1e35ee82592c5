"""The scan that `scan_speed.py` times: 512 x 512 x 300 voxels as uncompressed DICOM, with masks. Always the same."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SHAPE = (300, 512, 512)
SPACING_MM = (1.0, 0.75, 0.75)
ORIGIN_MM = (-191.6, -191.6, -600.0)
TUMOUR_MM = (120.0, 100.0, 90.0)
SERIES, STUDY, FRAME = "2.25.31001", "2.25.31002", "2.25.31003"
NAMED, SILENT = "ABD NEPHRO", "ABDOMEN"
"""Descriptions: one tells the phase; with the other one it is seen in the voxels."""


def places(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return x, y and z in mm from the middle of the scan, of one slice."""
    rows, columns = np.indices(SHAPE[1:])
    x, y = ((index - (length - 1) / 2) * 0.75 for index, length in ((columns, SHAPE[2]), (rows, SHAPE[1])))
    return x, y, number - (SHAPE[0] - 1) / 2


def ellipsoid(number: int, centre: tuple[float, float, float], axes: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return what of an ellipsoid with whole axes, in mm (x, y, z), lies in one slice."""
    x, y, z = places(number)
    apart = ((x - centre[0]) / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2 + ((z - centre[2]) / axes[2]) ** 2
    return np.asarray(apart <= 0.25)


def labels() -> NDArray[np.uint8]:
    """Return the kidney (1) with a tumour (2) of 12 cm, on the scan's voxels."""
    painted = np.zeros(SHAPE, np.uint8)
    for number in range(SHAPE[0]):
        painted[number][ellipsoid(number, (70, 40, 0), (55, 60, 120))] = 1
        painted[number][ellipsoid(number, (80, 20, 30), TUMOUR_MM)] = 2
    return painted


def hounsfield(number: int, labelled: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return one slice: a body, its spine, aorta, both kidneys and the tumour, with noise."""
    x, y, z = places(number)
    noise = np.random.default_rng(number).normal(0, 12, SHAPE[1:])
    voxels = np.where((x / 170) ** 2 + (y / 120) ** 2 < 1, -90.0, -1000.0)
    voxels[(x / 155) ** 2 + (y / 105) ** 2 < 1] = 50
    voxels[(x / 20) ** 2 + ((y - 70) / 18) ** 2 < 1] = 350
    voxels[(x + 5) ** 2 + (y - 38) ** 2 < 10**2] = 160
    voxels[((x + 70) / 28) ** 2 + ((y - 40) / 30) ** 2 + (z / 60) ** 2 < 1] = 180
    voxels[labelled == 1], voxels[labelled == 2] = 180, 90
    return np.clip(np.rint(voxels + noise), -1024, 3071).astype(np.int16)


def header(description: str) -> Dataset:
    """Return what all slices share: as many elements as a scanner writes."""
    shared = Dataset()
    shared.SOPClassUID, shared.Modality, shared.SeriesDescription = CTImageStorage, "CT", description
    shared.PatientID, shared.PatientName, shared.StudyID = "SIM-SPEED", "SIM^SPEED", "1"
    shared.PatientBirthDate = shared.PatientSex = shared.AccessionNumber = shared.ReferringPhysicianName = ""
    shared.StudyInstanceUID, shared.SeriesInstanceUID, shared.FrameOfReferenceUID = STUDY, SERIES, FRAME
    shared.StudyDate, shared.StudyTime, shared.AcquisitionTime = "20200102", "101500", "101730"
    shared.SeriesNumber, shared.ImageType = 5, ["ORIGINAL", "PRIMARY", "AXIAL"]
    shared.Manufacturer, shared.ManufacturerModelName, shared.SoftwareVersions = "SIMULATED", "Phantom", "1"
    shared.KVP, shared.XRayTubeCurrent, shared.ExposureTime, shared.ConvolutionKernel = 120, 210, 500, "B30f"
    shared.SliceThickness, shared.GantryDetectorTilt, shared.TableHeight = SPACING_MM[0], 0, 150
    shared.PositionReferenceIndicator, shared.BodyPartExamined, shared.PatientPosition = "", "ABDOMEN", "FFS"
    shared.ImageOrientationPatient, shared.PixelSpacing = [1, 0, 0, 0, 1, 0], list(SPACING_MM[1:])
    shared.Rows, shared.Columns = SHAPE[1:]
    shared.SamplesPerPixel, shared.PhotometricInterpretation, shared.PixelRepresentation = 1, "MONOCHROME2", 0
    shared.BitsAllocated, shared.BitsStored, shared.HighBit = 16, 12, 11
    shared.RescaleSlope, shared.RescaleIntercept, shared.RescaleType = 1, -1024, "HU"
    shared.WindowCenter, shared.WindowWidth = 40, 400
    return shared


def write_scan(folder: Path, description: str) -> Path:
    """Write the series in no order of its slices, and its masks, unless they are there.

    Parameters
    ----------
    folder : Path
        Becomes that of ``series/``, ``mask.dcm`` (DICOM-SEG, one bit a voxel) and ``mask.nii.gz``.
    description : str
        SeriesDescription.

    Returns
    -------
    Path
        The folder.
    """
    done = folder / "done"
    if done.is_file():
        return folder
    (folder / "series").mkdir(parents=True, exist_ok=True)
    painted, one = labels(), header(description)
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = CTImageStorage
    paths = [folder / "series" / f"IM{name:05d}" for name in np.random.default_rng(7).permutation(SHAPE[0])]
    for number, path in enumerate(paths):
        one.InstanceNumber = SHAPE[0] - number
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"{SERIES}.{number}"
        one.ImagePositionPatient = [*ORIGIN_MM[:2], ORIGIN_MM[2] + number * SPACING_MM[0]]
        one.PixelData = (hounsfield(number, painted[number]) + 1024).astype(np.uint16).tobytes()
        one.save_as(path, enforce_file_format=True)
    _write_nifti(folder / "mask.nii.gz", painted)
    _write_segmentation(folder / "mask.dcm", painted, paths)
    done.touch()
    return folder


def _write_nifti(path: Path, painted: NDArray[np.uint8]) -> None:
    import nibabel

    affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
    affine[:3, 3] = np.array(ORIGIN_MM) * [-1, -1, 1]
    nibabel.save(nibabel.Nifti1Image(painted.transpose(2, 1, 0), affine), path)


def _write_segmentation(path: Path, painted: NDArray[np.uint8], slices: list[Path]) -> None:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    kinds = (("kidney", codes.SCT.AnatomicalStructure, codes.SCT.Kidney),
             ("tumour", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Mass))  # fmt: skip
    described = [
        hd.seg.SegmentDescription(number, name, *kind, hd.seg.SegmentAlgorithmTypeValues.MANUAL)
        for number, (name, *kind) in enumerate(kinds, start=1)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hd.seg.Segmentation(
            source_images=[pydicom.dcmread(each, stop_before_pixels=True) for each in slices],
            pixel_array=np.stack([painted == 1, painted == 2], axis=-1).astype(np.uint8),
            segmentation_type="BINARY",
            segment_descriptions=described,
            series_instance_uid="2.25.31004",
            series_number=9,
            sop_instance_uid="2.25.31005",
            instance_number=1,
            manufacturer="SIMULATED",
            manufacturer_model_name="Phantom",
            software_versions="1",
            device_serial_number="1",
        ).save_as(path)
