"""What an MR series shows: T1 before or after contrast, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tumorboard.scans.choice.copies import subtracted
from tumorboard.scans.choice.kind import kind_of
from tumorboard.scans.choice.phase import Phase, agent_given, seconds_after
from tumorboard.scans.choice.phase_wording import LEAST_SECONDS, MOST_SECONDS, PhaseName, seconds_in_words
from tumorboard.scans.choice.wording import KindName, plain
from tumorboard.scans.series import SeriesFacts

_T1_WORD = re.compile(r"\bt ?-?1|\bti fl|t1(?=[a-z_ ]|$)")
_OTHER_WORD = re.compile(
    r"\bt ?-?2|haste|ss ?fse|frfse|\bfse\b|\btse\b|fiesta|fisp|\bb?ffe\b|steady state|sshot|spair|spir\b|grass|fase\b"
    r"|\bfat image|dixon f\b|\bpd\b|\bstir\b|\bflair\b|space\b|propeller|blade|cine"
)
_T1_SEQUENCE = re.compile(
    r"vibe|lava|\bfame\b|thr(ive)?\b|f?spgr|flash|\bfl[23]d|\btfl\b|in[ /-]*(out|opp?)|in[ -]?phase|oop|\bip\b|\bop\b"
    r"|dual ?echo|dixon|mprage|dynamic|\b3d (pre|post)\b|infusion|quick 3d|ewave|\b3d t1"
)
_POST = re.compile(r"(\b|\d)post?\b|\+ ?c\b|\bc ?\+|\bgad\w*|\+ ?km|\bkm\b|\+ ?gad|inject|enhanc|infusion|@")
_PRE = re.compile(r"\bpre\b|\d ?pre\b|-c\b|(^| )- ?c\b|nativ|\bsans\b|\bohne\b|without|\bw/o\b|mask")
_WITHOUT = re.compile(r"\b(sans|ohne|without|no) (gad|km|contr|inj)|\bw/o\b")
_DYNAMIC_NAME = re.compile(r"(\b|\d)dyn(amic\w*)?\b")
_BEFORE_AGENT = re.compile(r"\bpre[ -]?(gad\w*|km|contr\w*|inj\w*|c)\b")
_DYNAMIC = re.compile(r"vibe|lava|fame|thr(ive)?\b|spgr|flash|fl[23]d|\b3d\b")
_OPPOSED = re.compile(r"\bopp?\b|\boop\b|out of phase|opposed")

_LEAST_REPEATS = 3
"""So many series of one name are a dynamic examination: one before, the others after the injection."""

_SHORT_TE_MS, _LONG_TE_MS, _SPIN_TR_MS, _GRADIENT_TR_MS = 15.0, 60.0, 900.0, 350.0
"""T1 weighting: short echo time with a repetition time below 900 ms (spin echo) or 350 ms (gradient echo)."""


def is_opposed(facts: SeriesFacts) -> bool:
    """Tell whether an MR series is named as opposed-phase only, in which organs have black edges."""
    return bool(_OPPOSED.search(plain(facts.description)))


def shows_t1(facts: SeriesFacts) -> tuple[bool, str]:
    """Tell whether an MR series is T1-weighted.

    Parameters
    ----------
    facts : SeriesFacts

    Returns
    -------
    is_t1 : bool
    reason : str
        Words where they tell, else times of repetition and echo.
    """
    text = plain(facts.description)
    for pattern, answer in ((_T1_WORD, True), (_OTHER_WORD, False), (_T1_SEQUENCE, True)):
        if pattern.search(text):
            return answer, f"named “{facts.description.strip()}”"
    if _POST.search(text):  # what is repeated after the agent is T1-weighted
        return True, f"named “{facts.description.strip()}”"
    return _t1_by_times(facts)


def _t1_by_times(facts: SeriesFacts) -> tuple[bool, str]:
    if facts.echo_ms is None or facts.repetition_ms is None:
        return False, "neither its name nor its times say T1"
    said = f"repetition {facts.repetition_ms:g} ms, echo {facts.echo_ms:g} ms"
    sequence = (facts.sequence or "").upper().split()
    balanced = "SS" in sequence and "SP" not in sequence
    limit = _GRADIENT_TR_MS if "GR" in sequence else _SPIN_TR_MS
    long_train = (facts.echo_trains or 0) > 32 and "GR" not in sequence
    is_t1 = facts.echo_ms <= _SHORT_TE_MS and facts.repetition_ms <= limit and not balanced and not long_train
    return is_t1, said


def mr_phases(study: Sequence[SeriesFacts]) -> dict[SeriesFacts, Phase]:
    """Tell what the MR series of one study show.

    Once an agent was injected, every later T1 shows it: the order of the series tells what names do not.

    Parameters
    ----------
    study : sequence of SeriesFacts
        All MR series of the study, also subtractions and timing runs.

    Returns
    -------
    dict of SeriesFacts to Phase
    """
    starts = [one.contrast_seconds for one in study if one.contrast_seconds is not None]
    injection = min(starts) if starts else None
    after, before = subtracted(study)
    told: dict[SeriesFacts, Phase] = {}
    for one in study:
        is_t1, reason = shows_t1(one)
        if not is_t1 and one.number not in after | before:
            told[one] = _unnamed_pass(one, study) or Phase(PhaseName.OTHER, "sequence", reason)
        else:
            own = _own_phase(one, study, injection, after, before)
            if own is not None:
                told[one] = own
    for one in study:
        if one not in told:
            told[one] = _by_order(one, study, told) or Phase(PhaseName.T1, "sequence", f"T1: {shows_t1(one)[1]}")
    return told


def _unnamed_pass(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> Phase | None:
    """Take a series without a name as a pass of the T1 with as many slices that comes before it."""
    if facts.description.strip() or facts.number is None or facts.echo_ms is not None:
        return None
    alike = [one for one in study if one.slices == facts.slices and one.description.strip() and kind_of(one).is_image]
    before = [one for one in alike if one.number is not None and one.number < facts.number]
    if not before or not all(shows_t1(one)[0] for one in before):
        return None
    reason = f"unnamed, with as many slices as series {before[0].number}, a T1, and later"
    return Phase(PhaseName.T1_CONTRAST, "order", reason)


def _named_phase(text: str) -> PhaseName | None:
    """Read before or after; None of a dynamic series, which may hold both."""
    without = _WITHOUT.search(text) or _BEFORE_AGENT.search(text)
    if _POST.search(text) and not without:
        return PhaseName.T1_CONTRAST
    if _DYNAMIC_NAME.search(text):
        return None
    return PhaseName.T1 if _PRE.search(text) or without else None


def _is_cut_short(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> bool:
    """Tell whether a dynamic series holds one pass, the first, where another one of its name holds several."""
    text = plain(facts.description)
    return any(plain(one.description) == text and one.slices >= 1.9 * facts.slices for one in study)


def _own_phase(
    facts: SeriesFacts,
    study: Sequence[SeriesFacts],
    injection: float | None,
    after: frozenset[int],
    before: frozenset[int],
) -> Phase | None:
    """Tell by the series' own words, header, or a subtraction that it is part of."""
    words, text = f"named “{facts.description.strip()}”", plain(facts.description)
    named = _named_phase(text)
    if named is not None:
        return Phase(named, "words", words)
    if facts.number in after:
        return Phase(PhaseName.T1_CONTRAST, "words", "a subtraction is named after it, less the images before contrast")
    if facts.number in before:
        return Phase(PhaseName.T1, "words", "it is what a subtraction takes away")
    if seconds_in_words(text) is not None or (_DYNAMIC_NAME.search(text) and not _is_cut_short(facts, study)):
        return Phase(PhaseName.T1_CONTRAST, "words", words)
    seconds = seconds_after(facts, injection)
    if seconds is not None and LEAST_SECONDS <= abs(seconds) <= MOST_SECONDS:
        name = PhaseName.T1_CONTRAST if seconds > 0 else PhaseName.T1
        return Phase(
            name, "seconds", f"acquired {abs(seconds):.0f} s {'after' if seconds > 0 else 'before'} the injection"
        )
    if agent_given(facts):
        return Phase(PhaseName.T1_CONTRAST, "agent", "the header names a contrast agent")
    return None


