"""Patients' clinical factors as numbers.

Coding, stated wherever these models are reported: T as 1 to 4, grade as 1 to 4, NX as N0, MX as M0, stage I to IV as 1
to 4 (AJCC 8, with that reading of NX and MX). What is missing stays missing here; a fold's scaler fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.clinical import ScoreSettings, scores_frame
from tumorboard.genomics import GeneTable

if TYPE_CHECKING:
    import pandas as pd

CODING = "T and grade as 1 to 4, NX as N0, MX as M0, stage (AJCC 8) as 1 to 4"

CLINICAL_CORE = ("age", "stage", "grade")
"""The clinical model: age, stage and grade."""

CLINICAL_ALL = ("age", "male", "t", "n", "m", "stage", "grade", "size", "necrosis", "ecog")
"""All clinical factors, for models that choose among them."""

LABELS = {
    "age": "age (per decade)", "male": "male sex", "t": "T (per step)", "n": "N+", "m": "M1",
    "stage": "stage (per step)",
    "grade": "grade (per step)", "size": "size (per cm)", "necrosis": "necrosis", "ecog": "ECOG (per step)",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PatientFeatures:
    """What the models may look at.

    Parameters
    ----------
    patients : DataFrame
        The cohort's patients with a known endpoint, by ``patient_id``: ``time_months``, ``event``, ``competing``, site.
    clinical : DataFrame
        Numbers by the same index, missing as NaN: the columns of ``LABELS``.
    scores : DataFrame
        Per clinical score ``<name>_min`` and ``<name>_max`` by the same index.
    genes : GeneTable
        All patients' genes; a fold's panel is chosen on its fit patients.
    """

    patients: pd.DataFrame
    clinical: pd.DataFrame
    scores: pd.DataFrame
    genes: GeneTable


def build_features(cohort: pd.DataFrame, genes: GeneTable, settings: ScoreSettings) -> PatientFeatures:
    """Turn a cohort into features.

    Parameters
    ----------
    cohort : DataFrame
        The rows of ``cohort.parquet``; those without the endpoint are left out.
    genes : GeneTable
        The patients' genes.
    settings : ScoreSettings
        How the clinical scores read NX, MX and pT4.
    """
    import pandas as pd

    known = cohort[cohort["time_months"].notna()].sort_values("patient_id").reset_index(drop=True)
    scores = scores_frame(known, settings)
    scores.index = pd.Index(known["patient_id"])
    return PatientFeatures(known.set_index("patient_id", drop=False), clinical_numbers(known), scores, genes)


def clinical_numbers(patients: pd.DataFrame) -> pd.DataFrame:
    """Turn clinical columns into numbers.

    Parameters
    ----------
    patients : DataFrame
        ``patient_id`` and the clinical columns, one row a patient.

    Returns
    -------
    DataFrame
        The columns of ``LABELS`` by ``patient_id``, missing as NaN.
    """
    import pandas as pd

    known = patients.reset_index(drop=True)
    absent_if_unassessed = scores_frame(known, ScoreSettings(nx_as_n0=True, mx_as_m0=True))
    stage_low, stage_high = absent_if_unassessed["stage_min"], absent_if_unassessed["stage_max"]
    clinical = pd.DataFrame(
        {
            "age": known["age_years"] / 10,
            "male": _flag(known["sex"], {"male": 1.0, "female": 0.0}),
            "t": pd.to_numeric(known["t"].str[:1]).astype(float),
            "n": _flag(known["n"], {"0": 0.0, "x": 0.0, "1": 1.0, "2": 1.0}),
            "m": _flag(known["m"], {"0": 0.0, "x": 0.0, "1": 1.0}),
            "stage": stage_low.where(stage_low == stage_high).astype(float),
            "grade": pd.to_numeric(known["grade"]).astype(float),
            "size": known["size_cm"].astype(float),
            "necrosis": known["necrosis"].astype(float),
            "ecog": known["ecog"].astype(float),
        }
    )
    clinical.index = pd.Index(known["patient_id"])
    return clinical


def _flag(column: pd.Series, numbers: dict[str, float]) -> pd.Series[float]:
    return column.map(numbers).astype(float)
