"""A scan as a grid of voxels in the patient, and masks on such a grid.

Coordinates are the patient's, as DICOM has them, in millimetres: x grows to the patient's left, y to the back, z to the
head (LPS). Arrays have the axes slice, row, column; in a volume *in patient axes* they run along z, y and x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Plane = Literal["transversal", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("transversal", "coronal", "sagittal")
NORMAL_AXIS: dict[Plane, int] = {"transversal": 0, "coronal": 1, "sagittal": 2}
"""Array axis, in patient axes, along which the slices of a plane follow each other."""

Vector = NDArray[np.float64]
Voxels = NDArray[Any]
"""Shape (slices, rows, columns)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of a volume lie in the patient.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.
    origin_mm : ndarray of float64, shape (3,)
        Centre of voxel [0, 0, 0]: x, y, z.
    steps_mm : ndarray of float64, shape (3, 3)
        Row *a* leads from a voxel to the next one along array axis *a*: x, y, z. A tilted gantry gives steps that are
        not at right angles.
    """

    shape: tuple[int, int, int]
    origin_mm: Vector
    steps_mm: NDArray[np.float64]

    @property
    def spacing_mm(self) -> Vector:
        """Distance of neighbouring voxels along slices, rows and columns of the array."""
        return np.asarray(np.linalg.norm(self.steps_mm, axis=1))

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(abs(np.linalg.det(self.steps_mm)) / 1000)

    def to_patient(self, indices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points (n, 3) in mm of indices (n, 3) slice, row, column; the centre of a voxel is whole."""
        return np.asarray(self.origin_mm + np.asarray(indices, np.float64) @ self.steps_mm)

    def to_indices(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the indices (n, 3) slice, row, column, with fractions, of points (n, 3) in mm."""
        apart = np.asarray(points_mm, np.float64) - self.origin_mm
        return np.asarray(apart @ np.linalg.inv(self.steps_mm))

    def same_place(self, other: Grid, tolerance: float = 0.01) -> bool:
        """Tell whether each corner lies within a share of a voxel of the other grid's, the shapes being equal."""
        if self.shape != other.shape:
            return False
        last = np.array(self.shape, float) - 1
        corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]) * last
        apart = np.abs(self.to_patient(corners) - other.to_patient(corners)).max()
        return bool(apart <= tolerance * self.spacing_mm.min())


@dataclass(frozen=True, eq=False)
class Volume:
    """A scan's voxels.

    Parameters
    ----------
    voxels : ndarray of int16, int32, uint16 or float32, shape (slices, rows, columns)
        Hounsfield units for CT, the scanner's own units after rescaling for MR. Finite.
    grid : Grid
    modality : {"CT", "MR"}
    remarks : tuple of str
        What a user should know of how the volume was put together, such as a missing slice. Often empty.
    """

    voxels: Voxels
    grid: Grid
    modality: Literal["CT", "MR"]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A mask with its labels, on a grid of its own or of the scan.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16, shape (slices, rows, columns)
        0 for nothing.
    grid : Grid
    names : mapping of int to str
        What the file calls each label; empty where it says nothing.
    overlapping : tuple of str
        Remarks on segments that overlap, of which the later one is lost. Often empty.
    references : str or None
        SeriesInstanceUID of the scan that it was drawn on, where the file says so.
    """

    labels: NDArray[np.uint8] | NDArray[np.uint16]
    grid: Grid
    names: Mapping[int, str] = field(default_factory=dict)
    overlapping: tuple[str, ...] = ()
    references: str | None = None


def patient_axes(grid: Grid) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Find how to turn an array so that its axes run along z, y and x, as nearly as its directions allow.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    order : tuple of int
        The array axis that becomes slice, row, column.
    flipped : tuple of bool
        Whether it has to be reversed, by new axis.
    """
    directions = grid.steps_mm / grid.spacing_mm[:, None]
    best, order = -1.0, (0, 1, 2)
    for candidate in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        along = sum(abs(directions[axis, 2 - new]) for new, axis in enumerate(candidate))
        if along > best + 1e-9:
            best, order = float(along), candidate
    flipped = tuple(bool(directions[axis, 2 - new] < 0) for new, axis in enumerate(order))
    return order, (flipped[0], flipped[1], flipped[2])


def turn(voxels: Voxels, grid: Grid) -> tuple[Voxels, Grid]:
    """Turn an array into patient axes: no voxel is changed, only the order in which they are counted.

    Parameters
    ----------
    voxels : ndarray, shape ``grid.shape``
    grid : Grid

    Returns
    -------
    voxels : ndarray
        A view.
    grid : Grid
    """
    order, flipped = patient_axes(grid)
    last = np.array([grid.shape[axis] - 1 if flip else 0 for axis, flip in zip(order, flipped, strict=True)], float)
    steps = grid.steps_mm[list(order)]
    signs = np.where(flipped, -1.0, 1.0)
    turned = np.transpose(voxels, order)[tuple(slice(None, None, -1 if flip else 1) for flip in flipped)]
    shape = (turned.shape[0], turned.shape[1], turned.shape[2])
    return turned, Grid(shape, grid.origin_mm + last @ steps, steps * signs[:, None])
