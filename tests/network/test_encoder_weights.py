"""Weights for encoders: files of several kinds, ImageNet's by name, and what is wrong with them told in one line."""

import hashlib
import importlib.util
import pickle

import pytest
import torch
from safetensors.torch import save_file

from tumorboard.errors import FileFormatError, UserError
from tumorboard.network.encoders import ResNet18, TimmNetwork, load_encoder_weights
from tumorboard.network.encoders.weight_files import read_weights
from tumorboard.network.encoders.weights import RESNET18_IMAGENET, PublishedWeights, fetch_weights, put_weights

needs_timm = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(7)
    network = ResNet18().eval()
    with torch.no_grad():
        network.bn1.running_mean.uniform_()
    return network


@pytest.fixture
def fresh():
    return ResNet18().eval()


def same(one, other):
    return all(
        torch.equal(tensor, other.state_dict()[name])
        for name, tensor in one.state_dict().items()
        if not name.endswith("num_batches_tracked")
    )


def with_classifier(network):
    return dict(network.state_dict()) | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}


@pytest.mark.parametrize("prefix", ["", "module.", "model.encoder."])
def test_files_of_a_training_are_read_with_their_prefix_and_classifier(trained, fresh, tmp_path, prefix):
    path = tmp_path / "weights.pth"
    torch.save({prefix + name: tensor for name, tensor in with_classifier(trained).items()}, path)
    told = load_encoder_weights(fresh, path, cache=tmp_path)
    assert same(trained, fresh)
    assert told == f"weights.pth, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_a_state_dict_within_a_checkpoint_and_no_counters(trained, fresh, tmp_path):
    weights = {name: tensor for name, tensor in with_classifier(trained).items() if "num_batches" not in name}
    torch.save({"epoch": 3, "state_dict": weights}, tmp_path / "weights.pt")
    load_encoder_weights(fresh, str(tmp_path / "weights.pt"), cache=tmp_path)
    assert same(trained, fresh)


def test_half_precision_becomes_single(trained, fresh, tmp_path):
    save_file({name: tensor.half() for name, tensor in trained.state_dict().items()}, tmp_path / "half.safetensors")
    load_encoder_weights(fresh, tmp_path / "half.safetensors", cache=tmp_path)
    assert fresh.conv1.weight.dtype == torch.float32
    torch.testing.assert_close(fresh.conv1.weight, trained.conv1.weight, rtol=1e-3, atol=1e-6)


def changed(trained, **changes):
    weights = with_classifier(trained)
    for name, value in changes.items():
        name = name.replace("__", ".")
        if value is None:
            del weights[name]
        else:
            weights[name] = value
    return weights


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"conv1__weight": torch.zeros(64, 1, 7, 7)},
            r"conv1.weight is \(64, 1, 7, 7\) in the file and \(64, 3, 7, 7\)",
        ),
        ({"layer4__1__conv2__weight": None}, "layer4.1.conv2.weight is missing"),
        ({"layer5__weight": torch.zeros(2)}, "layer5.weight is not a parameter"),
        ({"bn1__bias": torch.full((64,), torch.nan)}, "bn1.bias first"),
    ],
)
def test_the_first_mismatch_is_named_and_nothing_is_loaded(trained, fresh, tmp_path, changes, told):
    before = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    torch.save(changed(trained, **changes), tmp_path / "weights.pth")
    with pytest.raises(FileFormatError, match=told) as error:
        load_encoder_weights(fresh, tmp_path / "weights.pth", cache=tmp_path)
    assert "\n" not in error.value.line()
    assert all(torch.equal(before[name], tensor) for name, tensor in fresh.state_dict().items())


@needs_timm
def test_weights_of_another_network(fresh, tmp_path):
    save_file(TimmNetwork("vit_tiny_patch16_224").body.state_dict(), tmp_path / "vit.safetensors")
    with pytest.raises(FileFormatError, match=r"not of this network: 100 of the network's .* missing \(bn1.bias, "):
        load_encoder_weights(fresh, tmp_path / "vit.safetensors", cache=tmp_path)


def test_a_file_with_two_networks_is_not_chosen_from(trained, fresh, tmp_path):
    weights = trained.state_dict()
    both = {f"{role}.{name}": tensor for role in ("student", "teacher") for name, tensor in weights.items()}
    torch.save(both, tmp_path / "both.pth")
    with pytest.raises(FileFormatError, match=r"'student.' and 'teacher.'"):
        load_encoder_weights(fresh, tmp_path / "both.pth", cache=tmp_path)


def test_a_checkpoint_of_two_networks_is_read_by_name(trained, tmp_path):
    path = tmp_path / "both.pth"
    torch.save({"student": trained.state_dict(), "teacher": {"conv1.weight": torch.ones(2)}, "epoch": 3}, path)
    assert list(read_weights(path, "teacher")) == ["conv1.weight"]
    with pytest.raises(FileFormatError, match=r"holds 2 networks.*student, teacher.*file of its own"):
        read_weights(path)
    with pytest.raises(FileFormatError, match=r"no network under the name 'ema'.*student, teacher"):
        read_weights(path, "ema")


def test_what_is_missing_under_a_prefix_is_all_that_is_told(trained, fresh, tmp_path):
    weights = {f"module.{name}": tensor for name, tensor in changed(trained, layer4__1__conv2__weight=None).items()}
    with pytest.raises(FileFormatError, match=r"not of this network: layer4\.1\.conv2\.weight is missing\. Name"):
        put_weights(fresh, weights, tmp_path / "weights.pth")


