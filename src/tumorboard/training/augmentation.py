"""Varying pictures in training: each by its own random numbers."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.inputs.pictures import Pixels
from tumorboard.slides.stain import StainAugmentation
from tumorboard.study.training_settings import TrainingSettings

_LUMINANCE = np.array([0.299, 0.587, 0.114])


def vary(picture: Pixels, settings: TrainingSettings, random: np.random.Generator) -> Pixels:
    """Vary a picture.

    A tile has no upper side: it is mirrored and turned by quarter turns, and its stains and colours vary. A scan's
    picture has one: it is mirrored left to right, for kidneys are on either side, and moved a little.

    Parameters
    ----------
    picture : ndarray of uint8, shape (size, size, channels)
    settings : TrainingSettings
    random : Generator

    Returns
    -------
    ndarray of uint8, shape (size, size, channels)
    """
    if picture.shape[2] == 1:
        return _vary_scan(picture[..., 0], settings, random)[..., None]
    if settings.flips:
        picture = np.rot90(picture, int(random.integers(4)))
        picture = picture[:, ::-1] if random.random() < 0.5 else picture
    tile = np.ascontiguousarray(picture)
    if settings.stain_jitter:
        tile = StainAugmentation(settings.stain_jitter).vary(tile, int(random.integers(2**32)))
    return _jittered(tile, settings.colour_jitter, random) if settings.colour_jitter else tile


def _jittered(tile: Pixels, strength: float, random: np.random.Generator) -> Pixels:
    """Vary brightness, contrast and saturation, in one step."""
    brightness, contrast, saturation = random.uniform(1 - strength, 1 + strength, 3)
    mixing = brightness * contrast * (saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMINANCE, (3, 1)))
    grey = float(np.dot(cv2.mean(tile)[:3], _LUMINANCE))
    offset = np.full((3, 1), brightness * (1 - contrast) * grey)
    return np.asarray(cv2.transform(tile, np.hstack([mixing, offset]).astype(np.float32)), np.uint8)


def _vary_scan(plane: Pixels, settings: TrainingSettings, random: np.random.Generator) -> Pixels:
    if settings.flips and random.random() < 0.5:
        plane = plane[:, ::-1]
    plane = np.ascontiguousarray(plane)
    if settings.shift:
        moved = np.rint(random.uniform(-settings.shift, settings.shift, 2) * len(plane))
        matrix = np.array([[1, 0, moved[0]], [0, 1, moved[1]]], np.float64)
        plane = np.asarray(cv2.warpAffine(plane, matrix, plane.shape[::-1], flags=cv2.INTER_NEAREST), np.uint8)
    if settings.colour_jitter:
        brightness, contrast = random.uniform(1 - settings.colour_jitter, 1 + settings.colour_jitter, 2)
        levels = np.arange(256) * (brightness * contrast) + brightness * (1 - contrast) * cv2.mean(plane)[0]
        plane = np.asarray(cv2.LUT(plane, np.rint(levels).clip(0, 255).astype(np.uint8)), np.uint8)
    return plane
