"""Which contrast phase a series shows, and what says so.

In this order: words that name a phase or a time in the series' own description; seconds between the header's start of
injection and the acquisition; words that say only before or after; the header's agent; the study's description; the
order of the series in the study. Headers' agents are often filled in by habit, so that words win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tumorboard.scans.choice.phase_wording import (
    BOTH,
    GENERAL_PHASES,
    INJECTION,
    JOINT,
    LEAST_SECONDS,
    MOST_SECONDS,
    NAMED_PHASES,
    PhaseName,
    phase_at,
    phase_rule,
    seconds_in_words,
)
from tumorboard.scans.choice.wording import plain
from tumorboard.scans.series import SeriesFacts

Source = Literal["words", "seconds", "agent", "study", "order", "image", "sequence", "none"]

_DAY = 86400.0
_NO_AGENT = ("NONE", "NO", "N", "WITHOUT", "NO CONTRAST", "NON", "0")
_NOT_INJECTED = ("ORAL", "WATER", "RECTAL", "PO", "PER OS", "TRINKEN")


@dataclass(frozen=True)
class Phase:
    """When a series was taken after the injection, or what an MR shows.

    Parameters
    ----------
    name : PhaseName
    source : str
        ``words``, ``seconds``, ``agent``, ``study``, ``order``, ``image``, ``sequence`` or ``none``.
    reason : str
        In a few words.
    """

    name: PhaseName
    source: Source
    reason: str

    @property
    def is_sure(self) -> bool:
        """Whether the phase is named, timed or seen, rather than inferred."""
        named = self.name not in (PhaseName.WITH_CONTRAST, PhaseName.UNKNOWN)
        return named and self.source in ("words", "seconds", "image", "sequence")


UNKNOWN = Phase(PhaseName.UNKNOWN, "none", "neither words nor header tell the phase")


def phase_of(facts: SeriesFacts, study: Sequence[SeriesFacts] = ()) -> Phase:
    """Tell the phase of a series.

    Parameters
    ----------
    facts : SeriesFacts
    study : sequence of SeriesFacts
        All series of its study, itself among them; more can be told with them.

    Returns
    -------
    Phase
    """
    from tumorboard.scans.choice.study import phases_of

    return phases_of([*study] if facts in study else [*study, facts])[facts]


def own_ct_phase(facts: SeriesFacts, injection: float | None) -> Phase | None:
    """Tell the phase of a CT from its own words and header.

    Parameters
    ----------
    facts : SeriesFacts
    injection : float or None
        Start of the injection, seconds of the day, of this series or of another one of its study.

    Returns
    -------
    Phase or None
        None where it is silent.
    """
    text = plain(facts.description)
    words = _named(text, facts.description) or _general(text, facts.description)
    if words is not None and words.name is not PhaseName.WITH_CONTRAST:
        return words
    seconds = _by_seconds(facts, injection)
    if words is not None:
        return seconds if seconds is not None and seconds.name is not PhaseName.NON_CONTRAST else words
    return seconds or _by_protocol(facts) or _by_agent(facts)


def _named(text: str, shown: str) -> Phase | None:
    rule = phase_rule(text, NAMED_PHASES)
    if rule is not None:
        return Phase(rule.phase, "words", f"named “{shown.strip()}”: {rule.meaning}")
    seconds = None if INJECTION.search(text) else seconds_in_words(text)
    if seconds is not None:
        return Phase(phase_at(seconds), "words", f"named “{shown.strip()}”: {seconds:.0f} s after the injection")
    return None


def _general(text: str, shown: str) -> Phase | None:
    if BOTH.search(text):
        return None
    rule = phase_rule(text, GENERAL_PHASES)
    if rule is None:
        return None
    late = rule.phase is PhaseName.DELAYED and JOINT.search(text)
    name = PhaseName.WITH_CONTRAST if late else rule.phase
    return Phase(name, "words", f"named “{shown.strip()}”: {'with a delayed pass' if late else rule.meaning}")


def _by_protocol(facts: SeriesFacts) -> Phase | None:
    """Read the protocol's name, if it names one phase only: it is often the whole examination's."""
    text = plain(facts.protocol)
    rules = {rule.phase: rule for rule in NAMED_PHASES if rule.compiled.search(text)}
    if len(rules) == 1:
        rule = next(iter(rules.values()))
        return Phase(rule.phase, "words", f"protocol “{facts.protocol.strip()}”: {rule.meaning}")
    return None


def seconds_after(facts: SeriesFacts, injection: float | None) -> float | None:
    """Return the seconds from the start of the injection to the acquisition, over midnight if need be."""
    start = facts.contrast_seconds if facts.contrast_seconds is not None else injection
    if start is None or facts.acquisition_seconds is None:
        return None
    return (facts.acquisition_seconds - start + _DAY / 2) % _DAY - _DAY / 2


def _by_seconds(facts: SeriesFacts, injection: float | None) -> Phase | None:
    seconds = seconds_after(facts, injection)
    if seconds is None:
        return None
    if seconds < -LEAST_SECONDS:
        return Phase(PhaseName.NON_CONTRAST, "seconds", f"acquired {-seconds:.0f} s before the injection")
    if LEAST_SECONDS <= seconds <= MOST_SECONDS:
        return Phase(phase_at(seconds), "seconds", f"acquired {seconds:.0f} s after the injection")
    return None


def agent_given(facts: SeriesFacts) -> bool | None:
    """Tell whether the header names an injected agent; None where it is silent or the agent was swallowed."""
    agent = (facts.contrast_agent or "").strip().upper()
    if not agent or any(word in agent.split() for word in _NOT_INJECTED):
        return None
    return agent not in _NO_AGENT


def _by_agent(facts: SeriesFacts) -> Phase | None:
    given = agent_given(facts)
    if given is None:
        return None
    if given:
        return Phase(PhaseName.WITH_CONTRAST, "agent", "the header names a contrast agent")
    return Phase(PhaseName.NON_CONTRAST, "agent", "the header says that no agent was given")
