"""Decision curves: what acting on a prediction is worth, in true positives a patient.

Net benefit at threshold q is ``P(event, chosen) - P(no event, chosen) q / (1 - q)``, patients being chosen whose
predicted risk is at least q. Under censoring the probabilities among the chosen come from the cumulative incidence.

References
----------
Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. Vickers AJ et al. BMC Med Inform Decis Mak 2008;8:53.
"""

from __future__ import annotations

from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.evaluation.risk_groups import competing_of
from tumorboard.survival import Survival, cumulative_incidence
from tumorboard.survival.outcome import BoolArray

THRESHOLDS: tuple[float, ...] = tuple(round(0.02 * step, 2) for step in range(1, 31))


def decision_curve(predictions: Predictions, probabilities: Probabilities, horizon_months: float) -> dict[str, object]:
    """Return the net benefit over thresholds, beside treating everybody and nobody.

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
        ``months``, and per threshold ``net_benefit``, ``all`` (everybody) and ``chosen`` (share); ``reason`` where
        there is no curve.
    """
    survival = probabilities.at(horizon_months)
    outcome, competing = predictions.outcome, competing_of(predictions)
    if survival is None or outcome.time_months.max() < horizon_months:
        reason = f"there is no predicted survival, or nobody is followed, at {horizon_months:g} months"
        return {"months": horizon_months, "points": [], "reason": reason}
    predicted = 1 - survival
    overall = _incidence(outcome, competing, horizon_months)
    points = []
    for threshold in THRESHOLDS:
        chosen = predicted >= threshold
        odds = threshold / (1 - threshold)
        points.append(
            {
                "threshold": threshold,
                "net_benefit": _net_benefit(outcome, competing, chosen, odds, horizon_months),
                "all": overall - (1 - overall) * odds,
                "chosen": float(chosen.mean()),
            }
        )
    return {"months": horizon_months, "points": points, "reason": None}


def _net_benefit(
    outcome: Survival, competing: BoolArray | None, chosen: BoolArray, odds: float, horizon: float
) -> float:
    if not chosen.any():
        return 0.0
    others = None if competing is None else competing[chosen]
    risk = _incidence(outcome[chosen], others, horizon)
    return float(chosen.mean() * (risk - (1 - risk) * odds))


def _incidence(outcome: Survival, competing: BoolArray | None, horizon: float) -> float:
    return float(cumulative_incidence(outcome, competing).at(horizon))
