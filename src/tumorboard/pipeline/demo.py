"""The demo: simulated patients through every stage, to a finished evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import (
    CohortSettings,
    EvaluationSettings,
    FoldSettings,
    StudySettings,
    load_settings,
)

_PATIENTS_FOR_SIX_FOLDS = 60
"""About a fifth die of the disease, and each fold needs one who did."""


@dataclass(frozen=True)
class DemoStage:
    """One stage of the demo.

    Parameters
    ----------
    name : str
        What is done.
    seconds : callable
        About how long it takes on two cores, given the number of patients.
    run : callable
        Does it, given the study, the number of patients, the seed and a callable that is told what is being done.
    """

    name: str
    seconds: Callable[[int], float]
    run: Callable[[StudyFolder, int, int, Callable[[str], None]], object]


def _simulate(folder: StudyFolder, patients: int, seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom

    settings = StudySettings(
        cohort=CohortSettings(endpoint="DSS", simulated=True),
        folds=FoldSettings(count=6 if patients >= _PATIENTS_FOR_SIX_FOLDS else 3, repeats=2, seed=seed),
        evaluation=EvaluationSettings(bootstrap=300, seed=seed),
    )
    write_phantom(
        folder,
        PhantomRequest(patients, seed, PRESETS["demo"]),
        progress=lambda done, everything, step: progress(f"{step}: {done} of {everything} patients"),
        settings=settings,
    )


def _seconds_to_simulate(patients: int) -> float:
    from tumorboard.phantom import PRESETS, PhantomRequest

    return PhantomRequest(patients, 0, PRESETS["demo"]).effort(2).seconds


def _build(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.cohort import build_cohort, write_cohort

    progress("tables")
    write_cohort(folder, build_cohort(folder, load_settings(folder)))


def _prepare(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.pipeline.scans import prepare_scans
    from tumorboard.pipeline.slides import prepare_slides

    prepare_slides(folder, progress=lambda done, everything, _: progress(f"slides: {done} of {everything} patients"))
    prepare_scans(folder, progress=lambda done, everything, _: progress(f"scans: {done} of {everything} patients"))


def _evaluate(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.evaluation.study import evaluate_study

    evaluate_study(folder, {}, progress=progress)


DEMO_STAGES: tuple[DemoStage, ...] = (
    DemoStage(
        "simulate patients: tables, slides, scans (no real patient is behind them)", _seconds_to_simulate, _simulate
    ),
    DemoStage("build the cohort: checks, endpoints, folds", lambda _: 5, _build),
    DemoStage("cut the slides into tiles and the scans into planes", lambda patients: 5 + 0.4 * patients, _prepare),
    DemoStage("cross-validate the clinical models and evaluate them", lambda _: 60, _evaluate),
)


def run_demo(
    root: Path,
    patients: int,
    seed: int,
    stages: Sequence[DemoStage],
    tell: Callable[[DemoStage, int], Callable[[str], None]],
) -> StudyFolder:
    """Run every stage on simulated patients.

    Parameters
    ----------
    root : Path
        The folder; made where it does not exist. A folder with other files is refused; a demo that was stopped goes on.
    patients : int
        How many patients.
    seed : int
        Seed of every draw.
    stages : sequence of DemoStage
        What runs: ``DEMO_STAGES``, and whatever shows their results.
    tell : callable
        Called with each stage and its number before it runs; returns what is told the progress.

    Returns
    -------
    StudyFolder
        The finished study.

    Raises
    ------
    StudyError
        For a folder that holds something else, or a demo whose tables were changed.
    """
    folder = StudyFolder(root)
    for number, stage in enumerate(stages, start=1):
        stage.run(folder, patients, seed, tell(stage, number))
    return folder
