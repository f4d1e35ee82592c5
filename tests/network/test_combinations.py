"""A patient's risk over all combinations of its images equals naive enumeration."""

import itertools

import pytest
import torch

from tumorboard.network import FusionSettings, HeadSettings, NetworkSettings, TableModality
from tumorboard.network.combinations import _blocks, mean_over_combinations, risk_over_combinations
from tumorboard.network.model import new_network
from tumorboard.network.settings import FusionName

NAMES = ("tiles_10x", "tiles_5x", "scan", "genes")
IMAGES = {"tiles_10x": 7, "tiles_5x": 5, "scan": 3, "genes": 1}
HEADS = {
    "log-risk": HeadSettings(dropout=0.5),
    "five-year status": HeadSettings(kind="five-year status"),
    "discrete time": HeadSettings(kind="discrete time", edges_months=(12.0, 36.0, 60.0)),
}
PAIRS = [
    (fusion, head)
    for fusion, head in itertools.product(FusionName.__args__, HEADS)
    if fusion != "stacked risks" or head == "log-risk"
]


def network_of(fusion, head="log-risk"):
    # tables stand in for pictures: only their embeddings matter here
    modalities = tuple(TableModality(name=name, inputs=("x", "y"), width=9) for name in NAMES)
    settings = NetworkSettings(
        modalities=modalities, fusion=FusionSettings(name=fusion, width=16, dropout=0.5), head=HEADS[head]
    )
    return new_network(settings, seed=0)


def embeddings_of(*names):
    numbers = torch.Generator().manual_seed(0)
    return {name: torch.randn(IMAGES[name], 9, generator=numbers) for name in names}


def enumerated(network, embeddings):
    """One forward a combination, in the order of the modalities."""
    given = [name for name in NAMES if name in embeddings]
    present = torch.tensor([[name in embeddings for name in NAMES]])
    network.eval()
    outputs, weights = [], []
    with torch.inference_mode():
        for index in itertools.product(*(range(len(embeddings[name])) for name in given)):
            row = {name: embeddings[name][[position]] for name, position in zip(given, index, strict=True)}
            prediction = network.fuse(row, present)
            outputs.append(prediction.output[0])
            weights.append(prediction.weights)
    return torch.stack(outputs), None if weights[0] is None else torch.cat(weights)


@pytest.mark.parametrize("names", [NAMES, ("tiles_10x", "scan"), ("tiles_5x",)])
@pytest.mark.parametrize(("fusion", "head"), PAIRS)
def test_equals_naive_enumeration(fusion, head, names):
    network, embeddings = network_of(fusion, head), embeddings_of(*names)
    outputs, weights = enumerated(network, embeddings)
    risks = network.risk(outputs)
    found = risk_over_combinations(network, embeddings, batch=16, keep_risks=True)
    assert found.count == len(risks)
    torch.testing.assert_close(found.risks.flatten(), risks, rtol=0, atol=1e-5)
    assert found.mean == pytest.approx(float(risks.double().mean()), abs=1e-5)
    assert found.spread == pytest.approx(float(risks.double().std(correction=0)), abs=1e-5)
    averages = network.averageable(outputs).double().mean(dim=0)
    torch.testing.assert_close(found.prediction, averages, rtol=0, atol=1e-5)
    assert (found.weights is None) == (weights is None)
    if weights is not None:
        wanted = dict(zip(NAMES, weights.double().mean(dim=0).tolist(), strict=True))
        assert found.weights == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 3, 20, 105, 10**6])
def test_the_batch_changes_nothing(batch):
    network, embeddings = network_of("gated"), embeddings_of(*NAMES)
    wanted = risk_over_combinations(network, embeddings, keep_risks=True)
    found = risk_over_combinations(network, embeddings, batch=batch, keep_risks=True)
    torch.testing.assert_close(found.risks, wanted.risks, rtol=0, atol=1e-6)
    assert found.weights == pytest.approx(wanted.weights, abs=1e-6)


@pytest.mark.parametrize("batch", [1, 4, 6, 7, 100])
def test_blocks_hold_each_combination_once_and_no_more_than_the_batch(batch):
    seen = torch.zeros(4, 3, 2, 1, dtype=torch.long)
    for block in _blocks(seen.shape, batch):
        assert seen[block].numel() <= batch
        seen[block] += 1
    assert (seen == 1).all()


def test_one_combination_has_no_spread_and_risks_are_kept_on_demand():
    found = risk_over_combinations(network_of("gated"), embeddings_of("genes"))
    assert (found.count, found.spread, found.risks) == (1, 0, None)
    assert found.weights == {"tiles_10x": 0, "tiles_5x": 0, "scan": 0, "genes": 1}


def test_the_network_is_taken_in_evaluation_and_left_in_training():
    network, embeddings = network_of("gated").train(), embeddings_of(*NAMES)
    network.encoder("scan").freeze()
    first = risk_over_combinations(network, embeddings)
    assert first.mean == risk_over_combinations(network, embeddings).mean
    assert network.training
    assert network.head.training
    assert not network.encoder("scan").training


def test_half_precision_is_near():
    network, embeddings = network_of("gated"), embeddings_of(*NAMES)
    exact = risk_over_combinations(network, embeddings)
    half = risk_over_combinations(network, embeddings, precision=torch.bfloat16)
    assert half.mean == pytest.approx(exact.mean, abs=0.01)
    assert half.mean != exact.mean


@pytest.mark.parametrize(
    ("embeddings", "told"),
    [
        ({}, "at least one modality"),
        ({"petscan": torch.zeros(1, 9)}, "petscan"),
        ({"scan": torch.zeros(0, 9)}, "images, 9"),
        ({"scan": torch.zeros(2, 8)}, "images, 9"),
        ({"scan": torch.full((2, 9), torch.nan)}, "NaN"),
    ],
)
def test_what_cannot_be_combined_is_refused(embeddings, told):
    with pytest.raises(ValueError, match=told):
        risk_over_combinations(network_of("gated"), embeddings)


@pytest.mark.parametrize("rows", [1, 40, 65536])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("fusion", ["gated", "mean of risks", "cross-attention"])
def test_many_patients_at_once_have_the_means_of_each_alone(fusion, head, rows):
    network = network_of(fusion, head)
    patients = [embeddings_of(*names) for names in (NAMES, ("scan",), ("tiles_5x", "genes"), ("tiles_10x", "tiles_5x"))]
    risks, predictions = mean_over_combinations(network, patients, rows=rows)
    for place, embeddings in enumerate(patients):
        alone = risk_over_combinations(network, embeddings)
        assert float(risks[place]) == pytest.approx(alone.mean, abs=1e-5)
        torch.testing.assert_close(predictions[place], alone.prediction, rtol=0, atol=1e-5)


def test_no_patients_have_no_risks():
    risks, predictions = mean_over_combinations(network_of("gated"), [])
    assert risks.shape == (0,)
    assert predictions.shape == (0, 1)
