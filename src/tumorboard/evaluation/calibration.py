"""Calibration at a horizon: observed against expected, slope, curve, Brier score; with competing deaths beside.

Observed risk is one minus Kaplan-Meier (as if nobody died of anything else) and Aalen-Johansen's cumulative incidence
(what happens): a model of the cause-specific hazard is calibrated against the first, a patient lives the second.

References
----------
McLernon DJ et al. Ann Intern Med 2023;176:105-114. van Geloven N et al. BMJ 2022;377:e069249.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.cox_models import cox_table
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.evaluation.resampling import Bootstrap, bootstrap_estimate
from tumorboard.evaluation.risk_groups import competing_of, incidence_json, quantile_groups
from tumorboard.survival import Estimate, Survival, brier_score, cumulative_incidence, integrated_brier_score
from tumorboard.survival.kaplan_meier import kaplan_meier
from tumorboard.survival.outcome import BoolArray, FloatArray, IntArray

_SMALLEST, _LARGEST = 1e-6, 1 - 1e-6
_PATIENTS_A_GROUP = 40
_FEWEST_GROUPS, _MOST_GROUPS = 2, 5


def calibration_at(predictions: Predictions, probabilities: Probabilities, horizon_months: float) -> dict[str, Any]:
    """Return calibration at a horizon.

    Parameters
    ----------
    predictions : Predictions
        One row a patient.
    probabilities : Probabilities
        Of the same rows.
    horizon_months : float
        The horizon.

    Returns
    -------
    dict
        ``observed_expected`` (one minus Kaplan-Meier over mean prediction) and ``observed_expected_competing``
        (Aalen-Johansen over mean prediction), ``slope`` (Cox coefficient of the complementary log-log of the
        prediction, on events until the horizon; 1 is ideal), ``curve`` (per group of like predictions the mean
        predicted and the observed risk).
    """
    survival = probabilities.at(horizon_months)
    outcome, competing = predictions.outcome, competing_of(predictions)
    reason = _why_not(outcome, survival, horizon_months)
    if reason or survival is None:
        nothing = Estimate.undefined(reason or "").to_json()
        names = ("observed_expected", "observed_expected_competing", "slope")
        return {"months": horizon_months, **dict.fromkeys(names, nothing), "curve": []}
    predicted = 1 - survival
    return {
        "months": horizon_months,
        "observed_expected": _ratio(outcome, None, predicted, horizon_months),
        "observed_expected_competing": _ratio(outcome, competing, predicted, horizon_months)
        if competing is not None
        else Estimate.undefined("competing deaths are not known").to_json(),
        "slope": _slope(outcome, predicted, horizon_months)
        if np.ptp(predictions.risk) > 0
        else Estimate.undefined("the risk is the same in all patients").to_json(),
        "curve": _curve(outcome, competing, predicted, horizon_months),
    }


def _why_not(outcome: Survival, survival: FloatArray | None, horizon: float) -> str | None:
    if survival is None:
        return f"there is no predicted survival at {horizon:g} months"
    if outcome.time_months.max() < horizon:
        return f"nobody is followed to {horizon:g} months"
    if not (outcome.event & (outcome.time_months <= horizon)).any():
        return f"no event within {horizon:g} months"
    return None


def _ratio(outcome: Survival, competing: BoolArray | None, predicted: FloatArray, horizon: float) -> dict[str, object]:
    curve = cumulative_incidence(outcome, competing)
    expected = float(predicted.mean())
    if expected <= 0:
        return Estimate.undefined("no event is expected").to_json()
    observed: dict[str, Any] = incidence_json(curve, horizon)
    bounds = None if observed["ci95"] is None else tuple(bound / expected for bound in observed["ci95"])
    return Estimate(observed["value"] / expected, bounds, observed["reason"]).to_json()


def _slope(outcome: Survival, predicted: FloatArray, horizon: float) -> dict[str, object]:
    import pandas as pd

    linear = np.log(-np.log(1 - np.clip(predicted, _SMALLEST, _LARGEST)))
    # what happens past the horizon says nothing about the prediction for it
    happened = outcome.event & (outcome.time_months <= horizon)
    followed = np.minimum(outcome.time_months, horizon)
    frame = pd.DataFrame({"linear": linear, "time_months": followed, "event": happened.astype(int)})
    table = cox_table(frame, ["linear"], schoenfeld=False)
    row = table["rows"]["linear"]
    if table["reason"]:
        return Estimate.undefined(table["reason"]).to_json()
    bounds = (float(np.log(row["ci95"][0])), float(np.log(row["ci95"][1])))
    return Estimate(float(np.log(row["hazard_ratio"])), bounds).to_json()


def _curve(
    outcome: Survival, competing: BoolArray | None, predicted: FloatArray, horizon: float
) -> list[dict[str, object]]:
    count = int(np.clip(len(outcome) // _PATIENTS_A_GROUP, _FEWEST_GROUPS, _MOST_GROUPS))
    groups = quantile_groups(predicted, count)
    points = []
    for group in np.unique(groups):
        rows = groups == group
        if outcome[rows].time_months.max() < horizon:
            continue
        alone = cumulative_incidence(outcome[rows])
        with_others = (
            None if competing is None else float(cumulative_incidence(outcome[rows], competing[rows]).at(horizon))
        )
        points.append(
            {
                "n": int(rows.sum()),
                "predicted": float(predicted[rows].mean()),
                "observed": float(alone.at(horizon)),
                "ci95": incidence_json(alone, horizon)["ci95"],
                "observed_competing": with_others,
            }
        )
    return points


def brier_estimate(
    predictions: Predictions, probabilities: Probabilities, horizon_months: float, bootstrap: Bootstrap
) -> dict[str, object]:
    """Return the Brier score at a horizon with its interval, and that of predicting the same for everybody.

    Parameters
    ----------
    predictions : Predictions
        One row a patient.
    probabilities : Probabilities
        Of the same rows.
    horizon_months : float
        The horizon.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    survival = probabilities.at(horizon_months)
    outcome = predictions.outcome
    reason = _why_not(outcome, survival, horizon_months)
    if reason or survival is None:
        return {"months": horizon_months, **Estimate.undefined(reason or "").to_json(), "same_for_all": None}

    def statistic(rows: IntArray) -> float:
        return brier_score(outcome[rows], survival[rows], horizon_months)

    same = np.full(len(outcome), float(kaplan_meier(outcome).at(horizon_months)))
    return {
        "months": horizon_months,
        **bootstrap_estimate(statistic, len(outcome), bootstrap).to_json(),
        "same_for_all": _score_or_none(outcome, same, horizon_months),
    }


def _score_or_none(outcome: Survival, survival: FloatArray, horizon: float) -> float | None:
    try:
        return brier_score(outcome, survival, horizon)
    except UndefinedEstimateError:
        return None


def integrated_brier_estimate(
    predictions: Predictions, probabilities: Probabilities, bootstrap: Bootstrap
) -> dict[str, object]:
    """Return the Brier score averaged from the first to the last time at which survival was predicted.

    Parameters
    ----------
    predictions : Predictions
        One row a patient.
    probabilities : Probabilities
        Of the same rows.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    outcome, times = predictions.outcome, probabilities.times_months
    followed = times[times < outcome.time_months.max()]
    if len(followed) < 2:
        return Estimate.undefined("survival is predicted at fewer than two times within the follow-up").to_json()
    survival = probabilities.survival[:, : len(followed)]

    def statistic(rows: IntArray) -> float:
        return integrated_brier_score(outcome[rows], survival[rows], followed)

    estimate = bootstrap_estimate(statistic, len(outcome), bootstrap)
    return estimate.to_json() | {"from_months": float(followed[0]), "to_months": float(followed[-1])}
