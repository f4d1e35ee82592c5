"""Networks of timm as extractors: a real ResNet18 on real tiles, and small networks for all that can go wrong."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from tumorboard.errors import FileFormatError, SettingsError, UserError
from tumorboard.features import (
    FOUNDATION_NETWORKS,
    Preparation,
    TorchExtractor,
    extract,
    foundation_extractor,
    timm_extractor,
)
from tumorboard.features.extraction.foundation import network_options
from tumorboard.network.encoders.timm_import import import_timm


@pytest.fixture(scope="module")
def resnet18(timm, resnet18_weights):
    return timm_extractor("resnet18", resnet18_weights, device="cpu")


@pytest.fixture(scope="module")
def real_features(resnet18, kirc_tiles):
    """Features of the real tiles, by class."""
    return {name: extract(tiles, resnet18) for name, tiles in kirc_tiles.items()}


def plain_resnet18(pictures, weights):
    """ResNet18 written out from its publication (He 2016), with torchvision's names; returns the pooled features."""
    from torch.nn import functional

    def normalised(values, name):
        parts = (weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(values, *parts)

    def convolved(values, name, stride, padding):
        return functional.conv2d(values, weights[f"{name}.weight"], stride=stride, padding=padding)

    values = functional.relu(normalised(convolved(pictures, "conv1", 2, 3), "bn1"))
    values = functional.max_pool2d(values, 3, 2, 1)
    for stage in range(1, 5):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            inner = functional.relu(normalised(convolved(values, f"{name}.conv1", stride, 1), f"{name}.bn1"))
            inner = normalised(convolved(inner, f"{name}.conv2", 1, 1), f"{name}.bn2")
            if f"{name}.downsample.0.weight" in weights:
                values = normalised(convolved(values, f"{name}.downsample.0", stride, 0), f"{name}.downsample.1")
            values = functional.relu(inner + values)
    return values.mean(dim=(2, 3))


class TestRealWeights:
    """A ResNet18 trained on ImageNet, on tiles of TCGA-KIRC."""

    def test_features_are_those_of_the_network_written_out(self, resnet18, resnet18_weights, kirc_tiles):
        import torch

        from tumorboard.features.extraction.torch_extractor import prepare

        tiles = np.stack(kirc_tiles["cancer"] + kirc_tiles["empty"])
        weights = {name: tensor.float() for name, tensor in torch.load(resnet18_weights, weights_only=True).items()}
        with torch.inference_mode():
            wanted = plain_resnet18(prepare(tiles, resnet18.preparation), weights).numpy()
        np.testing.assert_allclose(resnet18.encode(tiles), wanted, rtol=0, atol=1e-5)
        assert resnet18.dimension == 512

    def test_two_runs_give_the_same_bits(self, resnet18, real_features, kirc_tiles, resnet18_weights):
        again = timm_extractor("resnet18", resnet18_weights, device="cpu")
        np.testing.assert_array_equal(extract(kirc_tiles["cancer"], again), real_features["cancer"])
        assert again.name == resnet18.name

    @pytest.mark.parametrize("batch", [1, 4])
    def test_the_batch_does_not_matter(self, resnet18, real_features, kirc_tiles, batch):
        tiles = [group[0] for group in kirc_tiles.values()]
        wanted = [rows[0] for rows in real_features.values()]
        np.testing.assert_allclose(extract(tiles, resnet18, batch=batch), wanted, rtol=0, atol=1e-5)

    def test_cancer_is_nearer_to_cancer_than_to_empty_glass(self, real_features):
        unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in real_features.items()}
        among = unit["cancer"] @ unit["cancer"].T
        to_empty = unit["cancer"] @ unit["empty"].T
        assert among.min() > to_empty.max() + 0.1
        for name in ("normal", "stroma", "blood"):  # and so is every other tissue
            assert (unit[name] @ unit[name].T).min() > (unit[name] @ unit["empty"].T).max()

    def test_tiles_of_one_class_are_alike(self, real_features):
        rows = np.concatenate(list(real_features.values()))
        classes = np.repeat(list(real_features), [len(group) for group in real_features.values()])
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        likeness = unit @ unit.T - 2 * np.eye(len(rows))
        assert (classes[likeness.argmax(axis=1)] == classes).mean() >= 14 / 18

    def test_another_crop_or_precision_is_another_extractor(
        self, resnet18, real_features, resnet18_weights, kirc_tiles
    ):
        cropped = timm_extractor("resnet18", resnet18_weights, crop_share=None, device="cpu")
        rounded = timm_extractor("resnet18", resnet18_weights, bfloat16=True, device="cpu")
        assert cropped.preparation.crop_share < 1
        assert len({resnet18.name, cropped.name, rounded.name}) == 3
        tiles, exact = kirc_tiles["stroma"][:1], real_features["stroma"][:1]
        assert np.abs(extract(tiles, cropped) - exact).max() > 0.1
        difference = np.abs(extract(tiles, rounded) - exact).max() / np.abs(exact).max()
        assert 1e-4 < difference < 0.05


