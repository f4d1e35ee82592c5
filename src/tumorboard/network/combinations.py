"""A patient's risk over all combinations of its images, each image having been encoded once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.model import MultimodalNetwork, Prediction

BATCH = 4096
ROWS = 65536


@dataclass(frozen=True, eq=False)
class CombinationRisks:
    """A patient's risk over combinations of one image of each modality.

    Parameters
    ----------
    mean : float
        Mean risk, higher is worse; see ``head.risk_of``.
    spread : float
        Standard deviation over the combinations, which are all there are: 0 for one.
    count : int
        How many combinations there are.
    prediction : Tensor of float64, shape (outputs,)
        Mean of what may be averaged: log-risk, probabilities or survival; see ``head.prediction_of``.
    weights : dict of str to float, or None
        Mean weight of each modality, 0 where absent; None where the fusion has none.
    risks : Tensor of float32, or None
        Of each combination, where asked for; one dimension a modality of the network, of length 1 where absent.
    """

    mean: float
    spread: float
    count: int
    prediction: torch.Tensor
    weights: dict[str, float] | None
    risks: torch.Tensor | None


def risk_over_combinations(
    network: MultimodalNetwork,
    embeddings: Mapping[str, torch.Tensor],
    *,
    batch: int = BATCH,
    keep_risks: bool = False,
    precision: torch.dtype = torch.float32,
) -> CombinationRisks:
    """Return one patient's risk over the Cartesian product of its images.

    Parameters
    ----------
    network : MultimodalNetwork
        Taken in evaluation, and left as it was.
    embeddings : mapping of str to Tensor, shape (images, width of the modality)
        Of the modalities that the patient has, as ``embed`` gives them; a table's row and a bag are one image. For a
        fixed set of combinations, those of some images only.
    batch : int
        Combinations at once: memory and speed, no result beyond rounding.
    keep_risks : bool
        Return each combination's risk too.
    precision : dtype
        ``torch.bfloat16`` computes the fusion and the head in it.

    Raises
    ------
    ValueError
        There is no modality, one is unknown, has no image or another width, or an embedding is not finite.
    """
    _check(network, embeddings, batch)
    present = torch.tensor([name in embeddings for name in network.modalities])
    sizes = [len(embeddings[name]) if name in embeddings else 1 for name in network.modalities]
    device = next(iter(embeddings.values())).device
    risks = torch.empty(sizes, dtype=torch.float32, device=device)
    totals: _Totals | None = None
    half = precision == torch.bfloat16
    with torch.inference_mode(), in_evaluation(network), torch.autocast(device.type, torch.bfloat16, enabled=half):
        parts = _parts(network, embeddings, device)
        for block in _blocks(sizes, batch):
            prediction = network.finish(network.fusion.combine(_cut(parts, block), present.to(device)))
            output = prediction.output.float()
            risks[block] = network.risk(output)
            totals = _added(totals, network, prediction, output)
    assert totals is not None
    count = math.prod(sizes)
    exact = risks.double()
    return CombinationRisks(
        mean=float(exact.mean()),
        spread=float(exact.std(correction=0)),
        count=count,
        prediction=(totals.predictions / count).cpu(),
        weights=_named(network, totals.weights, count),
        risks=risks if keep_risks else None,
    )


def mean_over_combinations(
    network: MultimodalNetwork, patients: Sequence[Mapping[str, torch.Tensor]], *, rows: int = ROWS
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean risk of many patients who have few images each, as training assesses them after every epoch.

    The combinations of many patients are the rows of one table: the same means as `risk_over_combinations`, which a
    patient of more than `rows` combinations is left to.

    Parameters
    ----------
    network : MultimodalNetwork
        Taken in evaluation, and left as it was.
    patients : sequence of mapping of str to Tensor, shape (images, width of the modality)
        As for `risk_over_combinations`.
    rows : int
        Combinations at once.

    Returns
    -------
    risks : Tensor of float64, shape (patients,)
    predictions : Tensor of float64, shape (patients, outputs)

    Raises
    ------
    ValueError
        As for `risk_over_combinations`.
    """
    risks = torch.zeros(len(patients), dtype=torch.float64)
    predictions = torch.zeros(len(patients), network.settings.head.outputs, dtype=torch.float64)
    counts = [math.prod(len(values) for values in own.values()) for own in patients]
    for own in patients:
        _check(network, own, rows)
    for place in (place for place, count in enumerate(counts) if count > rows):
        found = risk_over_combinations(network, patients[place])
        risks[place], predictions[place] = found.mean, found.prediction
    for some in _shared(counts, rows):
        means = _means_of_rows(network, [patients[place] for place in some])
        risks[some], predictions[some] = means
    return risks, predictions


