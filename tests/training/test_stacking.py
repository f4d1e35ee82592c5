"""Stacked risks: weights come from patients that were held out, and what says nothing gets none."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from scipy.stats import spearmanr
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv
from small_training_study import ids, settings_of, severity_of, task_of, write_study

from tumorboard.cohort.files import read_folds
from tumorboard.errors import SettingsError, StudyError, UserError
from tumorboard.inputs import CLINICAL_NUMBERS, StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.saving import load_model
from tumorboard.network.settings import HeadSettings
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.fold import predict_fold
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.reference import FoldReference
from tumorboard.study.files import write_parquet
from tumorboard.study.training_settings import READINGS
from tumorboard.survival import Survival
from tumorboard.training.fold import train_fold
from tumorboard.training.readings import ReadingObjective
from tumorboard.training.stacking import PARTS, PRIOR_SD, learn_weights, parts_of
from tumorboard.training.stage import StagePlan
from tumorboard.training.task import roles_of

STACKED = {"fusion": "stacked risks"}
TABLES = STACKED | {"modalities": ["genes", "clinical"]}


def plan_of(patients):
    return StagePlan("scan", ("scan",), 3, tuple(f"P{number}" for number in range(patients)), ())


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 99))
def test_each_patient_is_held_out_once_and_every_network_learns_from_an_event(event, seed):
    event = np.array(event, dtype=bool)
    plan = plan_of(len(event))
    parts = parts_of(plan, event, np.random.default_rng(seed))
    if event.sum() < 2 or len(event) < 4:
        assert parts == []
        return
    assert len(parts) == min(PARTS, event.sum())
    assert sorted(patient for part in parts for patient in part.held_out) == sorted(plan.fit)
    happened = dict(zip(plan.fit, event, strict=True))
    for part in parts:
        assert set(part.plan.fit) | set(part.held_out) == set(plan.fit)
        assert not set(part.plan.fit) & set(part.held_out)
        assert any(happened[patient] for patient in part.plan.fit)
        assert len(part.plan.fit) > 1


def cohort_of(patients, seed, effects):
    """Return what modalities say of patients, each standard normal, and an outcome that follows their effects."""
    random = np.random.default_rng(seed)
    names = [f"P{number}" for number in range(patients)]
    said = {name: random.normal(size=patients) for name in effects}
    hazard = np.exp(sum(effect * said[name] for name, effect in effects.items()))
    time = random.exponential(1 / hazard) + 0.001
    outcome = Survival(np.minimum(time, 1.5), time < 1.5)
    told = {
        name: {patient: np.array([value]) for patient, value in zip(names, own, strict=True)}
        for name, own in said.items()
    }
    return names, told, outcome


def test_weights_are_those_of_a_ridge_cox_model():
    names, told, outcome = cohort_of(150, 3, {"scan": 1.0, "genes": 0.6})
    weights, together = learn_weights(told, names, outcome)
    columns = np.array([[told[modality][patient][0] for modality in told] for patient in names])
    spread = columns.std(axis=0)
    reference = CoxPHSurvivalAnalysis(alpha=1 / PRIOR_SD**2, ties="efron")
    reference.fit(columns / spread, Surv.from_arrays(outcome.event, outcome.time_months))
    found = np.array([weights[modality].scale[0] for modality in told])
    np.testing.assert_allclose(found * spread, reference.coef_, rtol=2e-3)
    np.testing.assert_allclose(together, columns @ found)
    np.testing.assert_allclose([weights[modality].share for modality in told], found * spread)


def test_a_risk_that_says_the_contrary_counts_nothing_and_a_reading_may():
    names, told, outcome = cohort_of(200, 5, {"scan": 1.0, "genes": -0.8})
    weights, _ = learn_weights(told, names, outcome)
    assert weights["scan"].scale[0] > 0
    assert weights["genes"].scale == (0.0,)
    nothing = {patient: np.array([0.0, value[0]]) for patient, value in told["genes"].items()}
    weights, _ = learn_weights(told | {"genes": nothing}, names, outcome)
    assert weights["genes"].scale[0] == 0
    assert weights["genes"].scale[1] < 0


@settings(max_examples=15)
@given(st.floats(0.01, 100), st.integers(0, 9))
def test_units_of_a_risk_do_not_matter(factor, seed):
    names, told, outcome = cohort_of(80, seed, {"scan": 0.8, "genes": 0.5})
    weights, together = learn_weights(told, names, outcome)
    scaled = {patient: value * factor for patient, value in told["scan"].items()}
    others, same = learn_weights(told | {"scan": scaled}, names, outcome)
    np.testing.assert_allclose(same, together, atol=1e-3)
    assert others["scan"].share == pytest.approx(weights["scan"].share, abs=1e-3)


def test_what_few_patients_have_is_not_believed_at_once():
    names, told, outcome = cohort_of(200, 8, {"scan": 1.0, "genes": 1.0})
    few = dict(list(told["scan"].items())[:8])
    weights, _ = learn_weights(told | {"scan": few}, names, outcome)
    assert weights["scan"].share < weights["genes"].share / 2


def test_nobody_and_no_event_weigh_nothing():
    names, told, outcome = cohort_of(30, 1, {"scan": 1.0})
    weights, together = learn_weights(told, names, Survival(outcome.time_months, np.zeros(30, dtype=bool)))
    assert weights["scan"].scale == (0.0,)
    assert not together.any()
    weights, together = learn_weights({"scan": {}}, names, outcome)
    assert weights == {}
    assert together.tolist() == [0.0] * 30


def train(folder, run, network, training=None, report=lambda _: None, *, keep=False):
    if not keep:
        shutil.rmtree(folder.cache, ignore_errors=True)
    return train_fold(*task_of(folder, run, network, {"alone_epochs": 4} | (training or {})), report)


def further(path):
    return json.loads((path / "config.json").read_text())["further"]


@pytest.mark.parametrize("encoders", ["frozen", "tuned alone", "fine-tuned"])
def test_a_stacked_fold_is_the_weighted_sum_of_what_each_modality_learned_alone(study, encoders):
    path = train(study, f"stacked-{encoders.replace(' ', '-')}", STACKED, {"encoders": encoders, "alone_epochs": 1})
    about, model = further(path), load_model(path)
    assert [stage["stage"] for stage in about["stages"]] == ["tiles_10x", "scan", "genes", "together"]
    assert about["stages"][-1]["epochs"] == 1
    fusion = model.network.fusion
    for name, own in about["stacking"].items():
        assert fusion.weighing(name).scale.tolist() == pytest.approx(own["scale"])
        assert own["scale"][0] >= 0
    fold = FoldInputs.from_config(task_of(study, "any")[1], about)
    patients = [patient for patient in ids(18) if fold.present([patient]).all()]
    batch = {name: torch.cat([fold.read(name, patient, [0]) for patient in patients]) for name in fold.modalities}
    with torch.inference_mode():
        network = model.network.eval()
        said = network(batch, torch.ones(len(patients), 3, dtype=torch.bool))
        added = sum(fusion.part(name, network.embed(name, batch[name])) for name in batch)
    torch.testing.assert_close(said.output, added)
    torch.testing.assert_close(said.weights.sum(dim=1), torch.ones(len(patients)))


def test_what_tells_who_dies_early_counts(study):
    """In the small study a scan's brightness is the severity."""
    network = STACKED | {"modalities": ["scan", "clinical"], "readings": ["scan size"], "hidden": []}
    training = {"encoders": "frozen", "alone_epochs": 60, "learning_rate": 0.01}
    stacking = further(train(study, "bearing", network, training))["stacking"]
    assert stacking["scan"]["share"] > 0.1


