"""What an unknown, contradictory or borrowed input does to a score."""

import pytest

from tumorboard.clinical import SCORE_NAMES, ScoreSettings, score_patient
from tumorboard.errors import SettingsError, UserError

LOCALISED = {
    "age_years": 65, "t": "1b", "n": 0, "m": 0, "grade": 2, "size_cm": 6, "necrosis": 0, "ecog": 0,
    "histology": "clear cell", "vascular_invasion": 0,
}  # fmt: skip
METASTATIC = {
    "t": "3a", "n": 0, "m": 1, "karnofsky": 90, "years_to_treatment": 2, "haemoglobin": "normal", "calcium": "normal",
    "neutrophils": "normal", "platelets": "normal", "ldh": "normal",
}  # fmt: skip


def test_keys_and_json():
    scores = score_patient({})
    expected = ["uiss", "ssign", "leibovich_2003", "grant", "assure_dfs", "assure_os", "imdc", "mskcc", "stage"]
    assert list(scores) == list(SCORE_NAMES) == expected
    assert scores["ssign"].to_json()["points"] == [0, 15]
    assert scores["assure_dfs"].to_json()["points"] == [0, 15.5]
    assert scores["uiss"].to_json()["points"] is None
    assert scores["stage"].to_json()["group"] == ["I", "II", "III", "IV"]
    assert set(scores["stage"].to_json()) == {"points", "group", "missing", "proxy", "notes"}


def test_complete_inputs_are_exact_and_clean():
    scores = score_patient(LOCALISED)
    for name in ("uiss", "ssign", "leibovich_2003", "grant", "assure_dfs", "assure_os", "stage"):
        assert scores[name].exact, name
        assert (scores[name].missing, scores[name].proxy, scores[name].notes) == ((), (), ()), name


@pytest.mark.parametrize(
    ("score", "inputs", "points", "group", "missing"),
    [
        # a T1 without its letter is 0 or 2 points in Leibovich, and nothing is open in SSIGN
        ("leibovich_2003", {**LOCALISED, "t": "1"}, (0, 2), ("low",), ("t",)),
        ("ssign", {**LOCALISED, "t": "1"}, (2, 2), ("0-2",), ()),
        ("grant", {**LOCALISED, "t": "3"}, (1, 2), ("favourable", "unfavourable"), ("t",)),
        ("uiss", {**LOCALISED, "t": "4", "ecog": None}, None, ("high",), ()),
        ("uiss", {**LOCALISED, "ecog": None}, None, ("low", "intermediate"), ("ecog",)),
        ("uiss", {**LOCALISED, "n": "x"}, None, ("low", "met-low"), ("n",)),
        ("stage", {**LOCALISED, "n": "x"}, None, ("I", "III"), ("n",)),
        ("stage", {"t": "4"}, None, ("IV",), ()),
        ("stage", {"m": "1"}, None, ("IV",), ()),
        ("ssign", {**LOCALISED, "m": "x", "necrosis": None}, (2, 8), ("0-2", "3-4", "5-6", "7-9"), ("m", "necrosis")),
        ("assure_dfs", {**LOCALISED, "histology": None}, (0, 5.5), ("low",), ("histology",)),
        ("leibovich_2003", {**LOCALISED, "m": None}, (2, 2), ("low",), ("m",)),
        ("imdc", {**METASTATIC, "neutrophils": None}, (0, 1), ("favourable", "intermediate"), ("neutrophils",)),
        ("imdc", {**METASTATIC, "m": None}, (0, 0), ("favourable",), ("m",)),
        ("mskcc", {**METASTATIC, "ldh": "high"}, (0, 1), ("favourable", "intermediate"), ("ldh",)),
        ("mskcc", {**METASTATIC, "ldh": "low"}, (0, 0), ("favourable",), ()),
        ("mskcc", {**METASTATIC, "calcium": "high"}, (1, 1), ("intermediate",), ()),
        ("imdc", {**METASTATIC, "karnofsky": 0}, (0, 1), ("favourable", "intermediate"), ("karnofsky",)),
        # Karnofsky is not guessed from ECOG
        ("imdc", {**METASTATIC, "karnofsky": None, "ecog": 0}, (0, 1), ("favourable", "intermediate"), ("karnofsky",)),
        ("ssign", {**LOCALISED, "t": "2", "size_cm": 0.7}, (1, 3), ("0-2", "3-4"), ("size_cm",)),
        ("ssign", {**LOCALISED, "t": "1a", "size_cm": 0.7}, (0, 0), ("0-2",), ()),
        ("ssign", {**LOCALISED, "t": "1a", "size_cm": 20}, (0, 2), ("0-2",), ("size_cm",)),
        ("ssign", {**LOCALISED, "t": None, "size_cm": 20}, (2, 4), ("0-2", "3-4"), ("t",)),
    ],
)
def test_intervals(score, inputs, points, group, missing):
    result = score_patient(inputs)[score]
    assert (result.points, result.group, result.missing) == (points, group, missing)


