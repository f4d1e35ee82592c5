"""Outlines and boxes in a table: the simplest way to say where a tumour is.

A table has one of four sets of columns, and may have ``label`` (a whole number, 1 by default) and ``name``:

========================================================  ==========================================================
``contour, x_mm, y_mm, z_mm``                             a row for each corner of an outline, in the patient's
                                                          millimetres (x to the left, y to the back, z to the head)
``contour, slice, row, column``                           the same in the scan's voxels, counted from 0: slices from
                                                          the feet, rows from the front, columns from the right
``x0_mm, x1_mm, y0_mm, y1_mm, z0_mm, z1_mm``              a row for each box, from and to
``slice0, slice1, row0, row1, column0, column1``          the same in voxels, both ends belonging to it
========================================================  ==========================================================

Rows with the same ``contour`` are the corners of one outline, in their order; it lies in one slice of the scan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.mask import Labels, Mask, unlabelled
from tumorboard.scans.tumour.meaning import painting_order
from tumorboard.scans.tumour.outlines import Filled, Outline, fill
from tumorboard.scans.volume import Grid, turn
from tumorboard.study.columns import Column, NumberColumn
from tumorboard.study.tables import check_columns, parse_columns, raise_faults, read_text_table

if TYPE_CHECKING:
    import pandas as pd

_MM: dict[str, float | str] = {"unit": "mm", "low": -10_000.0, "high": 10_000.0}
_PLACE: dict[str, float | str] = {"unit": "voxel", "low": -1.0, "high": 100_000.0}
_LABELS = (NumberColumn("label", low=1, high=65_535, whole=True), Column("name"))
_CORNERS = {
    "mm": ("x_mm", "y_mm", "z_mm"),
    "voxels": ("slice", "row", "column"),
}
_BOXES = {
    "mm": ("x0_mm", "x1_mm", "y0_mm", "y1_mm", "z0_mm", "z1_mm"),
    "voxels": ("slice0", "slice1", "row0", "row1", "column0", "column1"),
}


def read_outlines(path: Path, scan: Grid, label: int | None = None) -> tuple[Mask, bool]:
    """Read outlines or boxes from a table, on a scan's grid.

    Parameters
    ----------
    path : Path
        CSV or TSV with one of the four sets of columns above.
    scan : Grid
        Its array may have any order of axes; voxels are counted in patient axes all the same.
    label : int, optional
        The label that a user wants; it is kept where outlines overlap.

    Returns
    -------
    mask : Mask
    on_slices : bool
        Whether every outline lies on a slice of the scan; True for boxes.

    Raises
    ------
    TableError
        With every bad cell.
    FileFormatError
        Where it has none of the sets of columns, an outline has fewer than three corners, or all of it lies outside.
    """
    table = read_text_table(path)
    present = set(table.frame.columns)
    for forms, is_box in ((_BOXES, True), (_CORNERS, False)):
        for unit, names in forms.items():
            if not set(names) <= present:
                continue
            limits = _MM if unit == "mm" else _PLACE
            whole = is_box and unit == "voxels"
            columns: list[Column] = [_number(name, limits, whole) for name in names]
            if not is_box:
                columns.append(Column("contour", required=True, filled=True))
            columns += _LABELS
            check_columns(table, columns)
            values, faults = parse_columns(table, columns)
            raise_faults(faults)
            corners = values[list(names)].to_numpy(np.float64)
            if is_box:
                return _boxes(path, values, corners, scan, unit == "mm", label), True
            return _polygons(path, values, corners, scan, unit == "mm", label)
    raise FileFormatError(
        f"it has none of the sets of columns of an outline; it has: {', '.join(sorted(present)[:12])}",
        where=path.name,
        fix="Give contour with x_mm, y_mm, z_mm or slice, row, column; or a box as x0_mm, x1_mm, y0_mm, y1_mm, z0_mm, "
        "z1_mm",
    )


def _number(name: str, limits: dict[str, float | str], whole: bool) -> NumberColumn:
    return NumberColumn(
        name,
        required=True,
        filled=True,
        unit=str(limits["unit"]),
        low=float(limits["low"]),
        high=float(limits["high"]),
        whole=whole,
    )


def _labels(path: Path, values: pd.DataFrame) -> tuple[list[int], dict[int, str]]:
    """Give each row's label, and the labels' names; names without labels are numbered as they come."""
    named = [str(name) if isinstance(name, str) else "" for name in values["name"]]
    if values["label"].notna().any():
        labels = [int(value) for value in values["label"].fillna(1)]
    else:
        numbers = {name: number for number, name in enumerate(dict.fromkeys(named), start=1)}
        labels = [numbers[name] for name in named]
    names: dict[int, str] = {}
    for number, name in zip(labels, named, strict=True):
        if names.setdefault(number, name) != name:
            raise FileFormatError(
                f"label {number} has two names, {names[number]!r} and {name!r}",
                where=path.name,
                fix="Give each label one name",
            )
    return labels, names


def _polygons(
    path: Path, values: pd.DataFrame, corners: NDArray[np.float64], scan: Grid, in_mm: bool, label: int | None
) -> tuple[Mask, bool]:
    labels, names = _labels(path, values)
    points = corners if in_mm else _upright(scan).to_patient(corners)
    rows: dict[tuple[int, str], list[int]] = {}
    for row, (number, contour) in enumerate(zip(labels, values["contour"], strict=True)):
        rows.setdefault((number, str(contour)), []).append(row)
    outlines = []
    for (number, contour), mine in rows.items():
        ring = points[mine]
        if len(ring) > 1 and (ring[0] == ring[-1]).all():
            ring = ring[:-1]
        if len(ring) < 3:
            raise FileFormatError(
                f"the outline {contour} has {len(ring)} corners",
                where=path.name,
                fix="An outline has at least three, in rows with the same contour",
            )
        outlines.append(Outline(number, ring))
    filled = fill(outlines, scan, painting_order(names, label), path.name)
    return _mask(path, scan, names, filled), filled.on_slices


def _boxes(
    path: Path, values: pd.DataFrame, ends: NDArray[np.float64], scan: Grid, in_mm: bool, label: int | None
) -> Mask:
    labels, names = _labels(path, values)
    low, high = ends[:, ::2], ends[:, 1::2]
    wrong = np.flatnonzero((low > high).any(axis=1))
    if wrong.size:
        raise FileFormatError(
            f"box {wrong[0] + 1} ends before it begins", where=path.name, fix="Give each 0 below its 1"
        )
    upright = _upright(scan)
    painted = unlabelled(scan.shape, max(labels))
    view, _ = turn(painted, scan)
    for number in painting_order(names, label):
        for row in np.flatnonzero(np.array(labels) == number):
            _paint_box(view, upright, low[row], high[row], in_mm, number)
    if not painted.any():
        raise FileFormatError(
            "no voxel of the scan lies within its boxes",
            where=path.name,
            fix="Give them in the patient's millimetres (left, back, head), or in voxels",
        )
    remark = "the tumour is given as a box: its volume and diameters are the box's"
    return _mask(path, scan, names, Filled(painted, (remark,), (), on_slices=True))


def _paint_box(
    view: Labels,
    upright: Grid,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    in_mm: bool,
    number: int,
) -> None:
    """Set all voxels whose centres lie in a box, which may be oblique to the scan's axes."""
    shape = np.array(view.shape)
    if not in_mm:
        view[tuple(slice(max(int(a), 0), int(b) + 1) for a, b in zip(low, high, strict=True))] = number
        return
    ends = np.stack([low, high])
    corners = np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    indices = upright.to_indices(corners)
    first = np.clip(np.floor(indices.min(axis=0)), 0, shape).astype(int)
    behind = np.clip(np.ceil(indices.max(axis=0)) + 1, first, shape).astype(int)
    part = tuple(slice(int(a), int(b)) for a, b in zip(first, behind, strict=True))
    places = np.stack(np.meshgrid(*(np.arange(one.start, one.stop) for one in part), indexing="ij"), axis=-1)
    points = upright.to_patient(places.reshape(-1, 3).astype(np.float64)).reshape(places.shape)
    inside = ((points >= low - 1e-6) & (points <= high + 1e-6)).all(axis=-1)
    view[part][inside] = number


def _upright(scan: Grid) -> Grid:
    return turn(np.empty(scan.shape, np.bool_), scan)[1]


def _mask(path: Path, scan: Grid, names: dict[int, str], filled: Filled) -> Mask:
    named = {number: name for number, name in names.items() if name}
    return Mask(filled.labels, scan, named, filled.covered, source=path.name, remarks=filled.remarks)
