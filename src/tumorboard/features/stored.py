"""Reading bags from the study's store, patient by patient, from memory-mapped files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import StudyError
from tumorboard.features.bag import Coordinates, Features, PatientBag, join_slides
from tumorboard.features.storing import features_root, shard_path
from tumorboard.features.study_table import FEATURE_MODALITIES
from tumorboard.store import Store


class FeatureStore:
    """The bags of one modality, read patient by patient; a patient of one slide costs no copy.

    Parameters
    ----------
    root : Path
        ``STUDY/store/features``.
    store : Store
        Its records.
    """

    def __init__(self, root: Path, store: Store) -> None:
        self._root = root
        self._store = store

    @classmethod
    def open(cls, store: Path, modality: str) -> Self:
        """Open what a study's store has of a modality.

        Parameters
        ----------
        store : Path
            ``STUDY/store``.
        modality : str
            ``tiles_10x``, ``tiles_5x`` or ``scan``.

        Raises
        ------
        StudyError
            There is none, or a shard is missing or was replaced.
        FileFormatError
            The index is torn.
        """
        if modality not in FEATURE_MODALITIES:
            raise StudyError(
                f"there is no modality {modality!r}",
                where=str(store),
                fix=f"Possible: {', '.join(FEATURE_MODALITIES)}",
            )
        root = features_root(store)
        return cls(root, Store.open(root, modality))

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients who have features, in order."""
        return tuple(self._store.patients)

    @property
    def dimension(self) -> int:
        """The number of features of a tile."""
        return int(self._store.column("width_px")[0])

    @property
    def extractor(self) -> str | None:
        """The network that computed the features; None where nobody says."""
        return next((name for name in self._store.column("extractor").tolist() if name), None)

    def tiles(self, patient_id: str) -> int:
        """Return the number of a patient's tiles, without reading a feature."""
        return int(sum(self._heights[row] for row in self._rows(patient_id)))

    def bag(self, patient_id: str) -> PatientBag:
        """Return the features of all of a patient's slides.

        Where there is one slide, the features are a memory-mapped array: only the rows that are used are read.

        Raises
        ------
        StudyError
            The patient has none, or a shard was replaced since.
        FileFormatError
            A shard is torn.
        """
        rows = self._rows(patient_id)
        names = [str(self._store.table["name"][row]) for row in rows]
        # coordinates first: reading them also sees that the shard is the one that was indexed
        places = [self._coordinates(row) for row in rows]
        matrices = [self._mapped(patient_id, name, row) for name, row in zip(names, rows, strict=True)]
        return join_slides(names, matrices, places)

    def verify(self) -> int:
        """Check every byte of every shard and return how many there are, as :meth:`tumorboard.store.Store.verify`."""
        return self._store.verify()

    @cached_property
    def _heights(self) -> NDArray[Any]:
        return self._store.column("height_px")

    @cached_property
    def _values(self) -> list[str]:
        values: list[str] = self._store.column("values").tolist()
        return values

    def _rows(self, patient_id: str) -> range:
        """Return the rows of a patient's matrices of features; each is followed by that of its coordinates."""
        rows = self._store.patients.get(patient_id)
        if rows is None:
            raise StudyError(f"the patient {patient_id!r} has no features here", where=str(self._root))
        return rows[::2]

    def _mapped(self, patient_id: str, name: str, row: int) -> Features:
        path = shard_path(self._root, self._store.modality, patient_id, name)
        shape = (int(self._heights[row]), int(self._store.column("width_px")[row]))
        values = np.dtype(self._values[row]).newbyteorder("<")
        mapped: Features = np.memmap(path, values, "r", int(self._store.column("offset")[row]), shape)
        return mapped

    def _coordinates(self, row: int) -> Coordinates | None:
        payload = self._store.payload(row + 1)
        return np.frombuffer(payload, np.dtype("<i8")).reshape(-1, 2) if payload else None
