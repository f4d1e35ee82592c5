"""Learning how much each modality's own log-risk counts, on fit patients whom its head had not seen.

The fit patients are dealt into parts. Each modality is trained alone again without one part, and its log-risks of that
part are kept; together they are log-risks of all fit patients by networks that did not learn from them. The weights are
those of a Cox model on these, held at zero or above. Select and test patients have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.fusion.stacked_risks import StackedRisks
from tumorboard.network.losses import cox_loss
from tumorboard.network.model import MultimodalNetwork
from tumorboard.survival import Survival
from tumorboard.survival.outcome import FloatArray
from tumorboard.training.assessment import embeddings_of
from tumorboard.training.random_numbers import numbers_for
from tumorboard.training.stage import Ground, StagePlan

STACKED = "stacked risks"
PRIOR_SD = 0.25
"""Of the log-hazard ratio of one standard deviation of what a modality says."""
PARTS = 5
"""Fit patients are dealt into so many parts, or into as many as there are events."""
_FEWEST = 4


@dataclass(frozen=True)
class Part:
    """A stage of one modality without a part of its fit patients.

    Parameters
    ----------
    plan : StagePlan
        Its fit patients are those of the other parts.
    held_out : tuple of str
        Those of the part.
    """

    plan: StagePlan
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Weight:
    """How much what a modality says counts.

    Parameters
    ----------
    scale : tuple of float
        Of its log-risk, 0 or above, and of its readings.
    share : float
        Standard deviation of what it adds, over the fit patients who have the modality.
    """

    scale: tuple[float, ...]
    share: float


def parts_of(plan: StagePlan, event: NDArray[np.bool_], random: np.random.Generator) -> list[Part]:
    """Deal a stage's fit patients into parts that hold their share of events.

    Parameters
    ----------
    plan : StagePlan
    event : ndarray of bool
        Of its fit patients.
    random : Generator

    Returns
    -------
    list of Part
        Empty where there are less than two events or four patients: without a part of them nothing could be learned.
    """
    count = min(PARTS, int(event.sum()))
    if count < 2 or len(event) < _FEWEST:
        return []
    part = np.empty(len(event), dtype=np.int64)
    for group in (np.flatnonzero(event), np.flatnonzero(~event)):
        part[random.permutation(group)] = np.arange(len(group)) % count
    return [
        Part(
            replace(plan, fit=tuple(patient for patient, own in zip(plan.fit, part, strict=True) if own != number)),
            tuple(patient for patient, own in zip(plan.fit, part, strict=True) if own == number),
        )
        for number in range(count)
    ]


def learn_weights(
    told: Mapping[str, Mapping[str, FloatArray]], patients: Sequence[str], outcome: Survival
) -> tuple[dict[str, Weight], FloatArray]:
    """Learn the weights.

    They make the log-likelihood of Cox's model, ties by Efron, largest, less the sum of squared log-hazard ratios per
    standard deviation over twice `PRIOR_SD` squared: a priori each is normal around zero, so that what few patients
    have is not believed at once.

    Parameters
    ----------
    told : mapping of str to mapping of str to ndarray of float64, shape (1 + readings,)
        By modality and patient: log-risk and readings by networks that did not learn from the patient, centred. A
        patient who lacks a modality has none.
    patients : sequence of str
    outcome : Survival
        Theirs.

    Returns
    -------
    weights : dict of str to Weight
        Of the modalities that anybody has.
    together : ndarray of float64, shape (n,)
        The patients' weighted sums.
    """
    there = {name: own for name, own in told.items() if own}
    if not there:
        return {}, np.zeros(len(patients))
    lengths = {name: len(next(iter(own.values()))) for name, own in there.items()}
    columns = np.concatenate(
        [[own.get(patient, np.zeros(lengths[name])) for patient in patients] for name, own in there.items()], axis=1
    )
    spread = np.concatenate([np.std(list(own.values()), axis=0) for own in there.values()])
    signed = np.concatenate([np.arange(length) > 0 for length in lengths.values()])
    scale = np.zeros(len(spread))
    known = spread > 0
    if known.any() and outcome.event.any():
        scale[known] = _log_hazard_ratios(columns[:, known] / spread[known], outcome, signed[known]) / spread[known]
    parts = np.split(scale, np.cumsum(list(lengths.values()))[:-1])
    weights = {
        name: Weight(tuple(part.tolist()), float(np.std(np.stack(list(own.values())) @ part)))
        for (name, own), part in zip(there.items(), parts, strict=True)
    }
    return weights, columns @ scale


def _log_hazard_ratios(columns: FloatArray, outcome: Survival, signed: NDArray[np.bool_]) -> FloatArray:
    """Return the log-hazard ratio of each column, of either sign where asked for."""
    values = torch.from_numpy(columns)
    time, event = torch.tensor(outcome.time_months), torch.tensor(outcome.event)

    def penalised(ratios: FloatArray) -> tuple[float, FloatArray]:
        own = torch.tensor(ratios, requires_grad=True)
        loss = cox_loss(values @ own, time, event) * event.sum() + own.square().sum() / (2 * PRIOR_SD**2)
        (gradient,) = torch.autograd.grad(loss, own)
        return loss.item(), gradient.numpy()

    bounds = [(None if either else 0.0, None) for either in signed]
    found = minimize(penalised, np.full(len(signed), 0.1), jac=True, method="L-BFGS-B", bounds=bounds)
    ratios: FloatArray = found.x
    return ratios


@dataclass(frozen=True, eq=False)
class Stacked:
    """What stacking found.

    Parameters
    ----------
    weights : dict of str to Weight
        By modality; those that could not be weighed are left out.
    log_risk : ndarray of float64, shape (n,)
        Of the fit patients, by networks that did not learn from them.
    """

    weights: dict[str, Weight]
    log_risk: FloatArray

    def to_json(self) -> dict[str, dict[str, object]]:
        """Return the weights as JSON can hold them."""
        return {name: asdict(weight) for name, weight in self.weights.items()}


def stack(
    network: MultimodalNetwork,
    plans: Sequence[StagePlan],
    ground: Ground,
    fit: Sequence[str],
    alone: Callable[[StagePlan, Ground], MultimodalNetwork],
    told: Callable[[str, int, int], object],
) -> Stacked:
    """Learn the weights of a network's modalities and put them into it; those that cannot be weighed count nothing.

    Parameters
    ----------
    network : MultimodalNetwork
        Of all modalities, with what they learned alone. Its fusion is `StackedRisks`.
    plans : sequence of StagePlan
        The stages of one modality alone that were trained.
    ground : Ground
    fit : sequence of str
        All fit patients.
    alone : callable
        Returns the network of one modality that a stage leaves, trained now or kept from before.
    told : callable
        Is told the modality, and the parts done, out of how many.
    """
    fusion = network.fusion
    assert isinstance(fusion, StackedRisks)
    held_out = {plan.name: _held_out(plan, ground, alone, told) for plan in plans}
    outcome = ground.reader.inputs.study.outcome(list(fit))
    weights, log_risk = learn_weights(held_out, fit, outcome)
    for name in network.modalities:
        nothing = [0.0] * (1 + len(fusion.readings[name]))
        fusion.weighing(name).learned(nothing, nothing, 0.0)
    for plan in plans:
        if own := weights.get(plan.name):
            said = np.stack(list(_told(alone(plan, ground), plan.name, plan.fit, ground).values()))
            fusion.weighing(plan.name).learned(own.scale, said.mean(axis=0).tolist(), own.share)
    return Stacked(weights, log_risk)


def _held_out(
    plan: StagePlan,
    ground: Ground,
    alone: Callable[[StagePlan, Ground], MultimodalNetwork],
    told: Callable[[str, int, int], object],
) -> dict[str, FloatArray]:
    """Return what networks that learned from the other parts say of each fit patient, less the other parts' mean."""
    event = ground.reader.inputs.study.outcome(list(plan.fit)).event
    repeats = ground.settings.weighing_repeats
    if not ground.recipe.patience:  # nothing hangs on select patients
        plan = replace(plan, select=())
    found: dict[str, list[FloatArray]] = {}
    for repeat in range(repeats):
        parts = parts_of(plan, event, numbers_for(*ground.key, plan.name, "parts", repeat))
        for number, part in enumerate(parts):
            told(plan.name, repeat * len(parts) + number, repeats * len(parts))
            network = alone(part.plan, replace(ground, key=(*ground.key, "part", repeat, number)))
            centre = np.mean(list(_told(network, plan.name, part.plan.fit, ground).values()), axis=0)
            for patient, own in _told(network, plan.name, part.held_out, ground).items():
                found.setdefault(patient, []).append(own - centre)
    return {patient: np.mean(own, axis=0) for patient, own in found.items()}


def _told(network: MultimodalNetwork, modality: str, patients: Sequence[str], ground: Ground) -> dict[str, FloatArray]:
    """Return a modality's log-risk and readings of patients, means over their images."""
    fusion = network.fusion
    assert isinstance(fusion, StackedRisks)
    images = ground.settings.assessed_images
    with torch.inference_mode(), in_evaluation(network):
        embeddings = embeddings_of(network, ground.reader, modality, patients, images, ground.machine)
        return {
            patient: fusion.outputs(modality, own).double().mean(dim=0).cpu().numpy()
            for patient, own in embeddings.items()
        }
