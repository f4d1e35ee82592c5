"""What the folds of a run say together: every patient's out-of-fold risk, the C-index, the ensemble."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.errors import StudyError
from tumorboard.evaluation.discrimination import harrell_estimate, uno_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.inputs import StudyInputs
from tumorboard.network.saving import CONFIG_FILE
from tumorboard.pipeline.run_plan import RunPlan, months_of, read_study_folds, tasks_of
from tumorboard.prediction.ensemble import MODEL_FILE, count_seen, write_ensemble
from tumorboard.prediction.fold import PREDICTIONS_FILE, is_predicted
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.study.files import StudyFolder, read_json, read_stage_table, write_json, write_parquet, write_text
from tumorboard.study.log import append_log
from tumorboard.study.settings import StudySettings
from tumorboard.study.training_settings import TrainingSettings
from tumorboard.training.task import FoldTask

if TYPE_CHECKING:
    import pandas as pd

SUMMARY_FILE = "summary.json"
RISKS_FILE = "risks.csv"
MODEL_FOLDER = "model"
_MADE_BY = "tumorboard train STUDY"


def collect_run(folder: StudyFolder, settings: StudySettings, plan: RunPlan, inputs: StudyInputs) -> dict[str, Any]:
    """Put together what the folds of a run predicted, and make their ensemble.

    Folds of the same settings and inputs count, whoever trained them and when.

    Parameters
    ----------
    folder : StudyFolder
    settings : StudySettings
    plan : RunPlan
    inputs : StudyInputs

    Returns
    -------
    dict
        What ``summary.json`` holds.

    Raises
    ------
    StudyError
        No fold is finished.
    """
    root = folder.root / "runs" / plan.run
    folds = read_study_folds(folder, settings)
    finished = _finished(tasks_of(folder, settings, RunPlan(plan.run, _repeats_of(folds))), inputs, settings)
    if not finished:
        raise StudyError("no fold of the run is finished", where=str(root), fix=_MADE_BY)
    table = _predictions(finished, inputs)
    write_parquet(root / "predictions.parquet", table)
    risks = _risks(table, months_of(settings))
    write_text(root / RISKS_FILE, risks.to_csv(index=False, lineterminator="\n", float_format="%.9g"))
    summary = _summary(finished, table, risks, settings, plan, inputs) | _completeness(finished, table, folds)
    roles = _roles_of(folds, finished)
    write_ensemble([task.path for task, _ in finished], root / MODEL_FOLDER, count_seen(roles), _facts(settings, plan))
    write_json(root / SUMMARY_FILE, summary)
    append_log(
        folder, "train", inputs=inputs.hashes(), counts={"folds": len(finished), "patients": summary["patients"]}
    )
    return summary


def is_collected(folder: StudyFolder, settings: StudySettings, plan: RunPlan, inputs: StudyInputs) -> bool:
    """Tell whether a run's summary is there, of all folds that are wanted, with the settings and inputs of today."""
    root = folder.root / "runs" / plan.run
    if not all((root / name).is_file() for name in (SUMMARY_FILE, RISKS_FILE, f"{MODEL_FOLDER}/{MODEL_FILE}")):
        return False
    summary = read_json(root / SUMMARY_FILE, _MADE_BY)
    wanted = tasks_of(folder, settings, plan)
    finished = _finished(wanted, inputs, settings)
    return (
        len(finished) == len(wanted)
        and summary.get("inputs") == inputs.hashes()
        and _is_trained_with(finished[0][1], settings)
        and summary.get("images_of_patient") == dict(ImageChoice.of(settings.prediction).most)
    )


def _is_trained_with(further: dict[str, Any], settings: StudySettings) -> bool:
    recipe = settings.training.recipe()
    today = settings.training.model_dump(mode="json") | {
        name: getattr(recipe, name) for name in recipe.__dataclass_fields__
    }
    return _alike(further, {"training": today, "network_choices": settings.network.model_dump(mode="json")})


