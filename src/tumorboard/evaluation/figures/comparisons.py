"""Pictures that set models side by side: concordance, gains, scores, hazard ratios."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from tumorboard.evaluation.figures.forest_plot import ForestRow, draw_forest, reference_line, write_reason
from tumorboard.evaluation.figures.style import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    picture,
    say_why_not,
)
from tumorboard.evaluation.figures.wording import estimate_text, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GROUPS = (
    ("Single factors", ("factor",), ORANGE),
    ("Published scores, where exact", ("score",), GREEN),
    ("Fitted models, out of fold", ("cox", "elastic net", "forest"), BLUE),
)
_ROW_INCHES = 0.24
_RIVAL_STYLES = {
    "score": ("score", VERMILLION, "D"),
    "stage": ("stage (AJCC 8)", GREEN, "o"),
    "grade": ("grade", ORANGE, "^"),
    "clinical": ("Cox: age + stage + grade", BLUE, "s"),
}

_MOST_FOR_DOUBLINGS = 150  # past that, marks at each doubling would run into each other


def draw_concordance(stem: Path, answer: dict[str, Any]) -> None:
    """Draw Harrell's concordance of all models.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    answer : dict
        What ``evaluation/metrics.json`` holds.
    """
    rows = []
    for title, kinds, colour in _GROUPS:
        models = [model for model in answer["models"] if model["kind"] in kinds]
        rows += [ForestRow(title)] if models else []
        rows += [_concordance_row(model, colour) for model in models]
    clinical = next((m["harrell_c"]["value"] for m in answer["models"] if m["model"] == "clinical"), None)
    with picture(stem, 7.4, 1.2 + _ROW_INCHES * len(rows)) as figure:
        axes = draw_forest(figure, rows, column="C (95 % interval)", side_inches=2.45)
        reference_line(axes, 0.5)
        if clinical is not None:
            reference_line(axes, clinical, strong=True)
            axes.annotate(
                "clinical Cox", (clinical, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                textcoords="offset points", ha="center", fontsize=7.5, color=GREY,
            )  # fmt: skip
        _limit(axes, rows, 0.5)
        axes.set_xlabel("Harrell's C (0.5: no discrimination)")


def _concordance_row(model: dict[str, Any], colour: str) -> ForestRow:
    estimate = model["harrell_c"]
    side = (str(model["n"]), str(model["events"]), estimate_text(estimate))
    return ForestRow(model["label"], estimate["value"], estimate["ci95"], estimate["reason"], side, colour)


def _limit(axes: Axes, rows: list[ForestRow], always: float) -> None:
    drawn = [bound for row in rows if row.value is not None for bound in (row.value, *(row.ci95 or ()))]
    low, high = min([always, *drawn]), max([always, *drawn])
    margin = 0.04 * (high - low) or 0.05
    axes.set_xlim(low - margin, high + margin)


def draw_gains(stem: Path, comparisons: list[dict[str, Any]]) -> None:
    """Draw paired differences of concordance.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    comparisons : list of dict
        Paired differences; ``patients`` groups them where it is there.
    """
    rows = []
    for who in dict.fromkeys(entry.get("patients", "") for entry in comparisons):
        rows += [ForestRow(fill(who[:1].upper() + who[1:], 42))] if who else []
        rows += [_gain_row(entry) for entry in comparisons if entry.get("patients", "") == who]
    with picture(stem, 7.8, 1.3 + 0.36 * max(len(rows), 1)) as figure:
        if not rows:
            say_why_not(figure.add_subplot(), "no two models to compare")
            return
        axes = draw_forest(figure, rows, column="difference (95 % interval)", side_inches=2.65)
        reference_line(axes, 0.0)
        _limit(axes, rows, 0.0)
        axes.set_xlabel(
            "Difference of Harrell's C on the same patients\n← worse · better →\n"
            "p: paired bootstrap of patients, two-sided"
        )


def _gain_row(entry: dict[str, Any]) -> ForestRow:
    difference = entry["difference"]
    label = f"{fill(entry['first'], 34)}\nminus {entry['second']}"
    side = (str(entry["n"]), str(entry["events"]), f"{estimate_text(difference)}\n{p_text(entry['p'])}")
    return ForestRow(label, difference["value"], difference["ci95"], difference["reason"], side)


def draw_head_to_head(stem: Path, tables: list[dict[str, Any]]) -> None:
    """Draw the scores beside stage, grade and the clinical Cox model, each on the same patients.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    tables : list of dict
        One entry a reading of NX and MX.
    """
    rows = max((len(table["scores"]) for table in tables), default=1)
    with picture(stem, 7.4, 1.1 + max(len(tables), 1) * (0.6 + 0.52 * rows)) as figure:
        panels = figure.subplots(max(len(tables), 1), 1, squeeze=False, sharex=True)[:, 0]
        if not tables:
            say_why_not(panels[0], "no score to compare")
        for axes, table in zip(panels, tables, strict=False):
            _draw_reading(axes, table)
        if not tables:
            return
        panels[-1].set_xlabel("Harrell's C with 95 % interval, on the patients in whom the score is exact")
        handles = [
            panels[0].plot([], [], marker, color=colour, label=label)[0]
            for label, colour, marker in _RIVAL_STYLES.values()
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=4)


def _draw_reading(axes: Axes, table: dict[str, Any]) -> None:
    labels = []
    for position, score in enumerate(table["scores"]):
        labels.append(f"{score['label']}\nn = {score['n']}, events {score['events']}")
        if score["c"]["value"] is None:
            write_reason(axes, position, score["c"]["reason"], longest=90)
            continue
        estimates = {"score": score["c"]} | {name: rival["c"] for name, rival in score["rivals"].items()}
        for order, (name, (_, colour, marker)) in enumerate(_RIVAL_STYLES.items()):
            _point(axes, position - 0.27 + 0.18 * order, estimates.get(name), colour, marker)
    for line in range(1, len(labels)):
        axes.axhline(line - 0.5, color=FAINT, linewidth=0.5)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    reference_line(axes, 0.5)
    axes.set_title(table["reading"])


def _point(axes: Axes, y: float, estimate: dict[str, Any] | None, colour: str, marker: str) -> None:
    if estimate is None or estimate["value"] is None:
        return
    if estimate["ci95"] is not None:
        axes.plot(estimate["ci95"], [y, y], color=colour, linewidth=1.3)
    axes.plot([estimate["value"]], [y], marker, color=colour, markersize=4.5)


def draw_cox(stem: Path, tables: dict[str, Any]) -> None:
    """Draw hazard ratios of single factors, and of age, stage and grade together.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    tables : dict
        ``univariable`` and ``multivariable``.
    """
    together = tables["multivariable"]
    rows = [ForestRow("Univariable"), *(_hazard_row(row, row, row["reason"], BLACK) for row in tables["univariable"])]
    rows += [ForestRow("Multivariable: age + stage + grade")]
    rows += [_hazard_row(row, together, together["reason"], BLUE) for row in together["rows"]]
    with picture(stem, 7.8, 1.3 + _ROW_INCHES * len(rows)) as figure:
        axes = draw_forest(figure, rows, column="HR (95 % interval), p (Wald)", side_inches=2.9)
        axes.set_xscale("log")
        reference_line(axes, 1.0)
        _mark_ratios(axes, rows)
        axes.set_xlabel("Hazard ratio (logarithmic axis)\n← lower hazard · higher hazard →")


def _hazard_row(row: dict[str, Any], counts: dict[str, Any], reason: str | None, colour: str) -> ForestRow:
    value = row["hazard_ratio"]
    if value is None:
        reason = reason or "not estimated"
    text = estimate_text({"value": value, "ci95": row["ci95"]}, 2)
    shown = text if value is None else f"{text}, {p_text(row['p'])}"
    return ForestRow(
        row["factor"], value, row["ci95"], reason, (str(counts["n"]), str(counts["events"]), shown), colour
    )


def _mark_ratios(axes: Axes, rows: list[ForestRow]) -> None:
    from matplotlib.ticker import NullFormatter, NullLocator

    drawn = [bound for row in rows if row.value is not None for bound in (row.value, *(row.ci95 or ()))]
    low, high = min([0.5, *drawn]) / 1.1, max([2.0, *drawn]) * 1.1
    axes.set_xlim(max(low, 1e-3), min(high, 1e3))
    low, high = axes.get_xlim()
    wide = high / low > _MOST_FOR_DOUBLINGS
    every = (0.01, 0.1, 1, 10, 100, 1000) if wide else (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32)
    marks = [mark for mark in every if low <= mark <= high]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
