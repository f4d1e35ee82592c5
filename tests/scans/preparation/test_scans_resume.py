"""``tumorboard prepare`` on scans goes on where it was stopped, and sees what was changed."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import CENTRE, SmallStudy, ball, write_nifti, write_series

PATIENTS = 8


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """Patients all of whom have two series to choose from."""
    study = SmallStudy(tmp_path_factory.mktemp("resumed") / "study")
    study.root.mkdir()
    for number in range(PATIENTS):
        folder = study.add(f"P-{number}")
        write_series(folder, patient=f"P-{number}")
        write_series(folder, patient=f"P-{number}", series="2.25.90", SeriesDescription="ABD PRE", SeriesNumber=2)
    return study.finish()


@pytest.fixture
def study(written, tmp_path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "study"))


def digests(root: Path) -> dict[str, str]:
    files = [file for part in ("store", "prepared") for file in (root / part).rglob("*") if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}


def times(study: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (study / "store" / "scans").iterdir()}


def test_a_killed_run_goes_on_to_the_same_bytes(study, run_json):
    command = [Path(sys.executable).with_name("tumorboard"), "prepare", study, "--only", "scans", "--workers", "1"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while not list(study.glob("store/scans/*.shard")):
        assert running.poll() is None
        time.sleep(0.002)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    finished = {name: when for name, when in times(study).items() if name.endswith(".shard")}
    assert 0 < len(finished) < PATIENTS, "it was not killed in the middle"
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    assert {name: times(study)[name] for name in list(finished)[:-1]} == dict(list(finished.items())[:-1])
    resumed = digests(study)
    for part in ("store", "prepared"):
        shutil.rmtree(study / part)
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    assert digests(study) == resumed


def test_a_mask_that_was_edited_at_its_size_is_seen(study, run_json):
    """However large the file: here the change lies where no block of a fingerprint would."""
    mask = study / "masks" / "P-3.nii"
    whole = np.zeros((30, 400, 480), np.uint8)
    whole[:, :40, :48] = ball()
    write_nifti(mask, whole)
    scans = pd.read_csv(study / "scans.csv")
    scans.loc[scans["patient_id"] == "P-3", "mask"] = "masks/P-3.nii"
    scans.to_csv(study / "scans.csv", index=False)
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    before, first = times(study), pd.read_csv(study / "prepared" / "scans.csv").set_index("patient_id")
    whole[:, :40, :48] = ball(CENTRE, 14.0)
    size = mask.stat().st_size
    write_nifti(mask, whole)
    assert mask.stat().st_size == size
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    after, second = times(study), pd.read_csv(study / "prepared" / "scans.csv").set_index("patient_id")
    assert {name for name in after if after[name] != before[name]} == {
        name for name in after if name.startswith("P-3-")
    }
    assert second.loc["P-3", "transversal_mm"] < 0.8 * first.loc["P-3", "transversal_mm"]


def test_a_slice_that_arrives_later_is_seen(study, run_json):
    late = study / "scans" / "P-5" / "IM-011"
    content = late.read_bytes()
    for file in [late, *late.parent.glob("2.25.90-*")]:
        file.unlink()
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    before = pd.read_csv(study / "prepared" / "scans.csv").set_index("patient_id").loc["P-5", "warnings"]
    late.write_bytes(content)
    run_json("prepare", study, "--only", "scans", "--workers", 1)
    after = pd.read_csv(study / "prepared" / "scans.csv").set_index("patient_id").loc["P-5", "warnings"]
    assert "slices missing" in before
    assert "slices missing" not in after
