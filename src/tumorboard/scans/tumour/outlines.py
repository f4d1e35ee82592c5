"""From closed outlines to voxels: a voxel belongs to an outline where its centre lies within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.mask import Labels, unlabelled
from tumorboard.scans.volume import Grid

Points = NDArray[np.float64]
_FLAT_SLICES = 0.5
_ONE_PLANE_MM = 0.1
_ON_SLICE = 0.1
_REGULAR_PLANES, _REGULAR_SHARE = 4, 0.8


@dataclass(frozen=True, eq=False)
class Outline:
    """One closed outline.

    Parameters
    ----------
    label : int
    points_mm : ndarray of float64, shape (points, 3)
        x, y, z in the patient; the first point is not repeated, and they lie in one plane.
    """

    label: int
    points_mm: Points


@dataclass(frozen=True, eq=False)
class Filled:
    """What outlines enclose.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16
        Of the scan's shape.
    remarks : tuple of str
    covered : tuple of str
        Remarks on labels that overlap.
    on_slices : bool
        Whether every outline lies on a slice of the scan.
    """

    labels: Labels
    remarks: tuple[str, ...]
    covered: tuple[str, ...]
    on_slices: bool


def even_odd(rings: Sequence[Points], rows: int, columns: int) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Fill rings by the even-odd rule: a ring within another is a hole, and so is what a keyhole goes around.

    Parameters
    ----------
    rings : sequence of ndarray of float64, each of shape (points, 2)
        Row and column; the centre of a pixel is whole.
    rows, columns : int
        Of the image.

    Returns
    -------
    rows, columns : slice
        The part of the image around the rings.
    inside : ndarray of bool
        Of this part. A centre that lies on an edge is taken on one side only, so that areas have no bias.
    """
    every = np.concatenate(rings)
    low, high = np.ceil(every.min(axis=0)), np.floor(every.max(axis=0)) + 1
    top, left = (int(value) for value in np.clip(low, 0, (rows, columns)))
    bottom, right = (int(value) for value in np.clip(high, (top, left), (rows, columns)))
    starts, ends = every, np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    first = np.clip(np.ceil(np.minimum(starts[:, 0], ends[:, 0])), top, bottom).astype(np.int64)
    behind = np.clip(np.ceil(np.maximum(starts[:, 0], ends[:, 0])), top, bottom).astype(np.int64)
    crossed = behind - first
    edge = np.repeat(np.arange(len(starts)), crossed)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    (y, x), (dy, dx) = starts[edge].T, (ends - starts)[edge].T
    column = np.clip(np.ceil(x + (row - y) * dx / dy), left, right).astype(np.int64)
    toggles = np.zeros((bottom - top, right - left + 1), np.int32)
    np.add.at(toggles, (row - top, column - left), 1)
    inside = (np.cumsum(toggles, axis=1) & 1).astype(bool)
    return slice(top, bottom), slice(left, right), inside[:, :-1]


def fill(outlines: Sequence[Outline], scan: Grid, order: Sequence[int], where: str) -> Filled:
    """Fill outlines on a scan's grid.

    Parameters
    ----------
    outlines : sequence of Outline
        At least one. Those of one label in one plane are joined by the even-odd rule.
    scan : Grid
    order : sequence of int
        Every label; a later one is painted over an earlier one.
    where : str
        The file, for errors.

    Returns
    -------
    Filled
        A slice takes the nearest plane of outlines within half a slice; where outlines were drawn on slices further
        apart than the scan's, within half of their distance.

    Raises
    ------
    FileFormatError
        Where the outlines lie in no slices of the scan or all of them outside.
    """
    indices = [scan.to_indices(outline.points_mm) for outline in outlines]
    axis = _across(indices, where)
    labels = unlabelled(scan.shape, max(order))
    along = np.moveaxis(labels, axis, 0)
    remarks: list[str] = []
    covered: dict[int, int] = {}
    for label in order:
        mine = [points for outline, points in zip(outlines, indices, strict=True) if outline.label == label]
        if mine:
            stack = _stack(mine, axis, float(scan.spacing_mm[axis]))
            taken = _slices(stack, along.shape[0])
            covered[label] = _paint(along, label, stack, taken)
            remarks += [f"label {label}: {remark}" for remark in _remarks(stack, taken, along.shape[0])]
    if not labels.any():
        raise FileFormatError(
            "no voxel of the scan lies within its outlines",
            where=where,
            fix="Give the mask of this scan, in millimetres of the patient (left, back, head)",
        )
    overlapping = tuple(f"label {label} covers {count} voxels of others" for label, count in covered.items() if count)
    centres = np.array([points[:, axis].mean() for points in indices])
    return Filled(labels, tuple(remarks), overlapping, bool((np.abs(centres - np.round(centres)) <= _ON_SLICE).all()))


