"""Real genes and clinical values of TCGA-KIRC through the network, beside Cox models on the same folds.

The network sees genes, clinical values, or both; every patient is predicted by the fold that did not see it. Beside it
stand the Cox models of the evaluation on the same folds, and the paired difference to "Cox: age + stage + grade".

    python benchmarks/network_kirc.py TABLES [--study DIR]

TABLES is the folder of cBioPortal's study ``kirc_tcga_pan_can_atlas_2018``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.discrimination import harrell_by_fold, harrell_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.evaluation.study import evaluate_study
from tumorboard.pipeline.training import RunPlan, train_study
from tumorboard.study.files import StudyFolder, write_json, write_text
from tumorboard.study.settings import CohortSettings, FoldSettings, StudySettings, load_settings, settings_template

RESULTS = Path(__file__).parent / "results" / "network_kirc.json"
MODELS: dict[str, tuple[str, ...]] = {
    "genes": ("genes",),
    "clinical": ("clinical",),
    "genes and clinical": ("genes", "clinical"),
}
COX = ("clinical", "genes", "clinical_genes", "elastic_net")
BOOTSTRAP = Bootstrap(2000, 20211)


def make_study(root: Path, tables: Path) -> StudyFolder:
    """Build the cohort of all patients with a known outcome, or take what is there."""
    folder = StudyFolder(root)
    if not folder.folds.is_file():
        root.mkdir(parents=True, exist_ok=True)
        settings = StudySettings(
            cohort=CohortSettings(endpoint="DSS", tables=str(tables.resolve()), require=("clinical", "endpoint")),
            folds=FoldSettings(count=6, repeats=1),
        )
        write_text(folder.settings, settings_template(settings))
        write_cohort(folder, build_cohort(folder, settings))
    return folder


def network_risks(folder: StudyFolder, name: str) -> Predictions:
    """Train the network on some inputs over all folds, or go on, and return its out-of-fold risks."""
    settings = load_settings(folder)
    settings = settings.model_copy(
        update={"network": settings.network.model_copy(update={"modalities": MODELS[name], "weights": "none"})}
    )
    run = name.replace(" ", "-")
    train_study(folder, settings, RunPlan(run))
    table = pd.read_csv(folder.root / "runs" / run / "risks.csv")
    return Predictions(f"network: {name}", table[["patient_id", "time_months", "event", "risk", "fold"]])


def cox_risks(folder: StudyFolder, name: str) -> Predictions:
    """Return the out-of-fold risks of one of the evaluation's models."""
    table = pd.read_parquet(folder.evaluation / "predictions.parquet")
    own = table[table["model"] == name]
    own = own.assign(fold=own["fold"].astype(int))  # the column has a gap for models without folds
    return Predictions(
        f"Cox: {name}", own[["patient_id", "time_months", "event", "risk", "fold"]].reset_index(drop=True)
    )


def described(predictions: Predictions) -> dict[str, Any]:
    """Return a model's patients, events and C-index."""
    by_fold = [fold["harrell_c"]["value"] for fold in harrell_by_fold(predictions)]  # type: ignore[index]
    return {
        "patients": len(predictions.patients),
        "events": int(predictions.frame["event"].sum()),
        "harrell_c": harrell_estimate(predictions, BOOTSTRAP).to_json(),
        "mean_over_folds": round(sum(by_fold) / len(by_fold), 4),
        "largest_of_folds": round(max(by_fold), 4),
    }


def among(first: Predictions, second: Predictions) -> Predictions:
    """Keep the patients of the first whom the second has too."""
    kept = first.frame[first.frame["patient_id"].isin(set(second.patients))]
    return Predictions(first.name, kept.reset_index(drop=True))


def main() -> None:
    """Train, evaluate, compare, and write the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("tables", type=Path)
    words.add_argument("--study", type=Path, default=Path("kirc-tables"))
    given = words.parse_args()
    folder = make_study(given.study, given.tables)
    if not (folder.evaluation / "predictions.parquet").is_file():
        evaluate_study(folder, {}, progress=lambda _: None)
    networks = {name: network_risks(folder, name) for name in MODELS}
    cox = {name: cox_risks(folder, name) for name in COX}
    bar = cox["clinical"]
    result = {
        "network": {name: described(one) for name, one in networks.items()},
        "cox": {name: described(one) for name, one in cox.items()},
        "difference_to_cox_on_age_stage_grade": {
            name: paired_difference(among(one, bar), among(bar, one), BOOTSTRAP).to_json()
            for name, one in networks.items()
        },
    }
    write_json(RESULTS, result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
