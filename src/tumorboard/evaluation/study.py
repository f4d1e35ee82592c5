"""Evaluating a study: its clinical models cross-validated, compared and written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.clinical import ScoreSettings
from tumorboard.cohort import read_cohort, read_folds, read_genes
from tumorboard.errors import StudyError
from tumorboard.evaluation.adjusted import cox_adjusted, not_adjusted
from tumorboard.evaluation.applied import applied_predictions
from tumorboard.evaluation.assessment import AssessmentPlan, assess
from tumorboard.evaluation.baselines import available_baselines, build_features, cross_validate
from tumorboard.evaluation.baselines.cross_validation import CrossValidation
from tumorboard.evaluation.baselines.features import CLINICAL_CORE, CODING, PatientFeatures
from tumorboard.evaluation.baselines.models import BaselineModel
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.cross_fitting import time_grid
from tumorboard.evaluation.discrimination import harrell_estimate, uno_estimate
from tumorboard.evaluation.factor_tables import cox_tables, factor_concordance
from tumorboard.evaluation.head_to_head import SCORES, compare_score, readings
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.execution import run_in_order
from tumorboard.study.files import StudyFolder, read_json, write_json, write_parquet
from tumorboard.study.log import append_log, fingerprint
from tumorboard.study.settings import StudySettings, load_settings, parse_settings
from tumorboard.survival import Estimate

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str], None]

FULLY_ASSESSED = ("grade", "stage")
"""Factors of which everything is reported, as of every fitted model."""

_GAINS = (
    ("clinical_genes", "clinical", "gain of genes over age + stage + grade"),
    ("mutations", "clinical", "mutations alone against age + stage + grade"),
    ("genes", "clinical", "genes alone against age + stage + grade"),
    ("elastic_net", "clinical", "elastic net on all against age + stage + grade"),
    ("forest", "clinical", "random survival forest on all against age + stage + grade"),
)


def evaluate_study(
    folder: StudyFolder, given: dict[str, Any], *, workers: int = 0, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Cross-validate a study's clinical models and write ``evaluation/``.

    Parameters
    ----------
    folder : StudyFolder
        The study; ``tumorboard cohort`` must have run.
    given : dict
        Settings of the section ``evaluation`` that override the study's.
    workers : int
        Processes; 0 for one a core. The result does not depend on it.
    progress : callable
        Told what is being done.

    Returns
    -------
    dict
        What ``evaluation/metrics.json`` holds.

    Raises
    ------
    StudyError
        Where the cohort or its folds are missing, or a patient is on both sides of a fold.
    """
    settings = _settings(folder, given)
    plan = AssessmentPlan(
        settings.evaluation.horizons_months,
        settings.cohort.landmark_months,
        Bootstrap(settings.evaluation.bootstrap, settings.evaluation.seed),
    )
    cohort = read_cohort(folder)
    if not folder.folds.is_file():
        known, events = int(cohort["time_months"].notna().sum()), int(cohort["event"].sum())
        raise StudyError(
            f"there are no folds: {settings.cohort.endpoint} is known in {known} of {len(cohort)} patients, "
            f"with {events} events, and {settings.folds.count} folds need as many events",
            where=str(folder.root),
            fix="Check the outcome columns, or lower folds.count and run 'tumorboard cohort' again",
        )
    folds = read_folds(folder, cohort, by_site=settings.folds.group_by_site)
    features = build_features(cohort, read_genes(folder), _score_settings(settings))
    models, left_out = _models(features)
    progress("cross-validation")
    validation = cross_validate(
        features, folds, models, settings.genes, time_grid((*plan.horizons_months, plan.landmark_months)),
        plan.landmark_months, workers=workers, progress=progress,
    )  # fmt: skip
    predictions = {model.name: _predictions(model, features, validation) for model in models}
    answer = _answer(folder, settings, plan, features, models, predictions, workers, progress)
    answer["left_out"] = left_out
    _write(folder, answer, predictions, validation)
    progress("figures")
    from tumorboard.evaluation.figures import draw_study

    draw_study(folder.evaluation, answer, predictions, plan)
    return answer


