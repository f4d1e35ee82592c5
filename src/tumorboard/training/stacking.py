"""Learning how much each modality's own log-risk counts, on fit patients whom its head had not seen.

The fit patients are dealt into parts. Each modality is trained alone again without one part, and its log-risks of that
part are kept; together they are log-risks of all fit patients by networks that did not learn from them. The weights are
those of a Cox model on these, held at zero or above. Test patients have no part in it; select patients no more than in
any stage, whose epochs they choose where there is patience. What is learned without outcomes (the mean and the spread
of embeddings, a stain, codings) is learned once, of all fit patients.
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

    @property
    def says_nothing(self) -> bool:
        """Whether no modality counts, so that everybody gets one risk."""
        return not any(weight.share for weight in self.weights.values())

    def to_json(self) -> dict[str, dict[str, object]]:
        """Return the weights as JSON can hold them."""
        return {name: asdict(weight) for name, weight in self.weights.items()}


@dataclass(frozen=True, eq=False)
class Said:
    """What a network without a part says.

    Parameters
    ----------
    held_out : ndarray of float64, shape (patients of the part, 1 + readings)
        Log-risk and readings of those who were held out, in the part's order.
    centre : ndarray of float64, shape (1 + readings,)
        Means over those it learned from.
    """

    held_out: FloatArray
    centre: FloatArray


def stack(
    network: MultimodalNetwork,
    plans: Sequence[StagePlan],
    ground: Ground,
    fit: Sequence[str],
    without: Callable[[Part, Ground], Said],
    told: Callable[[str, int, int], object],
) -> Stacked:
    """Learn the weights of a network's modalities and put them into it; those that cannot be weighed count nothing.

    The weights are the means of those of each repeat: not those of the mean of what several networks say, which is less
    noisy than the one network that is weighed.

    Parameters
    ----------
    network : MultimodalNetwork
        Of all modalities, with what they learned alone. Its fusion is `StackedRisks`.
    plans : sequence of StagePlan
        The stages of one modality alone that were trained.
    ground : Ground
    fit : sequence of str
        All fit patients.
    without : callable
        Returns what a network says that learns without a part.
    told : callable
        Is told the modality, and the parts done, out of how many.
    """
    fusion = network.fusion
    assert isinstance(fusion, StackedRisks)
    held_out = {plan.name: _held_out(plan, ground, without, told) for plan in plans}
    outcome = ground.reader.inputs.study.outcome(list(fit))
    repeats = range(ground.settings.weighing_repeats)
    centred = [{name: _centred(own[repeat]) for name, own in held_out.items()} for repeat in repeats]
    found = [learn_weights(own, fit, outcome) for own in centred]
    weights = {name: _mean_weight([own[name] for own, _ in found]) for name in found[0][0]}
    for name in network.modalities:
        nothing = [0.0] * (1 + len(fusion.readings[name]))
        fusion.weighing(name).learned(nothing, nothing, 0.0)
    for plan in plans:
        if own := weights.get(plan.name):
            # nothing is said by the mean of those who were held out: heads that were fitted closely say less of others
            moved = np.mean([np.mean(list(each.values()), axis=0) for each in held_out[plan.name]], axis=0)
            centre = said_of(network, plan.name, plan.fit, ground).mean(axis=0) + moved
            fusion.weighing(plan.name).learned(own.scale, centre.tolist(), own.share)
    return Stacked(weights, np.mean([log_risk for _, log_risk in found], axis=0))


def _centred(said: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    mean = np.mean(list(said.values()), axis=0) if said else 0.0
    return {patient: own - mean for patient, own in said.items()}


def _mean_weight(weights: Sequence[Weight]) -> Weight:
    scale = np.mean([weight.scale for weight in weights], axis=0)
    return Weight(tuple(scale.tolist()), float(np.mean([weight.share for weight in weights])))


def _held_out(
    plan: StagePlan,
    ground: Ground,
    without: Callable[[Part, Ground], Said],
    told: Callable[[str, int, int], object],
) -> list[dict[str, FloatArray]]:
    """Return, of each repeat, what networks say of patients who were held out, less the others' mean."""
    event = ground.reader.inputs.study.outcome(list(plan.fit)).event
    repeats = ground.settings.weighing_repeats
    if not ground.recipe.patience:  # nothing hangs on select patients
        plan = replace(plan, select=())
    found: list[dict[str, FloatArray]] = []
    for repeat in range(repeats):
        parts = parts_of(plan, event, numbers_for(*ground.key, plan.name, "parts", repeat))
        found.append({})
        for number, part in enumerate(parts):
            told(plan.name, repeat * len(parts) + number, repeats * len(parts))
            said = without(part, replace(ground, key=(*ground.key, "part", repeat, number)))
            found[-1] |= dict(zip(part.held_out, said.held_out - said.centre, strict=True))
    return found


def said_without(network: MultimodalNetwork, part: Part, ground: Ground) -> Said:
    """Return what a network says that learned without a part."""
    name = part.plan.name
    return Said(
        said_of(network, name, part.held_out, ground), said_of(network, name, part.plan.fit, ground).mean(axis=0)
    )


def said_of(network: MultimodalNetwork, modality: str, patients: Sequence[str], ground: Ground) -> FloatArray:
    """Return a modality's log-risk and readings of patients who have it, means over their images.

    Returns
    -------
    ndarray of float64, shape (n, 1 + readings)
    """
    fusion = network.fusion
    assert isinstance(fusion, StackedRisks)
    images = ground.settings.assessed_images
    with torch.inference_mode(), in_evaluation(network):
        embeddings = embeddings_of(network, ground.reader, modality, patients, images, ground.machine)
        said = [fusion.outputs(modality, embeddings[patient]).double().mean(dim=0) for patient in patients]
    return np.stack([own.cpu().numpy() for own in said])
