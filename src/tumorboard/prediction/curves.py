"""From risks to absolute survival curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tumorboard.survival import BaselineHazard, Survival, breslow_baseline
from tumorboard.survival.outcome import FloatArray

_LARGEST_HAZARD = 1e300
"""In the place of a hazard without bound, which JSON cannot hold: survival is 0 with either."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """What turns log-risks of a fold into survival.

    Parameters
    ----------
    hazard : BaselineHazard
        Breslow's, of the fold's fit patients.
    until_months : float
        Longest follow-up of the fit patients: nothing is known beyond.
    """

    hazard: BaselineHazard
    until_months: float

    @classmethod
    def fit(cls, outcome: Survival, log_risk: npt.ArrayLike) -> Self:
        """Estimate it.

        Parameters
        ----------
        outcome : Survival
            Of the fit patients.
        log_risk : array_like, shape (n,)
            Their log-risks, each a mean over the combinations of the patient's images, as it is predicted.

        Raises
        ------
        UndefinedEstimateError
            There is no event.
        """
        return cls(breslow_baseline(outcome, log_risk), float(outcome.time_months.max()))

    def survival(self, log_risk: npt.ArrayLike, months: npt.ArrayLike) -> FloatArray:
        """Return the probability of being free of the event, shape (n, k); NaN beyond the fit patients' follow-up.

        Parameters
        ----------
        log_risk : array_like, shape (n,)
        months : array_like, shape (k,)
        """
        times = np.atleast_1d(np.asarray(months, dtype=np.float64))
        with np.errstate(divide="ignore", over="ignore"):  # in logarithms: a hazard of 0 stays 0 whatever the risk
            log_hazard = np.log(self.hazard.at(times))
            hazard = np.exp(np.asarray(log_risk, dtype=np.float64)[:, None] + log_hazard)
        values: FloatArray = np.where(times <= self.until_months, np.exp(-hazard), np.nan)
        return values

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "months": self.hazard.times_months.tolist(),
            "cumulative_hazard": np.minimum(self.hazard.cumulative, _LARGEST_HAZARD).tolist(),
            "until_months": self.until_months,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return it from `to_json`."""
        hazard = BaselineHazard(
            np.asarray(content["months"], dtype=np.float64), np.asarray(content["cumulative_hazard"], dtype=np.float64)
        )
        return cls(hazard, float(content["until_months"]))


def survival_between_edges(edges: Sequence[float], at_edges: npt.ArrayLike, months: npt.ArrayLike) -> FloatArray:
    """Return survival of a discrete-time network at any time.

    Parameters
    ----------
    edges : sequence of float, length e
        The intervals' ends, in months.
    at_edges : array_like, shape (n, e)
        Survival at each.
    months : array_like, shape (k,)

    Returns
    -------
    array of float, shape (n, k)
        On straight lines from 1 at time 0 through the edges; NaN beyond the last.
    """
    times = np.atleast_1d(np.asarray(months, dtype=np.float64))
    ends = np.concatenate(([0.0], np.asarray(edges, dtype=np.float64)))
    rows = np.atleast_2d(np.asarray(at_edges, dtype=np.float64))
    return np.stack([np.interp(times, ends, np.concatenate(([1.0], row)), right=np.nan) for row in rows])


def mean_curve(curves: Sequence[FloatArray]) -> FloatArray:
    """Return the average of folds' survival; NaN where a fold says nothing.

    Parameters
    ----------
    curves : sequence of array of float, shape (k,)
        One a fold.
    """
    mean: FloatArray = np.mean(np.stack(list(curves)), axis=0)
    return mean
