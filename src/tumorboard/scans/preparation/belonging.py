"""Which of a patient's series a mask belongs to: most masks do not say whose they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tumorboard.errors import FileFormatError, UserError
from tumorboard.scans.choice import kind_of
from tumorboard.scans.preparation.candidates import Candidate
from tumorboard.scans.preparation.task import ScanSource
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.tumour import MaskOrigin, origin_of_mask
from tumorboard.scans.tumour.placing import coincides, overlaps
from tumorboard.scans.volume import Grid, turn

_STATE = "State the series that it was drawn on in scans.csv (series_uid)"
_OWN = "Give the mask that was drawn on this scan, or state its series in scans.csv (series_uid)"


@dataclass(frozen=True, eq=False)
class Belonging:
    """The series that a row's mask may be put on.

    Parameters
    ----------
    source : ScanSource
        With a mask.
    own : mapping of SeriesFacts to str
        Those that it was drawn on, as far as can be told, each with what a user should know; often empty.
    shared : mapping of SeriesFacts to str
        Those in the same frame of reference as one of these.
    refusal : UserError or None
        Why it is put on none other.
    """

    source: ScanSource
    own: Mapping[SeriesFacts, str]
    shared: Mapping[SeriesFacts, str] = field(default_factory=dict)
    refusal: UserError | None = None

    def may_lie_on(self, facts: SeriesFacts, *, widely: bool) -> bool:
        """Whether it may be put on a series; widely: also where only the frame of reference is shared."""
        return facts in self.own or (widely and facts in self.shared)

    def remark(self, facts: SeriesFacts) -> str:
        """Return what a user should know of the mask on this series; often empty."""
        return self.own.get(facts) or self.shared.get(facts, "")


def belonging(source: ScanSource, candidates: Sequence[Candidate], wanted: str | None) -> Belonging:
    """Tell which series a row's mask may be put on.

    A mask that names its series, as DICOM does, is checked where it is read. Any other belongs to the series of its row
    whose voxels coincide with its own; where none do, to the row's series if there is one only, or if all share a frame
    of reference. Beyond these it is put only on series in the same frame of reference. A table that counts voxels
    belongs to the row's series if all have the same voxels.

    Parameters
    ----------
    source : ScanSource
        With a mask.
    candidates : sequence of Candidate
        All of the patient.
    wanted : str or None
        The series that the user states.

    Returns
    -------
    Belonging
    """
    everywhere = Belonging(source, {candidate.facts: "" for candidate in candidates})
    # what could serve counts though it is damaged: the mask may have been drawn on it
    images = [one for one in candidates if one.grid is not None or kind_of(one.facts).is_image]
    if len(images) < 2 or source.mask is None:
        return everywhere
    try:
        origin = origin_of_mask(source.mask)
    except UserError as error:
        return Belonging(source, {}, refusal=error)
    if origin.names_scan:
        return everywhere
    rows = [candidate for candidate in images if source in candidate.sources]
    stated = [one for one in rows if one.facts.series_uid == (source.series_uid or wanted)]
    drawn = _drawn_on(origin, stated, rows, source.mask.name)
    if isinstance(drawn, UserError):
        return Belonging(source, {}, refusal=drawn)
    unread = {one.facts: "" for one in candidates if one.grid is None and source in one.sources}
    own = {one.facts: _doubt(one, drawn) for one in drawn} | unread
    shared = {} if origin.in_voxels else _in_frames({one.facts.frame_uid for one in drawn}, images, own)
    refusal = FileFormatError("the mask belongs to another series of the patient", where=source.mask.name, fix=_OWN)
    return Belonging(source, own, shared, refusal)


def _drawn_on(
    origin: MaskOrigin, stated: Sequence[Candidate], rows: Sequence[Candidate], name: str
) -> Sequence[Candidate] | UserError:
    """List the series of a row that its mask was drawn on, or may have been."""
    there = [] if origin.grid is None else _on_same_grid(origin.grid, rows)
    if not there and origin.grid is not None and not stated:
        there = _on_shared_voxels(origin.grid, rows)
    if there or stated:
        return there or stated
    serving = [one for one in rows if kind_of(one.facts).is_image] or rows
    grids = [one.grid for one in serving if one.grid is not None]
    alike = len(serving) == 1 or (len(grids) == len(serving) and all(grid.same_place(grids[0]) for grid in grids))
    frames = {one.facts.frame_uid for one in serving}
    if alike or (len(frames) == 1 and None not in frames and not origin.in_voxels):
        return serving
    return FileFormatError(_undecided(origin, len(serving)), where=name, fix=_STATE)


def _undecided(origin: MaskOrigin, count: int) -> str:
    if origin.in_voxels:
        return f"it counts voxels, and the {count} series that it could mean have different ones"
    if origin.grid is not None:
        return f"its voxels are those of none of the {count} series, which have several frames of reference"
    return f"it does not say on which of {count} series it was drawn, and they have several frames of reference"


def _on_same_grid(grid: Grid, rows: Sequence[Candidate]) -> list[Candidate]:
    upright = turn(np.broadcast_to(np.False_, grid.shape), grid)[1]
    return [one for one in rows if one.grid is not None and one.grid.same_place(upright)]


def _on_shared_voxels(grid: Grid, rows: Sequence[Candidate]) -> list[Candidate]:
    """List the series whose voxels a mask shares, as one that was cut to a part of a scan does."""
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    there = [(one, one.grid) for one in rows if one.grid is not None]
    return [one for one, scan in there if coincides(grid, scan) and overlaps(whole, grid, scan)]


def _doubt(one: Candidate, drawn: Sequence[Candidate]) -> str:
    """Remark on a mask that several series fit whose frames of reference are not known to be one."""
    frames = {other.facts.frame_uid for other in drawn}
    if len(drawn) == 1 or (len(frames) == 1 and None not in frames):
        return ""
    return (
        f"the mask fits {len(drawn)} series of several frames of reference: whether it was drawn on this one is unsure"
    )


def _in_frames(
    frames: Collection[str | None], images: Sequence[Candidate], own: Mapping[SeriesFacts, str]
) -> dict[SeriesFacts, str]:
    remark = "the mask was drawn on another series of the same frame of reference"
    there = [one.facts for one in images if one.facts.frame_uid in frames and one.facts.frame_uid is not None]
    return {facts: remark for facts in there if facts not in own}
