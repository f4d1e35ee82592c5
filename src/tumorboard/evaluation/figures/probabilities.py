"""Pictures of predicted probabilities: calibration, decision curves, and the status at the landmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tumorboard.evaluation.figures.style import (
    BLACK,
    BLUE,
    FAINT,
    GREY,
    VERMILLION,
    picture,
    say_why_not,
)
from tumorboard.evaluation.figures.wording import estimate_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST_RANGE = 0.1
_PANELS_A_ROW = 3


def _panels(figure: Figure, count: int) -> list[Axes]:
    columns = min(count, _PANELS_A_ROW)
    rows = -(-count // columns)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    return list(grid.flat[:count])


def _size(count: int) -> tuple[float, float]:
    rows = -(-count // _PANELS_A_ROW)
    return (2.9 * max(min(count, _PANELS_A_ROW), 2), 0.7 + 3.0 * rows)


def _label_once(
    drawn: list[tuple[Axes, dict[str, Any]]], y_label: str, corner: Literal["upper right", "lower right"]
) -> None:
    if drawn:
        axes, _ = drawn[0]
        axes.set_ylabel(y_label)
        axes.legend(loc=corner, fontsize=7.5)


def draw_calibration(stem: Path, title: str, answer: dict[str, Any], horizons: tuple[float, ...]) -> None:
    """Draw observed against predicted risk, one panel a horizon.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    title : str
        The model.
    answer : dict
        The model's statistics.
    horizons : tuple of float
        The horizons in months.
    """
    entries = [(entry, entry["curve"], entry["observed_expected"]["reason"]) for entry in answer["calibration"]]
    with _panel_a_horizon(stem, f"{title}: calibration", horizons, entries, answer) as drawn:
        for axes, entry in drawn:
            _calibration_panel(axes, entry)
        _label_once(drawn, "Observed risk", "lower right")


@contextmanager
def _panel_a_horizon(
    stem: Path,
    title: str,
    horizons: tuple[float, ...],
    entries: list[tuple[dict[str, Any], list[Any], str | None]],
    answer: dict[str, Any],
) -> Iterator[list[tuple[Axes, dict[str, Any]]]]:
    """Lay out one panel a horizon; yield those with something to draw, and say in the others why there is nothing.

    An entry comes with what there is to draw of it, which may be empty, and the reason for that.
    """
    found = {entry["months"]: (entry, content, reason) for entry, content, reason in entries}
    with picture(stem, *_size(len(horizons))) as figure:
        panels = _panels(figure, len(horizons))
        figure.suptitle(title, x=0.01, ha="left", fontsize=10)
        drawn = []
        for axes, horizon in zip(panels, horizons, strict=True):
            axes.set_title(f"{horizon:g} months")
            entry, content, reason = found.get(horizon, ({}, [], None))
            if content:
                drawn.append((axes, entry))
            else:
                say_why_not(axes, reason or answer.get("calibration_reason"))
        yield drawn


def _calibration_panel(axes: Axes, entry: dict[str, Any]) -> None:
    points = entry["curve"]
    predicted = [point["predicted"] for point in points]
    highest = max(
        _SMALLEST_RANGE, *(max(point["predicted"], (point["ci95"] or [point["observed"]])[-1]) for point in points)
    )
    limit = min(1.0, highest * 1.05)
    axes.plot([0, limit], [0, limit], color=FAINT, linewidth=1, zorder=0)
    for point in points:
        if point["ci95"]:
            axes.plot([point["predicted"]] * 2, point["ci95"], color=BLUE, linewidth=1.2)
    axes.plot(predicted, [point["observed"] for point in points], "o", color=BLUE, markersize=5, label="Kaplan-Meier")
    competing = [(p["predicted"], p["observed_competing"]) for p in points if p["observed_competing"] is not None]
    if competing:
        axes.plot(
            *zip(*competing, strict=True), "o", markerfacecolor="white", markeredgecolor=VERMILLION, markersize=4,
            label="Aalen-Johansen",
        )  # fmt: skip
    axes.set_xlim(0, limit * 1.02)
    axes.set_ylim(0, limit * 1.42)
    axes.set_yticks([tick for tick in axes.get_xticks() if tick <= limit * 1.02])
    axes.set_xlabel("Predicted risk")
    text = (
        f"O/E {estimate_text(entry['observed_expected'], 2)}\n"
        f"O/E, competing {estimate_text(entry['observed_expected_competing'], 2)}\n"
        f"slope {estimate_text(entry['slope'], 2)}"
    )
    axes.text(0.03, 0.99, text, transform=axes.transAxes, va="top", fontsize=7.5)


def draw_decision_curve(stem: Path, title: str, answer: dict[str, Any], horizons: tuple[float, ...]) -> None:
    """Draw the net benefit of acting on the model, on everybody and on nobody, one panel a horizon.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    title : str
        The model.
    answer : dict
        The model's statistics.
    horizons : tuple of float
        The horizons in months.
    """
    entries = [(entry, entry["points"], entry["reason"]) for entry in answer["decision_curves"]]
    with _panel_a_horizon(stem, f"{title}: decision curves", horizons, entries, answer) as drawn:
        for axes, entry in drawn:
            _decision_panel(axes, entry["points"])
        _label_once(drawn, "Net benefit (true positives a patient)", "upper right")


def _decision_panel(axes: Axes, points: list[dict[str, Any]]) -> None:
    thresholds = [point["threshold"] for point in points]
    axes.axhline(0, color=BLACK, linewidth=0.9, label="treat none")
    axes.plot(thresholds, [p["all"] for p in points], color=GREY, linestyle=(0, (4, 2)), linewidth=1.2,
              label="treat all")  # fmt: skip
    benefits = [float("nan") if p["net_benefit"] is None else p["net_benefit"] for p in points]
    axes.plot(thresholds, benefits, color=BLUE, label="the model")
    lower, upper = ([(point["ci95"] or [float("nan")] * 2)[bound] for point in points] for bound in (0, 1))
    axes.fill_between(thresholds, lower, upper, color=BLUE, alpha=0.14, linewidth=0)
    if "net_benefit_competing" in points[0]:
        beside = [float("nan") if p["net_benefit_competing"] is None else p["net_benefit_competing"] for p in points]
        axes.plot(thresholds, beside, color=VERMILLION, linestyle=":", label="the model, other deaths\ncounted")
    top = max(0.02, *(max((p["ci95"] or [0.0])[-1], p["net_benefit"] or 0.0, p["all"]) for p in points))
    axes.set_ylim(-0.35 * top, 1.3 * top)  # room for the legend above the band
    axes.set_xlim(0, max(thresholds))
    axes.set_xlabel("Threshold probability")


def draw_five_year(stem: Path, title: str, five: dict[str, Any]) -> None:
    """Draw the ROC and the precision-recall curve of the status at the landmark.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    title : str
        The model.
    five : dict
        The landmark's statistics.
    """
    with picture(stem, 6.6, 4.1) as figure:
        roc, recall = figure.subplots(1, 2)
        counts = f"{five['dead']} dead, {five['alive']} alive, {five['excluded']} censored before and left out"
        figure.suptitle(
            f"{title}: status at {five['landmark_months']:g} months\n{counts}", x=0.01, ha="left", fontsize=10
        )
        for axes, name, key in ((roc, "ROC", "roc_auc"), (recall, "Precision-recall", "pr_auc")):
            axes.set_title(f"{name}: AUC {estimate_text(five[key])}", fontsize=9)
        if five["roc_auc"]["value"] is None or "roc_curve" not in five:
            say_why_not(roc, five["roc_auc"]["reason"])
            say_why_not(recall, five["pr_auc"]["reason"])
            return
        _roc_panel(roc, five["roc_curve"])
        _recall_panel(recall, five["pr_curve"], five["prevalence"])


def _roc_panel(axes: Axes, curve: dict[str, list[float]]) -> None:
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
    axes.plot(curve["false_positive_rate"], curve["true_positive_rate"], color=BLUE, clip_on=False)
    axes.text(0.97, 0.03, "grey: chance", ha="right", fontsize=7.5, color=GREY)
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1))


def _recall_panel(axes: Axes, curve: dict[str, list[float]], prevalence: float) -> None:
    axes.axhline(prevalence, color=FAINT, linewidth=1, zorder=0)
    recall, precision = [0.0, *curve["recall"]], [curve["precision"][0], *curve["precision"]]
    # average precision is the area under these very steps
    axes.step(recall, precision, where="pre", color=BLUE, clip_on=False)
    axes.text(0.03, 0.03, f"grey: prevalence {prevalence:.2f}", fontsize=7.5, color=GREY)
    axes.set(xlabel="Sensitivity (recall)", ylabel="Positive predictive value (precision)", xlim=(0, 1), ylim=(0, 1))
