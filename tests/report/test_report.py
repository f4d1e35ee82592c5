"""The report: the numbers of the evaluation, in one file that needs nothing else."""

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cohort import read_cohort
from tumorboard.errors import StudyError
from tumorboard.evaluation.figures import figures_record
from tumorboard.report import build_report
from tumorboard.study.files import write_json


class Page(HTMLParser):
    """The page's words, its references, and the concordance column of the table of models."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.references, self.words, self.concordance = [], [], [], {}
        self._model, self._reading = None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.references += [(tag, attributes[name]) for name in ("src", "href") if name in attributes]
        if tag == "tr":
            self._model = attributes.get("data-model")
        if tag == "td":
            self._reading = attributes.get("class") == "harrell"

    def handle_endtag(self, tag):
        if tag == "td":
            self._reading = False

    def handle_data(self, data):
        self.words.append(data)
        if self._reading and self._model and data.strip():
            self.concordance[self._model] = data.strip()

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(evaluated):
    return Page(build_report(evaluated).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def metrics(evaluated):
    return json.loads((evaluated.evaluation / "metrics.json").read_text())


def test_one_repeat_is_told_as_one(page):
    assert "3-fold cross-validation, dealt once (seed" in page.text
    assert "3-fold cross-validation, 1 repeat;" in page.text


def test_of_the_weights_only_the_files_name_is_told(page):
    assert "weights.pth" in page.text
    assert "/home/" not in page.text


def test_concordance_of_every_model_is_that_of_the_metrics(page, metrics):
    assert set(page.concordance) == {model["model"] for model in metrics["models"]}
    for model in metrics["models"]:
        estimate, shown = model["harrell_c"], page.concordance[model["model"]]
        if estimate["value"] is None:
            assert shown == f"none: {estimate['reason']}"
        else:
            low, high = estimate["ci95"]
            assert shown == f"{estimate['value']:.3f} ({low:.3f} to {high:.3f})"


def test_single_factors_have_four_decimals_and_the_reference_beside_them(page, metrics):
    for row in metrics["single_factors"]:
        assert f"{row['harrell_c']['value']:.4f}" in page.text
        assert f"{row['reference_study']:.4f}" in page.text


def test_every_fitted_model_is_adjusted_but_the_clinical_one(page, metrics):
    tables = {model["model"]: model["cox_adjusted"] for model in metrics["models"] if "cox_adjusted" in model}
    assert {"clinical", "clinical_genes", "elastic_net"} & set(tables) == {"clinical", "elastic_net"}
    assert tables["clinical"]["rows"] == []
    assert tables["clinical"]["reason"] in page.text
    assert len(tables["elastic_net"]["rows"]) == 6
    assert f"on the {tables['elastic_net']['n']} patients in whom all are known" in page.text


def test_proxies_are_counted_under_each_score(page, metrics):
    uiss = metrics["head_to_head"][1]["scores"][0]
    assert uiss["proxies"]["n"] > 0
    assert f"Proxies, of {uiss['n']} patients: n in {uiss['proxies']['n']}." in page.text
    assert "NX taken as N0" in page.text


def test_it_stands_alone(page):
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(target.startswith(("data:image/png;base64,", "#")) for _, target in page.references)
    anchors = [target for tag, target in page.references if tag == "a"]
    assert len(anchors) >= 11


def test_every_figure_is_embedded(page, metrics):
    full = sum("five_year" in model for model in metrics["models"])
    assert page.tags.count("img") == 1 + 4 + 5 * full
    assert "the figure was not drawn" not in page.text


def test_research_use_is_said_first_and_beside_every_model(page, metrics):
    full = sum("five_year" in model for model in metrics["models"])
    assert page.text.count(RESEARCH_USE_ONLY) >= 2 + full


def test_no_patient_and_no_folder_is_named(evaluated, page):
    text = evaluated.report.read_text(encoding="utf-8")
    assert not [patient for patient in read_cohort(evaluated)["patient_id"] if patient in text]
    assert str(evaluated.root) not in text


def test_dropped_patients_are_counted_and_not_named(study):
    record = json.loads(study.cohort_record.read_text())
    record["flow"]["steps"] = [{"requirement": "copy_number", "reason": "no copy number", "dropped": 1, "left": 119}]
    record["dropped"] = [{"patient_id": "SIMULATED-0003", "reason": "no copy number"}]
    write_json(study.cohort_record, record)
    text = build_report(study).read_text(encoding="utf-8")
    assert "required: copy number (no copy number)" in text
    assert "SIMULATED-" not in text


def test_nothing_reads_nan(page):
    assert not re.search(r"\b(nan|NaN|None|inf|Undefined)\b", page.text)


def test_summary_says_who_how_many_and_what_cannot_be_shown(page, metrics):
    assert f"{metrics['n']} of 120 eligible patients" in page.text
    assert f"with {metrics['events']} events" in page.text
    assert "a gain smaller than that cannot be seen in a single fold" in page.text


def test_what_only_a_person_can_say_stays_to_be_completed(page):
    assert page.words.count("to complete") > 10


def test_same_study_gives_the_same_bytes(study):
    first = build_report(study).read_bytes()
    assert build_report(study).read_bytes() == first


def test_undefined_values_say_why(study, metrics):
    for model in metrics["models"]:
        model["harrell_c"] = {"value": None, "ci95": None, "reason": "no comparable pair of patients"}
    write_json(study.evaluation / "metrics.json", metrics)
    write_json(study.evaluation / "figures" / "figures.json", figures_record(metrics))
    page = Page(build_report(study).read_text(encoding="utf-8"))
    assert set(page.concordance.values()) == {"none: no comparable pair of patients"}


def test_evaluation_of_another_cohort_is_told(study):
    cohort = pd.read_parquet(study.cohort)
    cohort.loc[0, "age_years"] += 1
    cohort.to_parquet(study.cohort, index=False)
    with pytest.raises(StudyError, match=r"another cohort.*Run again: tumorboard evaluate"):
        build_report(study)


def test_figures_of_another_evaluation_are_told(study):
    metrics = json.loads((study.evaluation / "metrics.json").read_text())
    metrics["models"][0]["harrell_c"]["value"] = 0.5
    write_json(study.evaluation / "metrics.json", metrics)
    with pytest.raises(StudyError, match=r"figures belong to another evaluation.*tumorboard evaluate"):
        build_report(study)


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("cohort.json", "tumorboard cohort"),
        ("evaluation/metrics.json", "tumorboard evaluate"),
        ("evaluation/folds.json", "tumorboard evaluate"),
        ("evaluation/figures/figures.json", "tumorboard evaluate"),
    ],
)
def test_what_is_missing_names_its_command(study, missing, command):
    (study.root / missing).unlink()
    with pytest.raises(StudyError, match=command):
        build_report(study)


def test_no_such_study(study):
    with pytest.raises(StudyError, match="no such study folder"):
        build_report(type(study)(study.root / "nowhere"))
