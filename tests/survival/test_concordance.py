"""Concordance: worked pairs, agreement with other libraries, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index

from tumorboard.errors import OutcomeError, UndefinedEstimateError
from tumorboard.survival import ConcordancePairs, Survival, harrell_concordance, uno_concordance


@st.composite
def cohorts(draw, smallest=2, largest=60):
    """Patients with many ties in time and in risk."""
    n = draw(st.integers(smallest, largest))
    times = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    events = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    risks = draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n))
    return Survival(np.array(times, float), events), np.array(risks, float)


def by_definition(outcome, risk, strata=None):
    """Every pair looked at, one by one."""
    concordant = discordant = tied = 0
    for i in range(len(outcome)):
        for j in range(len(outcome)):
            if strata is not None and strata[i] != strata[j]:
                continue
            later = outcome.time_months[j] > outcome.time_months[i]
            censored_then = outcome.time_months[j] == outcome.time_months[i] and not outcome.event[j]
            if outcome.event[i] and (later or censored_then):
                concordant += risk[i] > risk[j]
                discordant += risk[i] < risk[j]
                tied += risk[i] == risk[j]
    return concordant, discordant, tied


@given(cohorts())
def test_counts_every_pair_as_defined(cohort):
    outcome, risk = cohort
    pairs = harrell_concordance(outcome, risk)
    assert (pairs.concordant, pairs.discordant, pairs.tied) == by_definition(outcome, risk)


@given(cohorts(), st.integers(2, 4))
def test_within_folds_only_pairs_of_a_fold_count(cohort, folds):
    outcome, risk = cohort
    strata = np.arange(len(outcome)) % folds
    pairs = harrell_concordance(outcome, risk, strata=strata)
    assert (pairs.concordant, pairs.discordant, pairs.tied) == by_definition(outcome, risk, strata)


@given(cohorts(smallest=5))
def test_agrees_with_lifelines_with_ties(cohort):
    outcome, risk = cohort
    pairs = harrell_concordance(outcome, risk)
    if pairs.comparable:
        expected = concordance_index(outcome.time_months, -risk, outcome.event)
        assert pairs.value == pytest.approx(expected, abs=1e-12)


@given(cohorts(), st.randoms())
def test_order_of_rows_time_scale_and_monotone_risks_change_nothing(cohort, random):
    outcome, risk = cohort
    rows = list(range(len(outcome)))
    random.shuffle(rows)
    moved = Survival(outcome.time_months[rows] * 30.4375, outcome.event[rows])
    assert harrell_concordance(moved, np.exp(risk[rows] / 3)) == harrell_concordance(outcome, risk)


@given(cohorts())
def test_turning_the_risk_round_mirrors_the_concordance(cohort):
    outcome, risk = cohort
    pairs, mirrored = harrell_concordance(outcome, risk), harrell_concordance(outcome, -risk)
    assert (pairs.concordant, pairs.discordant) == (mirrored.discordant, mirrored.concordant)


@given(cohorts(), st.integers(0, 2**31))
@settings(max_examples=50)
def test_a_bootstrap_replicate_is_the_concordance_of_the_drawn_patients(cohort, seed):
    outcome, risk = cohort
    drawn = np.random.default_rng(seed).integers(0, len(outcome), len(outcome))
    multiplicity = np.bincount(drawn, minlength=len(outcome)).astype(np.int32)[:, None]
    sums = ConcordancePairs(outcome, risk).replicate_sums(multiplicity)[:, 0]
    assert tuple(sums) == by_definition(outcome[drawn], risk[drawn])


def test_uno_with_little_censoring_before_tau_equals_harrell_up_to_tau():
    outcome = Survival([2, 4, 6, 8, 30, 30, 30], [1, 1, 1, 1, 0, 0, 0])
    risk = [3.0, 5.0, 1.0, 2.0, 0.0, 4.0, 1.5]
    assert uno_concordance(outcome, risk, 20).value == harrell_concordance(outcome, risk).value


def test_uno_equals_scikit_survival():
    sksurv = pytest.importorskip("sksurv.metrics", reason="scikit-survival is an optional extra")
    from sksurv.util import Surv

    rng = np.random.default_rng(7)
    time, event, risk = rng.exponential(40, 300), rng.random(300) < 0.4, rng.normal(size=300)
    surv = Surv.from_arrays(event, time)
    expected = sksurv.concordance_index_ipcw(surv, surv, risk, tau=60)[0]
    assert uno_concordance(Survival(time, event), risk, 60).value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("times", "events"), [([5, 5, 5], [1, 1, 1]), ([1, 2, 3], [0, 0, 0]), ([4], [1]), ([], [])], ids=str
)
def test_no_comparable_pair_is_a_named_failure(times, events):
    with pytest.raises(UndefinedEstimateError, match="no comparable pair"):
        _ = harrell_concordance(Survival(times, events), np.zeros(len(times))).value


def test_arrays_that_disagree_are_told_with_both_lengths():
    with pytest.raises(OutcomeError, match="'event' has 2 values but 'time_months' has 3"):
        Survival([1, 2, 3], [1, 0])
    with pytest.raises(OutcomeError, match=r"shape \(2,\) but there are 3"):
        harrell_concordance(Survival([1, 2, 3], [1, 0, 1]), [1, 2])


@pytest.mark.parametrize(
    ("times", "events", "message"),
    [
        ([-1, 2], [1, 0], "negative"),
        ([np.nan, 2], [1, 0], "not finite"),
        ([1, 2], [1, 2], "0 or 1"),
        ([[1], [2]], [1, 0], "one-dimensional"),
    ],
)
def test_outcomes_that_cannot_be_are_refused(times, events, message):
    with pytest.raises(OutcomeError, match=message):
        Survival(times, events)
