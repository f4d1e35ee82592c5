"""The trained runs that a report tells of, read and checked to belong to its evaluation."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorboard.errors import StudyError
from tumorboard.evaluation.figures.run import STEM
from tumorboard.evaluation.run import EVALUATION_FILE, is_evaluated, is_of_this_cohort
from tumorboard.study.files import StudyFolder, read_json

_RUN = "tumorboard run STUDY"


@dataclass(frozen=True, eq=False)
class RunMaterial:
    """A trained and evaluated run.

    Parameters
    ----------
    name : str
        Of its folder below ``runs/``.
    root : Path
        That folder.
    summary : dict
        What was trained on whom.
    evaluation : dict
        Every statistic of its out-of-fold risks.
    """

    name: str
    root: Path
    summary: dict[str, Any]
    evaluation: dict[str, Any]

    def picture(self, name: str) -> str | None:
        """Return one of the run's figures as a data URI, or None where it is not there."""
        path = self.root / "figures" / f"{name}.png"
        if not path.is_file():
            return None
        return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"

    def drawn(self, kind: str) -> str | None:
        """Return one of the figures that every assessed model has, such as ``calibration``."""
        return self.picture(f"{STEM}_{kind}")


@dataclass(frozen=True, eq=False)
class StudyRuns:
    """The runs of a study.

    Parameters
    ----------
    told : tuple of RunMaterial
        Sorted by name, the study's own run, ``main``, first.
    left_out : tuple of str
        Of the others, why.
    """

    told: tuple[RunMaterial, ...] = ()
    left_out: tuple[str, ...] = ()


def read_runs(folder: StudyFolder, metrics: dict[str, Any]) -> StudyRuns:
    """Read the runs of a study; those that cannot be told of are named with the reason.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    metrics : dict
        What ``evaluation/metrics.json`` holds.
    """
    told, left_out = [], []
    for root in sorted(folder.root.glob("runs/*/"), key=lambda path: (path.name != "main", path.name)):
        try:
            told.append(_read_run(folder, root, metrics))
        except StudyError as error:
            left_out.append(f"run {root.name}: {error.what}" + (f". {error.fix}" if error.fix else ""))
    return StudyRuns(tuple(told), tuple(left_out))


def _read_run(folder: StudyFolder, root: Path, metrics: dict[str, Any]) -> RunMaterial:
    train = f"tumorboard train STUDY --run {root.name}"
    if not (root / "summary.json").is_file():
        raise StudyError("its folds are not finished", fix=f"Run: {train}")
    summary: dict[str, Any] = read_json(root / "summary.json", train)
    if not is_of_this_cohort(metrics, summary):
        raise StudyError("it was trained on another cohort, other genes or other folds", fix=f"Run again: {train}")
    if not is_evaluated(folder, root.name):
        raise StudyError("it was not evaluated since it was trained", fix=f"Run: {_RUN}")
    evaluation: dict[str, Any] = read_json(root / EVALUATION_FILE, _RUN)
    return RunMaterial(root.name, root, summary, evaluation)
