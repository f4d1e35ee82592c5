"""The series below some folders, from their headers alone."""

from __future__ import annotations

import hashlib
import secrets
import warnings
from collections.abc import Sequence
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.facts import FACT_TAGS, facts_of
from tumorboard.scans.reading.found import FoundSeries, Series
from tumorboard.scans.reading.header import Header, read_header
from tumorboard.scans.reading.image_frames import TAGS, frames_of
from tumorboard.scans.reading.lookup import Lookup, frame_lookups
from tumorboard.scans.reading.splitting import Stack, frame_order, split
from tumorboard.scans.reading.walking import files_below
from tumorboard.study.image_files import LeftOut

_KEY = secrets.token_bytes(16)
"""Identifiers are few and guessable; without this a key could be traced back to one."""
_INSTEAD_OF_UID = ("Modality", "SeriesNumber", "SeriesDescription", "SeriesTime", "FrameOfReferenceUID")
_UNNAMED = "its headers do not identify the series; images of one folder and description were taken together"


class _Entry:
    """One readable file: what grouping needs of it."""

    def __init__(self, header: Header) -> None:
        self.path = header.path
        self.series_key = _series_key(header)
        self.is_named = header.get("SeriesInstanceUID") is not None
        self.sop_uid = str(header.get("SOPInstanceUID") or "")
        self.patient_key = patient_key(header)
        self.images = _images(header)
        self.frames = frames_of(header)
        self.order = (
            str(header.get("StudyInstanceUID") or ""),
            Lookup(header).number("SeriesNumber") or 0.0,
            self.series_key,
        )

    @property
    def identity(self) -> tuple[object, ...]:
        """What two copies of a file share."""
        return self.sop_uid, self.images, self.frames[0].number if self.frames else None, self._position

    @property
    def _position(self) -> tuple[float, ...] | None:
        return self.frames[0].position if self.frames else None


def find_series(paths: Sequence[Path]) -> FoundSeries:
    """Find the series below some folders, whatever the order and names of their files.

    Files are recognised as DICOM by content and read up to their pixels. A series that holds several stacks (dynamic
    MR, several phases or echoes, a localizer among slices) becomes several `Series`, each with a remark.

    Parameters
    ----------
    paths : sequence of Path
        Folders and files.

    Returns
    -------
    FoundSeries
        With every file below the folders either in a series or left out with a reason.

    Raises
    ------
    FileFormatError
        If a path does not exist or is a zip archive.

    Examples
    --------
    >>> from pathlib import Path
    >>> find_series([]).series
    ()
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of every value that breaks the standard
        return _found(*files_below([Path(path) for path in paths]))


def _found(files: list[Path], left_out: list[LeftOut]) -> FoundSeries:
    groups: dict[tuple[str, str, str], list[_Entry]] = {}
    for path in files:
        try:
            entry = _Entry(read_header(path, TAGS))
        except FileFormatError as fault:
            left_out.append(LeftOut(path, fault.what))
            continue
        groups.setdefault((entry.patient_key, entry.order[0], entry.series_key), []).append(entry)
    found: list[tuple[object, list[Series]]] = []
    for entries in groups.values():
        kept, copies = _without_copies(entries)
        left_out += copies
        found.append(((min(entry.order for entry in kept), _first_uid(kept)), _series(kept)))
    found.sort(key=lambda one: one[0])  # type: ignore[arg-type, return-value]
    series = tuple(one for _, group in found for one in group)
    return FoundSeries(series, tuple(sorted(left_out, key=lambda one: one.path)))


def _series_key(header: Header) -> str:
    """Return what files of one series share; where an anonymiser emptied its identifier, folder and description."""
    uid = str(header.get("SeriesInstanceUID") or "")
    if uid:
        return uid
    words = [str(header.get(keyword) or "") for keyword in _INSTEAD_OF_UID]
    if not words[0]:
        raise FileFormatError("it does not say which series it belongs to")
    return "\0".join([str(header.path.parent), *words])


def patient_key(header: Header) -> str:
    """Return a key of the patient whom a file is of, without the patient's identifiers; empty where it names none."""
    words = [str(header.get("PatientID") or "").strip().upper()]
    if not words[0]:
        words = [str(header.get(keyword) or "").strip().upper() for keyword in ("PatientName", "PatientBirthDate")]
    if not any(words):
        return ""
    return hashlib.blake2b("\0".join(words).encode(), key=_KEY, digest_size=8).hexdigest()


def _images(header: Header) -> int:
    try:
        return max(1, int(header.get("NumberOfFrames") or 1))
    except (TypeError, ValueError):
        return 1


def _first_uid(entries: list[_Entry]) -> str:
    return min(entry.sop_uid for entry in entries)


def _without_copies(entries: list[_Entry]) -> tuple[list[_Entry], list[LeftOut]]:
    """Leave out files that are, byte for byte, the same as another one of the series."""
    kept: dict[tuple[object, ...], list[_Entry]] = {}
    copies: list[LeftOut] = []
    for entry in entries:
        others = kept.setdefault(entry.identity, [])
        first = next((other for other in others if _same_bytes(entry.path, other.path)), None)
        if first is None:
            others.append(entry)
        else:
            copies.append(LeftOut(entry.path, f"a copy of {first.path.name}"))
    return [entry for others in kept.values() for entry in others], copies


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while piece := first.read(1 << 20):
            if piece != second.read(1 << 20):
                return False
    return True


def _series(entries: list[_Entry]) -> list[Series]:
    by_path = {entry.path: entry for entry in entries}
    frames = [frame for entry in entries for frame in entry.frames]
    others = [entry for entry in entries if not entry.frames]
    stacks: list[Stack | list[_Entry]] = [*split(frames)] if frames else []
    if others:
        stacks.append(others)
    return [
        _image_series(stack, by_path, number, len(stacks))
        if isinstance(stack, Stack)
        else _other_series(stack, number, len(stacks))
        for number, stack in enumerate(stacks, 1)
    ]


def _image_series(stack: Stack, by_path: dict[Path, _Entry], part: int, parts: int) -> Series:
    frames = tuple(sorted(stack.frames, key=frame_order))
    first = frames[0]
    lookup = frame_lookups(read_header(first.file.path, FACT_TAGS))[first.index]
    files = tuple(dict.fromkeys(frame.file.path for frame in frames))
    is_named = by_path[files[0]].is_named
    remarks = tuple(remark for remark in ("" if is_named else _UNNAMED, stack.remark) if remark)
    return Series(
        facts_of(lookup, frames, len(frames)), files, by_path[files[0]].patient_key, frames, part, parts, remarks
    )


def _other_series(entries: list[_Entry], part: int, parts: int) -> Series:
    ordered = sorted(entries, key=lambda entry: (entry.sop_uid, entry.path.name))
    lookup = Lookup(read_header(ordered[0].path, FACT_TAGS))
    files = tuple(entry.path for entry in ordered)
    images = sum(entry.images for entry in ordered)
    return Series(facts_of(lookup, (), images), files, ordered[0].patient_key, (), part, parts)
