"""Cross-validating the models of the bar: each patient predicted by models that never saw the patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard.evaluation.baselines.features import PatientFeatures
from tumorboard.evaluation.baselines.fitting import FittedModel, fit_model
from tumorboard.evaluation.baselines.models import BaselineModel
from tumorboard.evaluation.baselines.scaler import FeatureScaler
from tumorboard.evaluation.landmark import CHOSEN_CALL
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.execution import run_in_order
from tumorboard.genomics import GenePanel
from tumorboard.study.settings import GeneSettings
from tumorboard.survival import Survival
from tumorboard.survival.outcome import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY_ORIGIN = "the model's own: Breslow's baseline on the fold's fit patients"


@dataclass(frozen=True, eq=False)
class FoldJob:
    """One fold of one repeat.

    Parameters
    ----------
    repeat, fold : int
        Which.
    roles : dict of str to array of str
        Patients by role.
    """

    repeat: int
    fold: int
    roles: dict[str, Any]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold predictions of several models, and what was learned in each fold.

    Parameters
    ----------
    predictions : dict of str to Predictions
        By model name.
    learned : list of dict
        Per repeat and fold the gene panel, and per model the penalty and the threshold of the call.
    """

    predictions: dict[str, Predictions]
    learned: list[dict[str, Any]]


def cross_validate(
    features: PatientFeatures,
    folds: pd.DataFrame,
    models: tuple[BaselineModel, ...],
    genes: GeneSettings,
    times_months: FloatArray,
    landmark_months: float,
    *,
    workers: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> CrossValidation:
    """Fit every model in every fold and predict the test patients.

    Parameters
    ----------
    features : PatientFeatures
        What the models may look at.
    folds : DataFrame
        Columns ``repeat``, ``fold``, ``patient_id``, ``role``.
    models : tuple of BaselineModel
        The models; those that are not fitted are left out.
    genes : GeneSettings
        Size of a fold's panel.
    times_months : array of float, shape (k,)
        When survival is predicted.
    landmark_months : float
        The landmark of the call.
    workers : int
        Processes; 0 for one a core. The result does not depend on it.
    progress : callable
        Told how far it is.
    """
    fitted = tuple(model for model in models if model.fitted)
    jobs = list(_jobs(folds))
    task = _FoldTask(features, fitted, genes, times_months, landmark_months)
    results = []
    for result in run_in_order(task, jobs, workers):
        results.append(result)
        progress(f"fold {len(results)} of {len(jobs)}")
    learned = [{key: result[key] for key in ("repeat", "fold", "panel", "models")} for result in results]
    predictions = {model.name: _collect(model, results, features, times_months) for model in fitted}
    return CrossValidation(predictions, learned)


def _jobs(folds: pd.DataFrame) -> Iterator[FoldJob]:
    for key, rows in folds.groupby(["repeat", "fold"], sort=True):
        repeat, fold = key if isinstance(key, tuple) else (0, key)
        roles = {
            role: np.sort(rows.loc[rows["role"] == role, "patient_id"].to_numpy()) for role in ("fit", "select", "test")
        }
        yield FoldJob(int(str(repeat)), int(str(fold)), roles)


@dataclass(frozen=True, eq=False)
class _FoldTask:
    features: PatientFeatures
    models: tuple[BaselineModel, ...]
    genes: GeneSettings
    times_months: FloatArray
    landmark_months: float

    def __call__(self, job: FoldJob) -> dict[str, Any]:
        panel = GenePanel.fit(
            self.features.genes,
            list(job.roles["fit"]),
            mutations=self.genes.mutations,
            copy_number=self.genes.copy_number,
        )
        result: dict[str, Any] = {
            "repeat": job.repeat, "fold": job.fold, "test": job.roles["test"], "panel": panel.to_json(),
            "models": {}, "risk": {}, "survival": {}, "call": {},
        }  # fmt: skip
        for model in self.models:
            self._predict(model, job, panel, result)
        return result

    def _predict(self, model: BaselineModel, job: FoldJob, panel: GenePanel, result: dict[str, Any]) -> None:
        raw = {role: self._matrix(model, panel, patients) for role, patients in job.roles.items()}
        scaler = FeatureScaler.fit(raw["fit"])
        values = {role: scaler.transform(matrix) for role, matrix in raw.items()}
        outcomes = {role: self._outcome(patients) for role, patients in job.roles.items()}
        fitted = fit_model(
            model,
            (values["fit"], outcomes["fit"]),
            (values["select"], outcomes["select"]),
            seed=1000 * job.repeat + job.fold,
        )
        survival = fitted.survival(values["test"], self.times_months)
        threshold = self._threshold(fitted, values["select"], outcomes["select"])
        at_landmark = fitted.survival(values["test"], np.asarray([self.landmark_months]))[:, 0]
        result["risk"][model.name] = fitted.log_risk(values["test"])
        result["survival"][model.name] = survival
        call = np.full(len(at_landmark), np.nan) if threshold is None else (1 - at_landmark >= threshold).astype(float)
        result["call"][model.name] = call
        result["models"][model.name] = {"penalty": fitted.penalty, "threshold": threshold, "features": len(scaler.kept)}

    def _matrix(self, model: BaselineModel, panel: GenePanel, patients: Any) -> FloatArray:  # noqa: ANN401
        clinical = self.features.clinical.loc[patients, list(model.clinical)].to_numpy(dtype=np.float64)
        genes = panel.of(mutations=model.mutations, copy_number=model.copy_number)
        return np.hstack((clinical, genes.transform(self.features.genes, list(patients))))

    def _outcome(self, patients: Any) -> Survival:  # noqa: ANN401
        rows = self.features.patients.loc[patients]
        return Survival(rows["time_months"].to_numpy(), rows["event"].to_numpy())

    def _threshold(self, fitted: FittedModel, values: FloatArray, outcome: Survival) -> float | None:
        dead = outcome.event & (outcome.time_months <= self.landmark_months)
        labelled = dead | (outcome.time_months > self.landmark_months)
        risk = 1 - fitted.survival(values, np.asarray([self.landmark_months]))[:, 0]
        return youden_threshold(dead[labelled], risk[labelled])


def youden_threshold(label: BoolArray, risk: FloatArray) -> float | None:
    """Return the threshold with the largest sensitivity plus specificity, or None where one label is missing.

    Parameters
    ----------
    label : array of bool, shape (n,)
        True for the event.
    risk : array of float, shape (n,)
        Higher is worse; a patient is called from the threshold on.
    """
    if label.all() or not label.any():
        return None
    candidates = np.unique(risk)
    called = risk[None, :] >= candidates[:, None]
    youden = called[:, label].mean(axis=1) - called[:, ~label].mean(axis=1)
    best = int(np.argmax(youden))
    # halfway to the next lower risk: the call does not hang on one patient's exact value
    return float((candidates[best] + candidates[best - 1]) / 2) if best else float(candidates[0])


def _collect(
    model: BaselineModel, results: list[dict[str, Any]], features: PatientFeatures, times: FloatArray
) -> Predictions:
    import pandas as pd

    parts = []
    for result in results:
        rows = features.patients.loc[result["test"], ["patient_id", "time_months", "event", "competing"]]
        parts.append(
            rows.reset_index(drop=True).assign(
                repeat=result["repeat"],
                fold=result["fold"],
                risk=result["risk"][model.name],
                call=result["call"][model.name],
            )
        )
    survival = np.vstack([result["survival"][model.name] for result in results])
    probabilities = Probabilities(times, survival, PROBABILITY_ORIGIN)
    return Predictions(model.label, pd.concat(parts, ignore_index=True), probabilities, CHOSEN_CALL)
