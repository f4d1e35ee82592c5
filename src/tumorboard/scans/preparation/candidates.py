"""Every series and volume that a patient's rows lead to, before one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.volume import Volume, turn

_IMAGES = ("CT", "MR")
_FAULTS_TOLD = 2


@dataclass(frozen=True, eq=False)
class Candidate:
    """A series or a volume file that could be taken.

    Parameters
    ----------
    facts : SeriesFacts
        With an empty ``series_uid`` for a volume file, which has none.
    source : ScanSource
        The row that leads to it.
    series : Series or None
        None for a volume file.
    volume : Volume or None
        The volume file, where it was read already and is the patient's only one: unpacking it twice takes long.
    """

    facts: SeriesFacts
    source: ScanSource
    series: Series | None = None
    volume: Volume | None = None

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
        With those that are no images of the stated modality, which are never chosen.
    remarks : tuple of str
        On files that could not be read.
    """

    each: tuple[Candidate, ...]
    remarks: tuple[str, ...]


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
        There is no image of a stated modality, or the files are of several patients.
    """
    each: list[Candidate] = []
    remarks: list[str] = []
    patients: set[str] = set()
    masks = tuple(source.mask for source in sources if source.mask)
    for source in sources:
        if is_volume_file(source):
            each.append(_volume_file(source, keep=len(sources) == 1))
            continue
        found = find_series([source.path])
        patients |= {series.patient_key for series in found.series if series.patient_key}
        found = replace(found, left_out=tuple(file for file in found.left_out if not _is_mask(file.path, masks)))
        each += _of_modality(found, source)
        remarks += _left_out(found)
    if len(patients) > 1 and not any(source.series_uid for source in sources):
        raise FileFormatError(
            f"the headers name {len(patients)} patients",
            fix="Give each patient a folder, or state the series in scans.csv (series_uid)",
        )
    return Candidates(tuple(_with_pieces_joined(each)), tuple(remarks))


def _with_pieces_joined(each: Sequence[Candidate]) -> list[Candidate]:
    """Make one candidate of the pieces of one series, called as the user calls one of them."""
    stated = {candidate.source.series_uid for candidate in each if candidate.source.series_uid}
    sources = {file: candidate.source for candidate in each if candidate.series for file in candidate.series.files}
    joined = join_pieces([candidate.series for candidate in each if candidate.series], stated)
    files = [candidate for candidate in each if candidate.series is None]
    return [*(Candidate(series.facts, sources[series.files[0]], series) for series in joined), *files]


def is_volume_file(source: ScanSource) -> bool:
    """Whether a row names a volume in one file: NIfTI, MetaImage or NRRD."""
    return source.path.is_file() and source.path.name.lower().endswith(tuple(VOLUME_ENDINGS))


def _volume_file(source: ScanSource, *, keep: bool) -> Candidate:
    volume = read_volume_file(source.path, source.modality)
    grid = turn(volume.voxels, volume.grid)[1]
    facts = SeriesFacts(
        "",
        source.modality,
        grid.shape[0],
        description=source.stated_path,
        plane="transversal",
        slice_mm=float(grid.spacing_mm[0]),
        pixel_mm=float(grid.spacing_mm[2]),
    )
    return Candidate(facts, source, volume=volume if keep else None)


def _of_modality(found: FoundSeries, source: ScanSource) -> list[Candidate]:
    """Leave out images of another modality than the row states."""
    own = [
        Candidate(series.facts, source, series)
        for series in found.series
        if series.facts.modality == source.modality or series.facts.modality not in _IMAGES
    ]
    if not any(candidate.facts.modality == source.modality for candidate in own):
        there = sorted({series.facts.modality for series in found.series})
        raise FileFormatError(
            f"there is no {source.modality} series"
            + (f", only {', '.join(there)}" if there else "")
            + (f"; {'; '.join(_left_out(found))}" if found.left_out else ""),
            where=source.stated_path,
            fix="Correct path or modality in scans.csv" + (", or fetch the files again" if found.left_out else ""),
        )
    return own


def _is_mask(path: Path, masks: Sequence[Path]) -> bool:
    return any(path == mask or mask in path.parents for mask in masks)


def _left_out(found: FoundSeries) -> list[str]:
    if not found.left_out:
        return []
    told = [f"{file.path.name}: {file.reason}" for file in found.left_out[:_FAULTS_TOLD]]
    more = len(found.left_out) - len(told)
    files = f"{len(found.left_out)} file{'s were' if len(found.left_out) > 1 else ' was'} passed over"
    return [f"{files}: {'; '.join(told)}" + (f"; and {more} more" if more else "")]
