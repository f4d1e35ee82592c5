"""From the images of one series to its volume."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.array_file import LARGEST_BYTES, check_size
from tumorboard.scans.reading.decoding import FrameReader
from tumorboard.scans.reading.found import Frame, Series
from tumorboard.scans.reading.scaling import AIR_HU, Padding, Scale, checked_units, in_units, padding_of, scale_of
from tumorboard.scans.reading.stacking import Stacked, stack
from tumorboard.scans.reading.straightening import straighten
from tumorboard.scans.reading.syntax import printable
from tumorboard.scans.volume import Volume, Voxels

_INVERTED, _GREY = "MONOCHROME1", "MONOCHROME2"


def read_series(series: Series, *, largest_bytes: int = LARGEST_BYTES) -> Volume:
    """Read a series of CT or MR images as one volume.

    Images are put in order by their positions along the normal, never by their numbers. Each slice has to lie within a
    tenth of a step of where equal steps put it. Slices that are missing (at most one in ten, at most three in a row)
    are interpolated linearly; a slice that is there twice with the same pixels is taken once; a tilted gantry's slices
    are shifted until axes are at right angles. Each of these is told in a remark.

    Parameters
    ----------
    series : Series
        As `find_series` returns it.
    largest_bytes : int
        Refuse a volume that would take more memory, before it is taken.

    Returns
    -------
    Volume
        Hounsfield units for CT; for MR the rescaled values. Pixels that the header declares as padding are -1024 HU, or
        an MR's lowest value.

    Raises
    ------
    FileFormatError
        If it is neither CT nor MR, in colour, of one slice, larger than allowed, not one stack of equal steps, or its
        files are damaged.
    """
    where = _name(series)
    try:
        return _read(series, largest_bytes)
    except FileFormatError as fault:
        raise FileFormatError(
            fault.what, where=f"{where}, {fault.where}" if fault.where else where, fix=fault.fix
        ) from fault
    except MemoryError as fault:
        raise FileFormatError("it does not fit in this machine's memory", where=where) from fault


def _name(series: Series) -> str:
    number = "" if series.facts.number is None else f" {series.facts.number}"
    part = f", part {series.part} of {series.parts}" if series.parts > 1 else ""
    return f"series{number} in {series.files[0].parent.name}{part}" if series.files else f"series{number}"


def _read(series: Series, largest_bytes: int) -> Volume:
    modality = _checked_modality(series)
    stacked = stack(series.frames)
    scale = scale_of(series.frames, modality)
    _check_size(stacked, scale, largest_bytes)
    voxels, padding, remarks = _voxels(stacked, scale)
    scale = checked_units(voxels, scale)
    remarks += [*_photometric(series, voxels, modality)]
    lowest = _fill_padding(voxels, padding, modality)
    _fill_missing(voxels, stacked)
    grid = stacked.grid
    if stacked.tilt_degrees:
        voxels, grid = straighten(voxels, grid, AIR_HU if modality == "CT" else lowest)
    return Volume(voxels, grid, modality, (*series.remarks, *stacked.remarks, *scale.remarks, *remarks))


def _checked_modality(series: Series) -> Literal["CT", "MR"]:
    modality = series.facts.modality
    if modality != "CT" and modality != "MR":
        raise FileFormatError(f"its modality is {printable(modality) or 'not stated'}; a volume is read from CT or MR")
    if not series.frames:
        raise FileFormatError("it holds no images that say where they lie")
    for frame in series.frames:
        file = frame.file
        if file.samples != 1 or file.photometric not in (_GREY, _INVERTED):
            raise FileFormatError(f"its images are in colour ({file.samples} x {printable(file.photometric)})")
        if file.bits_allocated not in (8, 16, 32):
            raise FileFormatError(f"its images have {file.bits_allocated} bits a pixel")
    return "CT" if modality == "CT" else "MR"


def _check_size(stacked: Stacked, scale: Scale, largest_bytes: int) -> None:
    stored = max((frame.file.bits_allocated + 7) // 8 for group in stacked.places for frame in group)
    check_size(stacked.grid.shape, max(stored, 2) if scale.is_whole else 4, largest_bytes)


def _voxels(stacked: Stacked, scale: Scale) -> tuple[Voxels, dict[int, Padding], list[str]]:
    voxels = np.empty(stacked.grid.shape, np.int16 if scale.is_whole else np.float32)
    padding: dict[int, Padding] = {}
    remarks: list[str] = []
    doubled = 0
    with FrameReader() as reader:
        for place, group in enumerate(stacked.places):
            for number, frame in enumerate(group):
                stored = reader.read(frame)
                units = in_units(stored, frame, scale)
                if number:
                    _check_doubled(units, voxels[place], frame, group[0])
                    doubled += 1
                    continue
                if units.dtype == np.int32 and voxels.dtype == np.int16:
                    voxels = voxels.astype(np.int32)
                voxels[place] = units
                found, remark = padding_of(stored, frame, scale)
                if found:
                    padding[place] = found
                if remark and remark not in remarks:
                    remarks.append(remark)
    if doubled:
        remarks.append(f"{doubled} slices doubled (same place, same pixels), each taken once")
    return voxels, padding, remarks


def _check_doubled(units: Voxels, first: Voxels, frame: Frame, other: Frame) -> None:
    if not np.array_equal(units, first):
        raise FileFormatError(
            f"{other.file.path.name} and {frame.file.path.name} lie at one place and show different pixels",
            fix="Keep one acquisition of the series in the folder",
        )


def _photometric(series: Series, voxels: Voxels, modality: str) -> list[str]:
    """Turn an MR that is stored with bright as dark; a CT's Hounsfield units mean the same either way."""
    kinds = {frame.file.photometric for frame in series.frames}
    if _INVERTED not in kinds:
        return []
    if modality == "CT":
        return ["images are to be shown inverted (MONOCHROME1); Hounsfield units are taken as they are"]
    if len(kinds) > 1:
        raise FileFormatError("some of its images are inverted (MONOCHROME1) and others are not")
    np.subtract(voxels.min() + voxels.max(), voxels, out=voxels)
    return ["images were stored inverted (MONOCHROME1) and turned"]


def _fill_padding(voxels: Voxels, padding: dict[int, Padding], modality: str) -> float:
    """Give padding its value, in place; return the lowest value of the volume."""
    shape = (voxels.shape[1], voxels.shape[2])
    if modality == "CT":
        for place, found in padding.items():
            voxels[place][found.where(shape)] = AIR_HU
        return AIR_HU
    lowest = min(
        (
            float(image[~padding[place].where(shape)].min(initial=image.max()) if place in padding else image.min())
            for place, image in enumerate(voxels)
        ),
    )
    for place, found in padding.items():
        voxels[place][found.where(shape)] = lowest
    return lowest


def _fill_missing(voxels: Voxels, stacked: Stacked) -> None:
    there = np.array([place for place, group in enumerate(stacked.places) if group])
    for place, group in enumerate(stacked.places):
        if group:
            continue
        after = int(np.searchsorted(there, place))
        low, high = int(there[after - 1]), int(there[after])
        share = (place - low) / (high - low)
        between = voxels[low] * np.float32(1 - share) + voxels[high] * np.float32(share)
        voxels[place] = between if voxels.dtype.kind == "f" else np.rint(between)
