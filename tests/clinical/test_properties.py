"""What must hold for every patient: intervals contain all completions, knowledge narrows, worse is never lower."""

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tumorboard.clinical import SCORE_NAMES, SCORES, ScoreSettings, score_patient, score_table, scores_frame
from tumorboard.clinical.size_and_stage import judge_size

VALUES = {
    "age_years": st.sampled_from([20.0, 51.0, 51.5, 60.0, 60.5, 88.0]),
    "t": st.sampled_from(["1a", "1b", "2a", "2b", "3a", "3b", "3c", "4"]),
    "n": st.sampled_from(["0", "1"]),
    "m": st.sampled_from(["0", "1"]),
    "grade": st.sampled_from(["1", "2", "3", "4"]),
    "size_cm": st.sampled_from([0.7, 1.0, 4.9, 5.0, 7.0, 7.1, 9.9, 10.0, 10.1, 25.0]),
    "necrosis": st.sampled_from([0.0, 1.0]),
    "ecog": st.sampled_from([0.0, 1.0, 4.0]),
    "karnofsky": st.sampled_from([10.0, 79.0, 80.0, 100.0]),
    **dict.fromkeys(("haemoglobin", "calcium", "neutrophils", "platelets"), st.sampled_from(["low", "normal", "high"])),
    "ldh": st.sampled_from(["low", "normal"]),
    "years_to_treatment": st.sampled_from([0.0, 0.99, 1.0, 7.0]),
    "histology": st.sampled_from(["clear cell", "favourable", "unfavourable"]),
    "vascular_invasion": st.sampled_from([0.0, 1.0]),
}


def slipped(patient):
    """Whether the size cannot be at the patient's T, so that it counts as unknown once T is known."""
    t, size = patient.get("t"), patient.get("size_cm")
    return size is not None and judge_size(t, size) == "impossible"


WITH_SLIPS = st.fixed_dictionaries(VALUES)
COMPLETE = WITH_SLIPS.filter(lambda patient: not slipped(patient))
KNOWN = st.sets(st.sampled_from(sorted(VALUES)))
CHOICES = st.builds(ScoreSettings, ssign_pt4_points=st.sampled_from([0, 4]))
ANY = st.fixed_dictionaries(
    {name: st.none() | values for name, values in VALUES.items()}
    | {
        "t": st.sampled_from([None, "1", "2", "3", "1a", "2b", "3b", "4"]),
        "n": st.sampled_from([None, "0", "1", "2", "x"]),
        "m": st.sampled_from([None, "0", "1", "x"]),
        "size_cm": st.sampled_from([None, 0.7, 3.0, 5.0, 10.0, 12.0, 20.0]),
        "karnofsky": st.sampled_from([None, 0.0, 70.0, 90.0]),
        "ldh": st.sampled_from([None, "normal", "high"]),
        "tnm_edition": st.sampled_from([None, 5.0, 8.0]),
        "grade_system": st.sampled_from([None, "ISUP", "Fuhrman"]),
        "proxies": st.sampled_from([None, "necrosis", "grade: read again; n"]),
    }
)


def contains(wide, narrow):
    """Whether a result leaves open all that another does."""
    if not narrow.applies:
        return True
    inside = narrow.points is None or (wide.points[0] <= narrow.points[0] and narrow.points[1] <= wide.points[1])
    return inside and set(narrow.group) <= set(wide.group)


@given(COMPLETE, CHOICES)
def test_bins_lie_between_the_cut_offs(patient, choices):
    """A patient's own values, without bins, give the same as the bins' representatives."""
    own = {
        name: int(value) if name in ("n", "m", "grade", "necrosis", "vascular_invasion") else value
        for name, value in patient.items()
    }
    results = score_patient(patient, choices)
    for score in SCORES:
        if score.applies_to_m in (None, own["m"]):
            points, group = score.evaluate(choices, *(own[name] for name in score.inputs))
            assert results[score.name].group == (group,)
            assert results[score.name].points == (None if points is None else (points, points))


@given(COMPLETE, KNOWN, CHOICES)
def test_the_interval_contains_every_completion(patient, known, choices):
    full = score_patient(patient, choices)
    part = score_patient({name: patient[name] for name in known}, choices)
    for name in SCORE_NAMES:
        assert contains(part[name], full[name]), name
        if full[name].applies:
            assert full[name].exact
            assert full[name].missing == ()


@given(WITH_SLIPS, KNOWN, st.sampled_from(sorted(VALUES)))
def test_learning_an_input_never_widens(patient, known, learnt):
    """Only T may widen, and only by taking away a size that cannot be: no more than never to have known the size."""
    lost = {"size_cm"} if slipped({name: patient[name] for name in known | {learnt}}) else set()
    before = score_patient({name: patient[name] for name in known - lost})
    after = score_patient({name: patient[name] for name in known | {learnt}})
    for name in SCORE_NAMES:
        assert contains(before[name], after[name]), name
        assert set(after[name].missing) <= set(before[name].missing), name


@given(COMPLETE, KNOWN)
def test_an_input_is_missing_only_if_unknown_and_an_exact_score_misses_none(patient, known):
    for score in SCORES:
        result = score_patient({name: patient[name] for name in known})[score.name]
        assert set(result.missing) <= set(score.reads) - known
        if result.exact and "m" not in result.missing:
            assert result.missing == ()
        if result.applies and not result.exact:
            assert result.missing


