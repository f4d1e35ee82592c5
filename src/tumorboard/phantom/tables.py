"""Simulated patients as tables: clinical columns, outcomes and genes, no images.

One latent severity stands behind stage, grade, size, necrosis and the hazard of dying of the disease; genes have the
frequencies of TCGA-KIRC and carry almost nothing. Every draw comes from the seed; no real patient is behind any row.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.study.files import write_text, write_whole

if TYPE_CHECKING:
    import pandas as pd

MUTATION_FREQUENCY = {
    "VHL": 0.47, "PBRM1": 0.40, "TTN": 0.20, "SETD2": 0.14, "BAP1": 0.11, "MUC16": 0.09, "MTOR": 0.08, "DST": 0.06,
    "KDM5C": 0.055, "PTEN": 0.04, "TP53": 0.03, "ARID1A": 0.03,
}  # fmt: skip
ARM_FREQUENCY = {
    "3p": (0.82, "Loss"), "5q": (0.46, "Gain"), "14q": (0.33, "Loss"), "7q": (0.25, "Gain"), "7p": (0.25, "Gain"),
    "5p": (0.24, "Gain"), "8p": (0.22, "Loss"), "6q": (0.20, "Loss"), "9q": (0.19, "Loss"), "9p": (0.19, "Loss"),
    "12p": (0.15, "Gain"), "1p": (0.10, "Loss"),
}  # fmt: skip
"""Frequencies in TCGA-KIRC (cBioPortal kirc_tcga_pan_can_atlas_2018)."""

SITES = ("A", "B", "C", "D", "E", "F", "G", "H", "I", "J")

_SHARE_SEQUENCED, _SHARE_COPY_NUMBER = 0.75, 0.95
_SHARE_NX = 0.5
_FOLLOW_UP_MONTHS = (6.0, 110.0)


@dataclass(frozen=True, eq=False)
class SimulatedPatients:
    """Simulated patients.

    Parameters
    ----------
    patients : DataFrame
        The columns of ``patients.csv``.
    mutations : DataFrame
        The columns of a MAF.
    copy_number : DataFrame
        An arm-level table: one column a patient.
    """

    patients: pd.DataFrame
    mutations: pd.DataFrame
    copy_number: pd.DataFrame

    def write(self, folder: Path) -> None:
        """Write ``patients.csv``, ``mutations.maf`` and ``copy_number.tsv``."""
        write_text(folder / "patients.csv", self.patients.to_csv(index=False))
        for name, frame in (("mutations.maf", self.mutations), ("copy_number.tsv", self.copy_number)):
            write_whole(folder / name, lambda path, frame=frame: frame.to_csv(path, sep="\t", index=False))  # type: ignore[misc]


def simulate_patients(count: int, seed: int) -> SimulatedPatients:
    """Simulate patients.

    Parameters
    ----------
    count : int
        How many.
    seed : int
        Seed of every draw.

    Returns
    -------
    SimulatedPatients
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    severity = rng.normal(size=count)
    names = [f"SIM-{number:04d}" for number in range(1, count + 1)]
    clinical = _clinical(rng, severity)
    sequenced, measured = rng.random(count) < _SHARE_SEQUENCED, rng.random(count) < _SHARE_COPY_NUMBER
    profiled = pd.DataFrame({"mutations_profiled": sequenced.astype(int), "copy_number_profiled": measured.astype(int)})
    outcome = _outcome(rng, severity, clinical)
    patients = pd.concat([pd.DataFrame({"patient_id": names}), clinical, outcome, profiled], axis=1)
    return SimulatedPatients(patients, _maf(rng, names, sequenced), _arms(rng, names, measured))


def _clinical(rng: np.random.Generator, severity: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    count = len(severity)

    def noisy(weight: float) -> np.ndarray:
        signal: np.ndarray = weight * severity + np.sqrt(1 - weight**2) * rng.normal(size=count)
        return signal

    stage_signal, grade_signal = noisy(0.8), noisy(0.7)
    t = np.asarray(["1a", "1b", "2", "3a", "3b", "4"])[np.searchsorted([-0.6, 0.05, 0.35, 1.0, 2.0], stage_signal)]
    low, high = {"1a": (1, 4), "1b": (4.1, 7), "2": (7.1, 13)}, (3.5, 14)
    size = np.asarray([rng.uniform(*low.get(stage, high)) for stage in t]).round(1)
    nodes = np.where(noisy(0.5) > 2.0, "1", np.where(rng.random(count) < _SHARE_NX, "x", "0"))
    necrosis = (noisy(0.5) > 0.6).astype(int)
    return pd.DataFrame(
        {
            "site": rng.choice(SITES, count),
            "age_years": np.clip(rng.normal(60.5, 12, count), 26, 90).round().astype(int),
            "sex": np.where(rng.random(count) < 0.65, "male", "female"),
            "t": t,
            "n": nodes,
            "m": np.where(noisy(0.75) > 1.15, "1", "0"),
            "tnm_edition": 7,
            "grade": np.searchsorted([-1.9, 0.0, 1.15], grade_signal) + 1,
            "grade_system": "Fuhrman",
            "size_cm": size,
            "necrosis": necrosis,
            "ecog": np.where(rng.random(count) < 0.3, np.where(noisy(0.3) > 0.9, "1", "0"), ""),
            "histology": "clear cell",
        }
    )


def _outcome(rng: np.random.Generator, severity: np.ndarray, clinical: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    count = len(severity)
    metastatic, old = (clinical["m"] == "1").to_numpy(), (clinical["age_years"].to_numpy() - 60) / 10
    hazard = np.exp(-6.3 + 1.0 * severity + 1.4 * metastatic + 0.15 * old)
    disease = (rng.exponential(size=count) / hazard) ** (1 / 1.05)
    other = rng.exponential(size=count) / np.exp(-7.0 + 0.6 * old)
    censoring = rng.uniform(*_FOLLOW_UP_MONTHS, count)
    time = np.minimum(np.minimum(disease, other), censoring)
    died_of_it, died = disease <= np.minimum(other, censoring), np.minimum(disease, other) <= censoring
    months = np.maximum(time, 0.1).round(2)
    return pd.DataFrame(
        {
            "dss_time_months": months,
            "dss_event": died_of_it.astype(int),
            "os_time_months": months,
            "os_event": died.astype(int),
        }
    )


def _maf(rng: np.random.Generator, names: list[str], sequenced: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (gene, "Missense_Mutation", name)
        for name, has in zip(names, sequenced, strict=True)
        for gene, drawn in zip(MUTATION_FREQUENCY, rng.random(len(MUTATION_FREQUENCY)), strict=True)
        if has and drawn < MUTATION_FREQUENCY[gene]
    ]
    return pd.DataFrame(rows, columns=["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode"])


def _arms(rng: np.random.Generator, names: list[str], measured: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    table: dict[str, list[str]] = {"NAME": list(ARM_FREQUENCY)}
    for name, has in zip(names, measured, strict=True):
        drawn = rng.random(len(ARM_FREQUENCY))
        if has:
            table[name] = [
                call if value < share else "Unchanged"
                for value, (share, call) in zip(drawn, ARM_FREQUENCY.values(), strict=True)
            ]
    return pd.DataFrame(table)
