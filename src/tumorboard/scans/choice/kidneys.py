"""Finding the spine, the aorta and enhanced kidneys in an abdominal CT by where they lie and how bright they are.

No network: the kidneys are the brightest large bodies beside the spine once an agent was injected, the aorta is the
tube in front of it. What is not where it should be is not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorboard.scans.volume import Volume

Mask = NDArray[np.bool_]

COARSE_MM = 3.0

LEAST_COVERAGE_MM = 80.0
"""A scan that covers less may not show the kidneys at all."""

_BODY_HU, _BONE_HU = -200.0, 260.0
_MARROW_HU, _LEAST_BODY_MM, _CANAL_MM, _FRONT_OF_CANAL_MM = 130.0, 15.0, (5.0, 30.0), 41.0
"""A lumbar vertebra's body is 28 to 36 mm deep, the canal behind it 15 to 20 mm."""

_LADDER_HU = (100.0, 115.0, 130.0, 145.0, 160.0, 180.0)
"""Thresholds tried from the darkest: the first at which a body of a kidney's size stands apart from others."""

_LEAST_ML, _MOST_ML, _MOST_AT_EDGE = 20.0, 600.0, 0.03
_LEAST_WIDTH_MM, _LEAST_HEIGHT_MM, _MOST_HEIGHT_MM = 25.0, 50.0, 190.0
"""Kidneys are 10 to 13 cm high and 5 to 6 cm wide, 120 to 200 ml; with a tumour more, cut off or shrunken less."""

_SIDE_MM, _FRONT_MM, _BACK_MM = (22.0, 105.0), 45.0, 55.0
"""Where a kidney lies: so far beside the spine's middle, so far before and behind the front of a vertebra."""

_AORTA_SIDE_MM, _AORTA_FRONT_MM, _AORTA_CORE_MM = (-15.0, 35.0), 45.0, 9.0
"""Where the aorta lies (positive: to the patient's left), and the width of its core."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """A CT at about 3 mm, with the landmarks.

    Parameters
    ----------
    hounsfield : ndarray of float32, shape (slices, rows, columns)
        In patient axes, smoothed.
    spacing_mm : ndarray, shape (3,)
    spine_column : float
        Column of the spine's middle.
    front_row : float
        Row of the vertebrae's front.
    bone : ndarray of bool
    body : ndarray of bool
    """

    hounsfield: NDArray[np.float32]
    spacing_mm: NDArray[np.float64]
    spine_column: float
    front_row: float
    bone: Mask
    body: Mask

    def beside_spine_mm(self) -> NDArray[np.float64]:
        """Distance of each column from the spine's middle; positive to the patient's left."""
        return np.asarray((np.arange(self.hounsfield.shape[2]) - self.spine_column) * self.spacing_mm[2])

    def behind_front_mm(self) -> NDArray[np.float64]:
        """Distance of each row from the vertebrae's front; positive to the back."""
        return np.asarray((np.arange(self.hounsfield.shape[1]) - self.front_row) * self.spacing_mm[1])


