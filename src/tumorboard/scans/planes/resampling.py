"""A picture's pixels from a slice's voxels.

Values between voxels are found by linear interpolation, within a slice and between slices: cubic splines overshoot at
the edges of organs and between slices 5 mm apart, which makes structures that are not there. Where pixels are larger
than voxels, the slice is smoothed before, so that no fine pattern turns into a coarse one.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.planes.geometry import PlaneGeometry
from tumorboard.scans.volume import NORMAL_AXIS, Grid, Voxels

Layer = NDArray[np.float32]

_ROUNDING = 1e-6
_TRUNCATED = 4.0  # standard deviations after which smoothing stops


class PlaneSampler:
    """Resamples volumes on one grid to one picture.

    Parameters
    ----------
    grid : Grid
        In patient axes.
    geometry : PlaneGeometry
    size_px : int
        Side of the picture.
    """

    def __init__(self, grid: Grid, geometry: PlaneGeometry, size_px: int) -> None:
        axis = NORMAL_AXIS[geometry.plane]
        self._axis, self._size = axis, size_px
        self._shape = tuple(length for other, length in enumerate(grid.shape) if other != axis)
        origin, below, right = geometry.to_voxels(np.array([0, 1, 0]), np.array([0, 0, 1]), grid)
        self.depth = float(origin[axis])
        """Index, with fractions, of the slice that the picture shows."""
        self._first = np.delete(origin, axis)
        self._matrix = np.stack([np.delete(below - origin, axis), np.delete(right - origin, axis)], axis=1)
        self._sigmas = [(max(float(step), 1.0) - 1) / 2 for step in np.abs(self._matrix).sum(axis=1)]

    def inside(self) -> NDArray[np.bool_]:
        """Tell which pixels have their centre within a voxel of the slice."""
        pixels = np.arange(self._size)
        inside = np.ones((self._size, self._size), bool)
        for (by_row, by_column), first, length in zip(self._matrix, self._first, self._shape, strict=True):
            index = first + by_row * pixels[:, None] + by_column * pixels
            inside &= (index >= -0.5 - _ROUNDING) & (index <= length - 0.5 + _ROUNDING)
        return inside

    def values(self, voxels: Voxels) -> Layer:
        """Resample a scan; beyond it the values of its border go on.

        Parameters
        ----------
        voxels : ndarray, shape ``grid.shape``
        """
        needed, first = self._needed()
        moved = np.moveaxis(voxels, self._axis, 0)
        last = moved.shape[0] - 1
        layer = sum(
            np.float32(weight) * moved[min(max(index, 0), last)][needed].astype(np.float32)
            for index, weight in _weights(self.depth)
        )
        return self._resampled(np.asarray(layer, np.float32), first, "nearest")

    def share(self, mask: NDArray[np.bool_], start: tuple[int, int, int]) -> Layer:
        """Resample a mask, of which a part of the volume is given, to shares of 0 to 1; beyond that part it is 0.

        Parameters
        ----------
        mask : ndarray of bool
        start : tuple of int
            Index in the volume at which it begins.
        """
        moved = np.moveaxis(mask, self._axis, 0)
        margin = 1 + self._reach
        layer = np.zeros([length + 2 * margin for length in moved.shape[1:]], np.float32)
        for index, weight in _weights(self.depth - start[self._axis]):
            if 0 <= index < moved.shape[0]:
                layer[margin:-margin, margin:-margin] += np.float32(weight) * moved[index]
        corner = np.delete(np.array(start, float), self._axis)
        return self._resampled(layer, self._first - corner + margin, "constant")

    def _needed(self) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
        """Find the part of the slice that the picture needs, and the first pixel's index in it."""
        last = self._size - 1
        corners = self._first + np.array([[0, 0], [0, last], [last, 0], [last, last]]) @ self._matrix.T
        reach = 2 + self._reach
        low = np.clip(np.floor(corners.min(axis=0)).astype(int) - reach, 0, np.array(self._shape) - 1)
        high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + reach + 1, low + 1, self._shape)
        return (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))), self._first - low

    @property
    def _reach(self) -> int:
        """Voxels over which smoothing reaches."""
        return math.ceil(_TRUNCATED * max(self._sigmas))

    def _resampled(self, layer: Layer, first: NDArray[np.float64], beyond: Literal["nearest", "constant"]) -> Layer:
        from scipy.ndimage import affine_transform, gaussian_filter

        if max(self._sigmas) > 0:
            layer = gaussian_filter(layer, self._sigmas, mode=beyond, truncate=_TRUNCATED)
        size = (self._size, self._size)
        return np.asarray(affine_transform(layer, self._matrix, first, size, order=1, mode=beyond), np.float32)


def _weights(depth: float) -> list[tuple[int, float]]:
    """Return the slices on either side of a depth and their weights; one slice where it lies at the depth."""
    nearest = round(depth)
    if abs(depth - nearest) < _ROUNDING:
        return [(nearest, 1.0)]
    lower = math.floor(depth)
    return [(lower, lower + 1 - depth), (lower + 1, depth - lower)]
