"""Where the pixels of a plane's picture lie in the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, Plane, Vector

Points = NDArray[np.float64]

PICTURE_AXES: dict[Plane, tuple[tuple[int, int], tuple[int, int]]] = {
    "transversal": ((1, 1), (2, 1)),
    "coronal": ((0, -1), (2, 1)),
    "sagittal": ((0, -1), (1, 1)),
}
"""The array axis, in patient axes, and its sense along which a picture's rows and columns follow each other.

So the patient's right is at the left of a transversal and a coronal picture, the front at the top of a transversal and
at the left of a sagittal one, the head at the top of both others, as radiologists hang them.
"""

_VECTORS = ("origin", "row_step", "column_step")
GEOMETRY_COLUMNS: dict[str, str] = {
    "plane": "text",
    "slice": "int32",
    "offset_mm": "float64",
    **{f"{vector}_{axis}_mm": "float64" for vector in _VECTORS for axis in "xyz"},
    "in_patient": "bool",
}
"""Columns of the store that keep a geometry, and their types."""

UNKNOWN_SLICE = -1
"""Slice of a picture that does not come from a volume."""


@dataclass(frozen=True, eq=False)
class PlaneGeometry:
    """Where a picture lies: pixel (row, column) has its centre at origin + row · row step + column · column step.

    Parameters
    ----------
    plane : {"transversal", "coronal", "sagittal"}
    slice : int
        Slice of the volume, in patient axes, with the largest diameter in this plane; -1 where there is no volume.
    offset_mm : float
        How far the picture lies from it: positive towards the head, the back or the patient's left.
    origin_mm : ndarray of float64, shape (3,)
        Centre of the first pixel: x, y, z of the patient (to the left, the back, the head).
    row_step_mm, column_step_mm : ndarray of float64, shape (3,)
        From a pixel to the one below it, and to the one right of it. At right angles and of one length.
    in_patient : bool
        Whether these are the patient's coordinates. Those of a picture that was made elsewhere count from the centre of
        its file's first pixel.
    """

    plane: Plane
    slice: int
    offset_mm: float
    origin_mm: Vector
    row_step_mm: Vector
    column_step_mm: Vector
    in_patient: bool = True

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel."""
        return float(np.linalg.norm(self.column_step_mm))

    def to_patient(self, rows: NDArray[Any] | float, columns: NDArray[Any] | float) -> Points:
        """Return the points (n, 3) in mm of pixels, with fractions; the centre of a pixel is whole."""
        along = np.stack(np.broadcast_arrays(np.atleast_1d(rows), np.atleast_1d(columns)), axis=-1).astype(np.float64)
        return np.asarray(self.origin_mm + along @ np.stack([self.row_step_mm, self.column_step_mm]))

    def to_voxels(self, rows: NDArray[Any] | float, columns: NDArray[Any] | float, grid: Grid) -> Points:
        """Return the indices (n, 3), with fractions, of pixels in a grid: the scan's, in any order of its axes.

        Raises
        ------
        ValueError
            The picture's place in the patient is not known.
        """
        if not self.in_patient:
            raise ValueError("a picture that was made elsewhere has no place in a scan")
        return grid.to_indices(self.to_patient(rows, columns))

    def to_pixels(self, points_mm: Points) -> Points:
        """Return row, column and distance in mm from the plane, shape (n, 3), of points (n, 3) in the patient.

        The distance is positive towards the head, the back or the patient's left.
        """
        normal = self.normal
        apart = np.atleast_2d(np.asarray(points_mm, np.float64)) - self.origin_mm
        axes = np.stack([self.row_step_mm / self.pixel_mm**2, self.column_step_mm / self.pixel_mm**2, normal])
        return np.asarray(apart @ axes.T)

    @property
    def normal(self) -> Vector:
        """Direction, of length 1, at right angles to the picture; towards the head, the back or the patient's left."""
        across = np.cross(self.column_step_mm, self.row_step_mm) / self.pixel_mm**2
        return np.asarray(across * np.sign(across[2 - NORMAL_AXIS[self.plane]]))

    def to_columns(self) -> dict[str, str | int | float | bool]:
        """Return the values of `GEOMETRY_COLUMNS`."""
        vectors = (self.origin_mm, self.row_step_mm, self.column_step_mm)
        return {
            "plane": self.plane,
            "slice": int(self.slice),
            "offset_mm": float(self.offset_mm),
            **{
                f"{name}_{axis}_mm": float(value)
                for name, vector in zip(_VECTORS, vectors, strict=True)
                for axis, value in zip("xyz", vector, strict=True)
            },
            "in_patient": bool(self.in_patient),
        }

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Self:
        """Make a geometry of the values of `GEOMETRY_COLUMNS`; others may be among them.

        Raises
        ------
        ValueError
            The plane is none.
        """
        plane: Plane | None = next((known for known in PLANES if known == columns["plane"]), None)
        if plane is None:
            raise ValueError(f"{columns['plane']!r} is no plane; possible: {', '.join(PLANES)}")
        origin, row_step, column_step = (
            np.array([float(columns[f"{name}_{axis}_mm"]) for axis in "xyz"]) for name in _VECTORS
        )
        offset, placed = float(columns["offset_mm"]), bool(columns["in_patient"])
        return cls(plane, int(columns["slice"]), offset, origin, row_step, column_step, placed)


def plane_directions(grid: Grid, plane: Plane) -> tuple[Vector, Vector]:
    """Find the directions, of length 1 and at right angles, in which a picture's rows and columns follow each other.

    Rows follow the volume's axis exactly. Columns do where that is at right angles to it; in the sagittal plane of a
    tilted gantry it is not, and they take the direction that is.

    Parameters
    ----------
    grid : Grid
        In patient axes.
    plane : {"transversal", "coronal", "sagittal"}

    Returns
    -------
    rows, columns : ndarray of float64, shape (3,)
    """
    (row_axis, row_sense), (column_axis, column_sense) = PICTURE_AXES[plane]
    rows = row_sense * grid.steps_mm[row_axis] / grid.spacing_mm[row_axis]
    columns = column_sense * grid.steps_mm[column_axis]
    columns = columns - (columns @ rows) * rows
    return np.asarray(rows), np.asarray(columns / np.linalg.norm(columns))
