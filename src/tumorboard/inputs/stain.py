"""Stain normalisation of a modality's tiles: a reference of the fit patients, a source of each patient's own tiles."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.stain import (
    Colours,
    MacenkoNormaliser,
    Normaliser,
    ReinhardNormaliser,
    Stain,
    colours_of,
    stain_of,
)

StainMethod = Literal["macenko", "reinhard"]
Tile = NDArray[np.uint8]
TILES_LOOKED_AT = 8
"""Of each patient, at even distances, to find the patient's stain."""


class PatientStain:
    """Gives each patient's tiles the stain of the fit patients.

    Parameters
    ----------
    normaliser : MacenkoNormaliser or ReinhardNormaliser
        Fitted on fit patients.
    tiles_of : callable
        Returns some tiles of a patient, shape (height, width, 3) each; asked once a patient.
    """

    def __init__(self, normaliser: Normaliser, tiles_of: Callable[[str], Sequence[Tile]]) -> None:
        self.normaliser = normaliser
        self._tiles_of = tiles_of
        self._sources: dict[str, Stain | Colours | None] = {}
        self._lock = threading.Lock()

    def normalise(self, patient: str, tile: Tile) -> Tile:
        """Return a patient's tile in the reference's stain; itself, where the patient's tiles tell no stain."""
        source = self._source(patient)
        if source is None:
            return tile
        if isinstance(self.normaliser, MacenkoNormaliser):
            assert isinstance(source, Stain)
            return self.normaliser.normalise(tile, source).picture
        assert isinstance(source, Colours)
        return self.normaliser.normalise(tile, source).picture

    def _source(self, patient: str) -> Stain | Colours | None:
        with self._lock:
            if patient not in self._sources:
                tiles = self._tiles_of(patient)
                measured = (stain_of if isinstance(self.normaliser, MacenkoNormaliser) else colours_of)(tiles)
                self._sources[patient] = None if isinstance(measured, str) else measured
            return self._sources[patient]


def normaliser_to_json(normaliser: Normaliser) -> dict[str, Any]:
    """Return what JSON can hold."""
    reference = normaliser.reference
    numbers = {name: getattr(reference, name).tolist() for name in reference.__dataclass_fields__}
    return {"method": normaliser.method, **numbers}


def normaliser_from_json(content: Mapping[str, Any]) -> Normaliser:
    """Take up what ``normaliser_to_json`` returned.

    Raises
    ------
    FileFormatError
        It is something else.
    """
    try:
        if content["method"] == MacenkoNormaliser.method:
            vectors, largest = np.array(content["vectors"], float), np.array(content["concentrations"], float)
            if vectors.shape == (3, 2) and largest.shape == (2,):
                return MacenkoNormaliser(Stain(vectors, largest))
        elif content["method"] == ReinhardNormaliser.method:
            mean, spread = np.array(content["mean"], float), np.array(content["spread"], float)
            if mean.shape == spread.shape == (3,):
                return ReinhardNormaliser(Colours(mean, spread))
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"no stain reference: {error}", fix="Train again") from error
    raise FileFormatError("no stain reference: its numbers do not fit its method", fix="Train again")
