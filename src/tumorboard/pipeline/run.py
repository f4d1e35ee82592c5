"""All stages of a study that are not up to date, one after another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.errors import StudyError
from tumorboard.study.files import StudyFolder, read_json
from tumorboard.study.log import fingerprint
from tumorboard.study.settings import StudySettings, load_settings

Outcome = Literal["done", "up to date", "left out"]
Tell = Callable[[str], None]
_IMAGE_TABLES = ("slides", "scans", "features")
_GENES = ("mutations.maf", "mutations.maf.gz", "copy_number.tsv", "copy_number.tsv.gz")


@dataclass(frozen=True)
class StageResult:
    """What became of a stage.

    Parameters
    ----------
    outcome : {"done", "up to date", "left out"}
    told : str
        In a few words: what came out, or why it was left out.
    """

    outcome: Outcome
    told: str = ""


@dataclass(frozen=True)
class Stage:
    """One stage of a study.

    Parameters
    ----------
    name : str
    run : callable
        Does what is not up to date; is given the study and whom to tell what it does.
    """

    name: str
    run: Callable[[StudyFolder, Tell], StageResult]


def run_study(
    folder: StudyFolder,
    stages: Sequence[Stage],
    begin: Callable[[Stage], Tell],
    end: Callable[[Stage, StageResult], None],
) -> dict[str, StageResult]:
    """Run the stages of a study that are not up to date.

    Parameters
    ----------
    folder : StudyFolder
    stages : sequence of Stage
        ``STUDY_STAGES``, and whatever shows their results.
    begin : callable
        Called with each stage before it runs; returns what is told the progress.
    end : callable
        Called with each stage and what became of it.

    Returns
    -------
    dict of str to StageResult
        By name.

    Raises
    ------
    UserError
        A stage cannot be done; what was finished is kept.
    """
    if not folder.root.is_dir():
        raise StudyError("there is no such study folder", where=str(folder.root))
    results = {}
    for stage in stages:
        results[stage.name] = stage.run(folder, begin(stage))
        end(stage, results[stage.name])
    return results


def _cohort(folder: StudyFolder, tell: Tell) -> StageResult:
    settings = load_settings(folder)
    if _is_cohort_fresh(folder, settings):
        return StageResult("up to date")
    tell("tables")
    cohort = build_cohort(folder, settings)
    write_cohort(folder, cohort)
    return StageResult("done", f"{len(cohort.patients)} patients")


def _is_cohort_fresh(folder: StudyFolder, settings: StudySettings) -> bool:
    """Whether the cohort was built from the tables and settings of today."""
    parts = [folder.cohort_record, folder.cohort, folder.genes]
    if not all(path.is_file() for path in parts):
        return False
    record = read_json(folder.cohort_record, "tumorboard cohort STUDY")
    built_with, today = record.get("settings"), settings.model_dump(mode="json")
    if not isinstance(built_with, dict) or any(built_with.get(name) != today[name] for name in ("cohort", "folds")):
        return False
    inputs = record.get("inputs")
    return inputs == fingerprint(_inputs_of_cohort(folder, settings, inputs if isinstance(inputs, dict) else {}))


def _inputs_of_cohort(folder: StudyFolder, settings: StudySettings, read: Mapping[str, object]) -> list[Path]:
    """Return the files that a cohort is built from today; of cBioPortal's those that were read then."""
    images = [path for name in _IMAGE_TABLES if (path := folder.own_table(name)) is not None]
    if settings.cohort.tables:
        tables = folder.root / settings.cohort.tables
        return [path for path in sorted(tables.glob("*")) if path.name in read] + images
    patients = folder.own_table("patients")
    genes = [path for name in _GENES if (path := folder.root / name).is_file()]
    return [*([patients] if patients else []), *images, *genes]


