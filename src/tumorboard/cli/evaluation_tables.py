"""Tables of an evaluation for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from rich.table import Table


def assessment_table(answer: dict[str, Any]) -> Table:
    """Return the table of one model's statistics."""
    from rich.table import Table

    title = f"{answer['name']}: {answer['n']} patients, {answer['events']} events"
    table = Table(title=title, title_justify="left")
    table.add_column("statistic")
    table.add_column("value (95 % interval)")
    for name, text in _rows(answer):
        table.add_row(name, text)
    return table


def _rows(answer: dict[str, Any]) -> list[tuple[str, str]]:
    cox, logrank = answer["cox"], answer["logrank_median"]
    rows = [
        ("Harrell's C" + (" (pairs within folds)" if answer["folds"] else ""), shown(answer["harrell_c"])),
        (f"Uno's C (events before {answer['uno_c']['tau_months']:.1f} months)", shown(answer["uno_c"])),
        *((f"AUC at {entry['months']:g} months", shown(entry)) for entry in answer["auc"]),
        (
            f"hazard ratio per {cox['per']} (Cox)",
            shown({"value": cox["hazard_ratio"], "ci95": cox["ci95"], "reason": cox["reason"]})
            + p_value(cox["p"], "Wald"),
        ),
        (
            "median split (log-rank)",
            f"chi² {logrank['chi2']:.2f}{p_value(logrank['p'], 'log-rank')}"
            if logrank["chi2"] is not None
            else logrank["reason"],
        ),
    ]
    rows += _adjusted_rows(answer["cox_adjusted"]) if "cox_adjusted" in answer else []
    for entry in answer["calibration"]:
        rows.append((f"observed/expected at {entry['months']:g} months", shown(entry["observed_expected"])))
        rows.append((f"calibration slope at {entry['months']:g} months", shown(entry["slope"])))
    rows += [(f"Brier score at {entry['months']:g} months", shown(entry)) for entry in answer["brier"]]
    five = answer["five_year"]
    rows.append(
        (
            f"landmark {five['landmark_months']:g} months: dead / alive / excluded",
            f"{five['dead']} / {five['alive']} / {five['excluded']}",
        )
    )
    rows += [
        (f"landmark {name}", shown(five[key]))
        for name, key in (("ROC AUC", "roc_auc"), ("PR AUC", "pr_auc"), ("accuracy", "accuracy"))
    ]
    if "comparison" in answer:
        other = answer["comparison"]
        rows.append(
            (
                f"difference of C to {other['second']}",
                shown(other["difference"]) + p_value(other["p"], "paired bootstrap"),
            )
        )
    return rows


def _adjusted_rows(table: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (
            f"adjusted hazard ratio of {row['factor']} (Cox)",
            shown({"value": row["hazard_ratio"], "ci95": row["ci95"], "reason": table["reason"]})
            + p_value(row["p"], table["test"]),
        )
        for row in table["rows"]
    ]
    who = f"{table['n']} patients, {table['events']} events"
    left_out = [("left out of the adjusted Cox model", "; ".join(table["left_out"]))] if table["left_out"] else []
    return [*rows, ("patients in the adjusted Cox model", who), *left_out]


def shown(estimate: dict[str, Any]) -> str:
    """Return an estimate with its interval, or why there is none."""
    if estimate["value"] is None:
        return f"none: {estimate['reason']}"
    interval = f" ({_rounded(estimate['ci95'][0])} to {_rounded(estimate['ci95'][1])})" if estimate["ci95"] else ""
    return f"{_rounded(estimate['value'])}{interval}"


def _rounded(value: float) -> str:
    """Return three decimals, and nought without a sign."""
    text = f"{value:.3f}"
    return text.lstrip("-") if float(text) == 0 else text


def p_value(p: float | None, test: str) -> str:
    """Return a p-value with its test's name."""
    if p is None:
        return ""
    return f", p {'< 0.001' if p < 0.001 else f'= {p:.3f}'} ({test})"


def print_study(answer: dict[str, Any], study: Path) -> None:
    """Print the table of models and the paired differences of a study's evaluation."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title="Out-of-fold concordance", title_justify="left")
    for column in ("model", "patients", "events", "Harrell's C", "Uno's C"):
        table.add_column(column)
    for model in answer["models"]:
        table.add_row(
            model["label"], str(model["n"]), str(model["events"]), shown(model["harrell_c"]), shown(model["uno_c"])
        )
    console.print(table)
    for entry in answer["comparisons"]:
        difference = shown(entry["difference"]) + p_value(entry["p"], "paired bootstrap")
        console.print(f"{entry['label']}: {difference}; {entry['n']} patients", highlight=False)
    console.print(f"Written: {study / 'evaluation'}; next: tumorboard report {study}")
    console.print(RESEARCH_USE_ONLY, style="dim")
