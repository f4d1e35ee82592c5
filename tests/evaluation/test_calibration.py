"""Calibration, Brier score and decision curves: a true model, a wrong one, and cases one can do by hand."""

import numpy as np
import pandas as pd
import pytest

from tumorboard.errors import UndefinedEstimateError
from tumorboard.evaluation.assessment import AssessmentPlan, assess
from tumorboard.evaluation.calibration import brier_estimate, calibration_at, integrated_brier_estimate
from tumorboard.evaluation.cross_fitting import cox_slope, cross_fitted, time_grid
from tumorboard.evaluation.decision_curve import decision_curve
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.survival import Survival

FEW = Bootstrap(replicates=100, seed=3)
HORIZON = 60.0


def true_model(n=4000, seed=0, competing=False, distort=1.0):
    """Patients with an exponential hazard, and the probabilities of the model that made them."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n) * 0.8
    rate = np.exp(risk) / 120
    time, other = rng.exponential(1 / rate), rng.exponential(100 if competing else 1e9, n)
    censoring = rng.uniform(20, 150, n)
    observed = np.minimum(np.minimum(time, other), censoring)
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{k}" for k in range(n)],
            "time_months": observed,
            "event": (time == observed).astype(int),
            "risk": risk,
            "competing": (other == observed).astype(int),
        }
    )
    survival = np.exp(-distort * rate[:, None] * np.array([36.0, HORIZON]))
    return Predictions("true", frame, Probabilities(np.array([36.0, HORIZON]), survival, "the truth"))


def test_the_true_model_is_calibrated():
    model = true_model()
    at = calibration_at(model, model.probabilities, HORIZON)
    assert at["observed_expected"]["value"] == pytest.approx(1.0, abs=0.06)
    assert at["slope"]["value"] == pytest.approx(1.0, abs=0.1)
    assert at["observed_expected"]["ci95"][0] < 1 < at["observed_expected"]["ci95"][1]
    assert all(abs(point["predicted"] - point["observed"]) < 0.06 for point in at["curve"])


def test_the_slope_at_a_horizon_is_of_the_events_until_then():
    # the risk acts for a year and is nobody's business afterwards
    rng = np.random.default_rng(0)
    risk = rng.normal(size=4000)
    early = rng.exponential(60 / np.exp(risk))
    time = np.where(early <= 12, early, 12 + rng.exponential(60, 4000))
    frame = pd.DataFrame({"patient_id": [f"P{k}" for k in range(4000)], "time_months": time, "event": 1, "risk": risk})
    survival = np.exp(-12 / 60 * np.exp(risk))[:, None]
    model = Predictions("early", frame, Probabilities(np.array([12.0]), survival, "the truth"))
    assert calibration_at(model, model.probabilities, 12)["slope"]["value"] == pytest.approx(1.0, abs=0.1)


def test_a_model_that_expects_half_the_hazard_is_found_out():
    model = true_model(distort=0.5)
    assert calibration_at(model, model.probabilities, HORIZON)["observed_expected"]["ci95"][0] > 1.3


def test_with_competing_deaths_the_incidence_lies_below_one_minus_kaplan_meier():
    model = true_model(competing=True)
    at = calibration_at(model, model.probabilities, HORIZON)
    assert at["observed_expected"]["value"] == pytest.approx(1.0, abs=0.08)
    assert at["observed_expected_competing"]["value"] < at["observed_expected"]["value"] - 0.1
    assert all(point["observed_competing"] <= point["observed"] + 1e-12 for point in at["curve"])


def test_the_true_model_has_a_better_brier_score_than_the_same_for_everybody():
    model = true_model()
    score = brier_estimate(model, model.probabilities, HORIZON, FEW)
    assert score["value"] < score["same_for_all"] < 0.26
    distorted = true_model(distort=2.0)
    assert score["value"] < brier_estimate(distorted, distorted.probabilities, HORIZON, FEW)["value"]


def test_past_the_follow_up_everything_is_null_with_a_reason():
    model = true_model(200)
    probabilities = Probabilities(np.array([36.0, 400.0]), model.probabilities.survival, "the truth")
    assert calibration_at(model, probabilities, 400)["slope"]["reason"] == "nobody is followed to 400 months"
    assert brier_estimate(model, probabilities, 400, FEW)["value"] is None
    assert decision_curve(model, probabilities, 400)["points"] == []
    assert "no predicted survival" in calibration_at(model, probabilities, 12)["slope"]["reason"]
    assert integrated_brier_estimate(model, probabilities, FEW)["value"] is None


def test_net_benefit_without_censoring_is_the_textbook_formula():
    rng = np.random.default_rng(1)
    predicted = np.round(rng.random(100), 3)
    dead = rng.random(100) < predicted
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{k}" for k in range(100)],
            "time_months": np.where(dead, 30.0, 90.0),
            "event": dead.astype(int),
            "risk": predicted,
        }
    )
    probabilities = Probabilities(np.array([HORIZON]), 1 - predicted[:, None], "given")
    points = decision_curve(Predictions("a", frame), probabilities, HORIZON)["points"]
    for point in points:
        q, chosen = point["threshold"], predicted >= point["threshold"]
        by_hand = (dead & chosen).mean() - (~dead & chosen).mean() * q / (1 - q)
        assert point["net_benefit"] == pytest.approx(by_hand, abs=1e-9)
        assert "net_benefit_competing" not in point
        assert point["all"] == pytest.approx(dead.mean() - (1 - dead.mean()) * q / (1 - q), abs=1e-9)


def test_each_net_benefit_is_largest_for_the_risk_it_judges():
    # the cause-specific risk where other deaths are censored, the cumulative incidence where they count
    model = true_model(n=20_000, competing=True)
    rate = np.exp(model.risk) / 120
    incidence = rate / (rate + 0.01) * (1 - np.exp(-(rate + 0.01) * HORIZON))
    other = Probabilities(np.array([36.0, HORIZON]), np.column_stack((1 - incidence, 1 - incidence)), "incidence")
    mine, theirs = (decision_curve(model, item, HORIZON)["points"] for item in (model.probabilities, other))
    at = [point["threshold"] for point in mine].index(0.4)
    assert mine[at]["net_benefit"] > theirs[at]["net_benefit"]
    assert mine[at]["net_benefit_competing"] < theirs[at]["net_benefit_competing"]


def test_the_interval_of_a_net_benefit_covers_the_truth_as_often_as_it_says():
    big = decision_curve(model := true_model(n=60_000, seed=99), model.probabilities, HORIZON)["points"]
    truth = {point["threshold"]: point["net_benefit"] for point in big}
    covered = 0
    for seed in range(60):
        small = true_model(n=300, seed=seed)
        point = decision_curve(small, small.probabilities, HORIZON)["points"][19]
        covered += point["ci95"][0] <= truth[point["threshold"]] <= point["ci95"][1]
    assert 51 <= covered <= 60  # 57 expected


def test_net_benefit_is_null_where_nobody_chosen_is_followed():
    model = true_model(300)
    short = model.frame["risk"] > 1
    frame = model.frame.assign(time_months=np.where(short, 5.0, 90.0), event=0)
    frame.loc[0, ["event", "time_months"]] = [1, 30.0]
    survival = np.where(short, 0.2, 0.9)[:, None]
    points = decision_curve(Predictions("a", frame), Probabilities(np.array([HORIZON]), survival, "x"), HORIZON)[
        "points"
    ]
    assert points[-1]["net_benefit"] is None


def test_cross_fitted_probabilities_of_a_fold_do_not_see_its_outcomes():
    frame = true_model(300).frame.assign(fold=np.arange(300) % 5)
    base = cross_fitted(Predictions("a", frame), np.array([HORIZON]), seed=1).survival
    fold = frame["fold"] == 2
    changed = frame.assign(event=np.where(fold, 1 - frame["event"], frame["event"]))
    again = cross_fitted(Predictions("a", changed), np.array([HORIZON]), seed=1).survival
    np.testing.assert_array_equal(base[fold], again[fold])
    assert not np.array_equal(base[~fold], again[~fold])


def test_cox_slope_equals_lifelines():
    from lifelines import CoxPHFitter

    model = true_model(300)
    fit = CoxPHFitter().fit(model.frame[["time_months", "event", "risk"]], "time_months", "event")
    assert cox_slope(model.outcome, model.risk) == pytest.approx(fit.params_["risk"], abs=1e-6)


def test_a_risk_that_orders_events_perfectly_has_no_slope():
    with pytest.raises(UndefinedEstimateError, match="perfectly"):
        cox_slope(Survival(np.arange(1.0, 21), np.ones(20)), -np.arange(20.0) / 5)


def test_the_grid_holds_every_horizon():
    assert {12.0, 36.0, 60.0} <= set(time_grid((12.0, 36.0, 60.0)))


def test_an_assessment_is_plain_json_whatever_is_undefined():
    import json

    plan = AssessmentPlan(bootstrap=FEW)
    frame = true_model(60).frame
    for variant in (frame, frame.assign(event=0), frame.assign(risk=1.0), frame.head(1), frame.assign(time_months=5.0)):
        json.dumps(assess(Predictions("a", variant.reset_index(drop=True)), plan), allow_nan=False)
