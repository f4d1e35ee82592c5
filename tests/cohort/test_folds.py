"""Folds: nobody on both sides, like numbers of events, the same folds for the same seed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tumorboard.cohort import check_folds, deal_folds
from tumorboard.errors import SettingsError, StudyError
from tumorboard.study.settings import FoldSettings


@st.composite
def cohorts(draw, most_folds=6):
    """Patients with ties in time, some without an endpoint, and settings that they allow."""
    count = draw(st.integers(2, most_folds))
    n = draw(st.integers(3 * count, 60))
    events = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    events[:count] = [True] * count
    times = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    unknown = draw(st.integers(0, 3))
    patients = pd.DataFrame(
        {
            "patient_id": [f"P{k:02d}" for k in range(n + unknown)],
            "time_months": [*map(float, times), *[np.nan] * unknown],
            "event": [*map(float, events), *[np.nan] * unknown],
            "site": [f"S{k % (count + 3)}" for k in range(n + unknown)],
        }
    )
    settings = FoldSettings(
        count=count,
        repeats=draw(st.integers(1, 2)),
        select_share=draw(st.sampled_from([0.05, 0.2, 0.3, 0.45])),
        seed=draw(st.integers(0, 9)),
    )
    return patients, settings


@given(cohorts())
def test_each_patient_is_tested_once_a_repeat_and_has_one_role_in_each_fold(drawn):
    patients, settings = drawn
    folds = deal_folds(patients, settings)
    known = set(patients.loc[patients["time_months"].notna(), "patient_id"])
    for _, repeat in folds.groupby("repeat"):
        assert sorted(repeat.loc[repeat["role"] == "test", "patient_id"]) == sorted(known)
        for _, fold in repeat.groupby("fold"):
            assert sorted(fold["patient_id"]) == sorted(known)
            assert set(fold["role"]) == {"fit", "select", "test"}
    assert len(folds.groupby(["repeat", "fold"])) == settings.repeats * settings.count


@given(cohorts())
def test_events_and_patients_of_test_folds_differ_by_at_most_one(drawn):
    patients, settings = drawn
    folds = deal_folds(patients, settings).merge(patients, on="patient_id")
    tested = folds[folds["role"] == "test"].groupby(["repeat", "fold"])["event"].agg(["sum", "size"])
    for _, repeat in tested.groupby("repeat"):
        assert repeat["sum"].max() - repeat["sum"].min() <= 1
        assert repeat["size"].max() - repeat["size"].min() <= 1


@given(cohorts())
def test_select_share_is_kept_and_events_with_it(drawn):
    patients, settings = drawn
    folds = deal_folds(patients, settings).merge(patients, on="patient_id")
    for _, fold in folds.groupby(["repeat", "fold"]):
        rest = fold[fold["role"] != "test"]
        select = rest[rest["role"] == "select"]
        assert abs(len(select) - settings.select_share * len(rest)) <= 1
        assert abs(select["event"].sum() - len(select) * rest["event"].mean()) <= 1


@given(cohorts(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(drawn, random):
    patients, settings = drawn
    order = list(range(len(patients)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(deal_folds(patients, settings), deal_folds(patients.iloc[order], settings))


@given(cohorts(most_folds=4))
def test_by_site_a_sites_patients_stay_together(drawn):
    patients, settings = drawn
    assume(settings.count > 2)  # two folds may leave a single site to learn from, which is an error of its own
    folds = deal_folds(patients, settings.model_copy(update={"group_by_site": True})).merge(patients, on="patient_id")
    assert folds.groupby(["repeat", "fold", "site"])["role"].nunique().max() == 1
    tested = folds[folds["role"] == "test"].groupby(["repeat", "patient_id"]).size()
    assert set(tested) == {1}


def test_two_folds_by_site_that_leave_one_site_to_learn_from_are_refused():
    site = ["S0", "S0", "S1", "S2", "S3", "S4"]
    names = [f"P{k}" for k in range(6)]
    patients = pd.DataFrame({"patient_id": names, "time_months": 1.0, "event": [1, 1, 1, 0, 0, 0], "site": site})
    with pytest.raises(SettingsError, match="leaves only site S0 to fit and select on"):
        deal_folds(patients, FoldSettings(count=2, repeats=1, group_by_site=True))


@pytest.fixture
def patients():
    rng = np.random.default_rng(5)
    event = np.r_[np.ones(20), np.zeros(30)]
    site = [f"S{k % 7}" for k in range(50)]
    names = [f"P{k:02d}" for k in range(50)]
    return pd.DataFrame({"patient_id": names, "time_months": rng.uniform(1, 99, 50), "event": event, "site": site})


def test_same_seed_same_folds_other_seed_other_folds(patients):
    one, same, other = (deal_folds(patients, FoldSettings(seed=seed)) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert (one["role"] != other["role"]).any()
    first, second = (one[one["repeat"] == k].reset_index(drop=True) for k in (0, 1))
    assert (first["role"] != second["role"]).any()


@pytest.mark.parametrize(
    ("settings", "change", "said"),
    [
        (FoldSettings(count=21), {}, "21 folds need at least as many events, but 50 patients have 20"),
        (FoldSettings(count=7, group_by_site=True), {}, "need more than 7 sites, but there are 7"),
        (FoldSettings(group_by_site=True), {"site": None}, "50 patients have no site"),
    ],
)
def test_too_few_for_what_is_asked(patients, settings, change, said):
    with pytest.raises(SettingsError, match=said):
        deal_folds(patients.assign(**change), settings)


def test_doctored_folds_are_refused(patients):
    by_site = FoldSettings(count=3, repeats=2, group_by_site=True)
    folds = deal_folds(patients, by_site)
    check_folds(folds, patients)
    is_test = folds["role"] == "test"
    first_test, first_fit = folds.index[is_test][0], folds.index[folds["role"] == "fit"][0]
    one_fold = (folds["repeat"] == 0) & (folds["fold"] == 0)
    doctored = {
        "the column role is missing": folds.drop(columns="role"),
        "a role is none of fit, select, test": folds.assign(role="train"),
        "have two roles in one fold": pd.concat([folds, folds.loc[[first_test]].assign(role="fit")]),
        "1 patients have two roles": pd.concat([folds, folds.loc[[first_fit]]]),
        "not every patient is a test patient": folds.assign(role=folds["role"].where(folds.index != first_test, "fit")),
        "a patient is missing from a fold": folds.drop(index=first_fit),
        "a fold has no select patient": folds.assign(role=folds["role"].where(~one_fold | is_test, "fit")),
    }
    for said, table in doctored.items():
        with pytest.raises(StudyError, match=said):
            check_folds(table)


@pytest.mark.parametrize("roles", [("fit", "test"), ("fit", "select")])
def test_a_site_on_two_sides_is_refused(patients, roles):
    folds = deal_folds(patients, FoldSettings(count=3, repeats=1, group_by_site=True))
    one_fold = folds[folds["fold"] == 0].set_index("patient_id")["role"]
    mine, theirs = (one_fold.index[one_fold == role][0] for role in roles)
    sites = patients.set_index("patient_id")["site"]
    leaky = patients.assign(site=patients["site"].where(patients["patient_id"] != theirs, sites[mine]))
    check_folds(folds)
    with pytest.raises(StudyError, match="is on both sides of a fold"):
        check_folds(folds, leaky)
