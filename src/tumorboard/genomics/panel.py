"""A fold's gene panel: chosen on its fit patients, stored with its model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.genomics.gene_table import GeneTable

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class GenePanel:
    """The genes a model looks at.

    Parameters
    ----------
    mutations : tuple of str
        Gene symbols, most frequent first.
    copy_number : tuple of str
        Alterations such as "3p loss", most frequent first.
    """

    mutations: tuple[str, ...]
    copy_number: tuple[str, ...]

    @classmethod
    def fit(
        cls, table: GeneTable, fit_patients: Sequence[str], *, mutations: int = 10, copy_number: int = 10
    ) -> GenePanel:
        """Choose the most frequent alterations among the fit patients, and among no others.

        Parameters
        ----------
        table : GeneTable
            All patients' genes.
        fit_patients : sequence of str
            The fold's fit patients.
        mutations, copy_number : int
            How many of each.
        """
        return cls(
            tuple(table.frequencies("mutations", fit_patients).index[:mutations]),
            tuple(table.frequencies("copy_number", fit_patients).index[:copy_number]),
        )

    @property
    def features(self) -> tuple[str, ...]:
        """All features, mutations first."""
        return self.mutations + self.copy_number

    def transform(self, table: GeneTable, patients: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return patients' gene vectors.

        Returns
        -------
        array of float, shape (n, p)
            1 altered, 0 wild type, NaN not profiled; columns as in ``features``.
        """
        return np.hstack(
            (
                table.vectors("mutations", self.mutations, patients),
                table.vectors("copy_number", self.copy_number, patients),
            )
        )

    def of(self, *, mutations: bool, copy_number: bool) -> GenePanel:
        """Return the panel's mutations alone, its copy numbers alone, both or neither."""
        return GenePanel(self.mutations if mutations else (), self.copy_number if copy_number else ())

    def to_json(self) -> dict[str, list[str]]:
        """Return the panel as plain JSON types."""
        return {"mutations": list(self.mutations), "copy_number": list(self.copy_number)}