def _prepare(folder: StudyFolder, tell: Tell) -> StageResult:
    from tumorboard.pipeline.features import prepare_features
    from tumorboard.pipeline.scans import prepare_scans
    from tumorboard.pipeline.slides import prepare_slides

    def progress(done: int, everyone: int, step: str) -> None:
        tell(f"{step}: {done} of {everyone}")

    before, told, failed = _indexes(folder), [], 0
    if folder.own_table("slides") is not None:
        slides = prepare_slides(folder, progress=progress)
        told.append(f"{len(slides.records)} slides")
        failed += len(slides.failed)
    if folder.own_table("scans") is not None:
        scans = prepare_scans(folder, progress=progress)
        told.append(f"{len(scans.records)} patients' scans")
        failed += len(scans.failed)
    if folder.own_table("features") is not None and (stored := prepare_features(folder, progress=progress)):
        told.append("features")
        failed += len(stored.refused)
    if not told:
        return StageResult("left out", "there is neither slides.csv nor scans.csv nor features.csv")
    lacking = f"; {failed} could not be read, see {folder.prepared}" if failed else ""
    return StageResult("up to date" if _indexes(folder) == before else "done", ", ".join(told) + lacking)


def _indexes(folder: StudyFolder) -> dict[str, str]:
    """Return what the store holds: indexes depend on the shards' content alone."""
    return {
        path.relative_to(folder.store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.store.rglob("*.index"))
    }


def _train(folder: StudyFolder, tell: Tell) -> StageResult:
    from tumorboard.inputs import StudyInputs
    from tumorboard.pipeline.run_plan import DEFAULT_RUN, RunPlan, RunProgress
    from tumorboard.pipeline.run_results import is_collected
    from tumorboard.pipeline.training import train_study

    settings = load_settings(folder)
    if not folder.folds.is_file():
        return StageResult("left out", "there are too few events for folds")
    if reason := _nothing_to_train_on(folder, settings):
        return StageResult("left out", reason)
    plan = RunPlan(DEFAULT_RUN)
    if is_collected(folder, settings, plan, StudyInputs.open(folder, settings)):
        return StageResult("up to date")

    def report(progress: RunProgress) -> None:
        tell(progress.line())

    summary = train_study(folder, settings, plan, report=report)
    value = summary["harrell_c"]["value"]
    return StageResult("done", "no C-index" if value is None else f"C-index {value:.3f}")


def _nothing_to_train_on(folder: StudyFolder, settings: StudySettings) -> str:
    from tumorboard.cohort import read_genes

    if settings.network.modalities or any(folder.store.rglob("*.index")) or any(read_genes(folder).profiled.values()):
        return ""
    return "there are neither images nor genes; name clinical in network.modalities to train on clinical values"


def _evaluate(folder: StudyFolder, tell: Tell) -> StageResult:
    from tumorboard.evaluation.run import evaluate_runs
    from tumorboard.evaluation.study import evaluate_study

    if not folder.folds.is_file():
        return StageResult("left out", "there are too few events for folds")
    told = []
    if not _is_evaluation_fresh(folder):
        answer: dict[str, Any] = evaluate_study(folder, {}, progress=tell)
        told.append(f"{answer['n']} patients, {answer['events']} events")
    runs = evaluate_runs(folder, progress=tell)
    told += [f"{'run' if len(runs) == 1 else 'runs'} {', '.join(runs)}"] if runs else []
    return StageResult("done", "; ".join(told)) if told else StageResult("up to date")


def _is_evaluation_fresh(folder: StudyFolder) -> bool:
    """Whether the clinical models were evaluated on the cohort and with the settings of today."""
    from tumorboard.evaluation.study import read_metrics

    if not all((folder.evaluation / name).is_file() for name in ("metrics.json", "figures/figures.json")):
        return False
    metrics = read_metrics(folder)
    today = load_settings(folder).model_dump(mode="json")
    sections = ("cohort", "folds", "genes", "scores", "evaluation")
    same = all(metrics.get("settings", {}).get(name) == today[name] for name in sections)
    return same and metrics.get("inputs") == fingerprint([folder.cohort, folder.genes, folder.folds])


STUDY_STAGES: tuple[Stage, ...] = (
    Stage("cohort", _cohort),
    Stage("prepare", _prepare),
    Stage("train", _train),
    Stage("evaluate", _evaluate),
)

__all__ = ["STUDY_STAGES", "Stage", "StageResult", "run_study"]
