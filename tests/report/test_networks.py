"""The chapter on trained networks: a run's own numbers, whom it may show, and which run it must not tell of."""

import base64
import json
import re
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
from made_run import clinical_risks, write_run, write_tiles

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cohort import read_cohort
from tumorboard.errors import StudyError
from tumorboard.evaluation.assessment import AssessmentPlan, assess
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.evaluation.risk_table import read_risks
from tumorboard.evaluation.run import evaluate_run, evaluate_runs, is_evaluated
from tumorboard.evaluation.study import read_metrics
from tumorboard.pipeline.run import STUDY_STAGES, run_study
from tumorboard.report import build_report
from tumorboard.study.files import StudyFolder


@pytest.fixture(scope="module")
def told(evaluated, tmp_path_factory):
    """The study with an evaluated run whose risks are a worse likeness of the clinical model's; not to be changed."""
    folder = StudyFolder(tmp_path_factory.mktemp("told") / "study")
    shutil.copytree(evaluated.root, folder.root)
    risks = clinical_risks(folder)
    risks["risk"] += np.random.default_rng(3).normal(0, 1, len(risks))
    write_tiles(folder, risks)
    write_run(folder, "main", risks)
    assert evaluate_runs(folder) == ["main"]
    return folder


@pytest.fixture(scope="module")
def answer(told):
    return json.loads((told.root / "runs" / "main" / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def text(told):
    return build_report(told).read_text(encoding="utf-8")


@pytest.fixture
def copy(told, tmp_path, monkeypatch):
    """A copy that may be changed; evaluating it draws nothing anew, which would take seconds."""
    monkeypatch.setattr("tumorboard.evaluation.figures.run.draw_run", lambda *_: None)
    return StudyFolder(shutil.copytree(told.root, tmp_path / "study"))


def chapter(text):
    return text[text.index('<h2 id="networks">') : text.index('<h2 id="scores">')]


def words(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


# --- the evaluation of a run


def test_every_statistic_is_that_of_a_risk_file(told, answer):
    chosen = read_metrics(told)["settings"]["evaluation"]
    bootstrap = Bootstrap(chosen["bootstrap"], chosen["seed"])
    risks = read_risks(told.root / "runs" / "main" / "risks.csv")
    alone = assess(risks, AssessmentPlan(tuple(chosen["horizons_months"]), 60.0, bootstrap))
    for name in ("n", "events", "harrell_c", "uno_c", "auc", "logrank_median", "groups", "cox", "calibration", "brier"):
        assert answer[name] == alone[name], name


def test_the_gain_over_the_clinical_model_stands_first(answer):
    first = answer["comparisons"][0]
    assert first["second"] == "Cox: age + stage + grade"
    assert first["difference"]["value"] == pytest.approx(first["first_c"]["value"] - first["second_c"]["value"])
    assert first["first_c"] == answer["harrell_c"]
    assert first["difference"]["ci95"] is not None
    assert first["test"]


def test_a_network_that_says_what_the_clinical_model_says_gains_nothing(copy):
    write_run(copy, "same", clinical_risks(copy))
    first = evaluate_run(copy, "same")["comparisons"][0]
    assert first["difference"]["value"] == 0
    assert first["p"] is None
    assert "none: both order all patients alike" in chapter(build_report(copy).read_text())


def test_a_part_of_the_folds_is_compared_on_its_own_patients(copy):
    risks = clinical_risks(copy)
    part = risks[risks["fold"] != 1].reset_index(drop=True)
    write_run(copy, "part", part)
    answer = evaluate_run(copy, "part")
    assert {answer["n"], *(entry["n"] for entry in answer["comparisons"])} == {len(part)}
    assert "2 of 3 folds are trained" in words(build_report(copy).read_text())


def test_weights_are_of_patients_with_another_modality_beside_it(answer):
    weights = {entry["modality"]: entry["weight"]["value"] for entry in answer["contributions"]}
    assert weights == {"tiles_10x": pytest.approx(0.75), "genes": pytest.approx(0.25)}


def test_a_fusion_without_weights_gives_null_with_the_reason(copy):
    write_run(copy, "concat", clinical_risks(copy), fusion="concat")
    for entry in evaluate_run(copy, "concat")["contributions"]:
        assert entry["weight"] == {"value": None, "ci95": None, "reason": "the fusion gives no weights"}
        assert entry["shapley"]["value"] is not None


def test_inputs_are_counted_once_for_every_patient(answer):
    assert sum(entry["n"] for entry in answer["by_inputs"]) == answer["n"]
    assert sum(entry["events"] for entry in answer["by_inputs"]) == answer["events"]


def test_a_reader_of_the_summary_learns_how_many_patients_have_images(told, answer, text):
    with_tiles = sum(entry["n"] for entry in answer["by_inputs"] if "tiles_10x" in entry["modalities"])
    assert 0 < with_tiles < answer["n"]
    sentence = f"Not all of these {answer['n']} have everything (slide at 10x {with_tiles}): each is predicted"
    summary = words(text[: text.index('<h2 id="cohort">')])
    assert sentence in summary
    assert sentence in words(chapter(text))


def test_images_that_could_not_be_used_are_counted(copy):
    copy.prepared.mkdir()
    header = "patient_id,path,status,reason,warnings\n"
    rows = ["a,1.svs,prepared,,", "b,2.svs,prepared,,pale", "c,3.svs,no tiles,,", 'd,4.svs,failed,"cut off, at 1 MB",']
    (copy.prepared / "slides.csv").write_text(header + "\n".join(rows) + "\n")
    (copy.prepared / "scans.csv").write_text(header + "a,1,no mask,,\n")
    text = words(build_report(copy).read_text())
    assert "slides 4 2 1 1 1" in text
    assert "scans, one a patient 1 0 0 1 0" in text
    assert "4.svs" not in text


def test_a_run_of_another_cohort_is_refused(copy):
    path = copy.root / "runs" / "main" / "summary.json"
    summary = json.loads(path.read_text())
    summary["inputs"]["folds.parquet"] = "0" * 64
    path.write_text(json.dumps(summary))
    with pytest.raises(StudyError, match=r"another cohort.*tumorboard train STUDY --run main"):
        evaluate_run(copy, "main")
    assert evaluate_runs(copy) == []
    assert "run main: it was trained on another cohort" in words(build_report(copy).read_text())


def test_the_stage_evaluates_a_new_run_and_then_is_up_to_date(copy):
    write_run(copy, "second", clinical_risks(copy))
    stage = [each for each in STUDY_STAGES if each.name == "evaluate"]

    def outcome():
        return run_study(copy, stage, lambda _: lambda _: None, lambda *_: None)["evaluate"]

    first = outcome()
    assert first.outcome == "done"
    assert first.told.endswith("run second")
    assert outcome().outcome == "up to date"


# --- the chapter


def test_a_study_without_runs_has_no_such_chapter(evaluated):
    assert "Trained networks" not in build_report(evaluated).read_text()


def test_the_chapter_shows_the_runs_own_numbers(text, answer):
    estimate = answer["harrell_c"]
    low, high = estimate["ci95"]
    row = re.search(r'<tr data-run="main">.*?</tr>', chapter(text), re.DOTALL).group()
    assert f"{estimate['value']:.3f} ({low:.3f} to {high:.3f})" in row
    assert answer["comparisons"][0]["test"] in chapter(text)


def test_research_use_is_said_where_predictions_stand(text):
    assert words(chapter(text)).count(RESEARCH_USE_ONLY) >= 4


def test_the_chapter_has_all_its_figures(text):
    own = chapter(text)
    assert "the figure was not drawn" not in own
    assert own.count("data:image/png") == 1 + 1 + 1 + 5  # groups, training, contributions, every statistic


def test_nothing_reads_nan(text):
    assert not re.search(r"\b(nan|NaN|None|inf|Undefined)\b", words(chapter(text)))


def test_no_patient_and_no_path_is_named(told, text):
    assert not [patient for patient in read_cohort(told)["patient_id"] if patient in text]
    assert "/home/" not in text
    assert str(told.root) not in text


def test_three_patients_are_shown_from_the_lowest_risk_to_the_highest(told, text):
    pictures = re.findall(r'data:image/jpeg;base64,([^"]+)" alt="Patient ([ABC])', text)
    redness = {}
    for encoded, letter in pictures:
        image = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)
        redness.setdefault(letter, []).append(image[..., 2].mean())
    assert {letter: len(each) for letter, each in redness.items()} == {"A": 2, "B": 2, "C": 2}
    lowest, middle, highest = (np.mean(redness[letter]) for letter in "ABC")
    assert lowest < 40 < 80 < middle < 180 < 220 < highest
    table = pd.read_parquet(told.root / "runs" / "main" / "predictions.parquet")
    assert f"1 of {(table['images_tiles_10x'] > 0).sum()}," in words(text)


def test_patients_share_the_latest_time_at_which_all_have_a_prediction(text):
    told_at = re.findall(r"free of the event at (\d+) months", words(chapter(text)))
    assert len(told_at) == 3
    assert len(set(told_at)) == 1


def test_pictures_prepared_anew_are_not_shown_as_those_that_were_predicted(copy):
    path = copy.root / "runs" / "main" / "summary.json"
    summary = json.loads(path.read_text())
    summary["inputs"]["tiles_10x.index"] = "0" * 64
    path.write_text(json.dumps(summary))
    evaluate_runs(copy)
    text = chapter(build_report(copy).read_text())
    assert "image/jpeg" not in text
    assert words(text).count("none: the pictures were prepared anew after the run was trained") == 3


def test_simulated_patients_are_called_so(copy):
    metrics = copy.evaluation / "metrics.json"
    content = json.loads(metrics.read_text())
    content["settings"]["cohort"]["simulated"] = True
    metrics.write_text(json.dumps(content))
    from tumorboard.evaluation.figures import figures_record
    from tumorboard.study.files import write_json

    write_json(copy.evaluation / "figures" / "figures.json", figures_record(content))
    evaluate_runs(copy)
    text = words(chapter(build_report(copy).read_text()))
    assert "The patients are simulated" in text
    assert all(f"Patient {letter} (simulated)" in text for letter in "ABC")


def test_risks_that_changed_since_are_not_told_with_old_numbers(copy):
    with (copy.root / "runs" / "main" / "risks.csv").open("a") as stream:
        stream.write("\n")
    assert not is_evaluated(copy, "main")
    text = words(build_report(copy).read_text())
    assert "run main: it was not evaluated since it was trained. Run: tumorboard run STUDY" in text


def test_a_run_without_finished_folds_is_named(copy):
    (copy.root / "runs" / "begun" / "repeat-0-fold-0").mkdir(parents=True)
    assert "run begun: its folds are not finished" in words(build_report(copy).read_text())


def test_the_same_run_gives_the_same_bytes(told, tmp_path):
    copy = StudyFolder(shutil.copytree(told.root, tmp_path / "study"))
    first = build_report(copy).read_bytes()
    (copy.root / "runs" / "main" / "evaluation.json").unlink()
    evaluate_runs(copy)
    assert build_report(copy).read_bytes() == first
