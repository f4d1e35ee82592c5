"""What each part of the network and of its training is worth, on the same folds of the same simulated patients.

All images (tiles of both magnifications and scans), encoded once by frozen ImageNet encoders: these saw no patient at
all, so nothing of a fold's test patients can be in the embeddings; they are standardised on each fold's fit patients.
Every model has the recipe ``frozen`` of ``network_phantom``, a width of 32 and no dense layer, but for what its name
says:

- the six fusions, plain (200 epochs together); pretrained (200 epochs of each modality alone, then 10 together, as in
  that recipe); with modality dropout of 0.3;
- stacked risks, 200 epochs of each modality alone, then weighed;
- gated fusion in batches of 32 instead of one batch of all patients, whose risk sets are full: with and without a
  memory of the risks of the last 8 steps, for as many epochs and for as many steps.

Reported: the C-index out of fold with its bootstrap interval, of all images, and when 30 % of test patients' modalities
are missing, a patient's last one never, over 20 draws of who misses what. Differences are paired over patients, and
corrected by Holm's method within each question.

    python benchmarks/network_ablation.py DIR --weights resnet18.pth [--seeds 1] [--only gated softmax]

``DIR`` holds the studies of ``network_phantom``. It goes on where it was stopped.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from network_phantom import BOOTSTRAP, RECIPES, described, holm, key_of, make_study, pooled, roots_of, words_of
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.discrimination import harrell_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.inputs import StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.inputs.kept_embeddings import KeptEmbeddings
from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.saving import load_model
from tumorboard.pipeline.training import RunPlan, train_study
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.study.files import StudyFolder, write_json, write_parquet
from tumorboard.study.settings import StudySettings, load_settings

RESULTS = Path(__file__).parent / "results" / "network_ablation.json"
MODALITIES = ("tiles_10x", "tiles_5x", "scan")
FUSIONS = ("gated", "softmax", "concat", "mean of risks", "tensor", "cross-attention")
PLAIN = {"epochs": 200, "alone_epochs": 0}
PRETRAINED = {"epochs": 10, "alone_epochs": 200}
DROPPED = {"modality_dropout": 0.3}
BATCH = {"batch": 32}
MEMORY = {**BATCH, "risk_memory": 8}
STACKED = {"epochs": 1, "alone_epochs": 200}
AS_MANY_STEPS = {"epochs": 40}
"""Of five batches each, as the 200 epochs of one batch."""
ASSESSED = {"assessed_images": 1}
"""Without patience nothing hangs on select patients, and a test patient's risk is over all of its images anyway."""

Choices = tuple[dict[str, Any], dict[str, Any]]
MODELS: dict[str, Choices] = {
    **{fusion: ({"fusion": fusion}, {}) for fusion in FUSIONS},
    "stacked risks": ({"fusion": "stacked risks"}, STACKED),
    "gated, pretrained": ({"fusion": "gated"}, PRETRAINED),
    "gated, modality dropout": ({"fusion": "gated", **DROPPED}, {}),
    "gated, batch 32, as many steps": ({"fusion": "gated"}, BATCH | AS_MANY_STEPS),
    "gated, batch 32 with memory, as many steps": ({"fusion": "gated"}, MEMORY | AS_MANY_STEPS),
    "gated, batch 32": ({"fusion": "gated"}, BATCH),
    "gated, batch 32 with memory": ({"fusion": "gated"}, MEMORY),
    **{f"{fusion}, modality dropout": ({"fusion": fusion, **DROPPED}, {}) for fusion in FUSIONS[1:]},
    **{f"{fusion}, pretrained": ({"fusion": fusion}, PRETRAINED) for fusion in FUSIONS[1:]},
}
MISSING = 0.3
DRAWS = 20
SEED = 20231


def train(folder: StudyFolder, run: str, choices: Choices, weights: Path, fit_seed: int) -> Path:
    """Train a model of all images over all folds, or go on; return the run's folder.

    Parameters
    ----------
    folder : StudyFolder
    run : str
        Its name.
    choices : tuple of dict
        Settings of the network and of training that differ from the recipe's.
    weights : Path
        The encoders'.
    fit_seed : int
    """
    settings = settings_of(folder, choices, weights, fit_seed)
    path = folder.root / "runs" / run
    if not (path / "risks.csv").is_file():
        started = time.monotonic()
        train_study(folder, settings, RunPlan(run))
        write_json(path / "seconds.json", {"seconds": round(time.monotonic() - started, 1)})
    return path


