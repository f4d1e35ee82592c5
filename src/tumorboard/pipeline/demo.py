"""The demo: simulated patients through every stage, to a finished evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tumorboard.errors import StudyError
from tumorboard.study.files import StudyFolder, read_json, write_json, write_text
from tumorboard.study.log import fingerprint
from tumorboard.study.settings import (
    CohortSettings,
    EvaluationSettings,
    FoldSettings,
    StudySettings,
    load_settings,
    settings_template,
)

MARKER = ".tumorboard-demo"
MADE = ("patients.csv", "mutations.maf", "copy_number.tsv", "study.toml")
NOTE = "The files in this folder were made by 'tumorboard demo' and may be made anew."


@dataclass(frozen=True)
class DemoStage:
    """One stage of the demo.

    Parameters
    ----------
    name : str
        What is done.
    seconds : int
        About how long it takes on two cores.
    run : callable
        Does it, given the study, the number of patients, the seed and a callable that is told what is being done.
    """

    name: str
    seconds: int
    run: Callable[[StudyFolder, int, int, Callable[[str], None]], object]


def _simulate(folder: StudyFolder, patients: int, seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.phantom import simulate_patients

    progress(f"{patients} patients, seed {seed}")
    simulate_patients(patients, seed).write(folder.root)
    settings = StudySettings(
        cohort=CohortSettings(endpoint="DSS", simulated=True),
        folds=FoldSettings(count=6, repeats=2, seed=seed),
        evaluation=EvaluationSettings(bootstrap=300, seed=seed),
    )
    write_text(folder.settings, settings_template(settings))
    write_json(folder.root / MARKER, {"made": NOTE, "inputs": fingerprint(folder.root / name for name in MADE)})


def _build(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.cohort import build_cohort, write_cohort

    progress("tables")
    write_cohort(folder, build_cohort(folder, load_settings(folder)))


def _evaluate(folder: StudyFolder, _patients: int, _seed: int, progress: Callable[[str], None]) -> None:
    from tumorboard.evaluation.study import evaluate_study

    evaluate_study(folder, {}, progress=progress)


DEMO_STAGES: tuple[DemoStage, ...] = (
    DemoStage("simulate patients (tables; no real patient is behind them)", 2, _simulate),
    DemoStage("build the cohort: checks, endpoints, folds", 5, _build),
    DemoStage("cross-validate the clinical models and evaluate them", 60, _evaluate),
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
        The folder; made where it does not exist. A folder with other files is refused, an earlier demo made anew.
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
        For a folder that holds something else.
    """
    _refuse_what_is_not_ours(root)
    root.mkdir(parents=True, exist_ok=True)
    folder = StudyFolder(root)
    for number, stage in enumerate(stages, start=1):
        stage.run(folder, patients, seed, tell(stage, number))
    return folder


def _refuse_what_is_not_ours(root: Path) -> None:
    if not root.exists() or not any(root.iterdir()):
        return
    fix = "Name a folder that is empty or new"
    if not (root / MARKER).exists():
        raise StudyError("the folder holds other files", where=str(root), fix=fix)
    made = read_json(root / MARKER, f"tumorboard demo {root}").get("inputs")
    for name, digest in made.items() if isinstance(made, dict) else ():
        if (root / name).is_file() and fingerprint([root / name])[name] != digest:
            raise StudyError(f"{name} of the demo has been changed", where=str(root), fix=fix)
