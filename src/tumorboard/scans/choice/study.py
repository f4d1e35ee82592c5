"""What the other series of a study tell of a silent one: its name, and the order in which passes are taken.

A kidney is scanned without contrast, then in the arterial, then in the nephrographic phase, then late: the order of
acquisition is weak evidence, used only where names, times and agents are silent, and always said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tumorboard.scans.choice.copies import is_lung_kernel, is_partial, is_regrouped, kind_in_study, original_of
from tumorboard.scans.choice.mr import mr_phases
from tumorboard.scans.choice.phase import UNKNOWN, Phase, own_ct_phase
from tumorboard.scans.choice.phase_wording import BOTH, PhaseName
from tumorboard.scans.choice.wording import plain
from tumorboard.scans.series import SeriesFacts

Told = dict[SeriesFacts, Phase]

SHORTER = 0.8
"""A pass with less than this share of another's slices is the shorter one."""

_WITHOUT = re.compile(r"\bw/o\b|\bwithout\b|\bwo\b|\bstones?\b|\bcolic\b|\bnative?\b|\bsans\b|\bureters?\b")
_WITH = re.compile(r"\bwith\b|\bw\b|\bw/|\+ ?c\b|\bcontra?s?t?\b|\biv\b|\bkm\b|\bcta\b|\bangio")
_KIDNEY = re.compile(
    r"(kidn\w*|renal|niere\w*|reins?) ?(mass|prot\w*|prt|tumou?r|multi\w*|w/)|urogram|\bctu\b|protocol\w* kidn"
)


def study_says(description: str) -> str:
    """Tell what a study's description says of contrast.

    Returns
    -------
    str
        ``both``, ``with``, ``without``, or empty.
    """
    text = plain(description)
    if BOTH.search(text):
        return "both"
    if _WITHOUT.search(text):
        return "without"
    if _KIDNEY.search(text):
        return "both"
    return "with" if _WITH.search(text) else ""


def is_kidney_study(description: str) -> bool:
    """Tell whether a study's description names an examination of the kidneys for a mass."""
    text = plain(description)
    return bool(_KIDNEY.search(text)) or bool(re.search(r"\b(kidneys?|renal)\b", text) and not _WITHOUT.search(text))


def phases_of(study: Sequence[SeriesFacts]) -> Told:
    """Tell the phases of all series of one study.

    Parameters
    ----------
    study : sequence of SeriesFacts
        All series of the study, also those that are no images.

    Returns
    -------
    dict of SeriesFacts to Phase
        Of every one.
    """
    told: Told = dict.fromkeys(study, UNKNOWN)
    told.update(mr_phases([one for one in study if one.modality == "MR"]))
    told.update(_ct_phases([one for one in study if one.modality == "CT"]))
    return told


def _ct_phases(study: Sequence[SeriesFacts]) -> Told:
    starts = [one.contrast_seconds for one in study if one.contrast_seconds is not None]
    injection = min(starts) if starts else None
    told = {one: phase for one in study if (phase := own_ct_phase(one, injection)) is not None}
    images = in_order(one for one in study if kind_in_study(one, study).is_image)
    originals = {one: original for one in images if (original := original_of(one, images)) is not None}
    alone = [one for one in images if one not in originals and not is_partial(one)]
    timed = all(one.acquisition_seconds is not None for one in images)
    loose = [one for one in alone if not timed and is_regrouped(one, images) and one not in told]
    passes = [one for one in alone if one not in loose and (one in told or not is_lung_kernel(one))]
    told.update(_from_study(passes, told))
    told.update(_loose(loose, told))
    for one, original in originals.items():
        if one not in told and original in told:
            phase = told[original]
            told[one] = Phase(phase.name, phase.source, f"as series {original.number}: {phase.reason}")
    return told


def _loose(loose: list[SeriesFacts], told: Told) -> Told:
    """Judge groups taken out of a series that was not kept: their numbers tell no order."""
    apart = any(phase.name is PhaseName.NON_CONTRAST for phase in told.values())
    says = study_says(loose[0].study_description) if loose else ""
    if apart or says == "with":
        reason = "the study has its own series without contrast" if apart else "by the study's description"
        return dict.fromkeys(loose, Phase(PhaseName.WITH_CONTRAST, "order" if apart else "study", reason))
    return {}


