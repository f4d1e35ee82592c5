"""``tumorboard evaluate --risks``: its keys, and every mistake told in one line."""

import numpy as np
import pandas as pd
import pytest

from tumorboard.cli.evaluation_tables import shown


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


def test_files_of_one_name_are_told_apart_by_their_folders(risks, run_json, tmp_path):
    paths = []
    for name, risk in (("main", [float(k) for k in range(120)]), ("second", [k + 1e-9 for k in range(120)])):
        (tmp_path / name).mkdir()
        paths.append(risks(f"{name}/risks.csv", risk=risk))
    words = ("evaluate", "--risks", paths[0], "--against", paths[1], "--bootstrap", "100")
    answer = run_json(*words)
    assert (answer["name"], answer["comparison"]["second"]) == ("main/risks", "second/risks")


@pytest.mark.parametrize(("value", "shown_as"), [(-0.0003, "0.000"), (-0.0113, "-0.011"), (0.5, "0.500")])
def test_a_difference_that_rounds_to_nought_has_no_sign(value, shown_as):
    assert shown({"value": value, "ci95": None, "reason": None}) == shown_as


def test_a_study_or_a_file_but_not_both_nor_none(run, tmp_path):
    for words in (("evaluate",), ("evaluate", tmp_path, "--risks", "x.csv")):
        code, _, err = run(*words)
        assert (code, err.count("\n")) == (2, 1)
        assert "either a study folder or --risks" in err


def test_a_folder_that_is_no_study_names_the_command(run, tmp_path):
    code, _, err = run("evaluate", tmp_path)
    assert code == 2
    assert "tumorboard cohort" in err


@pytest.fixture
def patients(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "patients.csv"
    factors = {"age_years": rng.integers(40, 80, 121), "t": rng.integers(1, 5, 121), "grade": rng.integers(1, 5, 121)}
    frame = pd.DataFrame(
        {"patient_id": [f"P{k}" for k in range(121)], **factors, "n": "x", "m": rng.integers(0, 2, 121)}
    )
    frame.to_csv(path, index=False)
    return path


def test_a_risk_is_adjusted_for_clinical_factors(risks, patients, run, run_json):
    words = ("evaluate", "--risks", risks(), "--adjust", patients, "--bootstrap", "100")
    answer = run_json(*words)["cox_adjusted"]
    assert answer["n"] == 120
    assert [row["factor"].split(" ")[0] for row in answer["rows"]] == ["risk", "age", "T", "M1", "grade"]
    assert answer["left_out"] == ["N+: the same in all patients"]
    code, out, _ = run(*words)
    assert code == 0
    assert "adjusted hazard ratio" in out


def test_patients_that_the_table_lacks_are_counted(risks, patients, run):
    patients.write_text("\n".join(patients.read_text().splitlines()[:101]))
    code, out, err = run("evaluate", "--risks", risks(), "--adjust", patients)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "20 of 120 patients" in err
    assert "patients.csv" in err


def test_a_study_is_not_adjusted_by_a_table(patients, run, tmp_path):
    code, _, err = run("evaluate", tmp_path, "--adjust", patients)
    assert (code, err.count("\n")) == (2, 1)
    assert "--adjust" in err


def test_a_study_s_evaluation_is_not_replaced(risks, run, tmp_path):
    evaluation = tmp_path / "study" / "evaluation"
    evaluation.mkdir(parents=True)
    metrics = evaluation / "metrics.json"
    metrics.write_text('{"models": [{"model": "clinical", "harrell_c": {}, "name": "clinical"}]}')
    before = metrics.read_bytes()
    code, out, err = run("evaluate", "--risks", risks(), "--out", evaluation)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert str(evaluation) in err
    assert "Name a new or an empty folder" in err
    assert metrics.read_bytes() == before
    assert list(evaluation.iterdir()) == [metrics]


def test_a_folder_of_other_files_and_a_file_are_refused(risks, run, tmp_path):
    for name in ("risks.csv", "."):
        code, _, err = run("evaluate", "--risks", risks(), "--out", tmp_path / name)
        assert (code, err.count("\n")) == (2, 1)


def test_an_earlier_answer_is_replaced(risks, run, tmp_path):
    (tmp_path / "out").mkdir()
    for seed in (1, 2):
        words = ("--bootstrap", "100", "--seed", seed, "--out", tmp_path / "out")
        assert run("evaluate", "--risks", risks(), *words)[0] == 0
    assert '"seed": 2' in (tmp_path / "out" / "metrics.json").read_text()
