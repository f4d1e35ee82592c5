"""A search of hyper-parameters over a study's folds, trial by trial, judged on select patients alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.errors import StudyError
from tumorboard.inputs import StudyInputs
from tumorboard.pipeline.run_plan import DEFAULT_RUN, RunPlan, duration, tasks_of
from tumorboard.study.files import StudyFolder, read_json, write_json
from tumorboard.study.log import append_log
from tumorboard.study.settings import StudySettings
from tumorboard.training.search import (
    Parameter,
    Values,
    judge_fold,
    optuna_version,
    propose,
    space_of,
    values_as_set,
    with_values,
)
from tumorboard.training.stage import DivergedError
from tumorboard.training.task import FoldTask, Progress

SEARCH_FOLDER, SEARCH_FILE = "search", "search.json"
_MADE_BY = "tumorboard search STUDY"

JUDGED_BY = (
    "mean over the folds of Harrell's C of their select patients: it is what test patients are judged by, and unlike "
    "the loss it compares settings whose log-risks differ in scale"
)
OPTIMISTIC = (
    "These C-indices are of select patients, on whom epochs were chosen and now settings too: the best of many trials "
    "is too high by construction and is no result. A result is the C-index of test patients."
)
ACROSS_FOLDS = (
    "Select patients of one fold are test patients of another: with these settings, the C-index of the same folds is "
    "a little too high as well. A search on one fold (--folds 0) leaves that fold's test patients unseen, and another "
    "cohort leaves all unseen."
)

Told = Callable[[str], object]


@dataclass(frozen=True)
class SearchPlan:
    """What is to be searched.

    Parameters
    ----------
    run : str
        Name of the run whose settings are varied.
    trials : int
        In all, the settings as they are among them.
    folds : tuple of int
        Of the first repeat; empty for all.
    vary : tuple of str
        Settings; empty for all that make a difference.
    seed : int
        Of what is tried.
    """

    run: str = DEFAULT_RUN
    trials: int = 20
    folds: tuple[int, ...] = ()
    vary: tuple[str, ...] = ()
    seed: int = 2023


def search_settings(
    folder: StudyFolder, settings: StudySettings, plan: SearchPlan, *, tell: Told = lambda _: None
) -> dict[str, Any]:
    """Search settings, or go on where a search was stopped.

    Written is ``runs/<name>/search/search.json``, anew after each trial.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort, folds and what was prepared.
    settings : StudySettings
        The study's, with what was given for this search; they are the first trial.
    plan : SearchPlan
    tell : callable
        Told where the search is.

    Returns
    -------
    dict
        What ``search.json`` holds: ``trials`` (``trial``, ``values`` by setting, ``select_c_index``, ``folds``,
        ``seconds``, ``reason``), ``best`` (number of a trial, or None), ``space``, ``seed``, ``of`` (what the search
        depends on) and ``warnings``.

    Raises
    ------
    MissingExtraError
        Optuna is not installed.
    StudyError
        The search there is of other settings, inputs or versions, or no select patients can be compared.
    UserError
        The folds cannot be trained.
    """
    version = optuna_version()
    inputs = StudyInputs.open(folder, settings)
    space = space_of(settings, inputs, plan.vary)
    own = [
        replace(task, run=f"{plan.run}/{SEARCH_FOLDER}")
        for task in tasks_of(folder, settings, RunPlan(plan.run, 1, plan.folds))
    ]
    path = own[0].run_path / SEARCH_FILE
    content = _begun(path, _depends_on(own, inputs, space, plan.seed, version))
    content |= {
        "tumorboard": __version__,
        "seed": plan.seed,
        "space": {parameter.setting: parameter.described() for parameter in space},
        "research_use_only": RESEARCH_USE_ONLY,
        "judged_by": JUDGED_BY,
        "warnings": [OPTIMISTIC] + ([ACROSS_FOLDS] if len(own) > 1 else []),
    }
    trials: list[dict[str, Any]] = content["trials"]
    for number in range(len(trials), plan.trials):
        past = [(trial["values"], trial["select_c_index"]) for trial in trials]
        values = propose(space, past, number, plan.seed) if number else values_as_set(settings, space)
        telling = _Telling(tell, f"trial {number + 1} of {plan.trials}", _time_left(trials, plan.trials - number))
        trials.append(_tried(number, values, own, inputs, telling))
        content["best"] = _best(trials)
        write_json(path, content)
    for task in own:
        shutil.rmtree(task.path, ignore_errors=True)
    append_log(folder, "search", inputs=inputs.hashes(), counts={"trials": len(trials), "folds": len(own)})
    return content


def _depends_on(
    tasks: Sequence[FoldTask], inputs: StudyInputs, space: Sequence[Parameter], seed: int, version: str
) -> dict[str, Any]:
    import torch

    settings = tasks[0].settings
    return {
        "settings": settings.model_dump(mode="json", include={"cohort", "folds", "genes", "network"})
        | {"training": settings.training.deciding()},
        "inputs": inputs.hashes(),
        "modalities": list(inputs.modalities),
        "folds": [task.fold for task in tasks],
        "space": {parameter.setting: parameter.described() for parameter in space},
        "seed": seed,
        "versions": {"tumorboard": __version__, "torch": str(torch.__version__), "optuna": version},
    }


def _begun(path: Path, of: dict[str, Any]) -> dict[str, Any]:
    """Return a search's file as far as it has come; an empty one where there is none."""
    if not path.is_file():
        return {"of": of, "trials": [], "best": None}
    content: dict[str, Any] = read_json(path, _MADE_BY)
    found = content.get("of")
    other = [name for name, value in of.items() if not isinstance(found, dict) or found.get(name) != value]
    if other:
        raise StudyError(
            f"the search there is of other {' and '.join(other)}",
            where=str(path.parent),
            fix="Remove this folder to search anew, or name another run with --run",
        )
    return content