def _by_order(facts: SeriesFacts, study: Sequence[SeriesFacts], told: dict[SeriesFacts, Phase]) -> Phase | None:
    if facts.number is None:
        return None
    earlier = [one for one in study if one.number is not None and one.number < facts.number]
    for one in earlier:
        if one in told and told[one].name is PhaseName.T1_CONTRAST and told[one].source != "order":
            return Phase(PhaseName.T1_CONTRAST, "order", f"after series {one.number}, which is after contrast")
    timing = [one.number for one in study if one.number is not None and kind_of(one).name is KindName.BOLUS_TRACKING]
    if timing:
        is_after = facts.number > min(timing)
        name = PhaseName.T1_CONTRAST if is_after else PhaseName.T1
        return Phase(
            name, "order", f"{'after' if is_after else 'before'} the timing of the bolus, series {min(timing)}"
        )
    return _by_repeats(facts, earlier, study, told)


def _by_repeats(
    facts: SeriesFacts,
    earlier: Sequence[SeriesFacts],
    study: Sequence[SeriesFacts],
    told: dict[SeriesFacts, Phase],
) -> Phase | None:
    """Take the later ones of a dynamic examination as after contrast."""
    text = plain(facts.description)
    if not _DYNAMIC.search(text) or (_DYNAMIC_NAME.search(text) and _is_cut_short(facts, study)):
        return None
    pre = [one for one in earlier if one in told and told[one].name is PhaseName.T1 and told[one].source == "words"]
    if any(facts.slices % one.slices == 0 and kind_of(one).is_image and one.plane == facts.plane for one in pre):
        return Phase(PhaseName.T1_CONTRAST, "order", "as many slices as the series named as before contrast, and later")
    same = [one for one in study if plain(one.description) == text and one.number is not None]
    if len(same) >= _LEAST_REPEATS and any(one in earlier for one in same):
        return Phase(PhaseName.T1_CONTRAST, "order", f"a later one of {len(same)} series of its name")
    return None
