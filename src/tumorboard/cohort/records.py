"""What every source of patients is turned into: one table of patients, and notes on what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.clinical.columns import CLINICAL_COLUMNS, PATIENT_ID
from tumorboard.cohort.endpoints import OUTCOME_COLUMNS
from tumorboard.genomics import GeneTable
from tumorboard.study.tables import Column

if TYPE_CHECKING:
    import pandas as pd

RECORD_COLUMNS: tuple[Column, ...] = (PATIENT_ID, Column("site"), *CLINICAL_COLUMNS, *OUTCOME_COLUMNS)
"""Columns of a table of patients, from whatever source."""


@dataclass(frozen=True)
class Finding:
    """Something a reader of the cohort should know.

    Parameters
    ----------
    kind : str
        ``impossible`` (treated as missing), ``contradiction`` (kept), ``conflict`` (two sources disagree), ``left out``
        or ``incomplete``.
    column : str
        The column concerned.
    patients : int
        How many patients it concerns.
    text : str
        What was found and what was done.
    """

    kind: str
    column: str
    patients: int
    text: str

    def to_json(self) -> dict[str, object]:
        """Return the finding as plain JSON types."""
        return {"kind": self.kind, "column": self.column, "patients": self.patients, "text": self.text}


@dataclass(frozen=True, eq=False)
class PatientRecords:
    """Patients from one source.

    Parameters
    ----------
    patients : DataFrame
        One row a patient: the columns of ``RECORD_COLUMNS``, ``has_clinical`` (a record in the archive's clinical table
        and not only in a supplement; in a user's table at least one clinical column filled), ``proxies`` (inputs
        that stand for another quantity, separated by semicolons), and for user tables ``has_slide``, ``has_ct``,
        ``has_mr``, ``has_scan`` (features of a scan).
    genes : GeneTable
        Their genes.
    findings : list of Finding
        What was found on the way.
    inputs : list of Path
        The files that were read.
    """

    patients: pd.DataFrame
    genes: GeneTable
    findings: list[Finding] = field(default_factory=list)
    inputs: list[Path] = field(default_factory=list)
