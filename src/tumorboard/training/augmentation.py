"""Varying pictures in training: each by its own random numbers."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.inputs.pictures import Pixels
from tumorboard.slides.stain import StainAugmentation
from tumorboard.study.training_settings import TrainingSettings

_IDENTITY = np.eye(3)
_LUMINANCE = np.array([0.299, 0.587, 0.114])
_GREY = np.tile(_LUMINANCE, (3, 1))
_LEVELS = np.arange(256)
_UPSIDE_DOWN, _MIRRORED, _HALF_TURN = 0, 1, -1  # as cv2.flip calls them
_TURNS: dict[tuple[int, bool], tuple[bool, int | None]] = {
    (0, False): (False, None),
    (0, True): (False, _MIRRORED),
    (1, False): (True, _UPSIDE_DOWN),
    (1, True): (True, _HALF_TURN),
    (2, False): (False, _HALF_TURN),
    (2, True): (False, _UPSIDE_DOWN),
    (3, False): (True, _MIRRORED),
    (3, True): (True, None),
}
"""Of quarter turns to the left, then mirrored or not: whether rows become columns, and how it is flipped then."""


def vary(
    picture: Pixels, settings: TrainingSettings, random: np.random.Generator, into: Pixels | None = None
) -> Pixels:
    """Vary a picture.

    A tile has no upper side: it is mirrored and turned by quarter turns, and its stains and colours vary. A scan's
    picture has one: it is mirrored left to right, for kidneys are on either side, and moved a little.

    Parameters
    ----------
    picture : ndarray of uint8, shape (size, size, channels)
    settings : TrainingSettings
    random : Generator
    into : ndarray of uint8, shape (size, size, channels), optional
        Where the result is written, such as a place in a batch; memory in one piece.

    Returns
    -------
    ndarray of uint8, shape (size, size, channels)
        Where asked for, ``into``.
    """
    place = np.empty_like(picture, order="C") if into is None else into
    if picture.shape[2] == 1:
        _vary_scan(picture[..., 0], settings, random, place[..., 0])
    else:
        _vary_tile(picture, settings, random, place)
    return place


def _vary_tile(tile: Pixels, settings: TrainingSettings, random: np.random.Generator, into: Pixels) -> None:
    if settings.flips:
        tile = _turned(tile, int(random.integers(4)), bool(random.random() < 0.5), into)
    if settings.stain_jitter:
        tile = StainAugmentation(settings.stain_jitter).vary(tile, int(random.integers(2**32)))
    if settings.colour_jitter:
        _jitter(tile, settings.colour_jitter, random, into)
    elif tile is not into:
        into[...] = tile


def _turned(tile: Pixels, quarters: int, mirrored: bool, into: Pixels) -> Pixels:
    """Turn and mirror: what numpy's views would give, in a tenth of the time that copying such a view takes.

    What is not the tile as it was stands in `into`: every other memory would have to be fetched first.
    """
    transposed, flip = _TURNS[quarters, mirrored]
    if transposed:
        tile = np.asarray(cv2.transpose(tile, into), np.uint8)
    return tile if flip is None else np.asarray(cv2.flip(tile, flip, into), np.uint8)


def _jitter(tile: Pixels, strength: float, random: np.random.Generator, into: Pixels) -> None:
    """Vary brightness, contrast and saturation, in one step."""
    brightness, contrast, saturation = random.uniform(1 - strength, 1 + strength, 3).tolist()
    grey = float(np.dot(cv2.mean(tile)[:3], _LUMINANCE))
    matrix = np.empty((3, 4), np.float32)
    matrix[:, :3] = brightness * contrast * (saturation * _IDENTITY + (1 - saturation) * _GREY)
    matrix[:, 3] = brightness * (1 - contrast) * grey
    cv2.transform(tile, matrix, into)


def _vary_scan(plane: Pixels, settings: TrainingSettings, random: np.random.Generator, into: Pixels) -> None:
    if settings.flips and random.random() < 0.5:
        plane = np.asarray(cv2.flip(plane, _MIRRORED), np.uint8)
    if settings.shift:
        right, down = np.rint(random.uniform(-settings.shift, settings.shift, 2) * len(plane)).astype(int).tolist()
        plane = _moved(plane, right, down)
    if settings.colour_jitter:
        brightness, contrast = random.uniform(1 - settings.colour_jitter, 1 + settings.colour_jitter, 2).tolist()
        levels = _LEVELS * (brightness * contrast) + brightness * (1 - contrast) * cv2.mean(plane)[0]
        cv2.LUT(plane, np.rint(levels).clip(0, 255).astype(np.uint8), into)
    else:
        into[...] = plane


def _moved(plane: Pixels, right: int, down: int) -> Pixels:
    """Move a plane by pixels; what comes in from beyond its edges is black."""
    height, width = plane.shape
    moved = np.zeros_like(plane)
    to_rows, from_rows = _overlap(height, down)
    to_columns, from_columns = _overlap(width, right)
    moved[to_rows, to_columns] = plane[from_rows, from_columns]
    return moved


def _overlap(length: int, shift: int) -> tuple[slice, slice]:
    """Return what of a line moved by `shift` is filled, and with what of the line."""
    return slice(max(shift, 0), length + min(shift, 0)), slice(max(-shift, 0), length - max(shift, 0))
