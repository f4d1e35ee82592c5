"""From a bare log-risk to probabilities, without looking at the patients they are for.

A risk column has no probabilities. For each fold a Cox model on the standardised risk, with Breslow's baseline, is
fitted on the other folds' patients and applied to this one's. Without folds, patients are dealt into ten parts first.
What is then calibrated is the risk's ranking and spread, not the absolute level of the program it came from. A risk is
standardised by the mean and spread of its own fold's risks, test patients among them, since folds share no origin: no
outcome is seen thereby.
"""

from __future__ import annotations

import numpy as np

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.survival import Survival, breslow_baseline
from tumorboard.survival.outcome import FloatArray, IntArray

ORIGIN = (
    "Cox on the risk standardised within its fold and Breslow's baseline, fitted on the other folds' patients; "
    "observed over expected is near 1 by construction"
)
ORIGIN_WITHOUT_FOLDS = (
    "Cox on the standardised risk and Breslow's baseline, fitted on the other nine tenths of the patients; "
    "observed over expected is near 1 by construction"
)

_PARTS = 10
_FEWEST_EVENTS = 10
_STEPS = 50
_LARGEST_STEP = 2.0


def time_grid(horizons_months: tuple[float, ...], points: int = 60) -> FloatArray:
    """Return the times at which survival is predicted: evenly up to the last horizon, the horizons among them.

    Examples
    --------
    >>> time_grid((12.0, 60.0), points=5)
    array([12., 24., 36., 48., 60.])
    """
    last = max(horizons_months)
    even = np.linspace(0, last, points + 1)[1:]
    return np.unique(np.concatenate((even, np.asarray(horizons_months, dtype=np.float64))))


def cross_fitted(predictions: Predictions, times_months: FloatArray, seed: int) -> Probabilities:
    """Return survival probabilities for bare risks.

    Parameters
    ----------
    predictions : Predictions
        One row a patient.
    times_months : array of float, shape (k,)
        When survival is wanted.
    seed : int
        Seed of the dealing where there are no folds.

    Raises
    ------
    UndefinedEstimateError
        Where the risk does not vary within folds, or the patients of the other folds have fewer than ten events.
    """
    folded = len(predictions.strata) > 1
    parts = predictions.strata if folded else _deal(predictions.outcome, seed)
    values = predictions.standardised()
    if not values.any():
        raise UndefinedEstimateError("the risk is the same in all patients of a fold")
    survival = np.empty((len(values), len(times_months)))
    for rows in parts:
        others = np.setdiff1d(np.arange(len(values)), rows)
        outcome = predictions.outcome[others]
        if outcome.events < _FEWEST_EVENTS:
            raise UndefinedEstimateError(f"too few events ({outcome.events}) to turn a risk into probabilities")
        slope = cox_slope(outcome, values[others])
        baseline = breslow_baseline(outcome, slope * values[others])
        survival[rows] = baseline.survival(slope * values[rows], times_months)
    return Probabilities(times_months, survival, ORIGIN if folded else ORIGIN_WITHOUT_FOLDS)


def _deal(outcome: Survival, seed: int) -> list[IntArray]:
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(outcome))
    order = shuffled[np.lexsort((outcome.time_months[shuffled], outcome.event[shuffled]))]
    return [np.sort(order[part::_PARTS]) for part in range(_PARTS) if part < len(order)]


def cox_slope(outcome: Survival, covariate: FloatArray) -> float:
    """Return the coefficient of a Cox model with one covariate (Breslow ties), by Newton's method.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    covariate : array of float, shape (n,)
        The covariate, of a spread near one.

    Raises
    ------
    UndefinedEstimateError
        Where the likelihood has no maximum: the covariate orders the events perfectly.
    """
    if np.ptp(covariate) == 0:
        return 0.0
    order = np.argsort(-outcome.time_months, kind="stable")
    time, event, x = outcome.time_months[order], outcome.event[order], covariate[order]
    last_of_time = np.searchsorted(-time, -time[event], side="right") - 1
    slope = 0.0
    for _ in range(_STEPS):
        weight = np.exp(slope * (x - x.max()) if slope > 0 else slope * (x - x.min()))
        total, first, second = (np.cumsum(weight * x**power)[last_of_time] for power in range(3))
        gradient = float(np.sum(x[event] - first / total))
        curvature = float(np.sum(second / total - (first / total) ** 2))
        if curvature <= 1e-12:
            break
        step = float(np.clip(gradient / curvature, -_LARGEST_STEP, _LARGEST_STEP))
        slope += step
        if abs(step) < 1e-10:
            return slope
    raise UndefinedEstimateError("the risk orders the events perfectly: its Cox coefficient has no maximum")
