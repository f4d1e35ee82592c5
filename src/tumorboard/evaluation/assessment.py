"""Everything that is reported of one model's out-of-fold risks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.calibration import brier_estimate, calibration_at, integrated_brier_estimate
from tumorboard.evaluation.cox_models import cox_of_risk
from tumorboard.evaluation.cross_fitting import cross_fitted, time_grid
from tumorboard.evaluation.decision_curve import decision_curve
from tumorboard.evaluation.discrimination import auc_estimate, harrell_by_fold, harrell_estimate, uno_estimate
from tumorboard.evaluation.landmark import landmark_assessment
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.evaluation.risk_groups import competing_of, group_curves, logrank, median_groups
from tumorboard.survival import Estimate

Progress = Callable[[str], None]


@dataclass(frozen=True)
class AssessmentPlan:
    """What is assessed.

    Parameters
    ----------
    horizons_months : tuple of float
        Horizons of calibration, Brier score, AUC and decision curves.
    landmark_months : float
        When the landmark status is read.
    bootstrap : Bootstrap
        Replicates and seed.
    """

    horizons_months: tuple[float, ...] = (12.0, 36.0, 60.0)
    landmark_months: float = 60.0
    bootstrap: Bootstrap = field(default_factory=Bootstrap)


def assess(predictions: Predictions, plan: AssessmentPlan, progress: Progress = lambda _: None) -> dict[str, Any]:
    """Return every statistic of a model's risks as JSON.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions. With repeats, concordance and AUC pool all repeats; all else describes the first.
    plan : AssessmentPlan
        Horizons, landmark and bootstrap.
    progress : callable, optional
        Told what is being computed.

    Returns
    -------
    dict
        The keys of ``tumorboard evaluate --json``; an estimate that does not exist is null with a reason.
    """
    progress("concordance")
    single = predictions.first_repeat()
    answer: dict[str, Any] = {
        "name": predictions.name,
        "n": len(predictions.patients),
        "events": single.outcome.events,
        "competing_events": None if (competing := competing_of(single)) is None else int(competing.sum()),
        "bootstrap": {
            "replicates": plan.bootstrap.for_patients(len(predictions.patients)),
            "seed": plan.bootstrap.seed,
        },
        "harrell_c": harrell_estimate(predictions, plan.bootstrap).to_json(),
        "uno_c": uno_estimate(predictions, plan.bootstrap),
        "folds": harrell_by_fold(predictions) if predictions.has_folds else [],
    }
    progress("AUC over time")
    answer["auc"] = [
        {"months": horizon, **auc_estimate(predictions, horizon, plan.bootstrap).to_json()}
        for horizon in plan.horizons_months
    ]
    progress("groups and Cox")
    groups = median_groups(single)
    answer["logrank_median"] = logrank(single.outcome, groups)
    answer["groups"] = group_curves(single.outcome, groups, competing, plan.horizons_months)
    answer["cox"] = cox_of_risk(single)
    progress("calibration")
    answer |= _probability_measures(single, plan)
    progress("landmark status")
    answer["five_year"] = landmark_assessment(single, plan.landmark_months, plan.bootstrap)
    return answer | {"research_use_only": RESEARCH_USE_ONLY}


def with_probabilities(single: Predictions, plan: AssessmentPlan) -> Probabilities:
    """Return the predictions' own probabilities, or cross-fitted ones.

    Raises
    ------
    UndefinedEstimateError
        Where there are too few events for it.
    """
    if single.probabilities is not None:
        return single.probabilities
    return cross_fitted(single, time_grid(plan.horizons_months), plan.bootstrap.seed)


def _probability_measures(single: Predictions, plan: AssessmentPlan) -> dict[str, Any]:
    try:
        probabilities = with_probabilities(single, plan)
    except UndefinedEstimateError as undefined:
        nothing = Estimate.undefined(undefined.reason).to_json()
        return {
            "probabilities": None, "calibration": [], "brier": [], "decision_curves": [],
            "integrated_brier": nothing, "calibration_reason": undefined.reason,
        }  # fmt: skip
    return {
        "probabilities": probabilities.origin,
        "calibration": [calibration_at(single, probabilities, horizon) for horizon in plan.horizons_months],
        "brier": [brier_estimate(single, probabilities, horizon, plan.bootstrap) for horizon in plan.horizons_months],
        "integrated_brier": integrated_brier_estimate(single, probabilities, plan.bootstrap),
        "decision_curves": [decision_curve(single, probabilities, horizon) for horizon in plan.horizons_months],
        "calibration_reason": None,
    }