def test_other_names_are_translated_whole_or_not_at_all(trained, fresh, tmp_path):
    weights = {name.upper(): tensor for name, tensor in trained.state_dict().items()}

    def lowered(_, given):
        return {name.lower(): tensor for name, tensor in given.items()}

    def in_part(_, given):
        return {"conv1.weight": given["CONV1.WEIGHT"]}

    with pytest.raises(FileFormatError, match=r"120 are not of this network \(BN1\.BIAS"):
        put_weights(fresh, weights, tmp_path / "weights.pth", translate=in_part)
    assert not same(trained, fresh)
    put_weights(fresh, weights, tmp_path / "weights.pth", translate=lowered)
    assert same(trained, fresh)


def test_a_named_classifier_is_all_that_is_left_out(trained, fresh, tmp_path):
    weights = with_classifier(trained)
    with pytest.raises(FileFormatError, match=r"2 are not of this network \(fc\.bias, fc\.weight\)"):
        put_weights(fresh, weights, tmp_path / "weights.pth", classifier=("head",))
    put_weights(fresh, weights, tmp_path / "weights.pth", classifier=("fc",))
    assert same(trained, fresh)


class Dangerous:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pth", b""),
        ("a.pth", b"no weights at all"),
        ("a.safetensors", b"\x08"),
        ("a.safetensors", b""),
        ("a.pth", pickle.dumps({"conv1.weight": Dangerous()})),
        ("a.pth", pickle.dumps([1, 2])),
    ],
)
def test_damaged_and_dangerous_files_are_told_and_not_run(fresh, tmp_path, capsys, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError) as error:
        load_encoder_weights(fresh, tmp_path / name, cache=tmp_path)
    assert "\n" not in error.value.line()
    assert "run" not in capsys.readouterr().out


def test_a_file_that_is_not_there(fresh, tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        load_encoder_weights(fresh, tmp_path / "none.pth", cache=tmp_path)


def test_none_leaves_the_random_weights(fresh, tmp_path):
    before = fresh.conv1.weight.clone()
    assert load_encoder_weights(fresh, "none", cache=tmp_path) == "none"
    assert torch.equal(before, fresh.conv1.weight)


def published(path, content):
    return PublishedWeights("weights.pth", path.as_uri(), hashlib.sha256(content).hexdigest())


def test_published_weights_are_fetched_once_and_checked(tmp_path):
    there, cache = tmp_path / "there.pth", tmp_path / "new" / "cache"
    there.write_bytes(b"weights")
    wanted = published(there, b"weights")
    path = fetch_weights(wanted, cache)
    assert path.read_bytes() == b"weights"
    there.unlink()
    assert fetch_weights(wanted, cache) == path
    path.write_bytes(b"damaged")
    there.write_bytes(b"weights")
    assert fetch_weights(wanted, cache).read_bytes() == b"weights"
    assert [file.name for file in cache.iterdir()] == ["weights.pth"]


def test_what_comes_with_another_checksum_is_not_kept(tmp_path):
    there, cache = tmp_path / "there.pth", tmp_path / "cache"
    there.write_bytes(b"other")
    with pytest.raises(UserError, match="SHA-256"):
        fetch_weights(published(there, b"weights"), cache)
    assert not list(cache.iterdir())


def test_without_a_network_the_other_ways_are_named(monkeypatch, fresh, tmp_path):
    def unreachable(*_, **__):
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    with pytest.raises(UserError, match=r"name resolution.*file.*copy this one to .*cache.*'none'") as error:
        load_encoder_weights(fresh, "imagenet", cache=tmp_path / "cache")
    assert "\n" not in error.value.line()
    assert RESNET18_IMAGENET.sha256.startswith("f37072fd")  # as its name promises


def test_imagenet_by_name_is_for_resnet18_only(tmp_path):
    with pytest.raises(UserError, match="resnet18 only"):
        load_encoder_weights(torch.nn.Linear(2, 2), "imagenet", cache=tmp_path)


@pytest.fixture(scope="module")
def imagenet(real_data):
    path = real_data / "weights" / "resnet18_imagenet_fp16.pth"
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the real data")
    network = ResNet18().eval()
    load_encoder_weights(network, path, cache=path.parent)
    return network, torch.load(path, weights_only=True)


@pytest.mark.parametrize(("picture", "classes"), [("coffee", {967, 968}), ("chelsea", {281, 282, 285})])
def test_genuine_imagenet_weights_know_a_cup_and_a_cat(imagenet, picture, classes):
    skimage_data = pytest.importorskip("skimage.data")
    network, weights = imagenet
    pixels = torch.from_numpy(getattr(skimage_data, picture)().copy()).permute(2, 0, 1)[None].float() / 255
    side = min(pixels.shape[2:])
    top, left = (pixels.shape[2] - side) // 2, (pixels.shape[3] - side) // 2
    square = pixels[:, :, top : top + side, left : left + side]
    scaled = torch.nn.functional.interpolate(square, (224, 224), mode="bilinear", antialias=True)
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        embedding = network((scaled - mean.view(1, 3, 1, 1)) / sd.view(1, 3, 1, 1))
    logits = embedding @ weights["fc.weight"].float().T + weights["fc.bias"].float()
    assert classes & set(logits[0].topk(3).indices.tolist())


def test_the_network_without_its_last_group_takes_the_same_files(trained, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(with_classifier(trained), path)
    short = ResNet18(groups=3).eval()
    load_encoder_weights(short, path, cache=tmp_path)
    pictures = torch.rand(2, 3, 64, 64)
    maps = []
    hook = trained.layer3.register_forward_hook(lambda _module, _given, gave: maps.append(gave))
    with torch.inference_mode():
        trained(pictures)
        found = short(pictures)
    hook.remove()
    assert found.shape == (2, short.width) == (2, 256)
    torch.testing.assert_close(found, maps[0].mean(dim=(2, 3)))
