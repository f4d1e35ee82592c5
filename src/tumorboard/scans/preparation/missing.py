"""Masks on slices that are missing from a scan: nobody could outline what was not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorboard.scans.reading import Series
from tumorboard.scans.reading.stacking import stack
from tumorboard.scans.tumour import Mask
from tumorboard.scans.volume import Voxels, patient_axes


def missing_slices(series: Series) -> tuple[int, tuple[int, ...]]:
    """Tell which slices of a series' volume, in patient axes, were filled between their neighbours.

    Parameters
    ----------
    series : Series
        One that can be read.

    Returns
    -------
    axis : int
        Along which the slices follow each other.
    slices : tuple of int
        Ascending.
    """
    stacked = stack(series.frames)
    order, flipped = patient_axes(stacked.grid)
    axis, last = order.index(0), len(stacked.places) - 1
    empty = [place for place, group in enumerate(stacked.places) if not group]
    return axis, tuple(sorted(last - place if flipped[axis] else place for place in empty))


def fill_mask(mask: Mask, axis: int, slices: tuple[int, ...]) -> Mask:
    """Outline what is missing between its neighbours, as the scan itself is filled.

    A gap would part one tumour into two, of which only the larger would be measured. A voxel takes a label where the
    distances to its outline in the slices on either side, negative outside, have a positive mean (Raya and Udupa 1990,
    10.1109/42.52980). A slice that has labels of its own stays as it is.

    Parameters
    ----------
    mask : Mask
        On the scan's grid, in patient axes.
    axis : int
    slices : tuple of int
        As `missing_slices` gives them.

    Returns
    -------
    Mask
        With a remark where something was filled.
    """
    if not slices:
        return mask
    labels = np.moveaxis(mask.labels.copy(), axis, 0)
    spacing = np.delete(mask.grid.spacing_mm, axis)
    filled = 0
    for number in slices:
        before = max((one for one in range(number) if one not in slices), default=None)
        after = min((one for one in range(number + 1, len(labels)) if one not in slices), default=None)
        if before is None or after is None or labels[number].any():
            continue
        share = (number - before) / (after - before)
        labels[number] = _between(labels[before], labels[after], share, spacing)
        filled += bool(labels[number].any())
    if not filled:
        return mask
    remark = f"on {filled} missing slice{'s' if filled > 1 else ''} the mask is filled between its neighbours too"
    return replace(mask, labels=np.moveaxis(labels, 0, axis), remarks=(*mask.remarks, remark))


def _between(one: Voxels, other: Voxels, share: float, spacing: NDArray[np.float64]) -> Voxels:
    """Return the labels between two slices; where several reach, the one that reaches farthest."""
    found, best = np.zeros_like(one), np.zeros(one.shape)
    for label in np.intersect1d(one[one != 0], other[other != 0]):
        depth = (1 - share) * _depth(one == label, spacing) + share * _depth(other == label, spacing)
        deeper = depth > best
        found[deeper], best[deeper] = label, depth[deeper]
    return found


def _depth(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    inside: NDArray[np.float64] = ndimage.distance_transform_edt(mask, sampling=spacing)
    outside: NDArray[np.float64] = ndimage.distance_transform_edt(~mask, sampling=spacing)
    return inside - outside
