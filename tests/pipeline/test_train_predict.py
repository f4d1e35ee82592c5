"""``tumorboard train``, ``predict`` and ``run`` on a toy study: from pictures to the folds' model and a new patient."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from toy_study import PLANES, write_picture, write_toy_study

from tumorboard.cohort import build_cohort, read_cohort, write_cohort
from tumorboard.inputs import StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.encoders.encoder import Bag
from tumorboard.network.saving import load_model
from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.pipeline.run_plan import RunPlan
from tumorboard.pipeline.run_results import is_collected
from tumorboard.pipeline.scans import prepare_scans
from tumorboard.pipeline.slides import prepare_slides
from tumorboard.pipeline.training import train_study
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.ensemble import Ensemble
from tumorboard.prediction.fold import predict_fold
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.reference import FoldReference
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import load_settings
from tumorboard.survival import breslow_baseline

FOLDS = ("repeat-0-fold-0", "repeat-0-fold-1")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("toy") / "study"
    write_toy_study(root)
    folder = StudyFolder(root)
    write_cohort(folder, build_cohort(folder, load_settings(folder)))
    prepare_slides(folder, progress=lambda *_: None, workers=1)
    prepare_scans(folder, progress=lambda *_: None, workers=1)
    return root


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory) -> Path:
    """The study with a run of two folds; not to be changed."""
    root = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("trained") / "study"))
    folder = StudyFolder(root)
    train_study(folder, load_settings(folder), RunPlan())
    return root


@pytest.fixture
def study(trained, tmp_path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "study"))


@pytest.fixture(scope="module")
def model(trained) -> Path:
    return trained / "runs" / "main" / "model"


@pytest.fixture
def patient(tmp_path) -> Path:
    folder = tmp_path / "Somebody"
    folder.mkdir()
    return folder


def add_genes(patient: Path) -> None:
    (patient / "tumour.maf").write_text(
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nVHL\tMissense_Mutation\tSomebody\n"
    )


def add_tiles(patient: Path, colour=(200, 110, 190)) -> None:
    for number in range(3):
        write_picture(patient / "tiles" / f"{number}.png", colour, np.random.default_rng(number))
    (patient / "slides.csv").write_text("patient_id,path,mpp\nSomebody,tiles,1.0\n")


def add_planes(patient: Path, grey: int = 120) -> None:
    rows = ["patient_id,path,modality,plane,pixel_mm"]
    for plane in PLANES:
        write_picture(patient / f"{plane}.png", grey, np.random.default_rng(1))
        rows.append(f"Somebody,{plane}.png,CT,{plane},0.7")
    (patient / "scans.csv").write_text("\n".join(rows) + "\n")


def fold_predictions(study: Path, fold: str) -> pd.DataFrame:
    return pd.read_parquet(study / "runs" / "main" / fold / "predictions.parquet").set_index("patient_id")


def opened(study: Path) -> StudyInputs:
    folder = StudyFolder(study)
    return StudyInputs.open(folder, load_settings(folder))


# --- a fold


@pytest.mark.parametrize("fold", FOLDS)
def test_a_patients_risk_is_the_mean_of_one_forward_for_each_combination(trained, fold):
    saved = load_model(trained / "runs" / "main" / fold)
    network, inputs = saved.network, FoldInputs.from_config(opened(trained), saved.further)
    told = fold_predictions(trained, fold)
    assert {"genes", "tiles_10x+scan+genes"} <= set(told["modalities"])
    for patient, row in told.groupby("modalities").head(1).iterrows():
        given = [name for name in network.modalities if name in row["modalities"].split("+")]
        present = torch.tensor([[name in given for name in network.modalities]])
        counts = [range(inputs.count(name, patient)) for name in given]
        risks = []
        for numbers in itertools.product(*counts):
            batch = {name: inputs.read(name, patient, [place]) for name, place in zip(given, numbers, strict=True)}
            assert not any(isinstance(each, Bag) for each in batch.values())
            with torch.inference_mode():
                risks.append(float(network(batch, present).output[0, 0]))
        assert row["combinations"] == len(risks)
        assert row["log_risk"] == pytest.approx(np.mean(risks), abs=1e-5)
        assert row["spread"] == pytest.approx(np.std(risks), abs=1e-5)


def test_every_patient_is_predicted_once_and_by_a_fold_that_did_not_see_it(trained):
    run = pd.read_parquet(trained / "runs" / "main" / "predictions.parquet")
    folds = pd.read_parquet(trained / "folds.parquet")
    role = folds.set_index(["fold", "patient_id"])["role"]
    assert sorted(run["patient_id"]) == sorted(read_cohort(StudyFolder(trained))["patient_id"])
    assert {role[row.fold, row.patient_id] for row in run.itertuples()} == {"test"}
    for fold, name in enumerate(FOLDS):
        told = fold_predictions(trained, name)
        assert set(told["role"]) == {"select", "test"}
        assert all(role[fold, patient] == row for patient, row in told["role"].items())


def test_the_baseline_is_breslows_of_the_fit_patients_and_the_threshold_the_select_patients_median(trained):
    folds, inputs = pd.read_parquet(trained / "folds.parquet"), opened(trained)
    for fold, name in enumerate(FOLDS):
        path = trained / "runs" / "main" / name
        reference, saved = FoldReference.read(path), load_model(path)
        reader = FoldInputs.from_config(inputs, saved.further)
        fit = folds.query(f"fold == {fold} and role == 'fit'")["patient_id"].tolist()
        risks = []
        for patient in fit:
            embeddings = encode_patient(saved.network, reader, patient, ImageChoice())
            grid = itertools.product(*(range(len(each)) for each in embeddings.values()))
            rows = [{k: v[[n]] for (k, v), n in zip(embeddings.items(), ns, strict=True)} for ns in grid]
            present = torch.tensor([[k in embeddings for k in saved.network.modalities]])
            with torch.inference_mode():
                risks.append(np.mean([float(saved.network.fuse(row, present).output) for row in rows]))
        baseline = breslow_baseline(inputs.outcome(fit), risks)
        assert reference.mean_risk == pytest.approx(np.mean(risks), abs=1e-5)
        np.testing.assert_allclose(reference.baseline.hazard.cumulative, baseline.cumulative, rtol=1e-4)
        told = fold_predictions(trained, name)
        select = told.loc[told["role"] == "select", "log_risk"]
        assert reference.threshold == pytest.approx(select.median())
        assert (told["high"] == (told["log_risk"] > select.median())).all()


def test_shapley_values_add_up_to_the_risk_less_the_fit_patients_mean(trained):
    for fold in FOLDS:
        told = fold_predictions(trained, fold)
        moved = told[[name for name in told if name.startswith("shapley_")]]
        np.testing.assert_allclose(moved.sum(axis=1), told["relative_risk"], atol=1e-6)
        assert (moved.notna().to_numpy() == (told[[f"images_{n[8:]}" for n in moved]] > 0).to_numpy()).all()


def test_the_same_question_is_not_answered_again(study):
    path, folds = study / "runs" / "main" / FOLDS[0], pd.read_parquet(study / "folds.parquet").query("fold == 0")
    before = (path / "predictions.parquet").stat().st_mtime_ns
    kept = predict_fold(path, opened(study), folds, months=[12, 36, 60])
    assert (path / "predictions.parquet").stat().st_mtime_ns == before
    assert kept["images_scan"].max() == 3


def test_a_fixed_set_of_images_is_a_setting_that_predicts_anew_and_trains_nothing(study):
    folder, run = StudyFolder(study), study / "runs" / "main"
    trained_at = {fold: (run / fold / "model.safetensors").stat().st_mtime_ns for fold in FOLDS}
    with (study / "study.toml").open("a") as file:
        file.write("\n[prediction]\nscan = 2\ntiles_10x = 1\n")
    settings = load_settings(folder)
    assert not is_collected(folder, settings, RunPlan(), opened(study))
    summary = train_study(folder, settings, RunPlan())
    assert is_collected(folder, settings, RunPlan(), opened(study))
    assert {fold: (run / fold / "model.safetensors").stat().st_mtime_ns for fold in FOLDS} == trained_at
    predicted = pd.read_parquet(run / "predictions.parquet")
    assert (predicted["images_scan"].max(), predicted["images_tiles_10x"].max()) == (2, 1)
    assert predicted["combinations"].max() == 2
    images = {"tiles_10x": 1, "scan": 2}
    assert summary["images_of_patient"] == images
    assert json.loads((run / "model" / "model.json").read_text())["images_of_patient"] == images


def test_folds_that_were_predicted_over_other_images_are_not_mixed(study, run, run_json):
    summary = run_json("train", study, "--folds", "0", "--images", "scan=1")
    assert (len(summary["folds"]), summary["complete"]) == (1, False)
    assert summary["images_of_patient"] == {"scan": 1}
    code, _, err = run("train", study, "--images", "tiles=3")
    assert code == 2
    assert "no images called 'tiles'" in err


# --- a run


def test_the_risk_file_goes_through_every_statistic(trained, run_json):
    summary = json.loads((trained / "runs" / "main" / "summary.json").read_text())
    answer = run_json("evaluate", "--risks", trained / "runs" / "main" / "risks.csv", "--bootstrap", "100")
    assert answer["n"] == summary["patients"] == 14
    assert answer["events"] == summary["events"] == 7
    assert answer["harrell_c"]["value"] == pytest.approx(summary["harrell_c"]["value"])
    assert [fold["harrell_c"]["value"] for fold in answer["folds"]] == pytest.approx(
        [fold["harrell_c"]["value"] for fold in summary["folds"]]
    )
    assert summary["complete"]
    assert "Research use only" in summary["research_use_only"]


def test_survival_of_the_run_is_a_curve(trained):
    run = pd.read_parquet(trained / "runs" / "main" / "predictions.parquet")
    curve = run[["survival_12", "survival_36"]].to_numpy()
    assert ((curve >= 0) & (curve <= 1)).all()
    assert (np.diff(curve, axis=1) <= 0).all()


def tables_of(run: Path) -> dict[str, bytes]:
    names = ["risks.csv", *(f"{fold}/model.safetensors" for fold in FOLDS), "model/model.json"]
    return {name: (run / name).read_bytes() for name in names}


def test_a_run_that_was_killed_goes_on_to_the_same_result(prepared, trained, tmp_path):
    study = Path(shutil.copytree(prepared, tmp_path / "study"))
    words = [sys.executable, "-m", "tumorboard", "train", str(study)]
    words[1:3] = [
        "-c",
        "import sys, torch; torch.set_num_threads(1); from tumorboard.cli import main; main(sys.argv[1:])",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = study / "runs" / "main"
    deadline = time.monotonic() + 120
    while not (run / FOLDS[0] / "model.safetensors").is_file() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (run / FOLDS[0] / "model.safetensors").is_file()
    assert not (run / "summary.json").is_file()
    folder = StudyFolder(study)
    train_study(folder, load_settings(folder), RunPlan())
    assert tables_of(run) == tables_of(trained / "runs" / "main")
    for fold in FOLDS:
        pd.testing.assert_frame_equal(fold_predictions(study, fold), fold_predictions(trained, fold))


@pytest.mark.slow
def test_folds_side_by_side_give_the_same_result(prepared, trained, tmp_path):
    study = Path(shutil.copytree(prepared, tmp_path / "study"))
    folder = StudyFolder(study)
    train_study(folder, load_settings(folder), RunPlan(workers=2))
    risks = [pd.read_csv(root / "runs" / "main" / "risks.csv") for root in (study, trained)]
    pd.testing.assert_frame_equal(*risks)


def test_some_folds_are_a_beginning_and_say_so(prepared, tmp_path, run):
    study = Path(shutil.copytree(prepared, tmp_path / "study"))
    code, out, err = run("train", study, "--folds", "1", "--modalities", "genes", "--run", "genes-only")
    assert code == 0
    assert "1 of 2 folds are finished" in out
    assert "C-index" in out
    assert "Research use only" in out
    assert "repeat 0, fold 1" in err
    summary = json.loads((study / "runs" / "genes-only" / "summary.json").read_text())
    assert summary["modalities"] == ["genes"]
    assert not summary["complete"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--folds", "0-7"], "there is no fold 2"),
        (["--folds", "x"], "'x' is no fold"),
        (["--repeats", "3"], "the study has 1 repeats"),
        (["--run", "../up"], "cannot be the name of a run"),
        (["--modalities", "genes,petscan"], "network.modalities"),
        (["--modalities", "tiles_5x"], "the study has no tiles_5x"),
        (["--images", "scan=0"], "'scan=0' is no number of images"),
        (["--weights", "nowhere.pth"], "nowhere.pth"),
    ],
)
def test_a_mistake_is_told_in_one_line(study, run, words, told):
    code, _, err = run("train", study, *words)
    assert code == 2
    assert told in err.splitlines()[-1]


# --- the ensemble


def predicted(model: Path, study: Path, patient: str):
    ensemble = Ensemble.read(model)
    inputs = opened(study)
    return ensemble, ensemble.predict(lambda member: FoldInputs.from_config(inputs, member.further), patient)


def test_the_ensembles_curve_is_the_mean_of_the_folds_curves(trained, model):
    _, found = predicted(model, trained, "P01")
    members = np.stack([member.survival for member in found.members.values()])
    known = np.isfinite(found.curve)
    assert known.sum() > 5
    np.testing.assert_allclose(found.curve[known], members[:, known].mean(axis=0))
    np.testing.assert_allclose(found.curve_spread[known], members[:, known].std(axis=0))
    assert found.curve[0] == 1
    assert ((found.curve[known] >= 0) & (found.curve[known] <= 1)).all()
    assert (np.diff(found.curve[known]) <= 0).all()
    assert sum(found.shapley.values()) == pytest.approx(found.relative_risk, abs=1e-6)
    assert found.group == {0: "low", 1: "undecided", 2: "high"}[found.votes_high]


def test_a_member_of_the_ensemble_says_what_its_fold_said(trained, model):
    _, found = predicted(model, trained, "P01")
    for fold in FOLDS:
        told = fold_predictions(trained, fold)
        if "P01" in told.index:
            assert found.members[fold].patient.risk == pytest.approx(told.at["P01", "log_risk"], abs=1e-6)
            assert found.members[fold].high == told.at["P01", "high"]


def test_the_model_names_no_patient_and_no_place(model, trained):
    text = "".join(path.read_text() for path in model.rglob("*.json"))
    assert all(patient not in text for patient in read_cohort(StudyFolder(trained))["patient_id"])
    assert str(trained.parent) not in text


def test_the_same_folds_make_the_same_model(study, run_json):
    def content(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    folder = study / "runs" / "main" / "model"
    before = content(folder)
    shutil.rmtree(folder)
    run_json("train", study)
    assert content(folder) == before


# --- a new patient


def test_a_patient_with_one_modality_is_told_what_the_prediction_rests_on(model, patient, tmp_path, run_json):
    add_genes(patient)
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    assert result["rests_on"] == {"genes": 1}
    assert result["missing"] == ["tiles_10x", "scan"]
    assert (result["combinations"], result["risk"]["spread_over_images"]) == (1, 0)
    assert sum(result["contributions"].values()) == pytest.approx(result["risk"]["value"], abs=1e-6)
    assert result["modality_weights"] == pytest.approx({"tiles_10x": 0, "scan": 0, "genes": 1})
    assert [row["months"] for row in result["survival"]] == [12, 36, 60]
    assert all(row["probability"] is not None or row["reason"] for row in result["survival"])
    assert "Research use only" in result["research_use_only"]
    page = (tmp_path / "out" / "prediction.html").read_text()
    assert "missing: slide at 10x, scan" in page
    assert "Research use only" in page
    assert "http" not in page.split("</style>")[1].replace("http://www.w3.org", "")


def test_all_modalities_of_a_patient_like_the_others_give_no_warning_of_pictures(model, patient, tmp_path, run_json):
    add_genes(patient)
    add_tiles(patient)
    add_planes(patient)
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    assert result["rests_on"] == {"tiles_10x": 3, "scan": 3, "genes": 1}
    assert (result["combinations"], result["missing"]) == (9, [])
    assert not [warning for warning in result["warnings"] if "standard deviations" in warning]
    assert (tmp_path / "out" / "prediction.html").read_text().count("data:image/jpeg") == 6
    assert json.loads((tmp_path / "out" / "prediction.json").read_text()) == result


def test_a_stain_unlike_the_others_is_told(model, patient, tmp_path, run_json):
    add_tiles(patient, colour=(40, 220, 60))
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    (warning,) = [each for each in result["warnings"] if "standard deviations" in each]
    assert warning.startswith("the tiles at 10x: red, green, blue")


def test_a_patient_of_the_study_is_recognised(model, patient, tmp_path, run_json, trained):
    add_genes(patient)
    (patient / "patients.csv").write_text("patient_id,age_years\nP03,55\n")
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    assert any("of 2 folds were fitted or selected on a patient of this identifier" in w for w in result["warnings"])


def test_what_cannot_be_read_is_told_and_the_rest_is_predicted(model, patient, tmp_path, run_json):
    add_genes(patient)
    (patient / "broken.svs").write_bytes(b"no slide")
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    assert result["rests_on"] == {"genes": 1}
    assert any("slide broken.svs was not read" in warning for warning in result["warnings"])


def test_nothing_that_the_model_looks_at_is_a_mistake_in_one_line(model, patient, tmp_path, run):
    (patient / "patients.csv").write_text("patient_id,age_years\nSomebody,55\n")
    code, _, err = run("predict", model, patient, "--out", tmp_path / "out")
    assert code == 2
    assert "It looks at tiles_10x, scan, genes" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_model_says_where_one_is(trained, patient, tmp_path, run):
    code, _, err = run("predict", trained / "runs" / "main", patient, "--out", tmp_path / "out")
    assert code == 2
    assert f"Name {trained / 'runs' / 'main' / 'model'}" in err


def test_a_damaged_model_is_refused(study, patient, tmp_path, run):
    add_genes(patient)
    weights = study / "runs" / "main" / "model" / FOLDS[0] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + bytes(8))
    code, _, err = run("predict", study / "runs" / "main" / "model", patient, "--out", tmp_path / "out")
    assert code == 2
    assert "the weights are not those" in err


def test_raw_files_of_a_simulated_patient_without_a_table_of_images(model, patient, tmp_path, run_json):
    phantom = tmp_path / "phantom"
    write_phantom(StudyFolder(phantom), PhantomRequest(1, 12, PRESETS["demo"]), progress=lambda *_: None, workers=1)
    (patient / "patients.csv").write_text("patient_id,age_years\nSIM-0001,62\n")
    add_genes(patient)
    shutil.copy(phantom / "slides" / "SIM-0001-DX1.svs", patient / "slide.svs")
    shutil.move(phantom / "scans" / "SIM-0001" / "masks", patient / "masks")
    shutil.move(phantom / "scans" / "SIM-0001", patient / "scan")
    result = run_json("predict", model, patient, "--out", tmp_path / "out")
    assert result["patient_id"] == "SIM-0001"
    assert (result["rests_on"]["scan"], result["rests_on"]["genes"]) == (3, 1)
    assert result["rests_on"]["tiles_10x"] >= 1
    told = " ".join(result["warnings"])
    assert "taken as slides: slide.svs" in told
    assert "taken as scan: scan with the mask masks" in told
    assert "the tiles at 10x: red, green, blue" in told


# --- all stages


@pytest.mark.slow
def test_run_does_what_is_not_up_to_date(prepared, tmp_path, run_json):
    study = Path(shutil.copytree(prepared, tmp_path / "study"))

    def outcomes() -> dict[str, str]:
        return {name: stage["outcome"] for name, stage in run_json("run", study)["stages"].items()}

    settings = study / "study.toml"
    settings.write_text(settings.read_text().replace("width = 8", 'modalities = ["genes"]\nwidth = 8'))
    first = outcomes()
    assert first == {
        "cohort": "up to date", "prepare": "up to date", "train": "done", "evaluate": "done", "report": "done"
    }  # fmt: skip
    assert set(outcomes().values()) == {"up to date"}
    settings.write_text(settings.read_text().replace("epochs = 1", "epochs = 2", 1))
    assert outcomes() == {
        "cohort": "up to date", "prepare": "up to date", "train": "done", "evaluate": "done", "report": "done"
    }  # fmt: skip