def settings_of(folder: StudyFolder, choices: Choices, weights: Path, fit_seed: int) -> StudySettings:
    """Return the study's settings with the recipe's and those of a model."""
    settings, recipe = load_settings(folder), RECIPES["frozen"]
    network = {**recipe["network"], "width": 32, "modalities": MODALITIES, "weights": str(weights), **choices[0]}
    training = {**recipe["training"], **PLAIN, **ASSESSED, "seed": fit_seed, **choices[1]}
    return settings.model_copy(
        update={
            "network": settings.network.model_copy(update=network),
            "training": settings.training.model_copy(update=training),
        }
    )


def kept_embeddings(inputs: StudyInputs, fold: Path) -> tuple[FoldInputs, dict[str, KeptEmbeddings], Any]:
    """Return what a fold reads, the embeddings kept of its encoders, and its network."""
    saved = load_model(fold)
    reader = FoldInputs.from_config(inputs, saved.further)
    encoders = {name: saved.network.encoder(name) for name in saved.network.modalities}
    folder = inputs.folder.cache / "embeddings"
    kept = {
        name: KeptEmbeddings(folder, name, encoder, reader)
        for name, encoder in encoders.items()
        if isinstance(encoder, PictureEncoder)
    }
    return reader, kept, saved.network


def risks_of_subsets(folder: StudyFolder, run: Path, settings: StudySettings) -> pd.DataFrame:
    """Return each test patient's risk from each set of its modalities, by the fold that did not see the patient.

    Returns
    -------
    DataFrame
        One row a patient and set: ``patient_id``, ``fold``, ``modalities`` (joined by +), ``risk``.
    """
    path = run / "subsets.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    inputs = StudyInputs.open(folder, settings)
    tested = pd.read_csv(run / "risks.csv")
    rows = []
    for fold, own in tested.groupby("fold"):
        reader, kept, network = kept_embeddings(inputs, run / f"repeat-0-fold-{fold}")
        for patient in own["patient_id"]:
            embeddings = encode_patient(network, reader, patient, ImageChoice(), kept=kept)
            for names in _sets(tuple(embeddings)):
                risk = risk_over_combinations(network, {name: embeddings[name] for name in names}).mean
                rows.append({"patient_id": patient, "fold": fold, "modalities": "+".join(names), "risk": risk})
    table = pd.DataFrame(rows)
    write_parquet(path, table)
    return table


def _sets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [some for size in range(1, len(names) + 1) for some in itertools.combinations(names, size)]


