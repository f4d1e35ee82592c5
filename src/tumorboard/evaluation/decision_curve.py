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
from tumorboard.survival.estimate import NORMAL_95
from tumorboard.survival.outcome import BoolArray, FloatArray

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
        ``months``, and per threshold ``chosen`` (share), ``net_benefit`` with its ``ci95`` (delta method) and ``all``
        (everybody) where other deaths count as censored, as a cause-specific model sees them, and the same
        with the suffix ``_competing`` where they count as what happened; null where nobody chosen is followed to the
        horizon; ``reason`` where there is no curve.
    """
    survival = probabilities.at(horizon_months)
    outcome, competing = predictions.outcome, competing_of(predictions)
    if survival is None or outcome.time_months.max() < horizon_months:
        reason = f"there is no predicted survival, or nobody is followed, at {horizon_months:g} months"
        return {"months": horizon_months, "points": [], "reason": reason}
    predicted = 1 - survival
    points = [_point(outcome, competing, predicted, threshold, horizon_months) for threshold in THRESHOLDS]
    return {"months": horizon_months, "points": points, "reason": None}


def _point(
    outcome: Survival, competing: BoolArray | None, predicted: FloatArray, threshold: float, horizon: float
) -> dict[str, object]:
    chosen, odds = predicted >= threshold, threshold / (1 - threshold)
    point: dict[str, object] = {"threshold": threshold, "chosen": float(chosen.mean())}
    for suffix, others in (("", None), ("_competing", competing)):
        if suffix and competing is None:
            continue
        overall = _incidence(outcome, others, horizon)
        benefit, interval = _net_benefit(outcome, others, chosen, odds, horizon)
        point[f"net_benefit{suffix}"] = benefit
        point[f"ci95{suffix}"] = interval
        point[f"all{suffix}"] = overall - (1 - overall) * odds
    return point


def _net_benefit(
    outcome: Survival, competing: BoolArray | None, chosen: BoolArray, odds: float, horizon: float
) -> tuple[float | None, list[float] | None]:
    if not chosen.any():
        return 0.0, None
    if outcome.time_months[chosen].max() < horizon and not outcome.event[chosen].all():
        return None, None  # nobody chosen is followed to the horizon: what became of them is not known
    others = None if competing is None else competing[chosen]
    curve = cumulative_incidence(outcome[chosen], others)
    share, gain = float(chosen.mean()), float(curve.at(horizon)) * (1 + odds) - odds
    # delta method: the share chosen and the risk among them are estimated independently
    variance = (share * (1 + odds)) ** 2 * float(curve.variance_at(horizon)) + gain**2 * share * (1 - share) / len(
        chosen
    )
    half_width = NORMAL_95 * variance**0.5
    return share * gain, [share * gain - half_width, share * gain + half_width]


def _incidence(outcome: Survival, competing: BoolArray | None, horizon: float) -> float:
    return float(cumulative_incidence(outcome, competing).at(horizon))
