"""From risks to absolute survival: Breslow's baseline, discrete time, averages over folds."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.network.settings import HeadSettings
from tumorboard.prediction.curves import Baseline, mean_curve, survival_between_edges
from tumorboard.prediction.reference import FoldReference
from tumorboard.survival import Survival

# deaths at 2 and 5 months among patients whose hazards are 1, 1, 2 and 1 times the baseline
OUTCOME = Survival([2.0, 3.0, 5.0, 8.0], [1, 0, 1, 0])
LOG_RISK = np.log([1.0, 1.0, 2.0, 1.0])


def test_the_worked_case_of_breslow():
    baseline = Baseline.fit(OUTCOME, LOG_RISK)
    at_2, at_5 = 1 / 5, 1 / 5 + 1 / 3
    curve = baseline.survival([0.0, np.log(2)], [1.9, 2, 4, 5, 8])
    np.testing.assert_allclose(curve[0], np.exp([0, -at_2, -at_2, -at_5, -at_5]))
    np.testing.assert_allclose(curve[1], curve[0] ** 2)


def test_nothing_is_said_beyond_the_follow_up():
    curve = Baseline.fit(OUTCOME, LOG_RISK).survival([0.0], [8.0, 8.1])
    assert np.isfinite(curve[0, 0])
    assert np.isnan(curve[0, 1])


@given(st.lists(st.floats(-1000, 1000), min_size=4, max_size=4), st.floats(-1000, 1000))
def test_any_log_risk_gives_a_falling_curve_between_0_and_1(log_risk, risk):
    curve = Baseline.fit(OUTCOME, log_risk).survival([risk], np.linspace(0, 8, 20))[0]
    assert curve[0] == 1
    assert ((curve >= 0) & (curve <= 1)).all()
    assert (np.diff(curve) <= 0).all()


def test_a_constant_added_to_all_log_risks_changes_no_curve():
    months = np.linspace(0, 8, 9)
    plain = Baseline.fit(OUTCOME, LOG_RISK).survival(LOG_RISK, months)
    shifted = Baseline.fit(OUTCOME, LOG_RISK + 7).survival(LOG_RISK + 7, months)
    np.testing.assert_allclose(shifted, plain)


def test_discrete_time_runs_straight_between_its_edges_and_ends_at_the_last():
    curve = survival_between_edges((12.0, 36.0), [[0.8, 0.5]], [0, 6, 12, 24, 36, 37])[0]
    np.testing.assert_allclose(curve[:5], [1, 0.9, 0.8, 0.65, 0.5])
    assert np.isnan(curve[5])


def test_a_five_year_status_is_told_at_its_landmark_alone():
    reference = FoldReference.fit(HeadSettings(kind="five-year status"), LOG_RISK, OUTCOME, [0.0], 60.0)
    curve = reference.survival(HeadSettings(kind="five-year status"), 0.3, [0.7, 0.3], [0, 12, 60])
    np.testing.assert_array_equal(curve, [1, np.nan, 0.7])


def test_the_mean_of_folds_says_nothing_where_one_of_them_does_not():
    np.testing.assert_array_equal(mean_curve([np.array([1, 0.8]), np.array([0.5, np.nan])]), [0.75, np.nan])


def test_thresholds_and_ranks_come_from_select_patients_alone():
    reference = FoldReference.fit(HeadSettings(), LOG_RISK, OUTCOME, [3.0, 1.0, 2.0], 60.0)
    assert reference.threshold == 2
    assert [reference.is_high(risk) for risk in (2.0, 2.1)] == [False, True]
    assert reference.rank(2.0) == pytest.approx(0.5)
    assert reference.rank(9.0) == 1


def test_without_an_event_or_a_select_patient_there_is_a_risk_and_no_more():
    reference = FoldReference.fit(HeadSettings(), LOG_RISK, Survival([1, 2, 3, 4], [0, 0, 0, 0]), [], 60.0)
    assert reference.baseline is None
    assert reference.threshold is None
    assert reference.is_high(1.0) is None
    assert np.isnan(reference.survival(HeadSettings(), 1.0, [1.0], [12.0])).all()


def test_a_reference_is_the_same_when_read_again():
    reference = FoldReference.fit(HeadSettings(), [*LOG_RISK[:3], 900.0], OUTCOME, [3.0, 1.0], 60.0)
    again = FoldReference.from_json(json.loads(json.dumps(reference.to_json(), allow_nan=False)))
    assert again.to_json() == reference.to_json()
    months = np.linspace(0, 8, 5)
    np.testing.assert_array_equal(
        again.survival(HeadSettings(), 0.2, [0.2], months), reference.survival(HeadSettings(), 0.2, [0.2], months)
    )
