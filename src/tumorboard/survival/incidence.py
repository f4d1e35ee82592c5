"""Cumulative incidence where another event (death of another cause) can come first.

One minus Kaplan-Meier overstates the risk then, because it treats those who died of something else as if they could
still die of the disease.

References
----------
Aalen OO, Johansen S. Scand J Stat 1978;5:141-150. Variance: Marubini E, Valsecchi MG, Analysing Survival Data from
Clinical Trials and Observational Studies, 1995, eq. 10.12 (delta method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.errors import OutcomeError
from tumorboard.survival.estimate import NORMAL_95
from tumorboard.survival.kaplan_meier import count_by_time
from tumorboard.survival.outcome import BoolArray, FloatArray, Survival

_ROUNDING = 1e-12
_WIDEST = 700.0  # its exponential is still a number, and the interval from 0 to 1


@dataclass(frozen=True, eq=False)
class CumulativeIncidence:
    """Probability of the event of interest by each time.

    Parameters
    ----------
    times_months : array of float, shape (k,)
        Distinct times, increasing.
    incidence : array of float, shape (k,)
        Probability from each time on, from 0 to 1.
    variance : array of float, shape (k,)
        Its variance.
    competing : bool
        Whether anything competed.
    """

    times_months: FloatArray
    incidence: FloatArray
    variance: FloatArray
    competing: bool = False

    def at(self, times_months: npt.ArrayLike) -> FloatArray:
        """Return the probability at given times."""
        return self._step(self.incidence, times_months)

    def variance_at(self, times_months: npt.ArrayLike) -> FloatArray:
        """Return the variance of the probability at given times."""
        return self._step(self.variance, times_months)

    def interval(self, times_months: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the 95 % interval at given times; where nothing or everything has happened, the value alone.

        On the scale of log(-log) of the incidence; where nothing competes, of log(-log) of the survival, as is usual
        for Kaplan-Meier.

        Returns
        -------
        lower, upper : arrays of float
        """
        value = self.at(times_months)
        error = np.sqrt(self._step(self.variance, times_months))
        inside = (value > 0) & (value < 1)
        safe = np.where(inside, value if self.competing else 1 - value, 0.5)
        half_width = np.minimum(NORMAL_95 * error / np.abs(safe * np.log(safe)), _WIDEST)
        narrow, wide = safe ** np.exp(half_width), safe ** np.exp(-half_width)
        lower, upper = (narrow, wide) if self.competing else (1 - wide, 1 - narrow)
        return np.where(inside, lower, value), np.where(inside, upper, value)

    def _step(self, values: FloatArray, times_months: npt.ArrayLike) -> FloatArray:
        position = np.searchsorted(self.times_months, np.asarray(times_months, dtype=np.float64), side="right")
        return np.concatenate(([0.0], values))[position]


def cumulative_incidence(outcome: Survival, competing: npt.ArrayLike | None = None) -> CumulativeIncidence:
    """Estimate the probability of the event, other causes of death taking patients out.

    Parameters
    ----------
    outcome : Survival
        Time and the event of interest.
    competing : array_like of bool, shape (n,), optional
        True where another event ended the follow-up; without any it is one minus Kaplan-Meier.

    Raises
    ------
    OutcomeError
        Where a patient has both events.
    """
    other = as_competing(competing, outcome)
    times, events, _, at_risk = count_by_time(outcome)
    others = count_by_time(Survival(outcome.time_months, other))[1]
    overall_before = np.concatenate(([1.0], np.cumprod(1 - (events + others) / at_risk)))[:-1]
    incidence = _without_rounding(np.cumsum(overall_before * events / at_risk))
    variance = _variance(incidence, overall_before, events, events + others, at_risk)
    return CumulativeIncidence(times, incidence, variance, bool(other.any()))


def _without_rounding(incidence: FloatArray) -> FloatArray:
    """Return one where a sum that should be one misses it by the last digit: an interval would be drawn about it."""
    clipped: FloatArray = np.where(incidence > 1 - _ROUNDING, 1.0, incidence)
    return clipped


def _variance(
    incidence: FloatArray, overall_before: FloatArray, events: FloatArray, any_event: FloatArray, at_risk: FloatArray
) -> FloatArray:
    # sums over u <= t of (I(t) - I(u))^2 a(u) + S^2 b(u) - 2 (I(t) - I(u)) S c(u), expanded into running sums
    remaining = np.maximum(at_risk - any_event, 1e-300)
    a = np.where(at_risk > any_event, any_event / (at_risk * remaining), 0.0)
    b = overall_before**2 * (at_risk - events) / at_risk**3 * events
    c = overall_before * events / at_risk**2
    first = incidence**2 * np.cumsum(a) - 2 * incidence * np.cumsum(incidence * a) + np.cumsum(incidence**2 * a)
    third = incidence * np.cumsum(c) - np.cumsum(incidence * c)
    variance: FloatArray = np.maximum(first + np.cumsum(b) - 2 * third, 0.0)
    return variance


def as_competing(competing: npt.ArrayLike | None, outcome: Survival) -> BoolArray:
    """Return the competing events as booleans, checked against the outcome.

    Raises
    ------
    OutcomeError
        For another length, or where a patient has both events.
    """
    if competing is None:
        return np.zeros(len(outcome), dtype=np.bool_)
    other = np.asarray(competing, dtype=np.bool_)
    if other.shape != outcome.event.shape:
        raise OutcomeError(f"'competing' has {len(other)} values but there are {len(outcome)} patients")
    if (other & outcome.event).any():
        raise OutcomeError("a patient has both the event and a competing event")
    return other
