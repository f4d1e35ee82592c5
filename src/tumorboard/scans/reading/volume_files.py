"""Volumes and masks in one file: NIfTI, MetaImage, NRRD."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.array_file import LARGEST_BYTES, ArrayFile
from tumorboard.scans.reading.metaimage import data_file, read_metaimage
from tumorboard.scans.reading.nifti import read_nifti
from tumorboard.scans.reading.nrrd import read_nrrd
from tumorboard.scans.reading.plausibility import check_values, doubts
from tumorboard.scans.reading.scaling import AIR_HU
from tumorboard.scans.reading.straightening import straighten
from tumorboard.scans.volume import Grid, LabelMap, Volume, Voxels

_READERS = {
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
    ".nrrd": read_nrrd,
}
VOLUME_ENDINGS = tuple(_READERS)
"""Endings of the files that can be read."""

_AT_RIGHT_ANGLES = 1e-3
_HIGHEST_LABEL = 65535


def read_volume_file(path: Path, modality: Literal["CT", "MR"], *, largest_bytes: int = LARGEST_BYTES) -> Volume:
    """Read a CT or MR from one file.

    Parameters
    ----------
    path : Path
        NIfTI (``.nii``, ``.nii.gz``), MetaImage (``.mha``, ``.mhd``) or NRRD (``.nrrd``). Files of several volumes
        (four axes) are refused: which one is meant has to be said by writing it alone.
    modality : {"CT", "MR"}
        These files do not say it.
    largest_bytes : int
        Refuse a volume that would take more memory, before it is taken.

    Returns
    -------
    Volume
        int16 where all values are whole and fit, float32 otherwise. In the patient's coordinates (LPS).

    Raises
    ------
    FileFormatError
        If the file is damaged or does not say where it lies, a voxel is not finite, there is one slice only, or its
        values cannot be a scan's; see `check_values`.
    """
    try:
        return _volume(_read(Path(path), largest_bytes), modality)
    except FileFormatError as fault:
        raise FileFormatError(fault.what, where=str(path), fix=fault.fix) from fault


def read_label_file(path: Path, *, largest_bytes: int = LARGEST_BYTES) -> LabelMap:
    """Read a mask from one file.

    Parameters
    ----------
    path : Path
        As for `read_volume_file`.
    largest_bytes : int

    Returns
    -------
    LabelMap
        uint8, or uint16 where a label is above 255. No names: these files have none.

    Raises
    ------
    FileFormatError
        If the file is damaged, or its values are not whole numbers from 0 to 65535.
    """
    try:
        found = _read(Path(path), largest_bytes)
        return LabelMap(_labels(found.values), found.grid)
    except FileFormatError as fault:
        raise FileFormatError(fault.what, where=str(path), fix=fault.fix) from fault


def data_files(path: Path) -> tuple[Path, ...]:
    """Return the files that are read with a volume or mask: the data file of a MetaImage header, where it has one.

    Parameters
    ----------
    path : Path
        Whatever a user names as scan or mask.

    Returns
    -------
    tuple of Path
        Most often empty; empty, too, where the header is damaged or its data file is missing or not beside it.

    Raises
    ------
    OSError
        The header cannot be read.
    """
    if _READERS.get(path.suffix.lower()) is not read_metaimage or not path.is_file():
        return ()
    try:
        beside = data_file(path)
    except FileFormatError:
        return ()
    return () if beside is None else (beside,)


def _read(path: Path, largest_bytes: int) -> ArrayFile:
    name = path.name.lower()
    reader = next((reader for ending, reader in _READERS.items() if name.endswith(ending)), None)
    if reader is None:
        raise FileFormatError(f"its name does not end in {', '.join(_READERS)}")
    if not path.is_file():
        raise FileFormatError("there is no such file")
    try:
        if path.stat().st_size == 0:
            raise FileFormatError("empty")
        return reader(path, largest_bytes)
    except OSError as fault:
        raise FileFormatError(f"cannot be read ({fault.strerror})") from fault
    except MemoryError as fault:
        raise FileFormatError("it does not fit in this machine's memory") from fault


def _volume(found: ArrayFile, modality: Literal["CT", "MR"]) -> Volume:
    grid = found.grid
    if min(grid.shape) < 2:
        raise FileFormatError("it has one slice only, which is no volume")
    voxels = _compact(found.values)
    check_values(voxels, modality)
    remarks = doubts(voxels, modality)
    slice_slant, row_slant = _slants(grid)
    if row_slant > _AT_RIGHT_ANGLES:
        raise FileFormatError("its rows and columns are not at right angles")
    if slice_slant <= _AT_RIGHT_ANGLES:
        return Volume(voxels, grid, modality, remarks)
    voxels, grid = straighten(voxels, grid, AIR_HU if modality == "CT" else float(voxels.min()))
    return Volume(voxels, grid, modality, (*remarks, "slices are tilted against their step and were set straight"))


def _check_finite(values: Voxels) -> None:
    if values.dtype.kind != "f":
        return
    wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
    if wrong:
        raise FileFormatError(
            f"{wrong} of {values.size} voxels are not finite numbers", fix="Replace them where the volume was made"
        )


def _compact(values: Voxels) -> Voxels:
    """Return int16 where all values are whole and fit, int32 for larger whole ones stored so, float32 otherwise."""
    _check_finite(values)
    lowest, highest = float(values.min()), float(values.max())
    fits = lowest >= -(2**15) and highest < 2**15
    if values.dtype.kind != "f":
        if not fits and (lowest < -(2**31) or highest >= 2**31):
            raise FileFormatError(f"its values reach {max(abs(lowest), abs(highest)):.3g}, beyond 32 bits")
        return np.ascontiguousarray(values, np.int16 if fits else np.int32)
    if fits and all(np.array_equal(image, np.rint(image)) for image in values):
        return np.ascontiguousarray(values, np.int16)
    if max(abs(lowest), abs(highest)) > np.finfo(np.float32).max:
        raise FileFormatError(f"its values reach {max(abs(lowest), abs(highest)):.3g}, which no scanner writes")
    return np.ascontiguousarray(values, np.float32)


def _labels(values: Voxels) -> NDArray[np.uint8] | NDArray[np.uint16]:
    _check_finite(values)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0 or highest > _HIGHEST_LABEL:
        raise FileFormatError(f"its values go from {lowest:g} to {highest:g}; labels are from 0 to {_HIGHEST_LABEL}")
    if values.dtype.kind == "f" and not all(np.array_equal(image, np.rint(image)) for image in values):
        raise FileFormatError("its values are not whole numbers, as labels are")
    if highest < 256:
        return np.ascontiguousarray(values, np.uint8)
    return np.ascontiguousarray(values, np.uint16)


def _slants(grid: Grid) -> tuple[float, float]:
    """Return how far from right angles the slice step lies to the plane, and rows to columns (cosines)."""
    step, down, across = grid.steps_mm / grid.spacing_mm[:, None]
    return float(max(abs(step @ down), abs(step @ across))), float(abs(down @ across))
