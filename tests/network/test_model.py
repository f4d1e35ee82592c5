"""The multimodal network: masks, determinism, parts left out, and its folder."""

import copy
import json
import re

import pytest
import torch
from pydantic import ValidationError

from tumorboard.errors import FileFormatError, UserError
from tumorboard.network import (
    BagModality,
    FusionSettings,
    HeadSettings,
    NetworkSettings,
    PictureModality,
    TableModality,
)
from tumorboard.network.encoders import Bag
from tumorboard.network.losses import class_loss, cox_loss, discrete_time_loss
from tumorboard.network.model import new_network
from tumorboard.network.saving import load_model, save_model
from tumorboard.network.settings import FusionName

FUSION_NAMES = FusionName.__args__
MODALITIES = (
    PictureModality(name="tiles_10x"),
    PictureModality(name="scan", mean=(0.45,), sd=(0.225,)),
    TableModality(name="genes", inputs=("VHL", "PBRM1", "BAP1")),
    BagModality(name="tiles_5x", features=6, width=8, attention=4),
)
HEADS = {
    "log-risk": HeadSettings(),
    "five-year status": HeadSettings(kind="five-year status"),
    "discrete time": HeadSettings(kind="discrete time", edges_months=(12.0, 36.0, 60.0)),
}


def settings(fusion="gated", head="log-risk", modalities=MODALITIES, **more):
    return NetworkSettings(modalities=modalities, fusion=FusionSettings(name=fusion, width=8, **more), head=HEADS[head])


def batch_of(patients, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return {
        "tiles_10x": torch.randint(0, 256, (patients, 3, 64, 64), dtype=torch.uint8, generator=numbers),
        "scan": torch.rand(patients, 1, 64, 64, generator=numbers),
        "genes": torch.tensor([[1.0, torch.nan, 0.0]]).repeat(patients, 1),
        "tiles_5x": Bag(torch.randn(patients, 5, 6, generator=numbers), torch.ones(patients, 5, dtype=torch.bool)),
    }


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def network():
    return new_network(settings(), seed=3).eval()


@pytest.mark.parametrize("fusion", FUSION_NAMES)
@pytest.mark.parametrize("head", HEADS)
def test_every_fusion_with_every_head_gives_a_finite_risk(fusion, head):
    if fusion == "stacked risks" and head != "log-risk":
        with pytest.raises(ValueError, match="log-risk"):
            settings(fusion, head)
        return
    network = new_network(settings(fusion, head), seed=0).eval()
    with torch.inference_mode():
        prediction = network(batch_of(2))
    assert prediction.output.shape == (2, network.settings.head.outputs)
    assert network.risk(prediction.output).shape == (2,)
    assert torch.isfinite(network.risk(prediction.output)).all()
    assert network.averageable(prediction.output).shape == prediction.output.shape


@pytest.mark.parametrize(
    ("head", "loss"),
    [
        ("log-risk", lambda out, time, event: cox_loss(out[:, 0], time, event)),
        ("five-year status", lambda out, _, event: class_loss(out, event.long())),
        ("discrete time", lambda out, time, event: discrete_time_loss(out, time, event, (12.0, 36.0, 60.0))),
    ],
)
def test_learning_turns_risk_towards_who_dies_early(head, loss):
    network = new_network(settings("gated", head, MODALITIES[2:3]), seed=0).train()
    genes = torch.eye(3).repeat(4, 1)
    event, time = genes[:, 0].bool(), torch.where(genes[:, 0].bool(), 10.0, 70.0)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.3)
    for _ in range(30):
        optimiser.zero_grad()
        loss(network({"genes": genes}).output, time, event).backward()
        optimiser.step()
    risk = network.risk(network.eval()({"genes": genes}).output).detach()
    assert risk[event].min() > risk[~event].max()


def test_absent_inputs_are_not_looked_at_and_leave_batch_statistics_alone():
    network = new_network(settings(), seed=0).train()
    present = torch.tensor([[True, False, True, True], [True, True, False, False], [True, True, True, True]])
    batch = batch_of(3)
    spoilt = dict(batch)
    spoilt["scan"] = batch["scan"].clone()
    spoilt["scan"][0] = torch.nan
    spoilt["genes"] = batch["genes"].clone()
    spoilt["genes"][1] = torch.inf
    spoilt["tiles_5x"] = Bag(batch["tiles_5x"].features, batch["tiles_5x"].mask & present[:, [3]])
    before = state_of(network)
    clean = network(batch, present).output
    statistics = state_of(network)
    network.load_state_dict(before)
    found = network(spoilt, present).output
    found.sum().backward()
    torch.testing.assert_close(found, clean, rtol=0, atol=0)
    assert all(torch.equal(statistics[name], tensor) for name, tensor in network.state_dict().items())
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_modalities_left_out_of_the_batch_are_absent(network):
    batch = batch_of(2)
    with torch.inference_mode():
        alone = network({"scan": batch["scan"]})
        masked = network(batch, torch.tensor([[False, True, False, False]] * 2))
    torch.testing.assert_close(alone.output, masked.output)
    assert alone.weights.tolist() == [[0, 1, 0, 0]] * 2


