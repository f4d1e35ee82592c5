"""DICOM segmentations (DICOM PS3.3 A.51): binary, fractional and label maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour.dicom_object import DAMAGED, damaged, open_object
from tumorboard.scans.tumour.frame_grid import Frames, frame_grid
from tumorboard.scans.tumour.mask import Labels, Mask, unlabelled
from tumorboard.scans.tumour.meaning import painting_order
from tumorboard.scans.volume import Grid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

THRESHOLD = 0.5
"""A voxel of a fractional segment belongs to it from this share of the highest value on."""
_MOST_VOXELS = 2**29
_ENGLISH = {
    "4147007": "Mass",
    "M-03000": "Mass",
    "108369006": "Neoplasm",
    "M-8FFFF": "Neoplasm",
    "372087000": "Neoplasm, primary",
    "86049000": "Neoplasm, primary",
    "14799000": "Neoplasm, secondary",
    "702391001": "Renal cell carcinoma",
    "52988006": "Lesion",
    "M-01100": "Lesion",
    "367643001": "Cyst",
    "M-3340A": "Cyst",
    "64033007": "Kidney",
    "T-71000": "Kidney",
}
"""SNOMED CT and SNOMED RT codes of DICOM CID 7159 and 7166, whose meaning a file may give in another language."""


def read_segmentation(path: Path, scan: Grid, series_uid: str | None = None, label: int | None = None) -> Mask:
    """Read a DICOM segmentation on its own grid.

    Parameters
    ----------
    path : Path
    scan : Grid
        The scan's, for the distance of slices where the frames do not give it.
    series_uid : str, optional
        The scan's; taken as the referenced one where the file refers to several.
    label : int, optional
        The segment that a user wants; it is kept where segments overlap.

    Returns
    -------
    Mask
        Its labels are segment numbers, its names ``label (type, region)`` by their codes. Slices without a frame are
        empty. Where segments overlap, masses are kept before cysts, kidneys and others.

    Raises
    ------
    FileFormatError
        Where it is damaged or cut off, lies in no scan (as a slide's), or its pixels cannot be unpacked.
    """
    dataset = open_object(path)
    try:
        frames = _frames(dataset, path)
        names = {int(one.SegmentNumber): _name(one) for one in dataset.SegmentSequence}
        kind = str(dataset.SegmentationType)
        pictures = _pictures(dataset, len(frames.positions_mm), path)
        grid, places, remarks = frame_grid(frames, scan, _refers_to(dataset, series_uid), path.name)
        _refuse_huge(grid.shape, path)
        if kind == "LABELMAP":
            labels, overlapping = _label_map(grid, places, pictures, int(dataset.BitsAllocated))
        else:
            stored = _Stored(names, frames.segments, places, pictures, _threshold(dataset, kind))
            labels, overlapping = _segments(grid, stored, label)
    except DAMAGED as error:
        raise damaged(path, error) from error
    if kind == "FRACTIONAL":
        remarks = (*remarks, f"its fractional segments are cut at {THRESHOLD:g} of the highest value")
    names.pop(0, None)
    return Mask(
        labels,
        grid,
        names,
        overlapping,
        _reference(dataset, series_uid),
        source=path.name,
        frame_uid=str(dataset.get("FrameOfReferenceUID", "")) or None,
        remarks=remarks,
    )


@dataclass(frozen=True, eq=False)
class _Stored:
    """Segments' names, each frame's segment, slice and picture, and from which value on a voxel belongs to it."""

    names: dict[int, str]
    segments: list[int]
    places: NDArray[np.int64]
    pictures: Callable[[], Iterator[NDArray[Any]]]
    threshold: int


def _frames(dataset: Dataset, path: Path) -> Frames:
    """Collect where each frame lies and which segment it shows."""
    shared = dataset.SharedFunctionalGroupsSequence[0] if "SharedFunctionalGroupsSequence" in dataset else None
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(groups) != int(dataset.get("NumberOfFrames", 1)):
        raise FileFormatError(
            f"it describes {len(groups)} of {int(dataset.NumberOfFrames)} frames",
            where=path.name,
            fix="Export it again",
        )

    def of(group: Dataset, sequence: str) -> Dataset:
        for holder in (group, shared):
            if holder is not None and sequence in holder and len(holder[sequence].value):
                found: Dataset = holder[sequence].value[0]
                return found
        raise FileFormatError(
            f"its frames lack {sequence}, so that they have no place in a patient",
            where=path.name,
            fix="Give a segmentation that was drawn on a CT or MR",
        )

    is_map = str(dataset.SegmentationType) == "LABELMAP"
    measures = of(groups[0], "PixelMeasuresSequence")
    apart = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    return Frames(
        (int(dataset.Rows), int(dataset.Columns)),
        np.array([[float(v) for v in of(group, "PlanePositionSequence").ImagePositionPatient] for group in groups]),
        np.array(
            [[float(v) for v in of(group, "PlaneOrientationSequence").ImageOrientationPatient] for group in groups]
        ),
        (float(measures.PixelSpacing[0]), float(measures.PixelSpacing[1])),
        abs(float(apart)) if apart else None,
        [0 if is_map else int(of(group, "SegmentIdentificationSequence").ReferencedSegmentNumber) for group in groups],
    )


def _refers_to(dataset: Dataset, series_uid: str | None) -> bool:
    return series_uid is not None and series_uid in _references(dataset)


def _references(dataset: Dataset) -> list[str]:
    return [str(one.SeriesInstanceUID) for one in dataset.get("ReferencedSeriesSequence") or ()]


def _reference(dataset: Dataset, series_uid: str | None) -> str | None:
    references = _references(dataset)
    if series_uid in references:
        return series_uid
    return references[0] if references else None


def _name(segment: Dataset) -> str:
    """Join a segment's label with the meanings of its codes, those in English where they are known."""
    codes = list(segment.get("SegmentedPropertyTypeCodeSequence") or ())
    codes += list(segment.get("AnatomicRegionSequence") or ())
    meanings = [_ENGLISH.get(str(code.get("CodeValue", "")), str(code.get("CodeMeaning", ""))) for code in codes]
    label = str(segment.get("SegmentLabel", "")).replace("(", "[").replace(")", "]").strip()
    coded = ", ".join(meaning for meaning in dict.fromkeys(meanings) if meaning)
    return f"{label} ({coded})".strip() if coded else label


def _threshold(dataset: Dataset, kind: str) -> int:
    if kind == "BINARY":
        return 1
    if kind == "FRACTIONAL":
        return math.ceil(THRESHOLD * int(dataset.MaximumFractionalValue))
    raise ValueError(kind)


def _refuse_huge(shape: tuple[int, int, int], path: Path) -> None:
    if np.prod(shape, dtype=float) > _MOST_VOXELS:
        raise FileFormatError(
            f"its frames span {shape[0]} x {shape[1]} x {shape[2]} voxels, more than any scan has",
            where=path.name,
            fix="Export it again",
        )


def _pictures(dataset: Dataset, frames: int, path: Path) -> Callable[[], Iterator[NDArray[Any]]]:
    """Give a way to go through the frames' pixels, having looked whether all of them are there."""
    rows, columns, bits = int(dataset.Rows), int(dataset.Columns), int(dataset.BitsAllocated)
    if "PixelData" not in dataset:
        raise FileFormatError("it holds no pixels, or is cut off before them", where=path.name, fix="Export it again")
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return lambda: _unpacked(dataset, frames, path)
    data, pixels = dataset.PixelData, rows * columns
    if len(data) * 8 < frames * pixels * bits:
        raise FileFormatError(
            f"it is cut off: {len(data)} of {frames * pixels * bits // 8} bytes of pixels are there",
            where=path.name,
            fix="Copy or export it again",
        )
    if bits == 1:
        return lambda: (_bits(data, number * pixels, pixels).reshape(rows, columns) for number in range(frames))
    stored = np.frombuffer(data, np.dtype("u1" if bits == 8 else "<u2"), frames * pixels)
    return lambda: iter(stored.reshape(frames, rows, columns))


def _bits(data: bytes, first: int, count: int) -> NDArray[np.uint8]:
    """Unpack bits, the lowest of a byte first; a frame need not start with a byte."""
    start, behind = first // 8, -(-(first + count) // 8)
    unpacked = np.unpackbits(np.frombuffer(data, np.uint8, behind - start, start), bitorder="little")
    return unpacked[first - 8 * start :][:count]


def _unpacked(dataset: Dataset, frames: int, path: Path) -> Iterator[NDArray[Any]]:
    from pydicom.pixels.utils import iter_pixels

    count = 0
    try:
        for picture in iter_pixels(dataset, raw=True):
            count += 1
            yield picture
    except (RuntimeError, NotImplementedError, *DAMAGED) as error:
        syntax = dataset.file_meta.TransferSyntaxUID.name
        raise FileFormatError(
            f"its pixels ({syntax}) cannot be unpacked ({type(error).__name__})",
            where=path.name,
            fix="Export it without compression",
        ) from error
    if count != frames:
        raise FileFormatError(f"it is cut off: {count} of {frames} frames are there", where=path.name)


def _label_map(
    grid: Grid, places: NDArray[np.int64], pictures: Callable[[], Iterator[NDArray[Any]]], bits: int
) -> tuple[Labels, tuple[str, ...]]:
    labels = unlabelled(grid.shape, 2**bits - 1)
    for place, picture in zip(places, pictures(), strict=True):
        labels[place] = picture
    return labels, ()


def _segments(grid: Grid, stored: _Stored, label: int | None) -> tuple[Labels, tuple[str, ...]]:
    """Paint segments over each other, what matters most last."""
    order = painting_order(stored.names, label)
    rank = {segment: number for number, segment in enumerate(order, start=1)}
    drawn = []
    for segment, place, picture in zip(stored.segments, stored.places, stored.pictures(), strict=True):
        inside = picture >= stored.threshold
        rows = np.flatnonzero(inside.any(axis=1))
        if rows.size:
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            drawn.append((rank[segment], segment, int(place), part, inside[part].copy()))
    labels = unlabelled(grid.shape, max(order))
    covered: dict[int, int] = {}
    # frames may come in any order
    for _, segment, place, part, inside in sorted(drawn, key=lambda one: one[0]):
        below = labels[place, part]
        shared = below[inside]
        covered[segment] = covered.get(segment, 0) + int(np.count_nonzero((shared != 0) & (shared != segment)))
        below[inside] = segment
    overlapping = tuple(
        f"segment {segment}, {stored.names[segment]}, covers {count} voxels of others"
        for segment, count in covered.items()
        if count
    )
    return labels, overlapping
