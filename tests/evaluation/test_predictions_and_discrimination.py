"""Folds have scales of their own; intervals come from patients; what does not exist says why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.errors import OutcomeError
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.cox_models import cox_of_risk
from tumorboard.evaluation.discrimination import auc_estimate, harrell_by_fold, harrell_estimate, uno_estimate
from tumorboard.evaluation.landmark import average_precision, landmark_assessment, roc_auc
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.evaluation.risk_groups import logrank, median_groups
from tumorboard.survival import Survival

FEW = Bootstrap(replicates=100, seed=3)


def frame_of(n=240, seed=0, folds=0, repeats=0, strength=1.0):
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    time = rng.exponential(50 * np.exp(-strength * risk))
    censoring = rng.uniform(10, 120, n)
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{k}" for k in range(n)],
            "time_months": np.minimum(time, censoring),
            "event": (time <= censoring).astype(int),
            "risk": risk,
        }
    )
    if folds:
        frame["fold"] = np.arange(n) % folds
    if repeats:
        frame = pd.concat([frame.assign(repeat=k) for k in range(repeats)], ignore_index=True)
    return frame


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.floats(0.1, 20))
@settings(max_examples=15, deadline=None)
def test_a_folds_origin_and_scale_are_nobodys_business(shifts, scale):
    frame = frame_of(folds=4)
    moved = frame.assign(risk=frame["risk"] * scale + np.asarray(shifts)[frame["fold"]])
    one, other = Predictions("a", frame), Predictions("a", moved)
    assert harrell_estimate(one, FEW).value == pytest.approx(harrell_estimate(other, FEW).value, abs=1e-12)
    assert (one.above_median() == other.above_median()).mean() > 0.99
    ratios = [cox_of_risk(item)["hazard_ratio"] for item in (one, other)]
    assert ratios[0] == pytest.approx(ratios[1], rel=1e-6)


def test_risks_without_folds_are_pooled():
    frame = frame_of(folds=4)
    shifted = frame.assign(risk=frame["risk"] + 100 * frame["fold"])
    pooled = harrell_estimate(Predictions("a", shifted.drop(columns="fold")), FEW).value
    within = harrell_estimate(Predictions("a", shifted), FEW).value
    assert pooled < 0.65 < 0.7 < within


def test_order_of_rows_changes_no_value():
    frame = frame_of(folds=3)
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    one, other = Predictions("a", frame), Predictions("a", shuffled)
    assert harrell_estimate(one, FEW) == harrell_estimate(other, FEW)
    assert cox_of_risk(one)["hazard_ratio"] == pytest.approx(cox_of_risk(other)["hazard_ratio"], rel=1e-9)


def test_the_bootstrap_of_a_concordance_is_known_from_its_seed_and_covers_the_value():
    predictions = Predictions("a", frame_of())
    first, again = harrell_estimate(predictions, FEW), harrell_estimate(predictions, FEW)
    assert first == again
    assert first.ci95[0] < first.value < first.ci95[1]
    assert harrell_estimate(predictions, Bootstrap(100, seed=4)).ci95 != first.ci95


def test_a_bootstrap_interval_covers_the_truth_as_often_as_it_says():
    truth = harrell_estimate(Predictions("a", frame_of(40_000, seed=99)), Bootstrap(20)).value
    covered = 0
    for seed in range(60):
        low, high = harrell_estimate(Predictions("a", frame_of(150, seed=seed)), Bootstrap(200, seed)).ci95
        covered += low <= truth <= high
    assert 51 <= covered <= 60  # 57 expected; fewer than 51 has probability below 0.002


def test_repeats_pool_their_pairs_and_count_patients_once():
    frame = frame_of(folds=3)
    once, thrice = Predictions("a", frame), Predictions("a", frame_of(folds=3, repeats=3))
    assert len(thrice.patients) == 240
    assert harrell_estimate(thrice, FEW).value == pytest.approx(harrell_estimate(once, FEW).value)
    # the same predictions three times say no more than once
    assert harrell_estimate(thrice, FEW).ci95 == pytest.approx(harrell_estimate(once, FEW).ci95)
    assert len(thrice.first_repeat().frame) == 240


def repeated(folds=3, repeats=3, shift=0.0):
    """The same patients dealt anew in each repeat, each fold's risks with noise and an origin of their own."""
    base = frame_of()
    parts = []
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        fold = rng.permutation(len(base)) % folds
        risk = base["risk"] + rng.normal(size=len(base)) + shift * fold * (repeat + 1)
        parts.append(base.assign(repeat=repeat, fold=fold, risk=risk))
    return pd.concat(parts, ignore_index=True)


