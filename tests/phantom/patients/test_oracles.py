"""What the true factors are worth: every input a part, together more, genes nothing beyond."""

import numpy as np
import pytest

from phantom_cohort import TARGETS
from tumorboard.phantom.patients import oracle, simulate_cohort
from tumorboard.phantom.patients.hazard import DISEASE
from tumorboard.phantom.patients.oracles import concordance_estimate, disease_specific_survival, risk_of
from tumorboard.survival import Survival, harrell_concordance


@pytest.fixture(scope="module")
def large():
    """A cohort large enough for concordances to two digits."""
    return simulate_cohort(10_000, 20)


@pytest.fixture(scope="module")
def answers(large):
    """Its oracles."""
    return oracle(large)


@pytest.mark.parametrize("name", TARGETS)
def test_oracles_lie_where_they_are_stated(answers, name):
    low, high = TARGETS[name]
    assert low <= answers[name]["value"] <= high
    assert answers[name]["ci95"][0] < answers[name]["value"] < answers[name]["ci95"][1]


def test_fusing_images_gains_and_clinical_factors_gain_over_images(answers):
    single = max(answers[name]["value"] for name in ("tiles_10x", "tiles_5x", "scan"))
    assert answers["all_images"]["value"] > single + 0.08
    assert answers["clinical_and_images"]["value"] > answers["clinical"]["value"] + 0.05
    assert answers["true_log_hazard"]["value"] > answers["clinical_and_images"]["value"]


def test_genes_add_nothing_to_the_images(answers):
    assert answers["all_images_and_genes"]["value"] <= answers["all_images"]["value"] + 0.002


def test_given_the_truth_no_gene_tells_anything(large):
    truth = large.truth
    survival = DISEASE.survival(truth["disease_months"].to_numpy(), truth["log_hazard"].to_numpy())
    for altered in (*large.alterations.mutated, *(large.alterations.calls != 0)):
        if altered.sum() > 100:
            error = np.sqrt(1 / 12 / altered.sum())  # survival at the own death is uniform, given the hazard
            assert abs(survival[altered].mean() - 0.5) < 4.5 * error


def test_a_small_cohort_is_judged_by_models_fitted_elsewhere():
    few = simulate_cohort(60, 5)
    before = risk_of("all_images", few)
    few.clinical["dss_event"] = 1 - few.clinical["dss_event"]
    np.testing.assert_array_equal(before, risk_of("all_images", few))


def test_no_death_leaves_a_reason_instead_of_a_number():
    estimate = concordance_estimate(Survival([1.0, 2.0], [0, 0]), np.array([0.1, 0.2]))
    assert estimate.value is None
    assert estimate.reason


def test_a_missing_slide_or_scan_costs_the_images_some_concordance(answers):
    available = answers["all_images_where_available"]["value"]
    assert max(answers[name]["value"] for name in ("tiles_10x", "tiles_5x", "scan")) < available
    assert available < answers["all_images"]["value"] - 0.005


def test_without_slide_and_scan_the_available_images_tell_nothing(large):
    people = large.people
    without = ~people.has_slide & (people.scan == "none")
    assert without.sum() > 10
    assert set(risk_of("all_images_where_available", large)[without]) == {0.0}


def test_the_true_log_hazard_tells_more_than_any_input(large):
    outcome = disease_specific_survival(large)
    best = harrell_concordance(outcome, large.truth["log_hazard"]).value
    for name in ("all_images", "clinical", "clinical_and_images"):
        assert harrell_concordance(outcome, risk_of(name, large)).value < best