def coarse_grid(volume: Volume) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Average a volume in patient axes to about 3 mm.

    Returns
    -------
    hounsfield : ndarray of float32
    spacing_mm : ndarray, shape (3,)
    """
    slices, rows, columns = volume.voxels.shape
    spacing = volume.grid.spacing_mm
    size = [max(round(count * step / COARSE_MM), 1) for count, step in zip((rows, columns), spacing[1:], strict=True)]
    thick = max(round(COARSE_MM / spacing[0]), 1)
    small = np.stack(
        [cv2.resize(one.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_AREA) for one in volume.voxels]
    )
    whole = slices // thick * thick
    small = small[:whole].reshape(-1, thick, *size).mean(axis=1)
    return small, np.array([spacing[0] * thick, spacing[1] * rows / size[0], spacing[2] * columns / size[1]])


def find_landmarks(volume: Volume) -> Coarse | None:
    """Find the body and its spine.

    Parameters
    ----------
    volume : Volume
        A CT in patient axes.

    Returns
    -------
    Coarse or None
        None where no body with a spine is in the picture, or less than 8 cm of it.
    """
    if volume.voxels.shape[0] * volume.grid.spacing_mm[0] < LEAST_COVERAGE_MM:
        return None
    hounsfield, spacing = coarse_grid(volume)
    hounsfield = ndimage.gaussian_filter(hounsfield, [0.4, 0.6, 0.6])
    body = _largest(hounsfield > _BODY_HU)
    if body is None:
        return None
    rows, columns = np.flatnonzero(body.any((0, 2))), np.flatnonzero(body.any((0, 1)))
    height, width = np.ptp(rows), np.ptp(columns)
    bright = (hounsfield > _BONE_HU) & body
    middle = bright.copy()
    middle[:, : rows[0] + int(0.45 * height)] = False
    middle[:, :, : columns[0] + width // 3] = False
    middle[:, :, columns[0] + 2 * width // 3 :] = False
    per_column = middle.sum((0, 1)).astype(float)
    if per_column.sum() * np.prod(spacing) < 10_000:  # 10 ml of bone
        return None
    spine_column = float(np.average(np.arange(per_column.size), weights=per_column))
    near = np.abs((np.arange(bright.shape[2]) - spine_column) * spacing[2]) < 6
    behind = hounsfield[:, rows[0] + int(0.45 * height) :, near].mean(2)
    canals = [row for one in behind if (row := _canal_row(one, spacing[1])) is not None]
    if not canals:
        return None
    front_row = rows[0] + int(0.45 * height) + float(np.median(canals)) - _FRONT_OF_CANAL_MM / spacing[1]
    return Coarse(hounsfield, spacing, spine_column, front_row, _skeleton(bright, spacing), body)


def _canal_row(profile: NDArray[np.float32], row_mm: float) -> float | None:
    """Find the spinal canal between body and arch of a vertebra, on a line from front to back.

    Returns
    -------
    float or None
        Row of the canal's middle; None between two vertebrae.
    """
    bony = profile > _MARROW_HU
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bony, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    for end, start, first in zip(ends[:-1], starts[1:], starts[:-1], strict=True):
        body_mm, gap_mm = (end - first) * row_mm, (start - end) * row_mm
        if body_mm >= _LEAST_BODY_MM and _CANAL_MM[0] <= gap_mm <= _CANAL_MM[1]:
            return float(end + start - 1) / 2
    return None


def _largest(mask: Mask) -> Mask | None:
    labels, count = ndimage.label(mask)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _skeleton(bright: Mask, spacing: NDArray[np.float64]) -> Mask:
    """Keep large bright bodies, with the marrow that they enclose; excreted contrast in a kidney is smaller."""
    labels, _ = ndimage.label(bright)
    sizes = np.bincount(labels.ravel()) * np.prod(spacing) / 1000
    sizes[0] = 0
    bone = np.isin(labels, np.flatnonzero(sizes > 40))
    closed = ndimage.binary_closing(bone, iterations=2)
    return np.stack([ndimage.binary_fill_holes(one) for one in closed | bone])


def aorta_hounsfield(coarse: Coarse) -> float | None:
    """Measure the brightest tube in front of the spine: the median over the slices of its core.

    Returns
    -------
    float or None
        Hounsfield units; None where there is too little in front of the spine.
    """
    beside, behind = coarse.beside_spine_mm(), coarse.behind_front_mm()
    columns = np.flatnonzero((beside > _AORTA_SIDE_MM[0]) & (beside < _AORTA_SIDE_MM[1]))
    rows = np.flatnonzero((behind > -_AORTA_FRONT_MM) & (behind < 0))
    if rows.size < 4 or columns.size < 4:
        return None
    window = coarse.hounsfield[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    core = max(int(_AORTA_CORE_MM / coarse.spacing_mm[1]), 2)
    darkest = ndimage.minimum_filter(window, (1, core, core), mode="constant", cval=-1000.0)
    brightest = darkest.reshape(len(darkest), -1).max(axis=1)
    middle = brightest[len(brightest) // 5 : len(brightest) - len(brightest) // 5]
    return float(np.median(middle)) if middle.size else None


def find_kidneys(coarse: Coarse) -> tuple[Mask, ...]:
    """Find enhanced kidneys.

    Returns
    -------
    tuple of ndarray of bool
        One filled mask a side on the coarse grid; empty where no body stands out, as in a CT without contrast.
    """
    found = []
    for side in (-1, 1):
        window = _kidney_window(coarse, side)
        edge = _window_edge(coarse, side)
        kidney = next((one for level in _LADDER_HU if (one := _body_at(coarse, window, edge, level)) is not None), None)
        if kidney is not None:
            found.append(kidney)
    return tuple(found)


def soft_tissue_ml(coarse: Coarse) -> float:
    """Return how much soft tissue lies where the kidneys should be, on the poorer side, in millilitres."""
    soft = (coarse.hounsfield > 10) & (coarse.hounsfield < 80)
    voxel_ml = float(np.prod(coarse.spacing_mm)) / 1000
    return min(float((soft & _kidney_window(coarse, side)).sum()) * voxel_ml for side in (-1, 1))


def _kidney_window(coarse: Coarse, side: int) -> Mask:
    beside, behind = coarse.beside_spine_mm() * side, coarse.behind_front_mm()
    window = np.zeros(coarse.hounsfield.shape, bool)
    rows = (behind > -_FRONT_MM) & (behind < _BACK_MM)
    columns = (beside > _SIDE_MM[0]) & (beside < _SIDE_MM[1])
    window[:, rows[:, None] & columns[None, :]] = True
    return np.asarray(window & coarse.body & ~ndimage.binary_dilation(coarse.bone, iterations=1))


def _window_edge(coarse: Coarse, side: int) -> Mask:
    """Mark the outer and front edge of a kidney's window, over which liver, spleen and bowel reach in."""
    beside, behind = coarse.beside_spine_mm() * side, coarse.behind_front_mm()
    outer = np.abs(beside - _SIDE_MM[1]) <= coarse.spacing_mm[2] * 1.5
    front = np.abs(behind + _FRONT_MM) <= coarse.spacing_mm[1] * 1.5
    return np.asarray(outer[None, :] | front[:, None])


