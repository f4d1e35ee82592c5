"""A network, or anything else, that turns tiles into features; and running it over tiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import SettingsError, UserError

Tiles = NDArray[np.uint8]
"""Red, green, blue: shape (tiles, height, width, 3)."""

Interpolation = Literal["bicubic", "bilinear"]

BATCH = 32


@dataclass(frozen=True)
class Preparation:
    """How a tile becomes an extractor's input.

    The central square of a tile, all of it by default, is resampled with smoothing to the input's size; then the mean
    is taken off and the rest divided by the standard deviation, colours counting from 0 to 1.

    Parameters
    ----------
    input_px : int
        Side of the input in pixels.
    mean, sd : tuple of three float
        Of red, green and blue.
    interpolation : str
        ``bicubic`` or ``bilinear``.
    crop_share : float
        Share of the tile's side that is kept, above 0 to 1.

    Raises
    ------
    SettingsError
        A value outside its range.
    """

    input_px: int
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    sd: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: Interpolation = "bicubic"
    crop_share: float = 1.0

    def __post_init__(self) -> None:
        faults = {
            f"input_px is {self.input_px}, not at least 1": self.input_px < 1,
            f"mean is {self.mean}, not three numbers from 0 to 1": not _are_three(self.mean, low=0.0),
            f"sd is {self.sd}, not three numbers above 0 to 1": not _are_three(self.sd, low=1e-6),
            f"interpolation is {self.interpolation!r}, neither bicubic nor bilinear": (
                self.interpolation not in {"bicubic", "bilinear"}
            ),
            f"crop_share is {self.crop_share}, not above 0 to 1": not 0 < self.crop_share <= 1,
        }
        for what, wrong in faults.items():
            if wrong:
                raise SettingsError(what, where="the preparation of tiles")


def _are_three(values: tuple[float, ...], low: float) -> bool:
    return len(values) == 3 and all(low <= value <= 1 for value in values)


class Extractor(ABC):
    """What turns tiles into features.

    Attributes
    ----------
    name : str
        What it is recorded as; another network, other weights or another preparation must have another name.
    dimension : int
        The number of features of a tile.
    preparation : Preparation
        How tiles become its input.
    """

    name: str
    dimension: int
    preparation: Preparation

    @abstractmethod
    def encode(self, tiles: Tiles) -> NDArray[np.float32]:
        """Return the features of some tiles of one size.

        Parameters
        ----------
        tiles : ndarray of uint8, shape (tiles, height, width, 3)
            Before their preparation.

        Returns
        -------
        ndarray of float32, shape (tiles, features)
        """


def extract(
    tiles: Iterable[NDArray[np.uint8]],
    extractor: Extractor,
    *,
    batch: int = BATCH,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Return the features of tiles, in their order.

    Parameters
    ----------
    tiles : iterable of ndarray of uint8, each of shape (height, width, 3)
        Red, green, blue. They may differ in size; they are taken one batch at a time.
    extractor : Extractor
    batch : int
        Tiles at once, at least 1. It changes memory and speed, and the features by rounding alone.
    progress : callable
        Called after each batch with the number of tiles that are done.

    Returns
    -------
    ndarray of float32, shape (tiles, features)

    Raises
    ------
    UserError
        There is no tile, a tile is no colour picture, or the extractor's answer is not finite or has another shape than
        it says.
    SettingsError
        For a batch below 1.
    """
    if batch < 1:
        raise SettingsError(f"{batch} is not allowed; allowed: a whole number from 1 on", where="batch")
    done = 0
    found: list[NDArray[np.float32]] = []
    for together in _batches(tiles, batch):
        features = np.asarray(extractor.encode(together), dtype=np.float32)
        _check_answer(features, together, extractor, done)
        found.append(features)
        done += len(together)
        progress(done)
    if not found:
        raise UserError("there is no tile to extract features of")
    return np.concatenate(found)


def _batches(tiles: Iterable[NDArray[np.uint8]], batch: int) -> Iterator[Tiles]:
    """Yield neighbouring tiles of one size together."""
    waiting: list[NDArray[np.uint8]] = []
    for number, tile in enumerate(tiles, start=1):
        if tile.dtype != np.uint8 or tile.ndim != 3 or tile.shape[2] != 3 or not tile.size:
            raise UserError(
                f"tile {number} has the shape {tile.shape} and the type {tile.dtype}",
                fix="A tile has the shape (height, width, 3) and the type uint8",
            )
        if waiting and (len(waiting) == batch or tile.shape != waiting[0].shape):
            yield np.stack(waiting)
            waiting = []
        waiting.append(tile)
    if waiting:
        yield np.stack(waiting)


def _check_answer(features: NDArray[np.float32], tiles: Tiles, extractor: Extractor, done: int) -> None:
    wanted = (len(tiles), extractor.dimension)
    if features.shape != wanted:
        raise UserError(f"gave features of the shape {features.shape} instead of {wanted}", where=extractor.name)
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise UserError(
            f"gave features that are NaN or infinite for tile {done + int(finite.argmin()) + 1}",
            where=extractor.name,
            fix="Check its weights, or compute in float32",
        )
