"""``tumorboard evaluate --risks``: its keys, and every mistake told in one line."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def risks(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{k}" for k in range(120)],
            "time_months": np.round(rng.exponential(40, 120) + 0.1, 1),
            "event": (rng.random(120) < 0.5).astype(int),
            "risk": np.round(rng.normal(size=120), 3),
        }
    )
    frame["time_months"] = frame["time_months"].clip(upper=150)

    def write(name="risks.csv", encoding="utf-8", **changes):
        path = tmp_path / name
        path.write_text(frame.assign(**changes).to_csv(index=False), encoding=encoding)
        return path

    return write


def test_the_answer_has_the_promised_keys(risks, run_json):
    answer = run_json("evaluate", "--risks", risks(fold=[k % 3 for k in range(120)]), "--bootstrap", "100")
    assert (answer["n"], answer["harrell_c"].keys()) == (120, {"value", "ci95", "reason"})
    assert answer["uno_c"]["tau_months"] > 0
    assert [fold["fold"] for fold in answer["folds"]] == [0, 1, 2]
    assert all({"n", "events", "harrell_c"} <= fold.keys() for fold in answer["folds"])
    assert {"chi2", "p"} <= answer["logrank_median"].keys()
    assert {"hazard_ratio", "ci95", "p", "per"} <= answer["cox"].keys()
    assert answer["five_year"]["dead"] + answer["five_year"]["alive"] + answer["five_year"]["excluded"] == 120
    assert "Research use only" in answer["research_use_only"]


def test_the_same_seed_gives_the_same_answer(risks, run_json):
    path = risks()
    words = ("evaluate", "--risks", path, "--bootstrap", "100", "--seed", "5")
    assert run_json(*words) == run_json(*words)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"time_months": -1.0}, ("row 2", "time_months", "-1.0")),
        ({"event": 2}, ("row 2", "event", "'2'", "0 (no) or 1 (yes)")),
        ({"time_months": 1234.0}, ("time_months", "days", "--time-unit days")),
        ({"patient_id": "P1"}, ("row 3", "patient_id", "each patient once")),
        ({"risk": "high"}, ("risk", "'high'")),
        ({"risk": "inf"}, ("risk", "'inf'")),
        ({"risk": ""}, ("risk", "row 2")),
        ({"survival_60": 1.5}, ("survival_60", "from 0 to 1")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_cells_are_told_with_row_column_value_and_what_is_allowed(risks, run, changes, expected):
    code, out, err = run("evaluate", "--risks", risks(**changes))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert all(part in err for part in ("risks.csv", *expected)), err


def test_all_bad_cells_are_in_the_json_answer(risks, run):
    import json

    code, out, _ = run("evaluate", "--risks", risks(time_months=-1.0), "--json")
    assert code == 2
    assert len(json.loads(out)["faults"]) == 120


def test_days_are_taken_when_said_so(risks, run_json):
    months, days = risks(), None
    frame = pd.read_csv(months)
    days = risks("days.csv", time_months=frame["time_months"] * 365.25 / 12)
    one = run_json("evaluate", "--risks", months, "--bootstrap", "100")
    other = run_json("evaluate", "--risks", days, "--time-unit", "days", "--bootstrap", "100")
    assert one["five_year"]["dead"] == other["five_year"]["dead"]
    assert one["harrell_c"]["value"] == pytest.approx(other["harrell_c"]["value"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"patient_id,time_months,event,risk\n", "no rows"),
        (b"patient_id,time_months,risk\nA,1,2\n", "event is missing"),
        ("patient_id,time_months,event,risk\nMüller,1,1,2\n".encode("latin-1"), "not UTF-8"),
        (b"\x00\x01\x02\xff\xfe", "risks.csv"),
        (b"patient_id,time_months,evnt,risk\nA,1,1,2\n", "evnt"),
    ],
    ids=["empty", "header only", "missing column", "Latin-1", "binary", "slip"],
)
def test_files_that_are_no_risk_table(tmp_path, run, content, expected):
    path = tmp_path / "risks.csv"
    path.write_bytes(content)
    code, out, err = run("evaluate", "--risks", path)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err


def test_latin_1_is_read_when_named(tmp_path, run_json):
    path = tmp_path / "risks.csv"
    rows = "".join(f"M\xfcller{k},{k + 1},{k % 2},{k}\n" for k in range(30))
    path.write_bytes(("patient_id,time_months,event,risk\n" + rows).encode("latin-1"))
    assert run_json("evaluate", "--risks", path, "--encoding", "latin-1", "--bootstrap", "100")["n"] == 30


def test_two_risks_are_compared_on_the_same_patients(risks, run_json, run):
    one, other = risks("one.csv"), risks("other.csv", risk=[float(k) for k in range(120)])
    answer = run_json("evaluate", "--risks", one, "--against", other, "--bootstrap", "100")["comparison"]
    assert (answer["n"], answer["second"]) == (120, "other")
    assert "paired bootstrap" in answer["test"]
    fewer = risks("fewer.csv")
    fewer.write_text("\n".join(fewer.read_text().splitlines()[:100]))
    code, _, err = run("evaluate", "--risks", one, "--against", fewer)
    assert (code, err.count("\n")) == (2, 1)
    assert "21 patients are only in 'one'" in err


def test_a_study_or_a_file_but_not_both_nor_none(run, tmp_path):
    for words in (("evaluate",), ("evaluate", tmp_path, "--risks", "x.csv")):
        code, _, err = run(*words)
        assert (code, err.count("\n")) == (2, 1)
        assert "either a study folder or --risks" in err


def test_a_folder_that_is_no_study_names_the_command(run, tmp_path):
    code, _, err = run("evaluate", tmp_path)
    assert code == 2
    assert "tumorboard cohort" in err
