"""Which series of a study show one acquisition again, and which hold several passes in one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tumorboard.scans.choice.kind import Kind, kind_of
from tumorboard.scans.choice.phase_wording import INJECTION, JOINT
from tumorboard.scans.choice.wording import KindName, has_chest, plain
from tumorboard.scans.series import SeriesFacts

_RECON = re.compile(r"^recon \d+ ?:? ?")
_LUNG_KERNEL = re.compile(r"^b[5-9]\d|^(lung|bone|edge|sharp)|^(yc|yd|fc5|fc8|br[6-9]\d|bl[5-9]\d|i[6-9]\d)")
_LUNG_WORD = re.compile(r"\b(lungs?|lunge|poumons?)\b")
_TWO_ECHOES = re.compile(r"\b(in|ip)[ /-]+(out|op+|oop)\b|dual ?echo|\bde fspgr|in-opp|in out|dual ffe|ip/op")
_SUBTRACTION = re.compile(r"^\(\d+/(\d+)/\d+\) ?[-+] ?\(\d+/(\d+)/\d+\)")

SAME_TIME_SECONDS = 5.0
"""Two reconstructions of one acquisition begin at one time."""

_LEAST_CUT = 12
"""Letters that two names must share, if one is the other cut off."""

LEAST_JOINT = 1.5
"""A series with so many times the slices of its own partial copy holds more than one pass."""

LEAST_PASS = 40
"""Slices of a copy that may be a pass through the whole kidneys, rather than a detail."""


_LEAST_COVERAGE_MM = 120.0
"""A kidney is 11 cm long; a series that covers less than that with some margin may miss a pole."""

_LEAST_SLICES = (20, 13)
"""The same of CT and of MR, in slices, where their distance is not known: CT to 6 mm, MR to 10 mm."""


def base_name(facts: SeriesFacts) -> str:
    """Return the plain description without the mark of a second reconstruction."""
    return _RECON.sub("", plain(facts.description))


def is_marked(facts: SeriesFacts) -> bool:
    """Tell whether the description says that it is a further reconstruction (GE's ``Recon 2:``)."""
    return bool(_RECON.match(plain(facts.description)))


def is_lung_kernel(facts: SeriesFacts) -> bool:
    """Tell whether the series was reconstructed for lung or bone: noisy, with exaggerated edges."""
    kernels = [plain(facts.kernel or ""), *re.findall(r"\bb\d\d[a-z]\b", plain(facts.description))]
    return bool(_LUNG_WORD.search(plain(facts.description))) or any(_LUNG_KERNEL.match(one) for one in kernels if one)


def original_of(facts: SeriesFacts, images: Sequence[SeriesFacts]) -> SeriesFacts | None:
    """Find the series of which this one is another reconstruction.

    GE writes ``Recon 2: NAME`` for a second reconstruction of ``NAME``, and numbers the groups that were taken out of
    series 3 as 103. Series that begin at different times are different acquisitions, whatever they are called.

    Parameters
    ----------
    facts : SeriesFacts
    images : sequence of SeriesFacts
        The images of its study.

    Returns
    -------
    SeriesFacts or None
        None where it is a primary series.
    """
    if facts.number is None:
        return None
    named = [one for one in images if one.modality == facts.modality and one.number is not None]
    same = [one for one in named if _same_name(one, facts) and not is_marked(one) and _at_once(one, facts)]
    if is_marked(facts):
        before = [one for one in same if (one.number or 0) < facts.number]
        return max(before, key=lambda one: one.number or 0, default=None)
    if 100 < facts.number < 200:
        return next((one for one in same if one.number == facts.number - 100), None)
    return None


def is_partial(facts: SeriesFacts) -> bool:
    """Tell whether a series in transversal slices is too short for a whole kidney."""
    if facts.plane not in (None, "transversal"):
        return False
    if facts.slice_mm:
        return facts.slices * facts.slice_mm < _LEAST_COVERAGE_MM
    return facts.slices < _LEAST_SLICES[facts.modality == "MR"]


def is_regrouped(facts: SeriesFacts, images: Sequence[SeriesFacts]) -> bool:
    """Tell whether a CT's number (101 to 199 among numbers below 100) marks a group taken out of another series.

    Its number then says nothing of when it was acquired.
    """
    if facts.modality != "CT" or facts.number is None or not 100 <= facts.number < 200:
        return False
    return any(one.modality == "CT" and one.number is not None and one.number < 100 for one in images)


def kind_in_study(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> Kind:
    """Tell what a series is, of a group named only by its injection also by the series that it was taken out of.

    Parameters
    ----------
    facts : SeriesFacts
    study : sequence of SeriesFacts
        All series of its study.
    """
    own = kind_of(facts)
    if own.is_image and INJECTION.search(plain(facts.description)) and is_regrouped(facts, study):
        for one in study:
            if one.modality == "CT" and facts.number is not None and one.number == facts.number - 100:
                source = kind_of(one)
                if source.name in (KindName.CHEST, KindName.HEAD, KindName.OTHER_BODY_PART):
                    return Kind(source.name, f"taken out of series {one.number}: {source.reason}")
    return own


def _same_name(one: SeriesFacts, other: SeriesFacts) -> bool:
    """Tell whether two names are the same, cut off at some length, or one only tells what was injected."""
    names = sorted((base_name(one), base_name(other)), key=len)
    cut = len(names[0]) >= _LEAST_CUT and names[1].startswith(names[0])
    return names[0] == names[1] or cut or bool(INJECTION.search(base_name(other)))


def _at_once(one: SeriesFacts, other: SeriesFacts) -> bool:
    if one.acquisition_seconds is None or other.acquisition_seconds is None:
        return True
    return abs(one.acquisition_seconds - other.acquisition_seconds) <= SAME_TIME_SECONDS


def joint_reason(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> str:
    """Say why a series seems to hold several passes or echoes one after the other; empty where it does not.

    Parameters
    ----------
    facts : SeriesFacts
    study : sequence of SeriesFacts
        All series of its study.
    """
    text = plain(facts.description)
    if facts.modality == "MR" and _TWO_ECHOES.search(text):
        return "two echoes in one series"
    if JOINT.search(text) and not is_marked(facts):
        return "its name tells of several passes in one series"
    if facts.modality == "MR":
        return _joint_mr(facts, study)
    return _joint_ct(facts, study)


def _joint_mr(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> str:
    for one in study:
        pair = _SUBTRACTION.match(plain(one.description))
        if pair and pair[1] == pair[2] == str(facts.number):
            return "a subtraction is made of two of its own images"
    stem = _stem(facts)
    for one in study:
        times = round(facts.slices / max(one.slices, 1), 1)
        alike = one.modality == "MR" and one is not facts and _stem(one) == stem and stem
        if alike and kind_of(one).is_image and 1.9 <= times <= 6:
            return f"{times:g} times the slices of its like: several passes in one series"
    return ""


def _stem(facts: SeriesFacts) -> str:
    """Return the name of an MR sequence without what changes from pass to pass."""
    text = re.sub(
        r"\b(pre|post|delay(ed)?|gad\w*|\+ ?c|- ?c)\b|[+-] ?c\b|\d+ ?(s|sec|min)\b", " ", plain(facts.description)
    )
    return " ".join(text.split())


def _joint_ct(facts: SeriesFacts, study: Sequence[SeriesFacts]) -> str:
    """Compare a series with its own copies, where these cannot be the chest alone."""
    images = [one for one in study if kind_of(one).is_image]
    own = original_of(facts, images) or facts
    chest_apart = any(
        has_chest(plain(one.description)) and not kind_of(one).is_image and one.slices > 1 for one in study
    )
    if not chest_apart and (has_chest(plain(facts.description)) or has_chest(plain(facts.study_description))):
        return ""
    group = [one for one in images if original_of(one, images) is own and one.slices >= LEAST_PASS]
    least = min((one.slices for one in group), default=facts.slices)
    if facts.slices >= LEAST_JOINT * least and not is_marked(facts):
        return f"{facts.slices} slices where a copy of one pass has {least}"
    return ""


def subtracted(study: Sequence[SeriesFacts]) -> tuple[frozenset[int], frozenset[int]]:
    """Read from GE's names of subtractions which series numbers were taken after contrast, and which before."""
    pairs = [pair for one in study if (pair := _SUBTRACTION.match(plain(one.description)))]
    after = frozenset(int(pair[1]) for pair in pairs if pair[1] != pair[2])
    return after, frozenset(int(pair[2]) for pair in pairs if pair[1] != pair[2]) - after
