"""All pictures of an evaluation, into ``figures/``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tumorboard.evaluation.assessment import AssessmentPlan
from tumorboard.evaluation.baselines.models import BASELINES
from tumorboard.evaluation.figures.comparisons import draw_concordance, draw_cox, draw_gains, draw_head_to_head
from tumorboard.evaluation.figures.probabilities import draw_calibration, draw_decision_curve, draw_five_year
from tumorboard.evaluation.figures.risk_groups import draw_incidence, draw_kaplan_meier
from tumorboard.evaluation.predictions import Predictions
from tumorboard.study.files import write_json

FIGURES = "figures"
RECORD = "figures.json"

_LONGEST_TITLE = 44
_KINDS = ("kaplan_meier", "incidence", "calibration", "decision_curve", "five_year")


def draw_study(folder: Path, answer: dict[str, Any], predictions: dict[str, Predictions], plan: AssessmentPlan) -> None:
    """Draw a study's evaluation.

    Parameters
    ----------
    folder : Path
        The evaluation's folder; the pictures go to ``figures`` in it, as PNG and SVG.
    answer : dict
        What ``metrics.json`` holds.
    predictions : dict of str to Predictions
        By model name.
    plan : AssessmentPlan
        The horizons.
    """
    figures = folder / FIGURES
    _remove_models_that_are_no_more(figures, {model["model"] for model in answer["models"]})
    draw_concordance(figures / "concordance", answer)
    draw_gains(figures / "gain", answer["comparisons"])
    draw_head_to_head(figures / "head_to_head", answer["head_to_head"])
    draw_cox(figures / "cox", answer["cox"])
    for model in answer["models"]:
        if "five_year" in model:
            draw_model(figures / model["model"], model, predictions[model["model"]], plan, answer["endpoint"])
    write_json(figures / RECORD, figures_record(answer))


def _remove_models_that_are_no_more(figures: Path, names: set[str]) -> None:
    for model in BASELINES:
        if model.name not in names:
            for kind in _KINDS:
                for suffix in (".png", ".svg"):
                    (figures / f"{model.name}_{kind}{suffix}").unlink(missing_ok=True)


def figures_record(answer: dict[str, Any]) -> dict[str, str]:
    """Return what ties pictures to the numbers they were drawn from.

    Parameters
    ----------
    answer : dict
        What ``metrics.json`` holds.
    """
    text = json.dumps(answer, sort_keys=True, allow_nan=False)
    return {"drawn_from": hashlib.sha256(text.encode()).hexdigest()}


def write_assessment(out: Path, predictions: Predictions, answer: dict[str, Any], plan: AssessmentPlan) -> None:
    """Write one model's numbers and pictures; only files of these names are replaced.

    Parameters
    ----------
    out : Path
        The folder; made where it does not exist.
    predictions : Predictions
        The model's predictions.
    answer : dict
        Its statistics.
    plan : AssessmentPlan
        The horizons.
    """
    write_json(out / "metrics.json", answer)
    figures = out / FIGURES
    draw_model(figures / "risk", answer | {"label": answer["name"]}, predictions, plan, "")
    if "comparison" in answer:
        draw_gains(figures / "gain", [answer["comparison"]])
    write_json(figures / RECORD, figures_record(answer))


def draw_model(
    stem: Path, model: dict[str, Any], predictions: Predictions, plan: AssessmentPlan, endpoint: str
) -> None:
    """Draw one model: groups of risk, incidence, calibration, decision curves and the landmark status.

    Parameters
    ----------
    stem : Path
        Where the pictures go; the kind of picture is added to its name.
    model : dict
        The model's statistics and ``label``.
    predictions : Predictions
        Its predictions.
    plan : AssessmentPlan
        The horizons.
    endpoint : str
        ``DSS``, ``OS``, ``PFS``, or empty where it is not known.
    """
    single, label = predictions.first_repeat(), model["label"]
    label = label if len(label) <= _LONGEST_TITLE else f"{label[: _LONGEST_TITLE - 1]}…"

    def named(kind: str) -> Path:
        return stem.with_name(f"{stem.name}_{kind}")

    draw_kaplan_meier(named("kaplan_meier"), label, single, model["logrank_median"], endpoint)
    draw_incidence(named("incidence"), label, single, endpoint)
    draw_calibration(named("calibration"), label, model, plan.horizons_months)
    draw_decision_curve(named("decision_curve"), label, model, plan.horizons_months)
    draw_five_year(named("five_year"), label, model["five_year"])