@pytest.mark.parametrize("stop_after", [2, 9, 12, 17])
def test_a_stopped_stacking_goes_on_to_the_same_bytes(study, stop_after):
    whole = (train(study, "whole-tables", TABLES) / "model.safetensors").read_bytes()
    told = []

    def stop(progress):
        told.append(progress)
        if len(told) == stop_after:
            raise InterruptedError

    shutil.rmtree(study.cache, ignore_errors=True)
    with pytest.raises(InterruptedError):
        train(study, f"stopped-{stop_after}", TABLES, report=stop)
    rest = []
    path = train(study, f"stopped-{stop_after}", TABLES, report=rest.append, keep=True)
    assert (path / "model.safetensors").read_bytes() == whole
    assert any(progress.stage.startswith("weighing") for progress in rest)


def test_a_single_modality_is_weighed_too(study):
    about = further(train(study, "single", STACKED | {"modalities": ["genes"]}))
    assert [stage["stage"] for stage in about["stages"]] == ["genes", "together"]
    assert list(about["stacking"]) == ["genes"]


def test_a_scan_learns_to_tell_the_size_of_the_tumour(study):
    """In the small study the size is 4 cm and the severity, which brightens the scan."""
    network = STACKED | {"modalities": ["scan"], "readings": ["scan size"], "hidden": []}
    path = train(study, "sizes", network, {"encoders": "frozen", "alone_epochs": 60, "learning_rate": 0.01})
    model, about = load_model(path), further(path)
    assert model.network.fusion.readings == {"scan": ("size",)}
    assert len(about["stacking"]["scan"]["scale"]) == 2
    fold = FoldInputs.from_config(task_of(study, "any")[1], about)
    fit = fit_patients(study)
    test = [patient for patient in ids(18) if patient not in fit]
    with torch.inference_mode():
        own = torch.cat([model.network.eval().embed("scan", fold.read("scan", patient, [0])) for patient in test])
        told = model.network.fusion.outputs("scan", own)[:, 1]
    severity = dict(zip(ids(18), severity_of(18), strict=True))
    assert spearmanr(told.numpy(), [severity[patient] for patient in test]).statistic > 0.6


