"""Coagulative necrosis and hyaline tissue: the same dyes in two arrangements."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.cells import periodic_cells
from tumorboard.phantom.histology.fabric import NATIVE_MPP, Fabric, displaced, levels, paint_fabric, periodic_noise
from tumorboard.phantom.histology.scatter import scatter_nuclei
from tumorboard.phantom.histology.window import Canvas

_SIZE = 1024
_EOSIN_MEAN, _EOSIN_SD = 15.0, 5.9
"""Levels of eosin of both tissues over pixels of 1 µm."""
_BLAND_SPACING_UM = 32.0
_DUST_CLUSTERS = 620


def _of_mean_and_sd(values: np.ndarray, mean: float, sd: float) -> np.ndarray:
    """Scale values to a mean and to a standard deviation over pixels of 1 µm, the scale of the tumour's tiles."""
    side = int(values.shape[0] * NATIVE_MPP)
    for _ in range(6):
        small = cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)
        values = np.maximum((values - small.mean()) / small.std() * sd + mean, 0)
    return levels(values)


@lru_cache(maxsize=1)
def _necrosis_fabric() -> Fabric:
    """Make coagulative necrosis: ghosts of cells, granular debris, cracks and the dust of burst nuclei."""
    depth, tone = periodic_cells(_SIZE, 9.5, seed=21)
    grain = periodic_noise(_SIZE, (0.30, 0.30), 22)
    clumps = periodic_noise(_SIZE, (0.9, 0.9), 23)
    fields = periodic_noise(_SIZE, (9.0, 9.0), 24)
    shift_x, shift_y = (1.1 * periodic_noise(_SIZE, (1.6, 1.6), seed) for seed in (28, 29))
    depth, tone = displaced(depth, shift_x, shift_y), displaced(tone, shift_x, shift_y)
    # cracks run between the ghosts and through the debris of those that fell apart
    crumbled = np.clip((0.62 - tone) * 3, 0, 1) * (0.75 + 0.35 * fields)
    gaps = 0.45 * depth - 0.55 + 0.42 * periodic_noise(_SIZE, (2.0, 2.0), 25) + 0.50
    debris = np.abs(periodic_noise(_SIZE, (1.0, 1.0), 30)) + 0.55 * clumps + 0.55
    solid = np.clip(np.minimum(gaps / 0.5 + 0.55, np.where(crumbled > 0.25, debris / 0.5 + 0.1, 1.0)), 0.08, 1)
    outline = np.exp(-(((depth - 1.1) / 0.5) ** 2)) * np.clip((tone - 0.66) * 5, 0, 1)
    body = np.clip((tone - 0.8) * 8, 0, 1) * np.clip(depth - 0.6, 0, 1)
    eosin = 19 + 3.4 * grain + 2.6 * clumps + 4.2 * fields + 5.0 * body + 6.0 * outline
    haze = np.clip(periodic_noise(_SIZE, (4.5, 4.5), 27) - 1.3, 0, 1.2) * (7 + 3.5 * clumps)
    blue = (4.2 + 1.3 * grain + 0.9 * clumps + 2.5 * outline + haze) * (0.25 + 0.75 * solid)
    haematoxylin = np.maximum(cv2.GaussianBlur(_dust(), (0, 0), 0.9), blue)
    soft = cv2.GaussianBlur(eosin * solid, (0, 0), 0.8)
    return Fabric(_of_mean_and_sd(soft, _EOSIN_MEAN, 1.06 * _EOSIN_SD), levels(haematoxylin))


