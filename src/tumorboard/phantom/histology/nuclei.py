"""Nuclei: drawn once, large, and set into a window at any size, shape and angle."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.lattice import uniform
from tumorboard.phantom.histology.window import Canvas

HAEMATOXYLIN_LEVEL = 47.0
"""Mean level of haematoxylin in a nucleus of darkness 1, whatever its chromatin."""

_SIDE = 96
_REACH = 1.7
"""Half the side of a drawn nucleus, in radii of the circle of its area."""
_VARIANTS = 8
_IRREGULARITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
_CHROMATINS = (0.0, 0.5, 1.0)
_NUCLEOLI = (0.0, 0.10, 0.17, 0.24, 0.32)
"""Diameter of the nucleolus as a share of the nucleus's."""
_EOSIN_IN_NUCLEUS = 20


def paint_nuclei(
    canvas: Canvas,
    x_um: np.ndarray,
    y_um: np.ndarray,
    keys: np.ndarray,
    *,
    diameter_um: np.ndarray | float,
    elongation: np.ndarray | float = 1.0,
    angle: np.ndarray | float = 0.0,
    irregularity: np.ndarray | float = 0.0,
    darkness: np.ndarray | float = 1.0,
    vesicular: np.ndarray | float = 0.0,
    nucleolus_um: np.ndarray | float = 0.0,
) -> None:
    """Paint nuclei with chromatin, membrane and nucleoli; those that do not reach into the window are left out.

    The mean density of a nucleus depends on its darkness alone, so that neither its shape nor its chromatin shifts
    the colour.

    Parameters
    ----------
    canvas : Canvas
        Painted on: the darker haematoxylin stays, eosin is displaced.
    x_um, y_um : ndarray of float, shape (nuclei,)
        Centres on the slide.
    keys : ndarray of uint64, shape (nuclei,)
        Choose one of the drawn variants.
    diameter_um : ndarray of float, shape (nuclei,), or float
        Diameter of the circle of the same area.
    elongation : ndarray of float or float
        Long axis by short axis, from 1.
    angle : ndarray of float or float
        Direction of the long axis in radians, from the x axis towards the y axis.
    irregularity : ndarray of float or float
        From 0 (smooth oval) to 1 (bizarre, lobed).
    darkness : ndarray of float or float
        Mean density; 1 is usual.
    vesicular : ndarray of float or float
        From 0 (dense, evenly granular chromatin) to 1 (clear with a dark membrane and few clumps).
    nucleolus_um : ndarray of float or float
        Diameter of the nucleolus; 0 for none.
    """
    window = canvas.window
    count = len(x_um)
    diameter, stretch, turn, uneven, dark, clear, nucleolus = (
        np.broadcast_to(np.asarray(value, np.float64), (count,))
        for value in (diameter_um, elongation, angle, irregularity, darkness, vesicular, nucleolus_um)
    )
    radius_px = 0.5 * diameter / window.mpp
    reach = radius_px * np.sqrt(stretch) * _REACH
    x_px, y_px = window.pixels(x_um, y_um)
    chosen = np.flatnonzero(
        (x_px + reach > 0) & (y_px + reach > 0) & (x_px - reach < window.width_px) & (y_px - reach < window.height_px)
    )
    if chosen.size == 0:
        return
    x_px, y_px, reach, radius_px = x_px[chosen], y_px[chosen], reach[chosen], radius_px[chosen]
    keys, diameter, stretch, turn = keys[chosen], diameter[chosen], stretch[chosen], turn[chosen]
    left = np.maximum(np.floor(x_px - reach), 0).astype(np.int64)
    top = np.maximum(np.floor(y_px - reach), 0).astype(np.int64)
    right = np.minimum(np.ceil(x_px + reach) + 1, window.width_px).astype(np.int64)
    bottom = np.minimum(np.ceil(y_px + reach) + 1, window.height_px).astype(np.int64)
    stamps = _choose_stamps(keys, uneven[chosen], clear[chosen], nucleolus[chosen] / diameter)
    level = np.where(radius_px > 10, 0, np.where(radius_px > 5, 1, 2))
    to_stamp = _to_stamp(x_px - left, y_px - top, radius_px, stretch, turn, _SIDE >> level)
    _set(
        canvas,
        np.stack([left, top, right, bottom], axis=1).tolist(),
        to_stamp,
        list(zip(*(part.tolist() for part in (*stamps, level)), strict=True)),
        dark[chosen].tolist(),
    )


