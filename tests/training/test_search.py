"""A search of settings: judged on select patients alone, the same trials for a seed, stopped and gone on with."""

import shutil
import sys
import tomllib

import pandas as pd
import pytest
from small_training_study import settings_of

from tumorboard.cli.search import lines_for_study
from tumorboard.errors import SettingsError, StudyError
from tumorboard.inputs import StudyInputs
from tumorboard.pipeline.search import SearchPlan, search_settings
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import parse_settings, settings_template
from tumorboard.training.search import propose, space_of, values_as_set, with_values

pytest.importorskip("optuna", reason="the extra 'search' is not installed")
TABLES = {"modalities": ["genes", "clinical"]}


@pytest.fixture
def copy(study, tmp_path):
    def make(name):
        return StudyFolder(shutil.copytree(study.root, tmp_path / name, ignore=shutil.ignore_patterns("runs", "cache")))

    return make


def settings(**training):
    return settings_of(TABLES, {"learning_rate": 0.01, "alone_epochs": 0} | training)


def tried(found):
    """Return all that must be the same, which durations are not."""
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in found["trials"]]


def test_a_stopped_search_goes_on_to_the_same_trials(copy):
    at_once = search_settings(copy("once"), settings(), SearchPlan(trials=3, folds=(0, 1)))
    stopped = copy("stopped")
    search_settings(stopped, settings(), SearchPlan(trials=2, folds=(0, 1)))
    on = search_settings(stopped, settings(), SearchPlan(trials=3, folds=(0, 1)))
    assert tried(on) == tried(at_once)
    assert at_once["trials"][0]["values"]["training.learning_rate"] == 0.01
    for trial in on["trials"]:
        assert trial["select_c_index"] == pytest.approx(sum(fold["select_c_index"] for fold in trial["folds"]) / 2)
    best = max(trial["select_c_index"] for trial in on["trials"])
    assert on["trials"][on["best"]]["select_c_index"] == best
    assert [path.name for path in (stopped.root / "runs" / "main" / "search").iterdir()] == ["search.json"]


def test_another_seed_tries_other_settings(study):
    space = space_of(settings(), StudyInputs.open(study, settings()))
    assert propose(space, [], 1, 1) == propose(space, [], 1, 1)
    assert propose(space, [], 1, 1) != propose(space, [], 1, 2)
    assert propose(space, [], 1, 1) != propose(space, [], 2, 1)


@pytest.mark.parametrize(("role", "same"), [("test", True), ("select", False)])
def test_outcomes_of_test_patients_change_nothing(copy, role, same):
    plan = SearchPlan(trials=3, folds=(0,))
    folder = copy(role)
    before = search_settings(copy("as-it-is"), settings(epochs=4), plan)
    folds = pd.read_parquet(folder.folds)
    whose = set(folds.loc[(folds["fold"] == 0) & (folds["role"] == role), "patient_id"])
    cohort = pd.read_parquet(folder.cohort)
    rows = cohort["patient_id"].isin(whose)
    cohort.loc[rows, "time_months"] = cohort.loc[rows, "time_months"].to_numpy()[::-1] + 0.01
    cohort.loc[rows, "event"] = 1.0
    cohort.to_parquet(folder.cohort)
    after = search_settings(folder, settings(epochs=4), plan)
    assert (tried(after) == tried(before)) is same


def test_a_loss_that_diverges_is_a_trial_that_is_never_the_best(copy):
    diverging = settings(preset="paper", learning_rate=10.0, momentum=0.99, epochs=60)
    plan = SearchPlan(trials=2, folds=(0,), vary=("learning_rate",))
    found = search_settings(copy("diverging"), diverging, plan)
    first, second = found["trials"]
    assert "the loss is no longer finite" in first["reason"]
    assert (first["select_c_index"], second["reason"]) == (None, "")
    assert found["best"] == 1


def test_trials_of_other_settings_are_not_mixed(copy):
    folder = copy("mixed")
    search_settings(folder, settings(), SearchPlan(trials=1, folds=(0,)))
    on = search_settings(folder, settings(workers=2, tensorboard=False), SearchPlan(trials=1, folds=(0,)))
    assert len(on["trials"]) == 1
    with pytest.raises(StudyError, match="of other seed"):
        search_settings(folder, settings(), SearchPlan(trials=2, folds=(0,), seed=7))
    with pytest.raises(StudyError, match="of other settings"):
        search_settings(folder, settings(batch=4), SearchPlan(trials=2, folds=(0,)))


def test_only_what_makes_a_difference_is_varied(study):
    def varied(network, training, vary=()):
        own = settings_of(network, training)
        return {parameter.setting for parameter in space_of(own, StudyInputs.open(study, own), vary)}

    every = varied({}, {})
    assert every - varied({}, {"encoders": "frozen"}) == {"training.encoder_rate"}
    assert every - varied({"modalities": ["scan"]}, {}) == {"network.fusion", "network.modality_dropout"}
    assert varied({}, {}, ["dropout", "training.weight_decay"]) == {"network.dropout", "training.weight_decay"}
    for unknown in ("batch", "encoder_rate"):
        with pytest.raises(SettingsError, match="cannot be varied here"):
            varied(TABLES, {}, [unknown])


def test_later_trials_gather_where_earlier_ones_were_good(study):
    own = settings()
    (rate,) = space_of(own, StudyInputs.open(study, own), ["training.learning_rate"])
    past = []
    for number in range(40):
        values = propose([rate], past, number, 3)
        assert rate.low <= values[rate.setting] <= rate.high
        past.append((values, -abs(values[rate.setting] - 0.005)))
    far = [-found for _, found in past]
    assert sum(far[-15:]) < 0.8 * sum(far[:15])


def test_the_lines_to_paste_are_what_was_tried(study):
    own = settings_of({}, {"preset": "paper"})
    space = space_of(own, StudyInputs.open(study, own))
    values = values_as_set(own, space)
    assert values["training.learning_rate"] == 0.004
    assert with_values(own, values).training.recipe() == own.training.recipe()
    tried_values = propose(space, [], 5, 1)
    pasted = parse_settings(tomllib.loads(lines_for_study(tried_values)), "study.toml")
    assert values_as_set(pasted, space) == tried_values


@pytest.mark.parametrize(("folds", "clean"), [("0", True), ("0,1", False)])
def test_the_command_says_that_the_best_of_many_is_no_result(copy, run, folds, clean):
    folder = copy("command")
    folder.settings.write_text(settings_template(settings()), encoding="utf-8")
    code, out, _ = run("search", folder.root, "--trials", 2, "--folds", folds)
    assert code == 0
    assert "[training]\nlearning_rate = " in out
    assert "too high by construction" in out
    assert ("of one fold are test patients of another" in out) is not clean
    assert len([line for line in out.splitlines() if line.startswith(("0 best", "1 best"))]) == 1


def test_without_optuna_the_command_that_installs_it_is_told(study, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, out, err = run("search", study.root)
    assert (code, out) == (2, "")
    assert err.endswith("which is not installed. Install it with: pip install 'tumorboard[search]'\n")
    assert err.count("\n") == 1
