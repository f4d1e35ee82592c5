"""Cox regression of a risk together with age, T, N, M and grade."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tumorboard.errors import TableError, UserError
from tumorboard.evaluation.adjusted import ADJUSTED_FOR, COLLINEAR, NOBODY, cox_adjusted, read_factors
from tumorboard.evaluation.predictions import Predictions


@pytest.fixture
def clinical():
    rng = np.random.default_rng(3)
    factors = {
        "age": rng.normal(6, 1, 400), "t": rng.integers(1, 5, 400), "n": rng.integers(0, 2, 400),
        "m": rng.integers(0, 2, 400), "grade": rng.integers(1, 5, 400),
    }  # fmt: skip
    frame = pd.DataFrame(factors, index=[f"P{k:03d}" for k in range(400)]).astype(float)
    frame.loc["P000":"P009", "grade"] = np.nan
    return frame


def predictions_of(clinical, **columns):
    """Patients whose hazard rises with T; the risk is noise unless given."""
    rng = np.random.default_rng(4)
    time = rng.exponential(60 / np.exp(0.8 * (clinical["t"].to_numpy() - 1)))
    follow_up = rng.uniform(5, 100, len(clinical))
    frame = pd.DataFrame({"patient_id": clinical.index, "time_months": np.minimum(time, follow_up)})
    frame["event"] = (time <= follow_up).astype(int)
    frame["risk"] = rng.normal(size=len(clinical))
    return Predictions("noise", frame.assign(**columns))


@pytest.mark.parametrize("folds", [0, 4])
def test_it_is_the_cox_model_of_lifelines(clinical, folds):
    fold = {"fold": np.arange(400) % folds} if folds else {}
    predictions = predictions_of(clinical, **fold)
    frame = predictions.frame.join(clinical, on="patient_id")
    risk = frame.groupby("fold")["risk"] if folds else frame["risk"]
    frame["risk"] = (frame["risk"] - (risk.transform("mean") if folds else risk.mean())) / (
        risk.transform("std") if folds else risk.std()
    )
    known = frame.drop(columns="patient_id").dropna()
    by_hand = CoxPHFitter(strata=["fold"] if folds else None).fit(known, "time_months", "event").summary

    answer = cox_adjusted(predictions, clinical)
    assert (answer["n"], answer["events"], answer["test"]) == (390, int(known["event"].sum()), "Wald")
    assert (answer["left_out"], answer["reason"]) == ([], None)
    for name, row in zip(("risk", *ADJUSTED_FOR), answer["rows"], strict=True):
        expected = by_hand.loc[name, ["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p"]]
        assert [row["hazard_ratio"], *row["ci95"], row["p"]] == pytest.approx(list(expected), rel=1e-6)
        assert 0 <= row["schoenfeld_p"] <= 1


def test_noise_has_a_hazard_ratio_near_one_beside_t(clinical):
    rows = {row["factor"]: row for row in cox_adjusted(predictions_of(clinical), clinical)["rows"]}
    low, high = rows["risk (per SD)"]["ci95"]
    assert low < 1 < high
    assert rows["risk (per SD)"]["hazard_ratio"] == pytest.approx(1, abs=0.15)
    assert rows["T (per step)"]["ci95"][0] > 1.5


def test_factors_that_do_not_vary_are_left_out_and_named(clinical):
    answer = cox_adjusted(predictions_of(clinical), clinical.assign(n=np.nan, m=0.0))
    assert answer["left_out"] == ["N+: not known in any patient", "M1: the same in all patients"]
    assert [row["factor"].split(" ")[0] for row in answer["rows"]] == ["risk", "age", "T", "grade"]
    assert (answer["n"], answer["reason"]) == (390, None)


def test_a_risk_made_of_the_factors_is_told(clinical):
    answer = cox_adjusted(predictions_of(clinical, risk=2 * clinical["t"].to_numpy()), clinical)
    assert answer["reason"] == COLLINEAR
    assert all(row["hazard_ratio"] is None for row in answer["rows"])


def test_nobody_in_whom_all_is_known(clinical):
    half = np.arange(400) % 2 == 0
    gaps = clinical.assign(t=clinical["t"].where(half), age=clinical["age"].where(~half))
    answer = cox_adjusted(predictions_of(clinical), gaps)
    assert (answer["n"], answer["events"], answer["reason"]) == (0, 0, NOBODY)
    assert answer["left_out"] == []


def test_the_first_repeat_counts(clinical):
    first = predictions_of(clinical, fold=np.arange(400) % 3)
    again = first.frame.assign(risk=-first.risk)
    both = pd.concat([again.assign(repeat=1), first.frame.assign(repeat=0)], ignore_index=True)
    assert cox_adjusted(Predictions("both", both), clinical) == cox_adjusted(first, clinical)


def test_factors_are_read_from_a_patient_table(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("patient_id,age_years,t,n,m,grade\nA,50,3a,x,0,2\nB,70,1b,1,x,\nC,60,2,0,0,1\n")
    factors = read_factors(table, ["B", "A"])
    assert factors.loc["A", list(ADJUSTED_FOR)].tolist() == [5, 3, 0, 0, 2]
    assert factors.loc["B", ["age", "t", "n", "m"]].tolist() == [7, 1, 1, 0]
    assert np.isnan(factors.loc["B", "grade"])
    assert sorted(factors.index) == ["A", "B"]
    with pytest.raises(UserError, match=r"patients.csv: 2 of 3 patients of the risk file are not in it"):
        read_factors(table, ["A", "X", "Y"])


def test_a_patient_who_stands_twice_is_told(tmp_path):
    table = tmp_path / "patients.csv"
    table.write_text("patient_id,t\nA,1\nA,2\n")
    with pytest.raises(TableError, match=r"row 3, column patient_id"):
        read_factors(table, ["A"])
