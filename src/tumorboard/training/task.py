"""What training a fold is asked, and what it tells while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import StudyError
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import StudySettings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FoldTask:
    """One fold of one run.

    Parameters
    ----------
    folder : StudyFolder
    run : str
        The run's name, a folder below ``runs/``.
    repeat, fold : int
        From 0.
    settings : StudySettings
    """

    folder: StudyFolder
    run: str
    repeat: int
    fold: int
    settings: StudySettings

    @property
    def run_path(self) -> Path:
        """The run's folder."""
        return self.folder.root / "runs" / self.run

    @property
    def path(self) -> Path:
        """The fold's folder."""
        return self.run_path / f"repeat-{self.repeat}-fold-{self.fold}"


ENCODING = "encoding"
"""Stage in which frozen encoders embed all images, before any epoch."""
WEIGHING = "weighing"
"""Stage in which a modality is trained again without a part of the fit patients, to be weighed on that part."""


@dataclass(frozen=True)
class Progress:
    """Where training is, after an epoch.

    Parameters
    ----------
    stage : str
        A modality's name, or ``together``; or `ENCODING`, told every few seconds; or `WEIGHING` and a modality's name.
    epoch, epochs : int
        Done of this stage, and at most to do; while encoding, patients times modalities; while weighing, parts.
    fit_loss : float
        NaN while encoding or weighing.
    select_loss, select_c_index : float or None
        None where they do not exist for the select patients.
    seconds_left : float
        Of the fold, if no stage ends early.
    warning : str
        What a user should know. Mostly empty.
    """

    stage: str
    epoch: int
    epochs: int
    fit_loss: float
    select_loss: float | None
    select_c_index: float | None
    seconds_left: float
    warning: str = ""

    def words(self) -> str:
        """Return where training is.

        Examples
        --------
        >>> Progress("scan", 2, 60, 1.5, None, None, 30.0).words()
        'scan, epoch 2 of 60'
        """
        if self.stage == ENCODING:
            return f"encoding images, {self.epoch} of {self.epochs}"
        return f"{self.stage}, {'part' if self.stage.startswith(WEIGHING) else 'epoch'} {self.epoch} of {self.epochs}"


Report = Callable[[Progress], object]


def roles_of(task: FoldTask, folds: pd.DataFrame) -> dict[str, list[str]]:
    """Return a fold's patients by role (fit, select, test), in order.

    Raises
    ------
    StudyError
        There is no such fold.
    """
    own = folds[(folds["repeat"] == task.repeat) & (folds["fold"] == task.fold)]
    if own.empty:
        raise StudyError(
            f"there is no fold {task.fold} of repeat {task.repeat}",
            where=str(task.folder.folds),
            fix="Run 'tumorboard cohort' with more folds or repeats, or ask for fewer",
        )
    return {role: sorted(map(str, own.loc[own["role"] == role, "patient_id"])) for role in ("fit", "select", "test")}
