"""Placing a mask onto a scan's grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.mask import Box, Mask, as_mask, labelled_box, told, voxels_by_label
from tumorboard.scans.volume import Grid, LabelMap, Voxels

_NEAR = 0.1
"""Shares of a voxel that make no difference to where a voxel's centre lies."""


@dataclass(frozen=True, eq=False)
class _Axes:
    """How a scan's axes run in a mask that is not oblique to it: by axis of the scan.

    The mask's index along ``axis[a]`` is ``scale[a] * index + shift[a]``.
    """

    axis: tuple[int, ...]
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]


def place(labels: LabelMap, onto: Grid) -> Mask:
    """Put a mask onto a scan's grid: each voxel takes the label of the mask's voxel that its centre lies in.

    Parameters
    ----------
    labels : LabelMap
        On a grid of its own, which may be turned, shifted, finer, coarser, oblique, or cover a part of the scan.
    onto : Grid
        The scan's.

    Returns
    -------
    Mask
        Of the scan's shape; the same array where the grids are the same. Its remarks tell what share of the mask fell
        outside, that it was resampled, and which labels were lost by that.

    Raises
    ------
    FileFormatError
        Where nothing of the mask lies in the scan.
    """
    mask = as_mask(labels)
    if mask.grid.same_place(onto):
        return mask if mask.grid is onto else replace(mask, grid=onto)
    box = labelled_box(mask.labels)
    placed = np.zeros(onto.shape, mask.labels.dtype)
    if box is None:
        return replace(mask, labels=placed, grid=onto)
    axes = _axes(mask.grid, onto)
    if axes is None:
        _place_oblique(mask, box, onto, placed)
    else:
        _place_along_axes(mask.labels, box, axes, placed)
    kept = labelled_box(placed)
    if kept is None:
        raise FileFormatError(
            "no voxel of the mask lies in the scan",
            where=mask.source,
            fix="Give the mask that was drawn on this scan, or on another one in the same frame of reference",
        )
    remarks = (*mask.remarks, *_remarks(mask, box, onto, axes), *_lost(mask, box, placed[kept]))
    return replace(mask, labels=placed, grid=onto, remarks=remarks)


def coincides(grid: Grid, other: Grid) -> bool:
    """Tell whether two grids have their voxels in common, up to turned axes and a shift by whole voxels."""
    axes = _axes(grid, other)
    return axes is not None and _whole(axes, other)


def overlaps(box: Box, grid: Grid, scan: Grid) -> bool:
    """Tell whether a box of a grid reaches into a scan, as far as boxes along the scan's axes can tell."""
    indices = scan.to_indices(grid.to_patient(_corners(box)))
    last = np.array(scan.shape) - 0.5
    return bool((indices.max(axis=0) >= -0.5).all() and (indices.min(axis=0) <= last).all())


def _corners(box: Box) -> NDArray[np.float64]:
    ends = [(one.start, one.stop - 1) for one in box]
    return np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]], np.float64)


def _axes(grid: Grid, onto: Grid) -> _Axes | None:
    """Match the axes; None where a grid is oblique to the other, so that they matter together."""
    back = np.linalg.inv(grid.steps_mm)
    matrix = onto.steps_mm @ back
    axis = tuple(int(np.argmax(row)) for row in np.abs(matrix))
    if sorted(axis) != [0, 1, 2]:
        return None
    scale = matrix[[0, 1, 2], axis]
    rest = matrix.copy()
    rest[[0, 1, 2], axis] = 0
    if (np.abs(rest) * (np.array(onto.shape)[:, None] - 1)).max() > _NEAR / 2:
        return None
    shift = ((onto.origin_mm - grid.origin_mm) @ back)[list(axis)]
    return _Axes(axis, scale, shift)


def _whole(axes: _Axes, onto: Grid) -> bool:
    """Tell whether each voxel of the scan is one of the mask's."""
    last = np.array(onto.shape) - 1
    ends = np.stack([axes.shift, axes.shift + (axes.scale - np.sign(axes.scale)) * last])
    return bool((np.abs(ends - np.round(axes.shift)) <= _NEAR).all())


