"""``tumorboard prepare``: the right series of every patient becomes three planes, and a bad scan stops nothing."""

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import nibabel
import numpy as np
import pandas as pd
import pytest

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.pipeline.scans import prepare_scans
from tumorboard.scans.planes import PlaneGeometry
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import load_settings

PATIENTS, SEED = 5, 11
PLANES = ("transversal", "coronal", "sagittal")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """A few simulated patients; their slides are as small as can be."""
    root = tmp_path_factory.mktemp("scans") / "study"
    request = PhantomRequest(PATIENTS, SEED, PRESETS["demo"]).with_slide_side(2048)
    write_phantom(StudyFolder(root), request, progress=lambda *_: None, workers=2)
    (root / "slides.csv").unlink()
    return root


@pytest.fixture(scope="module")
def prepared(simulated, tmp_path_factory) -> Path:
    """A study of these patients, whose scans lie where they were written, prepared."""
    root = tmp_path_factory.mktemp("prepared") / "study"
    root.mkdir()
    for name in ("patients.csv", "study.toml"):
        shutil.copy(simulated / name, root / name)
    scans = pd.read_csv(simulated / "scans.csv")
    for column in ("path", "mask"):
        scans[column] = [str(simulated / path) if isinstance(path, str) else path for path in scans[column]]
    scans.to_csv(root / "scans.csv", index=False)
    folder = StudyFolder(root)
    write_cohort(folder, build_cohort(folder, load_settings(folder)))
    prepare_scans(folder, progress=lambda *_: None, workers=1)
    return root


@pytest.fixture
def study(prepared, tmp_path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(prepared, tmp_path / "study"))


def records(study: Path) -> pd.DataFrame:
    return pd.read_csv(study / "prepared" / "scans.csv").set_index("patient_id")


def digests(root: Path) -> dict[str, str]:
    files = [file for part in ("store", "prepared") for file in (root / part).rglob("*") if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}


def change_row(study: Path, patient: str, **values: object) -> None:
    scans = pd.read_csv(study / "scans.csv", dtype=object)
    for column, value in values.items():
        scans.loc[scans["patient_id"] == patient, column] = value
    scans.to_csv(study / "scans.csv", index=False)


def test_the_right_series_is_taken_and_its_tumour_measured_within_a_voxel(simulated, prepared):
    found, truth = records(prepared), pd.read_csv(simulated / "truth" / "tumours.csv").set_index("patient_id")
    series = pd.read_csv(simulated / "truth" / "series.csv")
    to_choose = series[series["chosen"] == 1].groupby("patient_id")["series_uid"].agg(set)
    there = found[found["status"] == "prepared"]
    assert len(there) >= 3
    for patient, row in there.iterrows():
        if isinstance(row["series_uid"], str):  # a NIfTI volume names none
            assert row["series_uid"] in to_choose[patient]
        for plane in PLANES:
            if not isinstance(row["touches"], str):
                voxel = row["pixel_mm"] if plane == "transversal" else np.hypot(row["pixel_mm"], row["slice_mm"])
                assert row[f"{plane}_mm"] == pytest.approx(truth.at[patient, f"{plane}_mm"], abs=voxel + 0.2)


def test_each_patient_has_three_planes_and_their_neighbours_with_their_place(prepared):
    store, found = Store.open(prepared / "store", "scan"), records(prepared)
    there = found[found["status"] == "prepared"]
    assert set(store.table["patient_id"]) == set(there.index)
    assert len(store.table) == there["images"].sum()
    middle = store.table[store.table["offset_mm"] == 0]
    assert [sorted(own["plane"]) for _, own in middle.groupby("patient_id", observed=True)] == [sorted(PLANES)] * len(
        there
    )
    for row, columns in zip(middle.index, middle.to_dict("records"), strict=True):
        assert store.image(row).shape == (256, 256)
        geometry = PlaneGeometry.from_columns(columns)
        assert columns["mpp"] == pytest.approx(geometry.pixel_mm * 1000)


def test_a_second_run_does_nothing_and_another_number_of_workers_gives_the_same_bytes(study, run_json):
    first = digests(study)
    times = {path: path.stat().st_mtime_ns for path in (study / "store" / "scans").iterdir()}
    run_json("prepare", study, "--workers", 1)
    assert {path: path.stat().st_mtime_ns for path in (study / "store" / "scans").iterdir()} == times
    shutil.rmtree(study / "store")
    shutil.rmtree(study / "prepared")
    run_json("prepare", study, "--workers", 2)
    assert digests(study) == first


