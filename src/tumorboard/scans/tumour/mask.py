"""A mask as it was drawn, and how many voxels of it lie where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.volume import LabelMap, Voxels

Labels = NDArray[np.uint8] | NDArray[np.uint16]
Box = tuple[slice, slice, slice]
"""Slices, rows and columns of an array, without steps."""


@dataclass(frozen=True, eq=False)
class Mask(LabelMap):
    """A label map with what has to be told of its file.

    Parameters
    ----------
    source : str
        The file's name, without its folder.
    frame_uid : str or None
        FrameOfReferenceUID of the scan that it was drawn on, where the file says so.
    remarks : tuple of str
        What a user should know, beside what overlaps. Often empty.
    """

    source: str = ""
    frame_uid: str | None = None
    remarks: tuple[str, ...] = ()


def as_mask(labels: LabelMap) -> Mask:
    """Give any label map the fields of a `Mask`."""
    if isinstance(labels, Mask):
        return labels
    return Mask(labels.labels, labels.grid, labels.names, labels.overlapping, labels.references)


def unlabelled(shape: tuple[int, int, int], highest: int) -> Labels:
    """Make an array of 0 that can hold labels up to the highest."""
    return np.zeros(shape, np.uint8) if highest <= np.iinfo(np.uint8).max else np.zeros(shape, np.uint16)


def labelled_box(labels: Voxels) -> Box | None:
    """Find the smallest box around all voxels that are not 0.

    Parameters
    ----------
    labels : ndarray of uint8, uint16 or bool, shape (slices, rows, columns)
        May be a view with turned axes.

    Returns
    -------
    tuple of slice or None
        None where all are 0.
    """
    order = tuple(int(axis) for axis in np.argsort([-abs(stride) for stride in labels.strides], kind="stable"))
    backward = tuple(labels.strides[axis] < 0 for axis in order)
    # a reduction along a negative stride is forty times slower than along the memory
    straight = labels.transpose(order)[tuple(slice(None, None, -1 if back else 1) for back in backward)]
    found: list[slice] = [slice(0, 0)] * 3
    box: list[slice] = [slice(None)] * 3
    for place, (axis, back) in enumerate(zip(order, backward, strict=True)):
        others = tuple(other for other in range(3) if other != place)
        used = np.flatnonzero(np.maximum.reduce(straight[tuple(box)], axis=others))
        if not used.size:
            return None
        first, behind, length = int(used[0]), int(used[-1]) + 1, labels.shape[axis]
        box[place] = slice(first, behind)
        found[axis] = slice(length - behind, length - first) if back else slice(first, behind)
    return found[0], found[1], found[2]


def voxels_by_label(labels: Voxels) -> dict[int, int]:
    """Count the voxels of each label but 0.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16, shape (slices, rows, columns)
        Best cut to `labelled_box`.

    Returns
    -------
    dict of int to int
        In the order of the labels.
    """
    counts = np.bincount(labels[labels != 0])
    return {int(label): int(counts[label]) for label in np.flatnonzero(counts)}


def told(voxels: Mapping[int, int] | Sequence[int], names: Mapping[int, str]) -> str:
    """List labels with their names, as in ``1 kidney, 2 tumour``, at most eight of them."""
    listed = [f"{label} {names.get(label, '')}".strip() for label in voxels]
    return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")
