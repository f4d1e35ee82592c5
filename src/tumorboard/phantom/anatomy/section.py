"""Flat sections through the body, and smooth functions on coarse lattices that are read off in them.

An organ is where a function of place is positive: roughly the distance in mm to its surface. The functions are stored
on lattices of a few mm that are fixed to the patient; every grid of voxels interpolates the same values, so that the
anatomy does not depend on the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from tumorboard.phantom.anatomy.noise import noise_window
from tumorboard.phantom.anatomy.volume import Grid


class Plane(StrEnum):
    """The three anatomical planes."""

    TRANSVERSAL = "transversal"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


# for each plane: which of x, y, z (0, 1, 2) is normal to it, runs down its rows and along its columns
AXES = {Plane.TRANSVERSAL: (2, 1, 0), Plane.CORONAL: (1, 2, 0), Plane.SAGITTAL: (0, 2, 1)}


@dataclass(frozen=True)
class Section:
    """A rectangle of pixels in one plane.

    Parameters
    ----------
    plane : Plane
    position_mm : float
        Where it lies along its normal.
    rows, columns : int
    row_start_mm, row_step_mm : float
        Centre of the first row, and the step to the next (negative: towards the feet).
    column_start_mm, column_step_mm : float
        The same for columns.
    """

    plane: Plane
    position_mm: float
    rows: int
    columns: int
    row_start_mm: float
    row_step_mm: float
    column_start_mm: float
    column_step_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def row_mm(self) -> np.ndarray:
        """Coordinate of each row in mm."""
        return np.asarray(self.row_start_mm + self.row_step_mm * np.arange(self.rows), np.float32)

    def column_mm(self) -> np.ndarray:
        """Coordinate of each column in mm."""
        return np.asarray(self.column_start_mm + self.column_step_mm * np.arange(self.columns), np.float32)

    def coordinate(self, axis: int) -> np.ndarray:
        """Give x (0), y (1) or z (2) in mm of the pixels, in a shape that broadcasts to the section's."""
        normal, row, _ = AXES[self.plane]
        if axis == normal:
            return np.full((1, 1), self.position_mm, np.float32)
        return self.row_mm()[:, None] if axis == row else self.column_mm()[None, :]


def axial_section(grid: Grid, index: int) -> Section:
    """Give a slice of a grid."""
    x, y, z = grid.origin_mm
    position = z + grid.slice_mm * index
    return Section(Plane.TRANSVERSAL, position, grid.rows, grid.columns, y, grid.pixel_mm, x, grid.pixel_mm)


@dataclass(frozen=True)
class Lattice:
    """Points of a coarse lattice.

    Parameters
    ----------
    origin_mm : tuple of float
        x, y, z of the first point.
    shape : tuple of int
        Points along z, y and x.
    step_mm : float
    """

    origin_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    step_mm: float

    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give x, y, z in mm in shapes that broadcast to the lattice's."""
        axes = [self.origin_mm[axis] + self.step_mm * np.arange(self.shape[2 - axis]) for axis in range(3)]
        x, y, z = (np.asarray(axis, np.float32) for axis in axes)
        return x[None, None, :], y[None, :, None], z[:, None, None]

    def noise(self, rng: np.random.Generator, scale: int = 4) -> np.ndarray:
        """Give smooth noise: standard deviation 1, bumps of some `scale` lattice steps."""
        return noise_window(self.shape, scale, rng)


