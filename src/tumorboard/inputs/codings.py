"""Genes and clinical values as numbers: learned on a fold's fit patients, stored with its model.

What is not known stays NaN: the network sees beside each value whether it is known, so that a gene that was not looked
at is not a wild type, and NX is not N0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.genomics import GenePanel, GeneTable

if TYPE_CHECKING:
    import pandas as pd

Vectors = NDArray[np.float32]

_T = {name: float(name[0]) for name in ("1", "1a", "1b", "2", "2a", "2b", "3", "3a", "3b", "3c", "4")}

CLINICAL_NUMBERS = ("age", "male", "t", "n", "m", "grade", "size", "necrosis", "ecog")
"""Age in years, sex, T and grade as 1 to 4, N+ and M1 as 0 or 1, size in cm, necrosis 0 or 1, ECOG."""


@dataclass(frozen=True)
class GeneCoding:
    """A fold's gene panel.

    Parameters
    ----------
    panel : GenePanel
        Chosen on the fold's fit patients.
    """

    panel: GenePanel

    @classmethod
    def fit(cls, genes: GeneTable, fit_patients: Sequence[str], *, mutations: int, copy_number: int) -> Self:
        """Choose the most frequent alterations of the fit patients, so many of each; see `GenePanel.fit`."""
        return cls(GenePanel.fit(genes, fit_patients, mutations=mutations, copy_number=copy_number))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the values: ``mutation VHL``, ``copy number 3p loss``."""
        return (
            *(f"mutation {name}" for name in self.panel.mutations),
            *(f"copy number {name}" for name in self.panel.copy_number),
        )

    def vectors(self, genes: GeneTable, patients: Sequence[str]) -> Vectors:
        """Return patients' genes.

        Parameters
        ----------
        genes : GeneTable
            Of these patients, among others.
        patients : sequence of str, length n

        Returns
        -------
        ndarray of float32, shape (n, names)
            1 altered, 0 wild type, NaN not profiled or not called.
        """
        return self.panel.transform(genes, patients).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"mutations": list(self.panel.mutations), "copy_number": list(self.panel.copy_number)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Take up what ``to_json`` returned.

        Raises
        ------
        FileFormatError
            It is something else.
        """
        try:
            return cls(GenePanel(tuple(map(str, content["mutations"])), tuple(map(str, content["copy_number"]))))
        except (KeyError, TypeError) as error:
            raise FileFormatError(f"no coding of genes: {error}", fix="Train again") from error


@dataclass(frozen=True)
class ClinicalCoding:
    """Clinical values, standardised.

    Parameters
    ----------
    names : tuple of str
        Of `CLINICAL_NUMBERS` those that are known and vary among the fit patients.
    mean, sd : tuple of float
        Of the fit patients in whom they are known.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]

    @classmethod
    def fit(cls, patients: pd.DataFrame) -> Self:
        """Learn mean and standard deviation.

        Parameters
        ----------
        patients : DataFrame
            Rows of the cohort: the fit patients and no others.
        """
        found = []
        for name, values in clinical_numbers(patients).items():
            known = values[~np.isnan(values)]
            if len(known) and np.ptp(known) > 0:
                found.append((name, float(known.mean()), float(known.std())))
        names, mean, sd = zip(*found, strict=True) if found else ((), (), ())
        return cls(tuple(names), tuple(mean), tuple(sd))

    def vectors(self, patients: pd.DataFrame) -> Vectors:
        """Return patients' values.

        Parameters
        ----------
        patients : DataFrame
            n rows of the cohort, or of a table with its clinical columns.

        Returns
        -------
        ndarray of float32, shape (n, names)
            NaN where unknown.
        """
        numbers = clinical_numbers(patients)
        columns = [(numbers[name] - mean) / sd for name, mean, sd in zip(self.names, self.mean, self.sd, strict=True)]
        return np.stack(columns, axis=1).astype(np.float32) if columns else np.empty((len(patients), 0), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {"names": list(self.names), "mean": list(self.mean), "sd": list(self.sd)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Take up what ``to_json`` returned.

        Raises
        ------
        FileFormatError
            It is something else.
        """
        try:
            names = tuple(map(str, content["names"]))
            mean, sd = (tuple(map(float, content[key])) for key in ("mean", "sd"))
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(f"no coding of clinical values: {error}", fix="Train again") from error
        if not len(names) == len(mean) == len(sd) or not set(names) <= set(CLINICAL_NUMBERS) or not all(sd):
            raise FileFormatError("no coding of clinical values: its parts do not fit", fix="Train again")
        return cls(names, mean, sd)


def clinical_numbers(patients: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Turn clinical columns into numbers.

    Parameters
    ----------
    patients : DataFrame
        With columns as ``patients.csv`` has them; those that are not there are unknown.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By the names of `CLINICAL_NUMBERS`; NaN where unknown, NX and MX too.
    """
    return {
        "age": _number(patients, "age_years"),
        "male": _coded(patients, "sex", {"male": 1.0, "female": 0.0}),
        "t": _coded(patients, "t", _T),
        "n": _coded(patients, "n", {"0": 0.0, "1": 1.0, "2": 1.0}),
        "m": _coded(patients, "m", {"0": 0.0, "1": 1.0}),
        "grade": _number(patients, "grade"),
        "size": _number(patients, "size_cm"),
        "necrosis": _number(patients, "necrosis"),
        "ecog": _number(patients, "ecog"),
    }  # fmt: skip


def _number(patients: pd.DataFrame, column: str) -> NDArray[np.float64]:
    import pandas as pd

    if column not in patients:
        return np.full(len(patients), np.nan)
    return np.array(pd.to_numeric(patients[column], errors="coerce").astype("Float64").to_numpy(float, na_value=np.nan))


def _coded(patients: pd.DataFrame, column: str, numbers: Mapping[str, float]) -> NDArray[np.float64]:
    if column not in patients:
        return np.full(len(patients), np.nan)
    return np.array([numbers.get(str(value), np.nan) for value in patients[column]], np.float64)
