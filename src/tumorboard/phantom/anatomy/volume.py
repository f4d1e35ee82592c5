"""A volume of voxels and where it lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Contrast(StrEnum):
    """Phase of a CT, or weighting of an MR."""

    NON_CONTRAST = "non-contrast"
    ARTERIAL = "arterial"
    NEPHROGRAPHIC = "nephrographic"
    DELAYED = "delayed"
    T1 = "t1"
    T1_POST = "t1 post contrast"
    T2 = "t2"


@dataclass(frozen=True)
class Grid:
    """An axial grid of voxels in the patient's coordinates (DICOM: x to the left, y to the back, z to the head).

    Parameters
    ----------
    slices, rows, columns : int
        Slices run from the feet to the head, rows from front to back, columns from right to left.
    slice_mm, pixel_mm : float
        Distance of slices, and of rows and columns.
    origin_mm : tuple of float
        x, y, z of the centre of the first voxel.
    """

    slices: int
    rows: int
    columns: int
    slice_mm: float
    pixel_mm: float
    origin_mm: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return self.slices, self.rows, self.columns

    def x_mm(self) -> np.ndarray:
        """Columns' x in mm."""
        return self.origin_mm[0] + self.pixel_mm * np.arange(self.columns)

    def y_mm(self) -> np.ndarray:
        """Rows' y in mm."""
        return self.origin_mm[1] + self.pixel_mm * np.arange(self.rows)

    def z_mm(self) -> np.ndarray:
        """Slices' z in mm."""
        return self.origin_mm[2] + self.slice_mm * np.arange(self.slices)


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels on a grid.

    Parameters
    ----------
    grid : Grid
    voxels : ndarray of int16, shape (slices, rows, columns)
        Hounsfield units for CT; arbitrary units for MR.
    contrast : Contrast
    """

    grid: Grid
    voxels: np.ndarray
    contrast: Contrast