def _repeats_of(folds: pd.DataFrame) -> int:
    return int(folds["repeat"].nunique())


Finished = list[tuple[FoldTask, dict[str, Any]]]
"""Folds with what was saved beside their network."""


def _finished(tasks: Iterable[FoldTask], inputs: StudyInputs, settings: StudySettings) -> Finished:
    """Return the folds that are trained and predicted, all with the settings and inputs of today."""
    found: Finished = []
    hashes = inputs.hashes()
    choices, choice = settings.network.model_dump(mode="json"), ImageChoice.of(settings.prediction)
    for task in tasks:
        if not is_predicted(task.path, choice):
            continue
        further = json.loads((task.path / CONFIG_FILE).read_text(encoding="utf-8"))["further"]
        if further["input_hashes"].items() <= hashes.items() and further["network_choices"] == choices:
            found.append((task, further))
    newest = max(found, key=lambda each: (each[0].path / CONFIG_FILE).stat().st_mtime_ns, default=None)
    if newest is None:
        return []
    return [each for each in found if _alike(each[1], newest[1])]


def _alike(further: dict[str, Any], other: dict[str, Any]) -> bool:
    def training(content: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value for name, value in content["training"].items() if name not in TrainingSettings.BESIDE_THE_RESULT
        }

    return training(further) == training(other) and further["network_choices"] == other["network_choices"]


def _predictions(finished: Finished, inputs: StudyInputs) -> pd.DataFrame:
    """Return the test patients of all folds with their outcomes."""
    import pandas as pd

    parts = []
    for task, _ in finished:
        own = read_stage_table(task.path / PREDICTIONS_FILE, _MADE_BY)
        own = own[own["role"] == "test"].drop(columns="role")
        parts.append(own.assign(repeat=task.repeat, fold=task.fold))
    table = pd.concat(parts, ignore_index=True)
    outcome = inputs.patients.loc[table["patient_id"], ["time_months", "event", "competing"]].reset_index(drop=True)
    first = ["patient_id", "repeat", "fold", "time_months", "event", "competing"]
    table = pd.concat([table, outcome], axis=1)
    rest = [name for name in table if name not in first]
    return table[[*first, *rest]].sort_values(["repeat", "fold", "patient_id"], ignore_index=True)


def _risks(table: pd.DataFrame, months: Sequence[float]) -> pd.DataFrame:
    """Return the risk file: patients who stand in every repeat, survival where it is known for all."""
    complete = table.groupby("patient_id")["repeat"].transform("nunique") == table["repeat"].nunique()
    rows = table[complete].rename(columns={"log_risk": "risk"})
    survival = [name for month in months if rows[name := f"survival_{month:g}"].notna().all()]
    columns = ["patient_id", "time_months", "event", "risk", "fold"]
    if rows["repeat"].nunique() > 1:
        columns.append("repeat")
    if rows["competing"].notna().all():
        columns.append("competing")
    whole = {name: "int64" for name in ("event", "competing") if name in columns}
    return rows[[*columns, *survival]].astype(whole).reset_index(drop=True)


