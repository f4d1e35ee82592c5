"""What the clinical factors, scores and models are worth in TCGA-KIRC: runs the commands and writes the results page.

Usage: ``python benchmarks/tcga_kirc.py FOLDER``, FOLDER holding the cBioPortal files of kirc_tcga_pan_can_atlas_2018
and ``clinical_bcr.tsv``. Needs the extra ``archives``. About four minutes on two cores.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results" / "tcga_kirc.md"
IMAGES = ROOT / "docs" / "images"
METRICS = ROOT / "benchmarks" / "results" / "tcga_kirc.json"
REQUIRED = "slide,scan,clinical"
FACTOR_HEADER = ["factor", "C in the selected", "n, events", "Schulz et al. 2021", "C in all", "n, events"]


def tumorboard(*words: str) -> dict[str, Any]:
    """Run a command with ``--json``."""
    command = [str(Path(sys.executable).parent / "tumorboard"), *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def shown(estimate: dict[str, Any], digits: int = 3) -> str:
    """Return an estimate with its interval."""
    if estimate["value"] is None:
        return f"none: {estimate['reason']}"
    text = f"{estimate['value']:.{digits}f}"
    return text if not estimate["ci95"] else f"{text} ({estimate['ci95'][0]:.3f} to {estimate['ci95'][1]:.3f})"


def cohort_rows(selected: dict[str, Any], everyone: dict[str, Any]) -> list[list[str]]:
    """Return the cohort in numbers, the reference study's patients beside all."""

    def row(name: str, take: Any) -> list[str]:
        return [name, str(take(selected)), str(take(everyone))]

    five = ("dead", "alive", "excluded")
    return [
        row("patients known", lambda c: c["patients"]),
        row("eligible", lambda c: c["eligible"]),
        row("with DSS", lambda c: c["with_endpoint"]),
        row("deaths of the disease", lambda c: c["events"]),
        row("competing deaths", lambda c: c["competing_events"]),
        row("5YSS dead / alive / excluded", lambda c: " / ".join(str(c["five_year"][key]) for key in five)),
        *(row(name.replace("_", " "), lambda c, n=name: c["modalities"][n]) for name in selected["modalities"]),
        row("tumour segmentation", lambda c: c["segmentation"]),
        row("mutations and copy number", lambda c: c["mutations_and_copy_number"]),
    ]


def factor_rows(selected: dict[str, Any], everyone: dict[str, Any]) -> list[list[str]]:
    """Return single factors beside the reference study's."""
    return [
        [
            one["factor"],
            f"{one['harrell_c']['value']:.4f} ({one['harrell_c']['ci95'][0]:.3f} to {one['harrell_c']['ci95'][1]:.3f})",
            f"{one['n']}, {one['events']}",
            f"{one['reference_study']:.4f}",
            f"{other['harrell_c']['value']:.4f}",
            f"{other['n']}, {other['events']}",
        ]
        for one, other in zip(selected["single_factors"], everyone["single_factors"], strict=True)
    ]


def score_rows(reading: dict[str, Any]) -> list[list[str]]:
    """Return scores against stage, grade and the clinical Cox model."""
    rows = []
    for score in reading["scores"]:
        cells = [score["label"], f"{score['n']}, {score['events']}", shown(score["c"])]
        for rival in ("stage", "grade", "clinical"):
            against = score["rivals"].get(rival)
            cells.append("–" if against is None else f"{shown(against['difference'])}, p = {against['p']:.3f}")
        proxies = ", ".join(f"{name} in {count}" for name, count in score["proxies"].items() if count)
        rows.append([*cells, proxies or "–", f"{shown(score['midpoint']['c'])}, n = {score['midpoint']['n']}"])
    return rows


def gain_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return paired differences."""
    return [
        [entry["label"], f"{entry['n']}, {entry['events']}", shown(entry["difference"]), f"{entry['p']:.3f}"]
        for entry in metrics["comparisons"]
    ]


def model_rows(selected: dict[str, Any], everyone: dict[str, Any]) -> list[list[str]]:
    """Return every model's concordance."""
    other = {model["model"]: model for model in everyone["models"]}
    return [
        [
            model["label"],
            f"{model['n']}, {model['events']}",
            shown(model["harrell_c"]),
            f"{other[model['model']]['n']}, {other[model['model']]['events']}",
            shown(other[model["model"]]["harrell_c"]),
        ]
        for model in selected["models"]
    ]


