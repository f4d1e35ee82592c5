"""A volume as a DICOM series: one file a slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from tumorboard.phantom.anatomy.volume import Volume
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.encoding import encode_frame
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.header import (
    AXIAL,
    add_acquisition,
    add_frame_of_reference,
    add_pixels,
    add_plane,
    add_series,
    decimal,
    study_header,
)
from tumorboard.phantom.scans.identifiers import StudyIdentity, simulated_uid
from tumorboard.phantom.scans.protocol import PlannedSeries, Split
from tumorboard.phantom.scans.scanner import ScanScanner, StoredValues
from tumorboard.phantom.scans.slice_template import SliceTemplate, file_meta

SECOND_PART_NUMBER = 100
"""What is added to the series number of a split series' second part."""

_VARYING = ("SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "SliceLocation", "PixelData")


@dataclass(frozen=True, eq=False)
class _WrittenInstance:
    """What one file says beside its pixels: what it shares with its series, and its own."""

    shared: Dataset
    own: dict[str, object]
    syntax: str

    def header(self) -> Dataset:
        image = Dataset({element.tag: element for element in self.shared})
        for keyword, value in self.own.items():
            setattr(image, keyword, value)
        image.file_meta = file_meta(str(self.shared.SOPClassUID), str(self.own["SOPInstanceUID"]), self.syntax)
        return image


@dataclass(frozen=True, eq=False)
class WrittenSeries:
    """A series as it lies in its files.

    Parameters
    ----------
    uids : tuple of str
        Its series identifiers; two where it was split.
    folders : tuple of Path
    slices : tuple of int
        Which of the grid's slices are there, each once, from the feet to the head.
    missing, doubled : int or None
        Which of the grid's slices is missing, which is there twice.
    instances : tuple of _WrittenInstance
        What the files of ``slices`` say.
    """

    uids: tuple[str, ...]
    folders: tuple[Path, ...]
    slices: tuple[int, ...]
    missing: int | None
    doubled: int | None
    instances: tuple[_WrittenInstance, ...]

    @property
    def images(self) -> tuple[Dataset, ...]:
        """Headers of the slices without their pixels, for what refers to them; made on demand, as few ask for them."""
        return tuple(instance.header() for instance in self.instances)


def stored_pixels(voxels: np.ndarray, stored: StoredValues) -> np.ndarray:
    """Give the stored values of Hounsfield units (or of MR signals), clipped to what the bits hold.

    Parameters
    ----------
    voxels : ndarray of int16
    stored : StoredValues

    Returns
    -------
    ndarray of int16 or uint16
    """
    lowest = -(1 << (stored.bits - 1)) if stored.signed else 0
    highest = lowest + (1 << stored.bits) - 1
    shifted = np.clip(voxels.astype(np.int32) - stored.intercept, lowest, highest)
    return shifted.astype(np.int16 if stored.signed else np.uint16)


def write_series(
    volume: Volume, planned: PlannedSeries, scanner: ScanScanner, identity: StudyIdentity, names: FileNames
) -> WrittenSeries:
    """Write a volume as one DICOM file a slice, with the faults that the plan asks for.

    Parameters
    ----------
    volume : Volume
    planned : PlannedSeries
    scanner : ScanScanner
    identity : StudyIdentity
    names : FileNames
        Where the files go and what they are called.

    Returns
    -------
    WrittenSeries
    """
    parts, missing, doubled = _parts(volume.grid.slices, planned)
    written: dict[int, _WrittenInstance] = {}
    uids, folders = [], []
    for part, members in enumerate(parts):
        number = planned.number + SECOND_PART_NUMBER * part
        folder = names.series_folder(number, planned.description)
        is_other_series = planned.split == Split.SERIES
        header = _series_header(volume, planned, scanner, identity, number if is_other_series else planned.number)
        first = 1 if is_other_series else 1 + sum(len(earlier) for earlier in parts[:part])
        for index, instance in _write_part(volume, planned, header, members, first, names, folder):
            written.setdefault(index, instance)
        uids.append(str(header.SeriesInstanceUID))
        folders.append(folder)
    present = tuple(sorted(written))
    return WrittenSeries(
        uids=tuple(dict.fromkeys(uids)),
        folders=tuple(dict.fromkeys(folders)),
        slices=present,
        missing=missing,
        doubled=doubled,
        instances=tuple(written[index] for index in present),
    )


def _series_header(
    volume: Volume, planned: PlannedSeries, scanner: ScanScanner, identity: StudyIdentity, number: int
) -> Dataset:
    """Give the attributes that all slices of an axial series share."""
    grid = volume.grid
    header = study_header(identity, scanner)
    moment = identity.moment(planned.seconds)
    add_series(header, identity, number=number, description=planned.description, moment=moment)
    add_frame_of_reference(header, identity)
    add_acquisition(header, identity, scanner, planned)
    is_ct = scanner.kind == ScanKind.CT
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if is_ct else "OTHER"]
    add_pixels(header, grid.rows, grid.columns, planned.stored, hounsfield=is_ct)
    add_plane(header, AXIAL, (grid.pixel_mm, grid.pixel_mm), planned.thickness_mm)
    if is_ct:
        header.ReconstructionDiameter = decimal(grid.pixel_mm * grid.columns)
    else:
        header.SpacingBetweenSlices = decimal(grid.slice_mm)
        low, high = np.percentile(volume.voxels[grid.slices // 2], (2, 99.5))
        header.WindowCenter, header.WindowWidth = decimal(round((low + high) / 2)), decimal(max(round(high - low), 1))
    return header


def _parts(slices: int, planned: PlannedSeries) -> tuple[list[list[int]], int | None, int | None]:
    """Give the slices of each part in the order of their numbers, the doubled one twice; and the faults."""
    missing, doubled = _slice_at(planned.missing_at, slices), _slice_at(planned.doubled_at, slices)
    order = [index for index in range(slices) if index != missing for _ in range(1 + (index == doubled))]
    if planned.head_first:
        order.reverse()
    half = len(order) // 2
    return ([order] if planned.split == Split.NONE else [order[:half], order[half:]]), missing, doubled


def _slice_at(place: float | None, slices: int) -> int | None:
    """Give an inner slice; a study of fewer than three has none to lose."""
    return None if place is None or slices < 3 else min(max(round(place * (slices - 1)), 1), slices - 2)


def _write_part(
    volume: Volume,
    planned: PlannedSeries,
    header: Dataset,
    members: Sequence[int],
    first: int,
    names: FileNames,
    folder: Path,
) -> Iterator[tuple[int, _WrittenInstance]]:
    """Write some slices with running numbers; yield each one's place and what it says."""
    template = SliceTemplate(header, _VARYING, planned.syntax)
    uids = [simulated_uid(header.SeriesInstanceUID, "instance", first + place) for place in range(len(members))]
    paths = names.files(folder, str(header.Modality), uids)
    for place, (index, uid, path) in enumerate(zip(members, uids, paths, strict=True)):
        x_mm, y_mm, z_mm = volume.grid.origin_mm
        z_mm += index * volume.grid.slice_mm
        values: dict[str, object] = {
            "SOPInstanceUID": uid,
            "InstanceNumber": first + place,
            "ImagePositionPatient": [decimal(x_mm), decimal(y_mm), decimal(z_mm)],
            "SliceLocation": decimal(z_mm),
        }
        pixels = stored_pixels(volume.voxels[index], planned.stored)
        frame = encode_frame(pixels, planned.syntax, planned.stored.bits)
        path.write_bytes(template.instance({**values, "PixelData": frame}))
        yield index, _WrittenInstance(header, values, planned.syntax)
