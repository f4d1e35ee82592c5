"""Small scans with known masks, and writing them in every format."""

import warnings
from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage

from tumorboard.scans.volume import Grid

SCAN_UID, OTHER_UID, FRAME_UID, OTHER_FRAME_UID = "2.25.1001", "2.25.1002", "2.25.2001", "2.25.2002"
CODES = {
    "kidney": (codes.SCT.AnatomicalStructure, codes.SCT.Kidney),
    "tumour": (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Mass),
    "cyst": (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Cyst),
}


def upright_grid(shape=(8, 13, 11), spacing=(2.5, 0.8, 0.7), origin=(-20.0, -30.0, -400.0)):
    steps = np.array([[0, 0, spacing[0]], [0, spacing[1], 0], [spacing[2], 0, 0]], float)
    return Grid(shape, np.array(origin), steps)


def kidney_and_tumour(grid):
    """A box of kidney (1) with a tumour (2) in it, and a cyst (3), all of different sizes."""
    labels = np.zeros(grid.shape, np.uint8)
    labels[1:7, 2:10, 1:8] = 1
    labels[3:6, 4:8, 5:10] = 2
    labels[2:4, 8:10, 2:4] = 3
    return labels


def ct_headers(grid, series_uid=SCAN_UID, frame_uid=FRAME_UID):
    """The headers of a grid's slices, without pixels."""
    headers = []
    for number in range(grid.shape[0]):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, f"{series_uid}.{number + 1}"
        one.SeriesInstanceUID, one.StudyInstanceUID, one.FrameOfReferenceUID = series_uid, "2.25.3001", frame_uid
        one.PatientID = one.PatientName = one.PatientBirthDate = one.PatientSex = one.AccessionNumber = ""
        one.StudyDate = one.StudyTime = one.StudyID = one.ReferringPhysicianName = one.PositionReferenceIndicator = ""
        one.Modality, one.SeriesNumber, one.InstanceNumber = "CT", 1, number + 1
        one.Rows, one.Columns = grid.shape[1:]
        spacing = grid.spacing_mm
        directions = grid.steps_mm / spacing[:, None]
        one.PixelSpacing, one.SliceThickness = [float(spacing[1]), float(spacing[2])], float(spacing[0])
        one.ImageOrientationPatient = [float(v) for v in (*directions[2], *directions[1])]
        one.ImagePositionPatient = [float(v) for v in grid.origin_mm + number * grid.steps_mm[0]]
        headers.append(one)
    return headers


def write_seg(path, grid, masks, kind="BINARY", *, series_uid=SCAN_UID, frame_uid=FRAME_UID, syntax=None):
    """Write named masks (fractions for FRACTIONAL, a label array with names for LABELMAP) on a grid's slices."""
    names = list(masks)
    described = [
        hd.seg.SegmentDescription(
            number, name, *CODES.get(name, CODES["tumour"]), algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL
        )
        for number, name in enumerate(names, start=1)
    ]
    pixels = np.stack(list(masks.values()), axis=-1)
    if kind == "LABELMAP":
        pixels = (pixels * np.arange(1, len(names) + 1)).max(axis=-1).astype(np.uint8)
    extra = {"fractional_type": "PROBABILITY", "max_fractional_value": 255} if kind == "FRACTIONAL" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = hd.seg.Segmentation(
            source_images=ct_headers(grid, series_uid, frame_uid),
            pixel_array=pixels if kind == "FRACTIONAL" else pixels.astype(np.uint8),
            segmentation_type=kind,
            segment_descriptions=described,
            series_instance_uid="2.25.4001",
            series_number=9,
            sop_instance_uid="2.25.4002",
            instance_number=1,
            manufacturer="test",
            manufacturer_model_name="test",
            software_versions="1",
            device_serial_number="1",
            transfer_syntax_uid=syntax or ExplicitVRLittleEndian,
            **extra,
        )
        written.save_as(path)
    return path


def write_rtstruct(path, regions, *, series_uid=SCAN_UID, frame_uid=FRAME_UID, kind="CLOSED_PLANAR", numbers=None):
    """Write regions, ``{name: [points (n, 3) in mm, ...]}``, as an RT structure set."""
    whole = Dataset()
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID = RTStructureSetStorage
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID = "2.25.5001"
    whole.Modality = "RTSTRUCT"
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID, study.RTReferencedSeriesSequence = series_uid, [series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = frame_uid, [study]
    whole.ReferencedFrameOfReferenceSequence = [frame]
    whole.StructureSetROISequence, whole.ROIContourSequence = [], []
    for number, (name, contours) in zip(numbers or range(1, 99), regions.items(), strict=False):
        roi, outlines = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame_uid
        outlines.ReferencedROINumber, outlines.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [f"{value:.6f}" for value in np.asarray(points).ravel()]
            outlines.ContourSequence.append(contour)
        whole.StructureSetROISequence.append(roi)
        whole.ROIContourSequence.append(outlines)
    whole.save_as(path, enforce_file_format=True)
    return path


def write_nifti(path, labels, grid):
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = grid.steps_mm[::-1].T, grid.origin_mm
    affine[:2] *= -1
    nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine), path)
    return path


def rectangle(grid, number, rows, columns):
    """The outline around whole voxels of one slice, in mm: rows and columns from, and up to without."""
    corners = [(rows[0], columns[0]), (rows[0], columns[1]), (rows[1], columns[1]), (rows[1], columns[0])]
    return grid.to_patient(np.array([[number, row - 0.5, column - 0.5] for row, column in corners], float))


def real_series(folder: Path):
    """A real series as voxels in Hounsfield units and grid, by SimpleITK's own reader; and its SeriesInstanceUID."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    files = reader.GetGDCMSeriesFileNames(str(folder))
    reader.SetFileNames(files)
    image = reader.Execute()
    voxels = SimpleITK.GetArrayFromImage(image)
    steps = (np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()).T[::-1]
    uid = pydicom.dcmread(files[0], stop_before_pixels=True).SeriesInstanceUID
    return voxels, Grid(voxels.shape, np.array(image.GetOrigin()), steps.copy()), str(uid)
