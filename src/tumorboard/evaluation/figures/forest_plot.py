"""The forest plot: rows of estimates with their intervals, numbers at the side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.evaluation.figures.style import BLUE, FAINT, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_REASON = 46
_N_INCHES, _EVENTS_INCHES = 0.4, 0.55
_CHARACTER_INCHES = 0.075


@dataclass(frozen=True)
class ForestRow:
    """One row.

    Parameters
    ----------
    label : str
        What it is of.
    value : float or None
        The estimate; a row with neither value nor reason is a heading.
    ci95 : sequence of float or None
        Its interval.
    reason : str or None
        Why there is no value.
    side : tuple of str
        What stands at the right, one text a column.
    colour : str
        Of the marker.
    """

    label: str
    value: float | None = None
    ci95: list[float] | None = None
    reason: str | None = None
    side: tuple[str, ...] = ()
    colour: str = BLUE

    @property
    def heading(self) -> bool:
        """Whether it heads the rows below."""
        return self.value is None and self.reason is None


def draw_forest(figure: Figure, rows: list[ForestRow], *, column: str, side_inches: float) -> Axes:
    """Draw rows from top to bottom, their numbers beside them.

    Parameters
    ----------
    figure : Figure
        An empty figure.
    rows : list of ForestRow
        The rows.
    column : str
        Title of the last text at the side; before it come the patients and events.
    side_inches : float
        Width of the texts at the side.

    Returns
    -------
    Axes
        Where the estimates are.
    """
    longest = max((len(line) for row in rows for line in row.label.split("\n")), default=0)
    for_estimates = figure.get_figwidth() - side_inches - longest * _CHARACTER_INCHES
    axes: Axes
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(max(for_estimates, 1.5), side_inches))
    side.set_axis_off()
    offsets = (0.0, _N_INCHES / side_inches, (_N_INCHES + _EVENTS_INCHES) / side_inches)
    for position, row in enumerate(rows):
        _draw_row(axes, position, row)
        for offset, text in zip(offsets, row.side, strict=False):
            side.text(offset, position, text, va="center", fontsize=8)
    for offset, text in zip(offsets, ("n", "events", column), strict=True):
        side.text(offset, -1, text, va="center", fontsize=8, color=GREY)
    axes.set_ylim(len(rows) - 0.4, -1.4)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, label in zip(rows, axes.get_yticklabels(), strict=True):
        if row.heading:
            label.set_fontweight("bold")
    return axes


def _draw_row(axes: Axes, position: int, row: ForestRow) -> None:
    if row.value is None:
        if row.reason:
            write_reason(axes, position, row.reason)
        return
    if row.ci95 is not None:
        axes.plot(row.ci95, [position, position], color=row.colour, linewidth=1.6, solid_capstyle="butt")
    axes.plot([row.value], [position], "s", color=row.colour, markersize=4.5)


def write_reason(axes: Axes, position: float, reason: str, *, longest: int = _LONGEST_REASON) -> None:
    """Write why a row is empty.

    Parameters
    ----------
    axes : Axes
        Where to write.
    position : float
        The row.
    reason : str
        Why there is no estimate.
    longest : int
        Characters that fit.
    """
    from textwrap import shorten

    axes.text(
        0.02, position, f"none: {shorten(reason, longest, placeholder=' …')}", fontsize=7.5, color=GREY,
        transform=axes.get_yaxis_transform(), va="center", style="italic",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def reference_line(axes: Axes, at: float, *, strong: bool = False) -> None:
    """Draw a vertical line behind everything.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    at : float
        Where it stands.
    strong : bool
        Whether it stands for a model rather than for no effect.
    """
    axes.axvline(at, color=GREY if strong else FAINT, linewidth=0.9, linestyle=(0, (4, 3)) if strong else "-", zorder=0)