def test_a_user_overrules_the_choice(study, run_json):
    choices = pd.read_csv(study / "prepared" / "series.csv")
    rivals = choices[choices["verdict"] == "passed over"]
    patient, wanted = rivals.iloc[0][["patient_id", "series_uid"]]
    change_row(study, patient, series_uid=wanted)
    run_json("prepare", study)
    row = records(study).loc[patient]
    assert row["series_uid"] == wanted
    assert row["choice"].startswith("stated by the user")


def test_a_scan_without_a_mask_is_told_with_the_ways_to_get_one(study, run):
    patient = records(study).query("status == 'prepared'").index[0]
    change_row(study, patient, mask="", mask_kind="", mask_label="")
    code, out, _ = run("prepare", study)
    row = records(study).loc[patient]
    assert (code, row["status"]) == (0, "no mask")
    assert "3D Slicer" in row["reason"]
    assert "Without a tumour mask" in out
    assert patient not in set(Store.open(study / "store", "scan").table["patient_id"])


def test_a_scan_that_cannot_be_read_stops_no_other(study, run):
    broken = study / "broken"
    broken.mkdir()
    (broken / "IM1").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0")
    patient = pd.read_csv(study / "scans.csv")["patient_id"][0]
    change_row(study, patient, path="broken")
    code, out, _ = run("prepare", study, "--json")
    answer = json.loads(out)["scans"]
    assert code == 2
    assert [failure["patient_id"] for failure in answer["failed"]] == [patient]
    assert "there is no" in answer["failed"][0]["reason"]
    assert answer["prepared"] >= 2


def test_ready_made_planes_are_taken_as_they_are(study, run_json):
    patient, others = "SIM-0001", []
    for plane in PLANES:
        picture = np.full((160, 200), 90, np.uint8)
        cv2.circle(picture, (120, 70), 25, 200, -1)
        mask = np.where(picture == 200, 255, 0).astype(np.uint8)
        for name, pixels in ((f"{plane}.png", picture), (f"{plane}_mask.png", mask)):
            cv2.imwrite(str(study / name), pixels)
        row = {"patient_id": patient, "path": f"{plane}.png", "modality": "CT", "plane": plane, "pixel_mm": 0.8}
        others.append({**row, "mask": f"{plane}_mask.png", "mask_kind": "png"})
    pd.DataFrame(others).to_csv(study / "scans.csv", index=False)
    assert run_json("prepare", study)["scans"]["images"] == len(PLANES)
    store = Store.open(study / "store", "scan")
    image = store.image(0)
    assert image[128, 128] == 200
    assert records(study).loc[patient, "choice"] == "ready-made planes"


def test_a_volume_in_one_file_with_its_mask_in_one_file(study, run_json):
    voxels = np.full((60, 64, 40), -50, np.int16)
    places = np.stack(np.indices(voxels.shape), -1) - np.array([30, 40, 20])
    mask = (np.linalg.norm(places * np.array([2.0, 2.0, 3.0]), axis=-1) <= 24).astype(np.uint8)
    voxels[mask > 0] = 60
    affine = np.diag([-2.0, -2.0, 3.0, 1.0])  # RAS: so the array runs to the left, the back and the head
    for name, array in (("scan.nii.gz", voxels), ("mask.nii.gz", mask)):
        nibabel.save(nibabel.Nifti1Image(array, affine), study / name)
    row = {"patient_id": "SIM-0001", "path": "scan.nii.gz", "modality": "CT", "mask": "mask.nii.gz"}
    pd.DataFrame([row]).to_csv(study / "scans.csv", index=False)
    run_json("prepare", study)
    found = records(study).loc["SIM-0001"]
    assert found["transversal_mm"] == pytest.approx(48, abs=2.9)
    assert found["coronal_mm"] == pytest.approx(48, abs=3.7)
    assert found["volume_ml"] == pytest.approx(4 / 3 * np.pi * 24**3 / 1000, rel=0.03)
    assert found["transversal_slice"] == 20


def test_only_what_was_asked_for(study, run, run_json):
    assert set(run_json("prepare", study, "--only", "scans")) == {"scans"}
    code, _, err = run("prepare", study, "--only", "slides")
    assert code == 2
    assert "there is no slides.csv" in err
