"""Cross-validation of the network: every fold trained and predicted, one after another or side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tumorboard.execution import available_cores, run_in_order
from tumorboard.inputs import StudyInputs
from tumorboard.pipeline.run_plan import (
    DEFAULT_RUN,
    Report,
    RunPlan,
    RunProgress,
    months_of,
    read_study_folds,
    tasks_of,
)
from tumorboard.pipeline.run_results import collect_run
from tumorboard.prediction.fold import is_predicted, predict_fold
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import StudySettings
from tumorboard.training.fold import train_fold
from tumorboard.training.machine import own_share
from tumorboard.training.task import FoldTask, Progress

__all__ = ["DEFAULT_RUN", "RunPlan", "RunProgress", "train_study"]


def train_study(
    folder: StudyFolder, settings: StudySettings, plan: RunPlan, *, report: Report = lambda _: None
) -> dict[str, Any]:
    """Train and predict the folds of a run, or go on where it was stopped, and collect them.

    Written are, below ``runs/<name>/``: each fold's folder; ``predictions.parquet``, every patient as the fold predicts
    it that did not see the patient; ``risks.csv``, the same as ``tumorboard evaluate --risks`` reads it;
    ``summary.json``; and ``model/``, the ensemble for new patients.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort, folds and what was prepared.
    settings : StudySettings
        The study's, with what was given for this run.
    plan : RunPlan
    report : callable
        Told where the run is.

    Returns
    -------
    dict
        What ``summary.json`` holds; empty in a process of several whose folds are done before the others'.

    Raises
    ------
    UserError
        There are no folds, nothing to learn from, no weights, or a fold or repeat is not there.
    """
    inputs = StudyInputs.open(folder, settings)
    tasks = tasks_of(folder, settings, plan)
    own = own_share(tasks)
    if plan.workers > 1:
        _side_by_side(own, plan, report)
    else:
        _one_after_another(own, inputs, plan, report)
    if several_processes() and not all(is_predicted(task.path) for task in tasks):
        return {}  # the process that ends last collects
    report(RunProgress(len(own), len(own), "collecting"))
    return collect_run(folder, settings, plan, inputs)


def _one_after_another(tasks: Sequence[FoldTask], inputs: StudyInputs, plan: RunPlan, report: Report) -> None:
    durations: list[float] = []
    for done, task in enumerate(tasks):
        telling = _Telling(report, done, len(tasks), _name(task), durations)
        started = time.monotonic()
        _do_fold(task, inputs, telling.epoch, telling.predicting)
        durations += [time.monotonic() - started] if telling.trained else []
        report(RunProgress(done + 1, len(tasks), _name(task)))


def _name(task: FoldTask) -> str:
    return f"repeat {task.repeat}, fold {task.fold}"


@dataclass
class _Telling:
    """Tells where a fold is; folds that were trained just now say best how long the others will take."""

    report: Report
    done: int
    folds: int
    name: str
    durations: Sequence[float]
    trained: bool = False

    def epoch(self, progress: Progress) -> None:
        self.trained = True
        each = sum(self.durations) / len(self.durations) if self.durations else progress.seconds_left
        left = progress.seconds_left + each * (self.folds - self.done - 1)
        self.report(RunProgress(self.done, self.folds, f"{self.name}: {progress.words()}", left, progress.warning))

    def predicting(self, done: int, everyone: int) -> None:
        step = f"{self.name}: predicting, {done} of {everyone} patients"
        self.report(RunProgress(self.done, self.folds, step))


def _do_fold(
    task: FoldTask,
    inputs: StudyInputs,
    epoch: Callable[[Progress], object],
    predicting: Callable[[int, int], object],
) -> None:
    path = train_fold(task, inputs, epoch)
    folds = read_study_folds(task.folder, task.settings)
    own = folds[(folds["repeat"] == task.repeat) & (folds["fold"] == task.fold)]
    training = task.settings.training
    predict_fold(
        path,
        inputs,
        own,
        choice=ImageChoice.of(task.settings.prediction),
        fit_images=training.assessed_images,
        months=months_of(task.settings),
        device=training.device,
        progress=predicting,
    )


def _side_by_side(tasks: Sequence[FoldTask], plan: RunPlan, report: Report) -> None:
    started = time.monotonic()
    side = [_Sided(task, min(plan.workers, len(tasks))) for task in tasks]
    report(RunProgress(0, len(tasks), f"{side[0].processes if side else 0} folds side by side"))
    for done, name in enumerate(run_in_order(_do_sided, side, plan.workers), start=1):
        left = (time.monotonic() - started) / done * (len(tasks) - done)
        report(RunProgress(done, len(tasks), name, left))


@dataclass(frozen=True)
class _Sided:
    """A fold that is done in a process of its own."""

    task: FoldTask
    processes: int


def _do_sided(sided: _Sided) -> str:
    import torch

    torch.set_num_threads(max(1, available_cores() // sided.processes))
    task = sided.task
    inputs = StudyInputs.open(task.folder, task.settings)
    _do_fold(task, inputs, lambda _: None, lambda *_: None)
    return _name(task)


def several_processes() -> bool:
    """Tell whether ``torchrun`` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1
