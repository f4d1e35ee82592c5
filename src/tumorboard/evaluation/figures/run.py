"""Pictures of a trained run: its risks, the curves of its training, and what its modalities contributed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.evaluation.assessment import AssessmentPlan
from tumorboard.evaluation.figures.drawing import FIGURES, draw_model
from tumorboard.evaluation.figures.style import BLUE, FAINT, GREEN, GREY, VERMILLION, picture, say_why_not
from tumorboard.evaluation.predictions import Predictions
from tumorboard.prediction.page import MODALITIES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

STEM = "risk"
_HISTORY = "history.csv"
_CURVES = (
    ("fit_loss", "Loss,\nfit patients", BLUE),
    ("select_loss", "Loss,\nselect patients", VERMILLION),
    ("select_c_index", "C-index,\nselect patients", GREEN),
)


def draw_run(
    root: Path, answer: dict[str, Any], folds: list[dict[str, Any]], predictions: Predictions, plan: AssessmentPlan
) -> None:
    """Draw a run's evaluation.

    Parameters
    ----------
    root : Path
        The run's folder; the pictures go to ``figures`` in it, as PNG and SVG.
    answer : dict
        What its ``evaluation.json`` holds.
    folds : list of dict
        ``folds`` of its ``summary.json``.
    predictions : Predictions
        Its out-of-fold risks.
    plan : AssessmentPlan
        The horizons.
    """
    figures = root / FIGURES
    draw_model(figures / STEM, answer, predictions, plan, answer["endpoint"])
    draw_training(figures / "training", root, folds)
    draw_contributions(figures / "contributions", answer["contributions"])


def draw_training(stem: Path, root: Path, folds: list[dict[str, Any]]) -> None:
    """Draw losses and the select patients' C-index over epochs, a column a stage, a line a fold, a dot what was kept.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    root : Path
        The run's folder, with each fold's ``history.csv``.
    folds : list of dict
        ``repeat``, ``fold`` and ``stages`` (``stage``, ``kept_epoch``) of each.
    """
    histories = [history for fold in folds if (history := _history(root, fold)) is not None]
    stages = list(dict.fromkeys(stage for history in histories for stage in history["stage"]))
    with picture(stem, max(5.0, 1.2 + 1.75 * len(stages)), 5.4) as figure:
        if not stages:
            say_why_not(figure.add_subplot(), "no epoch was recorded")
            return
        panels = figure.subplots(len(_CURVES), len(stages), squeeze=False, sharex="col", sharey="row")
        for column, stage in enumerate(stages):
            rows = [history[history["stage"] == stage] for history in histories]
            for (name, label, colour), axes in zip(_CURVES, panels[:, column], strict=True):
                _fold_curves(axes, rows, name, colour)
                if column == 0:
                    axes.set_ylabel(label)
            panels[0, column].set_title(MODALITIES.get(stage, stage), fontsize=9)
            panels[-1, column].set_xlabel("Epoch")
        for axes in panels[-1]:
            axes.axhline(0.5, color=FAINT, linewidth=0.9, zorder=0)


def _history(root: Path, fold: dict[str, Any]) -> pd.DataFrame | None:
    """Return a fold's history with whether an epoch's weights were kept, or None where there is none."""
    import pandas as pd

    path = root / f"repeat-{fold['repeat']}-fold-{fold['fold']}" / _HISTORY
    if not path.is_file():
        return None
    kept = {each["stage"]: each["kept_epoch"] for each in fold["stages"]}
    history = pd.read_csv(path)
    return history.assign(kept=history["stage"].map(kept) == history["epoch"])


def _fold_curves(axes: Axes, rows: list[pd.DataFrame], name: str, colour: str) -> None:
    from matplotlib.ticker import MaxNLocator

    drawn = 0
    for own in rows:
        known = own[own[name].notna()]
        if known.empty:
            continue
        drawn += 1
        axes.plot(known["epoch"], known[name], color=colour, linewidth=1.0, alpha=0.65)
        kept = known[known["kept"]]
        axes.plot(kept["epoch"], kept[name], "o", color=colour, markersize=3)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    if not drawn:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color=GREY, fontsize=8)


def draw_contributions(stem: Path, contributions: list[dict[str, Any]]) -> None:
    """Draw each modality's mean weight and mean absolute Shapley value with their intervals.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    contributions : list of dict
        ``modality``, ``n``, ``weight`` and ``shapley``.
    """
    with picture(stem, 7.0, 1.3 + 0.34 * max(len(contributions), 2)) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        told = (("weight", "Mean weight in the fusion", BLUE), ("shapley", "Mean absolute Shapley value", VERMILLION))
        for axes, (key, label, colour) in zip(panels, told, strict=True):
            estimates = [entry[key] for entry in contributions]
            if all(estimate["value"] is None for estimate in estimates):
                axes.text(
                    0.5, 0.5, f"none: {estimates[0]['reason'] if estimates else 'no modality'}",
                    transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=8, wrap=True,
                )  # fmt: skip
                axes.set_xticks([])
            for place, estimate in enumerate(estimates):
                if estimate["value"] is None:
                    continue
                axes.plot([estimate["value"]], [place], "o", color=colour, markersize=5)
                if estimate["ci95"] is not None:
                    axes.plot(estimate["ci95"], [place, place], color=colour, linewidth=1.5)
            axes.set_xlabel(label)
            axes.set_xlim(left=0)
        names = [f"{MODALITIES.get(each['modality'], each['modality'])} (n = {each['n']})" for each in contributions]
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.5, -0.5)