def _set(
    canvas: Canvas,
    boxes: list[list[int]],
    to_stamp: np.ndarray,
    stamps: list[tuple[int, int, int, int, int]],
    darkness: list[float],
) -> None:
    haematoxylin, eosin, (displaced, own) = canvas.haematoxylin, canvas.eosin, _eosin_in_nucleus()
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for (left, top, right, bottom), matrix, stamp, dark in zip(boxes, to_stamp, stamps, darkness, strict=True):
        if right <= left or bottom <= top:
            continue
        patch = cv2.warpAffine(_stamp(*stamp), matrix, (right - left, bottom - top), flags=flags)
        below = eosin[top:bottom, left:right]
        cv2.min(below, cv2.LUT(patch, displaced), dst=below)
        cv2.max(below, cv2.LUT(patch, own), dst=below)
        under = haematoxylin[top:bottom, left:right]
        cv2.max(under, cv2.convertScaleAbs(patch, alpha=dark), dst=under)


def _to_stamp(
    x_px: np.ndarray, y_px: np.ndarray, radius_px: np.ndarray, stretch: np.ndarray, turn: np.ndarray, side: np.ndarray
) -> np.ndarray:
    """Give the maps from a patch's pixels to a stamp's, shape (nuclei, 2, 3)."""
    scale = side / (2 * _REACH) / radius_px
    along, across = scale / np.sqrt(stretch), scale * np.sqrt(stretch)
    cosine, sine = np.cos(turn), np.sin(turn)
    maps = np.empty((len(x_px), 2, 3))
    maps[:, 0, 0], maps[:, 0, 1] = along * cosine, along * sine
    maps[:, 1, 0], maps[:, 1, 1] = -across * sine, across * cosine
    middle = (side - 1) / 2
    maps[:, 0, 2] = middle - maps[:, 0, 0] * x_px - maps[:, 0, 1] * y_px
    maps[:, 1, 2] = middle - maps[:, 1, 0] * x_px - maps[:, 1, 1] * y_px
    return maps


