"""Small series of DICOM slices, each fault of which is written on purpose."""

import zlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SHAPE = (12, 14, 16)
PIXEL_MM, STEP_MM = (0.8, 0.7), 2.5
START = np.array([-40.0, -35.5, 120.0])


def body(shape=SHAPE):
    """Stored values every one of which says where it is; air, water and bone among them."""
    slices, rows, columns = np.indices(shape)
    return (1024 + 60 * slices - 9 * rows + 5 * columns - 900 * (rows < 3)).astype(np.int16)


def image(pixels, position, *, modality="CT", orientation=AXIAL, series="1.2.826.7", patient="P-1", number=1, **others):
    """One slice with what a scanner writes; `others` set elements, None removes one."""
    slice_ = Dataset()
    slice_.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    slice_.SOPInstanceUID = f"{series}.{number}.{zlib.crc32(repr((tuple(position), patient)).encode())}"
    slice_.PatientID, slice_.PatientName = patient, f"Name^{patient}"
    slice_.StudyInstanceUID, slice_.SeriesInstanceUID = f"1.2.826.{len(patient)}", series
    slice_.Modality, slice_.SeriesNumber, slice_.InstanceNumber = modality, 3, number
    slice_.SeriesDescription, slice_.StudyDate = "ABD NEPHRO", "20190301"
    slice_.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    slice_.ImagePositionPatient = [float(f"{value:.6f}") for value in position]
    slice_.ImageOrientationPatient, slice_.PixelSpacing = list(orientation), list(PIXEL_MM)
    slice_.Rows, slice_.Columns = pixels.shape
    slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
    slice_.BitsAllocated, slice_.PixelRepresentation = 8 * pixels.dtype.itemsize, int(pixels.dtype.kind == "i")
    slice_.BitsStored, slice_.HighBit = slice_.BitsAllocated, slice_.BitsAllocated - 1
    if modality == "CT":
        slice_.RescaleSlope, slice_.RescaleIntercept = 1, -1024
    slice_.PixelData = pixels.tobytes()
    for keyword, value in others.items():
        if value is None:
            delattr(slice_, keyword)
        else:
            setattr(slice_, keyword, value)
    return slice_


def save(slice_, path: Path, syntax=ExplicitVRLittleEndian):
    """Write a slice with a preamble."""
    path.parent.mkdir(parents=True, exist_ok=True)
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = syntax
    slice_.file_meta.MediaStorageSOPClassUID = slice_.SOPClassUID
    slice_.file_meta.MediaStorageSOPInstanceUID = slice_.SOPInstanceUID or "1.2.826.0"
    slice_.save_as(path, enforce_file_format=True)
    return path


def normal(orientation):
    return np.cross(orientation[:3], orientation[3:])


def stack_of(voxels=None, *, step=None, orientation=AXIAL, change=None, **others):
    """The slices of a volume; `change(number)` gives the elements of one that differ from the rest."""
    voxels = body() if voxels is None else voxels
    step = STEP_MM * normal(orientation) if step is None else np.asarray(step)
    return [
        image(
            pixels,
            START + number * step,
            orientation=orientation,
            number=number + 1,
            **{**others, **(change(number) if change else {})},
        )
        for number, pixels in enumerate(voxels)
    ]


def write(folder: Path, slices, names=None):
    """Write slices under given names, or numbered ones."""
    for number, slice_ in enumerate(slices):
        save(slice_, folder / (names[number] if names else f"IM{number:04d}"))
    return folder