def _shared(counts: Sequence[int], rows: int) -> Iterator[list[int]]:
    """Yield places of patients in order, as many as have at most `rows` combinations together."""
    some: list[int] = []
    for place in (place for place, count in enumerate(counts) if count <= rows):
        if sum(counts[other] for other in some) + counts[place] > rows:
            yield some
            some = []
        some.append(place)
    if some:
        yield some


def _means_of_rows(
    network: MultimodalNetwork, patients: Sequence[Mapping[str, torch.Tensor]]
) -> tuple[torch.Tensor, torch.Tensor]:
    device = next(iter(patients[0].values())).device
    sizes = [[len(own[name]) if name in own else 1 for name in network.modalities] for own in patients]
    chosen = [torch.cartesian_prod(*map(torch.arange, each)).reshape(-1, len(each)) for each in sizes]
    counts = torch.tensor([len(own) for own in chosen])
    present = torch.tensor([[name in own for name in network.modalities] for own in patients])
    with torch.inference_mode(), in_evaluation(network):
        parts = []
        for column, name in enumerate(network.modalities):
            empty = torch.zeros(1, network.widths[name], device=device)
            part = network.fusion.part(name, torch.cat([own.get(name, empty) for own in patients]))
            starts = torch.tensor([0, *itertools.accumulate(each[column] for each in sizes)][:-1])
            rows = torch.cat([own[:, column] for own in chosen]) + starts.repeat_interleave(counts)
            parts.append(part[rows.to(device)])
        mask = present.repeat_interleave(counts, dim=0).to(device)
        output = network.finish(network.fusion.combine(parts, mask)).output.float()
        values = torch.cat([network.risk(output)[:, None], network.averageable(output)], dim=1).double().cpu()
    owner = torch.arange(len(patients)).repeat_interleave(counts)
    sums = torch.zeros(len(patients), values.shape[1], dtype=torch.float64).index_add(0, owner, values)
    means = sums / counts[:, None]
    return means[:, 0], means[:, 1:]


@dataclass(frozen=True)
class _Totals:
    predictions: torch.Tensor
    weights: torch.Tensor | None


def _added(before: _Totals | None, network: MultimodalNetwork, prediction: Prediction, output: torch.Tensor) -> _Totals:
    predictions = _sum_over_combinations(network.averageable(output))
    weights = None if prediction.weights is None else _sum_over_combinations(prediction.weights)
    if before is None:
        return _Totals(predictions, weights)
    both = None if weights is None or before.weights is None else before.weights + weights
    return _Totals(before.predictions + predictions, both)


def _sum_over_combinations(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(0, -2).sum(dim=0, dtype=torch.float64)


def _named(network: MultimodalNetwork, weights: torch.Tensor | None, count: int) -> dict[str, float] | None:
    if weights is None:
        return None
    return dict(zip(network.modalities, (weights / count).tolist(), strict=True))


def _check(network: MultimodalNetwork, embeddings: Mapping[str, torch.Tensor], batch: int) -> None:
    if not embeddings or batch < 1:
        raise ValueError("combinations need at least one modality, and a batch of at least 1")
    for name, values in embeddings.items():
        width = network.encoder(name).width
        if values.ndim != 2 or values.shape[1] != width or not len(values):
            raise ValueError(f"embeddings of {name} have the shape {tuple(values.shape)}, not (images, {width})")
        if not bool(torch.isfinite(values).all()):
            raise ValueError(f"an embedding of {name} is NaN or infinite")


def _parts(
    network: MultimodalNetwork, embeddings: Mapping[str, torch.Tensor], device: torch.device
) -> list[torch.Tensor]:
    """Return each modality's parts on an axis of their own: shapes (a, 1, 1, k), (1, b, 1, k), (1, 1, c, k)."""
    number = len(network.modalities)
    parts = []
    for axis, name in enumerate(network.modalities):
        values = embeddings.get(name, torch.zeros(1, network.widths[name], device=device))
        part = network.fusion.part(name, values)
        parts.append(part.reshape(*(-1 if other == axis else 1 for other in range(number)), part.shape[-1]))
    return parts


def _blocks(sizes: Sequence[int], batch: int) -> Iterator[tuple[slice, ...]]:
    """Yield blocks of the product of at most `batch` combinations, as large as whole axes from the last on allow."""
    lengths = []
    room = batch
    for size in reversed(sizes):
        length = max(1, min(size, room))
        lengths.append(length)
        room //= length
    axes = [
        [slice(start, min(start + length, size)) for start in range(0, size, length)]
        for size, length in zip(sizes, reversed(lengths), strict=True)
    ]
    yield from itertools.product(*axes)


def _cut(parts: Sequence[torch.Tensor], block: Sequence[slice]) -> list[torch.Tensor]:
    return [
        part[tuple(where if other == axis else slice(None) for other, where in enumerate(block))]
        for axis, part in enumerate(parts)
    ]
