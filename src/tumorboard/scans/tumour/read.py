"""Reading a mask of any kind, and refusing what cannot be this scan's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError, SettingsError, UserError
from tumorboard.scans.tumour.dicom_object import SEGMENTATIONS, STRUCTURE_SET, object_class
from tumorboard.scans.tumour.finding import empty, refuse_absent
from tumorboard.scans.tumour.mask import Mask, as_mask, labelled_box, unlabelled, voxels_by_label
from tumorboard.scans.tumour.meaning import painting_order
from tumorboard.scans.tumour.placing import coincides, overlaps, place
from tumorboard.scans.tumour.slicer_names import slicer_names
from tumorboard.scans.volume import Grid
from tumorboard.study.image_tables import MASK_KINDS as STATED_KINDS

MASK_KINDS = tuple(kind for kind in STATED_KINDS if kind != "png")  # a picture is the mask of a ready-made plane
_OWN_MASK = "Give the mask that was drawn on this scan, or name its series in scans.csv (series_uid)"


@dataclass(frozen=True, eq=False)
class MaskOrigin:
    """What a mask's file says of the scan that it was drawn on.

    Parameters
    ----------
    names_scan : bool
        Whether it can name the scan's series, as DICOM does.
    grid : Grid or None
        Its own voxels, for NIfTI, MHA and NRRD.
    in_voxels : bool
        Whether it is a table that counts the scan's voxels, and so means nothing on another one's.
    """

    names_scan: bool
    grid: Grid | None = None
    in_voxels: bool = False


def origin_of_mask(path: Path) -> MaskOrigin:
    """Tell what a mask says of the scan that it was drawn on.

    Parameters
    ----------
    path : Path
        A file, or a folder of files: one that names its scan speaks for all, as does one that has no grid.

    Returns
    -------
    MaskOrigin

    Raises
    ------
    FileFormatError
        Where a file is not there, is damaged, or no mask.
    """
    if path.is_dir():
        each = [_origin_of_file(file) for file in _files_of(path)]
        grids = [one.grid for one in each if one.grid is not None]
        return MaskOrigin(
            any(one.names_scan for one in each),
            grids[0] if len(grids) == len(each) else None,
            any(one.in_voxels for one in each),
        )
    if not path.is_file():
        raise FileFormatError("there is no such mask", where=path.name, fix="Check the path")
    return _origin_of_file(path)


def _origin_of_file(path: Path) -> MaskOrigin:
    kind = kind_of_mask(path)
    if kind in ("dicom-seg", "rtstruct"):
        return MaskOrigin(names_scan=True)
    if kind == "csv":
        from tumorboard.study.tables import read_text_table

        present = set(read_text_table(path).frame.columns)
        in_voxels = ("slice0" in present and "x0_mm" not in present) or ("slice" in present and "x_mm" not in present)
        return MaskOrigin(names_scan=False, in_voxels=in_voxels)
    from tumorboard.scans.reading import read_label_file

    return MaskOrigin(names_scan=False, grid=read_label_file(path).grid)


def read_mask(
    path: Path,
    scan: Grid,
    series_uid: str | None,
    kind: str | None = None,
    label: int | None = None,
    *,
    frame_uid: str | None = None,
) -> Mask:
    """Read the mask of a scan: a DICOM segmentation or structure set, a NIfTI, MHA or NRRD volume, or a table.

    Parameters
    ----------
    path : Path
        A file, or a folder whose files are read one by one and put together on the scan's grid; one label in a file
        without names is then called as the file.
    scan : Grid
        The scan's.
    series_uid : str or None
        The scan's SeriesInstanceUID; None where it has none, as NIfTI has none.
    kind : str, optional
        One of `MASK_KINDS`; by default it is seen from the content.
    label : int, optional
        The label that a user wants: it has to be there, and is kept where segments overlap.
    frame_uid : str, optional
        The scan's FrameOfReferenceUID. A mask of another series in the same frame of reference is taken with a remark;
        where either frame is unknown, only if its voxels coincide with the scan's.

    Returns
    -------
    Mask
        On its own grid; see `place`.

    Raises
    ------
    FileFormatError
        Where the file is damaged, empty, lacks the label, or belongs to another scan.
    SettingsError
        For an unknown kind.
    """
    if kind is not None and kind not in MASK_KINDS:
        raise SettingsError(f"the kind of mask {kind!r} is unknown", fix=f"Give one of: {', '.join(MASK_KINDS)}")
    if path.is_dir():
        return _read_folder(path, scan, series_uid, kind, label, frame_uid)
    if not path.is_file():
        raise FileFormatError("there is no such mask", where=path.name, fix="Check the path")
    mask, on_slices = _read_file(path, scan, series_uid, kind, label)
    box = labelled_box(mask.labels)
    if box is None:
        raise empty(path.name)
    refuse_absent(label, voxels_by_label(mask.labels[box]), mask)
    remarks = _other_series(mask, scan, series_uid, frame_uid, on_slices)
    if not overlaps(box, mask.grid, scan):
        raise FileFormatError("the mask lies outside of the scan", where=path.name, fix=_OWN_MASK)
    return replace(mask, remarks=(*mask.remarks, *remarks))


def kind_of_mask(path: Path) -> str:
    """See from a file's content which of `MASK_KINDS` it is.

    Raises
    ------
    FileFormatError
        Where it is empty, cannot be read, or is no mask.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
        found = object_class(path) if start else None
    except OSError as error:
        raise FileFormatError(f"the mask cannot be read: {error.strerror}", where=path.name) from error
    if not start.strip():
        raise FileFormatError("the file is empty", where=path.name, fix="Save the mask again")
    if found is not None:
        return _dicom_kind(found, path)
    if start.startswith(b"NRRD"):
        return "nrrd"
    if start[:2] == b"\x1f\x8b" or start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] == b"n+2\0":
        return "nifti"
    if b"ElementType" in start or b"ObjectType" in start:
        return "mha"
    if b"\0" in start:
        raise FileFormatError(
            "it is no mask", where=path.name, fix="Give a DICOM-SEG, an RTSTRUCT, NIfTI, MHA, NRRD or CSV"
        )
    return "csv"


