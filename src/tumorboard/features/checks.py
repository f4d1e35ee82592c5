"""What a bag must be: finite decimal numbers, at least one tile, one place a tile. A fault is told in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.features.bag import Coordinates, Features

_LARGEST_COORDINATE = 2**31
_ROWS_AT_ONCE = 8_192

Array = NDArray[Any]


def checked_features(array: Array, where: str) -> Features:
    """Return features as a little-endian matrix of float16 or float32, or say what is wrong with them.

    Parameters
    ----------
    array : ndarray, shape (tiles, features) or (1, tiles, features)
        float64 is rounded to float32.
    where : str
        The file, for messages.

    Raises
    ------
    FileFormatError
        Another shape, no tile, no decimal numbers, or a value that is not finite.
    """
    matrix = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
    _check_shape(matrix, where)
    if matrix.dtype.kind != "f" or matrix.dtype.itemsize not in {2, 4, 8}:
        raise FileFormatError(
            f"the features are of type {matrix.dtype}",
            where=where,
            fix="Features are decimal numbers: save them as float16 or float32",
        )
    kept = "<f2" if matrix.dtype.itemsize == 2 else "<f4"
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused below
        features = np.ascontiguousarray(matrix, dtype=kept)
    _check_finite(features, where)
    return features


def _check_shape(matrix: Array, where: str) -> None:
    if matrix.size == 0:
        raise FileFormatError(
            f"the features have the shape {matrix.shape}: the bag holds no tile",
            where=where,
            fix="Leave this slide out, or extract its features again",
        )
    if matrix.ndim == 1:
        raise FileFormatError(
            f"the features are one vector of {len(matrix)} numbers",
            where=where,
            fix="That is a whole slide or patient; features of its tiles are needed, one row a tile",
        )
    if matrix.ndim != 2:
        raise FileFormatError(
            f"the features have the shape {matrix.shape}",
            where=where,
            fix="Shapes that can be read: (tiles, features) and (1, tiles, features)",
        )


def _check_finite(features: Features, where: str) -> None:
    bad = np.concatenate(
        [
            ~np.isfinite(features[start : start + _ROWS_AT_ONCE]).all(axis=1)
            for start in range(0, len(features), _ROWS_AT_ONCE)
        ]
    )
    if bad.any():
        raise FileFormatError(
            f"{int(bad.sum())} of {len(features)} tiles have features that are NaN or infinite, "
            f"tile {int(bad.argmax()) + 1} first",
            where=where,
            fix="Extract the features again; float16 overflows above 65504",
        )


def checked_coordinates(array: Array, tiles: int, where: str) -> Coordinates:
    """Return coordinates as whole level-0 pixels, or say what is wrong with them.

    Parameters
    ----------
    array : ndarray, shape (tiles, 2) or (1, tiles, 2)
        Left and top. Decimal numbers must be whole.
    tiles : int
        How many there must be.
    where : str
        The file, for messages.

    Raises
    ------
    FileFormatError
        Another shape, another number of tiles, or values that are no whole pixels.
    """
    matrix = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
    if matrix.ndim != 2 or matrix.shape[1] != 2:
        raise FileFormatError(
            f"the coordinates have the shape {matrix.shape} instead of ({tiles}, 2)", where=where, fix="Left and top"
        )
    if len(matrix) != tiles:
        raise FileFormatError(f"there are features of {tiles} tiles, but coordinates of {len(matrix)}", where=where)
    if matrix.dtype.kind not in "iuf":
        raise FileFormatError(f"the coordinates are of type {matrix.dtype}, not whole pixels", where=where)
    with np.errstate(invalid="ignore"):
        whole = (np.abs(matrix.astype(np.float64)) < _LARGEST_COORDINATE) & (matrix == np.floor(matrix))
    if not whole.all():
        tile = int((~whole).any(axis=1).argmax())
        raise FileFormatError(
            f"the coordinates of tile {tile + 1} are {matrix[tile, 0]}, {matrix[tile, 1]}: no whole pixels of level 0",
            where=where,
        )
    return np.ascontiguousarray(matrix, dtype="<i8")


def first_at_each_place(coordinates: Coordinates) -> NDArray[np.intp]:
    """Return, in their order, the tiles at whose place no earlier tile stands."""
    _, first = np.unique(coordinates, axis=0, return_index=True)
    return np.sort(first)


def check_places(coordinates: Coordinates, where: str) -> None:
    """Raise where two tiles of a bag stand at the same place."""
    first = first_at_each_place(coordinates)
    if len(first) == len(coordinates):
        return
    second = int(np.setdiff1d(np.arange(len(coordinates)), first)[0])
    earlier = int((coordinates[:second] == coordinates[second]).all(axis=1).argmax())
    raise FileFormatError(
        f"{len(coordinates) - len(first)} of {len(coordinates)} tiles stand where another one stands: tiles "
        f"{earlier + 1} and {second + 1} at {coordinates[second, 0]}, {coordinates[second, 1]}",
        where=where,
        fix="Remove them, or set features.keep_first = true in study.toml, which keeps the first at each place",
    )
