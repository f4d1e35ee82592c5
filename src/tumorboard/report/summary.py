"""The evaluation in plain sentences: what was found, and what cannot be shown with so few patients."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from tumorboard.evaluation.figures.wording import estimate_text, p_text
from tumorboard.report.material import ReportMaterial
from tumorboard.report.run_chapter import gain_sentence
from tumorboard.report.wording import ENDPOINT_WORDS, shown
from tumorboard.survival.estimate import NORMAL_95

_POWER_80 = 0.841621


@dataclass(frozen=True)
class FoldSpread:
    """How much a fold's concordance varies.

    Parameters
    ----------
    folds : int
        Folds of all repeats with a concordance.
    mean, sd : float
        Of the concordance over them.
    patients, events : float
        Mean number in a fold.
    """

    folds: int
    mean: float
    sd: float
    patients: float
    events: float


def fold_spread(model: dict[str, Any]) -> FoldSpread | None:
    """Return the spread of a model's concordance over folds; None for fewer than two folds.

    Parameters
    ----------
    model : dict
        A model's statistics.
    """
    folds = [fold for fold in model.get("folds", []) if fold["harrell_c"]["value"] is not None]
    if len(folds) < 2:
        return None
    values = [fold["harrell_c"]["value"] for fold in folds]
    return FoldSpread(
        len(folds), mean(values), stdev(values), mean(f["n"] for f in folds), mean(f["events"] for f in folds)
    )


def smallest_gain_shown(difference: dict[str, Any]) -> float | None:
    """Return the true difference that a comparison of this precision would show in four cases of five.

    It is 2.8 standard errors: two-sided test at 5 %, power 80 %, the standard error read from the interval's width.

    Examples
    --------
    >>> round(smallest_gain_shown({"ci95": [-0.0196, 0.0196]}), 3)
    0.028
    """
    if difference["ci95"] is None:
        return None
    low, high = difference["ci95"]
    return (NORMAL_95 + _POWER_80) * (float(high) - float(low)) / (2 * NORMAL_95)


def plain_summary(material: ReportMaterial) -> list[str]:
    """Return the summary, one paragraph an entry.

    Parameters
    ----------
    material : ReportMaterial
        The study.
    """
    metrics = material.metrics
    models = {model["model"]: model for model in metrics["models"]}
    found = [_patients(material), _clinical(models)]
    found += [_genes(entry) for entry in metrics["comparisons"] if entry["label"].startswith("gain of genes")]
    found += [_highest(metrics["models"]), *map(gain_sentence, material.runs.told)]
    found += [_several_runs(len(material.runs.told)), _what_cannot_be_shown(metrics, models)]
    return [text for text in found if text]


def _patients(material: ReportMaterial) -> str:
    metrics = material.metrics
    words, events = ENDPOINT_WORDS.get(metrics["endpoint"], (metrics["endpoint"], "events"))
    competing = metrics["competing_events"]
    others = f" {competing} patients died of something else first." if competing else ""
    return (
        f"{metrics['n']} of {material.cohort['eligible']} eligible patients have a known {words} "
        f"({metrics['endpoint']}), with {metrics['events']} events ({events}).{others}"
    )


def _clinical(models: dict[str, dict[str, Any]]) -> str:
    clinical = models.get("clinical")
    if clinical is None:
        return ""
    return (
        "The clinical model, a Cox model on age, stage and grade, reaches a Harrell's C of "
        f"{shown(clinical['harrell_c'])} on patients it was not fitted on. "
        "(C is how often, of two patients, the one who has the event first was given the higher risk: 0.5 is chance, "
        "1 is always.) "
        f"Stage alone reaches {shown(models['stage']['harrell_c'])}. "
        "This is the bar for anything that looks at slides, scans or genes."
    )


def _genes(entry: dict[str, Any]) -> str:
    difference = entry["difference"]
    head = f"Adding genes to age, stage and grade ({entry['patients']}, n = {entry['n']}): "
    if difference["value"] is None or difference["ci95"] is None:
        return f"{head}no comparison: {difference['reason']}."
    low, high = difference["ci95"]
    verdict = (
        "a gain is shown" if low > 0 else "C falls" if high < 0 else "no gain is shown, which is not proof of none"
    )
    return f"{head}C changes by {estimate_text(difference)}, {p_text(entry['p'])} ({entry['test']}): {verdict}."


def _highest(models: list[dict[str, Any]]) -> str:
    fitted = [m for m in models if m["kind"] not in ("factor", "score") and m["harrell_c"]["value"] is not None]
    if len(fitted) < 2:
        return ""
    best = max(fitted, key=lambda model: float(model["harrell_c"]["value"]))
    return (
        f"The highest of the {len(fitted)} fitted models is {best['label']} with {shown(best['harrell_c'])}. "
        "The highest of several is chosen on these very patients and so looks better than it is."
    )


def _several_runs(runs: int) -> str:
    if runs < 2:
        return ""
    return (
        f"None of the {runs} networks' p-values is corrected for the others; the best of them looks better than it is."
    )


def _what_cannot_be_shown(metrics: dict[str, Any], models: dict[str, dict[str, Any]]) -> str:
    spread = fold_spread(models.get("clinical", {}))
    gain = next((entry for entry in metrics["comparisons"] if entry["label"].startswith("gain of genes")), None)
    parts = []
    if spread is not None:
        parts.append(
            f"With {metrics['n']} patients, C of the clinical model varies over {spread.folds} folds with a standard "
            f"deviation of {spread.sd:.3f} (a fold has about {spread.patients:.0f} patients and {spread.events:.0f} "
            f"events): a gain smaller than that cannot be seen in a single fold."
        )
    smallest = None if gain is None else smallest_gain_shown(gain["difference"])
    if smallest is not None:
        parts.append(
            f"Over all patients, paired, a true gain below about {smallest:.3f} would be missed more than once in "
            "five times."
        )
    return " ".join(parts)