def test_every_measure_of_repeats_stays_within_its_folds():
    still, moved = Predictions("a", repeated()), Predictions("a", repeated(shift=50.0))
    assert uno_estimate(still, FEW) == uno_estimate(moved, FEW)
    assert auc_estimate(still, 60, FEW) == auc_estimate(moved, 60, FEW)
    one, other = still.first_repeat(), moved.first_repeat()
    assert one.has_folds
    assert (median_groups(one) == median_groups(other)).all()
    assert cox_of_risk(one)["hazard_ratio"] == pytest.approx(cox_of_risk(other)["hazard_ratio"], rel=1e-6)


def test_pooled_repeats_lie_among_the_repeats_own_values():
    frame = repeated()
    alone = [uno_estimate(Predictions("a", part), FEW)["value"] for _, part in frame.groupby("repeat")]
    assert min(alone) < uno_estimate(Predictions("a", frame), FEW)["value"] < max(alone)


def test_repeats_of_other_patients_or_outcomes_are_refused():
    frame = repeated()
    with pytest.raises(OutcomeError, match="1 patients are absent from a repeat"):
        Predictions("a", frame.drop(index=0))
    with pytest.raises(OutcomeError, match="different outcomes in different repeats"):
        Predictions("a", frame.assign(event=np.where(frame["repeat"] == 1, 1, frame["event"])))


def test_a_fold_without_events_is_null_with_a_reason_and_the_rest_counts():
    frame = frame_of(folds=3)
    frame.loc[frame["fold"] == 1, "event"] = 0
    folds = harrell_by_fold(Predictions("a", frame))
    assert folds[1]["harrell_c"] == {"value": None, "ci95": None, "reason": "no comparable pair of patients"}
    assert folds[0]["harrell_c"]["value"] > 0.5
    assert harrell_estimate(Predictions("a", frame), FEW).defined


def test_nothing_is_nan_where_nobody_has_the_event():
    predictions = Predictions("a", frame_of().assign(event=0))
    assert harrell_estimate(predictions, FEW).reason == "no comparable pair of patients"
    assert uno_estimate(predictions, FEW)["value"] is None
    assert auc_estimate(predictions, 60, FEW).reason == "no event within 60 months"
    assert cox_of_risk(predictions)["hazard_ratio"] is None
    assert logrank(predictions.outcome, median_groups(predictions))["reason"] == "no events"
    assert landmark_assessment(predictions, 60, FEW)["roc_auc"]["value"] is None


def test_a_patient_twice_and_risks_that_are_no_numbers_are_refused():
    frame = frame_of(20)
    with pytest.raises(OutcomeError, match="stand twice"):
        Predictions("a", pd.concat([frame, frame.head(1)], ignore_index=True))
    with pytest.raises(OutcomeError, match="not finite"):
        Predictions("a", frame.assign(risk=np.inf))


def test_cox_per_fold_equals_lifelines_on_standardised_risks():
    from lifelines import CoxPHFitter

    frame = frame_of(folds=4)
    standardised = frame.groupby("fold")["risk"].transform(lambda risk: (risk - risk.mean()) / risk.std())
    table = frame[["time_months", "event", "fold"]].assign(z=standardised)
    fit = CoxPHFitter(strata=["fold"]).fit(table, "time_months", "event")
    assert cox_of_risk(Predictions("a", frame))["hazard_ratio"] == pytest.approx(np.exp(fit.params_["z"]), rel=1e-6)


def test_logrank_of_a_worked_case():
    # by the definition: sum of observed minus expected, squared, over the hypergeometric variance
    rng = np.random.default_rng(5)
    time, event = np.round(rng.exponential(20, 60)) + 1, rng.random(60) < 0.7
    group = np.where(np.arange(60) % 2 == 0, "a", "b").astype(object)
    observed = expected = variance = 0.0
    for t in np.unique(time[event]):
        risk, first = time >= t, (time >= t) & (group == "a")
        deaths, n, n1 = (event & (time == t)).sum(), risk.sum(), first.sum()
        observed += (event & (time == t) & (group == "a")).sum()
        expected += deaths * n1 / n
        if n > 1:
            variance += deaths * (n1 / n) * (1 - n1 / n) * (n - deaths) / (n - 1)
    chi2 = (observed - expected) ** 2 / variance
    assert logrank(Survival(time, event), group)["chi2"] == pytest.approx(chi2, rel=1e-9)