def _place_along_axes(labels: Voxels, box: Box, axes: _Axes, placed: Voxels) -> None:
    """Copy what lies in a box, axis by axis."""
    part = labels[box].transpose(axes.axis)
    sources, targets = [], []
    for new, axis in enumerate(axes.axis):
        index = _nearest(axes.scale[new] * np.arange(placed.shape[new]) + axes.shift[new])
        within = np.flatnonzero((index >= box[axis].start) & (index < box[axis].stop))
        if not within.size:
            return
        targets.append(slice(int(within[0]), int(within[-1]) + 1))
        sources.append(index[within] - box[axis].start)
    runs = [_run(source) for source in sources]
    # copying along steps of 1 is several times faster than looking indices up
    straight = tuple(run for run in runs if run is not None)
    placed[tuple(targets)] = part[straight] if len(straight) == len(runs) else part[np.ix_(*sources)]


def _run(index: NDArray[np.int64]) -> slice | None:
    """Give indices that go up or down by one as a slice."""
    step = int(index[1] - index[0]) if len(index) > 1 else 1
    if abs(step) != 1 or (np.diff(index) != step).any():
        return None
    stop = int(index[-1]) + step
    return slice(int(index[0]), stop if stop >= 0 else None, step)


def _place_oblique(mask: Mask, box: Box, onto: Grid, placed: Voxels) -> None:
    """Look up the mask at each voxel of the scan around it, slice by slice."""
    corners = onto.to_indices(mask.grid.to_patient(_corners(box)))
    shape = np.array(onto.shape)
    first = np.clip(np.floor(corners.min(axis=0)) - 1, 0, shape).astype(int)
    behind = np.clip(np.ceil(corners.max(axis=0)) + 2, first, shape).astype(int)
    rows, columns = np.arange(first[1], behind[1]), np.arange(first[2], behind[2])
    if not rows.size or not columns.size:
        return
    low, high = np.array([one.start for one in box]), np.array([one.stop for one in box])
    picture = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    for number in range(first[0], behind[0]):
        places = np.column_stack([np.full(len(picture), number), picture]).astype(np.float64)
        index = _nearest(mask.grid.to_indices(onto.to_patient(places)))
        within = ((index >= low) & (index < high)).all(axis=1)
        found = np.zeros(len(picture), placed.dtype)
        found[within] = mask.labels[tuple(index[within].T)]
        placed[number, first[1] : behind[1], first[2] : behind[2]] = found.reshape(len(rows), len(columns))


def _nearest(index: NDArray[np.float64]) -> NDArray[np.int64]:
    # half-way between two voxels, rounding of coordinates must not alternate between them
    return np.floor(index + 0.5 + 1e-6).astype(np.int64)


def _remarks(mask: Mask, box: Box, onto: Grid, axes: _Axes | None) -> list[str]:
    remarks = []
    outside = _share_outside(mask, box, onto)
    if outside:
        remarks.append(f"{max(outside, 0.001):.1%} of the mask lie outside of the scan and are lost")
    if axes is None or not _whole(axes, onto):
        own, scans = (" x ".join(f"{mm:.3g}" for mm in grid.spacing_mm) for grid in (mask.grid, onto))
        remarks.append(
            f"the mask's voxels ({own} mm) lie elsewhere than the scan's ({scans} mm); the nearest label is taken"
        )
    return remarks


def _share_outside(mask: Mask, box: Box, onto: Grid) -> float:
    """Measure what share of the labelled voxels has its centre outside of the scan."""
    last = np.array(onto.shape) - 0.5 + _NEAR
    corners = onto.to_indices(mask.grid.to_patient(_corners(box)))
    if (corners >= -0.5 - _NEAR).all() and (corners <= last).all():
        return 0.0
    inside = all_there = 0
    for number, picture in enumerate(mask.labels[box]):
        rows, columns = np.nonzero(picture)
        places = np.column_stack([np.full(len(rows), number), rows, columns]) + [one.start for one in box]
        indices = onto.to_indices(mask.grid.to_patient(places.astype(np.float64)))
        inside += int(np.count_nonzero(((indices >= -0.5 - _NEAR) & (indices <= last)).all(axis=1)))
        all_there += len(rows)
    return 1 - inside / all_there


def _lost(mask: Mask, box: Box, placed: Voxels) -> list[str]:
    left = voxels_by_label(placed)
    lost = [label for label in voxels_by_label(mask.labels[box]) if label not in left]
    return [f"no voxel is left on the scan of label {told(lost, mask.names)}"] if lost else []
