"""Mutations and copy-number alterations of many patients, "not profiled" kept apart from "wild type".

``genes.parquet`` is long: one row an alteration (``patient_id, profile, feature, value``), and for every patient who
was profiled one row with an empty feature, so that a profiled patient without any alteration is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tumorboard.errors import FileFormatError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

Profile = Literal["mutations", "copy_number"]

PROFILES: tuple[Profile, ...] = ("mutations", "copy_number")
COLUMNS = ("patient_id", "profile", "feature", "value")


@dataclass(frozen=True, eq=False)
class GeneTable:
    """Who was profiled, and what was found.

    Parameters
    ----------
    alterations : DataFrame
        Columns ``patient_id``, ``profile`` ("mutations" or "copy_number"), ``feature`` (a gene's symbol, or an arm or
        gene with "loss" or "gain") and ``value`` (1 for a mutation, -2 to 2 for a copy number); no doubles.
    profiled : dict of str to frozenset of str
        Patients who were profiled.
    """

    alterations: pd.DataFrame
    profiled: dict[Profile, frozenset[str]]

    @classmethod
    def empty(cls) -> GeneTable:
        """Return the table of a study without genes."""
        import pandas as pd

        return cls(pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS}), {})

    @classmethod
    def joined(cls, tables: Iterable[GeneTable]) -> GeneTable:
        """Return several tables as one."""
        import pandas as pd

        parts = list(tables)
        filled = [table.alterations for table in parts if len(table.alterations)]
        if not filled:
            return cls(
                cls.empty().alterations, {key: value for table in parts for key, value in table.profiled.items()}
            )
        profiled: dict[Profile, frozenset[str]] = {}
        for table in parts:
            for profile, patients in table.profiled.items():
                profiled[profile] = profiled.get(profile, frozenset()) | patients
        return cls(pd.concat(filled, ignore_index=True), profiled)

    def altered(self, profile: Profile, feature: str) -> frozenset[str]:
        """Return the patients with an alteration."""
        rows = self.alterations
        return frozenset(rows.loc[(rows["profile"] == profile) & (rows["feature"] == feature), "patient_id"])

    def frequencies(self, profile: Profile, patients: Iterable[str]) -> pd.Series[float]:
        """Return how frequent each alteration is among the profiled of some patients.

        Parameters
        ----------
        profile : {"mutations", "copy_number"}
            Which profile.
        patients : iterable of str
            The patients; those who were not profiled do not count.

        Returns
        -------
        Series of float
            Frequency by feature, most frequent first, equal ones by name.
        """
        among = frozenset(patients) & self.profiled.get(profile, frozenset())
        rows = self.alterations
        rows = rows[(rows["profile"] == profile) & rows["patient_id"].isin(among)]
        counts = rows.groupby("feature")["patient_id"].nunique().reset_index(name="patients")
        counts = counts.sort_values(["patients", "feature"], ascending=[False, True])
        return (counts.set_index("feature")["patients"] / max(len(among), 1)).astype(float)

    def vectors(self, profile: Profile, features: Sequence[str], patients: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return 1 where a patient has the alteration, 0 where not, NaN where the patient was not profiled.

        Parameters
        ----------
        profile : {"mutations", "copy_number"}
            Which profile.
        features : sequence of str, length p
            The alterations.
        patients : sequence of str, length n
            The patients.

        Returns
        -------
        array of float, shape (n, p)
        """
        position = {patient: row for row, patient in enumerate(patients)}
        column = {feature: k for k, feature in enumerate(features)}
        values = np.full((len(patients), len(features)), np.nan)
        values[[row for patient, row in position.items() if patient in self.profiled.get(profile, frozenset())]] = 0.0
        rows = self.alterations
        rows = rows[(rows["profile"] == profile) & rows["feature"].isin(column) & rows["patient_id"].isin(position)]
        values[rows["patient_id"].map(position), rows["feature"].map(column)] = 1.0
        return values

    def to_frame(self) -> pd.DataFrame:
        """Return the long table that ``genes.parquet`` holds."""
        import pandas as pd

        markers = [
            (patient, profile, "", 0) for profile in PROFILES for patient in sorted(self.profiled.get(profile, ()))
        ]
        frame = pd.concat([pd.DataFrame(markers, columns=list(COLUMNS)), self.alterations], ignore_index=True)
        frame["value"] = frame["value"].astype("int8")
        return frame.sort_values(["profile", "patient_id", "feature"], kind="stable", ignore_index=True)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> GeneTable:
        """Read the long table back.

        Raises
        ------
        FileFormatError
            Where a column is missing.
        """
        missing = [name for name in COLUMNS if name not in frame.columns]
        if missing:
            raise FileFormatError(
                f"the column {missing[0]} is missing", where="genes.parquet", fix="Run 'tumorboard cohort'"
            )
        markers = frame[frame["feature"] == ""]
        profiled: dict[Profile, frozenset[str]] = {
            profile: frozenset(markers.loc[markers["profile"] == profile, "patient_id"])
            for profile in PROFILES
            if (markers["profile"] == profile).any()
        }
        return cls(frame[frame["feature"] != ""].reset_index(drop=True), profiled)
