"""What is said of a new patient, as plain JSON types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.network.settings import HeadSettings
from tumorboard.prediction.ensemble import GROUP_RULE, Ensemble, EnsemblePrediction

SCALES = {
    "log-risk": "log-risk less the mean of the patients that the model was fitted on: 0 is their mean, 0.69 twice the "
    "hazard",
    "five-year status": "log-odds of having died at the landmark, less the mean of the patients that the model was "
    "fitted on",
    "discrete time": "expected months lost up to the last interval, less the mean of the patients that the model was "
    "fitted on",
}
SPREAD_OVER_FOLDS = (
    "standard deviation over the folds' models, fitted on overlapping patients: how much they disagree, not an "
    "interval of confidence"
)


def result_of(
    ensemble: Ensemble, prediction: EnsemblePrediction, patient: str, warnings: Sequence[str]
) -> dict[str, Any]:
    """Return a new patient's prediction.

    Parameters
    ----------
    ensemble : Ensemble
    prediction : EnsemblePrediction
    patient : str
    warnings : sequence of str
        What a reader should know of the patient's files.

    Returns
    -------
    dict
        What ``tumorboard predict --json`` prints.
    """
    facts, first = ensemble.facts, ensemble.members[0]
    return {
        "research_use_only": RESEARCH_USE_ONLY,
        "patient_id": patient,
        "endpoint": facts["endpoint"],
        "risk": {
            "value": prediction.relative_risk,
            "scale": SCALES[first.head.kind],
            "spread_over_folds": prediction.relative_risk_spread,
            "spread_over_images": prediction.spread_over_images,
            "rank": prediction.rank,
            "rank_is": "share of the select patients, over the folds, whose risk is lower",
        },
        "group": _group(prediction),
        "survival": _at_horizons(ensemble, prediction),
        "spread_over_folds_is": SPREAD_OVER_FOLDS,
        "curve": {
            "months": prediction.months.tolist(),
            "probability": _numbers(prediction.curve),
            "spread_over_folds": _numbers(prediction.curve_spread),
        },
        "modality_weights": prediction.weights,
        "weight_kind": first.network.weight_kind,
        "contributions": prediction.shapley,
        "contributions_are": "exact Shapley values, mean over folds: they add up to the risk's value, and are above 0 "
        "where a modality raised it",
        "rests_on": prediction.images,
        "combinations": prediction.combinations,
        "missing": [name for name in ensemble.modalities if name not in prediction.images],
        "warnings": list(warnings),
        "model": {
            "run": facts["run"],
            "folds": len(ensemble.members),
            "head": first.head.kind,
            "fusion": first.network.settings.fusion.name,
            "modalities": list(ensemble.modalities),
            "written_by": facts["tumorboard"],
            "simulated": bool(facts.get("simulated")),
        },
        "versions": {"tumorboard": __version__, **{f"model_{k}": v for k, v in first.saved.versions.items()}},
    }


def _group(prediction: EnsemblePrediction) -> dict[str, Any]:
    return {
        "name": prediction.group,
        "votes_high": prediction.votes_high,
        "folds": len(prediction.members),
        "rule": GROUP_RULE,
    }


def _at_horizons(ensemble: Ensemble, prediction: EnsemblePrediction) -> list[dict[str, Any]]:
    facts = ensemble.facts
    rows = []
    for months in sorted({float(each) for each in (*facts["horizons_months"], facts["landmark_months"])}):
        place = int(np.flatnonzero(prediction.months == months)[0])
        known = bool(np.isfinite(prediction.curve[place]))
        of_folds = [float(member.survival[place]) for member in prediction.members.values()]
        rows.append(
            {
                "months": months,
                "probability": float(prediction.curve[place]) if known else None,
                "spread_over_folds": float(prediction.curve_spread[place]) if known else None,
                "lowest_fold": min(of_folds) if known else None,
                "highest_fold": max(of_folds) if known else None,
                "reason": None if known else _why_unknown(ensemble.members[0].head),
            }
        )
    return rows


def _why_unknown(head: HeadSettings) -> str:
    if head.kind == "five-year status":
        return "the model tells the status at the landmark only"
    if head.kind == "discrete time":
        return "beyond the model's last interval of time"
    return "beyond the follow-up of the patients that a fold was fitted on, or without an event among them"


def _numbers(values: Any) -> list[float | None]:  # noqa: ANN401 (an array of floats)
    return [float(value) if np.isfinite(value) else None for value in values]
