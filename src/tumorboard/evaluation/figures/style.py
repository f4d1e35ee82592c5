"""How all pictures look, and how they are written: the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.study.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe M, Ito K, Color Universal Design, 2008: told apart with every kind of colour vision
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GREY = "#6B6B6B"
FAINT = "#BDBDBD"

GROUP_COLOURS = {"low": BLUE, "high": VERMILLION}

DOTS_PER_INCH = 150

_LOOK: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "figure.dpi": DOTS_PER_INCH,
    "svg.hashsalt": "tumorboard",
    "text.parse_math": False,  # a dollar sign in a model's name is a dollar sign
}


@contextmanager
def picture(stem: Path, width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure, and write it as ``<stem>.png`` and ``<stem>.svg`` when it is drawn.

    Parameters
    ----------
    stem : Path
        Where it goes, without suffix.
    width, height : float
        Inches.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    # a user's own matplotlibrc must not change the bytes
    with matplotlib.style.context(["default", _LOOK]):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        figure.supxlabel(RESEARCH_USE_ONLY, x=0.99, ha="right", fontsize=6.5, color=GREY)
        figure.draw_without_rendering()
        # the layout is settled: finding it again for each format would take longer than drawing
        figure.set_layout_engine("none")
        write_whole(
            stem.with_name(f"{stem.name}.png"),
            lambda path: figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": "tumorboard"}),
        )
        write_whole(
            stem.with_name(f"{stem.name}.svg"),
            lambda path: figure.savefig(path, metadata={"Date": None, "Creator": "tumorboard"}),
        )


def say_why_not(axes: Axes, reason: str | None) -> None:
    """Leave a panel empty but for why it is empty.

    Parameters
    ----------
    axes : Axes
        The panel.
    reason : str or None
        Why nothing can be drawn.
    """
    from textwrap import fill

    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.text(
        0.5, 0.5, fill(f"none: {reason or 'not estimated'}", 34), ha="center", va="center",
        transform=axes.transAxes, color=GREY, fontsize=9,
    )  # fmt: skip
