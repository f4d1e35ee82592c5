"""What a report is made from, read and checked to belong together."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.cohort import read_cohort
from tumorboard.errors import StudyError
from tumorboard.evaluation.figures import figures_record
from tumorboard.evaluation.study import read_metrics
from tumorboard.report.run_material import StudyRuns, read_runs
from tumorboard.study.files import StudyFolder, read_json
from tumorboard.study.log import fingerprint

if TYPE_CHECKING:
    import pandas as pd

_COHORT = "tumorboard cohort STUDY"
_EVALUATE = "tumorboard evaluate STUDY"


@dataclass(frozen=True, eq=False)
class ReportMaterial:
    """A study's cohort and its evaluation.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    cohort : dict
        How the cohort came about, without those dropped by name.
    patients : DataFrame
        The eligible patients.
    metrics : dict
        The evaluation's numbers.
    learned : list of dict
        What was learned in each fold.
    evaluated_at : str or None
        When the evaluation ran, from the log.
    runs : StudyRuns
        The trained networks.
    """

    folder: StudyFolder
    cohort: dict[str, Any]
    patients: pd.DataFrame
    metrics: dict[str, Any]
    learned: list[dict[str, Any]]
    evaluated_at: str | None
    runs: StudyRuns = field(default_factory=StudyRuns)

    def picture(self, name: str) -> str | None:
        """Return a picture as a data URI, or None where it is not there.

        Parameters
        ----------
        name : str
            ``cohort_flow`` or the stem of one of the evaluation's figures.
        """
        path = self.folder.cohort_flow if name == "cohort_flow" else self._figures / f"{name}.png"
        if not path.is_file():
            return None
        return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"

    @property
    def _figures(self) -> Path:
        return self.folder.evaluation / "figures"


def read_material(folder: StudyFolder) -> ReportMaterial:
    """Read a study's cohort and evaluation.

    Parameters
    ----------
    folder : StudyFolder
        The study.

    Raises
    ------
    StudyError
        Where something is missing, or the evaluation was made from another cohort.
    """
    if not folder.root.is_dir():
        raise StudyError("there is no such study folder", where=str(folder.root))
    cohort: dict[str, Any] = read_json(folder.cohort_record, _COHORT)
    metrics: dict[str, Any] = read_metrics(folder)
    _check_fresh(folder, metrics)
    return ReportMaterial(
        folder=folder,
        cohort={key: value for key, value in cohort.items() if key != "dropped"},
        patients=read_cohort(folder),
        metrics=metrics,
        learned=_read_learned(folder.evaluation / "folds.json"),
        evaluated_at=_last_run(folder.log, "evaluate"),
        runs=read_runs(folder, metrics),
    )


def _check_fresh(folder: StudyFolder, metrics: dict[str, Any]) -> None:
    present = [path for path in (folder.cohort, folder.genes, folder.folds) if path.is_file()]
    if metrics.get("inputs") != fingerprint(present):
        raise StudyError(
            "the evaluation was made from another cohort than the one that is here now",
            where=str(folder.evaluation / "metrics.json"),
            fix=f"Run again: {_EVALUATE}",
        )
    record = read_json(folder.evaluation / "figures" / "figures.json", _EVALUATE)
    if record != figures_record(metrics):
        raise StudyError(
            "the figures belong to another evaluation than metrics.json",
            where=str(folder.evaluation / "figures"),
            fix=f"Run again: {_EVALUATE}",
        )


def _read_learned(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{path.name} is missing or unreadable", where=str(path.parent), fix=f"Run: {_EVALUATE}"
        ) from error
    return list(content)


def _last_run(log: Path, command: str) -> str | None:
    if not log.is_file():
        return None
    found = None
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # a line cut off by a crash says nothing
        if entry.get("command") == command:
            found = str(entry.get("at", ""))
    return found[:16].replace("T", " ") + " UTC" if found else None
