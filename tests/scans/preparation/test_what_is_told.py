"""What ``tumorboard prepare`` tells of scans that are not taken, and which files it leaves behind."""

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import SHAPE, START, STEP_MM, SmallStudy, ball, hounsfield, instance, save, write_nifti, write_series

from tumorboard.scans.preparation import PatientScans, ScanSource, prepare_patient
from tumorboard.store import Store
from tumorboard.study.scan_settings import ScanSettings

PRE = {"series": "2.25.80", "SeriesDescription": "ABD PRE", "SeriesNumber": 2}


@pytest.fixture
def study(tmp_path) -> SmallStudy:
    root = tmp_path / "study"
    root.mkdir()
    return SmallStudy(root)


@pytest.fixture
def prepare(study, run):
    """Prepare the study; returns the exit code, what was printed, and the two tables."""

    def _prepare():
        root = study.finish()
        code, out, err = run("prepare", root, "--only", "scans", "--workers", "1")
        tables = [root / "prepared" / name for name in ("scans.csv", "series.csv")]
        scans, series = (pd.read_csv(path).set_index("patient_id") for path in tables)
        return code, out + err, scans, series

    return _prepare


def files(study: SmallStudy) -> set[str]:
    return {path.name for part in ("store/scans", "prepared/scans") for path in (study.root / part).iterdir()}


def write_unequal(folder: Path) -> None:
    """A nephrographic series one of whose slices lies a seventh of a step away from its place."""
    for number, pixels in enumerate(hounsfield()):
        z = START[2] + (number + (0.15 if number == 12 else 0)) * 1.3 * STEP_MM
        save(instance(number, pixels, z=z), folder / f"unequal-{number}")


def as_mr(folder: Path, **others) -> Path:
    for number, pixels in enumerate(hounsfield() + 1100):
        one = instance(number, pixels, **others)
        one.Modality, one.SOPClassUID = "MR", "1.2.840.10008.5.1.4.1.1.4"
        save(one, folder / f"mr-{others.get('series')}-{number}")
    return folder


MR = {"series": "2.25.60", "SeriesDescription": "T1 VIBE POST GAD", "SeriesNumber": 9}


def test_a_better_series_that_is_damaged_is_told_with_its_own_reason(study, prepare):
    folder = study.add("A")
    write_series(folder, **PRE)
    write_unequal(folder)
    _, _, scans, series = prepare()
    assert scans.loc["A", "series_uid"] == "2.25.80"
    assert "a better series (nephrographic) could not be read" in scans.loc["A", "warnings"]
    for told in (scans.loc["A", "warnings"], series.set_index("series_uid").loc["2.25.71", "reason"]):
        assert "its slices are not equally far apart" in told


def test_without_a_mask_the_series_to_outline_is_told(study, prepare):
    folder = study.add("A", mask="")
    write_series(folder, **PRE)
    write_series(folder)
    code, _, scans, series = prepare()
    row = scans.loc["A"]
    assert (code, row["status"], row["series_uid"], row["phase"]) == (0, "no mask", "2.25.71", "nephrographic")
    assert (row["slices"], row["images"]) == (SHAPE[0], 0)
    assert dict(zip(series["series_uid"], series["verdict"], strict=True)) == {
        "2.25.71": "chosen",
        "2.25.80": "passed over",
    }


def test_without_a_mask_a_wrong_path_is_told_all_the_same(study, prepare):
    study.add("gone", path="scans/nowhere", mask="")
    study.add("empty", mask="")
    (study.add("junk", mask="") / "notes.txt").write_text("nothing")
    study.add("volume", path="typo/ct.nii.gz", mask="")
    code, _, scans, _ = prepare()
    assert (code, set(scans["status"])) == (2, {"failed"})
    assert "there is no such scan: nowhere" in scans.loc["gone", "reason"]
    assert "there is no CT series" in scans.loc["empty", "reason"]