def fit_patients(study):
    task, inputs = task_of(study, "any")
    return roles_of(task, read_folds(study, inputs.patients.reset_index(drop=True), by_site=False))["fit"]


def test_names_of_readings_are_those_of_clinical_values():
    assert READINGS == CLINICAL_NUMBERS


def test_readings_that_cannot_be_learned_are_said(study):
    network = STACKED | {"modalities": ["scan"], "readings": ["scan necrosis"]}
    with pytest.raises(StudyError, match=r"cannot learn to tell necrosis.*unknown"):
        train(study, "unknown-reading", network)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"fusion": "stacked risks", "head": "five-year status"}, "log-risk"),
        ({"readings": ["scan size"]}, "stacked risks"),
        ({"fusion": "stacked risks", "readings": ["genes size"]}, "genes size"),
        ({"fusion": "stacked risks", "readings": ["scan volume"]}, "scan volume"),
        ({"fusion": "stacked risks", "readings": ["scan size"], "modalities": ["genes"]}, "does not name"),
    ],
)
def test_settings_that_do_not_fit_are_said(network, words):
    with pytest.raises(UserError, match=words):
        settings_of(network)


def test_stacking_needs_stages_of_one_modality(study):
    with pytest.raises(SettingsError, match="learned alone"):
        train(study, "no-stages", TABLES, {"alone_epochs": 0})


def test_repeats_deal_the_patients_anew_and_take_over_the_stages_alone(study):
    network, frozen = STACKED | {"modalities": ["scan"]}, {"encoders": "frozen"}
    once, often = [], []
    train(study, "once", network, frozen, once.append)
    train(study, "often", network, frozen | {"weighing_repeats": 3}, often.append, keep=True)
    assert [progress.epoch for progress in often if progress.stage == "scan"] == [4]  # taken over, at once
    weighed = [(progress.epoch, progress.epochs) for progress in often if progress.stage == "weighing scan"]
    assert list(dict.fromkeys(weighed)) == [(number, 15) for number in range(1, 16)]
    assert once[-1].fit_loss != often[-1].fit_loss  # of other parts, held out


def parts_in(folder):
    """Return what was said of those who were held out, by the file that keeps it."""
    read = {path.name: load_file(path) for path in (folder.cache / "stages").glob("scan-*.safetensors")}
    return [tensors["held_out"].numpy() for tensors in read.values() if "held_out" in tensors]


def test_what_is_said_of_a_patient_who_is_held_out_does_not_hang_on_the_patients_outcome(tmp_path):
    folder = write_study(tmp_path)
    network, training = STACKED | {"modalities": ["scan"]}, {"encoders": "frozen"}
    train(folder, "before", network, training)
    before = parts_in(folder)
    patient = next(own for own in sorted(fit_patients(folder)) if number_of(own) % 3)  # who had an event
    cohort = pd.read_parquet(folder.cohort)
    cohort.loc[cohort["patient_id"] == patient, "time_months"] = 500.0
    write_parquet(folder.cohort, cohort)
    train(folder, "after", network, training)
    after = parts_in(folder)
    assert len(before) == len(after) == PARTS
    same = [any(np.array_equal(own, other) for other in after) for own in before]
    assert same.count(True) == 1  # the part that the patient is held out in


