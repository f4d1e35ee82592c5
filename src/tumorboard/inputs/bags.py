"""A modality's precomputed tile features, patient by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.features import FeatureStore


@dataclass(frozen=True, eq=False)
class BagInputs:
    """The feature bags of one modality.

    Parameters
    ----------
    store : FeatureStore
    modality : str
    """

    store: FeatureStore
    modality: str

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients who have features, in order."""
        return self.store.patients

    @property
    def features(self) -> int:
        """The number of features of a tile."""
        return self.store.dimension

    def count(self, patient: str) -> int:
        """Return 1 where a patient has a bag, which is one input however many tiles it holds, else 0."""
        return int(patient in self.store.patients)

    def read(self, patient: str) -> NDArray[np.float32]:
        """Return the features of all of a patient's tiles, shape (tiles, features).

        Raises
        ------
        StudyError
            The patient has none.
        """
        return np.asarray(self.store.bag(patient).features, np.float32)
