"""Evaluating a trained run: its out-of-fold risks through every statistic, beside the clinical model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.cohort import read_cohort
from tumorboard.errors import StudyError
from tumorboard.evaluation.adjusted import cox_adjusted
from tumorboard.evaluation.assessment import AssessmentPlan, assess
from tumorboard.evaluation.baselines.features import clinical_numbers
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.discrimination import harrell_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap, bootstrap_estimate
from tumorboard.evaluation.risk_table import read_risks
from tumorboard.evaluation.study import read_metrics
from tumorboard.study.files import StudyFolder, read_json, read_stage_table, write_json
from tumorboard.study.log import append_log, fingerprint
from tumorboard.survival import Estimate

if TYPE_CHECKING:
    import pandas as pd

EVALUATION_FILE = "evaluation.json"
_PARTS = ("summary.json", "risks.csv", "predictions.parquet")
_TRAIN = "tumorboard train STUDY"
_RIVALS = {"clinical": "Cox: age + stage + grade", "clinical_genes": "Cox: age + stage + grade + genes"}
_ORIGINS = {
    "log-risk": "Breslow's baseline on the fold's fit patients",
    "discrete time": "the network's own",
    "five-year status": "the network's own",
}

Progress = Callable[[str], None]


def collected_runs(folder: StudyFolder) -> list[str]:
    """Return the names of the runs whose folds were put together, sorted."""
    return sorted(path.parent.name for path in folder.root.glob("runs/*/summary.json"))


def is_of_this_cohort(metrics: dict[str, Any], summary: dict[str, Any]) -> bool:
    """Tell whether a run was trained on the cohort, genes and folds that were evaluated.

    Parameters
    ----------
    metrics : dict
        What ``evaluation/metrics.json`` holds.
    summary : dict
        What the run's ``summary.json`` holds.
    """
    hashes = summary.get("inputs")
    return isinstance(hashes, dict) and metrics["inputs"].items() <= hashes.items()


def is_evaluated(folder: StudyFolder, run: str) -> bool:
    """Tell whether a run's ``evaluation.json`` is of the risks and of the study's evaluation that are there now."""
    root = folder.root / "runs" / run
    if not all((root / name).is_file() for name in (*_PARTS, EVALUATION_FILE)):
        return False
    try:
        answer = read_json(root / EVALUATION_FILE, _TRAIN)
    except StudyError:  # torn
        return False
    return answer.get("inputs") == _inputs(folder, root)


def evaluate_runs(folder: StudyFolder, progress: Progress = lambda _: None) -> list[str]:
    """Evaluate the runs that are of this cohort and not evaluated since; return their names.

    Parameters
    ----------
    folder : StudyFolder
        ``tumorboard evaluate`` must have run.
    progress : callable
        Told what is being done.
    """
    metrics, done = read_metrics(folder), []
    for run in collected_runs(folder):
        summary = read_json(folder.root / "runs" / run / "summary.json", _TRAIN)
        if is_of_this_cohort(metrics, summary) and not is_evaluated(folder, run):
            evaluate_run(folder, run, lambda step, run=run: progress(f"run {run}: {step}"))  # type: ignore[misc]
            done.append(run)
    return done


def evaluate_run(folder: StudyFolder, run: str, progress: Progress = lambda _: None) -> dict[str, Any]:
    """Evaluate a run and write ``runs/<name>/evaluation.json`` and its ``figures/``.

    Horizons, landmark and bootstrap are those of the study's evaluation, whose clinical models stand beside it on the
    same patients, repeats and folds.

    Parameters
    ----------
    folder : StudyFolder
        ``tumorboard evaluate`` must have run.
    run : str
        Its name.
    progress : callable
        Told what is being done.

    Returns
    -------
    dict
        What ``evaluation.json`` holds: ``comparisons``, the gain over the clinical model first; the keys of
        ``tumorboard evaluate --json``; ``cox_adjusted``; ``by_inputs``, concordance by what a prediction rests on;
        ``contributions``, modality weights and mean absolute Shapley values.

    Raises
    ------
    StudyError
        The run or the study's evaluation is missing, or they are of different cohorts.
    """
    root, metrics = folder.root / "runs" / run, read_metrics(folder)
    summary: dict[str, Any] = read_json(root / "summary.json", _TRAIN)
    if not is_of_this_cohort(metrics, summary):
        raise StudyError(
            "the run was trained on another cohort, other genes or other folds than those evaluated",
            where=str(root),
            fix=f"Run again: {_TRAIN} --run {run}",
        )
    plan = _plan(metrics)
    predictions = _read_predictions(root, summary, f"network “{run}”")
    progress("gain over the clinical model")
    comparisons = _comparisons(folder, predictions, plan.bootstrap)
    answer = {
        "tumorboard": __version__,
        "run": run,
        "label": predictions.name,
        "endpoint": metrics["endpoint"],
        "simulated": bool(metrics["settings"]["cohort"].get("simulated")),
        "comparisons": comparisons,
        **assess(predictions, plan, progress),
    }
    progress("adjusted Cox")
    answer["cox_adjusted"] = _adjusted(folder, predictions)
    told = read_stage_table(root / "predictions.parquet", _TRAIN)
    told = told[told["repeat"] == predictions.frame["repeat"].min()]
    progress("inputs and their weights")
    answer["by_inputs"] = _by_inputs(predictions.first_repeat(), told, plan.bootstrap)
    answer["contributions"] = _contributions(told, summary, plan.bootstrap)
    answer |= {"inputs": _inputs(folder, root), "research_use_only": RESEARCH_USE_ONLY}
    progress("figures")
    from tumorboard.evaluation.figures.run import draw_run

    draw_run(root, answer, summary["folds"], predictions, plan)
    write_json(root / EVALUATION_FILE, answer)
    append_log(
        folder, "evaluate run", inputs=answer["inputs"], counts={"patients": answer["n"], "events": answer["events"]}
    )
    return answer


def _inputs(folder: StudyFolder, root: Path) -> dict[str, str]:
    metrics = folder.evaluation / "metrics.json"
    return fingerprint([root / name for name in _PARTS] + ([metrics] if metrics.is_file() else []))


def _plan(metrics: dict[str, Any]) -> AssessmentPlan:
    chosen = metrics["settings"]["evaluation"]
    return AssessmentPlan(
        tuple(chosen["horizons_months"]),
        metrics["settings"]["cohort"]["landmark_months"],
        Bootstrap(chosen["bootstrap"], chosen["seed"]),
    )


def _read_predictions(root: Path, summary: dict[str, Any], label: str) -> Predictions:
    read = read_risks(root / "risks.csv")
    frame = read.frame
    if "repeat" not in frame:
        frame = frame.assign(repeat=int(summary["folds"][0]["repeat"]))
    frame = frame.astype({"patient_id": object, "repeat": "int64", "fold": "int64"})
    origin = _ORIGINS.get(summary["network"]["head"], "the network's own")
    probabilities = None if read.probabilities is None else replace(read.probabilities, origin=origin)
    return Predictions(label, frame, probabilities)


def _comparisons(folder: StudyFolder, predictions: Predictions, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """Return the paired difference to each rival, both concordances beside it."""
    table = read_stage_table(folder.evaluation / "predictions.parquet", "tumorboard evaluate STUDY")
    own = harrell_estimate(predictions, bootstrap).to_json()
    found = []
    for model, label in _RIVALS.items():
        rows = table[table["model"] == model]
        if rows.empty:
            continue
        rival = _on_same_rows(rows, predictions, label)
        found.append(
            {
                **paired_difference(predictions, rival, bootstrap).to_json(),
                "first_c": own,
                "second_c": harrell_estimate(rival, bootstrap).to_json(),
            }
        )
    return found


def _on_same_rows(rows: pd.DataFrame, predictions: Predictions, label: str) -> Predictions:
    """Return a rival on a run's patients and repeats: not all of the study's need be among them."""
    keys = predictions.frame[["patient_id", "repeat"]]
    columns = ["patient_id", "time_months", "event", "risk", "repeat", "fold"]
    own = rows[columns].astype({"patient_id": object, "repeat": "int64", "fold": "int64"})
    return Predictions(label, own.merge(keys, on=["patient_id", "repeat"]))


def _adjusted(folder: StudyFolder, predictions: Predictions) -> dict[str, Any]:
    cohort = read_cohort(folder)
    return cox_adjusted(predictions, clinical_numbers(cohort[cohort["patient_id"].isin(predictions.patients)]))


def _by_inputs(single: Predictions, told: pd.DataFrame, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """Return the concordance of patients whose predictions rest on the same, the most frequent first."""
    rests_on = told.set_index("patient_id")["modalities"].loc[single.frame["patient_id"]].to_numpy()
    names, counts = np.unique(rests_on.astype(str), return_counts=True)
    order = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda each: (-each[1], each[0]))
    entries = []
    for name, count in order:
        part = single.where(rests_on == name)
        entries.append(
            {
                "modalities": name.split("+"),
                "n": count,
                "events": part.outcome.events,
                "harrell_c": harrell_estimate(part, bootstrap).to_json(),
            }
        )
    return entries


def _contributions(told: pd.DataFrame, summary: dict[str, Any], bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """Return by modality the mean weight and mean absolute Shapley value of the patients who have it and another.

    Of a patient with one modality alone the weight is 1 whatever the network learned.
    """
    modalities: Sequence[str] = summary["modalities"]
    several = told[told["modalities"].str.contains("+", regex=False)]
    entries = []
    for name in modalities:
        column = f"images_{name}"
        own = several[several[column] > 0] if column in several else several.iloc[:0]
        entries.append(
            {
                "modality": name,
                "n": len(own),
                "weight": _mean(own, f"weight_{name}", bootstrap, "the fusion gives no weights"),
                "shapley": _mean(own, f"shapley_{name}", bootstrap, "not computed"),
            }
        )
    return entries


def _mean(own: pd.DataFrame, column: str, bootstrap: Bootstrap, absent: str) -> dict[str, object]:
    if not len(own):
        return Estimate.undefined("no patient has it together with another modality").to_json()
    values = own[column].dropna().abs().to_numpy(dtype=np.float64) if column in own else np.empty(0)
    if not len(values):
        return Estimate.undefined(absent).to_json()
    if len(values) == 1:
        return Estimate(float(values[0]), None, "no interval: one patient").to_json()
    return bootstrap_estimate(lambda rows: float(values[rows].mean()), len(values), bootstrap).to_json()