def test_paired_differences_are_antisymmetric_and_zero_for_the_same_risk():
    frame = frame_of(folds=3)
    noisy = frame.assign(risk=frame["risk"] + np.random.default_rng(1).normal(size=len(frame)))
    one, other = Predictions("one", frame), Predictions("other", noisy)
    forth, back = paired_difference(one, other, FEW), paired_difference(other, one, FEW)
    assert forth.difference.value == -back.difference.value
    assert forth.difference.ci95 == pytest.approx(tuple(-bound for bound in reversed(back.difference.ci95)))
    assert forth.p == pytest.approx(back.p)
    same = paired_difference(one, Predictions("copy", frame), FEW)
    assert (same.difference.value, same.p) == (0.0, None)


def test_a_paired_difference_is_narrower_than_that_of_two_groups_of_patients():
    frame = frame_of()
    close = frame.assign(risk=frame["risk"] + 0.1 * np.random.default_rng(1).normal(size=len(frame)))
    low, high = paired_difference(Predictions("a", frame), Predictions("b", close), FEW).difference.ci95
    alone = harrell_estimate(Predictions("a", frame), FEW).ci95
    assert high - low < (alone[1] - alone[0]) / 2


def test_other_patients_or_outcomes_are_no_pair():
    frame = frame_of(30)
    with pytest.raises(OutcomeError, match="only in"):
        paired_difference(Predictions("a", frame), Predictions("b", frame.head(29)), FEW)
    with pytest.raises(OutcomeError, match="different outcomes"):
        paired_difference(Predictions("a", frame), Predictions("b", frame.assign(event=1 - frame["event"])), FEW)


def test_other_folds_are_no_pair():
    frame = frame_of(60, folds=3)
    with pytest.raises(OutcomeError, match="no folds"):
        paired_difference(Predictions("a", frame), Predictions("b", frame.drop(columns="fold")), FEW)
    with pytest.raises(OutcomeError, match="different folds"):
        paired_difference(
            Predictions("a", frame), Predictions("b", frame.assign(fold=frame["fold"].to_numpy()[::-1])), FEW
        )


def test_the_p_agrees_with_the_interval_with_few_replicates_too():
    frame = frame_of(400)
    worse = frame.assign(risk=frame["risk"] + np.random.default_rng(2).normal(size=400))
    for replicates in (20, 500):
        compared = paired_difference(Predictions("a", frame), Predictions("b", worse), Bootstrap(replicates))
        assert compared.difference.ci95[0] > 0
        assert compared.p < 0.05


def test_the_area_under_the_drawn_roc_curve_is_the_printed_auc():
    frame = frame_of(folds=4)
    status = landmark_assessment(Predictions("a", frame.assign(risk=frame["risk"] + 9 * frame["fold"])), 60, FEW)
    curve = status["roc_curve"]
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(status["roc_auc"]["value"], abs=0.01)


def test_five_year_status_excludes_who_was_censored_before():
    frame = pd.DataFrame(
        {
            "patient_id": list("abcdef"),
            "time_months": [10.0, 60.0, 60.0, 61.0, 59.0, 90.0],
            "event": [1, 1, 0, 1, 0, 0],
            "risk": [3.0, 2.0, 0.0, 1.0, 0.0, -1.0],
        }
    )
    status = landmark_assessment(Predictions("a", frame), 60, FEW)
    assert (status["dead"], status["alive"], status["excluded"]) == (2, 2, 2)
    assert status["roc_auc"]["value"] == 1.0


def test_roc_and_precision_recall_equal_scikit_learn_with_ties():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn comes with an optional extra")
    rng = np.random.default_rng(2)
    label, score = rng.random(200) < 0.3, np.round(rng.normal(size=200), 1)
    assert roc_auc(label, score) == pytest.approx(metrics.roc_auc_score(label, score), abs=1e-12)
    assert average_precision(label, score) == pytest.approx(metrics.average_precision_score(label, score), abs=1e-12)


def test_a_models_own_call_is_scored_where_it_has_one():
    frame = frame_of(60)
    dead = (frame["event"] == 1) & (frame["time_months"] <= 60)
    perfect = Predictions("a", frame.assign(call=dead.astype(float)))
    assert landmark_assessment(perfect, 60, FEW)["accuracy"]["value"] == 1.0


def test_probabilities_are_pooled_over_folds():
    frame = frame_of(folds=3)
    survival = np.exp(-0.5 * np.exp(frame["risk"].to_numpy()))[:, None]
    shifted = frame.assign(risk=frame["risk"] + 100 * frame["fold"])
    predictions = Predictions("a", shifted, Probabilities(np.array([60.0]), survival, "given"))
    pooled = landmark_assessment(predictions, 60, FEW)["roc_auc"]["value"]
    unfolded = Predictions("a", frame.drop(columns="fold"))
    assert pooled == pytest.approx(landmark_assessment(unfolded, 60, FEW)["roc_auc"]["value"])