def _choose_stamps(
    keys: np.ndarray, irregularity: np.ndarray, vesicular: np.ndarray, nucleolus: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Choose variant, irregularity, chromatin and nucleolus: between two drawn steps by chance, so that means hold."""
    variant = (uniform(keys, 101) * _VARIANTS).astype(np.int64)

    def step(value: np.ndarray, steps: tuple[float, ...], stream: int) -> np.ndarray:
        place = np.interp(value, steps, np.arange(len(steps)))
        return np.asarray(np.minimum(place + uniform(keys, stream), len(steps) - 1), np.int64)

    return (
        variant,
        step(irregularity, _IRREGULARITIES, 102),
        step(vesicular, _CHROMATINS, 103),
        step(nucleolus, _NUCLEOLI, 104),
    )


@lru_cache(maxsize=1)
def _eosin_in_nucleus() -> tuple[np.ndarray, np.ndarray]:
    """Give the most eosin that stays under each level of a nucleus, and the least."""
    most = np.clip(255 - 14 * np.arange(256), _EOSIN_IN_NUCLEUS, 255)
    least = np.clip(0.35 * np.arange(256), 0, _EOSIN_IN_NUCLEUS)
    return np.asarray(most, np.uint8), np.asarray(least, np.uint8)


@lru_cache(maxsize=4096)
def _stamp(variant: int, irregularity: int, chromatin: int, nucleolus: int, level: int) -> np.ndarray:
    """Draw a nucleus, or halve a drawn one ``level`` times."""
    if level > 0:
        larger = _stamp(variant, irregularity, chromatin, nucleolus, level - 1)
        side = larger.shape[0] // 2
        return cv2.resize(larger, (side, side), interpolation=cv2.INTER_AREA)
    random = np.random.default_rng([variant, irregularity, chromatin, nucleolus])
    axis = (np.arange(_SIDE, dtype=np.float32) - (_SIDE - 1) / 2) * (2 * _REACH / _SIDE)
    x, y = np.meshgrid(axis, axis)
    depth = _depth_below_contour(x, y, _IRREGULARITIES[irregularity], random)
    inside = np.clip(depth / 0.16 + 0.5, 0, 1)
    density = _chromatin(depth, _CHROMATINS[chromatin], random)
    if nucleolus > 0:
        dark = _nucleoli(x, y, _NUCLEOLI[nucleolus], random)
        density = density * (1 - 0.35 * _CHROMATINS[chromatin] * np.clip(depth * 3, 0, 1)) + 1.6 * dark
    density *= HAEMATOXYLIN_LEVEL / float((density * inside).sum() / inside.sum())
    return np.asarray(np.clip(density * inside, 0, 255), np.uint8)


def _depth_below_contour(x: np.ndarray, y: np.ndarray, irregularity: float, random: np.random.Generator) -> np.ndarray:
    """Give the depth below a contour with the unit circle's area, in radii, negative outside."""
    angle = np.arctan2(y, x)
    contour = np.ones_like(x)
    square = 1.0
    for order, weight in ((2, 0.05), (3, 0.07), (4, 0.04), (5, 0.03), (7, 0.015)):
        size = weight * (0.15 + 1.35 * irregularity) * random.uniform(0.5, 1.4)
        contour += size * np.cos(order * angle + random.uniform(0, 2 * np.pi))
        square += 0.5 * size**2
    if irregularity > 0.6:
        notch = np.angle(np.exp(1j * (angle - random.uniform(0, 2 * np.pi))))
        contour -= (irregularity - 0.45) * random.uniform(0.2, 0.9) * np.exp(-((notch / 0.35) ** 2))
    contour /= np.sqrt(square)
    return np.asarray(contour - np.hypot(x, y), np.float32)


def _chromatin(depth: np.ndarray, vesicular: float, random: np.random.Generator) -> np.ndarray:
    def noise(sigma: float) -> np.ndarray:
        field = cv2.GaussianBlur(random.standard_normal(depth.shape).astype(np.float32), (0, 0), sigma)
        return np.asarray(field / field.std())

    grain, clumps = noise(1.6), noise(4.0)
    dense = 1.0 + 0.23 * grain + 0.31 * clumps
    clear = 0.45 + 0.08 * grain + 1.1 * np.clip(clumps - 0.8, 0, 1)
    rim = np.exp(-(((depth - 0.05) / 0.09) ** 2))
    mixed = (1 - vesicular) * dense + vesicular * clear + (0.18 + 0.90 * vesicular) * rim
    return np.asarray(np.maximum(mixed, 0.25), np.float32)


def _nucleoli(x: np.ndarray, y: np.ndarray, size: float, random: np.random.Generator) -> np.ndarray:
    """Give soft discs of the nucleolus's relative diameter: one, rarely two."""
    discs = np.zeros_like(x)
    for _ in range(1 + int(random.random() < 0.2)):
        distance, angle = random.uniform(0.0, 0.35), random.uniform(0, 2 * np.pi)
        apart = np.hypot(x - distance * np.cos(angle), y - distance * np.sin(angle))
        discs = np.maximum(discs, np.clip((size - apart) / 0.10 + 0.5, 0, 1))
    return discs