def number_of(patient):
    return int(patient[1:])


def test_curves_rest_on_patients_who_were_held_out(study):
    path = train(study, "curves", STACKED | {"modalities": ["scan", "genes"]}, {"encoders": "frozen"})
    task, inputs = task_of(study, "curves")
    folds = read_folds(study, inputs.patients.reset_index(drop=True), by_site=False)
    predict_fold(path, inputs, folds[(folds["repeat"] == 0) & (folds["fold"] == 0)], months=[12.0])
    told, used = further(path)["baseline"], FoldReference.read(path).baseline.to_json()
    assert (told["months"], told["cumulative_hazard"]) == (used["months"], used["cumulative_hazard"])
    own = FoldReference.fit(HeadSettings(), *fit_risks(path, inputs, task), [], 60.0).baseline.to_json()
    assert own["cumulative_hazard"] != used["cumulative_hazard"]


def fit_risks(path, inputs, task):
    model = load_model(path)
    reader = FoldInputs.from_config(inputs, model.further)
    patients = [patient for patient in fit_patients(task.folder) if reader.present([patient]).any()]
    risks = [
        risk_over_combinations(model.network, encode_patient(model.network, reader, patient, ImageChoice())).mean
        for patient in patients
    ]
    return risks, inputs.outcome(patients)


def test_a_network_that_tells_nothing_of_others_says_so(tmp_path):
    folder = write_study(tmp_path)
    cohort = pd.read_parquet(folder.cohort)
    fit = sorted(fit_patients(folder))
    cohort.loc[cohort["patient_id"].isin(fit), "event"] = 0.0
    cohort.loc[cohort["patient_id"] == fit[0], "event"] = 1.0
    write_parquet(folder.cohort, cohort)
    told = []
    path = train(folder, "nothing", TABLES, report=told.append)
    assert further(path)["stacking"] == {}
    assert "everybody gets the same risk" in told[-1].warning


def test_a_fold_whose_fit_patients_lack_a_modality_goes_without_its_readings(tmp_path):
    folder = write_study(tmp_path, without_scan=ids(18)[1:])
    scanned = {**STACKED, "modalities": ["scan", "genes"], "readings": ["scan size"]}
    task, inputs = task_of(folder, "few", scanned, {"alone_epochs": 1, "encoders": "frozen"})
    roles = [
        (fold, "P00" in roles_of(replace(task, fold=fold), pd.read_parquet(folder.folds))["fit"]) for fold in range(3)
    ]
    without = next(fold for fold, has in roles if not has)
    assert list(further(train_fold(replace(task, fold=without), inputs, lambda _: None))["stacking"]) == ["genes"]


def test_another_coding_of_a_reading_is_another_stage(tmp_path):
    """Patients who have genes and no scan change the mean of all sizes, which the scan's reading is measured by."""
    folder = write_study(tmp_path, without_scan={"P00", "P05", "P10"})
    training = {"encoders": "frozen"}
    readings = {"readings": ["scan size"]}
    train(folder, "one", STACKED | {"modalities": ["scan"]} | readings, training)
    kept = set((folder.cache / "stages").glob("scan-*"))
    train(folder, "two", STACKED | {"modalities": ["scan", "genes"]} | readings, training, keep=True)
    assert len(set((folder.cache / "stages").glob("scan-*"))) == 2 * len(kept)


def test_readings_are_learned_from_embeddings_of_half_precision(study):
    """As attention over tile features gives them under autocast."""
    network = STACKED | {"modalities": ["scan"], "readings": ["scan size"], "hidden": []}
    model = load_model(train(study, "half", network, {"encoders": "frozen", "alone_epochs": 1})).network
    settings = settings_of(network)
    fit = [patient for patient in sorted(fit_patients(study)) if number_of(patient) < 9]
    inputs = FoldInputs.fit(StudyInputs.open(study, settings), settings, fit)
    objective = ReadingObjective(model, inputs, fit, torch.device("cpu"))
    embeddings = {"scan": torch.zeros(len(fit), model.widths["scan"], dtype=torch.bfloat16)}
    loss = objective.added_to(torch.zeros(()), embeddings, torch.arange(len(fit)))
    assert loss.dtype == torch.float32
    assert float(loss.detach()) > 0