def _dust() -> np.ndarray:
    """Give the fragments of burst nuclei: many specks, some in clusters, few round and dense."""
    border = 16
    dust = np.zeros((_SIZE + 2 * border, _SIZE + 2 * border), np.float32)
    random = np.random.default_rng(26)
    specks = []
    for x, y in random.uniform(0, _SIZE, (_DUST_CLUSTERS, 2)):
        for _ in range(1 + random.poisson(2.2)):
            radius_um = random.uniform(0.25, 0.65) if random.random() < 0.88 else random.uniform(0.8, 1.6)
            column = float(np.mod(x + random.normal(0, 2.6 / NATIVE_MPP), _SIZE))
            row = float(np.mod(y + random.normal(0, 2.6 / NATIVE_MPP), _SIZE))
            specks.append((random.uniform(26, 62), column, row, radius_um / NATIVE_MPP))
    # the darkest last: a pale one does not bite into it
    for tone, column, row, radius in sorted(specks):
        for left in (-_SIZE, 0, _SIZE):
            for above in (-_SIZE, 0, _SIZE):
                centre = round(16 * (column + left + border)), round(16 * (row + above + border))
                cv2.circle(dust, centre, round(16 * radius), tone, -1, cv2.LINE_AA, 4)
    dust = np.ascontiguousarray(dust[border:-border, border:-border])
    return displaced(dust, *(0.35 * periodic_noise(_SIZE, (0.8, 0.8), seed) for seed in (261, 262)))


@lru_cache(maxsize=1)
def _hyaline_fabric() -> Fabric:
    """Make hyaline and oedematous tissue: smooth ground, wispy fibres, pale pools; its nuclei are painted apart."""
    bend_x, bend_y = (6.0 * periodic_noise(_SIZE, (16.0, 16.0), seed) for seed in (31, 32))
    ground = displaced(periodic_noise(_SIZE, (8.0, 2.6), 33), bend_x, bend_y)
    grain = periodic_noise(_SIZE, (0.30, 0.30), 34)
    pools = periodic_noise(_SIZE, (3.6, 3.6), 35) + 0.7 * displaced(
        periodic_noise(_SIZE, (6.0, 1.6), 36), bend_x, bend_y
    )
    threads = wisps(_SIZE, bend_x, bend_y, seed=300, width=0.20)
    solid = np.clip((pools + 1.35) / 1.1, 0.10, 1)
    eosin = (16 + 2.2 * ground + 1.2 * grain) * solid + 6.0 * threads
    haematoxylin = (4.9 + 0.9 * grain) * (0.35 + 0.65 * solid) + 3.2 * threads
    soft = cv2.GaussianBlur(eosin, (0, 0), 0.8)
    return Fabric(_of_mean_and_sd(soft, _EOSIN_MEAN, _EOSIN_SD), levels(haematoxylin))


def wisps(size_px: int, bend_x: np.ndarray, bend_y: np.ndarray, *, seed: int, width: float) -> np.ndarray:
    """Give thin wavy threads in three crossing layers (0 to 1 each): the zero lines of drawn-out noise."""
    threads = np.zeros((size_px, size_px), np.float32)
    for layer, (turn_x, turn_y) in enumerate(((1.0, 1.0), (-0.7, 1.3), (1.5, -0.8))):
        curl = 1.3 * periodic_noise(size_px, (3.5, 3.5), seed + 10 * layer)
        noise = displaced(
            periodic_noise(size_px, (5.0, 1.0 + 0.25 * layer), seed + 10 * layer + 1),
            turn_x * bend_x,
            turn_y * bend_y + curl,
        )
        strength = np.clip(0.55 + 0.5 * periodic_noise(size_px, (3.0, 3.0), seed + 10 * layer + 2), 0, 1)
        threads += strength * np.clip(1 - np.abs(noise) / width, 0, 1)
    return threads


def paint_necrosis(canvas: Canvas, where: np.ndarray, angle: float) -> None:
    """Paint coagulative necrosis into a mask (0 or 255)."""
    paint_fabric(canvas, where, _necrosis_fabric(), angle)


def paint_hyaline(canvas: Canvas, where: np.ndarray, angle: float, seed: int) -> None:
    """Paint hyaline tissue and its small bland nuclei into a mask (0 or 255)."""
    paint_fabric(canvas, where, _hyaline_fabric(), angle)
    scatter_nuclei(canvas, where, _BLAND_SPACING_UM, seed, diameter_um=4.7, elongation=1.9, angle=angle, darkness=0.7)