def page(cohorts: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> str:
    """Return the results page."""
    selected, everyone = metrics
    folds = everyone["settings"]["folds"]
    scores = "\n\n".join(
        f"**{reading['reading']}**\n\n"
        + table(
            [
                "score",
                "n, events",
                "C",
                "minus stage",
                "minus grade",
                "minus clinical Cox",
                "proxies",
                "C of midpoints",
            ],
            score_rows(reading),
        )
        for reading in everyone["head_to_head"]
    )
    return f"""# TCGA-KIRC: the clinical bar

Disease-specific survival in TCGA-KIRC, from the public tables (cBioPortal `kirc_tcga_pan_can_atlas_2018`, TCGA's
clinical forms, the index of the Imaging Data Commons). Research use only. This page is written by
`python benchmarks/tcga_kirc.py FOLDER`, which runs these commands:

```console
tumorboard cohort selected --tables FOLDER --index tcga_kirc --require {REQUIRED}
tumorboard evaluate selected
tumorboard cohort everyone --tables FOLDER --index tcga_kirc
tumorboard evaluate everyone
```

## The patients

{table(["", f"`--require {REQUIRED}`", "all"], cohort_rows(*cohorts))}

Requiring a slide, a scan and a clinical record leaves the patients of the reference study (230 there). Mutations are
those of the file at hand, which has 369 patients with a variant; cBioPortal's own list of sequenced samples is longer.

## Single factors beside the reference study

Harrell's C. Coding: {selected["coding"]}.

{table(FACTOR_HEADER, factor_rows(*metrics))}

## Published scores against stage, grade and the clinical Cox model

All patients. A score counts where it is exact; rivals are on the same patients, the Cox model out of fold. Differences
are score minus rival with the interval and p of the paired bootstrap of patients. Necrosis is a proxy throughout: the
percentage of the sampled block and not the coagulative necrosis of the diagnosis. Grades are of the Fuhrman era, for
which the scores were made. UISS reads N1 as the N1 of TNM 1997. ASSURE DFS is exact in nobody, since vascular invasion
is not recorded.

{scores}

![Scores against their rivals](../images/head_to_head.png)

## Do genes add anything over clinical factors?

All patients; difference of Harrell's C, first minus second, out of fold: {folds["count"]} folds,
{folds["repeats"]} repeats. No p on this page is corrected for the number of comparisons.

{table(["comparison", "n, events", "difference of C", "p"], gain_rows(everyone))}

The ten most frequent mutations and copy-number alterations, chosen on each fold's fit patients, add nothing that
could be shown over age, stage and grade; neither do penalised models of everything. The reference study found the same
of its genes.

## Every model

{table(["model", "n, events", "C in the selected", "n, events", "C in all"], model_rows(*metrics))}

![Concordance of factors, scores and models](../images/concordance.png)

![Gains over the clinical Cox model](../images/gain.png)

![Calibration of the clinical Cox model](../images/clinical_calibration.png)

![Kaplan-Meier by predicted risk](../images/clinical_kaplan_meier.png)

![Decision curves of the clinical Cox model](../images/clinical_decision_curve.png)
"""


def main(folder: Path) -> None:
    """Run the commands, write the page, its pictures and the numbers."""
    with tempfile.TemporaryDirectory() as work:
        cohorts, metrics = [], []
        for name, words in (("selected", ["--require", REQUIRED]), ("everyone", [])):
            study = str(Path(work) / name)
            cohorts.append(tumorboard("cohort", study, "--tables", str(folder), "--index", "tcga_kirc", *words))
            metrics.append(tumorboard("evaluate", study))
        IMAGES.mkdir(exist_ok=True)
        for picture in (
            "concordance",
            "head_to_head",
            "gain",
            "clinical_calibration",
            "clinical_kaplan_meier",
            "clinical_decision_curve",
        ):
            shutil.copy(Path(work) / "everyone" / "evaluation" / "figures" / f"{picture}.png", IMAGES)
    PAGE.write_text(page(cohorts, metrics), encoding="utf-8")
    kept = ("n", "events", "single_factors", "comparisons", "head_to_head", "cox")
    short = {
        name: {key: answer[key] for key in kept} for name, answer in zip(("selected", "everyone"), metrics, strict=True)
    }
    for name, answer in zip(("selected", "everyone"), metrics, strict=True):
        short[name]["models"] = {
            m["model"]: {"harrell_c": m["harrell_c"], "uno_c": m["uno_c"]} for m in answer["models"]
        }
    METRICS.write_text(json.dumps(short, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
