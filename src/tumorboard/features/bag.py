"""A bag: the features of one slide's tiles, with the tiles' places, and where both come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float16 | np.float32]
"""One row a tile: shape (tiles, features)."""

Coordinates = NDArray[np.int64]
"""Left and top of each tile in pixels of level 0: shape (tiles, 2)."""


@dataclass(frozen=True)
class BagSource:
    """Which file a bag was read from.

    Parameters
    ----------
    path : str
        The file, as it was given.
    layout : str
        What wrote it: ``TRIDENT``, ``CLAM``, ``STAMP``, ``tensor`` or ``table``.
    sha256 : str
        Of the whole file, 64 hexadecimal digits.
    """

    path: str
    layout: str
    sha256: str


@dataclass(frozen=True)
class Scale:
    """How large the tiles are, as far as it is known.

    Parameters
    ----------
    mpp : float or None
        µm in one pixel of the tiles that the extractor was given.
    tile_width : int or None
        A tile's side in pixels of level 0.
    """

    mpp: float | None = None
    tile_width: int | None = None


@dataclass(frozen=True, eq=False)
class FeatureBag:
    """The features of one slide's tiles.

    Parameters
    ----------
    features : ndarray of float16 or float32, shape (tiles, features)
        Finite, at least one row and one column.
    coordinates : ndarray of int64, shape (tiles, 2), or None
        Left and top in pixels of level 0, each place once; None where they are not known.
    extractor : str or None
        The network that computed the features; None where nobody says.
    scale : Scale
    source : BagSource
    columns : tuple of str
        Names of the features, where a table gives them.
    notes : tuple of str
        What was left out or is not known, in words fit for a report.
    """

    features: Features
    coordinates: Coordinates | None
    extractor: str | None
    scale: Scale
    source: BagSource
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.features)

    @property
    def dimension(self) -> int:
        """The number of features of a tile."""
        return int(self.features.shape[1])


@dataclass(frozen=True, eq=False)
class PatientBag:
    """The features of all of a patient's slides.

    Parameters
    ----------
    features : ndarray of float16 or float32, shape (tiles, features)
        Slide after slide; read-only.
    coordinates : ndarray of int64, shape (tiles, 2), or None
        Left and top in level-0 pixels of the tile's own slide; None where one of the slides has none.
    slide : ndarray of int32, shape (tiles,)
        Each tile's slide, counted from 0 in the order of `slides`.
    slides : tuple of str
        The slides' names.
    """

    features: Features
    coordinates: Coordinates | None
    slide: NDArray[np.int32]
    slides: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of tiles."""
        return len(self.features)


def join_slides(
    names: Sequence[str], matrices: Sequence[Features], coordinates: Sequence[Coordinates | None]
) -> PatientBag:
    """Join the bags of a patient's slides, one below the other; the features of one slide are not copied.

    Parameters
    ----------
    names : sequence of str
        The slides.
    matrices : sequence of ndarray, each of shape (tiles, features)
        Each slide's features, with the same number of columns.
    coordinates : sequence of ndarray of int64, each of shape (tiles, 2), or None
        Each slide's coordinates.
    """
    known = [places for places in coordinates if places is not None]
    features = matrices[0].view() if len(matrices) == 1 else np.concatenate(matrices)
    features.flags.writeable = False
    return PatientBag(
        features=features,
        coordinates=np.concatenate(known) if len(known) == len(names) else None,
        slide=np.repeat(np.arange(len(names), dtype=np.int32), [len(matrix) for matrix in matrices]),
        slides=tuple(names),
    )
