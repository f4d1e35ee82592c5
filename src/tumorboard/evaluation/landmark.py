"""The status at a landmark (5YSS): ROC and precision-recall curves, and accuracy of the call.

Patients censored before the landmark have no label and are left out, with their number. Probabilities may be pooled
over folds; bare log-risks may not: then ROC pairs count within folds, and the rank within the fold stands in for the
risk in the precision-recall curve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap, bootstrap_estimate
from tumorboard.survival import Estimate
from tumorboard.survival.concordance import split_strata
from tumorboard.survival.outcome import BoolArray, FloatArray, IntArray

MEDIAN_CALL = "risk above the median of its fold"
CHOSEN_CALL = "threshold chosen on the fold's select patients"

_ROC_STEPS = 201


def landmark_assessment(predictions: Predictions, landmark_months: float, bootstrap: Bootstrap) -> dict[str, Any]:
    """Return ROC AUC, PR AUC and accuracy for the status at a landmark.

    Parameters
    ----------
    predictions : Predictions
        One row a patient; with a column ``call`` the accuracy is the call's, else that of the median split.
    landmark_months : float
        The landmark.
    bootstrap : Bootstrap
        Replicates and seed.

    Returns
    -------
    dict
        ``dead``, ``alive``, ``excluded`` (patients), ``roc_auc``, ``pr_auc``, ``prevalence``, ``accuracy``, ``call``
        (how the call was made) and the curves' points.
    """
    outcome = predictions.outcome
    dead = outcome.event & (outcome.time_months <= landmark_months)
    labelled = dead | (outcome.time_months > landmark_months)
    counts = {"dead": int(dead.sum()), "alive": int((labelled & ~dead).sum()), "excluded": int((~labelled).sum())}
    head: dict[str, Any] = {"landmark_months": landmark_months, **counts}
    if not counts["dead"] or not counts["alive"]:
        nothing = Estimate.undefined("all labelled patients have the same status").to_json()
        return head | {"roc_auc": nothing, "pr_auc": nothing, "accuracy": nothing, "prevalence": None, "call": None}
    kept = predictions.where(labelled)
    label, (score, strata) = dead[labelled], _scale(kept, landmark_months)
    calls, how = _calls(predictions, labelled)
    n = len(label)
    return head | {
        "prevalence": float(label.mean()),
        "roc_auc": bootstrap_estimate(
            lambda rows: roc_auc(label[rows], score[rows], strata[rows]), n, bootstrap
        ).to_json(),
        "pr_auc": bootstrap_estimate(lambda rows: average_precision(label[rows], score[rows]), n, bootstrap).to_json(),
        "accuracy": bootstrap_estimate(lambda rows: float((calls[rows] == label[rows]).mean()), n, bootstrap).to_json(),
        "call": how,
        "roc_curve": roc_points(label, score, strata),
        "pr_curve": precision_recall_points(label, score),
    }


def _scale(predictions: Predictions, landmark: float) -> tuple[FloatArray, IntArray]:
    n = len(predictions.frame)
    survival = predictions.probabilities.at(landmark) if predictions.probabilities else None
    if survival is not None:
        return 1 - survival, np.zeros(n, dtype=np.int64)
    score, strata = np.empty(n), np.empty(n, dtype=np.int64)
    for code, rows in enumerate(predictions.strata):
        score[rows] = (rankdata(predictions.risk[rows]) - 0.5) / len(rows)
        strata[rows] = code
    return score, strata


def _calls(predictions: Predictions, labelled: BoolArray) -> tuple[BoolArray, str]:
    if "call" in predictions.frame and predictions.frame["call"].notna().all():
        return predictions.frame["call"].to_numpy(dtype=np.bool_)[labelled], predictions.call_origin
    return predictions.above_median()[labelled], MEDIAN_CALL


def roc_auc(label: BoolArray, score: FloatArray, strata: IntArray | None = None) -> float:
    """Return the area under the ROC curve, pairs within strata only.

    Parameters
    ----------
    label : array of bool, shape (n,)
        True for the event.
    score : array of float, shape (n,)
        Higher is worse.
    strata : array of int, shape (n,), optional
        Fold of each patient.

    Raises
    ------
    UndefinedEstimateError
        Where no stratum has both labels.
    """
    won = pairs = 0.0
    for rows in split_strata(strata, len(label)):
        positive, n = label[rows], len(rows)
        count = int(positive.sum())
        won += float(rankdata(score[rows])[positive].sum()) - count * (count + 1) / 2
        pairs += count * (n - count)
    if pairs == 0:
        raise UndefinedEstimateError("no fold has patients with both statuses")
    return won / pairs


def average_precision(label: BoolArray, score: FloatArray) -> float:
    """Return the area under the precision-recall curve by steps (average precision).

    Raises
    ------
    UndefinedEstimateError
        Where nobody has the event.
    """
    if not label.any():
        raise UndefinedEstimateError("no patient with the event")
    hits, chosen = _cumulative(label, score)
    precision, recall = hits / chosen, hits / hits[-1]
    return float(np.sum(np.diff(np.concatenate(([0.0], recall))) * precision))


def _cumulative(label: BoolArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.flatnonzero(np.diff(score[order], append=-np.inf))
    hits = np.cumsum(label[order])[last_of_tie].astype(np.float64)
    return hits, (last_of_tie + 1).astype(np.float64)


def roc_points(label: BoolArray, score: FloatArray, strata: IntArray | None = None) -> dict[str, list[float]]:
    """Return the ROC curve: its corners, or with several strata the curves' average by their pairs.

    Sensitivities are averaged at equal false-positive rates, weighted by the strata's pairs as :func:`roc_auc` weighs
    them, so that the area under what is drawn is the AUC.
    """
    curves = []
    for rows in split_strata(strata, len(label)):
        positive, negative = int(label[rows].sum()), int((~label[rows]).sum())
        if positive and negative:
            hits, chosen = _cumulative(label[rows], score[rows])
            corners = np.concatenate(([0.0], (chosen - hits) / negative)), np.concatenate(([0.0], hits / positive))
            curves.append((positive * negative, *corners))
    if len(curves) == 1:
        return {"false_positive_rate": _listed(curves[0][1]), "true_positive_rate": _listed(curves[0][2])}
    grid = np.linspace(0, 1, _ROC_STEPS)
    pairs = sum(curve[0] for curve in curves)
    average = sum(
        (weight / pairs * np.interp(grid, false, true) for weight, false, true in curves), np.zeros_like(grid)
    )
    return {"false_positive_rate": _listed([0.0, *grid]), "true_positive_rate": _listed([0.0, *average])}


def precision_recall_points(label: BoolArray, score: FloatArray) -> dict[str, list[float]]:
    """Return the precision-recall curve's corners."""
    hits, chosen = _cumulative(label, score)
    return {"recall": _listed(hits / hits[-1]), "precision": _listed(hits / chosen)}


def _listed(values: npt.ArrayLike) -> list[float]:
    return [round(float(value), 6) for value in np.asarray(values, dtype=np.float64)]
