"""Fibrous tissue, and lymphocytes in it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.fabric import Fabric, displaced, levels, paint_fabric, part_of, periodic_noise
from tumorboard.phantom.histology.lattice import uniform
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.pink import wisps
from tumorboard.phantom.histology.scatter import points_in, scatter_nuclei
from tumorboard.phantom.histology.window import Canvas

_SIZE = 1024
_FIBROBLAST_SPACING_UM = 23.0
_LYMPHOCYTE_SPACING_UM = 7.6


@lru_cache(maxsize=1)
def _collagen_fabric() -> Fabric:
    """Make collagen: wavy pink fibres in bundles, with clefts between them."""
    bend_x, bend_y = (7.0 * periodic_noise(_SIZE, (15.0, 15.0), seed) for seed in (41, 42))
    bend_y = bend_y + 1.6 * periodic_noise(_SIZE, (5.0, 5.0), 43)
    fibres = displaced(periodic_noise(_SIZE, (4.5, 0.32), 44), bend_x, bend_y)
    bundles = displaced(periodic_noise(_SIZE, (11.0, 2.4), 46), bend_x, bend_y)
    grain = periodic_noise(_SIZE, (0.28, 0.28), 47)
    clefts = displaced(periodic_noise(_SIZE, (6.0, 1.1), 48), bend_x, bend_y) + 0.6 * periodic_noise(
        _SIZE, (7.0, 7.0), 49
    )
    threads = wisps(_SIZE, bend_x, bend_y, seed=400, width=0.22)
    solid = np.clip((clefts + 1.25) / 0.9, 0.05, 1)
    eosin = (16.5 + 2.6 * fibres + 4.2 * bundles + 1.4 * grain) * solid + 5.5 * threads
    haematoxylin = (3.4 + 1.3 * fibres + 0.8 * grain) * (0.3 + 0.7 * solid) + 3.6 * threads
    return Fabric(levels(cv2.GaussianBlur(eosin, (0, 0), 0.8)), levels(cv2.GaussianBlur(haematoxylin, (0, 0), 0.7)))


def paint_stroma(canvas: Canvas, where: np.ndarray, angle: float, seed: int) -> None:
    """Paint collagen and its fibroblasts into a mask (0 or 255), the fibres along an angle in radians."""
    paint_fabric(canvas, where, _collagen_fabric(), angle)
    scatter_nuclei(
        canvas, where, _FIBROBLAST_SPACING_UM, seed, diameter_um=5.6, elongation=2.8, angle=angle, darkness=0.8
    )


def paint_lymphocytes(canvas: Canvas, where: np.ndarray, angle: float, seed: int) -> None:
    """Paint a dense aggregate of lymphocytes in fibrous tissue into a mask (0 or 255)."""
    paint_fabric(canvas, where, _collagen_fabric(), angle)
    part, place = part_of(canvas.window, where)
    if not part.width_px:
        return
    points = points_in(part, where[place], _LYMPHOCYTE_SPACING_UM, seed, margin_um=4.0, jitter=0.75)
    points = points.only(uniform(points.keys, 71) < 0.9)
    keys = points.keys
    paint_nuclei(
        canvas,
        points.x_um,
        points.y_um,
        keys,
        diameter_um=5.6 + 1.4 * uniform(keys, 72),
        elongation=1 + 0.25 * uniform(keys, 73),
        angle=np.pi * uniform(keys, 74),
        irregularity=0.15,
        darkness=0.75 + 0.35 * uniform(keys, 75),
    )
