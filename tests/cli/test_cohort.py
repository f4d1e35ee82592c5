"""``tumorboard cohort`` as it is typed: what is printed, what is written, and a table of a million rows."""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

PATIENTS = "patient_id,t,time_months,event\nP1,1a,70,0\nP2,3a,12,1\nP3,4,30,1\n"
KEYS = {
    "patients", "required", "eligible", "endpoint", "with_endpoint", "events", "five_year", "modalities", "dropped",
}  # fmt: skip


@pytest.fixture
def study(tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS)
    return tmp_path


def test_the_answer_for_machines(study, run_json):
    answer = run_json("cohort", study)
    assert set(answer) >= KEYS
    assert answer["modalities"].keys() == {"slide", "ct", "mr", "mutations", "copy_number"}
    assert answer["five_year"] == {"dead": 2, "alive": 1, "excluded": 0}


def test_the_answer_for_people(study, run):
    (study / "slides.csv").write_text("patient_id,path\nP1,a.svs\nP2,b.svs\n")
    code, out, err = run("cohort", study, "--require", "slide")
    assert (code, err) == (0, "")
    for said in ("Flow of patients", "no diagnostic slide", "DSS known in 2 of 2, 1 events", "slide 2"):
        assert said in out


def test_what_is_written(study, run_json):
    run_json("cohort", study)
    written = {path.name for path in study.iterdir()} - {"patients.csv"}
    assert written == {
        "study.toml", "cohort.parquet", "cohort.json", "cohort_flow.png", "genes.parquet", "log.jsonl",
    }  # fmt: skip
    assert json.loads((study / "cohort.json").read_text())["settings"]["cohort"]["endpoint"] == "DSS"


def test_running_twice_changes_no_file_but_the_log(study, run_json):
    def contents():
        return {path.name: path.read_bytes() for path in study.iterdir() if path.name != "log.jsonl"}

    run_json("cohort", study)
    before = contents()
    run_json("cohort", study)
    assert contents() == before
    assert len((study / "log.jsonl").read_text().splitlines()) == 2


def test_a_mistake_is_told_to_machines_and_on_one_line(study, run):
    (study / "patients.csv").write_text(PATIENTS.replace("70,0", "-70,0"))
    code, out, err = run("cohort", study, "--json")
    answer = json.loads(out)
    assert code == 2
    assert err == f"tumorboard: {answer['error']}\n"
    assert answer["faults"] == [
        {"file": "patients.csv", "row": 2, "column": "time_months", "value": "-70",
         "allowed": "a number with a decimal point from 0 to 600 (months); larger numbers are usually days: "
         "divide by 30.4375"}
    ]  # fmt: skip


def test_a_mistake_on_the_command_line(study, run):
    code, _, err = run("cohort", study, "--requires", "slide")
    assert code == 2
    assert "tumorboard cohort --help" in err


def test_an_earlier_cohort_stays_when_a_later_run_fails(study, run, run_json):
    run_json("cohort", study)
    before = (study / "cohort.parquet").read_bytes()
    (study / "patients.csv").write_text(PATIENTS + "P1,1a,1,1\n")
    assert run("cohort", study)[0] == 2
    assert (study / "cohort.parquet").read_bytes() == before


@pytest.mark.slow
def test_a_million_patients(tmp_path):
    n = 1_000_000
    rng = np.random.default_rng(0)
    pd.DataFrame(
        {
            "patient_id": [f"P{k:07d}" for k in range(n)],
            "site": rng.integers(0, 50, n),
            "age_years": rng.integers(20, 90, n),
            "sex": rng.choice(["male", "female"], n),
            "t": rng.choice(["T1a", "T1b", "T3a"], n),
            "grade": rng.integers(1, 5, n),
            "time_months": rng.uniform(0, 200, n).round(2),
            "event": rng.integers(0, 2, n),
        }
    ).to_csv(tmp_path / "patients.csv", index=False)
    start = time.perf_counter()
    program = "from tumorboard.cli import main; main()"
    words = [sys.executable, "-c", program, "cohort", str(tmp_path), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    assert json.loads(done.stdout)["eligible"] == n
    assert seconds < 300, f"{seconds:.0f} s"
    assert peak_gb < 10, f"{peak_gb:.1f} GB"


@pytest.mark.slow
def test_a_million_bad_cells_end_at_once(tmp_path, run):
    rows = "".join(f"P{k},1a,-1,1\n" for k in range(1_000_000))
    (tmp_path / "patients.csv").write_text("patient_id,t,time_months,event\n" + rows)
    start = time.perf_counter()
    code, _, err = run("cohort", tmp_path)
    assert code == 2
    assert "999 more bad cells" in err
    assert time.perf_counter() - start < 60
