"""A fold's model, ready to predict: the network, what was saved beside it, and what its own patients say of a risk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from tumorboard.network.model import MultimodalNetwork
from tumorboard.network.saving import SavedModel, load_model
from tumorboard.network.settings import HeadSettings
from tumorboard.prediction.encoding import PatientInputs, device_named, encode_patient
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.patient import PatientPrediction, predict_patient
from tumorboard.prediction.reference import FoldReference
from tumorboard.prediction.shapley import shapley_of_patient
from tumorboard.survival.outcome import FloatArray


@dataclass(frozen=True, eq=False)
class MemberPrediction:
    """What one fold's model says of a patient, with all that depends on the fold.

    Parameters
    ----------
    patient : PatientPrediction
    relative_risk : float
        The risk less the mean of the fold's fit patients.
    rank : float or None
        Share of the fold's select patients whose risk is lower.
    high : bool or None
        Above the median of the fold's select patients.
    survival : array of float, shape (k,)
        At the times that were asked for; NaN where the model says nothing.
    shapley : dict of str to float, or None
        How much each modality moved the risk, where it was asked for.
    """

    patient: PatientPrediction
    relative_risk: float
    rank: float | None
    high: bool | None
    survival: FloatArray
    shapley: dict[str, float] | None


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A fold's model and its reference.

    Parameters
    ----------
    name : str
        Of the fold, such as ``repeat-0-fold-3``.
    saved : SavedModel
    reference : FoldReference
    """

    name: str
    saved: SavedModel
    reference: FoldReference

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from a fold's folder, onto the graphics processor where there is one.

        Raises
        ------
        FileFormatError, StudyError
            A file is missing or damaged.
        """
        saved = load_model(folder)
        saved.network.to(device_named("auto"), memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(folder.name, saved, FoldReference.read(folder))

    @property
    def network(self) -> MultimodalNetwork:
        """The network, in evaluation."""
        return self.saved.network

    @property
    def head(self) -> HeadSettings:
        """What the network says."""
        return self.network.settings.head

    @property
    def further(self) -> dict[str, Any]:
        """What was saved beside the network."""
        return self.saved.further

    def predict(
        self,
        inputs: PatientInputs,
        patient: str,
        months: FloatArray,
        *,
        choice: ImageChoice,
        with_shapley: bool = False,
    ) -> MemberPrediction | None:
        """Predict a patient.

        Parameters
        ----------
        inputs : PatientInputs
        patient : str
        months : array of float, shape (k,)
            Times of the survival curve.
        choice : ImageChoice
            Which images are combined.
        with_shapley : bool
            Compute how much each modality moved the risk.

        Returns
        -------
        MemberPrediction or None
            None where the patient has none of the model's modalities.
        """
        embeddings = encode_patient(self.network, inputs, patient, choice)
        if not embeddings:
            return None
        found = predict_patient(self.network, embeddings)
        reference = self.reference
        return MemberPrediction(
            found,
            found.risk - reference.mean_risk,
            reference.rank(found.risk),
            reference.is_high(found.risk),
            reference.survival(self.head, found.risk, found.prediction, months),
            shapley_of_patient(self.network, embeddings, reference.mean_risk) if with_shapley else None,
        )
