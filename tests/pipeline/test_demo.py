"""The demo: every stage on simulated patients, never over somebody's files, with a network and without a connection."""

import hashlib
import socket
from dataclasses import replace

import pytest

from tumorboard.network.encoders import weights
from tumorboard.pipeline.demo import demo_settings, demo_stages, run_demo
from tumorboard.pipeline.run import STUDY_STAGES, Stage, StageResult
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import load_settings, settings_template

REPORT = Stage("report", lambda *_: StageResult("done"))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TUMORBOARD_CACHE", str(folder))
    return folder


@pytest.fixture
def offline(cache, monkeypatch):
    """ImageNet's weights stand at an address where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/resnet18-f37072fd.pth"
    monkeypatch.setattr(weights, "RESNET18_IMAGENET", replace(weights.RESNET18_IMAGENET, address=address))
    return cache


@pytest.fixture
def begun(tmp_path) -> StudyFolder:
    """A demo's folder as far as its settings."""
    folder = StudyFolder(tmp_path / "demo")
    folder.root.mkdir()
    folder.settings.write_text(settings_template(demo_settings(30, 1)), encoding="utf-8")
    return folder


def first_weights(folder: StudyFolder) -> StageResult:
    (stage,) = [each.stage for each in demo_stages(30, 1, REPORT) if each.stage.name == "weights"]
    return stage.run(folder, lambda _: None)


def put_into(cache, monkeypatch) -> None:
    cache.mkdir(exist_ok=True)
    (cache / "some.pth").write_bytes(b"weights")
    known = weights.PublishedWeights("some.pth", "https://example.org/some.pth", hashlib.sha256(b"weights").hexdigest())
    monkeypatch.setattr(weights, "RESNET18_IMAGENET", known)


def test_a_folder_with_other_files_is_left_alone(tmp_path, run):
    (tmp_path / "patients.csv").write_text("mine")
    code, _, err = run("demo", tmp_path)
    assert code == 2
    assert "holds other files" in err
    assert (tmp_path / "patients.csv").read_text() == "mine"


def test_the_demo_does_all_that_run_does():
    names = [each.stage.name for each in demo_stages(120, 1, REPORT)]
    assert names == ["simulate", "weights", *(stage.name for stage in STUDY_STAGES), "report"]
    assert sum(each.seconds for each in demo_stages(120, 1, REPORT)) < 10 * 60


def test_without_a_connection_the_demo_starts_from_random_weights_and_says_so(begun, offline):
    before = load_settings(begun)
    assert before.network.weights == "imagenet"
    told = first_weights(begun)
    assert told.outcome == "left out"
    for words in ("Connection refused", "start from random weights", "resnet18-f37072fd.pth", str(offline)):
        assert words in told.told
    random = before.network.model_copy(update={"weights": "none"})
    assert load_settings(begun) == before.model_copy(update={"network": random})


def test_weights_that_are_cached_are_taken_without_a_connection(begun, offline, monkeypatch):
    put_into(offline, monkeypatch)
    assert first_weights(begun) == StageResult("done", "ImageNet weights")
    assert load_settings(begun).network.weights == "imagenet"


def test_a_demo_that_began_with_random_weights_keeps_them(begun, offline, monkeypatch):
    first_weights(begun)
    put_into(offline, monkeypatch)
    told = first_weights(begun)
    assert (told.outcome, "random weights" in told.told) == ("up to date", True)
    assert load_settings(begun).network.weights == "none"


@pytest.mark.slow
def test_a_demo_that_was_changed_by_its_user_is_left_alone(tmp_path, run):
    run_demo(tmp_path / "demo", demo_stages(30, 1, REPORT)[:1], lambda *_: lambda step: None, lambda *_: None)
    patients = tmp_path / "demo" / "patients.csv"
    mine = patients.read_text().replace("SIM-0001", "MINE")
    patients.write_text(mine)
    code, _, err = run("demo", tmp_path / "demo", "--patients", 30)
    assert code == 2
    assert "patients.csv has been changed" in err
    assert patients.read_text() == mine


@pytest.mark.slow
def test_the_demo_ends_with_a_trained_network_in_the_report_and_may_be_run_again(tmp_path, run, offline):
    root = tmp_path / "demo"
    code, out, err = run("demo", root, "--patients", "30")
    assert (code, "report.html" in out) == (0, True)
    assert "start from random weights" in err
    report = (root / "report.html").read_bytes()
    assert b'id="run-main"' in report
    assert (root / "runs" / "main" / "model" / "model.json").is_file()
    code, _, err = run("demo", root, "--patients", "30")
    assert code == 0
    assert err.count("      up to date") == 6
    assert (root / "report.html").read_bytes() == report