def test_embed_and_fuse_are_forward_in_two_steps(network):
    batch = batch_of(2)
    with torch.inference_mode():
        embeddings = {name: network.embed(name, inputs) for name, inputs in batch.items()}
        torch.testing.assert_close(
            network.fuse(embeddings, torch.ones(2, 4, dtype=torch.bool)).output, network(batch).output
        )
    assert {name: values.shape[1] for name, values in embeddings.items()} == network.widths


@pytest.mark.parametrize(
    ("batch", "present", "told"),
    [
        ({}, None, "no modality"),
        ({"petscan": torch.zeros(1, 3)}, None, "'petscan'"),
        ({"genes": torch.zeros(1, 3)}, [[True, False, True, False]], "tiles_10x, which is not given"),
        ({"genes": torch.zeros(1, 3)}, [[False] * 4], "no modality"),
        ({"genes": torch.zeros(2, 3)}, [[False, False, True, False]], "2 rows for 1"),
        ({"genes": torch.zeros(1, 3)}, [[True, False]], "mask"),
    ],
)
def test_what_does_not_fit_is_refused(network, batch, present, told):
    with pytest.raises(ValueError, match=told):
        network(batch, None if present is None else torch.tensor(present))


def test_one_seed_is_one_network_whatever_was_drawn_before():
    torch.manual_seed(1)
    first = new_network(settings(), seed=5)
    drawn = torch.rand(1)
    second = new_network(settings(), seed=5)
    other = new_network(settings(), seed=6)
    assert all(torch.equal(tensor, second.state_dict()[name]) for name, tensor in first.state_dict().items())
    assert not torch.equal(first.fusion.gate_bias, other.fusion.gate_bias)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn)


def test_training_twice_with_one_seed_gives_the_same_numbers():
    def trained():
        network = new_network(settings(modality_dropout=0.5), seed=1).train()
        network.encoder("tiles_10x").freeze()
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
        for step in range(2):
            optimiser.zero_grad()
            risk = network.risk(network(batch_of(3, seed=step)).output)
            cox_loss(risk, torch.tensor([1.0, 2, 3]), torch.tensor([1, 1, 0])).backward()
            optimiser.step()
        return state_of(network)

    first, second = trained(), trained()
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    untrained = state_of(new_network(settings(), seed=1))
    assert all(torch.equal(first[n], t) for n, t in untrained.items() if n.startswith("encoders.tiles_10x."))
    assert not torch.equal(first["encoders.scan.network.conv1.weight"], untrained["encoders.scan.network.conv1.weight"])


def test_a_copy_is_independent_and_the_same(small):
    copied = copy.deepcopy(small)
    assert torch.equal(copied(small_batch()).output, small(small_batch()).output)
    with torch.no_grad():
        next(copied.parameters()).zero_()
    assert next(small.parameters()).any()


def test_bfloat16_is_near(network):
    present = torch.tensor([[True, True, False, True], [False, True, True, True]])
    batch = batch_of(2)
    with torch.inference_mode():
        exact = network(batch, present).output
        with torch.autocast("cpu", torch.bfloat16):
            half = network(batch, present).output
    torch.testing.assert_close(half.float(), exact, rtol=0, atol=0.05)


def test_modality_dropout_acts_in_training_only():
    network = new_network(settings(modalities=MODALITIES[2:], modality_dropout=0.9), seed=0)
    batch = {name: inputs for name, inputs in batch_of(40).items() if name in network.modalities}
    assert (network.train()(batch).weights == 0).any()
    assert not (network.eval()(batch).weights == 0).any()


