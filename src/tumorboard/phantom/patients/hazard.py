"""When patients die, of the disease and of other causes, and when they are last seen.

Disease: Weibull baseline, log-hazard linear in the factors,

    S(t | factors) = exp(-(t / scale)^shape * exp(log-hazard)).

Other causes: Weibull, with age and frailty. Being lost or reaching the end of the study is independent of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.factors import FACTORS
from tumorboard.survival.outcome import FloatArray


@dataclass(frozen=True)
class Weibull:
    """A Weibull distribution of times.

    Parameters
    ----------
    scale_months : float
        Time at which the cumulative hazard is 1 at log-hazard 0.
    shape : float
        Above 1 the hazard rises with time.
    """

    scale_months: float
    shape: float

    def survival(self, time_months: FloatArray, log_hazard: FloatArray | float = 0.0) -> FloatArray:
        """Return the probability of being free of the event at given times."""
        survival: FloatArray = np.exp(-((time_months / self.scale_months) ** self.shape) * np.exp(log_hazard))
        return survival

    def times(self, survival: FloatArray, log_hazard: FloatArray | float = 0.0) -> FloatArray:
        """Return the times, in months, at which the survival has given values (the inverse of `survival`)."""
        times: FloatArray = self.scale_months * (-np.log(survival) / np.exp(log_hazard)) ** (1 / self.shape)
        return times


DISEASE = Weibull(scale_months=320.0, shape=1.66)
OTHER_CAUSE = Weibull(scale_months=510.0, shape=1.1)
CENSORING = Weibull(scale_months=68.5, shape=1.72)
"""Set so that the numbers of deaths, their times and the quartiles of the follow-up are near TCGA-KIRC's."""

LONGEST_FOLLOW_UP_MONTHS = 150.0
"""TCGA-KIRC's longest is 149 months."""

OTHER_CAUSE_AGE, OTHER_CAUSE_FRAILTY = 0.75, 0.35
"""Change of the log-hazard of other deaths per SD; age has a C of 0.71 for them in TCGA-KIRC."""


@dataclass(frozen=True, eq=False)
class Fates:
    """What would happen to each patient if nothing else came first, and what is seen.

    Parameters
    ----------
    log_hazard : array of float, shape (n,)
        Of dying of the disease.
    disease_months, other_months, censoring_months : array of float, shape (n,)
        Time to the death of the disease, to another death, to the last contact.
    """

    log_hazard: FloatArray
    disease_months: FloatArray
    other_months: FloatArray
    censoring_months: FloatArray

    @property
    def observed_months(self) -> FloatArray:
        """The time to whatever comes first."""
        return np.minimum(np.minimum(self.disease_months, self.other_months), self.censoring_months)

    @property
    def died_of_disease(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether the death of the disease comes first."""
        seen: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.disease_months <= np.minimum(
            self.other_months, self.censoring_months
        )
        return seen

    @property
    def died(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether any death comes before the last contact."""
        seen: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            np.minimum(self.disease_months, self.other_months) <= self.censoring_months
        )
        return seen


def log_hazard(factors: Mapping[str, FloatArray]) -> FloatArray:
    """Return the log-hazard of dying of the disease, 0 for a patient with all factors at their mean.

    Parameters
    ----------
    factors : mapping of str to array of float, shape (n,)
        The factors by name, standard normal.

    Returns
    -------
    array of float, shape (n,)
    """
    total = np.zeros_like(factors[FACTORS[0].name])
    for factor in FACTORS:
        total = total + factor.log_hazard * factors[factor.name]
    return total


def draw_fates(draws: Draws, factors: Mapping[str, FloatArray], age: FloatArray) -> Fates:
    """Draw when what happens.

    Parameters
    ----------
    draws : Draws
        The cohort's draws.
    factors : mapping of str to array of float, shape (n,)
        The factors by name, standard normal.
    age : array of float, shape (n,)
        Age in standard deviations from the mean.

    Returns
    -------
    Fates
    """
    hazard = log_hazard(factors)
    other = OTHER_CAUSE_AGE * age + OTHER_CAUSE_FRAILTY * factors["frailty"]
    return Fates(
        log_hazard=hazard,
        disease_months=DISEASE.times(draws.uniform("disease"), hazard),
        other_months=OTHER_CAUSE.times(draws.uniform("other cause"), other),
        censoring_months=np.minimum(CENSORING.times(draws.uniform("censoring")), LONGEST_FOLLOW_UP_MONTHS),
    )


def formula() -> dict[str, object]:
    """Return the hazard in words and numbers, as ``truth/hazard.json`` holds it."""
    return {
        "survival": "exp(-(t / scale_months)^shape * exp(log_hazard)), t in months",
        "log_hazard": "sum of coefficient times factor, factors standard normal (columns <factor>_z of factors.csv)",
        "coefficients": {factor.name: factor.log_hazard for factor in FACTORS},
        "severity_loadings": {factor.name: factor.loading for factor in FACTORS},
        "shown_by": {factor.name: factor.modality for factor in FACTORS},
        "disease": {"scale_months": DISEASE.scale_months, "shape": DISEASE.shape},
        "other_causes": {
            "scale_months": OTHER_CAUSE.scale_months,
            "shape": OTHER_CAUSE.shape,
            "coefficients": {"age_z": OTHER_CAUSE_AGE, "frailty": OTHER_CAUSE_FRAILTY},
        },
        "censoring": {
            "scale_months": CENSORING.scale_months,
            "shape": CENSORING.shape,
            "longest_months": LONGEST_FOLLOW_UP_MONTHS,
        },
    }
