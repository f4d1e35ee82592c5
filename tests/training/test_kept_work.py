"""What runs of a fold share: embeddings of encoders that are trained no more, and stages of one modality alone."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from small_training_study import task_of

from tumorboard.errors import UserError
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.inputs.kept_embeddings import KeptEmbeddings
from tumorboard.network import saving
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.saving import load_model
from tumorboard.prediction import fold as prediction_fold
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.fold import is_predicted, predict_fold
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.training import fold as training_fold
from tumorboard.training.fold import train_fold
from tumorboard.training.task import roles_of

BOTH = {"modalities": ["tiles_10x", "scan"]}
TABLES = {"modalities": ["genes", "clinical"]}


def train(folder, run, network, training):
    return train_fold(*task_of(folder, run, network, training), lambda _: None)


def emptied(study):
    shutil.rmtree(study.cache, ignore_errors=True)


def encoder_of(path, name):
    state = load_model(path).network.state_dict()
    return {key: value for key, value in state.items() if key.startswith(f"encoders.{name}.network.")}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_a_stage_that_is_taken_over_gives_the_model_that_is_trained_without(study):
    emptied(study)
    train(study, "before", {"modalities": ["tiles_10x", "genes"]}, {})
    taken = train(study, "taken", BOTH, {})
    emptied(study)
    anew = train(study, "anew", BOTH, {})
    assert (taken / "model.safetensors").read_bytes() == (anew / "model.safetensors").read_bytes()
    told = [pd.read_csv(path / "history.csv").drop(columns="seconds") for path in (taken, anew)]
    pd.testing.assert_frame_equal(*told)


def test_only_the_same_stage_is_taken_over(study):
    emptied(study)
    train(study, "one", BOTH, {})
    kept = {path.name for path in (study.cache / "stages").iterdir()}
    train(study, "same", BOTH, {"epochs": 3})  # of all together
    assert {path.name for path in (study.cache / "stages").iterdir()} == kept
    for number, other in enumerate(({"seed": 9}, {"alone_epochs": 2}, {"colour_jitter": 0.3})):
        before = len(list((study.cache / "stages").iterdir()))
        train(study, f"other-{number}", BOTH, other)
        assert len(list((study.cache / "stages").iterdir())) == before + 2


def test_what_was_kept_in_an_older_format_is_trained_and_predicted_anew(study, monkeypatch):
    emptied(study)
    task, inputs = task_of(study, "format", TABLES)
    folds = pd.read_parquet(study.folds)
    patients = folds[(folds["repeat"] == 0) & (folds["fold"] == 0)]
    with monkeypatch.context() as before:
        for module in (saving, training_fold):
            before.setattr(module, "FORMAT", 1)
        before.setattr(prediction_fold, "MODEL_FORMAT", 1)
        path = train_fold(task, inputs, lambda _: None)
        predict_fold(path, inputs, patients)
        assert is_predicted(path)
        older = set((study.cache / "stages").iterdir())
    assert not is_predicted(path)
    with pytest.raises(UserError, match="format is 1"):
        load_model(path)
    train_fold(task, inputs, lambda _: None)
    newer = set((study.cache / "stages").iterdir()) - older
    assert len(newer) == len(older) == 2
    assert load_model(path).network.modalities == ("genes", "clinical")
    predict_fold(path, inputs, patients)
    assert is_predicted(path)


def test_a_damaged_stage_is_trained_again(study):
    emptied(study)
    first = train(study, "whole", BOTH, {})
    for path in (study.cache / "stages").iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    again = train(study, "damaged", BOTH, {})
    assert (first / "model.safetensors").read_bytes() == (again / "model.safetensors").read_bytes()


def test_encoders_tuned_alone_do_not_depend_on_the_fusion_or_the_other_modalities(study):
    emptied(study)
    training = {"encoders": "tuned alone", "frozen_epochs": 0}
    alone = train(study, "tuned-one", {"modalities": ["scan"]}, training)
    paths = [alone] + [
        train(study, f"tuned-{number}", BOTH | {"fusion": fusion}, training)
        for number, fusion in enumerate(("gated", "tensor"))
    ]
    encoders = [encoder_of(path, "scan") for path in paths]
    assert same(encoders[0], encoders[1])
    assert same(encoders[0], encoders[2])
    untrained = train(study, "untrained", BOTH, {"encoders": "frozen"})
    assert not same(encoders[0], encoder_of(untrained, "scan"))


@pytest.mark.parametrize("encoders", ["frozen", "tuned alone"])
def test_embeddings_are_standardised_on_fit_patients_who_count_alike(study, encoders):
    emptied(study)
    path = train(study, f"centred-{encoders}".replace(" ", "-"), BOTH, {"encoders": encoders})
    task, inputs = task_of(study)
    model = load_model(path)
    fold = FoldInputs.from_config(inputs, model.further)
    fit = roles_of(task, pd.read_parquet(study.folds))["fit"]
    for name in ("tiles_10x", "scan"):
        means, squares = [], []
        for patient in fit:
            if count := fold.count(name, patient):
                embedded = model.network.embed(name, fold.read(name, patient, range(count))).detach().numpy()
                means.append(embedded.mean(axis=0))
                squares.append((embedded**2).mean(axis=0))
        np.testing.assert_allclose(np.mean(means, axis=0), 0, atol=2e-4)
        assert np.all(np.mean(squares, axis=0) < 1 + 1e-4)
        assert np.median(np.mean(squares, axis=0)) > 0.8  # those that vary least stay below 1


def test_a_patient_is_encoded_the_same_from_pictures_and_from_what_was_kept(study, tmp_path):
    emptied(study)
    path = train(study, "kept", BOTH, {"encoders": "frozen"})
    _, inputs = task_of(study)
    network = load_model(path).network
    fold = FoldInputs.from_config(inputs, load_model(path).further)
    patient = next(one for one in inputs.patients["patient_id"] if fold.count("tiles_10x", one) > 1)
    choice = ImageChoice({"tiles_10x": 1, "scan": 0})
    plain = encode_patient(network, fold, patient, choice)
    for _ in range(2):  # once to keep it, once from there
        kept = {name: KeptEmbeddings(tmp_path, name, network.encoder(name), fold) for name in ("tiles_10x", "scan")}
        found = encode_patient(network, fold, patient, choice, kept=kept)
        assert found.keys() == plain.keys()
        for name, own in found.items():
            torch.testing.assert_close(own, plain[name], atol=1e-5, rtol=1e-4)
        for own in kept.values():
            own.save()
    assert len(kept["tiles_10x"].get(patient)) == fold.count("tiles_10x", patient)


def test_numbers_that_never_vary_stay_finite():
    encoder = PictureEncoder("resnet18", (0.5,), (0.2,))
    encoder.centre_on([torch.ones(2, encoder.width), torch.ones(1, encoder.width)])
    assert torch.equal(encoder.centred(torch.ones(1, encoder.width)), torch.zeros(1, encoder.width))
