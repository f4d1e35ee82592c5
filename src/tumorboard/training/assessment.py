"""A network's risk of patients over combinations of some of their images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tumorboard.errors import UndefinedEstimateError
from tumorboard.inputs.pictures import evenly_spaced
from tumorboard.network.combinations import mean_over_combinations
from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.model import MultimodalNetwork
from tumorboard.survival import Survival, harrell_concordance
from tumorboard.survival.outcome import FloatArray
from tumorboard.training.machine import Machine
from tumorboard.training.reading import Reader

IMAGES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Assessment:
    """What a network says of patients.

    Parameters
    ----------
    risk : ndarray of float64, shape (n,)
        Mean over combinations; higher is worse.
    predictions : Tensor of float64, shape (n, outputs)
        Mean of log-risk, probabilities or survival.
    """

    risk: FloatArray
    predictions: torch.Tensor

    def c_index(self, outcome: Survival) -> float | None:
        """Return Harrell's C; None where no pair is comparable, or a risk is not finite."""
        if not np.isfinite(self.risk).all():
            return None
        try:
            return harrell_concordance(outcome, self.risk).value
        except UndefinedEstimateError:
            return None


def assess(
    network: MultimodalNetwork, reader: Reader, patients: Sequence[str], images: int, machine: Machine
) -> Assessment:
    """Assess patients.

    Parameters
    ----------
    network : MultimodalNetwork
        Taken in evaluation, and left as it was.
    reader : Reader
    patients : sequence of str
        Each with one of the network's modalities at least.
    images : int
        Of each modality and patient, at even distances; 0 for all.
    machine : Machine
    """
    with torch.inference_mode(), in_evaluation(network):
        by_modality = {
            name: embeddings_of(network, reader, name, patients, images, machine) for name in network.modalities
        }
        risks, predictions = mean_over_combinations(
            network,
            [{name: own[patient] for name, own in by_modality.items() if patient in own} for patient in patients],
        )
    return Assessment(risks.numpy(), predictions)


def embeddings_of(
    network: MultimodalNetwork, reader: Reader, name: str, patients: Sequence[str], images: int, machine: Machine
) -> dict[str, torch.Tensor]:
    """Return each patient's embeddings of one modality, of those who have it.

    Parameters
    ----------
    network : MultimodalNetwork
        In evaluation.
    reader : Reader
    name : str
        The modality.
    patients : sequence of str
    images : int
        Of each patient, at even distances; 0 for all.
    machine : Machine
    """
    counts = {patient: reader.inputs.count(name, patient) for patient in patients}
    who = [patient for patient, count in counts.items() if count]
    if not who:
        return {}
    if name in reader.embeddings:
        return {
            patient: (own := reader.embeddings[name][patient])[evenly_spaced(len(own), images)].to(machine.device)
            for patient in who
        }
    with machine.autocast():
        if reader.inputs.study.pictures(name) is None:
            found = network.embed(name, machine.put(reader.whole(name, who))).float()
            return dict(zip(who, torch.split(found, 1), strict=True))
        asked = [(patient, number) for patient in who for number in evenly_spaced(counts[patient], images)]
        parts = [asked[start : start + IMAGES_AT_ONCE] for start in range(0, len(asked), IMAGES_AT_ONCE)]
        together = torch.cat([network.embed(name, machine.put(reader.pictures(name, part))).float() for part in parts])
    sizes = [len(evenly_spaced(counts[patient], images)) for patient in who]
    return dict(zip(who, torch.split(together, sizes), strict=True))
