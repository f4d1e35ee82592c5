"""Every series and volume that a patient's rows lead to, before one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.preparation.joining import join_pieces
from tumorboard.scans.preparation.task import ScanSource
from tumorboard.scans.reading import (
    VOLUME_ENDINGS,
    FoundSeries,
    Series,
    find_series,
    read_series,
    read_volume_file,
)
from tumorboard.scans.reading.stacking import stack
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.volume import PLANES, Grid, Plane, Volume, turn

_IMAGES = ("CT", "MR")
_FAULTS_TOLD = 2
_FILE = "file:"
_FARTHER = 1.2
"""Slices this much farther apart than pixels are seen as slices."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A series or a volume file that could be taken.

    Parameters
    ----------
    facts : SeriesFacts
        Of a volume file, which has no SeriesInstanceUID and no description: see `is_file`.
    sources : tuple of ScanSource
        The rows that lead to it.
    series : Series or None
        None for a volume file.
    volume : Volume or None
        The volume file, where it was read already and is the patient's only one: unpacking it twice takes long.
    file_grid : Grid or None
        Of a volume file, in patient axes.
    """

    facts: SeriesFacts
    sources: tuple[ScanSource, ...]
    series: Series | None = None
    volume: Volume | None = None
    file_grid: Grid | None = None

    @property
    def source(self) -> ScanSource:
        """The first row that leads to it."""
        return self.sources[0]

    @cached_property
    def grid(self) -> Grid | None:
        """Its voxels in patient axes, known without reading them; None for what is no volume."""
        if self.series is None:
            return self.file_grid
        if self.facts.modality not in _IMAGES:
            return None
        try:
            grid = stack(self.series.frames).grid
        except FileFormatError:  # it is told where the series is taken
            return None
        return turn(np.broadcast_to(np.False_, grid.shape), grid)[1]

    def read(self) -> Volume:
        """Read it, in patient axes.

        Raises
        ------
        FileFormatError
            It is damaged, or no volume.
        """
        if self.series is not None:
            volume = read_series(self.series)
        else:
            volume = self.volume or read_volume_file(self.source.path, self.source.modality)
        voxels, grid = turn(volume.voxels, volume.grid)
        return replace(volume, voxels=np.ascontiguousarray(voxels), grid=grid)


@dataclass(frozen=True, eq=False)
class Candidates:
    """All that was found.

    Parameters
    ----------
    each : tuple of Candidate
        With objects that are no images, which are never chosen.
    remarks : tuple of str
        On files that could not be read.
    others : tuple of (SeriesFacts, str)
        Series of another modality than the rows state, each with the reason why it is left out.
    fault : FileFormatError or None
        Why none may be taken: there is no image of a stated modality, or the files are of several patients.
    """

    each: tuple[Candidate, ...]
    remarks: tuple[str, ...]
    others: tuple[tuple[SeriesFacts, str], ...] = ()
    fault: FileFormatError | None = None


def find_candidates(sources: Sequence[ScanSource]) -> Candidates:
    """Look through a patient's rows.

    Parameters
    ----------
    sources : sequence of ScanSource

    Returns
    -------
    Candidates

    Raises
    ------
    FileFormatError
        A path is not there, or a volume file cannot be read.
    """
    each: list[Candidate] = []
    remarks: list[str] = []
    faults: list[FileFormatError] = []
    others: list[tuple[Series, str]] = []
    masks = tuple(source.mask for source in sources if source.mask)
    for source in sources:
        if not source.path.exists():
            raise FileFormatError(f"there is no such scan: {source.path.name}", fix="Correct its path in scans.csv")
        if is_volume_file(source):
            each.append(_volume_file(source, keep=len(sources) == 1))
            continue
        found = find_series([source.path])
        found = replace(found, left_out=tuple(file for file in found.left_out if not _is_mask(file.path, masks)))
        own = [Candidate(series.facts, (source,), series) for series in found.series if _is_stated(series, source)]
        each += own
        others += [(series, _of_other_modality(series, source)) for series in found.series if series not in _of(own)]
        faults += _none_of_modality(own, found, source)
        remarks += _left_out(found)
    each = _each_once(each)
    others = [(series, reason) for series, reason in others if series.files not in {one.files for one in _of(each)}]
    stated = {source.series_uid for source in sources if source.series_uid}
    faults += [] if stated else _several_patients([*_of(each), *(series for series, _ in others)])
    keys = _patients_of_stated(each, stated)
    return Candidates(
        tuple(one for one in _with_pieces_joined(each) if _is_of(one.series, keys)),
        tuple(dict.fromkeys(remarks)),
        tuple(dict.fromkeys((series.facts, reason) for series, reason in others if _is_of(series, keys))),
        faults[0] if faults else None,
    )


def _of(each: Sequence[Candidate]) -> list[Series]:
    return [candidate.series for candidate in each if candidate.series]


def _each_once(each: Sequence[Candidate]) -> list[Candidate]:
    """Make one candidate of a series to which several rows lead, by whatever folders."""
    rows: dict[SeriesFacts, list[ScanSource]] = {}
    for candidate in each:
        rows.setdefault(candidate.facts, []).append(candidate.source)
    first = {candidate.facts: candidate for candidate in reversed(each)}
    return [replace(first[facts], sources=tuple(sources)) for facts, sources in rows.items()]


def _several_patients(series: Sequence[Series]) -> list[FileFormatError]:
    patients = {one.patient_key for one in series if one.patient_key}
    if len(patients) < 2:
        return []
    fix = "Give each patient a folder, or state the series in scans.csv (series_uid)"
    return [FileFormatError(f"the headers name {len(patients)} patients", fix=fix)]


def _patients_of_stated(each: Sequence[Candidate], stated: set[str]) -> set[str]:
    """Tell whose the stated series are: another patient's in the same folder are not this one's to be told of."""
    return {series.patient_key for series in _of(each) if series.facts.series_uid in stated and series.patient_key}


def _is_of(series: Series | None, keys: set[str]) -> bool:
    return series is None or not keys or not series.patient_key or series.patient_key in keys


def _with_pieces_joined(each: Sequence[Candidate]) -> list[Candidate]:
    """Make one candidate of the pieces of one series, called as the user calls one of them."""
    stated = {source.series_uid for candidate in each for source in candidate.sources if source.series_uid}
    sources = {file: candidate.sources for candidate in each if candidate.series for file in candidate.series.files}
    files = [candidate for candidate in each if candidate.series is None]
    joined = join_pieces(_of(each), stated)
    rows = [dict.fromkeys(row for file in series.files for row in sources[file]) for series in joined]
    return [*(Candidate(one.facts, tuple(own), one) for one, own in zip(joined, rows, strict=True)), *files]


def is_volume_file(source: ScanSource) -> bool:
    """Whether a row names a volume in one file: NIfTI, MetaImage or NRRD."""
    return source.path.is_file() and source.path.name.lower().endswith(tuple(VOLUME_ENDINGS))


def is_file(facts: SeriesFacts) -> bool:
    """Whether facts are those of a volume file; in place of a SeriesInstanceUID they have its path."""
    return facts.series_uid.startswith(_FILE)


def stated_path(facts: SeriesFacts) -> str:
    """Return the path of a volume file as the table has it."""
    return facts.series_uid.removeprefix(_FILE)


def _volume_file(source: ScanSource, *, keep: bool) -> Candidate:
    volume = read_volume_file(source.path, source.modality)
    grid = turn(volume.voxels, volume.grid)[1]
    plane = _acquired(grid)
    along = 0 if plane is None else PLANES.index(plane)
    facts = SeriesFacts(
        _FILE + source.stated_path,
        source.modality,
        grid.shape[along],
        plane=plane,
        slice_mm=float(grid.spacing_mm[along]),
        pixel_mm=float(min(grid.spacing_mm)),
    )
    return Candidate(facts, (source,), volume=volume if keep else None, file_grid=grid)


def _acquired(grid: Grid) -> Plane | None:
    """Tell in which plane the slices lie, which are farther apart than their pixels; None where they are not."""
    spacing = grid.spacing_mm
    along = int(np.argmax(spacing))
    return PLANES[along] if spacing[along] > _FARTHER * np.delete(spacing, along).max() else None


def _is_stated(series: Series, source: ScanSource) -> bool:
    """Tell whether a series is of the modality that its row states, or no image at all."""
    return series.facts.modality == source.modality or series.facts.modality not in _IMAGES


def _of_other_modality(series: Series, source: ScanSource) -> str:
    return f"{series.facts.modality}, in a folder that scans.csv gives as {source.modality}"


def _none_of_modality(own: Sequence[Candidate], found: FoundSeries, source: ScanSource) -> list[FileFormatError]:
    """Tell that a row leads to no image of the modality that it states."""
    if any(candidate.facts.modality == source.modality for candidate in own):
        return []
    there = sorted({series.facts.modality for series in found.series})
    fault = FileFormatError(
        f"there is no {source.modality} series"
        + (f", only {', '.join(there)}" if there else "")
        + (f"; {'; '.join(_left_out(found))}" if found.left_out else ""),
        where=source.stated_path,
        fix="Correct path or modality in scans.csv" + (", or fetch the files again" if found.left_out else ""),
    )
    return [fault]


def _is_mask(path: Path, masks: Sequence[Path]) -> bool:
    return any(path == mask or mask in path.parents for mask in masks)


def _left_out(found: FoundSeries) -> list[str]:
    if not found.left_out:
        return []
    told = [f"{file.path.name}: {file.reason}" for file in found.left_out[:_FAULTS_TOLD]]
    more = len(found.left_out) - len(told)
    files = f"{len(found.left_out)} file{'s were' if len(found.left_out) > 1 else ' was'} passed over"
    return [f"{files}: {'; '.join(told)}" + (f"; and {more} more" if more else "")]
