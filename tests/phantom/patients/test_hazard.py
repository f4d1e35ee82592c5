"""The stated hazard is the one that the patients die of."""

import numpy as np
import pytest
from scipy.stats import kstest

from tumorboard.phantom.patients import simulate_cohort
from tumorboard.phantom.patients.factors import FACTORS, correlation
from tumorboard.phantom.patients.hazard import DISEASE, formula


@pytest.fixture(scope="module")
def independent():
    """20,000 patients drawn independently."""
    return simulate_cohort(20_000, 3, independent=True)


def test_log_hazard_follows_from_the_table_of_factors(independent):
    stated = formula()["coefficients"]
    truth = independent.truth
    again = sum(coefficient * truth[f"{name}_z"] for name, coefficient in stated.items())
    np.testing.assert_allclose(again, truth["log_hazard"], rtol=0, atol=1e-12)


def test_uncensored_times_follow_the_stated_survival_function(independent):
    truth = independent.truth
    survival = DISEASE.survival(truth["disease_months"].to_numpy(), truth["log_hazard"].to_numpy())
    assert kstest(survival, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(survival, truth["log_hazard"])[0, 1]) < 0.03


def test_a_median_patient_without_risk_dies_at_the_baseline_median():
    median = DISEASE.times(np.array([0.5]), 0.0)
    assert DISEASE.survival(median)[0] == pytest.approx(0.5)
    assert median[0] == pytest.approx(DISEASE.scale_months * np.log(2) ** (1 / DISEASE.shape))


def test_factors_are_standard_normal_and_correlate_as_stated(independent):
    truth = independent.truth
    for factor in FACTORS:
        assert kstest(truth[f"{factor.name}_z"], "norm").pvalue > 0.001
        assert np.corrcoef(truth["severity_z"], truth[f"{factor.name}_z"])[0, 1] == pytest.approx(
            factor.loading, abs=0.03
        )
    for first, second in (("necrosis", "necrotic_core"), ("spread", "volume"), ("architecture", "shape")):
        found = np.corrcoef(truth[f"{first}_z"], truth[f"{second}_z"])[0, 1]
        assert found == pytest.approx(correlation(first, second), abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 7, 230])
def test_what_is_seen_is_what_comes_first(count):
    cohort = simulate_cohort(count, 11)
    truth, seen = cohort.truth, cohort.clinical
    first = truth[["disease_months", "other_months", "censoring_months"]]
    np.testing.assert_allclose(seen["dss_time_months"], np.maximum(first.min(axis=1), 0.03), atol=0.006)
    assert (seen["dss_event"] == (first.idxmin(axis=1) == "disease_months")).all()
    assert (seen["os_event"] == (first.idxmin(axis=1) != "censoring_months")).all()


def test_evenly_spread_draws_have_the_distribution_of_independent_ones(independent):
    even = simulate_cohort(20_000, 3)
    for name in ("log_hazard", "spread_z", "diameter_mm", "disease_months"):
        levels = [0.05, 0.25, 0.5, 0.75, 0.95]
        limits = np.quantile(independent.truth[name], levels)
        below = (even.truth[name].to_numpy()[:, None] <= limits).mean(
            axis=0
        )  # times have a tail too long for distances
        np.testing.assert_allclose(below, levels, rtol=0, atol=0.015)
