"""Fitting one model on a fold's fit patients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.baselines.models import BaselineModel
from tumorboard.survival import Survival, breslow_baseline, harrell_concordance
from tumorboard.survival.outcome import FloatArray

CONVERGING_PENALTIES = (0.01, 0.1, 1.0)
"""Tried in turn where a fit does not converge as asked; the one used is recorded."""

FOREST_TREES = 200
FOREST_SMALLEST_LEAF = 15


@dataclass(frozen=True)
class FittedModel:
    """A model fitted on fit patients.

    Parameters
    ----------
    log_risk : callable
        From features, shape (n, q), to risks, shape (n,).
    survival : callable
        From features and times to survival, shape (n, k).
    penalty : float or None
        The penalty in use.
    """

    log_risk: Callable[[FloatArray], FloatArray]
    survival: Callable[[FloatArray, FloatArray], FloatArray]
    penalty: float | None


def fit_model(
    model: BaselineModel,
    fit: tuple[FloatArray, Survival],
    select: tuple[FloatArray, Survival],
    seed: int,
) -> FittedModel:
    """Fit a model on the fit patients, its penalty chosen by concordance on the select patients.

    Parameters
    ----------
    model : BaselineModel
        The model; one that is fitted.
    fit, select : tuple of (array of float, Survival)
        Features and outcomes.
    seed : int
        Seed of the forest.

    Raises
    ------
    UndefinedEstimateError
        Where no penalty makes the fit converge.
    """
    if model.kind == "forest":
        return _fit_forest(*fit, seed)
    candidates = [_fit_cox(*fit, penalty, model.l1_ratio) for penalty in model.penalties]
    fitted = [candidate for candidate in candidates if candidate is not None]
    if not fitted:
        rescued = (_fit_cox(*fit, penalty, model.l1_ratio) for penalty in CONVERGING_PENALTIES)
        fitted = [candidate for candidate in rescued if candidate is not None][:1]
    if not fitted:
        raise UndefinedEstimateError(f"{model.label} does not converge")
    # equal concordance: the larger penalty, the simpler model
    return max(fitted, key=lambda candidate: (_concordance(candidate, select), candidate.penalty or 0.0))


def _concordance(fitted: FittedModel, select: tuple[FloatArray, Survival]) -> float:
    try:
        return harrell_concordance(select[1], fitted.log_risk(select[0])).value
    except UndefinedEstimateError:
        return 0.5


def _fit_cox(features: FloatArray, outcome: Survival, penalty: float, l1_ratio: float) -> FittedModel | None:
    coefficients = _cox_coefficients(features, outcome, penalty, l1_ratio)
    if coefficients is None:
        return None
    baseline = breslow_baseline(outcome, features @ coefficients)

    def log_risk(values: FloatArray) -> FloatArray:
        product: FloatArray = values @ coefficients
        return product

    return FittedModel(log_risk, lambda values, times: baseline.survival(log_risk(values), times), penalty)


def _cox_coefficients(features: FloatArray, outcome: Survival, penalty: float, l1_ratio: float) -> FloatArray | None:
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    if features.shape[1] == 0:
        return np.zeros(0)
    frame = pd.DataFrame(features, columns=[f"x{k}" for k in range(features.shape[1])])
    frame = frame.assign(time_months=outcome.time_months, event=outcome.event.astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = CoxPHFitter(penalizer=penalty, l1_ratio=l1_ratio).fit(frame, "time_months", "event")
        except (ConvergenceError, ConvergenceWarning):
            return None
    values = fit.params_.to_numpy(dtype=np.float64)
    return values if np.isfinite(values).all() else None


def _fit_forest(features: FloatArray, outcome: Survival, seed: int) -> FittedModel:
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    forest = RandomSurvivalForest(
        n_estimators=FOREST_TREES,
        min_samples_leaf=FOREST_SMALLEST_LEAF,
        max_features="sqrt",
        random_state=seed,
        n_jobs=1,
    ).fit(features, Surv.from_arrays(outcome.event, outcome.time_months))

    def log_risk(values: FloatArray) -> FloatArray:
        return np.log(np.maximum(np.asarray(forest.predict(values), dtype=np.float64), 1e-12))

    def survival(values: FloatArray, times: FloatArray) -> FloatArray:
        curves = np.asarray(forest.predict_survival_function(values, return_array=True), dtype=np.float64)
        position = np.searchsorted(forest.unique_times_, times, side="right")
        return np.hstack((np.ones((len(values), 1)), curves))[:, position]

    return FittedModel(log_risk, survival, None)