def _summary(
    finished: Finished,
    table: pd.DataFrame,
    risks: pd.DataFrame,
    settings: StudySettings,
    plan: RunPlan,
    inputs: StudyInputs,
) -> dict[str, Any]:
    bootstrap = Bootstrap(settings.evaluation.bootstrap, settings.evaluation.seed)
    predictions = Predictions(plan.run, risks)
    each = [_fold_summary(task, further, table, bootstrap) for task, further in finished]
    known = [fold["harrell_c"]["value"] for fold in each if fold["harrell_c"]["value"] is not None]
    return {
        "tumorboard": __version__,
        "research_use_only": RESEARCH_USE_ONLY,
        "run": plan.run,
        "endpoint": settings.cohort.endpoint,
        "simulated": settings.cohort.simulated,
        "modalities": list(inputs.modalities),
        "network": settings.network.model_dump(mode="json"),
        "training": finished[0][1]["training"],
        "images_of_patient": dict(ImageChoice.of(settings.prediction).most),
        "patients": int(table["patient_id"].nunique()),
        "events": int(table.drop_duplicates("patient_id")["event"].sum()),
        "folds": each,
        "mean_fold_c": float(np.mean(known)) if known else None,
        "sd_fold_c": float(np.std(known, ddof=1)) if len(known) > 1 else None,
        "max_fold_c": max(known, default=None),
        "harrell_c": harrell_estimate(predictions, bootstrap).to_json(),
        "uno_c": uno_estimate(predictions, bootstrap),
        "rests_on": {str(name): int(count) for name, count in table["modalities"].value_counts().items()},
        "mean_weights": _mean_of(table, "weight_"),
        "mean_absolute_shapley": _mean_of(table, "shapley_"),
        "inputs": inputs.hashes(),
    }


def _completeness(finished: Finished, table: pd.DataFrame, folds: pd.DataFrame) -> dict[str, Any]:
    """Tell whether all folds of the repeats that were begun are there, and who then has no prediction."""
    repeats = {task.repeat for task, _ in finished}
    dealt = len(folds.loc[folds["repeat"].isin(repeats), ["repeat", "fold"]].drop_duplicates())
    missing = int(folds["patient_id"].nunique() - table["patient_id"].nunique())
    complete = len(finished) == dealt
    return {"complete": complete, "folds_dealt": dealt, "without_prediction": missing if complete else None}


def _mean_of(table: pd.DataFrame, prefix: str) -> dict[str, float]:
    """Return means over the patients who have the modality, of absolute values."""
    columns = [str(name) for name in table if str(name).startswith(prefix)]
    found = {}
    for column in columns:
        name = column.removeprefix(prefix)
        own = table.loc[table[f"images_{name}"] > 0, column].dropna().abs()
        if len(own):
            found[name] = float(own.mean())
    return found


def _fold_summary(task: FoldTask, further: dict[str, Any], table: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, Any]:
    rows = table[(table["repeat"] == task.repeat) & (table["fold"] == task.fold)]
    frame = rows[["patient_id", "time_months", "event"]].assign(risk=rows["log_risk"]).reset_index(drop=True)
    estimate = harrell_estimate(Predictions(f"fold {task.fold}", frame), bootstrap)
    return {
        "repeat": task.repeat,
        "fold": task.fold,
        "fit": further["patients"]["fit"],
        "select": further["patients"]["select"],
        "n": len(frame),
        "events": int(frame["event"].sum()),
        "harrell_c": estimate.to_json(),
        "stages": further.get("stages", []),
    }


def _roles_of(folds: pd.DataFrame, finished: Finished) -> Iterable[tuple[str, str]]:
    return chain.from_iterable(
        zip(own["patient_id"].astype(str), own["role"].astype(str), strict=True)
        for task, _ in finished
        for own in [folds[(folds["repeat"] == task.repeat) & (folds["fold"] == task.fold)]]
    )


def _facts(settings: StudySettings, plan: RunPlan) -> dict[str, Any]:
    """Return what the ensemble has to know; no path of this machine is in it."""
    cohort = settings.cohort.model_copy(update={"tables": "", "index": ""})
    network = settings.network.model_copy(update={"weights": Path(settings.network.weights).name})
    return {
        "run": plan.run,
        "endpoint": settings.cohort.endpoint,
        "simulated": settings.cohort.simulated,
        "horizons_months": list(settings.evaluation.horizons_months),
        "landmark_months": settings.cohort.landmark_months,
        "images_of_patient": dict(ImageChoice.of(settings.prediction).most),
        "settings": settings.model_copy(update={"cohort": cohort, "network": network}).model_dump(mode="json"),
    }
