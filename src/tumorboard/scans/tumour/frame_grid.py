"""The grid on which the frames of a DICOM segmentation lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.volume import Grid

_WHOLE = 0.1
"""How far, in slices, a frame may lie from a slice."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Where the frames lie.

    Parameters
    ----------
    picture : tuple of int
        Rows, columns.
    positions_mm : ndarray of float64, shape (frames, 3)
        ImagePositionPatient.
    orientations : ndarray of float64, shape (frames, 6)
        ImageOrientationPatient.
    pixel_mm : tuple of float
        Distance of rows, of columns.
    apart_mm : float or None
        SpacingBetweenSlices or SliceThickness, which is not always true.
    segments : list of int
    """

    picture: tuple[int, int]
    positions_mm: NDArray[np.float64]
    orientations: NDArray[np.float64]
    pixel_mm: tuple[float, float]
    apart_mm: float | None
    segments: list[int]


def frame_grid(
    frames: Frames, scan: Grid, on_scan: bool, where: str
) -> tuple[Grid, NDArray[np.int64], tuple[str, ...]]:
    """Find the grid of frames, which may leave out empty slices.

    Parameters
    ----------
    frames : Frames
    scan : Grid
        The scan's.
    on_scan : bool
        Whether the file says that it was drawn on this scan; its slices' distance is then the scan's.
    where : str
        The file, for errors.

    Returns
    -------
    grid : Grid
    places : ndarray of int64, shape (frames,)
        The slice of each frame.
    remarks : tuple of str

    Raises
    ------
    FileFormatError
        Where the frames are not parallel or not in a row.
    """
    numbers = (frames.positions_mm, frames.orientations, np.array(frames.pixel_mm))
    if not all(np.isfinite(values).all() for values in numbers) or min(frames.pixel_mm) <= 0:
        raise FileFormatError("its frames' positions are not numbers", where=where, fix="Export it again")
    if np.abs(frames.orientations - frames.orientations[0]).max() > 1e-3:
        raise FileFormatError("its frames are not parallel", where=where, fix="Export it on the scan's slices")
    columns, rows = frames.orientations[0, :3], frames.orientations[0, 3:]
    normal = np.cross(columns, rows)
    if abs(np.linalg.norm(normal) - 1) > 0.01:
        raise FileFormatError("its frames' orientation is not at right angles", where=where, fix="Export it again")
    depth = (frames.positions_mm - frames.positions_mm[0]) @ normal
    first, last = int(np.argmin(depth)), int(np.argmax(depth))
    away = depth - depth[first]
    step_mm, regular = _step(away, frames.apart_mm, _scan_step(scan, normal), on_scan)
    places = np.round(away / step_mm).astype(np.int64)
    step = normal * step_mm
    if places[last]:
        step = (frames.positions_mm[last] - frames.positions_mm[first]) / places[last]
    expected = frames.positions_mm[first] + places[:, None] * step
    _refuse_shifted(frames, expected, normal, where)
    grid = Grid(
        (int(places[last]) + 1, *frames.picture),
        frames.positions_mm[first],
        np.array([step, rows * frames.pixel_mm[0], columns * frames.pixel_mm[1]]),
    )
    remark = "its frames are not equally spaced; each goes to the nearest slice"
    return grid, places, () if regular else (remark,)


def _scan_step(scan: Grid, normal: NDArray[np.float64]) -> float | None:
    """Give the distance of the scan's slices where they are parallel to the frames."""
    along = np.abs(scan.steps_mm @ normal)
    axis = int(np.argmax(along / scan.spacing_mm))
    return float(along[axis]) if along[axis] / scan.spacing_mm[axis] > 0.95 else None


def _step(
    away: NDArray[np.float64], apart_mm: float | None, scan_mm: float | None, on_scan: bool
) -> tuple[float, bool]:
    """Find the distance of slices: the scan's, the smallest between frames, or what the file says of two frames."""
    depths = np.unique(np.round(away, 4))
    gaps = np.diff(depths)
    gaps = gaps[gaps > 0.01]
    if on_scan and scan_mm and _fits(away, scan_mm):
        return scan_mm, True
    if not gaps.size:
        return apart_mm or scan_mm or 1.0, True
    smallest = float(gaps.min())
    if len(gaps) < 3 and apart_mm and apart_mm < 0.95 * smallest and _fits(away, apart_mm):
        return apart_mm, True
    count = np.round(away.max() / smallest)
    if _fits(away, away.max() / count):
        return float(away.max() / count), True
    if scan_mm and scan_mm > 0.5 * smallest:
        return scan_mm, False
    return smallest, False


def _fits(away: NDArray[np.float64], step_mm: float) -> bool:
    slices = away / step_mm
    return bool((np.abs(slices - np.round(slices)) <= _WHOLE).all())


def _refuse_shifted(frames: Frames, expected: NDArray[np.float64], normal: NDArray[np.float64], where: str) -> None:
    apart = frames.positions_mm - expected
    sideways = apart - np.outer(apart @ normal, normal)
    if np.linalg.norm(sideways, axis=1).max() > 0.5 * min(frames.pixel_mm):
        raise FileFormatError(
            "its frames are shifted against each other", where=where, fix="Export it with whole frames of one size"
        )