def _dicom_kind(found: str, path: Path) -> str:
    if found in SEGMENTATIONS:
        return "dicom-seg"
    if found == STRUCTURE_SET:
        return "rtstruct"
    from pydicom.uid import UID

    raise FileFormatError(
        f"it holds no mask, but {UID(found).name or 'nothing named'}",
        where=path.name,
        fix="Give a DICOM segmentation or an RT structure set",
    )


def _read_file(
    path: Path, scan: Grid, series_uid: str | None, kind: str | None, label: int | None
) -> tuple[Mask, bool | None]:
    """Read one file; with it whether its outlines lie on the scan's slices, None for what has voxels of its own."""
    found = kind_of_mask(path)
    if kind is not None and kind != found:
        raise FileFormatError(
            f"it was stated as {kind}, but is {found}", where=path.name, fix="Correct mask_kind, or leave it empty"
        )
    if found == "dicom-seg":
        from tumorboard.scans.tumour.segmentation_object import read_segmentation

        return read_segmentation(path, scan, series_uid, label), None
    if found == "rtstruct":
        from tumorboard.scans.tumour.structure_set import read_structure_set

        return read_structure_set(path, scan, series_uid, label)
    if found == "csv":
        from tumorboard.scans.tumour.table import read_outlines

        return read_outlines(path, scan, label)
    from tumorboard.scans.reading import read_label_file

    mask = as_mask(read_label_file(path))
    return replace(mask, source=path.name, names=slicer_names(path) if found == "nrrd" else mask.names), None


def _other_series(
    mask: Mask, scan: Grid, series_uid: str | None, frame_uid: str | None, on_slices: bool | None
) -> list[str]:
    """Refuse a mask of another scan; tell of one that was drawn on another series of this one's frame of reference."""
    if not mask.references or not series_uid or mask.references == series_uid:
        return []
    ends = f"its series ends in {mask.references[-8:]}, the scan's in {series_uid[-8:]}"
    if mask.frame_uid and frame_uid:
        if mask.frame_uid == frame_uid:
            return [f"it was drawn on another series of the same frame of reference ({ends})"]
        raise FileFormatError(
            f"it was drawn on another scan, in another frame of reference ({ends})", where=mask.source, fix=_OWN_MASK
        )
    if on_slices if on_slices is not None else coincides(mask.grid, scan):
        return [f"it was drawn on another series, whose voxels lie where the scan's do ({ends})"]
    raise FileFormatError(
        f"it was drawn on another series, whose voxels lie elsewhere ({ends})", where=mask.source, fix=_OWN_MASK
    )


def _read_folder(
    folder: Path, scan: Grid, series_uid: str | None, kind: str | None, label: int | None, frame_uid: str | None
) -> Mask:
    """Read each file of a folder; those of other series are left out where one is this scan's."""
    paths = _files_of(folder)
    if len(paths) == 1:
        return read_mask(paths[0], scan, series_uid, kind, label, frame_uid=frame_uid)
    if label is not None:
        raise SettingsError(
            f"a label is stated for the masks in {folder.name}, which has {len(paths)} files",
            fix="Name the file that holds it",
        )
    masks: list[Mask] = []
    refused: list[UserError] = []
    for path in paths:
        try:
            masks.append(place(_named(read_mask(path, scan, series_uid, kind, frame_uid=frame_uid)), scan))
        except UserError as error:
            refused.append(error)
    if not masks:
        raise refused[0]
    told = tuple(f"a file of the folder is left out: {error.line()}" for error in refused)
    return masks[0] if len(masks) == 1 and not told else _joined(masks, scan, folder.name, told)


def _files_of(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise FileFormatError("the folder of masks is empty", where=folder.name)
    return paths


def _named(mask: Mask) -> Mask:
    """Call a file's only label as the file, where it has no name."""
    there = voxels_by_label(mask.labels)
    if len(there) != 1 or any(mask.names.get(one) for one in there):
        return mask
    stem = mask.source.split(".")[0]
    return replace(mask, names={next(iter(there)): stem})


def _joined(masks: Sequence[Mask], scan: Grid, source: str, told: tuple[str, ...]) -> Mask:
    """Put masks together, their labels numbered anew in the order of the files."""
    names: dict[int, str] = {}
    parts: dict[int, tuple[Mask, int]] = {}
    for mask in masks:
        for own in voxels_by_label(mask.labels):
            number = len(names) + 1
            names[number], parts[number] = mask.names.get(own, ""), (mask, own)
    labels = unlabelled(scan.shape, len(names))
    overlapping = [remark for mask in masks for remark in mask.overlapping]
    for number in painting_order(names):
        mask, own = parts[number]
        inside = mask.labels == own
        shared = int(np.count_nonzero(labels[inside]))
        if shared:
            overlapping.append(f"{names[number] or number} covers {shared} voxels of others")
        labels[inside] = number
    remarks = tuple(f"{mask.source}: {remark}" for mask in masks for remark in mask.remarks)
    return Mask(labels, scan, names, tuple(overlapping), source=source, remarks=(*remarks, *told))
