"""Encoders of pictures, tables and bags, and freezing them."""

import importlib.util
import subprocess
import sys

import pytest
import torch

from tumorboard.errors import MissingExtraError, SettingsError
from tumorboard.network.encoders import Bag, BagEncoder, PictureEncoder, ResNet18, TableEncoder, TimmNetwork
from tumorboard.network.settings import IMAGENET_MEAN, IMAGENET_SD

needs_timm = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")


@pytest.fixture(scope="module")
def resnet18():
    torch.manual_seed(0)
    return ResNet18().eval()


def test_resnet18_has_torchvisions_parameter_names_and_number(resnet18):
    names = set(resnet18.state_dict())
    assert len(names) == 120  # of torchvision's 122 all but fc.weight and fc.bias
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight",
        "layer2.0.downsample.1.running_mean",
        "layer4.1.bn2.bias",
    } <= names
    assert not any(name.startswith("layer1.0.downsample") for name in names)
    assert sum(parameter.numel() for parameter in resnet18.parameters()) == 11_689_512 - 513_000


@needs_timm
def test_resnet18_agrees_with_timms(resnet18):
    # an independent implementation with the same parameter names
    theirs = TimmNetwork("resnet18").eval()
    theirs.body.load_state_dict(resnet18.state_dict())
    pictures = torch.randn(2, 3, 64, 96)
    torch.testing.assert_close(resnet18(pictures), theirs(pictures), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(resnet18.trunk(pictures), theirs.trunk(pictures), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(128, 128), (100, 65), (33, 32)])
def test_the_trunk_is_a_thirty_second_of_the_picture(resnet18, height, width):
    maps = resnet18.trunk(torch.randn(1, 3, height, width))
    assert maps.shape == (1, 512, -(-height // 32), -(-width // 32))


def test_a_grey_picture_is_the_same_repeated(resnet18):
    grey = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(resnet18(grey), resnet18(grey.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_channels_last_changes_the_memory_and_not_the_answer(resnet18):
    pictures = torch.randn(2, 3, 64, 64)
    last = ResNet18().eval().to(memory_format=torch.channels_last)
    last.load_state_dict(resnet18.state_dict())
    maps = last.trunk(pictures.to(memory_format=torch.channels_last))
    assert maps.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(maps, resnet18.trunk(pictures), rtol=1e-4, atol=1e-4)


def test_bytes_and_shares_are_standardised_alike():
    encoder = PictureEncoder("resnet18", IMAGENET_MEAN, IMAGENET_SD)
    stored = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    torch.testing.assert_close(encoder.standardise(stored), encoder.standardise(stored / 255))
    white = encoder.standardise(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8)).flatten()
    assert white.tolist() == pytest.approx([(1 - m) / s for m, s in zip(IMAGENET_MEAN, IMAGENET_SD, strict=True)])
    with pytest.raises(ValueError, match="not \\(n, 3"):
        encoder(stored[:, :1])
    with pytest.raises(ValueError, match="no encoder"):
        PictureEncoder("resnet19", IMAGENET_MEAN, IMAGENET_SD)


def test_pooled_trunk_is_the_embedding():
    encoder = PictureEncoder("resnet18", (0.45,), (0.225,)).eval()
    scan = torch.rand(2, 1, 64, 64)
    torch.testing.assert_close(encoder.pool(encoder.trunk(scan)), encoder(scan))


@needs_timm
@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "mobilenetv3_small_050"])
def test_networks_of_timm_encode_colour_and_grey(name):
    encoder = PictureEncoder(f"timm:{name}", IMAGENET_MEAN, IMAGENET_SD).eval()
    with torch.inference_mode():
        assert encoder(torch.zeros(2, 3, 224, 224)).shape == (2, encoder.width)
        assert encoder.network(torch.zeros(1, 1, 224, 224)).shape == (1, encoder.width)


@needs_timm
def test_a_name_that_timm_lacks_is_told_with_close_ones():
    with pytest.raises(SettingsError, match="resnet18"):
        TimmNetwork("resnett18")


def test_without_timm_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "timm" else True)
    with pytest.raises(MissingExtraError, match="encoders"):
        TimmNetwork("resnet18")


