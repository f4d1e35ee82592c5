"""A fold's own patients: those it did not see are predicted, the others say what a risk means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tumorboard.errors import StudyError
from tumorboard.inputs import StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.inputs.kept_embeddings import KeptEmbeddings
from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.saving import CONFIG_FILE, WEIGHTS_FILE, SavedModel, load_model
from tumorboard.network.saving import FORMAT as MODEL_FORMAT
from tumorboard.prediction.encoding import device_named, encode_patient
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.patient import PatientPrediction, predict_patient
from tumorboard.prediction.reference import REFERENCE_FILE, FoldReference
from tumorboard.prediction.shapley import shapley_of_patient
from tumorboard.study.files import read_json, read_stage_table, write_json, write_parquet
from tumorboard.study.log import fingerprint
from tumorboard.survival import BaselineHazard
from tumorboard.survival.outcome import FloatArray

if TYPE_CHECKING:
    import pandas as pd

PREDICTIONS_FILE = "predictions.parquet"
_QUESTION_FILE = "predictions.json"
_MADE_BY = "tumorboard train STUDY"
_ROLES = ("select", "test")
FORMAT = 2
"""Raised whenever the same model gives other numbers, so that earlier ones are made anew."""

Progress = Callable[[int, int], object]
"""Told the patients done, and out of how many."""


def predict_fold(
    folder: Path,
    inputs: StudyInputs,
    patients: pd.DataFrame,
    *,
    choice: ImageChoice | None = None,
    fit_images: int = 4,
    months: Sequence[float] = (12.0, 36.0, 60.0),
    device: str = "auto",
    progress: Progress = lambda *_: None,
) -> pd.DataFrame:
    """Predict a fold's select and test patients, by the model that was fitted on neither.

    Written are ``predictions.parquet`` and, of the fold's fit and select patients, ``reference.json``. What is there
    already, of the same weights and the same question, is kept.

    Parameters
    ----------
    folder : Path
        Of the trained fold.
    inputs : StudyInputs
        With the modalities and sizes that the network was trained with; normalised, where it was.
    patients : DataFrame
        ``patient_id`` and ``role`` (fit, select, test) of the fold.
    choice : ImageChoice, optional
        Which images of a patient are combined; by default all.
    fit_images : int
        Of each modality of a fit patient, at even distances, for the baseline hazard; 0 for all.
    months : sequence of float
        Times at which survival is told.
    device : str
        See ``encoding.device_named``.
    progress : callable

    Returns
    -------
    DataFrame
        One row a patient with any of the modalities: ``patient_id``, ``role``, ``modalities`` (joined by +),
        ``log_risk`` (the head's risk: mean over combinations), ``spread``, ``combinations``, ``relative_risk`` (less
        the fit patients' mean), ``high`` (above the median of the select patients), and by modality
        ``images_<modality>``, ``weight_<modality>`` and ``shapley_<modality>`` (null where the patient lacks it), and
        ``survival_<months>`` (null where the model says nothing).

    Raises
    ------
    StudyError
        No fit or no select patient has any of the modalities.
    FileFormatError
        The model is damaged.
    """
    question = {
        "format": FORMAT,
        "model": _model_of(folder),
        "inputs": inputs.hashes(),
        "images": dict((choice or ImageChoice()).most),
        "fit_images": fit_images,
        "months": [float(each) for each in months],
    }
    if _is_answered(folder, question):
        return read_stage_table(folder / PREDICTIONS_FILE, _MADE_BY)
    saved = load_model(folder)
    saved.network.to(device_named(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    fold = _Fold(saved, inputs, {role: _with_role(patients, role) for role in ("fit", *_ROLES)})
    fit_choice = ImageChoice(dict.fromkeys(fold.saved.network.modalities, fit_images))
    done, total = 0, len(patients)
    fit_risks: dict[str, float] = {}
    for patient, embeddings in fold.embedded("fit", fit_choice):
        done += 1
        progress(done, total)
        if embeddings:
            fit_risks[patient] = risk_over_combinations(fold.saved.network, embeddings).mean
    if not fit_risks:
        raise StudyError("no fit patient has any of the modalities", where=str(folder))
    mean_risk = float(np.mean(list(fit_risks.values())))
    found: list[_Predicted] = []
    for role in _ROLES:
        for patient, embeddings in fold.embedded(role, choice or ImageChoice()):
            done += 1
            progress(done, total)
            if embeddings:
                found.append(fold.predicted(patient, role, embeddings, mean_risk))
    reference = fold.reference(fit_risks, [each.prediction.risk for each in found if each.role == "select"])
    table = _table(found, reference, fold.saved, np.asarray(months, dtype=np.float64))
    reference.write(folder)
    write_parquet(folder / PREDICTIONS_FILE, table)
    write_json(folder / _QUESTION_FILE, question)
    return table


def is_predicted(folder: Path, choice: ImageChoice | None = None) -> bool:
    """Tell whether a fold's predictions are there, made by the model that is there now, which can still be read.

    Parameters
    ----------
    folder : Path
        Of the fold.
    choice : ImageChoice, optional
        And over these images; by default whichever.
    """
    paths = [folder / name for name in (_QUESTION_FILE, PREDICTIONS_FILE, REFERENCE_FILE, WEIGHTS_FILE, CONFIG_FILE)]
    if not all(path.is_file() for path in paths):
        return False
    try:
        question = read_json(paths[0], _MADE_BY)
    except StudyError:  # torn
        return False
    same_images = choice is None or question.get("images") == dict(choice.most)
    return same_images and question.get("format") == FORMAT and question.get("model") == _model_of(folder)


def _model_of(folder: Path) -> dict[str, Any]:
    return {"format": MODEL_FORMAT, **fingerprint([folder / WEIGHTS_FILE, folder / CONFIG_FILE])}


def _with_role(patients: pd.DataFrame, role: str) -> list[str]:
    return [str(patient) for patient in patients.loc[patients["role"] == role, "patient_id"]]


def _is_answered(folder: Path, question: dict[str, Any]) -> bool:
    """Tell whether an earlier run answered this very question."""
    return is_predicted(folder) and read_json(folder / _QUESTION_FILE, _MADE_BY) == question


@dataclass(frozen=True, eq=False)
class _Predicted:
    """A patient as the fold predicts it."""

    patient: str
    role: str
    prediction: PatientPrediction
    shapley: dict[str, float]


@dataclass(frozen=True, eq=False)
class _Fold:
    """A fold's model with its patients by role."""

    saved: SavedModel
    inputs: StudyInputs
    patients: dict[str, list[str]]

    def embedded(self, role: str, choice: ImageChoice) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
        network = self.saved.network
        kept = self._kept
        for patient in self.patients[role]:
            yield patient, encode_patient(network, self._reader, patient, choice, kept=kept)
        for own in kept.values():
            own.save()

    @cached_property
    def _reader(self) -> FoldInputs:
        return FoldInputs.from_config(self.inputs, self.saved.further)

    @cached_property
    def _kept(self) -> dict[str, KeptEmbeddings]:
        """What encoders that other folds or runs share have said, where such were trained with."""
        if self.saved.further["training"]["encoders"] == "fine-tuned":
            return {}
        network, folder = self.saved.network, self.inputs.folder.cache / "embeddings"
        encoders = {name: network.encoder(name) for name in network.modalities}
        return {
            name: KeptEmbeddings(folder, name, encoder, self._reader)
            for name, encoder in encoders.items()
            if isinstance(encoder, PictureEncoder)
        }

    def predicted(self, patient: str, role: str, embeddings: dict[str, torch.Tensor], mean_risk: float) -> _Predicted:
        network = self.saved.network
        prediction = predict_patient(network, embeddings)
        return _Predicted(patient, role, prediction, shapley_of_patient(network, embeddings, mean_risk))

    def reference(self, fit_risks: dict[str, float], select_risks: Sequence[float]) -> FoldReference:
        told = self.saved.further["baseline"] if self.saved.further.get("stacking") else None
        months_and_hazard = told and [np.asarray(told[name]) for name in ("months", "cumulative_hazard")]
        return FoldReference.fit(
            self.saved.network.settings.head,
            list(fit_risks.values()),
            self.inputs.outcome(list(fit_risks)),
            select_risks,
            float(self.saved.further["landmark_months"]),
            BaselineHazard(*months_and_hazard) if months_and_hazard else None,
        )


def _table(
    found: Sequence[_Predicted], reference: FoldReference, saved: SavedModel, months: FloatArray
) -> pd.DataFrame:
    """Make the table of predictions; it has the same columns whoever is in it."""
    import pandas as pd

    head, modalities = saved.network.settings.head, saved.network.modalities
    rows = []
    for each in found:
        told = each.prediction
        survival = reference.survival(head, told.risk, told.prediction, months)
        rows.append(
            {
                "patient_id": each.patient,
                "role": each.role,
                "modalities": "+".join(told.modalities),
                "log_risk": told.risk,
                "spread": told.spread,
                "combinations": told.combinations,
                "relative_risk": told.risk - reference.mean_risk,
                "high": reference.is_high(told.risk),
                **{f"images_{name}": told.images.get(name, 0) for name in modalities},
                **{f"weight_{name}": told.weights[name] if told.weights else None for name in modalities},
                **{f"shapley_{name}": each.shapley.get(name) for name in modalities},
                **{f"survival_{time:g}": value for time, value in zip(months, survival, strict=True)},
            }
        )
    if not rows:
        raise StudyError("no select and no test patient has any of the modalities", where="the fold")
    table = pd.DataFrame(rows)
    numbers = [name for name in table if str(name).startswith(("weight_", "shapley_", "survival_"))]
    return table.astype(dict.fromkeys(numbers, "float64")).astype({"high": "boolean", "combinations": "int64"})
