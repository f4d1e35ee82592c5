"""Pictures of the two groups of risk: Kaplan-Meier with numbers at risk, and cumulative incidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard.evaluation.figures.style import BLACK, GREY, GROUP_COLOURS, SKY, picture, say_why_not
from tumorboard.evaluation.figures.wording import p_text
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.risk_groups import competing_of, median_groups
from tumorboard.survival import Survival, cumulative_incidence
from tumorboard.survival.outcome import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SURVIVAL_OF = {
    "DSS": "Disease-specific survival",
    "OS": "Overall survival",
    "PFS": "Progression-free survival",
}
_EVENT_OF = {"DSS": "death of the disease", "OS": "death", "PFS": "progression"}
_MOST_MARKS = 8


def draw_kaplan_meier(stem: Path, title: str, single: Predictions, logrank: dict[str, Any], endpoint: str) -> None:
    """Draw survival of the patients above and up to the median risk, numbers at risk below.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    title : str
        The model.
    single : Predictions
        One row a patient.
    logrank : dict
        The test between the groups.
    endpoint : str
        ``DSS``, ``OS``, ``PFS``, or empty where it is not known.
    """
    with picture(stem, 6.0, 4.4) as figure:
        if not len(single.outcome):
            figure.suptitle(title, x=0.01, ha="left", fontsize=10)
            say_why_not(figure.subplots(), "it has a risk for no patient")
            return
        groups = median_groups(single)
        axes, table = figure.subplots(2, 1, sharex=True, height_ratios=(5, 0.9))
        for group, colour in GROUP_COLOURS.items():
            outcome = single.outcome[groups == group]
            if len(outcome):
                _survival_curve(axes, outcome, colour, f"{group} risk (n = {len(outcome)}, events {outcome.events})")
        # tied risks may leave nobody above the median: then there is one group and no test
        test = f"log-rank {p_text(logrank['p'])}" if logrank["p"] is not None else f"no test: {logrank['reason']}"
        figure.suptitle(f"{title}: risk above or up to the median\n{test}", x=0.01, ha="left", fontsize=10)
        axes.set_ylabel(f"{_SURVIVAL_OF.get(endpoint, 'Free of the event')}\n(95 % bands)")
        axes.set_ylim(0, 1.03)
        axes.set_xlim(0, _longest(single.outcome))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0)
        _numbers_at_risk(table, single.outcome, groups, _time_marks(single.outcome))


def _survival_curve(axes: Axes, outcome: Survival, colour: str, label: str) -> None:
    curve = cumulative_incidence(outcome)
    times = np.concatenate(([0.0], curve.times_months))
    low, high = curve.interval(times)
    axes.step(times, 1 - curve.at(times), where="post", color=colour, label=label)
    axes.fill_between(times, 1 - high, 1 - low, step="post", color=colour, alpha=0.16, linewidth=0)
    censored = np.unique(outcome.time_months[~outcome.event])
    axes.plot(censored, 1 - curve.at(censored), "|", color=colour, markersize=4, markeredgewidth=0.6)


def _longest(outcome: Survival) -> float:
    return max(float(outcome.time_months.max()), 1.0)


def _time_marks(outcome: Survival) -> FloatArray:
    longest = _longest(outcome)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 48, 96) if longest / s <= _MOST_MARKS), 120)
    return np.arange(0, longest, step, dtype=np.float64)


def _numbers_at_risk(axes: Axes, outcome: Survival, groups: Any, marks: FloatArray) -> None:  # noqa: ANN401
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylim(1.6, -0.6)
    axes.set_yticks(range(len(GROUP_COLOURS)), [f"{group} risk" for group in GROUP_COLOURS])
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="y", pad=14)
    axes.set_xticks(marks)
    axes.set_title("Number at risk", fontsize=8.5, color=GREY)
    axes.set_xlabel("Months since diagnosis")
    for row, (group, colour) in enumerate(GROUP_COLOURS.items()):
        times = outcome.time_months[groups == group]
        axes.get_yticklabels()[row].set_color(colour)
        for mark in marks:
            axes.text(mark, row, str(int((times >= mark).sum())), ha="center", va="center", fontsize=8.5)


def draw_incidence(stem: Path, title: str, single: Predictions, endpoint: str) -> None:
    """Draw the cumulative incidence of the event and of competing deaths, beside one minus Kaplan-Meier.

    Parameters
    ----------
    stem : Path
        Where the picture goes, without suffix.
    title : str
        The model.
    single : Predictions
        One row a patient.
    endpoint : str
        ``DSS``, ``OS``, ``PFS``, or empty where it is not known.
    """
    groups, competing = median_groups(single), competing_of(single)
    event = _EVENT_OF.get(endpoint, "event")
    with picture(stem, 7.0, 3.7) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        figure.suptitle(_incidence_title(title, competing), x=0.01, ha="left", fontsize=10)
        for axes, (group, colour) in zip(panels, GROUP_COLOURS.items(), strict=True):
            rows = groups == group
            axes.set_title(f"{group} risk (n = {int(rows.sum())})", color=colour)
            if not rows.any():
                say_why_not(axes, "nobody is in this group")
                continue
            others = None if competing is None else competing[rows]
            _incidence_curves(axes, single.outcome[rows], others, (colour, event))
            axes.set_xlabel("Months since diagnosis")
            axes.set_xticks(_time_marks(single.outcome))
            axes.set_xlim(0, _longest(single.outcome))
            # the legend stands above 1, where no curve comes
            axes.set_ylim(0, 1.42)
            axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
            axes.legend(loc="upper left", handlelength=2.4)
            if not single.outcome[rows].events:
                axes.text(0.5, 0.3, "no event in this group", transform=axes.transAxes, ha="center", color=GREY)
        panels[0].set_ylabel("Cumulative incidence")


def _incidence_title(title: str, competing: BoolArray | None) -> str:
    if competing is None:
        return f"{title}: competing deaths are not known"
    return f"{title}: with other deaths as competing" if competing.any() else f"{title}: no competing deaths"


def _incidence_curves(axes: Axes, outcome: Survival, competing: BoolArray | None, look: tuple[str, str]) -> None:
    colour, event = look
    if competing is not None and competing.any():
        with_others = cumulative_incidence(outcome, competing)
        _step(axes, with_others.times_months, with_others.incidence, colour, f"{event} (Aalen-Johansen)", "-")
        other = cumulative_incidence(Survival(outcome.time_months, competing), outcome.event)
        _step(axes, other.times_months, other.incidence, SKY, "other death (Aalen-Johansen)", "-")
    alone = cumulative_incidence(outcome)
    _step(axes, alone.times_months, alone.incidence, BLACK, f"{event} (1 − Kaplan-Meier)", (0, (3, 2)))


def _step(axes: Axes, times: FloatArray, values: FloatArray, colour: str, label: str, dashes: Any) -> None:  # noqa: ANN401
    axes.step(
        np.concatenate(([0.0], times)), np.concatenate(([0.0], values)), where="post", color=colour, label=label,
        linestyle=dashes, linewidth=1.1 if colour == BLACK else 1.6,
    )  # fmt: skip
