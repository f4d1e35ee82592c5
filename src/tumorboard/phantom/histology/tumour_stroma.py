"""Paint what lies between the tumour's cells: stroma, vessel walls and their nuclei."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.habit import Habit
from tumorboard.phantom.histology.lattice import SmoothField, hashed, jittered_points, uniform
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.septa import Fibres, PlaceMap
from tumorboard.phantom.histology.strokes import draw_lines, draw_strokes, ramp, soften, uneven
from tumorboard.phantom.histology.tumour_texture import Texture, texture_over
from tumorboard.phantom.histology.vessels import Vessels, endothelium, wall_density
from tumorboard.phantom.histology.window import Canvas


def paint_stroma(canvas: Canvas, stroma_map: PlaceMap, fibres: Fibres) -> None:
    """Paint collagen fibres where the map of the stroma is set."""
    window = canvas.window
    stroma = cv2.LUT(stroma_map.over(window), ramp(2.5, -190))
    layer = cv2.LUT(texture_over(window, Texture.FIBRES), ramp(0.11, 4))
    part = hashed(fibres.keys, 5) % np.uint64(4)
    for number, level in enumerate((5, 18, 36, 54)):
        draw_lines(layer, window, fibres.lines[part == number], level)
    layer = soften(layer, window, 0.8)
    free = cv2.bitwise_not(stroma)
    for name, share in (("eosin", 0.80), ("haematoxylin", 0.34)):
        below = cv2.multiply(getattr(canvas, name), free, scale=1 / 255)
        setattr(canvas, name, cv2.add(below, cv2.multiply(layer, stroma, scale=share / 255)))


def paint_vessels(canvas: Canvas, vessels: Vessels, vascular_pattern: float, seed: int) -> None:
    """Paint walls and clear lumina."""
    window, paler = canvas.window, wall_density(vascular_pattern)
    wall, lumen = np.zeros(window.shape, np.uint8), np.zeros(window.shape, np.uint8)
    pieces, outer = uneven(vessels.lines, vessels.lumen_um + 2 * vessels.wall_um, seed)
    draw_strokes(wall, window, pieces, outer)
    pieces, inner = uneven(vessels.lines, vessels.lumen_um, seed)
    draw_strokes(lumen, window, pieces, inner)
    wall, lumen = soften(wall, window, 1.0), soften(lumen, window, 1.0)
    cv2.max(canvas.eosin, cv2.LUT(wall, ramp(0.155 * paler, 0)), dst=canvas.eosin)
    cv2.max(canvas.haematoxylin, cv2.LUT(wall, ramp(0.055 * paler, 0)), dst=canvas.haematoxylin)
    cv2.min(canvas.eosin, cv2.LUT(lumen, ramp(-0.985, 255)), dst=canvas.eosin)
    cv2.min(canvas.haematoxylin, cv2.LUT(lumen, ramp(-0.993, 255)), dst=canvas.haematoxylin)


def paint_other_nuclei(
    canvas: Canvas, fibres: Fibres, vessels: Vessels, stroma: PlaceMap, manner: Habit, seed: int
) -> None:
    """Paint the nuclei of endothelium, of the stroma's spindle cells and of lymphocytes."""
    places, angle, keys = endothelium(vessels, 1 / 38)
    paint_nuclei(
        canvas,
        places[:, 0],
        places[:, 1],
        keys,
        diameter_um=4.4 + 1.2 * uniform(keys, 45),
        elongation=2.8 + 2.0 * uniform(keys, 46),
        angle=angle,
        irregularity=0.3,
        darkness=manner.darkness * (0.85 + 0.4 * uniform(keys, 47)),
    )
    chosen = (uniform(fibres.keys, 67) < 0.075) & stroma.at(fibres.lines[:, 1])
    lines, keys = fibres.lines[chosen], fibres.keys[chosen]
    along = lines[:, 2] - lines[:, 0]
    paint_nuclei(
        canvas,
        lines[:, 1, 0],
        lines[:, 1, 1],
        keys,
        diameter_um=4.6 + 1.6 * uniform(keys, 68),
        elongation=1.8 + 2.4 * uniform(keys, 69),
        angle=np.arctan2(along[:, 1], along[:, 0]),
        irregularity=0.3,
        darkness=manner.darkness * (0.75 + 0.4 * uniform(keys, 60)),
        vesicular=0.3,
    )
    _paint_lymphocytes(canvas, stroma, manner, seed)


def _paint_lymphocytes(canvas: Canvas, stroma: PlaceMap, manner: Habit, seed: int) -> None:
    points = jittered_points(canvas.window, 11.0, seed + 51, margin_um=6.0)
    crowding = np.exp(1.2 * SmoothField(seed + 52, 90.0).at(points.x_um, points.y_um) - 0.5)
    weight = np.where(stroma.at(points.places), 3.0, 0.6)
    points = points.only(uniform(points.keys, 53) < manner.lymphocytes * 0.105 * crowding * weight)
    keys = points.keys
    paint_nuclei(
        canvas,
        points.x_um,
        points.y_um,
        keys,
        diameter_um=5.2 + uniform(keys, 54),
        elongation=1.0 + 0.2 * uniform(keys, 55),
        angle=np.pi * uniform(keys, 56),
        irregularity=0.15,
        darkness=1.25 * manner.darkness,
    )
