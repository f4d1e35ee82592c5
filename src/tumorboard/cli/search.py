"""``tumorboard search``: settings of the network, judged on select patients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli.output import print_json

_WIDTH = 140
"""Columns of a table that goes into a file."""


def search(
    study: Annotated[Path, typer.Argument(help="The study folder, with a cohort and what was prepared.")],
    trials: Annotated[
        int, typer.Option(help="How many in all; the first one is the settings as they are.", min=1)
    ] = 20,
    run: Annotated[str, typer.Option(help="Name of the run whose settings are varied.")] = "main",
    folds: Annotated[
        str, typer.Option(help="Only on these folds, such as 0 or 0-2.", metavar="FOLDS", show_default=False)
    ] = "",
    vary: Annotated[
        str,
        typer.Option(
            help="Only these settings, such as learning_rate,dropout. By default all that make a difference.",
            metavar="SETTINGS",
            show_default=False,
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of what is tried.", min=0)] = 2023,
    modalities: Annotated[
        str,
        typer.Option(help="Of tiles_10x, tiles_5x, scan, genes, clinical, separated by commas.", show_default=False),
    ] = "",
    epochs: Annotated[
        int | None, typer.Option(help="Of each modality alone and of all together, at most.", min=1)
    ] = None,
    weights: Annotated[
        str,
        typer.Option(help="First weights of encoders: imagenet, none, or a file.", metavar="FILE", show_default=False),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the trials as JSON.")] = False,
) -> None:
    """Search settings of the network: each trial trains the folds and is judged on their select patients.

    Varied are learning rate, rate of the encoders, weight decay, dropout, width,
    modality dropout and fusion. No test patient is looked at.
    Stopped at any moment and started again, it goes on to the same trials; more
    --trials go on too. Left in runs/NAME/search/: search.json.
    Needs the extra 'search'.

    \b
    tumorboard search my-study --trials 30
    tumorboard search my-study --folds 0 --vary learning_rate,fusion
    """  # noqa: D301
    from rich.console import Console

    from tumorboard.cli.progress import current_step
    from tumorboard.cli.train import numbers_of, settings_with, weights_of, words_of
    from tumorboard.pipeline.search import SearchPlan, search_settings
    from tumorboard.study.files import StudyFolder

    folder = StudyFolder(study)
    given: dict[str, Any] = {
        "network": {"modalities": words_of(modalities), "weights": weights_of(weights)},
        "training": {"epochs": epochs, "alone_epochs": epochs},
    }
    settings = settings_with(folder, given)
    plan = SearchPlan(run, trials, numbers_of(folds), tuple(words_of(vary)), seed)
    with current_step(Console(stderr=True, highlight=False, markup=False)) as show:
        found = search_settings(folder, settings, plan, tell=show)
    if as_json:
        print_json(found)
    else:
        _print(found, study / "runs" / run / "search" / "search.json")


def _print(found: dict[str, Any], path: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    table = Table("trial", "C-index", "of the folds", box=None, pad_edge=False)
    for setting in found["space"]:
        table.add_column(setting.partition(".")[2], justify="right")
    for trial in found["trials"]:
        name = f"{trial['trial']}{' best' if trial['trial'] == found['best'] else ''}"
        table.add_row(
            name, _value(trial["select_c_index"]), _range(trial), *(_text(v) for v in trial["values"].values())
        )
    console.print(table)
    console.print(
        f"Select patients of {len(found['of']['folds'])} folds; the first trial is the settings as they are. Judged by "
        f"the {found['judged_by']}",
        soft_wrap=True,
    )
    for trial in found["trials"]:
        if trial["reason"]:
            console.print(f"Trial {trial['trial']} failed: {trial['reason']}", soft_wrap=True)
    if found["best"] is None:
        console.print("No trial could be judged", style="yellow")
    else:
        console.print(f"Of trial {found['best']}, for study.toml:\n")
        console.print(lines_for_study(found["trials"][found["best"]]["values"]))
    for warning in found["warnings"]:
        console.print(warning, style="yellow", soft_wrap=True)
    console.print(f"All trials: {path}", soft_wrap=True)
    console.print(RESEARCH_USE_ONLY, style="dim")


def lines_for_study(values: dict[str, Any]) -> str:
    """Return a trial's values as the lines of ``study.toml`` that they stand for.

    Parameters
    ----------
    values : dict
        By setting, with its section.
    """
    lines: list[str] = []
    for section in ("network", "training"):
        own = {name.partition(".")[2]: value for name, value in values.items() if name.startswith(f"{section}.")}
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in own.items()), ""] if own else []
    return "\n".join(lines)


def _value(c_index: float | None) -> str:
    return "none" if c_index is None else f"{c_index:.3f}"


def _range(trial: dict[str, Any]) -> str:
    known = [fold["select_c_index"] for fold in trial["folds"] if fold["select_c_index"] is not None]
    return f"{min(known):.3f} to {max(known):.3f}" if known else ""


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
