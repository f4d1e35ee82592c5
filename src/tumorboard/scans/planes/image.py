"""A plane's picture, and the marked tumour that it is laid through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.planes.geometry import GEOMETRY_COLUMNS, PlaneGeometry
from tumorboard.scans.planes.window import WINDOW_COLUMNS, Grey, Window

PLANE_COLUMNS: dict[str, str] = GEOMETRY_COLUMNS | WINDOW_COLUMNS | {"outside_share": "float64"}
"""Columns of the store that keep what is known of a plane's picture, and their types."""


@dataclass(frozen=True, eq=False)
class Marked:
    """A tumour's mask, whole or cut out of the volume.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        In patient axes.
    start : tuple of int
        Slice, row and column of the volume, in patient axes, at which it begins.
    """

    mask: NDArray[np.bool_]
    start: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, eq=False)
class PlaneImage:
    """A picture of a plane, as the network reads it.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (size, size)
        Windowed; black also where the picture reaches beyond the scan.
    mask : ndarray of uint8, shape (size, size)
        255 where the tumour is, else 0.
    geometry : PlaneGeometry
    window : Window
    outside_share : float
        Share of the pixels that lie beyond the scan.
    remarks : tuple of str
        What a user should know of the picture. Often empty; neighbours have none.
    """

    pixels: Grey
    mask: NDArray[np.uint8]
    geometry: PlaneGeometry
    window: Window
    outside_share: float = 0.0
    remarks: tuple[str, ...] = ()

    def to_columns(self) -> dict[str, str | int | float | bool]:
        """Return the values of `PLANE_COLUMNS`."""
        return {**self.geometry.to_columns(), **self.window.to_columns(), "outside_share": float(self.outside_share)}
