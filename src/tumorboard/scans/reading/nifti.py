"""NIfTI volumes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.array_file import ArrayFile, check_grid, check_packed, check_size
from tumorboard.scans.volume import Grid

_LPS_FROM_RAS = np.array([-1.0, -1.0, 1.0])
_MM = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path, largest_bytes: int) -> ArrayFile:
    """Read a NIfTI file of one volume.

    NIfTI's coordinates grow to the right and to the front; they are turned to DICOM's.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.
    largest_bytes : int

    Returns
    -------
    ArrayFile
        Integers as stored unless the header scales them.

    Raises
    ------
    FileFormatError
        If it is damaged, has several volumes or colours, or does not say how it lies in the patient.
    """
    import nibabel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = nibabel.load(path)
        except Exception as fault:  # nibabel's errors are as many as its formats
            raise FileFormatError("no readable NIfTI file") from fault
        if not isinstance(image, nibabel.Nifti1Image):
            raise FileFormatError("no NIfTI file")
        return _read(image, path, largest_bytes)


def _read(image: Any, path: Path, largest_bytes: int) -> ArrayFile:  # noqa: ANN401
    header = image.header
    shape = tuple(int(length) for length in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    kind = header.get_data_dtype()
    if len(shape) != 3:
        raise FileFormatError(f"its size is {' x '.join(map(str, shape))}; one volume has three axes")
    if kind.kind not in "iuf" or kind.itemsize > 8:
        raise FileFormatError(f"its voxels are of the type {kind}, not single numbers")
    if not (int(header["sform_code"]) or int(header["qform_code"])):
        raise FileFormatError("it does not say how it lies in the patient (neither sform nor qform is set)")
    needed = check_size(shape, max(kind.itemsize, 2), largest_bytes)
    if path.name.lower().endswith(".gz"):
        check_packed(path.stat().st_size, needed // max(kind.itemsize, 2) * kind.itemsize)
    try:
        values = _values(image, shape)
    except Exception as fault:  # zlib, EOF and nibabel errors alike mean that bytes are missing or wrong
        raise FileFormatError("its voxels are cut off or damaged") from fault
    unit = _MM.get(header.get_xyzt_units()[0], 1.0)
    affine = np.asarray(image.affine, np.float64)[:3] * unit * _LPS_FROM_RAS[:, None]
    grid = Grid((shape[2], shape[1], shape[0]), affine[:, 3], np.stack([affine[:, 2], affine[:, 1], affine[:, 0]]))
    check_grid(grid)
    return ArrayFile(values.transpose(2, 1, 0), grid)


def _values(image: Any, shape: tuple[int, ...]) -> np.ndarray:  # noqa: ANN401
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    if (slope, intercept) == (1, 0):
        return np.asarray(image.dataobj.get_unscaled()).reshape(shape, order="F")
    if not (np.isfinite(slope) and np.isfinite(intercept)):
        raise ValueError("scaling is not finite")
    return np.asarray(image.get_fdata(dtype=np.float32, caching="unchanged")).reshape(shape, order="F")
