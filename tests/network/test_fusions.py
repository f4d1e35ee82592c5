"""Fusions: masks, weights, and that what is absent has no influence."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.network.fusion import FUSIONS, ModalityDropout, make_fusion
from tumorboard.network.fusion.gated import GatedFusion
from tumorboard.network.fusion.tensor import LARGEST_PRODUCT, TensorFusion
from tumorboard.network.settings import FusionSettings, HeadSettings

WIDTHS = {"tiles_10x": 6, "tiles_5x": 5, "scan": 7, "genes": 3}
NAMES = sorted(FUSIONS)
every_fusion = pytest.mark.parametrize("name", NAMES)


def fusion_of(name, widths=WIDTHS):
    torch.manual_seed(1)
    fusion = make_fusion(widths, FusionSettings(name=name, width=8), HeadSettings(hidden=(4,)))
    return fusion.eval()


def embeddings_of(patients, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return {name: torch.randn(patients, width, generator=numbers) for name, width in WIDTHS.items()}


def mask(*rows):
    return torch.tensor([[digit == "1" for digit in row] for row in rows])


masks = st.lists(st.lists(st.booleans(), min_size=4, max_size=4).filter(any), min_size=1, max_size=5).map(torch.tensor)


def gradients(fusion, embeddings, present):
    embeddings = {name: values.clone().requires_grad_() for name, values in embeddings.items()}
    fused = fusion(embeddings, present)
    fusion.zero_grad()
    (fused.value**2).sum().backward()
    return (
        fused,
        {name: values.grad for name, values in embeddings.items()},
        [parameter.grad for parameter in fusion.parameters()],
    )


@pytest.mark.parametrize("garbage", [torch.nan, torch.inf, 1e30])
@every_fusion
def test_what_stands_for_an_absent_modality_changes_nothing(name, garbage):
    fusion, embeddings, present = fusion_of(name), embeddings_of(3), mask("1010", "0001", "1111")
    spoilt = {
        key: torch.where(present[:, [number]], values, garbage)
        for number, (key, values) in enumerate(embeddings.items())
    }
    clean, clean_inputs, clean_weights = gradients(fusion, embeddings, present)
    fused, inputs, weights = gradients(fusion, spoilt, present)
    torch.testing.assert_close(fused.value, clean.value, rtol=0, atol=0)
    for number, key in enumerate(WIDTHS):
        assert torch.isfinite(inputs[key]).all()
        assert not inputs[key][~present[:, number]].any()
        torch.testing.assert_close(inputs[key], clean_inputs[key], rtol=0, atol=0)
    for found, wanted in zip(weights, clean_weights, strict=True):
        assert (found is None) == (wanted is None)
        if found is not None:
            torch.testing.assert_close(found, wanted, rtol=0, atol=0)


@every_fusion
@settings(max_examples=25)
@given(present=masks)
def test_a_patients_answer_does_not_depend_on_the_others(name, present):
    fusion, embeddings = fusion_of(name), embeddings_of(len(present))
    together = fusion(embeddings, present).value
    for row in range(len(present)):
        alone = fusion({key: values[[row]] for key, values in embeddings.items()}, present[[row]]).value
        torch.testing.assert_close(alone[0], together[row])


@every_fusion
def test_each_modality_alone_gives_an_answer_that_depends_on_it(name):
    fusion = fusion_of(name)
    for number, key in enumerate(WIDTHS):
        present = torch.zeros(1, 4, dtype=torch.bool)
        present[0, number] = True
        first, second = embeddings_of(1, seed=2), embeddings_of(1, seed=3)
        values = fusion(first, present).value, fusion(second, present).value
        assert torch.isfinite(values[0]).all()
        assert not torch.allclose(*values), key


@every_fusion
def test_a_patient_without_any_modality_is_refused(name):
    with pytest.raises(ValueError, match="no modality"):
        fusion_of(name)(embeddings_of(2), mask("1000", "0000"))
    with pytest.raises(ValueError, match="mask"):
        fusion_of(name)(embeddings_of(2), torch.ones(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="mask"):
        fusion_of(name)(embeddings_of(2), torch.ones(2, 4))


@pytest.mark.parametrize("name", ["gated", "softmax"])
@settings(max_examples=40)
@given(present=masks)
def test_weights_are_shares_of_those_that_are_there(name, present):
    weights = fusion_of(name)(embeddings_of(len(present)), present).weights
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(present)))
    assert (weights >= 0).all()
    assert not weights[~present].any()


@every_fusion
def test_only_some_fusions_have_weights_and_say_what_they_are(name):
    fusion = fusion_of(name)
    kinds = {"gated": "descriptive", "softmax": "attention", "stacked risks": "descriptive"}
    assert fusion.weight_kind == kinds.get(name)
    assert (fusion(embeddings_of(2), mask("1111", "1100")).weights is None) == (name not in kinds)


def test_gated_is_its_formula():
    fusion, embeddings, present = fusion_of("gated"), embeddings_of(2), mask("1111", "1011")
    row = 1
    seen = {k: torch.where(present[row, n], v[row], 0) for n, (k, v) in enumerate(embeddings.items())}
    whole = torch.cat([fusion.gates[key].weight for key in WIDTHS], dim=1)
    gates = torch.sigmoid(whole @ torch.cat(list(seen.values())) + fusion.gate_bias).chunk(4)
    values = [torch.relu(fusion.values[key][0](seen[key])) * present[row, n] for n, key in enumerate(WIDTHS)]
    by_hand = torch.cat([gate * value for gate, value in zip(gates, values, strict=True)])
    fused = fusion(embeddings, present)
    torch.testing.assert_close(fused.value[row], by_hand)
    norms = torch.stack([part.norm() for part in by_hand.chunk(4)])
    torch.testing.assert_close(fused.weights[row], norms / norms.sum())


def test_gates_start_as_one_layer_over_all_modalities_would():
    widths = {"a": 512, "b": 512, "c": 32}
    bound = sum(widths.values()) ** -0.5
    for layer in GatedFusion(widths, 16, 0.0).gates.values():
        assert 0.9 * bound < float(layer.weight.detach().abs().max()) <= bound


def test_softmax_is_a_weighted_mean_of_its_values():
    fusion, embeddings, present = fusion_of("softmax"), embeddings_of(1), mask("1101")
    fused = fusion(embeddings, present)
    values = torch.stack([fusion.values[key](embeddings[key])[0] for key in WIDTHS])
    torch.testing.assert_close(fused.value[0], fused.weights[0] @ values)


def test_mean_of_risks_is_the_mean_of_the_heads_of_those_that_are_there():
    fusion, embeddings = fusion_of("mean of risks"), embeddings_of(1)
    alone = {key: fusion.heads[key](embeddings[key])[0] for key in WIDTHS}
    found = fusion(embeddings, mask("0101")).value[0]
    torch.testing.assert_close(found, (alone["tiles_5x"] + alone["genes"]) / 2)


def test_stacked_risks_are_the_weighed_sum_of_what_those_that_are_there_say():
    fusion, embeddings = stacked_with_readings(), embeddings_of(1)
    said = {key: fusion.heads[key](embeddings[key])[0] for key in WIDTHS}
    fused = fusion(embeddings, mask("0011"))
    by_hand = 2 * (said["scan"][0] - 0.5) - 3 * (said["scan"][1] + 1) + 0.5 * said["genes"][0]
    torch.testing.assert_close(fused.value[0, 0], by_hand)
    torch.testing.assert_close(fused.weights[0], torch.tensor([0, 0, 0.75, 0.25]))


def test_of_modalities_that_count_nothing_none_is_preferred():
    fused = stacked_with_readings()(embeddings_of(1), mask("1100"))
    torch.testing.assert_close(fused.weights[0], torch.tensor([0.5, 0.5, 0, 0]))
    assert fused.value.tolist() == [[0]]


def stacked_with_readings():
    torch.manual_seed(1)
    settings = FusionSettings(name="stacked risks", readings={"scan": ("size",)})
    fusion = make_fusion(WIDTHS, settings, HeadSettings(hidden=())).eval()
    for key, (scale, centre, share) in {
        "tiles_10x": ([0.0], [0.3], 0.0),
        "tiles_5x": ([0.0], [0.0], 0.0),
        "scan": ([2.0, -3.0], [0.5, -1.0], 1.5),
        "genes": ([0.5], [0.0], 0.5),
    }.items():
        fusion.weighing(key).learned(scale, centre, share)
    return fusion


@pytest.mark.parametrize("name", ["softmax", "mean of risks", "stacked risks", "cross-attention"])
def test_absent_modalities_might_as_well_not_be_in_the_fusion(name):
    fusion, embeddings = fusion_of(name), embeddings_of(2)
    there = {key: WIDTHS[key] for key in ("tiles_10x", "scan")}
    smaller = fusion_of(name, there)
    smaller.load_state_dict({key: fusion.state_dict()[key] for key in smaller.state_dict()})
    alone = smaller({key: embeddings[key] for key in there}, torch.ones(2, 2, dtype=torch.bool))
    torch.testing.assert_close(fusion(embeddings, mask("1010", "1010")).value, alone.value)


def test_tensor_is_a_layer_over_the_outer_product():
    fusion, embeddings, present = fusion_of("tensor"), embeddings_of(1), mask("1011")
    product = torch.ones(1)
    for number, key in enumerate(WIDTHS):
        value = fusion.values[key](embeddings[key])[0] * present[0, number]
        product = torch.outer(product, torch.cat([value, torch.ones(1)])).flatten()
    torch.testing.assert_close(fusion(embeddings, present).value[0], torch.relu(fusion.layer(product)))


@pytest.mark.parametrize("modalities", range(1, 7))
def test_the_tensor_product_stays_small(modalities):
    fusion = TensorFusion({f"m{n}": 4 for n in range(modalities)}, 32, 0.0)
    assert fusion.layer.in_features == (fusion.length + 1) ** modalities <= LARGEST_PRODUCT
    assert fusion.length == 32 or (fusion.length + 2) ** modalities > LARGEST_PRODUCT


@every_fusion
def test_parts_broadcast_to_all_combinations(name):
    fusion = fusion_of(name)
    images = {key: embeddings_of(count, seed=count)[key] for key, count in zip(WIDTHS, (3, 2, 4, 1), strict=True)}
    parts = fusion.precompute(images)
    axes = [
        parts[key].reshape(*(len(images[key]) if other == axis else 1 for other in range(4)), -1)
        for axis, key in enumerate(WIDTHS)
    ]
    present = torch.tensor([True, True, False, True])
    together = fusion.combine(axes, present).value.expand(3, 2, 4, 1, -1)
    for index in [(0, 0, 0, 0), (2, 1, 3, 0), (1, 0, 2, 0)]:
        row = {key: images[key][[position]] for key, position in zip(WIDTHS, index, strict=True)}
        torch.testing.assert_close(together[index], fusion(row, present[None]).value[0])


@given(masks, st.floats(0, 0.99), st.integers(0, 99))
def test_modality_dropout_takes_only_what_is_there_and_never_all(present, probability, seed):
    kept = ModalityDropout(probability, seed)(present)
    assert not (kept & ~present).any()
    assert kept.any(dim=1).all()


def test_modality_dropout_has_its_rate_and_its_seed():
    present = torch.ones(20_000, 4, dtype=torch.bool)
    dropout = ModalityDropout(0.3, seed=5)
    kept = dropout(present)
    # of four, one at least stays: 0.3^4 / 4 of each is given back
    assert float((~kept).float().mean()) == pytest.approx(0.3 - 0.3**4 / 4, abs=0.01)
    dropout.restart(5)
    assert torch.equal(dropout(present), kept)
    assert not torch.equal(dropout(present), kept)
    assert torch.equal(ModalityDropout(0.3, seed=5)(present), kept)
    assert torch.equal(dropout.eval()(present), present)
    with pytest.raises(ValueError, match="probability"):
        ModalityDropout(1.0)


def test_the_one_that_stays_is_each_with_the_same_probability():
    kept = ModalityDropout(0.999999, seed=1)(torch.ones(30_000, 3, dtype=torch.bool)).float()
    assert kept.sum(dim=1).max() == 1
    assert kept.mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.02)
