"""Groups of risk: Kaplan-Meier with numbers at risk, log-rank, and cumulative incidence beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard.evaluation.predictions import Predictions
from tumorboard.survival import CumulativeIncidence, Survival, cumulative_incidence
from tumorboard.survival.outcome import BoolArray, FloatArray

if TYPE_CHECKING:
    import numpy.typing as npt


def median_groups(predictions: Predictions) -> npt.NDArray[np.object_]:
    """Return "high" for risks above the median of their fold, else "low"."""
    return np.where(predictions.above_median(), "high", "low").astype(object)


def competing_of(predictions: Predictions) -> BoolArray | None:
    """Return who died of something else first, or None where that is not known."""
    if "competing" not in predictions.frame:
        return None
    return predictions.frame["competing"].fillna(0).to_numpy(dtype=np.bool_)


def logrank(outcome: Survival, groups: npt.NDArray[np.object_]) -> dict[str, object]:
    """Return the log-rank test between groups.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    groups : array of str, shape (n,)
        Group of each patient.

    Returns
    -------
    dict
        ``chi2``, ``p``, ``degrees_of_freedom``, and ``reason`` where there is no test.
    """
    from lifelines.statistics import multivariate_logrank_test

    distinct = np.unique(groups.astype(str))
    if len(distinct) < 2 or not outcome.events:
        reason = ("no patients", "all patients are in one group", "no events")[min(len(distinct), 2)]
        return {"chi2": None, "p": None, "degrees_of_freedom": None, "reason": reason}
    test = multivariate_logrank_test(outcome.time_months, groups, outcome.event)
    chi2, p = float(test.test_statistic), float(test.p_value)
    if not (np.isfinite(chi2) and np.isfinite(p)):
        return {
            "chi2": None,
            "p": None,
            "degrees_of_freedom": None,
            "reason": "no patients of both groups are at risk at an event",
        }
    return {"chi2": chi2, "p": p, "degrees_of_freedom": len(distinct) - 1, "reason": None}


def group_curves(
    outcome: Survival,
    groups: npt.NDArray[np.object_],
    competing: BoolArray | None,
    horizons_months: tuple[float, ...],
) -> list[dict[str, object]]:
    """Return each group's survival and cumulative incidence at the horizons.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    groups : array of str, shape (n,)
        Group of each patient.
    competing : array of bool, shape (n,), optional
        Who died of something else first.
    horizons_months : tuple of float
        The horizons.

    Returns
    -------
    list of dict
        Per group ``group``, ``n``, ``events``, ``competing_events`` and ``at`` the horizons the number at risk, the
        survival (Kaplan-Meier) and the cumulative incidence (Aalen-Johansen), each with its interval; null past the
        group's last follow-up.
    """
    curves = []
    for group in np.unique(groups.astype(str)):
        rows = groups == group
        others = None if competing is None else competing[rows]
        curves.append(
            {
                "group": str(group),
                "n": int(rows.sum()),
                "events": outcome[rows].events,
                "competing_events": None if others is None else int(others.sum()),
                "at": [_at_horizon(outcome[rows], others, horizon) for horizon in horizons_months],
            }
        )
    return curves


def _at_horizon(outcome: Survival, competing: BoolArray | None, horizon: float) -> dict[str, object]:
    at_risk = int((outcome.time_months >= horizon).sum())
    entry: dict[str, object] = {"months": horizon, "at_risk": at_risk}
    if outcome.time_months.max() < horizon:
        reason = f"nobody of the group is followed to {horizon:g} months"
        nothing = {"value": None, "ci95": None, "reason": reason}
        return entry | {"survival": nothing, "incidence": nothing}
    entry["survival"] = survival_json(cumulative_incidence(outcome), horizon)
    entry["incidence"] = incidence_json(cumulative_incidence(outcome, competing), horizon)
    return entry


def incidence_json(curve: CumulativeIncidence, horizon: float) -> dict[str, object]:
    """Return a cumulative incidence at a horizon with its interval, as JSON; none where it is 0 or 1."""
    value = float(curve.at(horizon))
    if value in (0.0, 1.0):
        happened = "nobody had the event" if value == 0 else "everybody had the event"
        return {"value": value, "ci95": None, "reason": f"no interval: {happened}"}
    low, high = (float(bound) for bound in curve.interval(horizon))
    return {"value": value, "ci95": [low, high], "reason": None}


def survival_json(curve: CumulativeIncidence, horizon: float) -> dict[str, object]:
    """Return one minus a cumulative incidence at a horizon, as JSON."""
    incidence: dict[str, Any] = incidence_json(curve, horizon)
    bounds = incidence["ci95"]
    ci95 = None if bounds is None else [1 - bounds[1], 1 - bounds[0]]
    return {"value": 1 - incidence["value"], "ci95": ci95, "reason": incidence["reason"]}


def quantile_groups(values: FloatArray, count: int) -> npt.NDArray[np.int64]:
    """Return the group of each value, 0 the lowest, in groups of equal size as far as ties allow."""
    edges = np.quantile(values, np.linspace(0, 1, count + 1)[1:-1])
    return np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)[1].astype(np.int64)