@dataclass(frozen=True, eq=False)
class _Stack:
    """One label's planes: positions in slices, ascending, the rings in each, and how far each plane counts."""

    positions: Points
    rings: list[list[Points]]
    reach: float
    spacing: float


def _across(indices: Sequence[Points], where: str) -> int:
    """Find the array axis along which the outlines' planes follow each other."""
    spreads = np.array([np.ptp(points, axis=0) for points in indices]).max(axis=0)
    axis = int(np.argmin(spreads))
    if spreads[axis] > _FLAT_SLICES:
        raise FileFormatError(
            f"its outlines lie in no common slices of the scan: one reaches over {spreads[axis]:.1f} of them",
            where=where,
            fix="Give outlines that were drawn on this scan's slices",
        )
    return axis


def _stack(indices: Sequence[Points], axis: int, slice_mm: float) -> _Stack:
    others = [other for other in range(3) if other != axis]
    centres = np.array([points[:, axis].mean() for points in indices])
    order = np.argsort(centres, kind="stable")
    new = np.concatenate([[True], np.diff(centres[order]) * slice_mm > _ONE_PLANE_MM])
    plane = np.cumsum(new) - 1
    rings: list[list[Points]] = [[] for _ in range(int(plane[-1]) + 1)]
    for number, which in zip(plane, order, strict=True):
        rings[number].append(indices[which][:, others])
    positions = np.array([centres[order][plane == number].mean() for number in range(len(rings))])
    gaps = np.diff(positions)
    spacing = float(np.median(gaps)) if len(gaps) else 1.0
    regular = len(positions) >= _REGULAR_PLANES and np.mean(np.abs(gaps / spacing - 1) < 0.1) >= _REGULAR_SHARE
    reach = max(0.5, spacing / 2) if regular else 0.5
    return _Stack(positions, rings, reach, spacing if regular else 1.0)


def _slices(stack: _Stack, count: int) -> dict[int, int]:
    """Give the plane of each slice that has one."""
    first = max(int(np.floor(stack.positions[0] - stack.reach)), 0)
    behind = min(int(np.ceil(stack.positions[-1] + stack.reach)) + 1, count)
    taken = {}
    for number in range(first, behind):
        apart = number - stack.positions
        plane = int(np.argmin(np.abs(apart)))
        # half open, so that planes side by side share no slice and leave none out
        near = np.flatnonzero((apart >= -stack.reach - 1e-6) & (apart < stack.reach - 1e-6))
        if near.size:
            taken[number] = plane if plane in near else int(near[0])
    return taken


def _paint(along: Labels, label: int, stack: _Stack, taken: dict[int, int]) -> int:
    """Paint one label; returns how many voxels of others it covered."""
    covered = 0
    parts = {plane: even_odd(stack.rings[plane], *along.shape[1:]) for plane in sorted(set(taken.values()))}
    for number, plane in taken.items():
        rows, columns, inside = parts[plane]
        part = along[number][rows, columns]
        covered += int(np.count_nonzero(part[inside]))
        part[inside] = label
    return covered


def _remarks(stack: _Stack, taken: dict[int, int], count: int) -> list[str]:
    remarks = []
    outside = int(np.count_nonzero((stack.positions < -0.5) | (stack.positions > count - 0.5)))
    if outside:
        remarks.append(f"outlines in {outside} of {len(stack.positions)} planes lie outside of the scan and are lost")
    within = stack.positions[(stack.positions >= -0.5) & (stack.positions <= count - 0.5)]
    between = int(np.count_nonzero(np.abs(within - np.round(within)) > _ON_SLICE))
    if between:
        remarks.append(f"outlines in {between} planes lie between slices and go to the nearest one")
    if stack.spacing > 1.05:
        remarks.append(f"outlines lie {stack.spacing:.3g} slices apart; the slices between take the nearest one")
    unused = len(within) - len(set(taken.values()))
    if unused > 0:
        remarks.append(f"outlines in {unused} planes are lost, being closer together than the slices")
    if taken and len(taken) < max(taken) - min(taken) + 1:
        missing = max(taken) - min(taken) + 1 - len(taken)
        remarks.append(f"{missing} slices between the first and the last have no outline")
    if len(taken) == 1:
        remarks.append("it is outlined in one slice only, so that it has no extent across")
    return remarks