WORSE = {
    "grade": ["1", "2", "3", "4"],
    "t": ["1a", "1b", "2a", "2b", "3a", "3b", "3c", "4"],
    "n": ["0", "1"],
    "size_cm": [3.0, 5.0, 8.0, 10.0, 12.0],
    "necrosis": [0.0, 1.0],
    "age_years": [40.0, 55.0, 70.0],
}


@given(COMPLETE, KNOWN, st.sampled_from(sorted(WORSE)), st.data())
def test_worse_findings_never_lower_the_points(patient, known, finding, data):
    better, worse = sorted(data.draw(st.lists(st.integers(0, len(WORSE[finding]) - 1), min_size=2, max_size=2)))
    # pT4 counts less than pT3 in SSIGN by default; with 4 points it does not
    choices = ScoreSettings(ssign_pt4_points=4)
    rest = {name: patient[name] for name in known} | {"m": "0"}
    low = score_patient(rest | {finding: WORSE[finding][better]}, choices)
    high = score_patient(rest | {finding: WORSE[finding][worse]}, choices)
    assume(not any(slipped(rest | {finding: WORSE[finding][place]}) for place in (better, worse)))
    for name in ("ssign", "leibovich_2003", "grant", "assure_dfs", "assure_os"):
        assert low[name].points[0] <= high[name].points[0], name
        assert low[name].points[1] <= high[name].points[1], name
    for name in ("uiss", "stage"):
        order = next(score.groups for score in SCORES if score.name == name)
        assert order.index(low[name].group[0]) <= order.index(high[name].group[0]), name
        assert order.index(low[name].group[-1]) <= order.index(high[name].group[-1]), name


def test_pt4_counts_less_than_pt3_in_ssign_by_default():
    rest = {"n": 0, "m": 0, "size_cm": 8, "grade": 3, "necrosis": 1}
    assert score_patient(rest | {"t": "4"})["ssign"].points < score_patient(rest | {"t": "3a"})["ssign"].points


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY, min_size=1, max_size=12), st.booleans())
def test_the_table_gives_what_each_patient_gives(patients, as_asked):
    choices = ScoreSettings(nx_as_n0=as_asked, mx_as_m0=as_asked)
    scores = score_table(pd.DataFrame(patients), choices)
    assert len(scores) == len(patients)
    for row, patient in enumerate(patients):
        assert scores.patient(row) == score_patient(patient, choices)


@settings(max_examples=30, deadline=None)
@given(st.lists(ANY, min_size=2, max_size=8), st.randoms())
def test_row_order_does_not_matter(patients, random):
    frame = pd.DataFrame(patients).assign(patient_id=[f"P{row}" for row in range(len(patients))])
    order = list(range(len(patients)))
    random.shuffle(order)
    straight = scores_frame(frame)
    shuffled = scores_frame(frame.iloc[order])
    pd.testing.assert_frame_equal(shuffled, straight.iloc[order])


def test_numbers_for_evaluation():
    patients = [
        {"patient_id": "A", "t": "1a", "n": "0", "m": "0", "grade": "2", "ecog": 0.0},
        {"patient_id": "B", "t": "1a", "n": "0", "m": "1", "grade": "4", "ecog": 1.0},
        {"patient_id": "C", "t": "3", "n": "x", "m": "0", "grade": None, "ecog": None},
    ]
    frame = scores_frame(pd.DataFrame(patients, index=[7, 3, 5]))
    assert list(frame.index) == [7, 3, 5]
    assert list(frame["patient_id"]) == ["A", "B", "C"]
    assert list(frame["uiss_min"]) == [0, 5, 1]
    assert list(frame["uiss_max"]) == [0, 5, 5]
    assert list(frame["uiss_group"]) == ["low", "met-high", ""]
    assert list(frame["stage_min"]) == [1, 4, 3]
    assert list(frame["stage_group"]) == ["I", "IV", "III"]
    assert frame["leibovich_2003_min"].isna().tolist() == [False, True, False]
    assert len(frame.columns) == 1 + 3 * len(SCORE_NAMES)


def test_counts_of_a_table():
    scores = score_table(pd.DataFrame({"patient_id": ["A", "B"], "t": ["4", "1a"], "n": ["0", "0"], "m": ["0", "x"]}))
    counts = scores.count_missing()
    assert counts["m"]["stage"] == 1
    assert counts["grade"]["ssign"] == 2
    assert "t" not in counts
    notes = scores.count_notes()
    assert next(patients for note, patients in notes.items() if "pT4" in note) == 1


def test_an_empty_frame_gives_no_patients():
    scores = score_table(pd.DataFrame({"patient_id": [], "t": []}))
    assert (len(scores), list(scores.records()), len(scores.to_numbers())) == (0, [], 0)


@pytest.mark.parametrize("name", SCORE_NAMES)
def test_published_groups_are_the_scores_groups(name):
    from tumorboard.clinical import imdc, leibovich, mskcc, ssign, uiss

    published = {
        "uiss": uiss.OUTCOMES, "ssign": ssign.OUTCOMES, "leibovich_2003": leibovich.OUTCOMES,
        "imdc": imdc.OUTCOMES, "mskcc": mskcc.OUTCOMES,
    }.get(name, ())  # fmt: skip
    groups = next(score.groups for score in SCORES if score.name == name)
    assert {outcome.group for outcome in published} in ({*groups}, set())
