"""What words and numbers say of the contrast phase: rules as data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class PhaseName(StrEnum):
    """When a CT was taken after the injection, or what an MR shows."""

    NEPHROGRAPHIC = "nephrographic"
    LATE_ARTERIAL = "late arterial"
    PORTAL_VENOUS = "portal venous"
    WITH_CONTRAST = "with contrast, phase unknown"
    DELAYED = "delayed"
    UNKNOWN = "unknown"
    NON_CONTRAST = "non-contrast"
    T1_CONTRAST = "T1 after contrast"
    T1 = "T1"
    OTHER = "other"


P = PhaseName

SECONDS_TO_PHASE: tuple[tuple[float, PhaseName], ...] = (
    (60.0, P.LATE_ARTERIAL),
    (80.0, P.PORTAL_VENOUS),
    (180.0, P.NEPHROGRAPHIC),
    (float("inf"), P.DELAYED),
)
"""Up to how many seconds after the injection which phase lasts.

Corticomedullary 25 to 70 s, nephrographic 80 to 180 s, excretory from 180 s: Sheth et al. 2001 (RadioGraphics
21:S237). Between 60 and 80 s a routine abdomen is taken, in the portal venous phase, while cortex and medulla become
alike: Goshima et al. 2007 (European Journal of Radiology 63:420) see their difference fall below 30 HU 45 s after the
aorta's trigger.
"""

LEAST_SECONDS, MOST_SECONDS = 10.0, 3600.0
"""What counts as a time after injection; a start that is the acquisition's own time is a scanner's filling-in."""


@dataclass(frozen=True)
class PhaseRule:
    """One line of the table of phases.

    Parameters
    ----------
    pattern : str
        Regular expression, searched in plain text.
    phase : PhaseName
    meaning : str
    """

    pattern: str
    phase: PhaseName
    meaning: str
    compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern))


NAMED_PHASES: tuple[PhaseRule, ...] = (
    PhaseRule(r"arteriel\w* tardif|spatarter|\blate[ -]?art", P.LATE_ARTERIAL, "late arterial"),
    PhaseRule(r"nephro(?!s|l)|\bneph\b|pa[rn]+[ae]nchym|tubul", P.NEPHROGRAPHIC, "nephrographic, parenchymal"),
    PhaseRule(r"\bart(er\w*)?\b|cortico|cortical|\bcmp?\b|\bcta\b|\bangio", P.LATE_ARTERIAL, "arterial"),
    PhaseRule(r"portal|\bpv[cp]?\b|\bven(ous|os\w*)?\b|veineu|\bportoven", P.PORTAL_VENOUS, "portal venous"),
    PhaseRule(r"excret|ausscheid|pyelo|urogra\w* ?phas", P.DELAYED, "excretory"),
)
"""Words that name a phase."""

BOTH = re.compile(
    r"w[ /&+]*\bw/?o\b|\bw/w/?o|\bw&w/?o|\bwo?/?&w|\bwo\+w|\bw\+wo|\bw/?o/w\b|with (and|&) wi|\+/-|\bwo&w"
    r"|w/&w/o|w/ & w/o|\bw/?o[ /&+]+(with\b|w\b|w/)|\bwithout[ /&+]+(and )?with\b|\bpre ?[/&+-] ?\w{0,2} ?post"
)
"""Wording of "without and with contrast"."""

JOINT = re.compile(
    r"(&|\band\b|\+) ?delay|arterial ?/ ?par|\bpre ?[/&+-] ?\w{0,2} ?post|\bx ?3\b|\b3 ?ph\b|1xpre"
    r"|\bdyn\b(?!.*\+c)|\bdynamic\("
)
"""Wording of several passes in one series."""

INJECTION = re.compile(r"^contrast (o|oral|or)\b|^contrast o[/,]|\d+ ?cc/")
"""Wording of what was given and how (GE copies it into the description of regrouped series): not of the phase."""

GENERAL_PHASES: tuple[PhaseRule, ...] = (
    PhaseRule(r"\bdela[iy]\w*|\bdel\b|\blate\b|tardif|\bspat(phase|aufnahme)?\b|equilib", P.DELAYED, "delayed"),
    PhaseRule(
        r"\bnativ|un-?enhanced|\bnon\b|\bno (iv|con)|\bnc\b|\bncct\b|with?out|\bplain\b", P.NON_CONTRAST, "without"
    ),
    PhaseRule(r"\bw ?/ ?o\b|\bwo\b|\bsans\b|\bspc\b|\bohne\b", P.NON_CONTRAST, "without contrast"),
    PhaseRule(r"(^|[ /])[ci] ?-( |$|\d)|(^| )-c\b", P.NON_CONTRAST, "C- or I-, without contrast"),
    PhaseRule(r"\bpre(?!p)|\bstones?\b|\bcolic|\bureters?\b|\bkub\b", P.NON_CONTRAST, "before contrast, or for stones"),
    PhaseRule(r"\bpost\b(?![ -]?(neph?r|op|stent|evt|surg))", P.WITH_CONTRAST, "after contrast"),
    PhaseRule(
        r"\bwith\b|\bw\b|\bw/|contrast(?! oral)|\benhanced|\bomnip|\bisovue|\boptiray|\bultravist", P.WITH_CONTRAST, ""
    ),
    PhaseRule(
        r"\+ ?(c|km|gad)\b|\b[ci] ?\+|\biv\b|\bkm\b|inject|\bgad(o\w*)?\b|infusion", P.WITH_CONTRAST, "with contrast"
    ),
)
"""Words that say only before, after or late."""

_SECONDS = re.compile(r"\b(\d{1,4}) ?-?(?:s|sec|secs|seconds|sek|sekunden|secondes)\b|\b(\d{2,4})sec")
_MINUTES = re.compile(r"\b(\d{1,2}) ?-?(?:min|mins|minutes?|minuten|mn)\b|\b(\d{1,2})min")


def seconds_in_words(text: str) -> float | None:
    """Read a time after injection from plain text.

    Parameters
    ----------
    text : str
        Such as ``100 sec kidney`` or ``8min abd/pel``.

    Returns
    -------
    float or None
    """
    for pattern, unit in ((_SECONDS, 1.0), (_MINUTES, 60.0)):
        match = pattern.search(text)
        if match:
            seconds = float(next(group for group in match.groups() if group)) * unit
            if LEAST_SECONDS <= seconds <= MOST_SECONDS:
                return seconds
    return None


def phase_at(seconds: float) -> PhaseName:
    """Give the CT phase at a time after injection, by `SECONDS_TO_PHASE`."""
    return next(phase for until, phase in SECONDS_TO_PHASE if seconds < until)


def phase_rule(text: str, rules: tuple[PhaseRule, ...]) -> PhaseRule | None:
    """Find the first rule that fits plain text."""
    return next((rule for rule in rules if rule.compiled.search(text)), None)
