"""Training on feature bags, with a real ResNet18, in a process that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_training_study import ids, severity_of, task_of, write_study

from tumorboard.errors import MissingExtraError, UserError
from tumorboard.features import FeatureFile, Statement, store_features, write_bag
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.encoders import picture
from tumorboard.network.encoders.resnet18 import ResNet18
from tumorboard.network.saving import load_model
from tumorboard.training.fold import train_fold

TABLES = {"modalities": ["genes", "clinical"]}


@pytest.fixture(scope="module")
def bags(tmp_path_factory):
    """The small study with features of its 5x tiles, of different numbers of tiles."""
    folder = write_study(tmp_path_factory.mktemp("bags"), without_scan=ids(18), without_tiles=ids(18))
    files = []
    for number, patient in enumerate(ids(18)[:15]):
        random = np.random.default_rng(number)
        path = folder.root / f"{patient}.h5"
        write_bag(
            path, random.normal(severity_of(18)[number], 1, (2 + number % 3, 6)).astype(np.float32), extractor="own"
        )
        files.append(FeatureFile(patient, path, "tiles_5x", Statement()))
    store_features(folder.store, files)
    return folder


def test_feature_bags_stand_in_for_pictures(bags):
    task, inputs = task_of(bags)
    assert inputs.modalities == ("tiles_5x", "genes")
    assert inputs.present(ids(18))[:, 0].sum() == 15
    path = train_fold(task, inputs, lambda _: None)
    model = load_model(path)
    fold = FoldInputs.from_config(inputs, model.further)
    read = fold.read("tiles_5x", "P04", [0])
    assert read.features.shape == (1, 3, 6)
    assert model.network.embed("tiles_5x", read).shape == (1, 256)
    frozen, same = task_of(bags, "frozen", None, {"encoders": "frozen"})  # of pictures, which there are none
    assert load_model(train_fold(frozen, same, lambda _: None)).further["size_px"] == {}


@pytest.mark.parametrize("encoders", ["frozen", "fine-tuned"])
def test_imagenet_weights_from_a_file(study, real_data, monkeypatch, encoders):
    weights = real_data / "weights" / "resnet18_imagenet_fp16.pth"
    if not weights.is_file():
        pytest.skip(f"{weights.name} is not in {weights.parent}")
    monkeypatch.setattr(picture, "ResNet18", ResNet18)
    network = {"modalities": ["tiles_10x"], "weights": str(weights)}
    task, inputs = task_of(study, f"imagenet-{encoders}", network, {"encoders": encoders, "epochs": 1})
    model = load_model(train_fold(task, inputs, lambda _: None))
    assert model.further["encoder_weights"]["tiles_10x"].startswith(f"{weights.name}, SHA-256 ")
    stored = torch.load(weights, weights_only=True)
    kept = model.network.encoder("tiles_10x").network.conv1.weight
    assert torch.equal(kept, stored["conv1.weight"].float())  # its only epoch was a frozen one


@pytest.mark.parametrize(
    "training", [{"precision": "bfloat16"}, {"preset": "paper"}, {"ties": "breslow", "risk_memory": 9}]
)
def test_precisions_presets_and_losses_give_the_same_twice(study, training):
    network = {"modalities": ["tiles_10x", "scan"], "fusion": "softmax"}
    run = "-".join(map(str, training.values()))
    paths = [
        train_fold(*task_of(study, f"{run}-{again}", network, training), lambda _: None) for again in ("once", "twice")
    ]
    assert len({(path / "model.safetensors").read_bytes() for path in paths}) == 1
    assert np.isfinite(pd.read_csv(paths[0] / "history.csv")["fit_loss"]).all()
    assert all(value.dtype != torch.bfloat16 for value in load_model(paths[0]).network.state_dict().values())


def test_a_gpu_that_is_not_there_is_told(study):
    task, inputs = task_of(study, "gpu", TABLES, {"device": "cuda:99"})
    with pytest.raises(UserError, match="no GPU 'cuda:99'"):
        train_fold(task, inputs, lambda _: None)


def test_weights_that_are_not_there_are_told(study):
    task, inputs = task_of(study, "no-weights", {"modalities": ["tiles_10x"], "weights": "weights/none.pth"})
    with pytest.raises(UserError, match="there is no such file"):
        train_fold(task, inputs, lambda _: None)


def test_tensorboard_is_an_extra(study):
    task, inputs = task_of(study, "board", TABLES, {"tensorboard": True})
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match="tensorboard"):
            train_fold(task, inputs, lambda _: None)
    else:
        path = train_fold(task, inputs, lambda _: None)
        assert len(list((path / "tensorboard").iterdir())) == 1


KILLED = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[2])
from small_training_study import task_of
from tumorboard.study.files import StudyFolder
from tumorboard.training.fold import train_fold
network, training = eval(sys.argv[3])
task, inputs = task_of(StudyFolder(Path(sys.argv[1])), "killed", network, training)
train_fold(task, inputs, lambda _: print("told", flush=True))
"""


@pytest.mark.slow
def test_a_killed_process_leaves_what_another_goes_on_from(study):
    training = {"epochs": 150, "patience": 0, "alone_epochs": 3}
    whole = train_fold(*task_of(study, "not-killed", TABLES, training), lambda _: None)
    words = [sys.executable, "-c", KILLED, str(study.root), str(Path(__file__).parent), repr((TABLES, training))]
    for after in (5, 40):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(after):
                process.stdout.readline()
            time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
        assert not (study.root / "runs" / "killed" / "repeat-0-fold-0" / "model.safetensors").exists()
    path = train_fold(*task_of(study, "killed", TABLES, training), lambda _: None)
    assert (path / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert len(pd.read_csv(path / "history.csv")) == 156
    assert [file.name for file in path.iterdir() if file.name.startswith(".")] == []
