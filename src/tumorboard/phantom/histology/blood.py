"""Red blood cells: packed in congested vessels, or loose between the tumour's cells."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.fabric import levels, part_of
from tumorboard.phantom.histology.lattice import SmoothField, jittered_points, uniform
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.scatter import along_contours, lies_in, points_in
from tumorboard.phantom.histology.window import Canvas, Window

_DIAMETER_UM = 6.1
_PACKED_SPACING_UM, _LOOSE_SPACING_UM = 4.9, 5.8
_VARIANTS = 24
_LEVEL = 30.0
_FINE = 4
_LOOSE_SHARE = 0.8
_NUCLEAR_LEVEL = 26
"""Haematoxylin above which a pixel belongs to a nucleus: the blood of a lake lies around it."""
_FREE_UM = 14.0
"""Size of the places in a lake where nuclei lie free."""


@lru_cache(maxsize=8)
def _red_cells(mpp_1e4: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Draw red cells at a scale: the dye's levels, and where they hide what lies below."""
    mpp = mpp_1e4 * 1e-4
    side = int(np.ceil(1.5 * _DIAMETER_UM / mpp)) | 1
    random = np.random.default_rng(51)
    axis = (np.arange(side * _FINE) + 0.5 - side * _FINE / 2) * mpp / _FINE
    x, y = np.meshgrid(axis, axis)
    cells = []
    for _ in range(_VARIANTS):
        turn, stretch = random.uniform(0, np.pi), random.uniform(1.0, 1.2) if random.random() < 0.85 else 1.6
        u = (x * np.cos(turn) + y * np.sin(turn)) / np.sqrt(stretch)
        v = (-x * np.sin(turn) + y * np.cos(turn)) * np.sqrt(stretch)
        angle = np.arctan2(v, u)
        radius = 0.5 * _DIAMETER_UM * random.uniform(0.88, 1.06) * np.ones_like(x)
        for order in (2, 3, 4, 5):
            radius += (
                random.uniform(0, 0.22)
                * np.cos(order * angle + random.uniform(0, 2 * np.pi))
                * 0.5
                * _DIAMETER_UM
                / order
            )
        depth = radius - np.hypot(u, v)
        tone = _LEVEL * random.uniform(0.75, 1.25)
        rim = np.exp(-(((depth - 0.55) / 0.35) ** 2))
        centre = np.clip((depth - 1.6) / 1.6, 0, 1)
        shade = 0.16 * np.clip((u * np.cos(turn) + v * np.sin(turn)) / 3, -1, 1)
        level = tone * (0.94 + 0.25 * rim - 0.14 * centre * random.uniform(0, 1.5) + shade)
        # a paler line parts a cell from those it lies on
        level *= np.clip((depth + 0.25) / 0.45, 0, 1) * 0.6 + 0.4
        level[depth < -0.25] = 0
        small = cv2.resize(level.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        cells.append((np.rint(small).astype(np.uint8), small > 0.35 * tone))
    return tuple(cells)


def _set_cells(canvas: Canvas, x_px: np.ndarray, y_px: np.ndarray, keys: np.ndarray) -> None:
    bank = _red_cells(round(canvas.window.mpp * 1e4))
    half = bank[0][0].shape[0] // 2
    height, width = canvas.window.shape
    columns, rows = np.rint(x_px).astype(np.int64), np.rint(y_px).astype(np.int64)
    variants = (uniform(keys, 81) * _VARIANTS).astype(np.int64)
    whole = (columns >= half) & (rows >= half) & (columns < width - half) & (rows < height - half)
    target = canvas.erythrocyte
    for column, row, variant, is_whole in zip(
        columns.tolist(), rows.tolist(), variants.tolist(), whole.tolist(), strict=True
    ):
        level, covers = bank[variant]
        left, top = column - half, row - half
        if not is_whole:
            cut_left, cut_top = max(0, -left), max(0, -top)
            rows_left, columns_left = max(0, height - top), max(0, width - left)
            level, covers = (part[cut_top:rows_left, cut_left:columns_left] for part in (level, covers))
            left, top = left + cut_left, top + cut_top
        size_y, size_x = level.shape
        if size_x > 0 and size_y > 0:
            np.copyto(target[top : top + size_y, left : left + size_x], level, where=covers)


def paint_vessels(canvas: Canvas, field: np.ndarray, wall_level: int, seed: int) -> None:
    """Paint congested vessels: packed red cells within a smooth wall with flat nuclei.

    Parameters
    ----------
    canvas : Canvas
    field : ndarray of uint8, shape (height, width)
        Falls from the vessels' middle outwards; above 127 is the lumen.
    wall_level : int
        Above it, up to 127, is the wall.
    seed : int
    """
    within = np.asarray(cv2.inRange(field, wall_level + 1, 255))
    part, place = part_of(canvas.window, within)
    if not part.width_px:
        return
    lumen = np.asarray(cv2.inRange(field[place], 128, 255))
    tables = _wall(wall_level)
    for dye, table in zip((canvas.eosin[place], canvas.haematoxylin[place]), tables, strict=True):
        cv2.copyTo(cv2.LUT(field[place], table), within[place], dye)
    np.copyto(canvas.erythrocyte[place], np.uint8(0), where=within[place] > 0)
    vessels = Canvas(part)
    cells = points_in(part, lumen, _PACKED_SPACING_UM, seed, margin_um=_DIAMETER_UM, jitter=0.7)
    _set_cells(vessels, *part.pixels(cells.x_um, cells.y_um), cells.keys)
    _lay_over(canvas, place, cv2.bitwise_and(vessels.erythrocyte, lumen))
    _paint_endothelium(canvas, part, cv2.subtract(within[place], lumen), field[place], seed)


@lru_cache(maxsize=2)
def _wall(wall_level: int) -> tuple[np.ndarray, np.ndarray]:
    """Give eosin and haematoxylin over a vessel's field: plasma, the dense inner coat, the fading outer one."""
    level = np.arange(256)
    coat = 0.7 * np.exp(-(((level - 106) / 22) ** 2)) + 0.5 * np.clip((level - wall_level) / 40, 0, 1) * (level < 128)
    return levels(6 + 14 * coat), levels(1 + 3 * coat)


def _paint_endothelium(canvas: Canvas, part: Window, wall: np.ndarray, field: np.ndarray, seed: int) -> None:
    points = jittered_points(part, 5.0, seed + 1, margin_um=0.0, jitter=1.0)
    x, y = part.pixels(points.x_um, points.y_um)
    chosen = lies_in(wall, x, y) & (uniform(points.keys, 83) < 0.22)
    if min(part.shape) < 3 or not chosen.any():
        return
    paint_nuclei(
        canvas,
        points.x_um[chosen],
        points.y_um[chosen],
        points.keys[chosen],
        diameter_um=4.6,
        elongation=3.2,
        angle=along_contours(field, x[chosen], y[chosen]),
        darkness=0.95,
    )


def paint_lakes(canvas: Canvas, where: np.ndarray, seed: int) -> None:
    """Paint blood outside the vessels: loose red cells that push the tumour's cells apart.

    Parameters
    ----------
    canvas : Canvas
        The tumour is painted already: what lies under a lake shows through its gaps, faintly.
    where : ndarray of uint8, shape (height, width)
        0 or 255.
    seed : int
    """
    spilt = cv2.dilate(where, np.ones((3, 3), np.uint8), iterations=max(1, round(3 / canvas.window.mpp)))
    part, place = part_of(canvas.window, spilt)
    if not part.width_px:
        return
    eosin, haematoxylin = canvas.eosin[place], canvas.haematoxylin[place]
    # half of the nuclei lie free, the others under blood: as many as a vessel of that much blood displaces
    nuclei = (haematoxylin > _NUCLEAR_LEVEL) & (SmoothField(seed + 1, _FREE_UM).over(part) > 0.05)
    washed = (where[place] > 0) & ~nuclei
    np.copyto(eosin, cv2.convertScaleAbs(eosin, alpha=0.45, beta=5), where=washed)
    np.copyto(haematoxylin, cv2.convertScaleAbs(haematoxylin, alpha=0.45), where=washed)
    lakes = Canvas(part)
    cells = points_in(part, where[place], _LOOSE_SPACING_UM, seed, margin_um=_DIAMETER_UM, jitter=1.0)
    cells = cells.only(uniform(cells.keys, 82) < _LOOSE_SHARE)
    _set_cells(lakes, *part.pixels(cells.x_um, cells.y_um), cells.keys)
    lakes.erythrocyte[nuclei] = 0
    _lay_over(canvas, place, lakes.erythrocyte)


def _lay_over(canvas: Canvas, place: tuple[slice, slice], cells: np.ndarray) -> None:
    """Lay red cells over what is there; they displace the other dyes."""
    over = cells > 0
    np.copyto(canvas.erythrocyte[place], cells, where=over)
    np.copyto(canvas.eosin[place], np.uint8(10), where=over)
    np.copyto(canvas.haematoxylin[place], np.uint8(1), where=over)
