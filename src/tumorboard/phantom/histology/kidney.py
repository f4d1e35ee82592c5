"""Normal kidney cortex: tubules cut across and along, glomeruli, a little interstitium."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.cells import depth_in_cells
from tumorboard.phantom.histology.fabric import Fabric, levels, part_of, periodic_noise
from tumorboard.phantom.histology.grid import FIELD_PER_UM, as_field, brought, grid_around
from tumorboard.phantom.histology.lattice import SmoothField, jittered_points, uniform
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.scatter import along_contours, inner_pixels, lies_in
from tumorboard.phantom.histology.window import Canvas, Window

_GRID_UM = 1.0
_TUBULE_SPACING_UM, _GLOMERULUS_SPACING_UM = 54.0, 430.0
_REACH_UM = 190.0
_DEPTH_PER_UM = 6
_TUFT_BEGINS_UM = 11.0


@dataclass(frozen=True, eq=False)
class _Cortex:
    """Depth below the border of a tubule or glomerulus, depth in a lumen, tone and kind, over a window (uint8)."""

    depth: np.ndarray
    lumen: np.ndarray
    tone: np.ndarray
    glomerulus: np.ndarray


def _seeds(grid: Window, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the middles of tubules and glomeruli; give them, their keys and which are glomeruli, from number 1."""
    tubules = jittered_points(grid, _TUBULE_SPACING_UM, seed, margin_um=0.0, jitter=0.5)
    balls = jittered_points(grid, _GLOMERULUS_SPACING_UM, seed + 1, margin_um=0.0, jitter=0.7)
    kept = uniform(balls.keys, 91) < 0.55
    ball_x, ball_y, ball_keys = balls.x_um[kept], balls.y_um[kept], balls.keys[kept]
    radius = 58 + 22 * uniform(ball_keys, 92)
    apart = np.hypot(tubules.x_um[:, None] - ball_x, tubules.y_um[:, None] - ball_y)
    free = (apart > radius + 30).all(axis=1)
    x_um, y_um, keys = tubules.x_um[free], tubules.y_um[free], tubules.keys[free]
    half = np.where(uniform(keys, 93) < 0.45, 15 + 30 * uniform(keys, 94), 0.0)
    angle = 1.6 * SmoothField(seed + 2, 160.0).at(x_um, y_um)
    seeds = np.zeros(grid.shape, np.int32)
    x, y = grid.pixels(x_um, y_um)
    reach_x, reach_y = half * np.cos(angle) / grid.mpp, half * np.sin(angle) / grid.mpp
    ends = np.rint(np.stack([x - reach_x, y - reach_y, x + reach_x, y + reach_y], axis=1)).astype(int).tolist()
    for number, (left, top, right, bottom) in enumerate(ends, 1):
        cv2.line(seeds, (left, top), (right, bottom), number)
    ball_px = np.stack(grid.pixels(ball_x, ball_y), axis=1)
    for number, (centre, size) in enumerate(zip(ball_px, radius / grid.mpp, strict=True), len(keys) + 1):
        cv2.circle(seeds, tuple(np.rint(centre).astype(int).tolist()), round(float(size)), number, -1)
    all_keys = np.concatenate([keys, ball_keys])
    return seeds, all_keys, np.arange(1, len(all_keys) + 1) > len(keys)


def _cortex(window: Window, seed: int) -> _Cortex:
    grid = grid_around(window, _GRID_UM, _REACH_UM)
    seeds, keys, is_ball = _seeds(grid, seed)
    numbers, depth_px = depth_in_cells(seeds)
    depth = cv2.GaussianBlur(depth_px * grid.mpp, (0, 0), 1.9 / grid.mpp)
    # proximal tubules have tall cells and a narrow lumen, distal ones low cells and an open one
    distal = uniform(keys, 95) < 0.34
    height = np.where(distal, 10 + 4 * uniform(keys, 96), 17 + 10 * uniform(keys, 96))
    height_of = np.concatenate([[50.0], np.where(is_ball, 1000.0, height)]).astype(np.float32)
    tone_of = np.concatenate([[128.0], np.where(distal, 96, 112) + 34 * uniform(keys, 97)]).astype(np.uint8)
    ball_of = np.concatenate([[0], np.where(is_ball, 255, 0)]).astype(np.uint8)
    return _Cortex(
        brought(np.clip(depth * _DEPTH_PER_UM, 0, 255).astype(np.uint8), grid, window),
        brought(as_field(depth - height_of[numbers]), grid, window),
        brought(tone_of[numbers], grid, window),
        brought(ball_of[numbers], grid, window),
    )


@lru_cache(maxsize=1)
def _granules() -> Fabric:
    """Make the granules of the cytoplasm (128: none), and a noise for ragged brush borders beside."""
    fine, coarse = periodic_noise(1024, (0.24, 0.24), 101), periodic_noise(1024, (3.0, 3.0), 102)
    fray = periodic_noise(1024, (0.8, 0.8), 103)
    return Fabric(levels(122 + 24 * fine + 7 * coarse), levels(128 + 7 * fray + 6 * coarse))


