"""A modality's pictures as the network reads them: bytes of one size, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.inputs.stain import PatientStain
from tumorboard.store import Store

Pixels = NDArray[np.uint8]

GREY_MODALITIES = frozenset({"scan"})
WHITE = 255


def evenly_spaced(count: int, images: int) -> list[int]:
    """Return the numbers of some of a patient's images, at even distances; all of them for 0.

    Parameters
    ----------
    count : int
        How many there are.
    images : int
        How many are wanted, at most.

    Examples
    --------
    >>> evenly_spaced(10, 3)
    [1, 5, 8]
    """
    if not images or count <= images:
        return list(range(count))
    return [int((number + 0.5) * count / images) for number in range(images)]


@dataclass(frozen=True, eq=False)
class PictureInputs:
    """The pictures of one modality, as bytes of one size.

    A scan's pictures are its planes at the tumour's largest diameter; each may have neighbours, a few millimetres
    before and behind it, that training may draw in its place.

    Parameters
    ----------
    store : Store
        Of the modality.
    size_px : int
        Side of the pictures; what is not square is centred on white (tiles) or black (scans).
    stain : PatientStain, optional
        Normalises tiles.
    """

    store: Store
    size_px: int
    stain: PatientStain | None = None

    @property
    def modality(self) -> str:
        """The modality's name."""
        return self.store.modality

    @property
    def channels(self) -> int:
        """1 for scans, 3 for tiles."""
        return 1 if self.modality in GREY_MODALITIES else 3

    def with_stain(self, stain: PatientStain | None) -> PictureInputs:
        """Return the same pictures, normalised."""
        return replace(self, stain=stain)

    @cached_property
    def _rows(self) -> dict[str, list[list[int]]]:
        """Each patient's pictures: the row of the picture itself, then those of its neighbours."""
        if "offset_mm" not in self.store.columns or not len(self.store):
            return {patient: [[row] for row in rows] for patient, rows in self.store.patients.items()}
        offset = self.store.column("offset_mm")
        shard, plane = self.store.column("shard"), self.store.column("plane")
        found: dict[str, list[list[int]]] = {}
        for patient, rows in self.store.patients.items():
            own = {(shard[row], plane[row]): [row] for row in rows if offset[row] == 0}
            for row in rows:
                if offset[row] != 0 and (shard[row], plane[row]) in own:
                    own[shard[row], plane[row]].append(row)
            if own:
                found[patient] = list(own.values())
        return found

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients who have pictures, in order."""
        return tuple(self._rows)

    def count(self, patient: str) -> int:
        """Return how many pictures a patient has; 0 for a stranger. Neighbours do not count."""
        return len(self._rows.get(patient, ()))

    def neighbours(self, patient: str, number: int) -> int:
        """Return how many neighbours a picture has."""
        return len(self._rows[patient][number]) - 1

    def row(self, patient: str, number: int) -> int:
        """Return a picture's row in the store."""
        return self._rows[patient][number][0]

    def values(self, column: str, patients: Sequence[str]) -> NDArray[Any]:
        """Return a column of the store for all pictures of some patients; empty where there is no such column."""
        if column not in self.store.columns:
            return np.empty(0)
        rows = [self.row(patient, number) for patient in patients for number in range(self.count(patient))]
        return np.asarray(self.store.column(column))[np.array(rows, np.int64)]

    def read(self, patient: str, number: int, neighbour: int = 0) -> Pixels:
        """Return a picture.

        Parameters
        ----------
        patient : str
        number : int
            From 0 to below ``count(patient)``.
        neighbour : int
            0 for the picture itself, from 1 on its neighbours.

        Returns
        -------
        ndarray of uint8, shape (channels, size, size)

        Raises
        ------
        StudyError, FileFormatError
            The store was changed, or is damaged.
        """
        return np.ascontiguousarray(self.read_with_channels_last(patient, number, neighbour).transpose(2, 0, 1))

    def read_with_channels_last(self, patient: str, number: int, neighbour: int = 0) -> Pixels:
        """Return a picture as ``read`` does, with its channels last: shape (size, size, channels)."""
        row = self._rows[patient][number][neighbour]
        picture = self._as_bytes(self.store.image(row, max_px=self.size_px))
        picture = _squared(picture, self.size_px, 0 if self.channels == 1 else WHITE)
        if self.stain is not None and self.channels == 3:
            picture = self.stain.normalise(patient, picture)
        return picture[..., None] if picture.ndim == 2 else picture

    def _as_bytes(self, image: NDArray[Any]) -> Pixels:
        if image.dtype != np.uint8:  # scans of 16 bits
            image = np.rint(image.astype(np.float32) * (255 / 65535)).astype(np.uint8)
        if self.channels == 3 and image.ndim == 2:
            image = np.repeat(image[..., None], 3, axis=2)
        elif self.channels == 1 and image.ndim == 3:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return np.asarray(image, np.uint8)


def _squared(picture: Pixels, size: int, background: int) -> Pixels:
    height, width = picture.shape[:2]
    if max(height, width) != size:  # smaller than it: larger ones were brought to it in decoding
        scale = size / max(height, width)
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if (height, width) == (size, size):
        return picture
    square = np.full((size, size, *picture.shape[2:]), background, np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = picture
    return square
