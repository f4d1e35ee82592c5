"""The flow of patients as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.cohort.eligibility import Flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = "#333333"
_CENTRE = 2.4
_WORDS = {
    "clinical": "clinical record", "slide": "diagnostic slide", "scan": "CT or MR", "ct": "CT", "mr": "MR",
    "copy_number": "copy number", "genes": "mutations and copy number", "endpoint": "known endpoint",
}  # fmt: skip
_KEPT, _DROPPED = "#DDEBF7", "#F2F2F2"


def draw_flow(flow: Flow, summary: dict[str, Any], path: Path) -> None:
    """Draw boxes from all patients to those that are eligible, with those dropped at the side.

    Parameters
    ----------
    flow : Flow
        The flow.
    summary : dict
        The cohort in numbers, for the last box.
    path : Path
        Where the picture goes.
    """
    from matplotlib.figure import Figure

    rows = len(flow.steps) + 2
    figure = Figure(figsize=(8, 0.95 * rows), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlim(0, 10)
    axes.set_ylim(-rows + 0.4, 0.6)
    axes.axis("off")
    _box(axes, 0, f"All patients known\nn = {flow.patients}", _KEPT)
    for row, step in enumerate(flow.steps, start=1):
        _box(axes, -row, f"With {_WORDS.get(step.requirement, step.requirement)}\nn = {step.left}", _KEPT)
        _arrow(axes, (_CENTRE, -row + 0.66), (_CENTRE, -row + 0.34))
        _side_box(axes, -row + 0.5, f"{step.reason}: {step.dropped}")
    _arrow(axes, (_CENTRE, -rows + 1.66), (_CENTRE, -rows + 1.36))
    five = summary["five_year"]
    text = (
        f"Eligible: n = {summary['eligible']}; {summary['endpoint']} known in {summary['with_endpoint']}, "
        f"{summary['events']} events\n"
        f"at {summary['landmark_months']:g} months: {five['dead']} dead, {five['alive']} alive, "
        f"{five['excluded']} censored before"
    )
    _box(axes, -rows + 1, text, _KEPT, centre=5, width=9.6)
    figure.savefig(path, dpi=150)


def _box(axes: Axes, y: float, text: str, colour: str, *, centre: float = _CENTRE, width: float = 4.4) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (centre - width / 2, y - 0.32), width, 0.64, boxstyle="round,pad=0.02", facecolor=colour, edgecolor=_LINE
        )
    )
    axes.text(centre, y, text, ha="center", va="center", fontsize=10)


def _side_box(axes: Axes, y: float, text: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch((5.4, y - 0.17), 4.4, 0.34, boxstyle="round,pad=0.02", facecolor=_DROPPED, edgecolor=_LINE)
    )
    axes.text(7.6, y, text, ha="center", va="center", fontsize=9)
    _arrow(axes, (_CENTRE, y), (5.35, y))


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": _LINE})