@pytest.mark.parametrize("inputs", [{**METASTATIC, "karnofsky": 0}, {**LOCALISED, "t": "3b", "size_cm": 0.7}])
def test_coding_faults_are_told(inputs):
    scores = score_patient(inputs)
    told = [note for result in scores.values() for note in result.notes]
    assert any("taken as unknown" in note for note in told)


@pytest.mark.parametrize("score", ["leibovich_2003", "grant", "assure_dfs", "assure_os"])
def test_scores_of_localised_disease_do_not_apply_to_m1(score):
    result = score_patient({**LOCALISED, "m": 1})[score]
    assert result.to_json()["points"] is None
    assert result.group == ()
    assert "M1" in result.notes[0]


@pytest.mark.parametrize("score", ["imdc", "mskcc"])
def test_scores_of_metastatic_disease_do_not_apply_to_m0(score):
    result = score_patient({**METASTATIC, "m": 0})[score]
    assert (result.points, result.group, result.missing) == (None, (), ())
    assert "M0" in result.notes[0]


def test_nx_is_n0_only_when_asked_for_and_then_a_proxy():
    patient = {**LOCALISED, "n": "NX", "m": "mx"}
    assert score_patient(patient)["stage"].missing == ("n", "m")
    stage = score_patient(patient, ScoreSettings(nx_as_n0=True, mx_as_m0=True))["stage"]
    assert (stage.group, stage.missing, stage.proxy) == (("I",), (), ("n", "m"))
    assert any("NX" in note for note in stage.notes)
    empty = score_patient({**LOCALISED, "n": None}, ScoreSettings(nx_as_n0=True))["stage"]
    assert empty.missing == ("n",)


def test_n1_of_later_editions_is_a_proxy_in_uiss_alone():
    assert score_patient({**LOCALISED, "n": 1})["uiss"].proxy == ("n",)
    assert score_patient({**LOCALISED, "n": 1, "tnm_edition": 8})["uiss"].proxy == ("n",)
    assert score_patient({**LOCALISED, "n": 1, "tnm_edition": 5})["uiss"].proxy == ()
    assert score_patient({**LOCALISED, "n": 2})["uiss"].proxy == ()
    assert score_patient({**LOCALISED, "n": 1})["ssign"].proxy == ()


def test_n2_is_possible_in_editions_that_had_it():
    patient = {**LOCALISED, "n": "x", "grade": 4, "ecog": 1}
    assert "met-high" not in score_patient({**patient, "tnm_edition": 7})["uiss"].group
    for edition in (5, None):
        for n in ("x", None):
            assert "met-high" in score_patient({**patient, "n": n, "tnm_edition": edition})["uiss"].group
    assert score_patient(patient, ScoreSettings(nx_as_n0=True))["uiss"].group == ("intermediate",)


def test_isup_grade_is_a_proxy():
    scores = score_patient({**LOCALISED, "grade_system": "ISUP"})
    marked = {name for name, result in scores.items() if result.proxy == ("grade",)}
    assert marked == {"uiss", "ssign", "leibovich_2003", "grant", "assure_dfs", "assure_os"}
    assert not score_patient({**LOCALISED, "grade_system": "Fuhrman"})["ssign"].proxy


def test_declared_proxies_reach_every_score_that_uses_them():
    scores = score_patient({**LOCALISED, "proxies": "necrosis: sampled block; ecog"})
    assert scores["ssign"].proxy == scores["leibovich_2003"].proxy == ("necrosis",)
    assert scores["ssign"].notes == ("necrosis is a proxy: sampled block",)
    assert scores["uiss"].proxy == ("ecog",)
    assert scores["grant"].proxy == ()


@pytest.mark.parametrize(
    "inputs",
    [{"t": "5"}, {"grade": 0}, {"size_cm": -1}, {"size_cm": "big"}, {"ecog": 1.5}, {"necrosis": 2}, {"proxies": "x"},
     {"size_cm": float("inf")}],
)  # fmt: skip
def test_bad_inputs_are_refused(inputs):
    with pytest.raises(UserError, match=next(iter(inputs))):
        score_patient(inputs)


def test_settings_refuse_other_points():
    with pytest.raises(SettingsError):
        ScoreSettings(ssign_pt4_points=2)
