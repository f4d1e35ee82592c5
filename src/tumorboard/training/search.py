"""The hook for a search of hyper-parameters: from settings to the C-index of a fold's select patients."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from tumorboard.inputs.study_inputs import StudyInputs
from tumorboard.network.saving import CONFIG_FILE
from tumorboard.study.settings import StudySettings
from tumorboard.training.fold import train_fold
from tumorboard.training.task import FoldTask


def select_c_index_of(task: FoldTask) -> Callable[[str, StudySettings], float | None]:
    """Return a function that trains a fold under other settings and judges them on its select patients.

    Parameters
    ----------
    task : FoldTask
        Its test patients are not looked at.

    Returns
    -------
    callable
        Takes a trial's name, which becomes a folder below the run's, and settings; returns the C-index of the weights
        that were kept, all modalities together, or None where it does not exist.
    """

    def judge(trial: str, settings: StudySettings) -> float | None:
        own = replace(task, run=f"{task.run}/{trial}", settings=settings)
        folder = train_fold(own, StudyInputs.open(task.folder, settings), lambda _: None)
        stages = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["further"]["stages"]
        found: float | None = stages[-1]["select_c_index"]
        return found

    return judge