def with_missing(risks: pd.DataFrame, subsets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the risks when modalities of test patients are missing, each with the same probability, never the last.

    Where all would be missing one stays, each with the same probability. The draw depends on the seed alone, so all
    models miss the same.
    """
    numbers = np.random.default_rng(seed)
    patients = sorted(subsets["patient_id"].unique())
    draws = {patient: dict(zip(MODALITIES, numbers.random(len(MODALITIES)), strict=True)) for patient in patients}
    of_set = subsets.set_index(["patient_id", "modalities"])["risk"]
    has = subsets.groupby("patient_id")["modalities"].agg(lambda sets: max(sets, key=lambda own: own.count("+")))
    found = []
    for patient in risks["patient_id"]:
        own = has[patient].split("+")
        stay = [name for name in own if draws[patient][name] >= MISSING]
        stay = stay or [max(own, key=draws[patient].__getitem__)]
        found.append(of_set[patient, "+".join(stay)])
    return risks.assign(risk=found)


class Tables:
    """What all models say that were asked for, on all seeds of the phantom."""

    def __init__(self, studies: dict[int, StudyFolder]) -> None:
        self._studies = studies
        self.complete: dict[str, Predictions] = {}
        self.missing: dict[str, Predictions] = {}
        self.rows: dict[str, dict[str, Any]] = {}

    def add(self, model: str, weights: Path) -> None:
        """Train a model where it is not trained, and describe it."""
        seconds = 0.0
        risks, subsets = {}, {}
        name = f"ablation-{model.replace(',', '').replace(' ', '-')}"
        for seed, folder in self._studies.items():
            run = train(folder, name, MODELS[model], weights, 2022 + seed)
            risks[seed] = pd.read_csv(run / "risks.csv")
            subsets[seed] = risks_of_subsets(folder, run, settings_of(folder, MODELS[model], weights, 2022 + seed))
            seconds += json.loads((run / "seconds.json").read_text())["seconds"]
        drawn = [
            pooled({seed: with_missing(own, subsets[seed], SEED + draw) for seed, own in risks.items()}, model)
            for draw in range(DRAWS)
        ]
        # as repeats, whose pairs are pooled while patients are drawn once for all of them
        together = pd.concat([each.frame.assign(repeat=draw) for draw, each in enumerate(drawn)], ignore_index=True)
        self.complete[model] = pooled(risks, model)
        self.missing[model] = Predictions(model, together)
        self.rows[model] = {
            "network": MODELS[model][0],
            "training": MODELS[model][1],
            "complete": described(self.complete[model]),
            "with 30 % missing": harrell_estimate(self.missing[model], BOOTSTRAP).to_json(),
            "seconds": round(seconds, 1),
        }

    def questions(self) -> dict[str, list[dict[str, Any]]]:
        """Answer each question by paired differences, corrected within it."""
        others = FUSIONS[1:]
        short = "gated, batch 32, as many steps"
        memory = "gated, batch 32 with memory"
        pairs = {
            "fusion against gated": [(other, "gated") for other in others],
            "pretraining": [(f"{name}, pretrained", name) for name in FUSIONS],
            "modality dropout": [(f"{name}, modality dropout", name) for name in FUSIONS],
            "memory of recent risks": [(f"{memory}, as many steps", short), (memory, "gated, batch 32")],
            "full risk set against batches": [("gated", short), ("gated", "gated, batch 32")],
        }
        answers = {question: self._compared(own, self.complete) for question, own in pairs.items()}
        late = "modality dropout, with 30 % missing"
        answers[late] = self._compared(pairs["modality dropout"], self.missing)
        answers["fusion against gated, with 30 % missing"] = self._compared(pairs["fusion against gated"], self.missing)
        return {question: rows for question, rows in answers.items() if rows}

    def _compared(self, pairs: list[tuple[str, str]], models: dict[str, Predictions]) -> list[dict[str, Any]]:
        found = {
            f"{first} - {second}": paired_difference(models[first], models[second], BOOTSTRAP).to_json()
            for first, second in pairs
            if first in models and second in models
        }
        corrected = holm({name: each["p"] for name, each in found.items()})  # type: ignore[misc]
        return [{"pair": name, **each, "p_holm": corrected[name]} for name, each in found.items()]


def main() -> None:
    """Train what is not trained yet, and write the table after each model."""
    words = words_of(__doc__, [1])
    words.add_argument("--only", nargs="+", choices=[*MODELS], default=[*MODELS])
    given = words.parse_args()
    tables = Tables({seed: make_study(root, seed, given.patients) for seed, root in roots_of(given).items()})
    before = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    earlier = before.get(key_of(given), {"models": {}, "comparisons": {}})  # of models that are not asked for now
    for model in given.only:
        tables.add(model, given.weights.resolve())
        row = tables.rows[model]
        values = row["complete"]["pooled"]["value"], row["with 30 % missing"]["value"]
        print(f"{model}: C {values[0]:.3f}, with 30 % missing {values[1]:.3f}, {row['seconds']} s", flush=True)
        result = {
            "patients": given.patients,
            "seeds": given.seeds,
            "settings": {"recipe": RECIPES["frozen"], "width": 32, "plain": PLAIN | ASSESSED},
            "encoders": "frozen, ImageNet: they saw no patient",
            "draws_of_missing": DRAWS,
            "models": earlier["models"] | tables.rows,
            "comparisons": earlier["comparisons"] | tables.questions(),
            "correction": "Holm within each question",
        }
        write_json(RESULTS, before | {key_of(given): result})


if __name__ == "__main__":
    main()
