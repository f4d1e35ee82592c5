"""One study of real pieces alone: every kind of real file passes from the raw files to the report and a prediction."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from real_study import NEW_PATIENT, SLICES, SLIDE_PATIENT, TILE_PATIENTS, make_study
from tumorboard.cohort import read_cohort
from tumorboard.study.files import StudyFolder

TINY = {
    "count = 3": "count = 2",
    "bootstrap = 300": "bootstrap = 100",
    "tile_px = 128": "tile_px = 64",
    "scan_px = 128": "scan_px = 64",
    "alone_epochs = 15": "alone_epochs = 1",
    "\nepochs = 30": "\nepochs = 1",
    "patience = 6": "patience = 0",
}
MODALITIES = ("tiles_10x", "tiles_5x", "scan", "genes", "clinical")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def study(real_data, tmp_path) -> Path:
    root = tmp_path / "study"
    make_study(real_data, root)
    return root


def test_the_tables_name_files_that_are_there_and_patients_of_the_archive(study):
    known = set(pd.read_csv(study / "tables" / "data_clinical_patient.txt", sep="\t", comment="#")["PATIENT_ID"])
    for name, columns in (("slides", ["path"]), ("scans", ["path", "mask"])):
        table = pd.read_csv(study / f"{name}.csv")
        assert set(table["patient_id"]) <= known
        assert all((study / path).exists() for column in columns for path in table[column])
    assert len(list((study / "tiles").rglob("*.png"))) == 2 * 15


def test_nothing_is_written_over_or_into_the_data(study, real_data):
    before = (study / "study.toml").read_bytes()
    with pytest.raises(SystemExit, match="there already"):
        make_study(real_data, study)
    assert (study / "study.toml").read_bytes() == before
    with pytest.raises(SystemExit, match="within the data"):
        make_study(real_data, real_data / "study")
    with pytest.raises(SystemExit, match="is not there"):
        make_study(study / "tiles", study.parent / "other")


@pytest.mark.slow
def test_real_files_pass_from_raw_to_report_and_prediction(study, run_json, run):
    settings = (study / "study.toml").read_text()
    for before, after in TINY.items():
        assert before in settings
        settings = settings.replace(before, after)
    (study / "study.toml").write_text(settings)
    stages = run_json("run", study)["stages"]
    assert {name: stage["outcome"] for name, stage in stages.items()} == dict.fromkeys(
        ("cohort", "prepare", "train", "evaluate", "report"), "done"
    )
    assert "9 slides, 6 patients' scans; 1 could not be read" in stages["prepare"]["told"]
    risks = pd.read_parquet(study / "runs" / "main" / "predictions.parquet").set_index("patient_id")
    known = int(read_cohort(StudyFolder(study))["time_months"].notna().sum())
    assert len(risks) == known
    assert risks["log_risk"].notna().all()
    rests_on = risks["modalities"].str.split("+").map(set)
    assert rests_on[SLIDE_PATIENT] == set(MODALITIES)
    assert all({"tiles_10x", "tiles_5x"} <= rests_on[patient] for patient in TILE_PATIENTS)
    assert all("scan" in rests_on[patient] for patient in SLICES)
    assert (rests_on.map(lambda kinds: kinds <= {"genes", "clinical"})).sum() == known - 10
    assert (study / "report.html").stat().st_size > 100_000
    told = predicted(study, run)
    assert told["patient_id"] == NEW_PATIENT
    assert set(told["rests_on"]) == set(MODALITIES)
    assert told["missing"] == []


def predicted(study, run):
    shutil.copytree(study / "new-patient", study.parent / "new-patient", symlinks=True)
    out = study.parent / "prediction"
    code, _, err = run("predict", study / "runs" / "main" / "model", study.parent / "new-patient", "--out", out)
    assert code == 0, err
    return json.loads((out / "prediction.json").read_text())
