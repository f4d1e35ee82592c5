"""Finding the tumour among a mask's labels: the largest connected mass by volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.mask import Box, Mask, as_mask, labelled_box, told, voxels_by_label
from tumorboard.scans.tumour.meaning import Meaning, meaning_of
from tumorboard.scans.volume import Grid, LabelMap, Voxels, patient_axes

SPECK_VOXELS = 3
SPECK_ML = 0.01
"""What has fewer voxels than 3 or less than 0.01 ml (a ball of 2.7 mm) is a slip of the pen, not a mass."""

_SIDES = (("bottom", "top"), ("front", "back"), ("right", "left"))
"""The borders of a volume in patient axes, at the first and the last slice, row and column: the patient's sides."""
_TOUCHING = np.ones((3, 3, 3), bool)


@dataclass(frozen=True, eq=False)
class Tumour:
    """The tumour that is looked at, and what else a mask shows.

    Parameters
    ----------
    mask : ndarray of bool, shape (slices, rows, columns)
        The tumour within the box around it, without other masses.
    box : tuple of slice
        Where this box lies in the scan's array.
    scan : Grid
        The scan's.
    labels : tuple of int
        The mask's labels that were taken as tumour.
    volume_ml : float
    components : int
        Connected masses (by faces, edges or corners), specks apart; 1 for a single tumour.
    other_volumes_ml : tuple of float
        Of the other masses, the largest first.
    specks : int
        What is too small for a mass, see `SPECK_VOXELS` and `SPECK_ML`.
    cysts : int
        Connected cysts, specks apart.
    kidney_box : tuple of slice or None
        Around all voxels labelled as kidney, in the scan's array.
    touches : tuple of str
        Borders of the volume that the tumour reaches: top, bottom, left, right, front, back, the patient's.
    remarks : tuple of str
        What a user should know, from the mask's file on.
    """

    mask: NDArray[np.bool_]
    box: Box
    scan: Grid
    labels: tuple[int, ...]
    volume_ml: float
    components: int
    other_volumes_ml: tuple[float, ...] = ()
    specks: int = 0
    cysts: int = 0
    kidney_box: Box | None = None
    touches: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def offset(self) -> tuple[int, int, int]:
        """Slice, row and column of the scan at which the box begins."""
        return self.box[0].start, self.box[1].start, self.box[2].start

    @property
    def grid(self) -> Grid:
        """Where the box's voxels lie in the patient."""
        origin = self.scan.to_patient(np.array([self.offset], np.float64))[0]
        shape = self.mask.shape
        return Grid((shape[0], shape[1], shape[2]), origin, self.scan.steps_mm)

    @property
    def has_kidney(self) -> bool:
        """Whether the mask shows the kidney beside the tumour."""
        return self.kidney_box is not None

    def whole(self) -> NDArray[np.bool_]:
        """Return the tumour's mask of the whole scan's shape."""
        mask = np.zeros(self.scan.shape, bool)
        mask[self.box] = self.mask
        return mask


def find_tumour(labels: LabelMap, label: int | None = None) -> Tumour:
    """Find the largest connected mass by volume.

    Parameters
    ----------
    labels : LabelMap
        On the scan's grid, as `place` gives it.
    label : int, optional
        Which label is the tumour; by default the mass by the labels' names, or by KiTS's numbers.

    Returns
    -------
    Tumour

    Raises
    ------
    FileFormatError
        Where the mask is empty, lacks the stated label, has no label that is a tumour, or its tumour has specks only.
    """
    mask = as_mask(labels)
    box = labelled_box(mask.labels)
    if box is None:
        raise empty(mask.source)
    part = np.ascontiguousarray(mask.labels[box])
    there = voxels_by_label(part)
    meanings = meanings_of(there, mask.names)
    wanted = (label,) if label is not None else _masses(there, meanings, mask)
    refuse_absent(label, there, mask)
    chosen = _largest(_selected(part, wanted), mask.grid, mask.source)
    tumour_box = _shifted(chosen.box, box)
    cysts = [one for one, meaning in meanings.items() if meaning == "cyst" and one not in wanted]
    kidneys = [one for one, meaning in meanings.items() if meaning == "kidney" and one not in wanted]
    kidney_box = labelled_box(_selected(part, kidneys)) if kidneys else None
    return Tumour(
        chosen.mask,
        tumour_box,
        mask.grid,
        wanted,
        chosen.volumes_ml[0],
        len(chosen.volumes_ml),
        chosen.volumes_ml[1:],
        chosen.specks,
        _count(_selected(part, cysts), mask.grid) if cysts else 0,
        None if kidney_box is None else _shifted(kidney_box, box),
        _touched(tumour_box, mask.grid),
        (*mask.remarks, *mask.overlapping, *_remarks(wanted, label, there, mask.names)),
    )