class TestTorchvision:
    """timm without torchvision."""

    def test_nothing_stays_in_its_place(self, timm):
        assert timm is import_timm()
        left = [module for name, module in sys.modules.items() if name.partition(".")[0] == "torchvision"]
        assert all(getattr(module, "__file__", None) for module in left)  # where it is, it is the real one
        found = importlib.util.find_spec("torchvision")
        assert found is None or found.origin

    @pytest.mark.slow
    def test_timm_is_imported_in_a_fresh_process_without_a_warning(self, timm):
        code = (
            "import sys, importlib.util\n"
            "from tumorboard.network.encoders.timm_import import import_timm\n"
            "print(import_timm().create_model('test_resnet', num_classes=0).num_features)\n"
        )
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
        assert int(done.stdout) > 0

    def test_what_would_need_it_says_so(self, timm):
        if "torchvision" in sys.modules:
            pytest.skip("torchvision is here")
        for training in (True, False):
            with pytest.raises(SettingsError, match=r"torchvision\.transforms\.\w+ is needed"):
                timm.data.create_transform((3, 224, 224), is_training=training)
        with pytest.raises(SettingsError, match=r"create_feature_extractor is needed"):
            timm.models.create_feature_extractor(timm.create_model("test_resnet"), ["layer1"])


class TestWeights:
    """Weights of a user's file."""

    def saved(self, content, path):
        import torch

        torch.save(content, path)
        return path

    def test_safetensors_and_torch_give_the_same_extractor(self, small_network, tmp_path):
        from safetensors.torch import save_file

        network, path = small_network
        save_file(network.state_dict(), tmp_path / "a.safetensors")
        one = timm_extractor("test_vit", path, device="cpu")
        other = timm_extractor("test_vit", tmp_path / "a.safetensors", device="cpu")
        assert one.name == other.name
        tiles = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
        np.testing.assert_array_equal(one.encode(tiles), other.encode(tiles))

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda weights: {"state_dict": weights, "epoch": 7, "optimizer": {"lr": 0.1}},
            lambda weights: {f"module.{name}": tensor for name, tensor in weights.items()},
            lambda weights: {"model": {f"backbone.{name}": tensor for name, tensor in weights.items()}},
            lambda weights: {name: tensor.half() for name, tensor in weights.items()},
        ],
    )
    def test_wrapped_weights_are_found(self, small_network, tmp_path, wrap):
        network, path = small_network
        wrapped = self.saved(wrap(network.state_dict()), tmp_path / "a.pth")
        found, wanted = (timm_extractor("test_vit", file, device="cpu") for file in (wrapped, path))
        tiles = np.random.default_rng(0).integers(0, 256, (1, 160, 160, 3), dtype=np.uint8)
        np.testing.assert_allclose(found.encode(tiles), wanted.encode(tiles), atol=0.02)

    def test_a_classifier_on_top_is_left_out(self, timm, tmp_path):
        network = timm.create_model("test_vit", num_classes=7)
        path = self.saved(network.state_dict(), tmp_path / "a.pth")
        assert timm_extractor("test_vit", path, device="cpu").dimension == network.num_features

    def test_names_that_the_authors_gave_are_translated(self, timm, tmp_path):
        """DINOv2 calls the registers otherwise than timm, has a place for the class token, and a token for masks."""
        from torch.nn.functional import pad

        options = {"reg_tokens": 2, "no_embed_class": True}
        ours = timm.create_model("test_vit", num_classes=0, **options).state_dict()
        theirs = dict(ours) | {"mask_token": ours["cls_token"][0], "pos_embed": pad(ours["pos_embed"], (0, 0, 1, 0))}
        theirs["register_tokens"] = theirs.pop("reg_token")
        paths = [self.saved(ours, tmp_path / "ours.pth"), self.saved(theirs, tmp_path / "theirs.pth")]
        one, other = (timm_extractor("test_vit", path, options=options, device="cpu") for path in paths)
        assert one.name == other.name
        with pytest.raises(FileFormatError, match=r"2 are not of this network \(mask_token, register_tokens\)"):
            timm_extractor("test_vit", paths[1], device="cpu")

    def test_two_networks_in_one_file_are_not_guessed_at(self, small_network, tmp_path):
        weights = small_network[0].state_dict()
        other = {name: tensor + 1 for name, tensor in weights.items()}
        path = self.saved({"student": weights, "teacher": other}, tmp_path / "a.pth")
        with pytest.raises(FileFormatError, match=r"holds 2 networks. Name one with part=; it has: student, teacher"):
            timm_extractor("test_vit", path, device="cpu")
        teacher = timm_extractor("test_vit", path, part="teacher", device="cpu")
        student = timm_extractor("test_vit", path, part="student", device="cpu")
        assert teacher.name != student.name
        both = {f"{who}.{name}": tensor for who in ("student", "teacher") for name, tensor in weights.items()}
        with pytest.raises(FileFormatError, match=r"2 such networks, under 'student\.' and 'teacher\.'"):
            timm_extractor("test_vit", self.saved(both, tmp_path / "b.pth"), device="cpu")

    def test_missing_and_extra_parameters_are_counted_and_named(self, small_network, tmp_path):
        weights = dict(small_network[0].state_dict())
        del weights["norm.weight"], weights["norm.bias"]
        weights |= {f"blocks.0.ls{number}.gamma": weights["cls_token"] for number in (1, 2)}
        with pytest.raises(FileFormatError) as error:
            timm_extractor("test_vit", self.saved(weights, tmp_path / "a.pth"), device="cpu")
        assert (
            "2 of the network's parameters are missing (norm.bias, norm.weight); "
            "2 are not of this network (blocks.0.ls1.gamma, blocks.0.ls2.gamma)"
        ) in error.value.line()

    def test_weights_of_another_network_or_size(self, timm, small_network, tmp_path):
        with pytest.raises(FileFormatError, match=r"parameters are missing \(.*, …\)"):
            timm_extractor("test_resnet", small_network[1], device="cpu")
        with pytest.raises(FileFormatError, match=r"pos_embed is \(1, \d+, 64\) in the file and \(1, \d+, 64\) in the"):
            timm_extractor("test_vit", small_network[1], options={"img_size": 224}, device="cpu")

    def test_a_parameter_that_is_not_finite(self, small_network, tmp_path):
        weights = {name: tensor.clone() for name, tensor in small_network[0].state_dict().items()}
        weights["norm.bias"][0] = float("nan")
        with pytest.raises(FileFormatError, match=r"1 parameters are NaN or infinite, norm\.bias first"):
            timm_extractor("test_vit", self.saved(weights, tmp_path / "a.pth"), device="cpu")

    def test_nothing_but_tensors_is_unpickled(self, small_network, tmp_path):
        marker = tmp_path / "was_run"

        class Trap:
            def __reduce__(self):
                return type(marker).touch, (marker,)

        path = self.saved({"state_dict": small_network[0].state_dict(), "args": Trap()}, tmp_path / "a.pth")
        with pytest.raises(FileFormatError, match="more than weights, which is not unpickled"):
            timm_extractor("test_vit", path)
        assert not marker.exists()

    @pytest.mark.parametrize("ending", ["pth", "safetensors"])
    def test_a_damaged_or_missing_file(self, timm, small_network, tmp_path, ending):
        path = tmp_path / f"a.{ending}"
        with pytest.raises(FileFormatError, match="no such file"):
            timm_extractor("test_vit", path)
        for content in (b"", b"text", small_network[1].read_bytes()[:-100]):
            path.write_bytes(content)
            with pytest.raises(FileFormatError) as error:
                timm_extractor("test_vit", path)
            assert "\n" not in error.value.line()

    @pytest.mark.parametrize(
        ("content", "words"), [([1, 2], "holds a list"), ({}, "holds no networks"), ({"epoch": 1}, "holds no networks")]
    )
    def test_a_file_without_weights(self, timm, tmp_path, content, words):
        with pytest.raises(FileFormatError, match=words):
            timm_extractor("test_vit", self.saved(content, tmp_path / "a.pth"))