def _body_at(coarse: Coarse, window: Mask, edge: Mask, level: float) -> Mask | None:
    """Return the largest body above a level, filled, if it has a kidney's size."""
    core = ndimage.binary_opening(window & (coarse.hounsfield > level), ndimage.generate_binary_structure(3, 1))
    body = _largest(core)
    if body is None or body[:, edge].sum() > _MOST_AT_EDGE * body.sum():
        return None
    voxel_ml = float(np.prod(coarse.spacing_mm)) / 1000
    filled = np.stack([_hull(one) for one in body])
    heights = np.flatnonzero(filled.any((1, 2)))
    height_mm = (heights[-1] - heights[0] + 1) * coarse.spacing_mm[0]
    widest = filled[int(filled.sum((1, 2)).argmax())]
    widths = [
        np.ptp(np.flatnonzero(widest.any(axis))) * step
        for axis, step in ((1, coarse.spacing_mm[1]), (0, coarse.spacing_mm[2]))
    ]
    size_fits = _LEAST_ML <= filled.sum() * voxel_ml <= _MOST_ML and min(widths) >= _LEAST_WIDTH_MM
    return filled if size_fits and _LEAST_HEIGHT_MM <= height_mm <= _MOST_HEIGHT_MM else None


def _hull(mask: Mask) -> Mask:
    """Fill the convex hull of a mask in one slice: pyramids and sinus lie between parts of the cortex."""
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    drawn = np.zeros(mask.shape, np.uint8)
    if len(points):
        cv2.fillConvexPoly(drawn, cv2.convexHull(points), 1)
    return drawn.astype(bool)
