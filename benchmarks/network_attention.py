"""Whether modality weights and Shapley values tell the truth: one modality is noise, or one alone informs.

From a simulated study others are derived in which the images of some modalities belong to other patients: the patients
who have a modality are shuffled, and each is dealt all the images of another. So such a modality looks as it did, and
says nothing of its patient. Their fates are drawn anew from the true factors that the other modalities show, and from
nothing else: a modality that informs does so strongly, so that it is plain what the truth is.

- **scan is noise**: only the scans are dealt. Their mean weight, and their share of the mean absolute Shapley values,
  should be below half of the mean of the others'.
- **only X informs**: the other two are dealt. X should have the largest weight and the largest share.

A derived study has the shards of the study, in the dealt ones of which another patient is written, and indexes made of
them: everything runs as for any study. Embeddings depend on a patient's own images alone, so those that were kept of
the study are passed on to the patients who have the images now; for some patients they are compared with a new
encoding of the dealt images, and have to be the same but for rounding.

Softmax fusion, whose weights are attention, from random weights and from those that each modality learned alone;
besides, stacked risks and gated fusion (their weights only describe) and the mean of risks (which has no weights).
Encoders frozen. Two recipes: ``strongly shrunk``, as in ``network_ablation``, and
``lightly shrunk``, the same with the weight decay of the preset (0.01) and its stop on select patients.
Held-out patients: each by the fold that did not see the patient, of those who have all three modalities.
Intervals by the bootstrap of patients, of the pooled folds; models stay as they are.

    python benchmarks/network_attention.py DIR --weights resnet18.pth [--seeds 1] [--patients 230]

``DIR`` holds the studies of ``network_phantom``. It goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from network_ablation import (
    ASSESSED,
    MODALITIES,
    PLAIN,
    PRETRAINED,
    STACKED,
    Choices,
    kept_embeddings,
    settings_of,
    train,
)
from network_phantom import BOOTSTRAP, RECIPES, described, key_of, make_study, pooled, roots_of, words_of
from tumorboard.cohort import read_cohort
from tumorboard.evaluation.resampling import bootstrap_interval
from tumorboard.inputs import StudyInputs
from tumorboard.phantom.patients.factors import FACTORS
from tumorboard.phantom.patients.hazard import Weibull
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.store.frame import write_footer
from tumorboard.store.index import build_index
from tumorboard.store.records import to_bytes
from tumorboard.store.shard import Shard, read_shard
from tumorboard.store.whole_file import WholeFile
from tumorboard.study.files import StudyFolder, write_json, write_parquet
from tumorboard.study.settings import StudySettings

RESULTS = Path(__file__).parent / "results" / "network_attention.json"
STUDIES: dict[str, tuple[str, ...]] = {
    "as simulated": (),
    "scan is noise": ("scan",),
    "only scan informs": ("tiles_10x", "tiles_5x"),
    "only tiles_10x informs": ("tiles_5x", "scan"),
    "only tiles_5x informs": ("tiles_10x", "scan"),
}
"""What is dealt to other patients."""

MODELS: dict[str, tuple[str, Choices]] = {
    "softmax, strongly shrunk": ("ablation-softmax", ({"fusion": "softmax"}, {})),
    "softmax, lightly shrunk": (
        "attention-softmax-lightly-shrunk",
        ({"fusion": "softmax"}, {"weight_decay": 0.01, "patience": 30, "assessed_images": 4}),
    ),
    "softmax, pretrained": ("ablation-softmax-pretrained", ({"fusion": "softmax"}, PRETRAINED)),
    "stacked risks": ("ablation-stacked-risks", ({"fusion": "stacked risks"}, STACKED)),
    "gated, strongly shrunk": ("ablation-gated", ({"fusion": "gated"}, {})),
    "mean of risks, strongly shrunk": ("ablation-mean-of-risks", ({"fusion": "mean of risks"}, {})),
}
"""Name of the run, which ``network_ablation`` may have trained, and settings beside the recipe."""

COPIED = ("study.toml", "patients.csv", "cohort.parquet", "cohort.json", "genes.parquet", "folds.parquet")
SEED = 20232
LOG_HAZARD_SD = 1.5
FATE = Weibull(scale_months=60.0, shape=1.66)
CHECKED = 3
Row = NDArray[np.float64]


def derived_study(folder: StudyFolder, name: str, seed: int) -> tuple[StudyFolder, dict[str, dict[str, str]]]:
    """Make the study in which some modalities are dealt to other patients, or take what is there.

    Returns
    -------
    folder : StudyFolder
    sources : dict of str to dict of str to str
        Of each dealt modality: whose images a patient has now.
    """
    shards = {path: read_shard(path) for path in sorted(folder.store.glob("*/*.shard"))}
    sources = {modality: _dealt(shards, modality, seed) for modality in STUDIES[name]}
    root = folder.root.with_name(f"{folder.root.name}-{name.replace(' ', '-')}")
    made = StudyFolder(root)
    if not (root / "study.toml").is_file():
        shutil.rmtree(root, ignore_errors=True)
        for path, shard in shards.items():
            target = made.store / path.relative_to(folder.store)
            target.parent.mkdir(parents=True, exist_ok=True)
            has_now = {source: patient for patient, source in sources.get(_modality(shard), {}).items()}
            _write(path, shard, target, has_now.get(shard.metadata.patient_id))
        build_index(made.store)
        for each in reversed(COPIED):
            shutil.copy(folder.root / each, root / each)
        informing = [modality for modality in MODALITIES if modality not in STUDIES[name]]
        write_parquet(made.cohort, with_fates(read_cohort(folder), folder, informing, seed))
    return made, sources


def with_fates(patients: pd.DataFrame, folder: StudyFolder, informing: Sequence[str], seed: int) -> pd.DataFrame:
    """Return a cohort whose patients die as the true factors of some modalities have it.

    The log-hazard is the phantom's, of these factors alone, brought to a standard deviation of `LOG_HAZARD_SD`;
    patients are censored when they were.
    """
    truth = pd.read_csv(folder.root / "truth" / "factors.csv").set_index("patient_id").loc[patients["patient_id"]]
    log_hazard = sum(own.log_hazard * truth[f"{own.name}_z"] for own in FACTORS if own.modality in informing)
    log_hazard = (log_hazard - log_hazard.mean()) / log_hazard.std() * LOG_HAZARD_SD
    alive = np.random.default_rng([SEED, seed, len(MODALITIES)]).uniform(size=len(patients))
    dies = FATE.times(alive, log_hazard.to_numpy(float))
    censored = truth["censoring_months"].to_numpy(float)
    return patients.assign(time_months=np.minimum(dies, censored), event=(dies <= censored).astype(float))


def _modality(shard: Shard) -> str:
    found = set(shard.records["modality"].to_pylist())
    if len(found) != 1:
        raise SystemExit("a shard holds several modalities: they cannot be dealt one by one")
    return str(found.pop())


def _dealt(shards: dict[Path, Shard], modality: str, seed: int) -> dict[str, str]:
    patients = sorted({shard.metadata.patient_id for shard in shards.values() if _modality(shard) == modality})
    numbers = np.random.default_rng([SEED, seed, MODALITIES.index(modality)])
    return dict(zip(patients, numbers.permutation(patients).tolist(), strict=True))


def _write(source: Path, shard: Shard, target: Path, patient: str | None) -> None:
    if patient is None:
        os.link(source, target)
        return
    begins = shard.footer.begins
    metadata = replace(shard.metadata, patient_id=patient)
    with WholeFile(target) as file:
        file.stream.write(source.read_bytes()[:begins])
        write_footer(file.stream, begins, to_bytes(shard.records), metadata.to_json())


def pass_on(
    folder: StudyFolder, made: StudyFolder, sources: dict[str, dict[str, str]], run: Path, settings: StudySettings
) -> None:
    """Pass on the embeddings that were kept of a study to a derived one, and check some of them.

    Parameters
    ----------
    folder, made : StudyFolder
        The study and the derived one.
    sources : dict of str to dict of str to str
        As `derived_study` returns them.
    run : Path
        A run of the study, whose encoders these are.
    settings : StudySettings
        Of the run.
    """
    fold = run / "repeat-0-fold-0"
    _, before, _ = kept_embeddings(StudyInputs.open(folder, settings), fold)
    reader, kept, network = kept_embeddings(StudyInputs.open(made, settings), fold)
    passed_on = 0
    for modality, own in kept.items():
        pictures = reader.study.pictures(modality)
        assert pictures is not None
        for patient in pictures.patients:
            embeddings = before[modality].get(sources.get(modality, {}).get(patient, patient))
            if own.get(patient) is None and embeddings is not None:
                own.add(patient, embeddings)
                passed_on += 1
    pictures = reader.study.pictures(next(iter(sources)))
    assert pictures is not None
    for patient in pictures.patients[: CHECKED if passed_on else 0]:
        passed = encode_patient(network, reader, patient, ImageChoice(), kept=kept)
        anew = encode_patient(network, reader, patient, ImageChoice())
        for modality, embeddings in anew.items():
            torch.testing.assert_close(passed[modality], embeddings, rtol=1e-4, atol=1e-4)
    for own in kept.values():
        own.save()


def measured(table: pd.DataFrame, asked: str, column: str) -> dict[str, Any]:
    """Describe weights or Shapley values of held-out patients.

    Parameters
    ----------
    table : DataFrame
        Predictions of patients who have all modalities.
    asked : str
        The modality in question.
    column : {"weight", "shapley"}

    Returns
    -------
    dict
        ``mean`` of each modality, as shares that sum to 1; ``to_mean_of_others``: the asked one's over the mean of the
        others'; ``lead``: the asked one's less the largest other's; both with 95 % intervals and by fold.
    """
    place = MODALITIES.index(asked)
    values = table[[f"{column}_{name}" for name in MODALITIES]].abs().to_numpy(float)
    folds = [values[(table["fold"] == fold).to_numpy()] for fold in sorted(table["fold"].unique())]
    drawn = [_shares(values[rows]) for rows in BOOTSTRAP.draws(len(values))]

    def figures(question: Callable[[Row, int], float]) -> dict[str, Any]:
        value = question(_shares(values), place)
        if not np.isfinite(value):
            return {"value": None, "interval": None, "reason": "the others have nothing"}
        interval = bootstrap_interval(value, np.array([question(shares, place) for shares in drawn]))
        found = [question(_shares(own), place) for own in folds]
        by_fold = [round(each, 4) if np.isfinite(each) else None for each in found]
        rounded = [round(each, 4) for each in interval] if interval else None
        return {"value": round(value, 4), "interval": rounded, "by_fold": by_fold}

    return {
        "mean": dict(zip(MODALITIES, _shares(values).round(4).tolist(), strict=True)),
        "to_mean_of_others": figures(_to_others),
        "lead": figures(_lead),
    }


def _shares(values: Row) -> Row:
    means: Row = values.mean(axis=0)
    shares: Row = means / means.sum()
    return shares


def _to_others(shares: Row, place: int) -> float:
    others = float(np.delete(shares, place).mean())
    return float(shares[place]) / others if others else np.inf


def _lead(shares: Row, place: int) -> float:
    return float(shares[place] - np.delete(shares, place).max())


def says(name: str, found: dict[str, Any]) -> bool | None:
    """Whether the figures say what is true of the study; None where nothing is known to be noise."""
    if name == "as simulated":
        return None
    if name.endswith("noise"):
        return bool(found["to_mean_of_others"]["value"] < 0.5)
    return bool(found["lead"]["value"] > 0)


def described_run(name: str, runs: dict[int, Path]) -> dict[str, Any]:
    """Describe a model of a study over all seeds of the phantom."""
    tables = {seed: pd.read_parquet(run / "predictions.parquet") for seed, run in runs.items()}
    table = pd.concat([own.assign(fold=[f"{seed}-{fold}" for fold in own["fold"]]) for seed, own in tables.items()])
    table = table[table["modalities"] == "+".join(MODALITIES)]
    asked = next((modality for modality in MODALITIES if modality in name.split()), "scan")
    columns = ["shapley"] if table[f"weight_{asked}"].isna().any() else ["weight", "shapley"]
    found = {column: measured(table, asked, column) for column in columns}
    return {
        "asked": asked,
        "patients": len(table),
        **{column: each | {"says_what_is_true": says(name, each)} for column, each in found.items()},
        "c_index": described(pooled({seed: pd.read_csv(run / "risks.csv") for seed, run in runs.items()}, "model")),
    }


def main() -> None:
    """Train what is not trained yet, and write the figures after each model."""
    words = words_of(__doc__, [1])
    words.add_argument("--studies", nargs="+", choices=[*STUDIES], default=[*STUDIES])
    words.add_argument("--models", nargs="+", choices=[*MODELS], default=[*MODELS])
    given = words.parse_args()
    weights = given.weights.resolve()
    studies = {seed: make_study(root, seed, given.patients) for seed, root in roots_of(given).items()}
    for model in given.models:
        run, choices = MODELS[model]
        for name in given.studies:
            runs = {}
            for seed, folder in studies.items():
                runs[seed] = own = train(folder, run, choices, weights, 2022 + seed)
                if STUDIES[name]:
                    made, sources = derived_study(folder, name, seed)
                    pass_on(folder, made, sources, own, settings_of(folder, choices, weights, 2022 + seed))
                    runs[seed] = train(made, run, choices, weights, 2022 + seed)
            found = described_run(name, runs)
            result = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
            figures = result.setdefault(
                key_of(given),
                {"settings": {"recipe": RECIPES["frozen"], "width": 32, "plain": PLAIN | ASSESSED}, "models": {}},
            )
            figures["models"].setdefault(model, {"settings": choices, "studies": {}})["studies"][name] = found
            write_json(RESULTS, result)
            means = {column: found[column]["mean"] for column in ("weight", "shapley") if column in found}
            print(f"{model}, {name}: {means}", flush=True)


if __name__ == "__main__":
    main()
