"""Kaplan-Meier as a step function: survival of the patients, and of being uncensored.

References
----------
Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.survival.outcome import FloatArray, Survival


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A function that is 1 at first and falls at given times.

    Parameters
    ----------
    times : array of float, shape (k,)
        Increasing.
    values : array of float, shape (k,)
        Value from each time on.
    """

    times: FloatArray
    values: FloatArray

    def at(self, times: npt.ArrayLike) -> FloatArray:
        """Return the value at each time, a fall at that very time included."""
        return self._value(np.searchsorted(self.times, np.asarray(times, dtype=np.float64), side="right"))

    def before(self, times: npt.ArrayLike) -> FloatArray:
        """Return the value just before each time."""
        return self._value(np.searchsorted(self.times, np.asarray(times, dtype=np.float64), side="left"))

    def _value(self, position: npt.NDArray[np.intp]) -> FloatArray:
        return np.concatenate(([1.0], self.values))[position]


def kaplan_meier(outcome: Survival) -> StepFunction:
    """Estimate the probability of being free of the event.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.

    Returns
    -------
    StepFunction
        With one step at each distinct time.
    """
    times, events, _, at_risk = count_by_time(outcome)
    return StepFunction(times, np.cumprod(1.0 - events / at_risk).astype(np.float64))


def censoring_survival(outcome: Survival) -> StepFunction:
    """Estimate the probability of not yet being censored; at one time, events come before censorings.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.

    Returns
    -------
    StepFunction
        Inverse probability of censoring weights are ``1 / before(T_i)`` for a patient with an event and ``1 / at(t)``
        for one who is followed beyond t.
    """
    times, events, censored, at_risk = count_by_time(outcome)
    remaining = at_risk - events
    falls = np.divide(censored, remaining, out=np.zeros_like(at_risk), where=remaining > 0)
    return StepFunction(times, np.cumprod(1.0 - falls).astype(np.float64))


def count_by_time(outcome: Survival) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Count what happens at each distinct time.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.

    Returns
    -------
    times, events, censored, at_risk : arrays of float, shape (k,)
        The distinct times, and the patients with an event, censored, and at risk at each.
    """
    times, position = np.unique(outcome.time_months, return_inverse=True)
    events = np.bincount(position, weights=outcome.event, minlength=len(times)).astype(np.float64)
    leaving = np.bincount(position, minlength=len(times)).astype(np.float64)
    at_risk = len(outcome) - np.concatenate(([0.0], np.cumsum(leaving)))[:-1]
    return times, events, leaving - events, at_risk
