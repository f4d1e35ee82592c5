"""Labels and images as NIfTI, in the patient's right-anterior-superior coordinates."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from tumorboard.phantom.anatomy.volume import Grid

_IMAGE: Any = nibabel.Nifti1Image  # it is without types

KIDNEY_LABEL, TUMOUR_LABEL = 1, 2
"""Labels as KiTS19 has them (Heller et al. 2019, arXiv:1904.00445)."""


def nifti_affine(grid: Grid) -> np.ndarray:
    """Give the matrix from an array's place (column, row, slice) to right-anterior-superior millimetres.

    Parameters
    ----------
    grid : Grid
        In DICOM's left-posterior-superior coordinates.

    Returns
    -------
    ndarray of float, shape (4, 4)
    """
    x_mm, y_mm, z_mm = grid.origin_mm
    affine = np.diag([-grid.pixel_mm, -grid.pixel_mm, grid.slice_mm, 1.0])
    affine[:3, 3] = -x_mm, -y_mm, z_mm
    return affine


def kidney_and_tumour(kidney: np.ndarray, tumour: np.ndarray) -> np.ndarray:
    """Join masks into labels; the tumour lies over the kidney.

    Parameters
    ----------
    kidney, tumour : ndarray of bool, shape (slices, rows, columns)

    Returns
    -------
    ndarray of uint8, same shape
        Values 0, 1 (kidney), 2 (tumour).
    """
    labels = kidney.astype(np.uint8) * np.uint8(KIDNEY_LABEL)
    labels[tumour] = TUMOUR_LABEL
    return labels


def write_nifti(voxels: np.ndarray, grid: Grid, path: Path) -> None:
    """Write a volume as packed NIfTI; the same voxels give the same bytes.

    Parameters
    ----------
    voxels : ndarray of uint8 or int16, shape (slices, rows, columns)
    grid : Grid
    path : Path
        Ends in ``.nii.gz``; its folder exists.
    """
    image = _IMAGE(voxels.transpose(2, 1, 0), nifti_affine(grid))
    image.header.set_xyzt_units("mm")
    image.set_qform(nifti_affine(grid), code="scanner")
    image.set_sform(nifti_affine(grid), code="scanner")
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))