def test_a_failure_lists_the_series_that_were_found(study, prepare):
    write_series(study.add("bad-mask", mask="masks/empty.nii.gz"))
    write_nifti(study.root / "masks" / "empty.nii.gz", np.zeros(SHAPE, np.uint8))
    folder = study.add("two", mask="")
    write_series(folder, patient="X")
    write_series(folder, patient="Y", **PRE)
    code, _, _, series = prepare()
    assert code == 2
    assert (
        list(series.loc[["two"], "reason"])
        == ["the headers name 2 patients. Give each patient a folder, or state the series in scans.csv (series_uid)"]
        * 2
    )
    assert series.loc["bad-mask", "verdict"] == "passed over" or series.loc["bad-mask", "verdict"] == "chosen"


def test_the_folder_of_a_volume_file_is_no_description(study, prepare):
    for folder in ("chest_trial", "scout", "late_arterial", "nephro/pre"):
        patient = folder.replace("/", "-")
        for name in ("ct", "portal_venous"):
            write_nifti(study.root / folder / f"{name}.nii.gz", hounsfield())
            study.add(patient, path=f"{folder}/{name}.nii.gz")
    _, _, scans, series = prepare()
    assert set(scans["status"]) == {"prepared"}
    assert set(scans["phase"]) == {"portal venous"}
    assert set(series["kind"]) == {"image"}
    assert len(series) == 2 * len(scans)


def test_ct_and_mr_of_one_folder_are_two_rows(study, prepare):
    folder = study.add("A")
    study.add("A", modality="MR", mask="")
    write_series(folder)
    as_mr(folder, **MR)
    _, _, scans, series = prepare()
    assert scans.loc["A", "series_uid"] == "2.25.71"
    assert set(series["verdict"]) == {"chosen", "passed over"}


def test_series_of_another_modality_than_stated_are_listed_as_left_out(study, prepare):
    as_mr(write_series(study.add("A")), **MR)
    _, _, _, series = prepare()
    left = series.set_index("series_uid").loc["2.25.60"]
    assert (left["verdict"], left["reason"]) == ("left out", "MR, in a folder that scans.csv gives as CT")


def test_of_a_stated_series_only_the_same_patients_are_rivals(study, prepare):
    study.add("A", path="scans/all", series_uid="2.25.71")
    study.add("B", path="scans/all", series_uid="2.25.80")
    folder = study.folder("all")
    write_series(folder, patient="A")
    write_series(folder, patient="A", series="2.25.77", SeriesNumber=3, SeriesDescription="ABD DELAY")
    write_series(folder, patient="B", **PRE)
    code, _, scans, series = prepare()
    assert code == 0
    assert set(series.loc["A", "series_uid"]) == {"2.25.71", "2.25.77"}
    assert series.loc["B", "series_uid"] == "2.25.80"
    assert set(Store.open(study.root / "store", "scan").patients) == {"A", "B"}
    assert len(files(study)) == 2 * len(scans)


def test_an_mr_without_t1_is_taken_with_a_warning(study, prepare):
    as_mr(study.add("A", modality="MR"), series="2.25.60", SeriesDescription="T2 HASTE AX")
    _, _, scans, _ = prepare()
    assert "there is no T1-weighted series" in scans.loc["A", "warnings"]


def test_the_calipers_ends_are_told_in_the_patient(study, prepare):
    write_series(study.add("A"))
    row = prepare()[2].loc["A"]
    for plane, normal in (("transversal", 2), ("coronal", 1), ("sagittal", 0)):
        ends = np.array([[float(v) for v in row[f"{plane}_{end}_mm"].split()] for end in ("start", "end")])
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(row[f"{plane}_mm"], abs=0.03)
        assert ends[0, normal] == pytest.approx(ends[1, normal], abs=0.01)
        centre = START + np.array([32, 20, 14]) * 4.0
        assert np.abs(ends.mean(axis=0) - centre).max() < 6