class TestNames:
    """Which network is meant, and with what weights."""

    def test_random_weights_are_no_extractor(self, timm):
        with pytest.raises(SettingsError, match="no weights are named"):
            timm_extractor("test_vit")

    def test_two_sources_of_weights(self, small_network):
        with pytest.raises(SettingsError, match="Take one"):
            timm_extractor("test_vit", small_network[1], pretrained=True)

    def test_a_slip_in_a_name(self, small_network):
        with pytest.raises(SettingsError, match=r"no network 'resnet181'\. Close to it: .*resnet18"):
            timm_extractor("resnet181", small_network[1])

    def test_an_option_that_the_network_has_not(self, small_network):
        with pytest.raises(SettingsError, match=r"test_vit: cannot be made with the options \['img_sise'\]"):
            timm_extractor("test_vit", small_network[1], options={"img_sise": 224})

    def test_pretrained_weights_without_a_network_say_where_to_get_them(self, timm, monkeypatch):
        def refuse(*_, **__):
            raise OSError("[Errno 101] Network is\nunreachable")

        monkeypatch.setattr(timm, "create_model", refuse)
        with pytest.raises(SettingsError) as error:
            timm_extractor("resnet18.a1_in1k", pretrained=True)
        line = error.value.line()
        assert "Network is unreachable" in line
        assert "huggingface.co/timm/resnet18.a1_in1k" in line
        assert "checkpoint=FILE" in line
        with pytest.raises(SettingsError, match=r"huggingface\.co/MahmoodLab/UNI on a machine"):
            timm_extractor("hf-hub:MahmoodLab/UNI", pretrained=True)

    def test_a_folder_of_the_hub(self, small_network, tmp_path):
        network, path = small_network
        folder = tmp_path / "kidney_vit"
        folder.mkdir()
        with pytest.raises(FileFormatError, match=r"no config\.json"):
            timm_extractor(f"local-dir:{folder}")
        recorded = {"mean": [0.7, 0.6, 0.7], "std": [0.2, 0.2, 0.2], "input_size": [3, 160, 160], "crop_pct": 1.0}
        recorded |= {"classifier": "head", "fixed_input_size": True, "interpolation": "bicubic"}
        config = {"architecture": "test_vit", "num_classes": 0, "pretrained_cfg": recorded}
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(FileFormatError, match="no weights in this folder"):
            timm_extractor(f"local-dir:{folder}")
        (folder / "pytorch_model.bin").write_bytes(path.read_bytes())
        extractor = timm_extractor(f"local-dir:{folder}", device="cpu")
        assert extractor.name.startswith("kidney_vit@")
        assert extractor.preparation.mean == (0.7, 0.6, 0.7)
        assert extractor.dimension == network.num_features

    def test_a_preparation_of_ones_own(self, small_network):
        how = Preparation(160, (0.7, 0.6, 0.7), (0.2, 0.2, 0.2), "bilinear")
        assert timm_extractor("test_vit", small_network[1], preparation=how, device="cpu").preparation == how
        with pytest.raises(SettingsError, match="does not take tiles of 200 px"):
            timm_extractor("test_vit", small_network[1], preparation=Preparation(200), device="cpu")

    def test_whatever_changes_the_features_changes_the_name(self, small_network):
        _, path = small_network
        how = timm_extractor("test_vit", path, device="cpu").preparation
        changes = [
            {},
            {"bfloat16": True},
            {"pooling": "class token and mean"},
            {"crop_share": 0.9},
            {"preparation": Preparation(160, how.mean, how.sd, "bilinear")},
        ]
        names = [timm_extractor("test_vit", path, device="cpu", **change).name for change in changes]
        assert len(set(names)) == len(names)
        assert how.crop_share == 1
        assert timm_extractor("test_vit", path, crop_share=None, device="cpu").preparation.crop_share == 0.95
        assert timm_extractor("test_vit", path, device="cpu").name == names[0]

    def test_no_gpu_is_told(self, small_network):
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        with pytest.raises(SettingsError, match="no NVIDIA GPU"):
            timm_extractor("test_vit", small_network[1], device="cuda")


