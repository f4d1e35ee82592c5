"""Risks that are applied as they are: a clinical factor, a published score. Nothing is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard.evaluation.baselines.features import PatientFeatures
from tumorboard.evaluation.baselines.models import BaselineModel
from tumorboard.evaluation.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd


def applied_predictions(model: BaselineModel, features: PatientFeatures) -> Predictions:
    """Return a factor's or a score's risks for the patients in whom it is known.

    Parameters
    ----------
    model : BaselineModel
        A factor or a score; a score counts where it is exact, all completions of unknown inputs giving the same.
    features : PatientFeatures
        The patients.
    """
    name = model.clinical[0]
    if model.kind == "factor":
        return predictions_of(model.label, features.clinical[name], features)
    low, high = features.scores[f"{name}_min"], features.scores[f"{name}_max"]
    return predictions_of(model.label, low.where(low == high).astype(float), features)


def midpoint_predictions(model: BaselineModel, features: PatientFeatures) -> Predictions:
    """Return a score's risks with the middle of the interval where inputs are unknown.

    Parameters
    ----------
    model : BaselineModel
        A score.
    features : PatientFeatures
        The patients; those to whom the score does not apply are left out.
    """
    name = model.clinical[0]
    middle = (features.scores[f"{name}_min"].astype(float) + features.scores[f"{name}_max"].astype(float)) / 2
    return predictions_of(model.label, middle, features)


def predictions_of(label: str, values: pd.Series[float], features: PatientFeatures) -> Predictions:
    """Return predictions for the patients whose value is known; no folds, since nothing was fitted."""
    known = values[values.notna()]
    columns = ["patient_id", "time_months", "event", "competing"]
    frame = features.patients.loc[known.index, columns].reset_index(drop=True)
    return Predictions(label, frame.assign(risk=known.to_numpy(dtype=float)))


def dealt_like(applied: Predictions, folded: Predictions) -> tuple[Predictions, Predictions]:
    """Return an applied and a cross-validated risk on the same patients with the same pairs.

    Parameters
    ----------
    applied : Predictions
        Without folds.
    folded : Predictions
        With repeats and folds.

    Returns
    -------
    applied, folded : Predictions
        Both for the patients they share, both with the repeats and folds of the second.
    """
    shared = folded.where(folded.frame["patient_id"].isin(set(applied.patients)).to_numpy())
    risk = applied.frame.set_index("patient_id")["risk"]
    frame = shared.frame.drop(columns=["call"], errors="ignore").assign(
        risk=shared.frame["patient_id"].map(risk).to_numpy()
    )
    return Predictions(applied.name, frame), shared