@dataclass(frozen=True)
class _Telling:
    """Tells where a trial is."""

    tell: Told
    trial: str
    left: str

    def of_fold(self, fold: str) -> Callable[[Progress], None]:
        def report(progress: Progress) -> None:
            self.tell(f"{self.trial}; {fold}: {progress.words()}{self.left}")

        return report


def _tried(
    number: int, values: Values, tasks: Sequence[FoldTask], inputs: StudyInputs, telling: _Telling
) -> dict[str, Any]:
    """Judge a trial's settings on every fold; settings whose loss diverges are a trial without a C-index."""
    begun = time.monotonic()
    settings = with_values(tasks[0].settings, values)
    cache = tasks[0].folder.cache
    before = set(cache.rglob("*"))
    judged, reason = [], ""
    try:
        for done, task in enumerate(tasks):
            report = telling.of_fold(f"fold {done + 1} of {len(tasks)}")
            judged.append(judge_fold(replace(task, settings=settings), inputs, report))
    except DivergedError as error:
        reason = error.what
    if number:  # encoders that were trained with settings that are tried once; those of the first trial are the run's
        for file in set(cache.rglob("*.safetensors")) - before:
            file.unlink(missing_ok=True)
    known = [fold.select_c_index for fold in judged if fold.select_c_index is not None]
    if not known and not reason:
        raise StudyError(
            "no two select patients of a fold can be compared, so that nothing can be judged",
            where=str(tasks[0].folder.folds),
            fix="Use fewer folds, a larger folds.select_share or another endpoint",
        )
    return {
        "trial": number,
        "values": values,
        "select_c_index": None if reason else sum(known) / len(known),
        "folds": [asdict(fold) for fold in judged],
        "seconds": round(time.monotonic() - begun, 1),
        "reason": reason,
    }


def _time_left(trials: Sequence[dict[str, Any]], left: int) -> str:
    if not trials:
        return ""
    return f", about {duration(left * sum(trial['seconds'] for trial in trials) / len(trials))} left"


def _best(trials: Sequence[dict[str, Any]]) -> int | None:
    """Return the best trial's number; of equal ones the earliest."""
    known = [trial for trial in trials if trial["select_c_index"] is not None]
    return max(known, key=lambda trial: (trial["select_c_index"], -trial["trial"]))["trial"] if known else None
