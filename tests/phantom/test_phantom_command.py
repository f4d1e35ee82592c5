"""``tumorboard phantom``: a whole study folder, the same for a seed, resumable, never over somebody's files."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest


def digests(root: Path) -> dict[str, str]:
    """Hash every file of a folder; the log has the time in it."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


@pytest.fixture(scope="module")
def phantom_folder(tmp_path_factory) -> Path:
    """Four patients with slides and scans, written by two processes."""
    from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
    from tumorboard.study.files import StudyFolder

    root = tmp_path_factory.mktemp("phantom") / "study"
    request = PhantomRequest(4, 3, PRESETS["demo"]).with_slide_side(2048)
    write_phantom(StudyFolder(root), request, progress=lambda *_: None, workers=2)
    return root


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(phantom_folder, tmp_path, run_json):
    run_json("phantom", tmp_path / "again", "--patients", 4, "--seed", 3, "--slide-pixels", 2048, "--workers", 1)
    assert digests(tmp_path / "again") == digests(phantom_folder)


def test_a_killed_run_leaves_no_process_and_goes_on_to_the_same_bytes(phantom_folder, tmp_path, run_json):
    study = tmp_path / "study"
    words = ["phantom", study, "--patients", "4", "--seed", "3", "--slide-pixels", "2048"]
    running = subprocess.Popen([Path(sys.executable).with_name("tumorboard"), *words, "--workers", "2"])
    while not list((study / "truth" / "patients").glob("*.json")):
        assert running.poll() is None
        time.sleep(0.05)
    workers = children(running.pid)
    running.kill()
    running.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run_json(*words)
    assert digests(study) == digests(phantom_folder)


def children(process: int) -> list[int]:
    """Return the processes that a process started."""
    if not Path("/proc").is_dir():
        return []
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_a_missing_and_a_truncated_file_are_made_anew(phantom_folder, tmp_path, run_json):
    study = tmp_path / "study"
    shutil.copytree(phantom_folder, study)
    slide = next((study / "slides").glob("*.svs"))
    slide.write_bytes(slide.read_bytes()[:5000])
    next(path for path in sorted((study / "scans").rglob("*")) if path.is_file()).unlink()
    run_json("phantom", study, "--patients", 4, "--seed", 3, "--slide-pixels", 2048)
    assert digests(study) == digests(phantom_folder)


def test_two_runs_do_not_write_in_one_folder(phantom_folder, run):
    from filelock import FileLock

    with FileLock(phantom_folder / ".tumorboard-phantom.lock"):
        code, _, err = run("phantom", phantom_folder, "--patients", 4, "--seed", 3, "--slide-pixels", 2048)
    assert code == 2
    assert "another run is writing here" in err


def test_the_folder_is_a_study_that_the_cohort_reads_without_a_finding(phantom_folder, tmp_path, run_json):
    study = tmp_path / "study"
    shutil.copytree(phantom_folder, study)
    summary = run_json("cohort", study)
    slides, scans = (pd.read_csv(study / name, dtype=str) for name in ("slides.csv", "scans.csv"))
    assert summary["patients"] == summary["eligible"] == 4
    assert summary["modalities"]["slide"] == slides["patient_id"].nunique()
    assert summary["modalities"]["ct"] + summary["modalities"]["mr"] == scans["patient_id"].nunique()
    assert all((study / path).exists() for path in [*slides["path"], *scans["path"]])
    assert [finding for finding in summary["findings"] if finding["kind"] in ("impossible", "contradiction")] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--patients", 5, "--seed", 3), "made with patients 4, asked for 5"),
        (("--patients", 4, "--seed", 4), "made with seed 3, asked for 4"),
        (("--patients", 4, "--seed", 3, "--preset", "paper"), "another preset"),
    ],
)
def test_another_phantom_is_not_written_over_the_first(phantom_folder, run, words, told):
    before = digests(phantom_folder)
    code, _, err = run("phantom", phantom_folder, *words)
    assert code == 2
    assert told in err
    assert digests(phantom_folder) == before


@pytest.mark.parametrize("name", ["patients.csv", "scans.csv", "data_cna.txt", "truth/factors.csv", "truth/slides.csv"])
def test_a_table_that_was_changed_is_not_replaced(phantom_folder, tmp_path, run, name):
    study = tmp_path / "study"
    shutil.copytree(phantom_folder, study)
    table = study / name
    table.write_text(table.read_text() + "mine\n")
    code, _, err = run("phantom", study, "--patients", 4, "--seed", 3, "--slide-pixels", 2048)
    assert code == 2
    assert f"{name} has been changed" in err
    assert table.read_text().endswith("mine\n")


