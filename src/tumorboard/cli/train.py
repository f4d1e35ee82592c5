"""``tumorboard train``: the network, fold by fold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json

if TYPE_CHECKING:
    from tumorboard.pipeline.training import RunProgress
    from tumorboard.study.settings import StudySettings


def train(
    study: Annotated[Path, typer.Argument(help="The study folder, with a cohort and what was prepared.")],
    run: Annotated[str, typer.Option(help="Name of the run, a folder in runs/.")] = "main",
    preset: Annotated[
        str, typer.Option(help="modern, or paper: as in the reference study.", metavar="PRESET", show_default=False)
    ] = "",
    epochs: Annotated[
        int | None, typer.Option(help="Of each modality alone and of all together, at most.", min=1)
    ] = None,
    modalities: Annotated[
        str,
        typer.Option(
            help="Of tiles_10x, tiles_5x, scan, genes, clinical, separated by commas. By default all images and genes.",
            show_default=False,
        ),
    ] = "",
    folds: Annotated[
        str, typer.Option(help="Only these folds, such as 0-2 or 0,3.", metavar="FOLDS", show_default=False)
    ] = "",
    repeats: Annotated[int, typer.Option(help="So many of the study's repeats.", min=1)] = 1,
    images: Annotated[
        str,
        typer.Option(
            help="At most so many images of a patient when it is predicted, such as tiles_10x=15,tiles_5x=10,scan=3. "
            "By default what study.toml says, which is all unless it was changed.",
            metavar="IMAGES",
            show_default=False,
        ),
    ] = "",
    weights: Annotated[
        str,
        typer.Option(help="First weights of encoders: imagenet, none, or a file.", metavar="FILE", show_default=False),
    ] = "",
    workers: Annotated[int, typer.Option(help="Folds side by side.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Train the network by cross-validation, and predict every patient by the fold that did not see it.

    Stopped at any moment and started again, it goes on, to the same result.
    Options given here override study.toml for this run.
    Left in runs/NAME/: a folder for each fold, summary.json, risks.csv for
    'tumorboard evaluate --risks', and model/, the folds for new patients.

    \b
    tumorboard train my-study
    tumorboard train my-study --run clinical --modalities clinical
    tumorboard train my-study --preset paper --epochs 200 --folds 0-2
    tumorboard evaluate --risks my-study/runs/main/risks.csv
    """  # noqa: D301
    from tumorboard.pipeline.training import RunPlan, train_study
    from tumorboard.study.files import StudyFolder

    folder = StudyFolder(study)
    given: dict[str, Any] = {
        "network": {"modalities": words_of(modalities), "weights": weights_of(weights)},
        "training": {"preset": preset, "epochs": epochs, "alone_epochs": epochs},
        "prediction": _images(images),
    }
    settings = settings_with(folder, given)
    plan = RunPlan(run, repeats, numbers_of(folds), workers)
    with run_progress() as report:
        summary = train_study(folder, settings, plan, report=report)
    if as_json:
        print_json(summary)
    elif summary:
        print_summary(summary, study)


def settings_with(folder: Any, given: dict[str, dict[str, Any]]) -> StudySettings:  # noqa: ANN401
    """Return a study's settings with what was given on the command line; what is empty was not."""
    from tumorboard.study.settings import load_settings, parse_settings

    content = load_settings(folder).model_dump(mode="json")
    for section, values in given.items():
        content[section] |= {name: value for name, value in values.items() if value not in ("", None, [])}
    return parse_settings(content, "command line")


def _images(text: str) -> dict[str, int]:
    """Return the section of settings that ``--images`` stands for, all of it; empty where it was not given."""
    from tumorboard.prediction.image_choice import ImageChoice
    from tumorboard.study.settings import PredictionSettings

    most = dict(ImageChoice.parse(text, "--images").most)
    return dict.fromkeys(PredictionSettings.model_fields, 0) | most if most else {}


def words_of(text: str) -> list[str]:
    """Return words that are separated by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def weights_of(text: str) -> str:
    """Return the weights as the settings take them: a path there is relative to the study folder."""
    return text if text in {"", "imagenet", "none"} else str(Path(text).resolve())


def numbers_of(text: str) -> tuple[int, ...]:
    """Return folds given as ``0-2,4``.

    Raises
    ------
    SettingsError
        They are something else.
    """
    from tumorboard.errors import SettingsError

    numbers: set[int] = set()
    for word in words_of(text):
        first, _, last = word.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise SettingsError(f"{word!r} is no fold", where="--folds", fix="Write: --folds 0-2 or --folds 0,3")
        numbers |= set(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers))


@contextmanager
def run_progress() -> Iterator[Callable[[RunProgress], None]]:
    """Show where a run is, with the time left: on a terminal as one line, else a line for each fold and stage."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    last = ""

    if console.is_terminal:
        with console.status("training") as status:

            def show(progress: RunProgress) -> None:
                if progress.warning:
                    console.print(f"Warning: {progress.warning}", style="yellow")
                status.update(progress.line())

            yield show
        return

    def tell(progress: RunProgress) -> None:
        nonlocal last
        if progress.warning:
            console.print(f"Warning: {progress.warning}")
        part = re.sub(r"\d+ of \d+.*", "", progress.step)
        if f"{progress.done} {part}" != last:
            last = f"{progress.done} {part}"
            console.print(progress.line(), soft_wrap=True)

    yield tell


def print_summary(summary: dict[str, Any], study: Path) -> None:
    """Show a run's C-index, fold by fold and together, and where everything lies."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    table = Table("repeat", "fold", box=None, pad_edge=False)
    for column in ("fit", "select", "test", "events", "C-index (95 % interval)"):
        table.add_column(column, justify="right")
    for fold in summary["folds"]:
        numbers = (fold[name] for name in ("repeat", "fold", "fit", "select", "n", "events"))
        table.add_row(*map(str, numbers), _estimate(fold["harrell_c"]))
    console.print(table)
    console.print(
        f"{summary['endpoint']}, {' + '.join(summary['modalities'])}: C-index {_estimate(summary['harrell_c'])} in "
        f"{summary['patients']} patients with {summary['events']} events, each predicted by the fold that did not "
        "see it",
        soft_wrap=True,
    )
    if summary["mean_fold_c"] is not None:
        console.print(f"Mean over folds {summary['mean_fold_c']:.3f}, highest {summary['max_fold_c']:.3f}")
    if not summary["complete"]:
        console.print(
            f"{len(summary['folds'])} of {summary['folds_dealt']} folds are finished; the model is made of these",
            style="yellow",
        )
    if summary["without_prediction"]:
        console.print(f"{summary['without_prediction']} patients have none of the modalities", style="yellow")
    place = study / "runs" / summary["run"]
    console.print(f"Risks: {place / 'risks.csv'}. Model for new patients: {place / 'model'}", soft_wrap=True)
    console.print(RESEARCH_USE_ONLY, style="dim")


def _estimate(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return f"none: {estimate['reason']}"
    interval = estimate["ci95"]
    return f"{estimate['value']:.3f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")
