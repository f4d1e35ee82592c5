"""Measuring a mask as it lies in a file, without its scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.diameter import TumourSize, at_right_angles, doubt, measure, with_transversal_axis
from tumorboard.scans.tumour import Tumour, find_tumour, kind_of_mask
from tumorboard.scans.tumour.mask import as_mask
from tumorboard.scans.volume import NORMAL_AXIS, Grid, LabelMap, Plane, patient_axes, turn

Axes = tuple[int, int, int]

# a volume file counts its fastest axis first, as nibabel, SimpleITK and ITK-SNAP show it; an array has it last
_VOLUME_AXES: Axes = (2, 1, 0)
# slices, rows, columns
_DICOM_AXES: Axes = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class StoredMask:
    """The labels of a file.

    Parameters
    ----------
    labels : LabelMap
        In the file's order of voxels.
    axes : tuple of int
        The number that the file gives to each array axis: NIfTI, MHA and NRRD count the fastest axis as 0; a DICOM
        segmentation has slices 0, rows 1, columns 2.
    whole : bool
        Whether the file spans its scan. A DICOM segmentation may leave out empty slices at both ends.
    """

    labels: LabelMap
    axes: Axes
    whole: bool


@dataclass(frozen=True, eq=False)
class MeasuredMask:
    """A file's tumour and how large it is.

    Parameters
    ----------
    stored : StoredMask
    tumour : Tumour
        The largest connected mass, in the file's order of voxels.
    mask : ndarray of bool, shape (slices, rows, columns)
        The same in patient axes, cut to its box.
    grid : Grid
        Of this box.
    size : TumourSize
        Its slices are counted within the box; `slice_of` gives the file's.
    touches : tuple of str
        The sides of the volume that the tumour reaches, as far as the file can tell.
    remarks : tuple of str
    """

    stored: StoredMask
    tumour: Tumour
    mask: NDArray[np.bool_]
    grid: Grid
    size: TumourSize
    touches: tuple[str, ...]
    remarks: tuple[str, ...]

    def axis_of(self, plane: Plane) -> int:
        """Return the number of the file's axis along which a plane's slices follow each other."""
        order, _ = patient_axes(self.tumour.grid)
        return self.stored.axes[order[NORMAL_AXIS[plane]]]

    def slice_of(self, plane: Plane) -> int:
        """Return the slice of a plane's diameter, counted from 0 along the file's own axis."""
        order, flipped = patient_axes(self.tumour.grid)
        normal = NORMAL_AXIS[plane]
        axis, within = order[normal], self.size.diameters[plane].slice
        length = self.tumour.mask.shape[axis]
        return self.tumour.offset[axis] + (length - 1 - within if flipped[normal] else within)


def measure_file(path: Path, label: int | None = None, transversal_axis: int | None = None) -> MeasuredMask:
    """Measure the tumour in a file.

    Parameters
    ----------
    path : Path
        NIfTI, MHA, NRRD, or a DICOM segmentation.
    label : int, optional
        Which label is the tumour; by default the one that is named so.
    transversal_axis : int, optional
        The file's axis that runs from feet to head, against its header.

    Returns
    -------
    MeasuredMask

    Raises
    ------
    FileFormatError
        Where it is no mask, empty or damaged, lacks the label or has none that is a tumour, or its axes are not at
        right angles.
    """
    stored = read_stored_mask(path, label)
    grid = stored.labels.grid
    if transversal_axis is not None:
        grid = with_transversal_axis(grid, stored.axes.index(transversal_axis))
        stored = replace(stored, labels=replace(stored.labels, grid=grid))
    if not at_right_angles(grid):
        raise FileFormatError(
            "its axes are not at right angles (a tilted gantry), so that its slices are no planes of the patient",
            where=path.name,
            fix="Resample it to a straight grid, for example the scan's",
        )
    tumour = find_tumour(stored.labels, label)
    mask, box_grid = turn(tumour.mask, tumour.grid)
    size = measure(mask, box_grid)
    remarks = _remarks(stored, transversal_axis)
    return MeasuredMask(stored, tumour, mask, box_grid, size, _touches(stored, tumour), (*tumour.remarks, *remarks))


def read_stored_mask(path: Path, label: int | None = None) -> StoredMask:
    """Read a file's labels on its own grid.

    Parameters
    ----------
    path : Path
    label : int, optional
        The label that is wanted; it is kept where a DICOM segmentation's segments overlap.

    Returns
    -------
    StoredMask

    Raises
    ------
    FileFormatError
        Where it is missing, damaged, no mask, or an outline that has no voxels.
    """
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise FileFormatError(what, where=path.name, fix="Give one mask: NIfTI, MHA, NRRD or a DICOM segmentation")
    kind = kind_of_mask(path)
    if kind == "dicom-seg":
        from tumorboard.scans.tumour.segmentation_object import read_segmentation

        return StoredMask(read_segmentation(path, _no_scan(), None, label), _DICOM_AXES, whole=False)
    if kind in ("rtstruct", "csv"):
        raise FileFormatError(
            "it holds text or outlines, which have no voxels without their scan",
            where=path.name,
            fix="Give a mask with voxels, or name outlines as mask in scans.csv and run 'tumorboard prepare'",
        )
    from tumorboard.scans.reading import read_label_file

    return StoredMask(replace(as_mask(read_label_file(path)), source=path.name), _VOLUME_AXES, whole=True)


def _no_scan() -> Grid:
    """Give a grid whose slices are parallel to no frame, so that a segmentation takes none of its distances."""
    steps = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], float)
    return Grid((1, 1, 1), np.zeros(3), steps / np.linalg.norm(steps, axis=1)[:, None])


def _remarks(stored: StoredMask, transversal_axis: int | None) -> tuple[str, ...]:
    if transversal_axis is not None:
        return (f"axis {transversal_axis} is taken from feet to head, as stated, whatever the header says",)
    names = tuple(str(axis) for axis in stored.axes)
    found = doubt(stored.labels.grid, (names[0], names[1], names[2]))
    return (found,) if found else ()


def _touches(stored: StoredMask, tumour: Tumour) -> tuple[str, ...]:
    if stored.whole:
        return tumour.touches
    order, _ = patient_axes(tumour.grid)
    along_slices = (("bottom", "top"), ("front", "back"), ("right", "left"))[order.index(0)]
    return tuple(side for side in tumour.touches if side not in along_slices)
