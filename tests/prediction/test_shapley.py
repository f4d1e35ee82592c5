"""Shapley values over modalities are exact: they add up, and give each what it alone moves."""

from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.network import FusionSettings, NetworkSettings, TableModality
from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.model import new_network
from tumorboard.prediction.shapley import MOST_MODALITIES, shapley_of_patient, shapley_values

NAMES = ("tiles_10x", "scan", "genes")


@given(st.dictionaries(st.sampled_from("abcde"), st.floats(-5, 5), min_size=1), st.floats(-5, 5))
def test_where_each_adds_its_own_each_gets_its_own(own, base):
    values = shapley_values(tuple(own), lambda chosen: base + sum(own[name] for name in chosen))
    assert values == pytest.approx(own, abs=1e-9)


def test_the_gloves_game():
    # two left gloves and one right: only a pair is worth something
    values = shapley_values(("left", "other left", "right"), lambda who: float("right" in who and len(who) > 1))
    assert values == pytest.approx({"left": 1 / 6, "other left": 1 / 6, "right": 4 / 6})


def test_too_many_modalities_are_refused():
    with pytest.raises(ValueError, match="12 modalities"):
        shapley_values(tuple(map(str, range(MOST_MODALITIES + 1))), lambda _: 0.0)


@pytest.mark.parametrize("fusion", ["gated", "softmax", "concat", "mean of risks"])
@pytest.mark.parametrize("names", [NAMES, ("scan", "genes"), ("genes",)])
def test_they_add_up_to_the_risk_less_the_mean(fusion, names):
    network = new_network(
        NetworkSettings(
            modalities=tuple(TableModality(name=name, inputs=("x", "y"), width=4) for name in NAMES),
            fusion=FusionSettings(name=fusion, width=8),
        ),
        seed=1,
    )
    numbers = torch.Generator().manual_seed(3)
    embeddings = {name: torch.randn(2 if name != "genes" else 1, 4, generator=numbers) for name in names}
    values = shapley_of_patient(network, embeddings, mean_risk=0.4)
    assert set(values) == set(names)
    found = risk_over_combinations(network, embeddings)
    assert found.count == prod(len(each) for each in embeddings.values())
    assert sum(values.values()) == pytest.approx(found.mean - 0.4, abs=1e-6)