def test_settings_survive_json_and_refuse_nonsense():
    wanted = settings("tensor", "discrete time")
    assert NetworkSettings.model_validate_json(wanted.model_dump_json()) == wanted
    for wrong in (
        {"modalities": []},
        {"modalities": [{"kind": "picture", "name": "a"}, {"kind": "table", "name": "a", "inputs": ["x"]}]},
        {"modalities": [{"kind": "picture", "name": "a", "mean": [0.5, 0.5], "sd": [1, 1]}]},
        {"modalities": [{"kind": "picture", "name": "a", "colour": True}]},
        {"modalities": [{"kind": "table", "name": "a", "inputs": ["VHL", "VHL"]}]},
        {"modalities": [{"kind": "picture", "name": "a.b"}]},
        {"modalities": [{"kind": "picture", "name": "a"}], "fusion": {"name": "sum"}},
        {"modalities": [{"kind": "picture", "name": "a"}], "fusion": {"name": "cross-attention", "width": 30}},
        {"modalities": [{"kind": "picture", "name": "a"}], "head": {"kind": "discrete time"}},
        {"modalities": [{"kind": "picture", "name": "a"}], "head": {"edges_months": [12]}},
        {
            "modalities": [{"kind": "picture", "name": "a"}],
            "head": {"kind": "discrete time", "edges_months": [12, 12]},
        },
    ):
        with pytest.raises(ValidationError):
            NetworkSettings.model_validate(wrong)


@pytest.fixture(scope="module")
def small():
    return new_network(settings("softmax", modalities=MODALITIES[2:]), seed=2).eval()


def small_batch():
    return {name: inputs for name, inputs in batch_of(3).items() if name in {"genes", "tiles_5x"}}


def test_a_saved_network_is_the_same_to_the_last_bit(tmp_path):
    network = new_network(settings(), seed=4).train()
    network(batch_of(2))  # moves the batch statistics
    network.eval()
    save_model(tmp_path / "runs" / "model", network, {"genes": ["VHL"], "baseline": [0.1, 1 / 3]})
    saved = load_model(tmp_path / "runs" / "model")
    assert saved.network.settings == network.settings
    assert saved.further == {"genes": ["VHL"], "baseline": [0.1, 1 / 3]}
    assert {"tumorboard", "torch", "safetensors"} <= set(saved.versions)
    assert all(torch.equal(tensor, saved.network.state_dict()[name]) for name, tensor in network.state_dict().items())
    assert not saved.network.training
    with torch.inference_mode():
        assert torch.equal(network(batch_of(2)).output, saved.network(batch_of(2)).output)
    assert sorted(path.name for path in (tmp_path / "runs" / "model").iterdir()) == ["config.json", "model.safetensors"]


def test_a_saved_frozen_network_comes_back_thawed(small, tmp_path):
    network = new_network(small.settings, seed=2)
    network.encoder("genes").freeze()
    save_model(tmp_path, network)
    assert all(parameter.requires_grad for parameter in load_model(tmp_path).network.parameters())


def test_saving_over_a_model_replaces_it(small, tmp_path):
    other = new_network(small.settings, seed=9).eval()
    save_model(tmp_path, small)
    save_model(tmp_path, other)
    assert torch.equal(load_model(tmp_path).network(small_batch()).output, other(small_batch()).output)


def edit(path, change):
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no model folder"),
        (lambda folder: (folder / "config.json").write_text("{"), "no JSON"),
        (lambda folder: (folder / "config.json").write_text("[]"), "format is None"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"short"), "not those that config.json names"),
        (lambda folder: edit(folder / "config.json", lambda c: c.update(format=1)), r"format is 1.*Train it again"),
        (
            lambda folder: edit(folder / "config.json", lambda c: c.update(format=99)),
            r"format is 99.*Take the version",
        ),
        (lambda folder: edit(folder / "config.json", lambda c: c.pop("further")), "'further'"),
        (lambda folder: edit(folder / "config.json", lambda c: c["network"].update(layers=3)), "layers"),
        (
            lambda folder: edit(folder / "config.json", lambda c: c["network"]["fusion"].update(width=16)),
            "size mismatch",
        ),
    ],
)
def test_a_damaged_model_folder_is_told_in_one_line(small, tmp_path, damage, told):
    save_model(tmp_path, small)
    damage(tmp_path)
    with pytest.raises(FileFormatError) as error:
        load_model(tmp_path)
    assert re.search(told, error.value.line())
    assert "\n" not in error.value.line()


def test_a_folder_that_cannot_be_written_and_what_json_cannot_hold(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        save_model(tmp_path / "file" / "model", small)
    with pytest.raises(ValueError, match="JSON"):
        save_model(tmp_path / "model", small, {"hazard": float("nan")})
    assert not (tmp_path / "model").exists()
