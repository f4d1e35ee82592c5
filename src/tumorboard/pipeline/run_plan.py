"""What is to be trained in a run, and where it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.cohort import read_cohort, read_folds
from tumorboard.errors import SettingsError, StudyError
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import StudySettings
from tumorboard.training.task import FoldTask

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_RUN = "main"
_SECONDS_TOLD = 90
_NEEDS_FOLDS = "Run 'tumorboard cohort' on a study with enough events, or lower folds.count"


@dataclass(frozen=True)
class RunPlan:
    """What is to be trained.

    Parameters
    ----------
    run : str
        Its name, a folder below ``runs/``.
    repeats : int
        So many of the study's repeats.
    folds : tuple of int
        Of each repeat; empty for all.
    workers : int
        Folds side by side.
    """

    run: str = DEFAULT_RUN
    repeats: int = 1
    folds: tuple[int, ...] = ()
    workers: int = 1

    def __post_init__(self) -> None:
        plain = self.run.replace("-", "").replace("_", "").replace(".", "")
        if not plain.isalnum() or self.run.startswith("."):
            raise SettingsError(
                f"{self.run!r} cannot be the name of a run", where="--run", fix="Use letters, digits, - and _"
            )


@dataclass(frozen=True)
class RunProgress:
    """Where a run is.

    Parameters
    ----------
    done, folds : int
        Folds done, and all that are to be done.
    step : str
        What is being done.
    seconds_left : float
        Of the run, as far as that is known; else NaN.
    warning : str
        What a user should know. Mostly empty.
    """

    done: int
    folds: int
    step: str
    seconds_left: float = float("nan")
    warning: str = ""

    def line(self) -> str:
        """Return it in one line, with the time left where that is known."""
        left = "" if math.isnan(self.seconds_left) else f", about {duration(self.seconds_left)} left"
        return f"{self.done} of {self.folds} folds; {self.step}{left}"


def duration(seconds: float) -> str:
    """Return a time in words: seconds, minutes or hours."""
    if seconds < _SECONDS_TOLD:
        return f"{seconds:.0f} s"
    if seconds < 60 * _SECONDS_TOLD:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


Report = Callable[[RunProgress], object]


def tasks_of(folder: StudyFolder, settings: StudySettings, plan: RunPlan) -> list[FoldTask]:
    """Return the folds of a run, in order.

    Raises
    ------
    StudyError, SettingsError
        There are no folds, or not those that are wanted.
    """
    folds = read_study_folds(folder, settings)
    there = sorted({(int(r), int(k)) for r, k in zip(folds["repeat"], folds["fold"], strict=True)})
    repeats = sorted({repeat for repeat, _ in there})
    if plan.repeats > len(repeats):
        raise SettingsError(
            f"the study has {len(repeats)} repeats", where=f"--repeats {plan.repeats}", fix="Raise folds.repeats"
        )
    numbers = sorted({fold for _, fold in there})
    missing = [fold for fold in plan.folds if fold not in numbers]
    if missing:
        raise SettingsError(
            f"there is no fold {missing[0]}", where="--folds", fix=f"The study has the folds 0 to {numbers[-1]}"
        )
    wanted = plan.folds or tuple(numbers)
    return [
        FoldTask(folder, plan.run, repeat, fold, settings)
        for repeat, fold in there
        if repeat in repeats[: plan.repeats] and fold in wanted
    ]


def read_study_folds(folder: StudyFolder, settings: StudySettings) -> pd.DataFrame:
    """Read the study's folds.

    Raises
    ------
    StudyError
        There are none, or they are not of these patients.
    """
    if not folder.folds.is_file():
        raise StudyError("there are no folds", where=str(folder.root), fix=_NEEDS_FOLDS)
    return read_folds(folder, read_cohort(folder), by_site=settings.folds.group_by_site)


def months_of(settings: StudySettings) -> list[float]:
    """Return the times at which survival is told: the horizons and the landmark."""
    return sorted({*settings.evaluation.horizons_months, settings.cohort.landmark_months})
