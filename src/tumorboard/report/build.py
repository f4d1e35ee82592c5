"""Writing ``report.html``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.report.baseline_table import baseline_table
from tumorboard.report.material import ReportMaterial, read_material
from tumorboard.report.prepared_images import prepared_images
from tumorboard.report.run_chapter import run_chapter
from tumorboard.report.summary import fold_spread, plain_summary
from tumorboard.report.tripod import reporting_items
from tumorboard.report.wording import ENDPOINT_WORDS, FILTERS
from tumorboard.study.files import StudyFolder, write_text

_PROXY_NOTES = {
    "necrosis": "necrosis of the sampled block, not coagulative necrosis on diagnosis",
    "n": "NX taken as N0; for UISS, of TNM 1997, also today's N1, which stands in for both its N1 and its N2",
    "m": "MX taken as M0",
    "grade": "a WHO/ISUP grade, where the score was built on Fuhrman's",
    "calcium": "above the laboratory's limit, where MSKCC counts corrected calcium above 10 mg/dL",
}
"""What makes an input a proxy; any may also be marked in the patients' table."""


def build_report(folder: StudyFolder) -> Path:
    """Write a study's report as one file that needs no network and no script.

    Parameters
    ----------
    folder : StudyFolder
        The study; ``tumorboard evaluate`` must have run.

    Returns
    -------
    Path
        ``report.html``.

    Raises
    ------
    StudyError
        Where the cohort or the evaluation is missing, or the evaluation is of another cohort.
    """
    write_text(folder.report, _render(read_material(folder)))
    return folder.report


def _render(material: ReportMaterial) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tumorboard.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment.get_template("report.html").render(**_content(material)) + "\n"


def _content(material: ReportMaterial) -> dict[str, Any]:
    metrics = material.metrics
    words, _ = ENDPOINT_WORDS.get(metrics["endpoint"], (metrics["endpoint"], ""))
    return {
        "research_use_only": RESEARCH_USE_ONLY,
        "endpoint_words": words,
        "summary": plain_summary(material),
        "cohort": material.cohort,
        "images": prepared_images(material.folder),
        "metrics": metrics,
        "sections": [_section(model, material) for model in metrics["models"] if "five_year" in model],
        "networks": [run_chapter(material.folder, run) for run in material.runs.told],
        "networks_left_out": material.runs.left_out,
        "fold_spread": fold_spread,
        "run_hashes": _run_hashes(material),
        "tables": metrics["head_to_head"],
        "proxy_notes": _proxy_notes(metrics["head_to_head"]),
        "proxy_patients": _proxy_patients(material),
        "baseline": baseline_table(material.patients),
        "panels": _panels(material.learned),
        "chosen": _chosen(material),
        "tripod": reporting_items(material),
        "settings": _settings(metrics["settings"]),
        "evaluated_at": material.evaluated_at,
        "picture": material.picture,
    }


def _section(model: dict[str, Any], material: ReportMaterial) -> dict[str, Any]:
    def draw(kind: str) -> str | None:
        return material.picture(f"{model['model']}_{kind}")

    return {"model": model, "spread": fold_spread(model), "draw": draw}


def _run_hashes(material: ReportMaterial) -> list[tuple[str, str]]:
    """Return the hashes of what the networks' numbers were computed from."""
    return [
        (f"runs/{run.name}/{name}", digest)
        for run in material.runs.told
        for name, digest in run.evaluation["inputs"].items()
        if name != "metrics.json"
    ]


def _proxy_notes(tables: list[dict[str, Any]]) -> dict[str, str]:
    """Return what makes an input a proxy, for the inputs that are one in any patient."""
    inputs = {name for table in tables for score in table["scores"] for name in score["proxies"]}
    return {name: _PROXY_NOTES.get(name, "marked in the patients' table") for name in sorted(inputs)}


def _proxy_patients(material: ReportMaterial) -> dict[str, int]:
    patients = material.patients
    return {
        "fuhrman": int((patients["grade_system"] == "Fuhrman").sum()),
        "graded": int(patients["grade"].notna().sum()),
    }


def _panels(learned: list[dict[str, Any]]) -> dict[str, list[tuple[str, int]]]:
    """Return in how many folds each gene was in the panel, the most frequent first."""
    counts: dict[str, list[tuple[str, int]]] = {}
    for profile in ("mutations", "copy_number"):
        count = Counter(gene for fold in learned for gene in fold["panel"].get(profile, []))
        counts[profile.replace("_", " ")] = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return counts


def _chosen(material: ReportMaterial) -> list[dict[str, Any]]:
    """Return per model how often each penalty was chosen."""
    rows = []
    for model in material.metrics["models"]:
        penalties = [fold["models"].get(model["model"], {}).get("penalty") for fold in material.learned]
        count = Counter(penalty for penalty in penalties if penalty)
        if count:
            chosen = ", ".join(f"{penalty:g} in {times}" for penalty, times in sorted(count.items()))
            rows.append({"label": model["label"], "chosen": chosen})
    return rows


def _settings(settings: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for section, values in settings.items():
        for name, value in values.items():
            # a whole path may name a person or a machine
            shown = Path(value).name if name in {"tables", "weights"} else value
            text = ", ".join(str(item) for item in shown) if isinstance(shown, list) else str(shown)
            rows.append((f"{section}.{name}", text or "none"))
    return rows
