"""``tumorboard extract``: a network's features of a study's tiles, which can then stand in for them."""

import importlib.util
import json
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest

from tumorboard.features import FeatureStore, read_bag
from tumorboard.store import Store

pytestmark = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")

ENCODER = "resnet18"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network with weights drawn at random, and the file they are in."""
    import torch

    from tumorboard.network.encoders.timm_import import import_timm

    torch.manual_seed(1)
    network = import_timm().create_model(ENCODER, num_classes=0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def study(tmp_path, real_data, run_json):
    """Two patients with ready-made tiles whose names tell places."""
    root = tmp_path / "study"
    for number, kind in enumerate(("cancer", "stroma"), start=1):
        folder = root / "tiles" / f"P{number}" / "10x"
        folder.mkdir(parents=True)
        for place, tile in enumerate(sorted((real_data / "tiles_kirc" / kind).iterdir())):
            cv2.imwrite(str(folder / f"x{place * 256}_y0.png"), cv2.imread(str(tile)))
    pd.DataFrame({"patient_id": ["P1", "P2"], "time_months": [10, 20], "event": [1, 0]}).to_csv(
        root / "patients.csv", index=False
    )
    pd.DataFrame({"patient_id": ["P1", "P2"], "path": ["tiles/P1", "tiles/P2"]}).to_csv(
        root / "slides.csv", index=False
    )
    run_json("cohort", root)
    run_json("prepare", root)
    return root


def test_every_tile_gets_the_features_of_its_picture(study, weights, run_json):
    told = run_json("extract", study, "--encoder", ENCODER, "--weights", weights, "--scale", "10x")
    store = Store.open(study / "store", "tiles_10x")
    assert told["slides"] == 2
    assert told["tiles"] == len(store)
    assert told["dimension"] == 512
    table = pd.read_csv(told["table"])
    assert table["patient_id"].tolist() == ["P1", "P2"]
    bags = [read_bag(study / path) for path in table["path"]]
    assert [len(bag.features) for bag in bags] == [len(rows) for rows in store.patients.values()]
    assert np.linalg.norm(bags[0].features[0] - bags[1].features[0]) > 1e-3


def test_a_second_run_extracts_nothing_anew(study, weights, run_json):
    words = ("extract", study, "--encoder", ENCODER, "--weights", weights, "--scale", "10x")
    assert run_json(*words)["kept"] == 0
    assert run_json(*words)["kept"] == 2


def test_the_table_makes_the_features_stand_in(study, weights, run_json):
    told = run_json("extract", study, "--encoder", ENCODER, "--weights", weights, "--scale", "10x")
    shutil.copy(told["table"], study / "features.csv")
    (study / "slides.csv").unlink()
    assert run_json("cohort", study)["modalities"]["slide"] == 2
    prepared = run_json("prepare", study)
    assert prepared["features"]["modalities"][0]["tiles"] == told["tiles"]
    bag = FeatureStore.open(study / "store", "tiles_10x").bag("P2")
    path = pd.read_csv(told["table"]).set_index("patient_id")["path"]["P2"]
    assert np.array_equal(bag.features, read_bag(study / path).features)


def test_without_weights_it_says_how_to_get_them(study, run):
    code, out, err = run("extract", study, "--encoder", ENCODER, "--json")
    assert code == 2
    assert "weights" in json.loads(out)["error"].lower()
    assert len(err.strip().splitlines()) == 1
