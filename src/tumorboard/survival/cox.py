"""Cox's partial likelihood and Breslow's baseline hazard.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. Breslow N. Biometrics 1974;30:89-99. Efron B. J Am Stat Assoc 1977;72:557-565.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tumorboard.errors import UndefinedEstimateError
from tumorboard.survival.outcome import FloatArray, Survival, as_risk

Ties = Literal["efron", "breslow"]


def log_partial_likelihood(outcome: Survival, log_risk: npt.ArrayLike, *, ties: Ties = "efron") -> float:
    """Return the log partial likelihood of given log-risks.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    log_risk : array_like, shape (n,)
        Higher is worse; any finite value is safe, sums being taken in logarithms.
    ties : {"efron", "breslow"}
        How events at one time share the risk set.

    Returns
    -------
    float
        Zero or below; zero where there is no event.

    Examples
    --------
    >>> round(log_partial_likelihood(Survival([1, 2, 3], [1, 1, 0]), [0.0, 0.0, 0.0]), 6)
    -1.791759
    """
    values = as_risk(log_risk, len(outcome), "log_risk")
    order = np.argsort(-outcome.time_months, kind="stable")
    time, event, values = outcome.time_months[order], outcome.event[order], values[order]
    log_at_risk = np.logaddexp.accumulate(values) if len(values) else values
    total = 0.0
    for start, stop in _runs(time):
        dying = values[start:stop][event[start:stop]]
        if len(dying):
            total += float(dying.sum()) - _log_denominator(float(log_at_risk[stop - 1]), dying, ties)
    return total


def _runs(sorted_times: FloatArray) -> list[tuple[int, int]]:
    if not len(sorted_times):
        return []
    edges = np.concatenate(([0], np.flatnonzero(np.diff(sorted_times)) + 1, [len(sorted_times)]))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _log_denominator(log_at_risk: float, dying: FloatArray, ties: Ties) -> float:
    deaths = len(dying)
    if ties == "breslow" or deaths == 1:
        return deaths * log_at_risk
    log_dying = float(np.logaddexp.reduce(dying))
    share = np.arange(deaths) / deaths
    return float(np.sum(log_at_risk + np.log1p(-share * np.exp(log_dying - log_at_risk))))


@dataclass(frozen=True, eq=False)
class BaselineHazard:
    """A cumulative baseline hazard that turns log-risks into survival.

    Parameters
    ----------
    times_months : array of float, shape (k,)
        Times of the events, increasing.
    cumulative : array of float, shape (k,)
        Cumulative hazard at log-risk 0 from each time on.
    """

    times_months: FloatArray
    cumulative: FloatArray

    def at(self, times_months: npt.ArrayLike) -> FloatArray:
        """Return the cumulative baseline hazard at given times."""
        position = np.searchsorted(self.times_months, np.asarray(times_months, dtype=np.float64), side="right")
        return np.concatenate(([0.0], self.cumulative))[position]

    def survival(self, log_risk: npt.ArrayLike, times_months: npt.ArrayLike) -> FloatArray:
        """Return the predicted probability of being free of the event.

        Parameters
        ----------
        log_risk : array_like, shape (n,)
            Higher is worse, on the scale on which the baseline was estimated.
        times_months : array_like, shape (k,)
            The times.

        Returns
        -------
        array of float, shape (n, k)
        """
        hazard = np.exp(np.asarray(log_risk, dtype=np.float64))[:, None] * np.atleast_1d(self.at(times_months))
        survival: FloatArray = np.exp(-hazard)
        return survival


def breslow_baseline(outcome: Survival, log_risk: npt.ArrayLike) -> BaselineHazard:
    """Estimate the cumulative baseline hazard at log-risk 0.

    Parameters
    ----------
    outcome : Survival
        Outcomes of the patients on whom the log-risk was fitted; never of those it is assessed on.
    log_risk : array_like, shape (n,)
        Their log-risks.

    Raises
    ------
    UndefinedEstimateError
        Where there is no event.
    """
    values = as_risk(log_risk, len(outcome), "log_risk")
    if not outcome.events:
        raise UndefinedEstimateError("a baseline hazard needs at least one event")
    order = np.argsort(-outcome.time_months, kind="stable")
    log_at_risk = np.logaddexp.accumulate(values[order])  # in logarithms: a log-risk may be huge
    times, deaths = np.unique(outcome.time_months[outcome.event], return_counts=True)
    last_at_risk = np.searchsorted(-outcome.time_months[order], -times, side="right") - 1
    with np.errstate(over="ignore"):  # only patients of vanishing risk left: the hazard at log-risk 0 is without bound
        cumulative = np.cumsum(np.exp(np.log(deaths) - log_at_risk[last_at_risk]))
    return BaselineHazard(times, cumulative)