def test_an_unknown_gene_is_no_wild_type():
    torch.manual_seed(0)
    encoder = TableEncoder(3, 8, 0.0)
    wild, unknown = encoder(torch.tensor([[1.0, 0.0, 0.0]])), encoder(torch.tensor([[1.0, torch.nan, 0.0]]))
    assert not torch.allclose(wild, unknown)
    assert torch.isfinite(unknown).all()
    unknown.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())


def test_a_table_of_another_width_or_with_infinities_is_refused():
    encoder = TableEncoder(3, 8, 0.0)
    with pytest.raises(ValueError, match="not \\(patients, 3\\)"):
        encoder(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="infinite"):
        encoder(torch.tensor([[0.0, torch.inf, 0.0]]))


@pytest.fixture
def bags():
    torch.manual_seed(0)
    encoder = BagEncoder(features=5, width=6, attention=4, dropout=0.0)
    mask = torch.tensor([[True] * 7, [True] * 3 + [False] * 4])
    return encoder, Bag(torch.randn(2, 7, 5), mask)


def test_attention_is_a_share_of_each_tile(bags):
    encoder, bag = bags
    _, attention = encoder.attend(bag)
    torch.testing.assert_close(attention.sum(dim=1), torch.ones(2))
    assert not attention[~bag.mask].any()
    assert (attention[bag.mask] > 0).all()


def test_what_fills_a_bag_up_changes_nothing(bags):
    encoder, bag = bags
    spoilt = Bag(torch.where(bag.mask[..., None], bag.features, torch.nan), bag.mask)
    short = Bag(bag.features[1:, :3], bag.mask[1:, :3])
    torch.testing.assert_close(encoder(spoilt), encoder(bag))
    torch.testing.assert_close(encoder(short)[0], encoder(bag)[1])
    encoder(spoilt).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())


def test_the_order_of_tiles_does_not_matter(bags):
    encoder, bag = bags
    order = torch.randperm(7)
    torch.testing.assert_close(encoder(Bag(bag.features[:, order], bag.mask[:, order])), encoder(bag))


def test_gated_attention_is_its_formula(bags):
    encoder, bag = bags
    tiles = encoder.layer(bag.features[0])
    scores = torch.tensor(
        [float((encoder.score(encoder.content(t).tanh() * encoder.gate(t).sigmoid())).detach()) for t in tiles]
    )
    torch.testing.assert_close(encoder.attend(bag)[1][0], scores.softmax(dim=0))


def test_an_empty_bag_is_refused(bags):
    encoder, bag = bags
    with pytest.raises(ValueError, match="no tile"):
        encoder(Bag(bag.features, torch.zeros_like(bag.mask)))
    with pytest.raises(ValueError, match="mask"):
        encoder(Bag(bag.features, bag.mask[:, :3]))
    with pytest.raises(TypeError, match="no bag"):
        encoder(bag.features)


def test_a_frozen_encoder_is_frozen_whole():
    encoder = PictureEncoder("resnet18", IMAGENET_MEAN, IMAGENET_SD)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    encoder.freeze()
    both = torch.nn.Sequential(encoder, torch.nn.Linear(512, 1)).train()
    both(torch.rand(4, 3, 64, 64)).sum().backward()
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    assert all(parameter.grad is None for parameter in encoder.parameters())
    assert not any(module.training for module in encoder.modules())
    assert both[1].weight.grad is not None

    encoder.unfreeze()
    both.train()
    both(torch.rand(4, 3, 64, 64)).sum().backward()
    assert not torch.equal(before["network.bn1.running_mean"], encoder.state_dict()["network.bn1.running_mean"])
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_thawing_leaves_alone_what_had_no_gradient_before():
    encoder = TableEncoder(3, 4, 0.0)
    encoder.layer[0].bias.requires_grad_(requires_grad=False)
    encoder.freeze()
    encoder.freeze()
    encoder.unfreeze()
    encoder.unfreeze()
    assert encoder.layer[0].weight.requires_grad
    assert not encoder.layer[0].bias.requires_grad


def test_the_settings_import_no_pytorch():
    code = "import sys, tumorboard.network as n; n.NetworkSettings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
