"""The worked cases and the cut-offs of the published scores, one by one."""

import pytest

from tumorboard.clinical import ScoreSettings, score_patient
from tumorboard.clinical.assure import assure_dfs_group, assure_dfs_points, assure_os_group, assure_os_points
from tumorboard.clinical.grant import grant_group, grant_points
from tumorboard.clinical.imdc import imdc_points, risk_group
from tumorboard.clinical.leibovich import leibovich_group, leibovich_points
from tumorboard.clinical.mskcc import mskcc_points
from tumorboard.clinical.ssign import ssign_group, ssign_points
from tumorboard.clinical.staging import stage_group
from tumorboard.clinical.uiss import uiss_group
from tumorboard.errors import UserError


@pytest.mark.parametrize(
    ("t", "n", "m", "grade", "ecog", "group"),
    [
        ("1", 0, 0, 2, 0, "low"),
        ("1", 0, 0, 3, 0, "intermediate"),
        ("1", 0, 0, 2, 1, "intermediate"),
        ("3", 0, 0, 1, 1, "intermediate"),
        ("3", 0, 0, 3, 1, "high"),
        ("3", 0, 0, 2, 1, "high"),
        ("3", 0, 0, 4, 0, "intermediate"),
        ("2", 0, 0, 4, 0, "intermediate"),
        ("2", 0, 0, 1, 0, "intermediate"),
        ("4", 0, 0, 1, 0, "high"),
        ("1", 1, 0, 4, 3, "met-low"),
        ("1", 2, 0, 2, 0, "met-low"),
        ("1", 2, 0, 4, 1, "met-high"),
        ("1", 2, 0, 3, 0, "met-intermediate"),
        ("1", 0, 1, 2, 0, "met-low"),
        ("1", 0, 1, 2, 1, "met-intermediate"),
        ("1", 0, 1, 4, 0, "met-intermediate"),
        ("1", 0, 1, 4, 1, "met-high"),
        ("1", 1, 1, 4, 1, "met-high"),
    ],
)
def test_uiss(t, n, m, grade, ecog, group):
    assert uiss_group(t, n, m, grade, ecog) == group


@pytest.mark.parametrize(
    ("t", "n", "m", "size", "grade", "necrosis", "points", "group"),
    [
        ("3a", 0, 0, 8, 3, True, 7, "7-9"),
        ("1a", 0, 0, 3, 2, False, 0, "0-2"),
        ("3b", 1, 1, 9, 4, True, 15, ">=10"),
        ("1b", 0, 0, 4.99, 1, False, 0, "0-2"),
        ("1b", 0, 0, 5, 1, False, 2, "0-2"),
        ("2", 0, 0, 8, 1, False, 3, "3-4"),
        ("1", 2, 0, 3, 4, False, 5, "5-6"),
        ("4", 0, 0, 8, 4, True, 7, "7-9"),
    ],
)
def test_ssign(t, n, m, size, grade, necrosis, points, group):
    assert ssign_points(t, n, m, size, grade, necrosis) == points
    assert ssign_group(points) == group


@pytest.mark.parametrize(("chosen", "points"), [(0, (7, 7)), (4, (11, 11))])
def test_ssign_of_pt4_is_the_users_choice_and_warned_of(chosen, points):
    patient = {"t": "4", "n": 0, "m": 0, "size_cm": 8, "grade": 4, "necrosis": True}
    result = score_patient(patient, ScoreSettings(ssign_pt4_points=chosen))["ssign"]
    assert result.points == points
    assert "pT4" in result.notes[0]
    assert f"{chosen} was taken" in result.notes[0]


@pytest.mark.parametrize(
    ("t", "n", "size", "grade", "necrosis", "points", "group"),
    [
        ("1a", 0, 3, 2, False, 0, "low"),
        ("3a", 0, 11, 4, True, 9, "high"),
        ("1b", 0, 5, 3, False, 3, "intermediate"),
        ("2b", 0, 10, 1, False, 4, "intermediate"),
        ("2a", 0, 9.9, 1, False, 3, "intermediate"),
        ("4", 2, 11, 4, True, 11, "high"),
        ("1b", 0, 5, 2, False, 2, "low"),
        ("3", 0, 5, 2, True, 5, "intermediate"),
        ("3", 1, 5, 2, False, 6, "high"),
    ],
)
def test_leibovich(t, n, size, grade, necrosis, points, group):
    assert leibovich_points(t, n, size, grade, necrosis) == points
    assert leibovich_group(points) == group


