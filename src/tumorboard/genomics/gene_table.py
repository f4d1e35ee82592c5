"""Mutations and copy-number alterations of many patients, "not profiled" kept apart from "wild type".

``genes.parquet`` is long: one row an alteration (``patient_id, profile, feature, value``); for every patient who was
profiled one row with an empty feature and value 0, so that a profiled patient without any alteration is not lost; and
for every gene or arm that could not be called in a profiled patient one row with its name and no value.
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
    uncalled : DataFrame, optional
        Columns ``patient_id``, ``profile`` and ``feature``: genes or arms (without "loss" or "gain") that could not be
        called in a profiled patient, which is neither altered nor wild type.
    """

    alterations: pd.DataFrame
    profiled: dict[Profile, frozenset[str]]
    uncalled: pd.DataFrame | None = None

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
        uncalled = [table.uncalled for table in parts if table.uncalled is not None]
        profiled: dict[Profile, frozenset[str]] = {}
        for table in parts:
            for profile, patients in table.profiled.items():
                profiled[profile] = profiled.get(profile, frozenset()) | patients
        return cls(
            pd.concat(filled, ignore_index=True) if filled else cls.empty().alterations,
            profiled,
            pd.concat(uncalled, ignore_index=True) if uncalled else None,
        )

    def restricted(self, patients: frozenset[str]) -> GeneTable:
        """Return the table of some patients only."""
        rows, uncalled = self.alterations, self.uncalled
        return GeneTable(
            rows[rows["patient_id"].isin(patients)].reset_index(drop=True),
            {profile: among & patients for profile, among in self.profiled.items()},
            None if uncalled is None else uncalled[uncalled["patient_id"].isin(patients)].reset_index(drop=True),
        )

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
            Frequency by feature among those in whom it was called, most frequent first, equal ones by name.
        """
        among = frozenset(patients) & self.profiled.get(profile, frozenset())
        rows = self.alterations
        rows = rows[(rows["profile"] == profile) & rows["patient_id"].isin(among)]
        counts = rows.groupby("feature")["patient_id"].nunique().reset_index(name="patients")
        called = len(among) - counts["feature"].map(_called_name).map(self._uncalled_counts(profile, among)).fillna(0)
        counts = counts.assign(share=(counts["patients"] / called).astype(float))
        return counts.sort_values(["share", "feature"], ascending=[False, True]).set_index("feature")["share"]

    def _uncalled_counts(self, profile: Profile, among: frozenset[str]) -> dict[str, int]:
        if self.uncalled is None:
            return {}
        rows = self.uncalled[(self.uncalled["profile"] == profile) & self.uncalled["patient_id"].isin(among)]
        return dict(rows.groupby("feature")["patient_id"].nunique())

    def vectors(self, profile: Profile, features: Sequence[str], patients: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return 1 where a patient has the alteration, 0 where not, NaN where that is not known.

        It is not known in a patient who was not profiled, and where the gene or arm could not be called.

        Parameters
        ----------
        profile : {"mutations", "copy_number"}
            Which profile.
        features : sequence of str, length p
            The alterations.
        patients : sequence of str, length n
            The patients; one may stand there more than once.

        Returns
        -------
        array of float, shape (n, p)
        """
        position = {patient: row for row, patient in enumerate(dict.fromkeys(patients))}
        column = {feature: k for k, feature in enumerate(features)}
        profiled = self.profiled.get(profile, frozenset())
        values = np.full((len(position), len(features)), np.nan)
        values[[row for patient, row in position.items() if patient in profiled], :] = 0.0
        if self.uncalled is not None:
            self._mark_uncalled(values, profile, features, position)
        rows = self.alterations
        rows = rows[(rows["profile"] == profile) & rows["feature"].isin(column) & rows["patient_id"].isin(position)]
        values[rows["patient_id"].map(position), rows["feature"].map(column)] = 1.0
        return values[[position[patient] for patient in patients], :]

    def _mark_uncalled(
        self,
        values: npt.NDArray[np.float64],
        profile: Profile,
        features: Sequence[str],
        position: dict[str, int],
    ) -> None:
        assert self.uncalled is not None
        rows = self.uncalled
        rows = rows[(rows["profile"] == profile) & rows["patient_id"].isin(position)]
        for k, feature in enumerate(features):
            values[rows.loc[rows["feature"] == _called_name(feature), "patient_id"].map(position), k] = np.nan

    def to_frame(self) -> pd.DataFrame:
        """Return the long table that ``genes.parquet`` holds."""
        import pandas as pd

        markers = [
            (patient, profile, "", 0) for profile in PROFILES for patient in sorted(self.profiled.get(profile, ()))
        ]
        parts = [pd.DataFrame(markers, columns=list(COLUMNS)), self.alterations]
        if self.uncalled is not None:
            parts.append(self.uncalled.assign(value=None))
        parts = [part.astype({"value": "Int8"}) for part in parts]
        frame = pd.concat(parts, ignore_index=True)
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
        uncalled = frame.loc[frame["value"].isna(), list(COLUMNS[:3])].reset_index(drop=True)
        altered = frame[(frame["feature"] != "") & frame["value"].notna()].reset_index(drop=True)
        return cls(altered.astype({"value": int}), profiled, uncalled if len(uncalled) else None)


def _called_name(feature: str) -> str:
    """Return the gene or arm of a feature such as "3p loss"."""
    return feature.removesuffix(" loss").removesuffix(" gain")
