"""Which axis of a stored volume runs from feet to head: what its header says, and whether that can be."""

from __future__ import annotations

import numpy as np

from tumorboard.scans.volume import Grid, patient_axes

_EQUAL = 0.01
_ENDS = ("feet to head", "front to back", "right to left")


def slice_axis(grid: Grid) -> int | None:
    """Find the axis along which slices follow each other, by the voxels alone.

    Pixels are square: the axis is the one whose spacing is not the two others', and where all are equal, the one whose
    count of voxels is not.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    int or None
        None where the voxels do not tell.
    """
    for values in (grid.spacing_mm, np.array(grid.shape, float)):
        odd = [
            axis
            for axis in range(3)
            if _equal(*np.delete(values, axis)) and not _equal(values[axis], np.delete(values, axis)[0])
        ]
        if odd or not _equal(values.min(), values.max()):
            return odd[0] if odd else None
    return None


def doubt(grid: Grid, names: tuple[str, str, str] = ("0", "1", "2")) -> str | None:
    """Tell where the header calls something else transversal than the slices are.

    Parameters
    ----------
    grid : Grid
    names : tuple of str
        What the file calls its axes, in the array's order.

    Returns
    -------
    str or None
        None where slices follow each other from feet to head, or the voxels do not tell how they do.
    """
    axis = slice_axis(grid)
    order, _ = patient_axes(grid)
    if axis is None or axis == order[0]:
        return None
    said = _ENDS[order.index(axis)]
    return (
        f"its {grid.shape[axis]} slices of {grid.spacing_mm[axis]:g} mm follow each other along axis {names[axis]},"
        f" which by the header runs from {said}: right if the scan was taken so; if these slices are transversal, the"
        f" header is wrong: give --transversal-axis {names[axis]}"
    )


def with_transversal_axis(grid: Grid, axis: int) -> Grid:
    """Overrule a header: let an axis run from feet to head, and the one that did run where this one did.

    Parameters
    ----------
    grid : Grid
    axis : int
        Of the array.

    Returns
    -------
    Grid
        Of the same spacing.
    """
    was = patient_axes(grid)[0][0]
    directions = grid.steps_mm / grid.spacing_mm[:, None]
    directions[[axis, was]] = directions[[was, axis]]
    return Grid(grid.shape, grid.origin_mm, directions * grid.spacing_mm[:, None])


def _equal(one: float, other: float) -> bool:
    return bool(abs(one - other) <= _EQUAL * max(abs(one), abs(other)))