@pytest.mark.parametrize(
    ("age", "t", "n", "grade", "points", "group"),
    [
        (65, "3b", 0, 3, 3, "unfavourable"),
        (60, "3a", 0, 2, 0, "favourable"),
        (60.5, "3a", 0, 2, 1, "favourable"),
        (50, "3c", 0, 3, 2, "unfavourable"),
        (61, "4", 1, 4, 4, "unfavourable"),
    ],
)
def test_grant(age, t, n, grade, points, group):
    assert grant_points(age, t, n, grade) == points
    assert grant_group(points) == group


@pytest.mark.parametrize(
    ("n", "size", "histology", "grade", "necrosis", "vessels", "points"),
    [
        (0, 7, "favourable", 3, False, False, 0),
        (0, 7.1, "favourable", 3, False, False, 1.5),
        (0, 10, "clear cell", 3, False, False, 6),
        (0, 10.1, "clear cell", 3, False, False, 7),
        (0, 5, "unfavourable", 4, False, False, 7.5),
        (1, 12, "unfavourable", 4, True, True, 15.5),
    ],
)
def test_assure_dfs(n, size, histology, grade, necrosis, vessels, points):
    assert assure_dfs_points(n, size, histology, grade, necrosis, vessels) == points


@pytest.mark.parametrize(
    ("age", "n", "size", "histology", "grade", "necrosis", "points"),
    [
        (51, 0, 7, "favourable", 3, False, 0),
        (52, 0, 7, "favourable", 3, False, 1),
        (60, 0, 7.1, "favourable", 3, False, 2.5),
        (61, 0, 10.1, "clear cell", 3, False, 8),
        (61, 1, 12, "unfavourable", 4, True, 14.5),
    ],
)
def test_assure_os(age, n, size, histology, grade, necrosis, points):
    assert assure_os_points(age, n, size, histology, grade, necrosis) == points


@pytest.mark.parametrize(
    ("group_of", "bounds"),
    [
        (assure_dfs_group, [(0, "low"), (5.5, "low"), (6, "intermediate"), (8, "intermediate"), (8.5, "high")]),
        (assure_os_group, [(0, "low"), (4.5, "low"), (5, "intermediate"), (7, "intermediate"), (7.5, "high")]),
        (ssign_group, [(2, "0-2"), (3, "3-4"), (4, "3-4"), (5, "5-6"), (7, "7-9"), (9, "7-9"), (10, ">=10")]),
        (risk_group, [(0, "favourable"), (1, "intermediate"), (2, "intermediate"), (3, "poor"), (6, "poor")]),
    ],
)
def test_cut_offs(group_of, bounds):
    assert [group_of(points) for points, _ in bounds] == [group for _, group in bounds]


@pytest.mark.parametrize(
    ("inputs", "points"),
    [
        ((80, 1.0, "normal", "normal", "normal", "normal"), 0),
        ((79, 1.0, "high", "low", "low", "low"), 1),
        ((90, 0.99, "low", "normal", "normal", "normal"), 2),
        ((70, 0.5, "low", "high", "high", "high"), 6),
    ],
)
def test_imdc(inputs, points):
    assert imdc_points(*inputs) == points


@pytest.mark.parametrize(
    ("inputs", "points"),
    [
        ((80, "normal", "normal", "normal", 1.0), 0),
        ((90, "high", "high", "low", 1.0), 1),
        ((70, "high", "low", "high", 0.5), 5),
    ],
)
def test_mskcc(inputs, points):
    assert mskcc_points(*inputs) == points


@pytest.mark.parametrize(
    ("t", "n", "m", "stage"),
    [
        ("1a", 0, 0, "I"), ("1", 0, 0, "I"), ("2b", 0, 0, "II"), ("1b", 1, 0, "III"), ("2", 1, 0, "III"),
        ("3a", 0, 0, "III"), ("3c", 1, 0, "III"), ("4", 0, 0, "IV"), ("1a", 0, 1, "IV"), ("4", 1, 1, "IV"),
    ],
)  # fmt: skip
def test_stage(t, n, m, stage):
    assert stage_group(t, n, m) == stage


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: leibovich_points("1", 0, 3, 2, False),
        lambda: grant_points(50, "3", 0, 2),
        lambda: ssign_points("1a", 0, 0, float("nan"), 2, False),
        lambda: ssign_points("1a", 0, 0, 3, 5, False),
        lambda: ssign_points("1a", 0, 0, 3, 2, None),
        lambda: grant_points(float("nan"), "1a", 0, 2),
        lambda: stage_group("1a", "x", 0),
        lambda: uiss_group("1a", 0, 0, 2, 5),
        lambda: imdc_points(0, 1, "normal", "normal", "normal", "normal"),
        lambda: mskcc_points(90, "unknown", "normal", "normal", 2),
        lambda: assure_dfs_points(0, 3, "oncocytoma", 2, False, False),
    ],
)
def test_a_wrong_or_unknown_input_is_refused(wrong):
    with pytest.raises(UserError):
        wrong()
