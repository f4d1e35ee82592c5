"""The status at a landmark, and each bound of what a size and a performance status can be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.clinical import score_patient
from tumorboard.cohort.endpoints import choose_endpoint, landmark_status
from tumorboard.cohort.plausibility import find_follow_up_in_days, treat_impossible_as_missing

outcomes = st.lists(st.tuples(st.floats(0, 200) | st.just(60.0) | st.none(), st.sampled_from([0.0, 1.0, None])))


@given(outcomes, st.sampled_from([12.0, 36.0, 60.0]))
def test_every_known_patient_is_dead_alive_or_excluded(rows, landmark):
    frame = pd.DataFrame(rows, columns=["time", "event"], dtype=float)
    status = landmark_status(frame["time"], frame["event"], landmark)
    for time, event, label in zip(frame["time"], frame["event"], status, strict=True):
        if np.isnan(time) or np.isnan(event):
            assert pd.isna(label)
        elif time > landmark:
            assert label == "alive"
        else:
            assert label == ("dead" if event else "excluded")


def outcome(dss_time, dss_event, os_time, os_event):
    values = {"dss_time_months": dss_time, "dss_event": dss_event, "os_time_months": os_time, "os_event": os_event}
    row = pd.DataFrame({name: [value] for name, value in values.items()}, dtype=float)
    return choose_endpoint(row, "DSS", 60.0).iloc[0]


def test_a_time_or_an_event_alone_is_no_endpoint():
    for dss_time, dss_event in ((10, None), (None, 1)):
        row = outcome(dss_time, dss_event, 10, 1)
        assert row[["time_months", "event", "competing", "landmark_status"]].isna().all()


def test_a_death_of_something_else_competes_and_a_later_one_does_not():
    assert outcome(30, 0, 30.04, 1)["competing"] == 1
    assert outcome(30, 0, 40, 1)["competing"] == 0
    assert outcome(30, 1, 30, 1)["competing"] == 0
    assert outcome(30, 0, None, None)["competing"] == 0


def judged(t, size_cm=np.nan, karnofsky=np.nan):
    table = pd.DataFrame({"t": pd.Series([t], dtype="string"), "size_cm": [size_cm], "karnofsky": [karnofsky]})
    kept, findings = treat_impossible_as_missing(table.astype({"size_cm": float, "karnofsky": float}))
    return kept.iloc[0], [finding.kind for finding in findings]


@pytest.mark.parametrize(
    ("t", "impossible"),
    [
        ("1", [14, 20]), ("1a", [8, 12]), ("1b", [2, 0.7, 14]), ("2", [3.5, 0.7]), ("2a", [3.5, 20]),
        ("2b", [5, 0.9]), ("3", [1]), ("3a", [0.1]), ("3b", [0.7]), ("3c", [1]), ("4", [1]),
    ],
)  # fmt: skip
def test_a_size_that_misses_the_stage_by_a_factor_of_two_is_missing(t, impossible):
    for size in impossible:
        kept, kinds = judged(t, size)
        assert np.isnan(kept["size_cm"])
        assert kinds == ["impossible"]


@pytest.mark.parametrize(
    ("t", "contradictory"),
    [("1", [7.1, 13.9]), ("1a", [4.1, 7.9]), ("1b", [2.1, 3.9, 7.1, 13.9]), ("2", [3.6, 6.9]),
     ("2a", [3.6, 6.9, 10.1, 19.9]), ("2b", [5.1, 9.9])],
)  # fmt: skip
def test_a_size_outside_the_stage_by_less_is_told_and_kept(t, contradictory):
    for size in contradictory:
        kept, kinds = judged(t, size)
        assert kept["size_cm"] == size
        assert kinds == ["contradiction"]


@pytest.mark.parametrize(
    ("t", "plausible"),
    [("1", [0.5, 7]), ("1a", [0.3, 4, 4.05]), ("1b", [4, 5, 7]), ("2", [7, 15]), ("2a", [7, 10]), ("2b", [10, 25]),
     ("3a", [1.1, 20]), ("4", [1.1, 30]), (None, [0.5, 30])],
)  # fmt: skip
def test_a_size_within_the_stage_is_not_remarked_on(t, plausible):
    for size in plausible:
        kept, kinds = judged(t, size)
        assert kept["size_cm"] == size
        assert kinds == []


@given(st.sampled_from(["1", "1a", "1b", "2", "2a", "2b", "3", "3b", "4"]), st.floats(0.1, 40))
def test_a_score_sets_aside_the_same_sizes_as_the_cohort(t, size):
    kept, _ = judged(t, size)
    ssign = score_patient({"t": t, "size_cm": size})["ssign"]
    assert ("size_cm" in ssign.missing) == np.isnan(kept["size_cm"])
    assert any("size_cm cannot be" in note for note in ssign.notes) == np.isnan(kept["size_cm"])


@pytest.mark.parametrize(("median", "found"), [(150, []), (153.6, [("contradiction", "dss_time_months", 3)])])
def test_a_follow_up_that_looks_like_days_is_told(median, found):
    none = pd.Series([np.nan] * 4)
    times = {"dss_time_months": [10, median, 500, np.nan], "os_time_months": none, "pfs_time_months": none}
    findings = find_follow_up_in_days(pd.DataFrame(times))
    assert [(finding.kind, finding.column, finding.patients) for finding in findings] == found
    if found:
        assert findings[0].text == "the median follow-up is 12.8 years: are these days? divide by 30.4375"


def test_karnofsky_zero_is_missing_and_ten_is_not():
    kept, kinds = judged("1a", karnofsky=0)
    assert np.isnan(kept["karnofsky"])
    assert kinds == ["impossible"]
    kept, kinds = judged("1a", karnofsky=10)
    assert kept["karnofsky"] == 10
    assert kinds == []


def test_the_given_table_is_not_changed():
    table = pd.DataFrame({"t": pd.Series(["3b"], dtype="string"), "size_cm": [0.7], "karnofsky": [0.0]})
    before = table.copy()
    treat_impossible_as_missing(table)
    pd.testing.assert_frame_equal(table, before)
