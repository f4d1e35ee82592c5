"""Discrimination: Harrell's and Uno's concordance, AUC over time, each within folds and with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap, bootstrap_estimate, bootstrap_interval
from tumorboard.survival import ConcordancePairs, Estimate, Survival, dynamic_auc, harrell_concordance, uno_concordance
from tumorboard.survival.concordance import NO_COMPARABLE_PAIR
from tumorboard.survival.kaplan_meier import censoring_survival
from tumorboard.survival.outcome import FloatArray, IntArray

SMALLEST_UNCENSORED = 0.1
"""Uno's tau is the last event before which at least this share is uncensored: weights stay below its square."""


@dataclass(frozen=True, eq=False)
class FoldedConcordance:
    """The concordance of predictions over bootstrapped patients, pairs within folds only.

    Parameters
    ----------
    predictions : Predictions
        The predictions; with repeats, the pairs of all repeats are pooled and patients drawn once for all.
    """

    predictions: Predictions

    @cached_property
    def _strata(self) -> list[tuple[ConcordancePairs, IntArray]]:
        outcome, risk, patient = self.predictions.outcome, self.predictions.risk, self.predictions.patient_rows
        return [(ConcordancePairs(outcome[rows], risk[rows]), patient[rows]) for rows in self.predictions.strata]

    def value(self) -> float:
        """Return the concordance.

        Raises
        ------
        UndefinedEstimateError
            Where no pair is comparable.
        """
        sums = np.sum([pairs.sums() for pairs, _ in self._strata], axis=0)
        if sums.sum() == 0:
            raise UndefinedEstimateError(NO_COMPARABLE_PAIR)
        return float((sums[0] + sums[2] / 2) / sums.sum())

    def replicates(self, bootstrap: Bootstrap) -> FloatArray:
        """Return the concordance of each replicate; NaN where it is undefined."""
        values = []
        for multiplicity in bootstrap.multiplicities(len(self.predictions.patients)):
            sums = np.sum([pairs.replicate_sums(multiplicity[patient]) for pairs, patient in self._strata], axis=0)
            comparable = sums.sum(axis=0)
            won = sums[0] + sums[2] / 2
            values.append(np.divide(won, comparable, out=np.full_like(won, np.nan), where=comparable > 0))
        return np.concatenate(values)


def harrell_estimate(predictions: Predictions, bootstrap: Bootstrap) -> Estimate:
    """Return Harrell's concordance with its bootstrap interval.

    Parameters
    ----------
    predictions : Predictions
        The predictions; with folds, pairs within folds only.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    concordance = FoldedConcordance(predictions)
    try:
        value = concordance.value()
    except UndefinedEstimateError as undefined:
        return Estimate.undefined(undefined.reason)
    interval = bootstrap_interval(value, concordance.replicates(bootstrap))
    return Estimate(
        value, interval, None if interval else "no interval: undefined in more than a tenth of the replicates"
    )


def harrell_by_fold(predictions: Predictions) -> list[dict[str, object]]:
    """Return each fold's patients, events and concordance; null with a reason where it has no comparable pair."""
    folds = []
    for rows in predictions.strata:
        outcome = predictions.outcome[rows]
        try:
            estimate = Estimate(harrell_concordance(outcome, predictions.risk[rows]).value)
        except UndefinedEstimateError as undefined:
            estimate = Estimate.undefined(undefined.reason)
        first = predictions.frame.iloc[int(rows[0])]
        entry: dict[str, object] = {"fold": _plain(first["fold"])}
        if "repeat" in predictions.frame:
            entry = {"repeat": _plain(first["repeat"])} | entry
        folds.append(entry | {"n": len(rows), "events": outcome.events, "harrell_c": estimate.to_json()})
    return folds


def _plain(label: object) -> object:
    return label.item() if isinstance(label, np.generic) else label


def uno_tau(outcome: Survival) -> float:
    """Return the time until which Uno's concordance counts events.

    Returns
    -------
    float
        Just past the last event before which at least a tenth of the patients is uncensored; 0 without events.
    """
    events = np.sort(outcome.time_months[outcome.event])
    usable = events[censoring_survival(outcome).before(events) >= SMALLEST_UNCENSORED]
    return float(np.nextafter(usable[-1], np.inf)) if len(usable) else 0.0


def uno_estimate(predictions: Predictions, bootstrap: Bootstrap) -> dict[str, object]:
    """Return Uno's concordance with its interval and its tau, as JSON.

    Parameters
    ----------
    predictions : Predictions
        With repeats, the pairs of all repeats are pooled and patients drawn once for all.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    outcome, risk, strata = predictions.outcome, predictions.risk, predictions.strata_codes
    tau = uno_tau(outcome)

    def statistic(rows: IntArray) -> float:
        return uno_concordance(outcome[rows], risk[rows], tau, strata=strata[rows]).value

    estimate = bootstrap_estimate(statistic, len(predictions.patients), bootstrap, predictions.patient_rows)
    return estimate.to_json() | {"tau_months": tau}


def auc_estimate(predictions: Predictions, horizon_months: float, bootstrap: Bootstrap) -> Estimate:
    """Return the cumulative/dynamic AUC at a horizon with its interval, pairs within folds only.

    Parameters
    ----------
    predictions : Predictions
        With repeats, the pairs of all repeats are pooled and patients drawn once for all.
    horizon_months : float
        The horizon.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    outcome, risk, strata = predictions.outcome, predictions.risk, predictions.strata_codes

    def statistic(rows: IntArray) -> float:
        return dynamic_auc(outcome[rows], risk[rows], horizon_months, strata=strata[rows])

    return bootstrap_estimate(statistic, len(predictions.patients), bootstrap, predictions.patient_rows)
