"""Which series of a patient the tumour is measured and shown on, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tumorboard.errors import SettingsError, StudyError
from tumorboard.scans.choice.copies import kind_in_study
from tumorboard.scans.choice.kind import Kind, kind_of
from tumorboard.scans.choice.phase import Phase
from tumorboard.scans.choice.phase_wording import PhaseName
from tumorboard.scans.choice.ranking import Point, days_between, points
from tumorboard.scans.choice.study import phases_of
from tumorboard.scans.series import SeriesFacts

Usable = Collection[str] | Callable[[SeriesFacts], bool]


@dataclass(frozen=True)
class Rival:
    """A series that was not chosen.

    Parameters
    ----------
    facts : SeriesFacts
    kind : Kind
    phase : Phase
    reason : str
        Why it is worse.
    """

    facts: SeriesFacts
    kind: Kind
    phase: Phase
    reason: str


@dataclass(frozen=True)
class Choice:
    """The series that was chosen among a patient's, with its reason and its rivals.

    Parameters
    ----------
    chosen : SeriesFacts or None
        None where no series can serve.
    phase : Phase or None
    reason : str
        In one line.
    rivals : tuple of Rival
        Every other series, the next best first.
    """

    chosen: SeriesFacts | None
    phase: Phase | None
    reason: str
    rivals: tuple[Rival, ...]

    @property
    def series_uid(self) -> str | None:
        """SeriesInstanceUID of the chosen series."""
        return self.chosen.series_uid if self.chosen else None

    @property
    def modality(self) -> str | None:
        """CT or MR."""
        return self.chosen.modality if self.chosen else None


def choose(
    facts: Sequence[SeriesFacts],
    prefer: Literal["CT", "MR"] = "CT",
    *,
    wanted: str | None = None,
    usable: Usable | None = None,
    phases: Mapping[SeriesFacts, Phase] | None = None,
    refused: Mapping[SeriesFacts, str] | None = None,
) -> Choice:
    """Choose the series of one patient.

    The order does not depend on the order in which the series are given.

    Parameters
    ----------
    facts : sequence of SeriesFacts
        All series of the patient, of all studies.
    prefer : {"CT", "MR"}
        Which modality comes first.
    wanted : str, optional
        SeriesInstanceUID that the user states; it is taken whatever the rules say.
    usable : collection of str, or callable, optional
        Which series have a mask that fits (by SeriesInstanceUID, or asked of each); others are passed over.
    phases : mapping of SeriesFacts to Phase, optional
        Phases read from the images (`phase_from_image`); they count where words and times are silent.
    refused : mapping of SeriesFacts to str, optional
        Series that were tried and cannot be taken, with the reason, which is theirs as rivals.

    Returns
    -------
    Choice

    Raises
    ------
    StudyError
        Where the wanted series is not there, or holds no images.
    SettingsError
        For another preference than CT or MR.
    """
    if prefer not in ("CT", "MR"):
        raise SettingsError(f"{prefer!r} is no modality to prefer", fix="Choose CT or MR")
    told = _all_phases(facts, phases or {})
    ordered = _in_order(facts, told, prefer)
    if wanted is not None:
        return _as_wanted(ordered, told, wanted)
    barred = {one.facts: "no mask fits it" for one in ordered if not _has_mask(one.facts, usable)} | dict(refused or {})
    able = [one for one in ordered if one.kind.is_image and one.facts not in barred]
    if not able:
        return Choice(None, None, _why_none(ordered, usable), tuple(_rival(one, told, None, barred) for one in ordered))
    best = able[0]
    rivals = tuple(_rival(one, told, best, barred) for one in ordered if one is not best)
    phase = told[best.facts]
    others = len(able) - 1
    reason = f"{best.facts.modality}, {phase.name} ({phase.reason}); {_first_difference(best, able)}"
    return Choice(best.facts, phase, f"{reason}; {others} other{'s' * (others != 1)} could serve", rivals)


def worth_seeing(choice: Choice) -> tuple[SeriesFacts, ...]:
    """List the CT series whose images could change a choice: those that could serve, whose phase is not sure.

    Parameters
    ----------
    choice : Choice
        Made without images.

    Returns
    -------
    tuple of SeriesFacts
        Of the chosen one's study, itself first; give what `phase_from_image` says of them as `phases` of `choose`.
    """
    if choice.chosen is None or choice.phase is None or choice.modality != "CT":
        return ()
    found = [] if choice.phase.is_sure else [choice.chosen]
    for rival in choice.rivals:
        one = rival.facts
        alike = one.modality == "CT" and one.study_uid == choice.chosen.study_uid
        if alike and rival.kind.is_image and not rival.phase.is_sure:
            found.append(one)
    return tuple(found)


@dataclass(frozen=True)
class _Candidate:
    facts: SeriesFacts
    kind: Kind
    points: tuple[Point, ...]

    @property
    def key(self) -> tuple[object, ...]:
        ranks = tuple(point.rank for point in self.points)
        return (not self.kind.is_image, ranks, self.facts.series_uid, self.facts.slices, repr(self.facts))


def _studies(facts: Sequence[SeriesFacts]) -> list[list[SeriesFacts]]:
    """Group series by study, the earliest first; those without a date last."""
    groups: dict[str, list[SeriesFacts]] = {}
    for one in facts:
        groups.setdefault(one.study_uid, []).append(one)
    return sorted(groups.values(), key=lambda study: (min(one.date or "99999999" for one in study), study[0].study_uid))


def _all_phases(facts: Sequence[SeriesFacts], seen: Mapping[SeriesFacts, Phase]) -> dict[SeriesFacts, Phase]:
    told: dict[SeriesFacts, Phase] = {}
    for study in _studies(facts):
        told.update(phases_of(study))
    told.update({one: phase for one, phase in seen.items() if one in told and _is_silent(one, told[one])})
    return told


def _is_silent(facts: SeriesFacts, phase: Phase) -> bool:
    """Whether neither words nor times tell the phase; an MR that says nothing of itself is taken as no T1."""
    says_nothing = not facts.description.strip() and facts.repetition_ms is None
    return not phase.is_sure or (phase.name is PhaseName.OTHER and says_nothing)


def _in_order(facts: Sequence[SeriesFacts], told: Mapping[SeriesFacts, Phase], prefer: str) -> list[_Candidate]:
    studies = _studies(facts)
    first = next((study[0].date for study in studies if any(_shows_kidneys(one, told) for one in study)), None)
    listed = [
        _Candidate(
            one,
            kind_in_study(one, study),
            points(one, told[one], study=study, study_place=place, days=days_between(first, one.date), prefer=prefer),
        )
        for place, study in enumerate(studies)
        for one in study
    ]
    return sorted(listed, key=lambda one: one.key)


def _shows_kidneys(facts: SeriesFacts, told: Mapping[SeriesFacts, Phase]) -> bool:
    return kind_of(facts).is_image and told[facts].name is not PhaseName.OTHER


def _has_mask(facts: SeriesFacts, usable: Usable | None) -> bool:
    if usable is None:
        return True
    return usable(facts) if callable(usable) else facts.series_uid in usable


def _why_none(ordered: Sequence[_Candidate], usable: Usable | None) -> str:
    if not ordered:
        return "there are no series"
    if usable is not None and any(one.kind.is_image for one in ordered):
        return "none of the series that could serve has a mask that fits"
    if any(one.kind.is_image for one in ordered):
        return "none of the series that could serve can be taken"
    kinds = sorted({one.kind.name.value for one in ordered})
    return f"no series can serve: {', '.join(kinds)}"


def _as_wanted(ordered: Sequence[_Candidate], told: Mapping[SeriesFacts, Phase], wanted: str) -> Choice:
    named = [one for one in ordered if one.facts.series_uid == wanted]
    if not named:
        raise StudyError(
            f"the series that scans.csv states is not among the patient's {len(ordered)} series",
            where="scans.csv, column series_uid",
            fix="State one of them, or leave the cell empty",
        )
    if named[0].facts.modality not in ("CT", "MR"):
        raise StudyError(
            f"the series that scans.csv states holds no images: it is {named[0].kind.name}",
            where="scans.csv, column series_uid",
            fix="State a CT or MR series, or leave the cell empty",
        )
    best = named[0]
    phase = told[best.facts]
    rivals = tuple(
        Rival(one.facts, one.kind, told[one.facts], "the user states another one") for one in ordered if one is not best
    )
    return Choice(
        best.facts, phase, f"stated by the user; {best.facts.modality}, {phase.name} ({phase.reason})", rivals
    )


def _rival(
    one: _Candidate, told: Mapping[SeriesFacts, Phase], best: _Candidate | None, barred: Mapping[SeriesFacts, str]
) -> Rival:
    phase = told[one.facts]
    if not one.kind.is_image:
        reason = f"{one.kind.name}: {one.kind.reason}"
    elif one.facts in barred:
        reason = barred[one.facts]
    elif best is None:
        reason = "passed over"
    else:
        pairs = zip(one.points, best.points, strict=True)
        reason = next((mine.worse for mine, its in pairs if mine.rank > its.rank), "alike in all points")
    return Rival(one.facts, one.kind, phase, reason)


def _first_difference(best: _Candidate, able: Sequence[_Candidate]) -> str:
    """Say what puts the best series before the next one."""
    if len(able) == 1:
        return "the only one that can serve"
    pairs = zip(able[1].points, best.points, strict=True)
    worse = next((mine.worse for mine, its in pairs if mine.rank > its.rank), "")
    return f"the next one: {worse}" if worse else "the next one is alike"