@lru_cache(maxsize=1)
def _tables() -> dict[str, np.ndarray]:
    depth = np.arange(256) / _DEPTH_PER_UM
    membrane = np.exp(-(((depth - 1.9) / 0.4) ** 2))
    inside = np.clip((depth - 1.15) / 0.45, 0, 1)
    inside_lumen = (np.arange(256) - 127.5) / FIELD_PER_UM
    open_part = np.clip((inside_lumen + 3.0) / 6.0, 0, 1)
    brush = np.exp(-(((inside_lumen + 1.2) / 0.9) ** 2))
    bowman = np.clip((depth - 3.0) / 0.8, 0, 1) * np.clip((_TUFT_BEGINS_UM - depth) / 0.8, 0, 1)
    return {
        "eosin": levels(11 + 26 * inside + 9 * membrane),
        "haematoxylin": levels(3 + 4.5 * inside + 3 * membrane),
        "cytoplasm": levels(
            255 * (1 - 0.97 * open_part) * (1 - 0.10 * np.clip((inside_lumen + 8) / 4, 0, 1) + 0.10 * brush)
        ),
        "bowman": levels(255 * (1 - bowman)),
    }


def paint_kidney(canvas: Canvas, where: np.ndarray, seed: int) -> None:
    """Paint normal kidney cortex into a mask.

    Parameters
    ----------
    canvas : Canvas
    where : ndarray of uint8, shape (height, width)
        0 or 255.
    seed : int
        Of the slide's kidney.
    """
    part, place = part_of(canvas.window, where)
    if not part.width_px:
        return
    cortex, tables, granules = _cortex(part, seed), _tables(), _granules()
    grain, fray = granules.sample("eosin", part), granules.sample("haematoxylin", part)
    solid = cv2.LUT(cv2.addWeighted(cortex.lumen, 1.0, fray, 1.0, -128.0), tables["cytoplasm"])
    if cortex.glomerulus.any():
        shifted = cv2.addWeighted(cortex.depth, 1.0, fray, 0.8, -102.0)
        cv2.copyTo(cv2.LUT(shifted, tables["bowman"]), cortex.glomerulus, solid)
        tuft = cv2.inRange(cortex.depth, int(_TUFT_BEGINS_UM * _DEPTH_PER_UM) + 1, 255)
        loops = cv2.bitwise_and(tuft, cortex.glomerulus)
        cv2.copyTo(_loops().sample("eosin", part), loops, solid)
    eosin = cv2.multiply(cv2.LUT(cortex.depth, tables["eosin"]), solid, scale=1 / 255)
    eosin = cv2.multiply(cv2.multiply(eosin, grain, scale=1 / 122), cortex.tone, scale=1 / 128)
    blue = cv2.multiply(
        cv2.multiply(cv2.LUT(cortex.depth, tables["haematoxylin"]), solid, scale=1 / 255), grain, scale=1 / 122
    )
    mask = where[place]
    cv2.copyTo(eosin, mask, canvas.eosin[place])
    cv2.copyTo(blue, mask, canvas.haematoxylin[place])
    _paint_epithelium(canvas, part, mask, cortex, seed)


@lru_cache(maxsize=1)
def _loops() -> Fabric:
    """Make a glomerulus's capillary loops: open, pale, parted by pink walls."""
    noise = np.abs(periodic_noise(1024, (1.9, 1.9), 111))
    loops = levels(235 - 150 * np.clip((noise - 0.35) / 0.5, 0, 1))
    return Fabric(loops, loops)


def _paint_epithelium(canvas: Canvas, part: Window, mask: np.ndarray, cortex: _Cortex, seed: int) -> None:
    """Paint the basal round nuclei of tubules, the crowded ones of glomeruli, the flat ones between."""
    points = jittered_points(part, 7.6, seed + 5, margin_um=6.0, jitter=0.7)
    x, y = part.pixels(points.x_um, points.y_um)
    column, row = inner_pixels(x, y, part.shape)
    depth = cortex.depth[row, column] / _DEPTH_PER_UM
    ball = cortex.glomerulus[row, column] > 0
    chance = uniform(points.keys, 98)
    in_cells = (cortex.lumen[row, column] < 118) & ~ball & (depth > 5.4) & (depth < 8.6) & (chance < 0.62)
    in_tuft = ball & (depth > _TUFT_BEGINS_UM + 2) & (chance < 0.62)
    between = (depth < 2.0) & (chance < 0.45)
    chosen = (in_cells | in_tuft | between) & lies_in(mask, x, y)
    keys, flat, crowded = points.keys[chosen], between[chosen], in_tuft[chosen]
    along = along_contours(cortex.depth, x[chosen], y[chosen])
    paint_nuclei(
        canvas,
        points.x_um[chosen],
        points.y_um[chosen],
        keys,
        diameter_um=np.where(flat, 4.4, np.where(crowded, 5.6, 6.8)) * (0.9 + 0.2 * uniform(keys, 99)),
        elongation=np.where(flat, 2.6, 1 + 0.25 * uniform(keys, 100)),
        angle=np.where(flat, along, np.pi * uniform(keys, 101)),
        irregularity=0.1,
        darkness=np.where(crowded | flat, 0.75, 0.68 + 0.3 * uniform(keys, 102)),
        vesicular=np.where(flat, 0.1, 0.45),
        nucleolus_um=np.where(flat | crowded, 0.0, 1.0),
    )
