"""One patient's prediction by one fold's model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from tumorboard.network.combinations import BATCH, risk_over_combinations
from tumorboard.network.model import MultimodalNetwork
from tumorboard.survival.outcome import FloatArray


@dataclass(frozen=True, eq=False)
class PatientPrediction:
    """What one model says of a patient.

    Parameters
    ----------
    risk : float
        Mean over the combinations; higher is worse. See ``network.head.risk_of``.
    spread : float
        Standard deviation over the combinations.
    combinations : int
    images : dict of str to int
        By modality that the prediction rests on.
    prediction : array of float, shape (outputs,)
        Mean of what may be averaged; see ``network.head.prediction_of``.
    weights : dict of str to float, or None
        Mean weight of each modality, 0 where absent; None where the fusion has none.
    """

    risk: float
    spread: float
    combinations: int
    images: dict[str, int]
    prediction: FloatArray
    weights: dict[str, float] | None

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the prediction rests on, in the network's order."""
        return tuple(self.images)


def predict_patient(
    network: MultimodalNetwork, embeddings: Mapping[str, torch.Tensor], *, batch: int = BATCH
) -> PatientPrediction:
    """Predict a patient from its embeddings.

    Parameters
    ----------
    network : MultimodalNetwork
    embeddings : mapping of str to Tensor, shape (images, width of the modality)
        At least one modality.
    batch : int
        Combinations at once.
    """
    found = risk_over_combinations(network, embeddings, batch=batch)
    return PatientPrediction(
        risk=found.mean,
        spread=found.spread,
        combinations=found.count,
        images={name: len(embeddings[name]) for name in network.modalities if name in embeddings},
        prediction=np.asarray(found.prediction.numpy(), dtype=np.float64),
        weights=found.weights,
    )