def test_a_folder_with_other_files_is_left_alone(tmp_path, run):
    (tmp_path / "patients.csv").write_text("mine")
    code, _, err = run("phantom", tmp_path, "--tables-only")
    assert code == 2
    assert "holds other files" in err
    assert [path.name for path in tmp_path.iterdir()] == ["patients.csv"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--preset", "huge"), "there is no preset 'huge'"),
        (("--tables-only", "--tiles-only"), "exclude each other"),
        (("--tiles-only", "--slide-pixels", 4096), "no slides are written"),
        (("--patients", 1), "--patients"),
    ],
)
def test_mistakes_are_told_in_one_line(tmp_path, run, words, told):
    code, out, err = run("phantom", tmp_path / "study", *words)
    assert code == 2
    assert told in err
    assert len(err.strip().splitlines()) == 1
    assert not out
    assert not (tmp_path / "study").exists()


def test_what_a_killed_run_left_half_written_does_not_bar_the_folder(tmp_path, run_json):
    (tmp_path / "..tumorboard-phantom-1234abcd").write_text("{")
    run_json("phantom", tmp_path, "--patients", 20, "--tables-only")
    assert not (tmp_path / "..tumorboard-phantom-1234abcd").exists()


def test_a_broken_marker_is_told_with_a_way_out(tmp_path, run):
    (tmp_path / ".tumorboard-phantom").write_text("{")
    code, _, err = run("phantom", tmp_path, "--tables-only")
    assert code == 2
    assert "unreadable" in err
    assert "Name a folder" in err


def test_a_folder_within_a_file_is_refused(tmp_path, run):
    (tmp_path / "file").write_text("mine")
    code, _, err = run("phantom", tmp_path / "file" / "study", "--tables-only")
    assert code == 2
    assert "no folder can be made in it" in err


def test_a_disk_too_small_is_told_before_anything_is_begun(tmp_path, run):
    code, _, err = run("phantom", tmp_path / "study", "--preset", "large", "--patients", 1_000_000)
    assert code == 2
    assert "GB are needed and" in err
    assert not (tmp_path / "study").exists()


def test_every_preset_states_pixels_gigabytes_and_hours_first(tmp_path, run_json, run):
    planned = {
        name: run_json("phantom", tmp_path / "none", "--preset", name, "--patients", 10, "--plan")
        for name in ("demo", "paper", "large")
    }
    for first, second in (("demo", "paper"), ("paper", "large")):
        for key in ("megapixels", "gigabytes", "hours"):
            assert 0 < planned[first][key] < planned[second][key]
    _, _, err = run("phantom", tmp_path / "none", "--preset", "paper", "--patients", 10, "--plan")
    assert "20,000 x 20,000 pixels" in err
    assert "GB" in err
    assert not (tmp_path / "none").exists()


def test_tables_alone_have_no_images_and_a_truth(tmp_path, run_json):
    written = run_json("phantom", tmp_path / "study", "--patients", 500, "--tables-only")
    assert (written["patients"], written["slides"], written["series"]) == (500, 0, 0)
    oracle = json.loads((tmp_path / "study" / "truth" / "oracle.json").read_text())
    assert "all_images" in json.dumps(oracle)
    assert not (tmp_path / "study" / "slides.csv").exists()
    assert run_json("cohort", tmp_path / "study")["modalities"]["slide"] == 0


def test_ready_made_tiles_have_their_scale_stated(tmp_path, run_json):
    written = run_json("phantom", tmp_path / "study", "--patients", 3, "--tiles-only")
    assert written["tiles"] > 0
    assert written["planes"] > 0
    slides = pd.read_csv(tmp_path / "study" / "slides.csv")
    assert set(slides["mpp"]) == {1.0, 2.0}
    assert all((tmp_path / "study" / path).is_dir() for path in slides["path"])
    assert not list((tmp_path / "study").rglob("*.svs"))
    assert not list((tmp_path / "study").rglob("*.dcm"))
    run_json("cohort", tmp_path / "study")


def test_real_readers_open_every_file_without_a_warning(phantom_folder):
    import highdicom
    import nibabel
    import openslide
    import pydicom
    import tifffile

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (phantom_folder / "slides").glob("*.svs"):
            assert openslide.OpenSlide(path).properties["openslide.vendor"] == "aperio"
            with tifffile.TiffFile(path) as slide:
                assert slide.is_svs
        for path in (phantom_folder / "scans").rglob("*"):
            if path.is_dir() or path.suffix in (".csv", ".json"):
                continue
            if path.name.endswith(".nii.gz"):
                assert nibabel.load(path).ndim == 3
                continue
            dataset = pydicom.dcmread(path)
            if dataset.Modality == "SEG":
                highdicom.seg.segread(path)
            else:
                assert dataset.pixel_array.size
