"""Values computed by R packages on lung, rotterdam and their splits.

The reference file keeps four decimals of every value, inputs included. Agreement to 1e-6 is therefore asked where both
sides are whole (the files of time-dependent Cox models are, but this library computes no time-dependent covariates);
elsewhere the tolerance is the rounding of the value (5e-5) plus what the rounding of the inputs can move.

Not compared, because this library does not compute them: incident/dynamic AUC, standard errors of AUC(t), Weibull
likelihoods, Cox models with time-dependent covariates, survAUC's Brier score (its censoring weights ignore follow-up)
and survAUC's UnoC (it agrees with survC1, by Uno's own group, on none of the six data sets).
"""

import json

import numpy as np
import pytest

from tumorboard.survival import (
    Survival,
    brier_score,
    censoring_survival,
    dynamic_auc,
    harrell_concordance,
    integrated_brier_score,
    kaplan_meier,
    log_partial_likelihood,
)
from tumorboard.survival.concordance import weighted_concordance

ROUNDING = 5.001e-5


@pytest.fixture(scope="module")
def reference(real_data):
    folder = real_data / "survival_reference" / "torchsurv_benchmark_data"
    return lambda name: json.loads((folder / f"benchmark_{name}.json").read_text())


def test_kaplan_meier_equals_r_survival(reference):
    for case in reference("kaplan_meier"):
        curve = kaplan_meier(Survival(case["time"], case["status"]))
        np.testing.assert_allclose(curve.at(case["times"]), case["surv_prob_survival"], rtol=0, atol=ROUNDING)


def test_censoring_weights_equal_pec(reference):
    for case in reference("ipcw"):
        outcome = Survival(case["time"], case["status"])
        uncensored = censoring_survival(outcome)
        np.testing.assert_allclose(1 / uncensored.at(case["times"]), case["ipcw_times"], rtol=0, atol=ROUNDING)
        probability = uncensored.at(outcome.time_months)
        reached = probability > 0  # the reference writes 0 where the weight is infinite
        expected = np.asarray(case["ipcw_subjectimes"])
        np.testing.assert_allclose(1 / probability[reached], expected[reached], rtol=0, atol=ROUNDING)
        assert (expected[~reached] == 0).all()


def censored_just_before(outcome: Survival) -> Survival:
    """The same patients, censorings at the time of an event taken as before it: several R packages do so."""
    return Survival(np.where(outcome.event, outcome.time_months, outcome.time_months - 1e-6), outcome.event)


@pytest.fixture
def splits(reference):
    def read(name):
        return [(case, Survival(case["test_time"], case["test_status"])) for case in reference(name)]

    return read


def test_harrell_equals_r_survival(splits):
    for case, outcome in splits("cindex"):
        value = harrell_concordance(outcome, case["estimate"]).value
        assert value == pytest.approx(case["c_Harrell_survival"][0], abs=ROUNDING)


def test_harrell_equals_survcomp_which_leaves_ties_out(splits):
    for case, outcome in splits("cindex"):
        pairs = harrell_concordance(censored_just_before(outcome), case["estimate"])
        value = pairs.concordant / (pairs.concordant + pairs.discordant)
        assert value == pytest.approx(case["c_Harrell_survcomp"][0], abs=ROUNDING)


def test_uno_equals_survc1_in_its_conventions(splits):
    # survC1 pairs strictly later times only, and its censoring curve does not put events before censorings
    for case, outcome in splits("cindex"):
        tau = max(case["times"])
        censoring = kaplan_meier(Survival(outcome.time_months, ~outcome.event))
        leading = outcome.event & (outcome.time_months < tau)
        weight = np.zeros(len(outcome))
        weight[leading] = censoring.before(outcome.time_months[leading]) ** -2
        pairs = weighted_concordance(censored_just_before(outcome), case["estimate"], event_weight=weight)
        assert pairs.value == pytest.approx(case["c_Uno_survC1"][0], abs=ROUNDING)


def _numbers(values):
    return [(k, value) for k, value in enumerate(values) if isinstance(value, int | float)]


def test_dynamic_auc_equals_riskregression(splits):
    for case, outcome in splits("auc"):
        for k, expected in _numbers(case["auc_cd_Uno_riskRegression"]):
            value = dynamic_auc(outcome, case["estimate"], case["times"][k])
            assert value == pytest.approx(expected, abs=ROUNDING)


def test_dynamic_auc_with_weights_of_the_training_patients_equals_survauc(splits):
    compared = 0
    for case, outcome in splits("auc"):
        training = Survival(case["train_time"], case["train_status"])
        latest = np.min(training.time_months[~training.event])  # past the first censoring tie the packages part
        for k, expected in _numbers(case["auc_cd_survAUC"]):
            if case["times"][k] < latest:
                value = dynamic_auc(outcome, case["estimate"], case["times"][k], reference=training)
                assert value == pytest.approx(expected, abs=ROUNDING)
                compared += 1
    assert compared > 20


def test_brier_score_equals_survmetrics_in_its_conventions(splits):
    for case, outcome in splits("brier_score"):
        predicted = np.asarray(case["estimate"])
        reference = censored_just_before(outcome)
        for k, expected in _numbers(case["brier_score_survMetrics"]):
            value = brier_score(outcome, predicted[:, k], case["times"][k], reference=reference)
            assert value == pytest.approx(expected, abs=2 * ROUNDING)  # the predictions are rounded too


def test_integrated_brier_score_follows_from_its_parts(splits):
    for case, outcome in splits("brier_score"):
        predicted, times = np.asarray(case["estimate"]), np.asarray(case["times"], dtype=float)
        scores = [brier_score(outcome, predicted[:, k], time) for k, time in enumerate(times)]
        by_hand = sum((b - a) * (x + y) / 2 for a, b, x, y in zip(times, times[1:], scores, scores[1:], strict=False))
        expected = by_hand / (times[-1] - times[0])
        assert integrated_brier_score(outcome, predicted, times) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "ties", "suffix"),
    [
        ("cox_with_ties", "efron", "_efron"),
        ("cox_with_ties", "breslow", "_breslow"),
        ("cox_without_ties", "efron", ""),
        ("cox_without_ties", "breslow", ""),
    ],
)
def test_log_partial_likelihood_equals_r_survival(reference, name, ties, suffix):
    for case in reference(name):
        outcome = Survival(case["time"], case["status"])
        log_risk = np.asarray(case[f"log_hazard{suffix}"][0])
        value = log_partial_likelihood(outcome, log_risk, ties=ties)
        assert value == pytest.approx(case[f"log_likelihood{suffix}"][0], abs=_rounding_effect(outcome, log_risk, ties))


def _rounding_effect(outcome, log_risk, ties):
    """What rounding each log-risk at the fourth decimal can move: five standard deviations, to first order."""
    base = log_partial_likelihood(outcome, log_risk, ties=ties)
    step = 1e-5
    slopes = []
    for k in range(len(outcome)):
        moved = log_risk.copy()
        moved[k] += step
        slopes.append((log_partial_likelihood(outcome, moved, ties=ties) - base) / step)
    return 5 * ROUNDING / np.sqrt(3) * float(np.linalg.norm(slopes)) + ROUNDING
