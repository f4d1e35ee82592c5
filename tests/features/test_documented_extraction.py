"""The samples of ``docs/features.md`` that need timm and weights run too."""

import re
from pathlib import Path

import numpy as np
import pytest

from tumorboard.features import FOUNDATION_NETWORKS, Preparation, extract, read_bag, write_bag
from tumorboard.features.reading import SUFFIXES

PAGE = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"```python3\n(.*?)```", PAGE, re.DOTALL)


def test_a_network_of_timm(timm, resnet18_weights, kirc_tiles, tmp_path, monkeypatch):
    (tmp_path / "resnet18.pth").symlink_to(resnet18_weights)
    monkeypatch.chdir(tmp_path)
    names = {"Path": Path, "tiles": kirc_tiles["cancer"], "extract": extract, "write_bag": write_bag}
    exec(SAMPLES[0], names)
    bag = read_bag(Path("slide_1.h5"))
    assert bag.features.shape == (3, 512)
    assert bag.extractor.startswith("resnet18.tv_in1k@")


def test_a_pathology_network(monkeypatch, tmp_path):
    """Its weights cannot be had without a licence: the sample must ask for a network and a file that could be."""
    name, path = re.search(r'foundation_extractor\("(\w+)", Path\("(.*?)"\)\)', SAMPLES[1]).groups()
    assert name in FOUNDATION_NETWORKS
    assert path.endswith(".bin")


def test_the_page_names_every_ending_and_every_network():
    assert all(f"`{ending}`" in PAGE for ending in SUFFIXES)
    assert all(f"`{name}`" in PAGE for name in FOUNDATION_NETWORKS)
    assert all(f"| {known.dimension}" in PAGE for known in FOUNDATION_NETWORKS.values())


def test_unis_mean_is_not_timms(timm):
    network = timm.create_model("vit_tiny_patch16_224", num_classes=0)  # a smaller one with the same record
    large = timm.get_pretrained_cfg("vit_large_patch16_224")
    assert large.mean == timm.data.resolve_model_data_config(network)["mean"] == (0.5, 0.5, 0.5)
    assert FOUNDATION_NETWORKS["uni_v1"].preparation == Preparation(224, interpolation="bilinear")


@pytest.mark.parametrize("side", [240, 256])
def test_tiles_of_either_stored_size_are_taken(timm, small_network, side):
    from tumorboard.features import timm_extractor

    extractor = timm_extractor("test_vit", small_network[1], device="cpu")
    tile = np.random.default_rng(3).integers(0, 256, (side, side, 3), dtype=np.uint8)
    assert extract([tile], extractor).shape == (1, extractor.dimension)