def empty(where: str) -> FileFormatError:
    """Tell that a mask is empty."""
    return FileFormatError(
        "the mask is empty: no voxel of it is labelled", where=where, fix="Outline the tumour, and save the mask again"
    )


def refuse_absent(label: int | None, there: Mapping[int, int], mask: LabelMap) -> None:
    """Refuse a stated label that no voxel has."""
    if label is None or label in there:
        return
    raise FileFormatError(
        f"no voxel has the label {label}; the mask has: {told(list(there), mask.names)}",
        where=as_mask(mask).source,
        fix="State one of these as the mask's label",
    )


def meanings_of(there: Mapping[int, int], names: Mapping[int, str]) -> dict[int, Meaning]:
    """Tell what each label that has voxels stands for."""
    named = {one: names.get(one, "") for one in there}
    return {one: meaning_of(name, one, named) for one, name in named.items()}


def _masses(there: Mapping[int, int], meanings: Mapping[int, Meaning], mask: Mask) -> tuple[int, ...]:
    found = tuple(one for one, meaning in meanings.items() if meaning == "mass")
    if found:
        return found
    raise FileFormatError(
        f"none of its labels is named as a tumour; it has: {told(list(there), mask.names)}",
        where=mask.source,
        fix="State which one is the tumour (mask_label in scans.csv, --label), or outline the tumour beside them",
    )


@dataclass(frozen=True, eq=False)
class _Connected:
    """The largest connected mass in its box, all volumes from the largest on, and the number of specks."""

    mask: NDArray[np.bool_]
    box: Box
    volumes_ml: tuple[float, ...]
    specks: int


def _selected(part: Voxels, labels: Sequence[int]) -> NDArray[np.bool_]:
    selected = np.asarray(part == labels[0])
    for label in labels[1:]:
        selected |= part == label
    return selected


def _largest(mask: NDArray[np.bool_], grid: Grid, where: str) -> _Connected:
    box = labelled_box(mask)
    if box is None:
        raise empty(where)
    numbered, counts = _numbered(mask[box])
    masses = [number for number in range(1, len(counts)) if not _is_speck(int(counts[number]), grid)]
    specks = len(counts) - 1 - len(masses)
    if not masses:
        most = int(counts[1:].max())
        raise FileFormatError(
            f"the tumour's mask has specks only: the largest of {specks} has {most} voxels",
            where=where,
            fix="Outline the tumour, and save the mask again",
        )
    masses.sort(key=lambda number: -counts[number])
    largest = numbered == masses[0]
    own = labelled_box(largest)
    if own is None:
        raise empty(where)
    volumes = tuple(float(counts[number] * grid.voxel_ml) for number in masses)
    return _Connected(np.ascontiguousarray(largest[own]), _shifted(own, box), volumes, specks)


def _count(mask: NDArray[np.bool_], grid: Grid) -> int:
    box = labelled_box(mask)
    if box is None:
        return 0
    return sum(not _is_speck(int(count), grid) for count in _numbered(mask[box])[1][1:])


def _numbered(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    numbered, _ = ndimage.label(mask, _TOUCHING)
    return np.asarray(numbered, np.int32), np.bincount(numbered.ravel())


def _is_speck(voxels: int, grid: Grid) -> bool:
    return voxels < SPECK_VOXELS or voxels * grid.voxel_ml < SPECK_ML


def _shifted(inner: Box, outer: Box) -> Box:
    """Count a box within a box from the whole array's corner."""
    moved = [slice(one.start + by.start, one.stop + by.start) for one, by in zip(inner, outer, strict=True)]
    return moved[0], moved[1], moved[2]


def _touched(box: Box, grid: Grid) -> tuple[str, ...]:
    order, flipped = patient_axes(grid)
    touched = []
    for sides, axis, flip in zip(_SIDES, order, flipped, strict=True):
        at_start, at_end = box[axis].start == 0, box[axis].stop == grid.shape[axis]
        low, high = (at_end, at_start) if flip else (at_start, at_end)
        touched += [side for side, there in zip(sides, (low, high), strict=True) if there]
    return tuple(touched)


def _remarks(
    wanted: tuple[int, ...], label: int | None, there: Mapping[int, int], names: Mapping[int, str]
) -> list[str]:
    if label is not None:
        return []
    if not any(names.get(one) for one in there):
        if len(there) == 1:
            return [f"its only label, {wanted[0]}, has no name and is taken as the tumour"]
        return ["its labels have no names and are taken as KiTS's: 1 kidney, 2 tumour, 3 cyst"]
    if len(wanted) > 1:
        return [f"several labels are taken as tumour: {told(wanted, names)}"]
    return []
