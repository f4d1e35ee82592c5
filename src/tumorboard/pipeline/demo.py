"""The demo: simulated patients through every stage, to a trained network and a finished report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tumorboard.errors import UserError
from tumorboard.pipeline.run import STUDY_STAGES, Stage, StageResult, Tell
from tumorboard.pipeline.run_plan import DEFAULT_RUN
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.settings import (
    CohortSettings,
    EvaluationSettings,
    FoldSettings,
    StudySettings,
    load_settings,
    settings_template,
)
from tumorboard.study.training_settings import TRAINED_MODALITIES, NetworkChoices, TrainingSettings

_PATIENTS_FOR_SIX_FOLDS = 60
"""About a fifth die of the disease, and each fold needs one who did."""


@dataclass(frozen=True)
class DemoStage:
    """One stage of the demo.

    Parameters
    ----------
    stage : Stage
    title : str
        What is done, in words.
    seconds : float
        About how long it takes on two cores.
    """

    stage: Stage
    title: str
    seconds: float


def demo_stages(patients: int, seed: int, report: Stage) -> tuple[DemoStage, ...]:
    """Return what the demo does: simulated patients, first weights, then all stages of ``tumorboard run``.

    Parameters
    ----------
    patients : int
        How many.
    seed : int
        Seed of every draw.
    report : Stage
        Writes the report.
    """
    # measured on two cores; only ever shown as "about"
    own = {
        "cohort": ("build the cohort: checks, endpoints, folds", 5.0),
        "prepare": ("cut the slides into tiles and the scans into planes", 5 + 0.4 * patients),
        "train": ("train the network, fold by fold, and predict whom a fold did not see", 20 + 1.1 * patients),
        "evaluate": ("cross-validate the clinical models, and evaluate them and the network", 60.0),
        "report": ("write the report", 5.0),
    }
    return (
        DemoStage(
            Stage("simulate", partial(_simulate, patients, seed)),
            "simulate patients: tables, slides, scans (no real patient is behind them)",
            _seconds_to_simulate(patients),
        ),
        DemoStage(Stage("weights", _first_weights), "fetch the image networks' first weights, once (47 MB)", 10.0),
        *(DemoStage(stage, *own[stage.name]) for stage in (*STUDY_STAGES, report)),
    )


def demo_settings(patients: int, seed: int) -> StudySettings:
    """Return the settings of a demo: a small network on frozen encoders, so that a processor trains it in minutes.

    Parameters
    ----------
    patients : int
        How many.
    seed : int
        Of dealing, replicates and training.
    """
    return StudySettings(
        cohort=CohortSettings(endpoint="DSS", simulated=True),
        folds=FoldSettings(count=6 if patients >= _PATIENTS_FOR_SIX_FOLDS else 3, repeats=2, seed=seed),
        evaluation=EvaluationSettings(bootstrap=300, seed=seed),
        network=NetworkChoices(modalities=TRAINED_MODALITIES, tile_px=128, scan_px=128, width=64),
        training=TrainingSettings(encoders="frozen", epochs=30, alone_epochs=15, patience=5, seed=seed % 2**32),
    )


def _simulate(patients: int, seed: int, folder: StudyFolder, tell: Tell) -> StageResult:
    from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom

    written = write_phantom(
        folder,
        PhantomRequest(patients, seed, PRESETS["demo"]),
        progress=lambda done, everything, step: tell(f"{step}: {done} of {everything} patients"),
        settings=demo_settings(patients, seed),
    )
    return StageResult("done", written.line().removesuffix("."))


def _seconds_to_simulate(patients: int) -> float:
    from tumorboard.phantom import PRESETS, PhantomRequest

    return PhantomRequest(patients, 0, PRESETS["demo"]).effort(2).seconds


def _first_weights(folder: StudyFolder, tell: Tell) -> StageResult:
    """Fetch ImageNet's weights; where they cannot be had, let the study start from random ones, and say so."""
    from tumorboard.installation.cache import cache_folder
    from tumorboard.network.encoders.weights import IMAGENET, NONE, RESNET18_IMAGENET, fetch_weights

    settings = load_settings(folder)
    if (folder.root / "runs" / DEFAULT_RUN / "summary.json").is_file():
        return StageResult("up to date")
    if settings.network.weights != IMAGENET:
        told = "random weights" if settings.network.weights == NONE else settings.network.weights
        return StageResult("up to date", f"{told}, as study.toml says")
    tell(f"looking for {RESNET18_IMAGENET.file_name}")
    try:
        fetch_weights(RESNET18_IMAGENET, cache_folder())
    except UserError as error:
        random = settings.network.model_copy(update={"weights": NONE})
        write_text(folder.settings, settings_template(settings.model_copy(update={"network": random})))
        return StageResult(
            "left out",
            f"{error.what}. The image networks start from random weights instead, which see less; for ImageNet's, copy "
            f"the file of {RESNET18_IMAGENET.address} to {cache_folder()} and start a new demo",
        )
    return StageResult("done", "ImageNet weights")


def run_demo(
    root: Path,
    stages: Sequence[DemoStage],
    begin: Callable[[DemoStage, int], Tell],
    end: Callable[[DemoStage, StageResult], None],
) -> StudyFolder:
    """Run every stage on simulated patients.

    Parameters
    ----------
    root : Path
        The folder; made where it does not exist. A folder with other files is refused; a demo that was stopped goes on.
    stages : sequence of DemoStage
        What runs: see `demo_stages`.
    begin : callable
        Called with each stage and its number before it runs; returns what is told the progress.
    end : callable
        Called with each stage and what became of it.

    Returns
    -------
    StudyFolder
        The finished study.

    Raises
    ------
    UserError
        The folder holds something else, a demo whose tables were changed, or a stage cannot be done; what was finished
        is kept.
    """
    folder = StudyFolder(root)
    for number, each in enumerate(stages, start=1):
        end(each, each.stage.run(folder, begin(each, number)))
    return folder