def _settings(folder: StudyFolder, given: dict[str, Any]) -> StudySettings:
    record = read_json(folder.cohort_record, "tumorboard cohort STUDY")
    content = record.get("settings")
    if not isinstance(content, dict):
        raise StudyError("cohort.json has no settings", where=str(folder.root), fix="Run: tumorboard cohort STUDY")
    _refuse_changed_inputs(folder, record, str(content.get("cohort", {}).get("tables", "")))
    # who is in the cohort and how it was dealt is what the cohort was built with; the rest may have changed since
    current = load_settings(folder).model_dump(mode="json")
    merged = current | {key: content[key] for key in ("cohort", "folds") if key in content}
    merged["evaluation"] = merged["evaluation"] | given
    return parse_settings(merged, "study.toml")


def _refuse_changed_inputs(folder: StudyFolder, record: dict[str, Any], tables: str) -> None:
    """Refuse a cohort whose tables have changed since it was built; tables that are gone are no matter."""
    places = [folder.root, *([folder.root / tables] if tables else [])]
    for name, digest in record.get("inputs", {}).items():
        found = next((place / name for place in reversed(places) if (place / name).is_file()), None)
        if found is not None and fingerprint([found])[name] != digest:
            raise StudyError(
                f"{name} has changed since the cohort was built",
                where=str(folder.root),
                fix=f"Run: tumorboard cohort {folder.root}",
            )


def _score_settings(settings: StudySettings) -> ScoreSettings:
    return ScoreSettings(**settings.scores.model_dump())


def _models(features: PatientFeatures) -> tuple[tuple[BaselineModel, ...], list[str]]:
    """Return the models that have something to look at, and why others are left out."""
    available = available_baselines()
    left_out = [] if any(model.kind == "forest" for model in available) else [_FOREST_ABSENT]
    if features.genes.alterations.empty:
        only_genes = tuple(model for model in available if model.genes and (not model.clinical or model.kind == "cox"))
        left_out += [f"{model.label}: no patient's genes were profiled" for model in only_genes]
        available = tuple(model for model in available if model not in only_genes)
    return available, left_out


def _predictions(model: BaselineModel, features: PatientFeatures, validation: CrossValidation) -> Predictions:
    return validation.predictions[model.name] if model.fitted else applied_predictions(model, features)


def _answer(
    folder: StudyFolder,
    settings: StudySettings,
    plan: AssessmentPlan,
    features: PatientFeatures,
    models: tuple[BaselineModel, ...],
    predictions: dict[str, Predictions],
    workers: int,
    progress: Progress,
) -> dict[str, Any]:
    progress("models")
    summaries = _summaries(models, predictions, features.clinical, plan, workers, progress)
    progress("comparisons")
    return {
        "tumorboard": __version__,
        "research_use_only": RESEARCH_USE_ONLY,
        "endpoint": settings.cohort.endpoint,
        "n": len(features.patients),
        "events": int(features.patients["event"].sum()),
        "competing_events": int(features.patients["competing"].sum()),
        "coding": CODING,
        "settings": settings.model_dump(mode="json"),
        "inputs": fingerprint([folder.cohort, folder.genes, folder.folds]),
        "models": summaries,
        "comparisons": _gains(predictions, features, plan.bootstrap),
        "single_factors": factor_concordance(features, settings.cohort.endpoint, plan.bootstrap),
        "head_to_head": _head_to_head(features, _score_settings(settings), predictions, plan.bootstrap),
        "cox": cox_tables(features),
    }


_FOREST_ABSENT = "random survival forest: needs scikit-survival, an optional extra: pip install 'tumorboard[forest]'"


def _summaries(
    models: tuple[BaselineModel, ...],
    predictions: dict[str, Predictions],
    clinical: pd.DataFrame,
    plan: AssessmentPlan,
    workers: int,
    progress: Progress,
) -> list[dict[str, Any]]:
    tasks = [(model, predictions[model.name], clinical, plan) for model in models]
    summaries = []
    for summary in run_in_order(_summarise, tasks, workers):
        summaries.append(summary)
        progress(f"assessed {len(summaries)} of {len(tasks)} models")
    return summaries