class TestPooling:
    """One vector a tile."""

    def test_class_token_and_mean_of_the_patches(self, small_network):
        import torch

        from tumorboard.features.extraction.torch_extractor import prepare

        network, path = small_network
        extractor = timm_extractor("test_vit", path, pooling="class token and mean", device="cpu")
        tiles = np.random.default_rng(1).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
        with torch.inference_mode():
            tokens = network.eval().forward_features(prepare(tiles, extractor.preparation))
        wanted = torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], -1).numpy()
        np.testing.assert_allclose(extractor.encode(tiles), wanted, atol=1e-5)
        assert extractor.dimension == 2 * network.num_features

    def test_a_network_without_a_class_token(self, timm):
        with pytest.raises(SettingsError, match="no class token"):
            TorchExtractor("r", timm.create_model("test_resnet"), Preparation(160), pooling="class token and mean")

    def test_a_network_that_returns_no_vector(self, small_network):
        with pytest.raises(SettingsError, match="not one vector"):
            timm_extractor("test_vit", small_network[1], options={"global_pool": ""}, device="cpu")


def test_a_network_is_frozen_whole(timm):
    import torch

    network = timm.create_model("test_resnet", num_classes=0).train()
    extractor = TorchExtractor("r", network, Preparation(160), device="cpu")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    extractor.encode(np.zeros((4, 160, 160, 3), np.uint8))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


PARAMETERS = {  # millions, as their authors publish them
    "uni_v1": 303, "uni_v2": 681, "gigapath": 1135, "virchow2": 631, "hoptimus0": 1135,
}  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_foundation_network_has_the_published_size(timm, name):
    import torch

    known = FOUNDATION_NETWORKS[name]
    with torch.device("meta"):  # shapes without memory
        network = timm.create_model(known.timm_name, num_classes=0, **network_options(known))
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert millions == pytest.approx(PARAMETERS[name], rel=0.005)
    assert network.num_features * (1 if known.pooling == "own" else 2) == known.dimension


def test_an_unknown_foundation_network(tmp_path):
    with pytest.raises(UserError, match="Known: uni_v1, uni_v2"):
        foundation_extractor("uni", tmp_path / "a.bin")
