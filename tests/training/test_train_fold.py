"""A fold's training: the same numbers whatever stops or helps it, and nothing learned from test patients."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from small_training_study import ids, severity_of, task_of, write_scan, write_study, write_tiles

from tumorboard.errors import StudyError, UserError
from tumorboard.inputs import StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.model import MultimodalNetwork
from tumorboard.network.saving import load_model
from tumorboard.store import build_index
from tumorboard.study.files import write_parquet
from tumorboard.training.fold import train_fold
from tumorboard.training.task import roles_of

TILES = {"modalities": ["tiles_10x"]}
TABLES = {"modalities": ["genes", "clinical"], "dropout": 0.2, "modality_dropout": 0.3}


class StoppedError(Exception):
    pass


def silent(_):
    pass


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def history(folder):
    return pd.read_csv(folder / "history.csv")


def further(folder):
    return json.loads((folder / "config.json").read_text())["further"]


def train(folder, run, network=None, training=None, report=silent):
    shutil.rmtree(folder.cache, ignore_errors=True)  # nothing is taken over from another run
    return train_fold(*task_of(folder, run, network, training), report)


@pytest.fixture(scope="module")
def trained(study):
    return train(study, "whole", {"modality_dropout": 0.3}, {"stain_jitter": 0.1})


def test_a_trained_fold_holds_what_prediction_needs(trained, study):
    about = further(trained)
    assert about["modalities"] == ["tiles_10x", "scan", "genes"]
    assert [stage["stage"] for stage in about["stages"]] == ["tiles_10x", "scan", "genes", "together"]
    assert about["patients"]["fit"] + about["patients"]["select"] + about["patients"]["test"] == 18
    assert about["codings"]["genes"]["mutations"] == ["SICK", "NOISE"]
    assert about["size_px"] == {"tiles_10x": 64, "scan": 64}
    assert np.diff(about["baseline"]["cumulative_hazard"]).min() >= 0
    assert about["seen"]["scan"]["pixel_mm"] == [0.7, 0.7]
    table = history(trained)
    assert table["stage"].tolist() == ["tiles_10x", "scan", "genes", "together", "together"]
    assert np.isfinite(table["fit_loss"]).all()
    assert not (trained / "checkpoint.pt").exists()
    model = load_model(trained)
    _, inputs = task_of(study, "whole")
    fold = FoldInputs.from_config(inputs, model.further)
    read = fold.read("scan", "P00", [0, 2])
    assert read.shape == (2, 1, 64, 64)
    assert model.network.embed("scan", read).shape == (2, 16)


def test_neither_threads_nor_another_run_change_the_weights(trained, study):
    again = train(study, "again", {"modality_dropout": 0.3}, {"stain_jitter": 0.1, "workers": 3})
    assert weights(again) == weights(trained)
    other = train(study, "other", {"modality_dropout": 0.3}, {"stain_jitter": 0.1, "seed": 7})
    assert weights(other) != weights(trained)


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
def test_a_stopped_run_goes_on_to_the_same_weights(trained, study, stop_after):
    told = []

    def stop(progress):
        told.append(progress)
        if len(told) == stop_after:
            raise StoppedError

    run = f"stopped-{stop_after}"
    more = ({"modality_dropout": 0.3}, {"stain_jitter": 0.1})
    with pytest.raises(StoppedError):
        train(study, run, *more, stop)
    rest = []
    path = train(study, run, *more, rest.append)
    assert len(rest) <= 5 - stop_after + 1  # the epoch whose checkpoint was passed over, at most, is done again
    assert weights(path) == weights(trained)
    pd.testing.assert_frame_equal(history(path).drop(columns="seconds"), history(trained).drop(columns="seconds"))


@pytest.mark.parametrize("stop_after", [1, 2, 4, 6, 8, 11])
def test_a_run_with_dropout_memory_and_patience_may_stop_in_any_epoch(study, stop_after):
    training = {"epochs": 8, "alone_epochs": 2, "risk_memory": 3, "patience": 3}
    whole = train(study, "tables", TABLES, training)
    told = []

    def stop(progress):
        told.append(progress)
        if len(told) == stop_after:
            raise StoppedError

    run = f"tables-{stop_after}"
    try:
        train(study, run, TABLES, training, stop)
    except StoppedError:
        train(study, run, TABLES, training)
    assert weights(study.root / "runs" / run / "repeat-0-fold-0") == weights(whole)


def test_a_finished_fold_is_left_alone_and_other_settings_train_anew(study):
    told = []
    train(study, "finished", TABLES, None, told.append)
    count = len(told)
    train(study, "finished", TABLES, {"workers": 2}, told.append)
    assert len(told) == count
    train(study, "finished", TABLES, {"epochs": 3}, told.append)
    assert len(told) == 2 * count + 1


def test_a_damaged_checkpoint_means_the_beginning(study):
    path = train(study, "clean", TABLES)
    broken = study.root / "runs" / "broken" / "repeat-0-fold-0"
    broken.mkdir(parents=True)
    (broken / "checkpoint.pt").write_bytes(b"no checkpoint at all")
    assert weights(train(study, "broken", TABLES)) == weights(path)


def encoder_weights(folder):
    state = load_model(folder).network.state_dict()
    return {name: value.numpy() for name, value in state.items() if name.startswith("encoders.")}


@pytest.mark.parametrize("encoders", ["frozen", "fine-tuned"])
def test_frozen_encoders_keep_their_weights_and_statistics(study, encoders):
    training = {"encoders": encoders, "frozen_epochs": 2, "patience": 0, "seed": 3}
    found = [
        encoder_weights(train(study, f"kept-{encoders}-{epochs}", TILES, training | {"epochs": epochs}))
        for epochs in (1, 2, 3)
    ]
    statistics = [name for name in found[0] if "running" in name or "tracked" in name]
    assert len(statistics) == 6
    for name in statistics:  # as a new network has them
        assert (found[1][name] == (1 if name.endswith("var") else 0)).all()
    for name, first in found[0].items():
        np.testing.assert_array_equal(found[1][name], first)
        if name.endswith(("centre", "scale")):  # standardisation, which nothing trains
            continue
        assert (found[2][name] == first).all() == (encoders == "frozen")  # the third epoch trains the others


def test_random_frozen_encoders_are_those_that_were_encoded_with(study):
    path = train(study, "frozen-two", {"modalities": ["tiles_10x", "scan"]}, {"encoders": "frozen"})
    model = load_model(path)
    _, inputs = task_of(study)
    fold = FoldInputs.from_config(inputs, model.further)
    from safetensors import safe_open

    for name in ("tiles_10x", "scan"):
        (kept,) = (study.cache / "embeddings").glob(f"{name}-*.safetensors")
        with safe_open(kept, "pt") as file:
            patient = next(iter(file.keys()))
            numbers = range(fold.count(name, patient))
            found = model.network.encoder(name).raw(fold.read(name, patient, numbers))
            np.testing.assert_allclose(found.detach().numpy(), file.get_tensor(patient).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("network", "training"),
    [
        ({"modalities": ["tiles_10x", "scan", "genes", "clinical"]}, {"stain": "reinhard"}),
        ({"modalities": ["tiles_10x", "genes", "clinical"]}, {"encoders": "frozen", "stain": "macenko"}),
    ],
)
def test_test_patients_touch_nothing_that_is_fitted(study, tmp_path, network, training):
    before = train(study, f"honest-{training['stain']}", network, training)
    other = write_study(tmp_path / "other")
    task, _ = task_of(other)
    roles = roles_of(task, pd.read_parquet(other.folds))
    _spoil(other, roles["test"])
    after = train(other, "honest", network, training)
    assert weights(after) == weights(before)
    assert further(after)["codings"] == further(before)["codings"]
    assert further(after)["baseline"] == further(before)["baseline"]
    assert further(after)["stain"] == further(before)["stain"]
    assert further(after)["seen"] == further(before)["seen"]
    assert further(after)["input_hashes"] != further(before)["input_hashes"]


def _spoil(folder, test):
    """Delete half of the test patients' images, replace the others', and spoil their tables."""
    random = np.random.default_rng(0)
    for number, patient in enumerate(test):
        for kind in ("slides", "scans"):
            (folder.store / kind / f"{patient}.shard").unlink()
        if number % 2:
            write_tiles(folder.store, patient, 1.0, random, tiles=5)
            write_scan(folder.store, patient, -1.0, random)
    build_index(folder.store)
    cohort = pd.read_parquet(folder.cohort)
    rows = cohort["patient_id"].isin(test)
    cohort.loc[rows, "time_months"] = cohort.loc[rows, "time_months"].to_numpy()[::-1] + 1
    cohort.loc[rows, "event"] = 1 - cohort.loc[rows, "event"]
    cohort.loc[rows, ["age_years", "size_cm"]] = 99.0
    cohort.loc[rows, "grade"] = None
    write_parquet(folder.cohort, cohort)
    genes = pd.read_parquet(folder.genes)
    genes = genes[~genes["patient_id"].isin(test)]
    more = pd.DataFrame({"patient_id": test, "profile": "mutations", "feature": "OTHER", "value": 1})
    write_parquet(folder.genes, pd.concat([genes, more], ignore_index=True).astype({"value": "Int8"}))


def test_spoiling_fit_patients_is_seen(study, tmp_path):
    before = train(study, "sees", TILES, {"epochs": 1})
    other = write_study(tmp_path / "other")
    task, _ = task_of(other)
    _spoil(other, roles_of(task, pd.read_parquet(other.folds))["fit"][:2])
    assert weights(train(other, "sees", TILES, {"epochs": 1})) != weights(before)


@pytest.mark.parametrize("modalities", [["tiles_10x"], ["scan"], ["genes", "clinical"]])
def test_what_can_be_learned_is_learned(study, modalities):
    path = train(
        study, f"learns-{modalities[0]}", {"modalities": modalities, "dropout": 0.0},
        {"epochs": 12, "frozen_epochs": 0, "encoder_rate": 1.0, "learning_rate": 0.02, "patience": 0},
    )  # fmt: skip
    table = history(path)
    assert table["fit_loss"].iloc[-2:].mean() < 0.8 * table["fit_loss"].iloc[0]
    assert table["select_c_index"].iloc[-3:].max() > 0.6


@pytest.mark.parametrize("head", ["five-year status", "discrete time"])
@pytest.mark.parametrize("encoders", ["frozen", "fine-tuned"])
def test_other_heads_train(study, head, encoders):
    network = {"modalities": ["tiles_10x", "genes"], "head": head, "intervals": 3}
    path = train(study, f"{head} {encoders}", network, {"encoders": encoders})
    about = further(path)
    assert about["baseline"] is None
    assert history(path)["fit_loss"].notna().all()
    assert history(path)["select_loss"].notna().any()
    if head == "five-year status":
        assert about["patients"]["fit"] < len(roles_of(task_of(study)[0], pd.read_parquet(study.folds))["fit"])


def test_patients_without_a_modality_are_trained_with_the_others(tmp_path):
    few = ids(18)
    folder = write_study(tmp_path, without_scan=few[::2], without_tiles=few[::3], without_genes=few[1::4])
    _, inputs = task_of(folder)
    present = inputs.present(few)
    assert present.sum(axis=0).tolist() == [12, 9, 13]
    path = train(folder, "gaps", {"fusion": "softmax", "modality_dropout": 0.4})
    assert history(path)["fit_loss"].notna().all()


def test_a_modality_that_only_test_patients_have_is_left_out(tmp_path):
    folder = write_study(tmp_path)
    test = roles_of(task_of(folder)[0], pd.read_parquet(folder.folds))["test"]
    shutil.rmtree(folder.store / "scans")
    for patient in test:
        write_scan(folder.store, patient, 0.0, np.random.default_rng(0))
    build_index(folder.store)
    assert further(train(folder, "run"))["modalities"] == ["tiles_10x", "genes"]


def test_a_loss_that_is_not_finite_stops_with_one_line(study):
    training = {
        "optimiser": "sgd",
        "learning_rate": 10.0,
        "momentum": 0.99,
        "epochs": 60,
        "patience": 0,
        "encoder_rate": 10.0,
    }
    with pytest.raises(UserError, match=r"training\.learning_rate: the loss is no longer finite, in epoch"):
        train(
            study,
            "diverges",
            {"modalities": ["clinical", "tiles_10x"]} | {"dropout": 0.0},
            training | {"frozen_epochs": 0},
        )


def test_the_best_select_loss_is_kept_once_it_is_judged(study):
    path = train(study, "patient", TABLES, {"epochs": 40, "patience": 4, "learning_rate": 0.05})
    (last,) = [stage for stage in further(path)["stages"] if stage["stage"] == "together"]
    table = history(path)
    judged = table[(table["stage"] == "together") & (table["epoch"] > 4)].set_index("epoch")["select_loss"]
    assert last["kept_epoch"] == judged.idxmin()
    assert last["epochs"] in {40, judged.idxmin() + 4}
    longer = train(study, "to-the-end", TABLES, {"epochs": 40, "patience": 0, "learning_rate": 0.05})
    assert weights(longer) != weights(path)
    assert further(longer)["stages"][-1]["kept_epoch"] == 40


def test_progress_tells_stages_and_time_left(study):
    told = []
    train(study, "told", TABLES, None, told.append)
    assert [(one.stage, one.epoch, one.epochs) for one in told] == [
        ("genes", 1, 1), ("clinical", 1, 1), ("together", 1, 2), ("together", 2, 2),
    ]  # fmt: skip
    assert told[0].seconds_left > 0
    assert told[-1].seconds_left == 0


def test_a_fold_that_is_not_there_is_said(study):
    task, inputs = task_of(study)
    from dataclasses import replace

    with pytest.raises(StudyError, match="no fold 9 of repeat 0"):
        train_fold(replace(task, fold=9), inputs, silent)


def test_no_event_among_fit_patients_is_said(tmp_path):
    folder = write_study(tmp_path)
    fit = roles_of(task_of(folder)[0], pd.read_parquet(folder.folds))["fit"]
    cohort = pd.read_parquet(folder.cohort)
    cohort.loc[cohort["patient_id"].isin(fit), "event"] = 0.0
    write_parquet(folder.cohort, cohort)
    with pytest.raises(StudyError, match="no fit patient has an event"):
        train(folder, "run", TABLES)


@pytest.mark.parametrize(("patience", "told"), [(1, 3), (0, 0)])
def test_select_patients_who_cannot_stop_training_are_told_once_a_stage(tmp_path, patience, told):
    folder = write_study(tmp_path)
    select = roles_of(task_of(folder)[0], pd.read_parquet(folder.folds))["select"]
    cohort = pd.read_parquet(folder.cohort)
    cohort.loc[cohort["patient_id"].isin(select), "event"] = 0.0
    write_parquet(folder.cohort, cohort)
    said = []
    train(folder, "run", TABLES, {"patience": patience}, lambda progress: said.append(progress.warning))
    assert ["no select patient has an event" in warning for warning in said].count(True) == told


def test_a_stage_alone_hands_its_encoder_on(study, monkeypatch):
    taken = {}
    load = MultimodalNetwork.load_state_dict

    def spy(self, state, strict=True, **more):
        if state and not strict:
            taken.setdefault(self.modalities, set()).update(state)
        return load(self, state, strict=strict, **more)

    monkeypatch.setattr(MultimodalNetwork, "load_state_dict", spy)
    train(study, "handed", TABLES, {"patience": 0})
    names = taken["genes", "clinical"]
    assert {"encoders.genes.layer.0.weight", "encoders.clinical.layer.0.weight"} <= names
    assert not any(name.startswith("head.") for name in names)


def test_severity_is_what_the_small_study_shows(study):
    _, inputs = task_of(study)
    red = [inputs.pictures("tiles_10x").read(patient, 0)[0].mean() for patient in ids(18)]
    assert np.corrcoef(red, severity_of(18))[0, 1] > 0.99
    assert isinstance(inputs, StudyInputs)
