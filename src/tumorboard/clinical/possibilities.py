"""Every result that a score may have while some of its inputs are unknown.

Each unknown input runs over a representative of each of its bins; the score is computed for every completion. An input
counts as missing where, with the others fixed in at least one way, it changes the points, the group, or whether the
score applies at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from tumorboard.clinical.settings import ScoreSettings


class Outcome(NamedTuple):
    """The points, where the score has any, and the group of a patient with complete inputs."""

    points: float | None
    group: str


@dataclass(frozen=True)
class Score:
    """What a score reads and how it is computed.

    Parameters
    ----------
    name : str
        The key in answers.
    title : str
        The name for readers.
    inputs : tuple of str
        The clinical columns that ``evaluate`` takes, in its order.
    groups : tuple of str
        The groups, the best outcome first.
    evaluate : callable
        Takes the settings and the inputs' values, and returns an :class:`Outcome`.
    applies_to_m : int or None
        0 where the score is for patients without distant metastases, 1 where it is for those with; None for both.
    clear_cell_only : bool
        Whether it was built on clear cell carcinoma alone.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    groups: tuple[str, ...]
    evaluate: Callable[..., Outcome]
    applies_to_m: int | None = None
    clear_cell_only: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """The inputs, and ``m`` where it decides whether the score applies."""
        return self.inputs if self.applies_to_m is None else ("m", *self.inputs)


@dataclass(frozen=True)
class Possibilities:
    """All that a score may be.

    Parameters
    ----------
    points : tuple of float or None
        Smallest and largest number of points; None where the score has none or does not apply.
    groups : tuple of str
        Every possible group, the best outcome first; empty where the score does not apply.
    missing : tuple of str
        The unknown inputs that could change the result.
    """

    points: tuple[float, float] | None
    groups: tuple[str, ...]
    missing: tuple[str, ...]


@lru_cache(maxsize=200_000)
def find_possibilities(score: Score, settings: ScoreSettings, domains: tuple[tuple[Any, ...], ...]) -> Possibilities:
    """Compute a score for every completion of its inputs.

    Parameters
    ----------
    score : Score
        The score.
    settings : ScoreSettings
        The user's choices.
    domains : tuple of tuple
        The possible values of each of ``score.reads``.

    Returns
    -------
    Possibilities
    """
    completions = list(product(*domains))
    outcomes = [_outcome(score, settings, completion) for completion in completions]
    applicable = [outcome for outcome in outcomes if outcome is not None]
    points = [outcome.points for outcome in applicable if outcome.points is not None]
    reached = {outcome.group for outcome in applicable}
    return Possibilities(
        points=(min(points), max(points)) if points else None,
        groups=tuple(group for group in score.groups if group in reached),
        missing=tuple(
            name
            for place, name in enumerate(score.reads)
            if len(domains[place]) > 1 and _matters(place, completions, outcomes)
        ),
    )


def _outcome(score: Score, settings: ScoreSettings, completion: tuple[Any, ...]) -> Outcome | None:
    if score.applies_to_m is None:
        return score.evaluate(settings, *completion)
    m, *inputs = completion
    return score.evaluate(settings, *inputs) if m == score.applies_to_m else None


def _matters(place: int, completions: Sequence[tuple[Any, ...]], outcomes: Sequence[Outcome | None]) -> bool:
    seen: dict[tuple[Any, ...], Outcome | None] = {}
    for completion, outcome in zip(completions, outcomes, strict=True):
        others = completion[:place] + completion[place + 1 :]
        if seen.setdefault(others, outcome) != outcome:
            return True
    return False