def in_order(series: Iterable[SeriesFacts]) -> list[SeriesFacts]:
    """Sort series by acquisition time where all have one, else by number; then by identifier."""
    listed = list(series)
    timed = all(one.acquisition_seconds is not None for one in listed)
    return sorted(
        listed,
        key=lambda one: (
            one.acquisition_seconds if timed and one.acquisition_seconds is not None else 0.0,
            one.number is None,
            one.number or 0,
            one.series_uid,
            one.slices,
        ),
    )


def _from_study(passes: list[SeriesFacts], told: Told) -> Told:
    silent = [one for one in passes if one not in told]
    if not silent:
        return {}
    says = study_says(passes[0].study_description)
    shown = f"study “{passes[0].study_description.strip()}”"
    known_after = any(told[one].name is not PhaseName.NON_CONTRAST for one in passes if one in told)
    if says == "without" and not known_after:
        return dict.fromkeys(silent, Phase(PhaseName.NON_CONTRAST, "study", shown))
    if len(passes) == 1:
        if says in ("with", "both"):
            return {silent[0]: Phase(PhaseName.WITH_CONTRAST, "study", shown)}
        return {}
    return _by_order(passes, told, says)


def _by_order(passes: list[SeriesFacts], told: Told, says: str) -> Told:
    first_after = _first_after(passes, told, says)
    found: Told = {}
    silent_after = [one for one in passes[first_after:] if one not in told]
    late_named = any(told[one].name is PhaseName.DELAYED for one in passes if one in told)
    for place, one in enumerate(passes):
        if one in told:
            continue
        where = f"pass {place + 1} of {len(passes)}"
        if place < first_after:
            found[one] = Phase(PhaseName.NON_CONTRAST, "order", f"{where}, before the passes with contrast")
            continue
        before = [told[other].name for other in passes[first_after:place] if other in told]
        name = _name_after(one, silent_after, before, late_named=late_named)
        found[one] = Phase(name, "order", f"{where}, after the first without contrast" if first_after else where)
    return found


def _first_after(passes: list[SeriesFacts], told: Told, says: str) -> int:
    """Find the first pass with contrast."""
    names = [told[one].name if one in told else None for one in passes]
    leading = next((place for place, name in enumerate(names) if name is not PhaseName.NON_CONTRAST), len(names))
    if leading or names[0] is not None or PhaseName.NON_CONTRAST in names:
        return leading
    known = next((place for place, name in enumerate(names) if name is not None), None)
    if known is not None:
        late = names[known] is PhaseName.DELAYED
        return _before_late(passes[:known], says) if late else _before_contrast(passes[: known + 1], says)
    return _before_late(passes, says)


def _before_contrast(passes: list[SeriesFacts], says: str) -> int:
    """Count the passes without contrast before one that is named as with contrast."""
    routine = says == "with" and passes[0].slices >= SHORTER * passes[-1].slices
    return 0 if routine else len(passes) - 1


def _before_late(passes: list[SeriesFacts], says: str) -> int:
    """Count the passes without contrast among silent ones: one, if the first is not the longer of two or the only."""
    if len(passes) == 1 or (len(passes) == 2 and passes[1].slices < SHORTER * passes[0].slices):
        return 0
    first, second = passes[0].slices, passes[1].slices
    return 0 if says == "with" and SHORTER <= first / second <= 1 / SHORTER else 1


def _name_after(one: SeriesFacts, silent: list[SeriesFacts], before: list[PhaseName], *, late_named: bool) -> PhaseName:
    """Name a silent pass among those with contrast."""
    if PhaseName.DELAYED in before:
        return PhaseName.DELAYED
    if before:
        return PhaseName.WITH_CONTRAST
    place, count = silent.index(one), len(silent)
    if count >= 3 or (count == 2 and late_named):
        return (PhaseName.LATE_ARTERIAL, PhaseName.NEPHROGRAPHIC, PhaseName.DELAYED)[min(place, 2)]
    shorter = place == 1 and one.slices <= silent[0].slices * 1.2
    return PhaseName.DELAYED if shorter else PhaseName.WITH_CONTRAST