def test_files_that_no_row_leads_to_are_removed_and_others_stay(study, prepare):
    for patient in ("A", "B"):
        write_series(study.add(patient), patient=patient)
    prepare()
    both = files(study)
    (study.root / "prepared" / "scans" / "notes.jpg").write_text("mine")
    del study.rows[1]
    _, said, scans, _ = prepare()
    assert "1 scans that no row leads to any more" in said
    assert files(study) == {name for name in both if name.startswith("A-")} | {"notes.jpg"}
    assert len(scans) == 1


def test_a_store_that_cannot_be_written_is_told_in_one_line(study, run):
    write_series(study.add("A"))
    root = study.finish()
    (root / "store").write_text("a file")
    code, _, err = run("prepare", root, "--only", "scans", "--workers", "1")
    assert code == 2
    assert "Traceback" not in err
    assert "Make the study's folder writable" in err


def task_of(study: SmallStudy, **source) -> PatientScans:
    path = study.root / "scans" / "A"
    mask = study.root / "masks" / "A.nii.gz"
    one = ScanSource("scans/A", path, "CT", **{"mask": mask, **source})
    return PatientScans("A", (one,), study.root / "store", study.root / "prepared" / "scans", ScanSettings())


def test_a_passing_fault_keeps_what_was_made_and_its_reason(study, monkeypatch):
    write_series(study.add("A"))
    task = task_of(study)
    assert prepare_patient(task).status == "prepared"
    before = {path: path.stat().st_mtime_ns for path in (task.shard, task.sheet)}

    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("tumorboard.scans.preparation.task._fingerprint", broken)
        record = prepare_patient(task)
    assert (record.status, "Input/output error" in record.reason) == ("failed", True)
    assert prepare_patient(task).status == "prepared"
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_failed_patient_is_not_in_the_index_though_the_shard_stays(study, prepare):
    for patient in ("A", "B"):
        write_series(study.add(patient), patient=patient)
    prepare()
    (study.root / "masks" / "A.nii.gz").unlink()
    assert prepare()[0] == 2
    assert set(Store.open(study.root / "store", "scan").patients) == {"B"}
    assert any(name.startswith("A-") for name in files(study))


def test_what_a_shard_depends_on(study):
    write_series(study.add("A"))
    task = task_of(study)
    inputs = [
        task.inputs(),
        task_of(study, mask_label=2).inputs(),
        replace(task, settings=ScanSettings(bits=16)).inputs(),
        task_of(study, mask_kind="nifti").inputs(),
        task_of(study, series_uid="2.25.71").inputs(),
    ]
    assert all(one != other for number, one in enumerate(inputs) for other in inputs[:number])


def test_another_label_or_setting_gives_other_planes(study):
    write_series(study.add("A"))
    labels = ball().astype(np.uint8)
    labels[ball(radius_mm=12.0)] = 2
    write_nifti(study.root / "masks" / "A.nii.gz", labels)
    first, second = (prepare_patient(task_of(study, mask_label=label)) for label in (1, 2))
    assert first.volume_ml > 2 * second.volume_ml
    task = task_of(study, mask_label=2)
    wider = prepare_patient(replace(task, settings=ScanSettings(field_mm=200)))
    assert (second.field_mm, wider.field_mm) == (180, 200)


def test_patients_never_share_a_file():
    source = ScanSource("all", Path("all"), "CT")
    one, other = (PatientScans(p, (source,), Path("s"), Path("p"), ScanSettings()) for p in ("A", "B"))
    assert {one.shard, one.sheet}.isdisjoint({other.shard, other.sheet})
    rows = (replace(source, modality="MR"), source)
    assert PatientScans("A", rows, Path("s"), Path("p"), ScanSettings()) == PatientScans(
        "A", rows[::-1], Path("s"), Path("p"), ScanSettings()
    )


def test_slides_of_two_patients_never_share_a_file():
    from tumorboard.slides.preparation.task import SlideTask

    one, other = (SlideTask(patient, "s.svs", Path("s.svs"), None, None) for patient in ("A", "B"))
    assert one.key != other.key
