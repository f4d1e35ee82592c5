"""Series that are pieces of one: some archives and consoles write one acquisition under several identifiers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import Series
from tumorboard.scans.reading.stacking import stack
from tumorboard.scans.reading.steps import SAME_PLACE_MM, normal_of

LONGEST_APART_SECONDS = 60.0
"""Pieces that begin further apart than this are two acquisitions: the next phase of contrast may have begun."""

_MOST_MISSING = 1
"""Slices that may be missing between two pieces."""


def join_pieces(series: Sequence[Series], stated: Collection[str] = ()) -> list[Series]:
    """Join series that continue each other in space, so that no piece is taken for the whole.

    Pieces agree in study, patient, modality, description, image type, kernel, frame of reference, orientation, size and
    spacing, begin within a minute of each other, and the slices of one follow those of the other in equal steps.

    Parameters
    ----------
    series : sequence of Series
    stated : collection of str
        SeriesInstanceUIDs that a user names; a whole is called by that of its pieces.

    Returns
    -------
    list of Series
        In the order given, a whole in the place of its first piece, with a remark.
    """
    groups: dict[Hashable, list[Series]] = {}
    for number, one in enumerate(series):
        key = _likeness(one)
        groups.setdefault(number if key is None else key, []).append(one)
    return [whole for group in groups.values() for whole in _joined(group, stated)]


def _likeness(one: Series) -> Hashable | None:
    """Return what pieces of one series share; None for what is never a piece."""
    facts = one.facts
    if not one.frames or one.parts > 1 or facts.frame_uid is None or facts.modality not in ("CT", "MR"):
        return None
    first = one.frames[0]
    if first.orientation is None or first.spacing is None or any(frame.position is None for frame in one.frames):
        return None
    said = (facts.study_uid, facts.modality, facts.description, facts.image_type, facts.kernel, facts.sequence)
    times = (facts.echo_ms, facts.repetition_ms, facts.inversion_ms, facts.diffusion_b, facts.contrast_agent)
    place = (facts.frame_uid, first.file.rows, first.file.columns, first.spacing)
    # the directions are rounded, as headers round them
    return one.patient_key, *said, *times, *place, tuple(round(value, 3) for value in first.orientation)


def _joined(group: list[Series], stated: Collection[str]) -> list[Series]:
    if len(group) == 1:
        return group
    ordered = sorted(group, key=lambda one: (_ends(one), one.facts.series_uid))
    runs: list[list[Series]] = []
    for one in ordered:
        if runs and _continues([*runs[-1], one]):
            runs[-1].append(one)
        else:
            runs.append([one])
    wholes = [_whole(run, stated) if len(run) > 1 else run[0] for run in runs]
    return sorted(wholes, key=_number)


def _ends(one: Series) -> tuple[float, float]:
    """Return where the first and the last slice lie along the normal."""
    along = np.array([frame.position for frame in one.frames], float) @ normal_of(one.frames[0].orientation or ())
    return float(along.min()), float(along.max())


def _continues(run: Sequence[Series]) -> bool:
    """Tell whether the last piece continues those before it."""
    before, last = run[-2], run[-1]
    times = [one.facts.acquisition_seconds for one in (before, last)]
    if None not in times and abs((times[0] or 0) - (times[1] or 0)) > LONGEST_APART_SECONDS:
        return False
    gap = _ends(last)[0] - _ends(before)[1]
    if gap <= SAME_PLACE_MM:
        return False
    try:
        stacked = stack([frame for one in run for frame in one.frames])
    except FileFormatError:
        return False
    return gap < (_MOST_MISSING + 1.5) * float(stacked.grid.spacing_mm[0])


def _number(one: Series) -> tuple[float, str]:
    return float("inf") if one.facts.number is None else float(one.facts.number), one.facts.series_uid


def _whole(run: Sequence[Series], stated: Collection[str]) -> Series:
    ordered = sorted(run, key=_number)
    first = next((one for one in ordered if one.facts.series_uid in stated), ordered[0])
    frames = tuple(frame for one in ordered for frame in one.frames)
    counts = " and ".join(str(one.facts.slices) for one in ordered)
    numbers = [str(one.facts.number) for one in ordered if one.facts.number is not None]
    called = f"series {', '.join(numbers)}" if len(numbers) == len(ordered) else f"{len(ordered)} series"
    remark = f"{called} continue each other in space and were joined ({counts} slices)"
    return replace(
        first,
        facts=replace(first.facts, slices=sum(one.facts.slices for one in ordered)),
        files=tuple(dict.fromkeys(path for one in ordered for path in one.files)),
        frames=frames,
        remarks=(*dict.fromkeys(said for one in ordered for said in one.remarks), remark),
    )
