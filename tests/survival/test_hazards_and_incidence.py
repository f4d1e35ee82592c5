"""Cox likelihood, Breslow's baseline, cumulative incidence, AUC and Brier score: published and limiting cases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter

from tumorboard.errors import OutcomeError, UndefinedEstimateError
from tumorboard.survival import (
    Survival,
    breslow_baseline,
    brier_score,
    cumulative_incidence,
    dynamic_auc,
    integrated_brier_score,
    kaplan_meier,
    log_partial_likelihood,
)


def simulated(n=200, seed=0, rounded=None):
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    time = rng.exponential(40 * np.exp(-risk))
    censoring = rng.uniform(5, 100, n)
    observed = np.minimum(time, censoring)
    if rounded is not None:
        observed = np.round(observed, rounded) + 0.1
    return Survival(observed, time <= censoring), risk


def test_efron_likelihood_equals_lifelines():
    outcome, risk = simulated(rounded=0)
    frame = pd.DataFrame({"t": outcome.time_months, "e": outcome.event, "x": risk})
    fit = CoxPHFitter().fit(frame, "t", "e")
    # lifelines centres its covariate, which the partial likelihood does not see
    value = log_partial_likelihood(outcome, risk * fit.params_["x"], ties="efron")
    assert value == pytest.approx(fit.log_likelihood_, abs=1e-6)


@given(st.floats(-100, 100), st.randoms())
def test_likelihood_does_not_see_a_constant_nor_the_order_of_rows(constant, random):
    outcome, risk = simulated(40, rounded=-1)
    rows = list(range(40))
    random.shuffle(rows)
    base = log_partial_likelihood(outcome, risk)
    assert log_partial_likelihood(outcome[np.array(rows)], risk[rows] + constant) == pytest.approx(base, abs=1e-8)


def test_an_event_and_a_censoring_at_one_time_share_the_risk_set_whatever_the_order():
    time, event, risk = np.array([5.0, 5.0, 9.0]), np.array([1, 0, 0]), np.array([1.0, 2.0, 0.5])
    values = [
        log_partial_likelihood(Survival(time[rows], event[rows]), risk[rows])
        for rows in ([0, 1, 2], [1, 0, 2], [2, 1, 0])
    ]
    expected = 1.0 - np.log(np.exp([1.0, 2.0, 0.5]).sum())
    assert values == pytest.approx([expected] * 3, abs=1e-12)


def test_huge_log_risks_are_safe_and_no_event_is_zero():
    outcome = Survival([1, 2, 3], [1, 1, 0])
    assert np.isfinite(log_partial_likelihood(outcome, [1000.0, -1000.0, 0.0]))
    assert log_partial_likelihood(Survival([1, 2], [0, 0]), [1.0, 2.0]) == 0.0


def test_breslow_baseline_expects_as_many_events_as_happened_in_every_subset_at_risk():
    # martingale residuals sum to zero: the defining equation of Breslow's estimate
    outcome, log_risk = simulated(rounded=-1)
    expected = breslow_baseline(outcome, log_risk).at(outcome.time_months) * np.exp(log_risk)
    assert expected.sum() == pytest.approx(outcome.events, abs=1e-9)


def test_breslow_baseline_equals_scikit_survival_and_undoes_a_shift():
    linear = pytest.importorskip("sksurv.linear_model", reason="scikit-survival is an optional extra")
    from sksurv.util import Surv

    outcome, risk = simulated()
    fit = linear.CoxPHSurvivalAnalysis().fit(risk[:, None], Surv.from_arrays(outcome.event, outcome.time_months))
    log_risk = risk * fit.coef_[0]
    predicted = breslow_baseline(outcome, log_risk).survival(log_risk, [12, 36, 60])
    expected = [[curve(time) for time in (12, 36, 60)] for curve in fit.predict_survival_function(risk[:, None])]
    np.testing.assert_allclose(predicted, expected, atol=1e-9)
    shifted = breslow_baseline(outcome, log_risk + 700).survival(log_risk + 700, [12, 36, 60])
    np.testing.assert_allclose(shifted, predicted, rtol=1e-9)


def test_a_baseline_of_huge_log_risks_is_finite():
    baseline = breslow_baseline(Survival([1, 2, 3, 4], [1, 1, 1, 1]), [1000.0, 0.0, 0.0, -800.0])
    assert np.isfinite(baseline.cumulative[:3]).all()
    assert baseline.cumulative[2] == pytest.approx(0.5 + 1.0)


def test_the_interval_of_kaplan_meier_equals_lifelines():
    outcome, _ = simulated(rounded=0)
    fit = KaplanMeierFitter().fit(outcome.time_months, outcome.event)
    low, high = cumulative_incidence(outcome).interval([20.0])
    expected = fit.confidence_interval_.loc[:20.0].iloc[-1]
    assert (1 - high[0], 1 - low[0]) == pytest.approx(tuple(expected), abs=1e-9)


@given(st.integers(1, 60))
def test_where_everybody_had_the_event_the_incidence_is_one(n):
    curve = cumulative_incidence(Survival(np.arange(1.0, n + 1), np.ones(n)))
    assert curve.at(n) == 1.0
    assert curve.interval(n) == (1.0, 1.0)


def test_a_baseline_without_events_is_undefined():
    with pytest.raises(UndefinedEstimateError, match="at least one event"):
        breslow_baseline(Survival([1, 2], [0, 0]), [0.0, 0.0])


def test_kaplan_meier_equals_lifelines_with_ties():
    outcome, _ = simulated(rounded=-1)
    expected = KaplanMeierFitter().fit(outcome.time_months, outcome.event)
    times = [5, 20, 33.3, 60]
    np.testing.assert_allclose(kaplan_meier(outcome).at(times), expected.predict(times).to_numpy(), atol=1e-12)


def test_incidence_without_competing_deaths_is_one_minus_kaplan_meier():
    outcome, _ = simulated(rounded=-1)
    times = [10, 30, 60]
    np.testing.assert_allclose(cumulative_incidence(outcome).at(times), 1 - kaplan_meier(outcome).at(times), atol=1e-12)


def test_incidence_and_its_variance_equal_lifelines_where_no_times_are_tied():
    outcome, _ = simulated(150, seed=3)
    competing = ~outcome.event & (np.random.default_rng(1).random(150) < 0.4)
    causes = np.where(outcome.event, 1, np.where(competing, 2, 0))
    fit = AalenJohansenFitter(calculate_variance=True).fit(outcome.time_months, causes, event_of_interest=1)
    ours = cumulative_incidence(outcome, competing)
    theirs = fit.cumulative_density_.iloc[1:, 0]
    np.testing.assert_allclose(ours.at(theirs.index), theirs.to_numpy(), atol=1e-9)
    variance = np.ravel(fit.variance_)[1:]
    known = np.isfinite(variance)  # theirs divides by zero where the last patient at risk leaves
    assert known.sum() >= len(variance) - 1
    np.testing.assert_allclose(ours.variance[known], variance[known], atol=1e-9)


def test_incidences_of_all_causes_and_survival_sum_to_one_with_ties():
    outcome, _ = simulated(rounded=-1)
    competing = ~outcome.event & (np.arange(len(outcome)) % 3 == 0)
    times = np.arange(0, 90, 10.0)
    disease = cumulative_incidence(outcome, competing).at(times)
    other = cumulative_incidence(Survival(outcome.time_months, competing), outcome.event).at(times)
    any_cause = kaplan_meier(Survival(outcome.time_months, outcome.event | competing)).at(times)
    np.testing.assert_allclose(disease + other + any_cause, 1.0, atol=1e-12)


def test_both_events_in_one_patient_are_refused():
    with pytest.raises(OutcomeError, match="both"):
        cumulative_incidence(Survival([1, 2], [1, 0]), [True, False])


def test_perfect_and_useless_predictions_have_their_known_scores():
    outcome = Survival([10, 20, 80, 90], [1, 1, 0, 0])
    assert brier_score(outcome, [0, 0, 1, 1], 60) == 0.0
    assert brier_score(outcome, [0.5] * 4, 60) == pytest.approx(0.25)
    assert dynamic_auc(outcome, [4, 3, 2, 1], 60) == 1.0
    assert dynamic_auc(outcome, [1, 1, 1, 1], 60) == 0.5


def test_auc_and_brier_equal_scikit_survival():
    sksurv = pytest.importorskip("sksurv.metrics", reason="scikit-survival is an optional extra")
    from sksurv.util import Surv

    outcome, risk = simulated(300, seed=5)
    surv = Surv.from_arrays(outcome.event, outcome.time_months)
    times = [12.0, 36.0, 60.0]
    expected, _ = sksurv.cumulative_dynamic_auc(surv, surv, risk, times)
    np.testing.assert_allclose([dynamic_auc(outcome, risk, t) for t in times], expected, atol=1e-10)
    predicted = breslow_baseline(outcome, risk).survival(risk, times)
    _, brier = sksurv.brier_score(surv, surv, predicted, times)
    np.testing.assert_allclose(
        [brier_score(outcome, predicted[:, k], t) for k, t in enumerate(times)], brier, atol=1e-10
    )
    integrated = sksurv.integrated_brier_score(surv, surv, predicted, times)
    assert integrated_brier_score(outcome, predicted, times) == pytest.approx(integrated, abs=1e-10)


def test_an_auc_without_cases_or_controls_is_undefined():
    with pytest.raises(UndefinedEstimateError, match="no event within"):
        dynamic_auc(Survival([70, 80], [1, 0]), [1, 2], 60)
    with pytest.raises(UndefinedEstimateError, match="followed beyond"):
        dynamic_auc(Survival([10, 20], [1, 0]), [1, 2], 60)
