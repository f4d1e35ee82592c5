"""What was thought of each of a patient's series, for ``prepared/series.csv``."""

from __future__ import annotations

from tumorboard.scans.choice import Choice, Phase, kind_of
from tumorboard.scans.preparation.candidates import Candidates, is_file, stated_path
from tumorboard.scans.preparation.record import SeriesRecord
from tumorboard.scans.series import SeriesFacts


def series_records(choice: Choice, candidates: Candidates) -> tuple[SeriesRecord, ...]:
    """Return a record of each series that was found, the chosen one first.

    Parameters
    ----------
    choice : Choice
    candidates : Candidates

    Returns
    -------
    tuple of SeriesRecord
    """
    first = []
    if choice.chosen:
        first = [_described(choice.chosen, _said(choice.phase), "chosen", choice.reason)]
    rivals = [
        _described(
            rival.facts,
            _said(rival.phase) if rival.kind.is_image else "",
            "passed over" if rival.kind.is_image else "left out",
            rival.reason,
        )
        for rival in choice.rivals
    ]
    return (*first, *rivals, *_others(candidates))


def unjudged_records(candidates: Candidates, reason: str) -> tuple[SeriesRecord, ...]:
    """Return a record of each series that was found, where none was chosen.

    Parameters
    ----------
    candidates : Candidates
    reason : str
        Why no series of images is taken.

    Returns
    -------
    tuple of SeriesRecord
    """
    found = []
    for candidate in candidates.each:
        kind = kind_of(candidate.facts)
        said = reason if kind.is_image else f"{kind.name}: {kind.reason}"
        found.append(_described(candidate.facts, "", "passed over" if kind.is_image else "left out", said))
    return (*found, *_others(candidates))


def _others(candidates: Candidates) -> list[SeriesRecord]:
    return [_described(facts, "", "left out", reason) for facts, reason in candidates.others]


def _said(phase: Phase | None) -> str:
    return str(phase.name) if phase else ""


def _described(facts: SeriesFacts, phase: str, verdict: str, reason: str) -> SeriesRecord:
    uid, description = ("", stated_path(facts)) if is_file(facts) else (facts.series_uid, facts.description)
    kind = str(kind_of(facts).name)
    return SeriesRecord(uid, description, facts.modality, facts.slices, kind, phase, verdict, reason)