def _summarise(task: tuple[BaselineModel, Predictions, pd.DataFrame, AssessmentPlan]) -> dict[str, Any]:
    model, predictions, clinical, plan = task
    head = {"model": model.name, "label": model.label, "kind": model.kind}
    if model.fitted:
        return head | assess(predictions, plan) | {"cox_adjusted": _adjusted(model, predictions, clinical)}
    if model.name in FULLY_ASSESSED:
        return head | assess(predictions, plan)
    if not len(predictions.patients):
        how = "exact in" if model.kind == "score" else "known for"
        nothing = Estimate.undefined(f"{how} no patient").to_json()
        return head | {"n": 0, "events": 0, "harrell_c": nothing, "uno_c": nothing | {"tau_months": None}}
    single = predictions.first_repeat()
    return head | {
        "n": len(predictions.patients),
        "events": single.outcome.events,
        "harrell_c": harrell_estimate(predictions, plan.bootstrap).to_json(),
        "uno_c": uno_estimate(predictions, plan.bootstrap),
    }


def _adjusted(model: BaselineModel, predictions: Predictions, clinical: pd.DataFrame) -> dict[str, Any]:
    if model.clinical == CLINICAL_CORE and not model.genes:
        return not_adjusted("the model is itself made of age, stage and grade (collinear)")
    return cox_adjusted(predictions, clinical)


def _gains(
    predictions: dict[str, Predictions], features: PatientFeatures, bootstrap: Bootstrap
) -> list[dict[str, Any]]:
    profiled = features.genes.profiled.get("mutations", frozenset()) & features.genes.profiled.get(
        "copy_number", frozenset()
    )
    gains = []
    for first, second, label in _GAINS:
        if first not in predictions:
            continue
        gains.append(_gain(predictions[first], predictions[second], label, "all patients", bootstrap))
        if profiled:
            rows = predictions[first].frame["patient_id"].isin(profiled).to_numpy()
            pair = predictions[first].where(rows), predictions[second].where(rows)
            gains.append(_gain(*pair, label, "patients with mutations and copy number profiled", bootstrap))
    return gains


def _gain(first: Predictions, second: Predictions, label: str, who: str, bootstrap: Bootstrap) -> dict[str, Any]:
    return {"label": f"{label}, {who}", "patients": who} | paired_difference(first, second, bootstrap).to_json()


def _head_to_head(
    features: PatientFeatures, settings: ScoreSettings, predictions: dict[str, Predictions], bootstrap: Bootstrap
) -> list[dict[str, Any]]:
    patients = features.patients.reset_index(drop=True)
    rivals = {name: predictions[name] for name in ("stage", "grade", "clinical")}
    tables = []
    for reading, choice in readings(settings):
        read = build_features(patients, features.genes, choice)
        scores = [compare_score(model, read, choice, rivals, bootstrap) for model in SCORES]
        tables.append({"reading": reading, "scores": scores})
    return tables


def _write(
    folder: StudyFolder, answer: dict[str, Any], predictions: dict[str, Predictions], validation: CrossValidation
) -> None:
    folder.evaluation.mkdir(parents=True, exist_ok=True)
    write_json(folder.evaluation / "metrics.json", answer)
    write_json(folder.evaluation / "folds.json", validation.learned)
    write_parquet(folder.evaluation / "predictions.parquet", _long(predictions))
    append_log(
        folder, "evaluate", inputs=answer["inputs"], counts={"patients": answer["n"], "models": len(predictions)}
    )


def _long(predictions: dict[str, Predictions]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([item.frame.assign(model=name) for name, item in predictions.items()], ignore_index=True)


def read_metrics(folder: StudyFolder) -> dict[str, Any]:
    """Read a study's ``evaluation/metrics.json``.

    Raises
    ------
    StudyError
        Where it is missing or unreadable.
    """
    return read_json(folder.evaluation / "metrics.json", "tumorboard evaluate STUDY")