def lattice_between(low_mm: np.ndarray, high_mm: np.ndarray, step_mm: float) -> Lattice:
    """Give the lattice that covers a box, given by its lowest and highest x, y, z."""
    counts = np.ceil((np.asarray(high_mm) - np.asarray(low_mm)) / step_mm).astype(int) + 1
    x, y, z = (float(value) for value in low_mm)
    return Lattice((x, y, z), (int(counts[2]), int(counts[1]), int(counts[0])), step_mm)


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of a section and a function's values there.

    Parameters
    ----------
    where : tuple of slice
        Rows and columns of the section.
    values : ndarray of float32
    """

    where: tuple[slice, slice]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Field:
    """A function on a lattice.

    Parameters
    ----------
    lattice : Lattice
    values : ndarray of float32, shape (z, y, x)
    everywhere : bool
        Continue the outermost values beyond the lattice; else the function ends there.
    """

    lattice: Lattice
    values: np.ndarray
    everywhere: bool = False

    def _layer(self, axis: int, position_mm: float) -> np.ndarray | None:
        place = (position_mm - self.lattice.origin_mm[axis]) / self.lattice.step_mm
        last = self.values.shape[2 - axis] - 1
        if not self.everywhere and not 0 <= place <= last:
            return None
        place = min(max(place, 0.0), float(last))
        below = min(int(place), last - 1)
        share = place - below
        first, second = (np.take(self.values, below + step, axis=2 - axis) for step in (0, 1))
        return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0.0))

    def _pixels(self, axis: int, start_mm: float, step_mm: float, count: int) -> slice:
        if self.everywhere:
            return slice(0, count)
        ends = self.lattice.origin_mm[axis] + self.lattice.step_mm * np.array([0, self.values.shape[2 - axis] - 1])
        low, high = sorted((ends - start_mm) / step_mm)
        return slice(max(int(np.ceil(low)), 0), min(int(np.floor(high)) + 1, count))

    def section(self, section: Section) -> Patch | None:
        """Give the values in a section, or None where the two do not meet."""
        normal, row, column = AXES[section.plane]
        rows = self._pixels(row, section.row_start_mm, section.row_step_mm, section.rows)
        columns = self._pixels(column, section.column_start_mm, section.column_step_mm, section.columns)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        layer = self._layer(normal, section.position_mm)
        if layer is None:
            return None
        step, origin = self.lattice.step_mm, self.lattice.origin_mm
        first_column = section.column_start_mm + columns.start * section.column_step_mm
        first_row = section.row_start_mm + rows.start * section.row_step_mm
        to_lattice = np.array(
            [
                [section.column_step_mm / step, 0, (first_column - origin[column]) / step],
                [0, section.row_step_mm / step, (first_row - origin[row]) / step],
            ]
        )
        size = (columns.stop - columns.start, rows.stop - rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        values = cv2.warpAffine(layer, to_lattice, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return Patch((rows, columns), values)

    def on(self, lattice: Lattice) -> np.ndarray:
        """Give the values on a finer lattice; this one has to go on everywhere."""
        x, y, z = lattice.origin_mm
        slices, rows, columns = lattice.shape
        step = lattice.step_mm
        values = np.empty(lattice.shape, np.float32)
        for index in range(slices):
            section = Section(Plane.TRANSVERSAL, z + index * step, rows, columns, y, step, x, step)
            patch = self.section(section)
            values[index] = -np.inf if patch is None else patch.values
        return values

    def at(self, points_mm: np.ndarray) -> np.ndarray:
        """Give the values at points (x, y, z in the last axis), linear between the lattice's."""
        place = (points_mm - np.array(self.lattice.origin_mm)) / self.lattice.step_mm
        last = np.array(self.values.shape[::-1]) - 1
        place = np.clip(place, 0, last - 1e-6)
        corner = place.astype(int)
        share = place - corner
        total = np.zeros(points_mm.shape[:-1])
        for number in range(8):
            offset = np.array([number & 1, number >> 1 & 1, number >> 2 & 1])
            weight = np.where(offset, share, 1 - share).prod(-1)
            x, y, z = np.moveaxis(corner + offset, -1, 0)
            total += weight * self.values[z, y, x]
        return total


def ellipsoid(
    points: tuple[np.ndarray, np.ndarray, np.ndarray], centre: tuple[float, ...], radii: tuple[float, ...]
) -> np.ndarray:
    """Give about the distance to an ellipsoid's surface, positive inside.

    The first-order estimate k0 (1 - k0) / k1 of Quilez (iquilezles.org/articles/ellipsoids).
    """
    offsets = [axis - np.float32(middle) for axis, middle in zip(points, centre, strict=True)]
    first = sum((offset / np.float32(radius)) ** 2 for offset, radius in zip(offsets, radii, strict=True))
    second = sum((offset / np.float32(radius**2)) ** 2 for offset, radius in zip(offsets, radii, strict=True))
    relative = np.sqrt(first)
    return np.asarray(relative * (1 - relative) / np.sqrt(second + np.float32(1e-9)), np.float32)


def smooth_union(first: np.ndarray, second: np.ndarray, width_mm: float) -> np.ndarray:
    """Join two functions with a rounded seam."""
    share = np.clip(0.5 + 0.5 * (first - second) / width_mm, 0, 1)
    return np.asarray(second + (first - second) * share + width_mm * share * (1 - share), np.float32)


def smooth_cut(first: np.ndarray, second: np.ndarray, width_mm: float) -> np.ndarray:
    """Intersect two functions with a rounded seam."""
    return -smooth_union(-first, -second, width_mm)
