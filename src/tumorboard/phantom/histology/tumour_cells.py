"""Paint the tumour's cells: cytoplasm, borders and nuclei."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.architecture import Alveoli
from tumorboard.phantom.histology.habit import Habit
from tumorboard.phantom.histology.lattice import SmoothField, uniform
from tumorboard.phantom.histology.mosaic import Mosaic, pair_keys
from tumorboard.phantom.histology.nuclei import paint_nuclei
from tumorboard.phantom.histology.septa import PlaceMap
from tumorboard.phantom.histology.strokes import (
    curved,
    draw_lines,
    draw_strokes,
    fill_polygons,
    ramp,
    saturating,
    soften,
    uneven,
)
from tumorboard.phantom.histology.tumour_texture import Texture, texture_over
from tumorboard.phantom.histology.window import Canvas
from tumorboard.phantom.patients.patient import HistologyFactors

_ARCHITECTURES = (0.0, 0.25, 0.5, 0.75, 1.0)
_NEST_BORDERS = (1.0, 0.69, 0.47, 0.305, 0.19)
"""Measured part of the length of the borders between alveoli that lies between nests."""
_SHEATH_UM = (1.2, 1.6, 2.2, 2.2, 1.4)
_CLEFT_UM = 1.5
"""Mean width of the cleft along a border between alveoli where every one has a cleft."""
_SLIT_SHARE, _SLIT_UM = 0.22, 2.2
"""In sheets the white of the clefts lies between single cells: part of the borders, and mean width."""
_GRADES, _DIAMETERS_UM = (0.0, 0.35, 0.65, 1.0), (6.6, 7.7, 9.3, 11.6)
_NUCLEAR_AREA_UM2 = 57.0
"""Mean area of a nucleus at a middle grade."""
_FEWER, _PALER = 0.15, 0.60
"""Larger nuclei are fewer and paler: by their area to the power of minus these."""


def paint_cytoplasm(canvas: Canvas, cells: Mosaic, groups: Alveoli, manner: Habit) -> None:
    """Paint threads of cytoplasm between clear vacuoles; some cells are granular."""
    window = canvas.window
    granular = uniform(cells.keys, 81) < manner.granular
    tone = np.where(granular, 0.45 + 0.3 * uniform(cells.keys, 82), 0.10 + 0.6 * uniform(cells.keys, 82) ** 2)
    tone *= 0.4 + 1.2 * uniform(groups.nest[cells.alveolus], 87)
    levels = np.asarray(np.clip(np.round(tone * 12), 1, 14) * 16, np.int64)
    tones: np.ndarray = np.full(window.shape, 60, np.uint8)
    fill_polygons(tones, window, cells.corners, cells.outlines, levels)
    tones = soften(tones, window, 1.2)
    density = cv2.multiply(tones, texture_over(window, Texture.WISPS), scale=manner.density / 90)
    canvas.eosin = cv2.LUT(density, saturating(34, 150, 1))
    canvas.haematoxylin = cv2.LUT(density, saturating(27, 160, 0))


def paint_borders(
    canvas: Canvas, cells: Mosaic, groups: Alveoli, architecture: float, manner: Habit, seed: int
) -> None:
    """Paint the membranes between cells, the sheaths of nests and the clefts around papillae."""
    window = canvas.window
    first, second = (cells.alveolus[cells.pairs[:, side]] for side in range(2))
    nests_apart = groups.nest[first] != groups.nest[second]
    cleft = (first != second) & (groups.papillary[first] | groups.papillary[second])
    around = float(np.interp(architecture, _ARCHITECTURES, _NEST_BORDERS))
    slit_share = float(np.interp(architecture, (0.5, 1.0), (0.0, 1.0)))
    keys = pair_keys(cells.keys[cells.pairs[:, 0]], cells.keys[cells.pairs[:, 1]])
    lines = curved(cells.borders, keys, seed)
    layer: np.ndarray = np.zeros(window.shape, np.uint8)
    faint = (uniform(keys, 84) < 0.3) & ~cleft
    draw_lines(layer, window, lines[~faint])
    draw_lines(layer, window, lines[faint], 110)
    sheath: np.ndarray = np.zeros(window.shape, np.uint8)
    sheathed = lines[nests_apart | cleft]
    draw_strokes(
        sheath, window, sheathed, np.full(len(sheathed), float(np.interp(architecture, _ARCHITECTURES, _SHEATH_UM)))
    )
    slit = (uniform(keys, 88) < slit_share * _SLIT_SHARE) & ~cleft & ~nests_apart
    cleft |= nests_apart & (slit_share < 1)
    sides = uniform(pair_keys(groups.keys[first[cleft]], groups.keys[second[cleft]]), 85)
    papillary = groups.papillary[first[cleft]] | groups.papillary[second[cleft]]
    width = (
        np.where(papillary, 4.3, _CLEFT_UM * (1 - slit_share) / around)
        * (0.4 + 1.2 * sides)
        * (0.75 + 0.5 * uniform(keys[cleft], 86))
    )
    gap: np.ndarray = np.zeros(window.shape, np.uint8)
    pieces, width = uneven(lines[cleft], width, seed)
    draw_strokes(sheath, window, pieces, width + 2.0)
    draw_strokes(gap, window, pieces, width)
    draw_strokes(gap, window, lines[slit], _SLIT_UM * (0.4 + 1.2 * uniform(keys[slit], 86)))
    sigma = 0.35 / window.mpp
    layer = cv2.GaussianBlur(layer, (2 * round(1.5 * sigma) + 1,) * 2, sigma)
    layer = cv2.LUT(layer, ramp(0.55 / window.mpp, 0))
    cv2.add(canvas.eosin, cv2.LUT(layer, ramp(0.085 * manner.membrane, 0)), dst=canvas.eosin)
    cv2.add(canvas.haematoxylin, cv2.LUT(layer, ramp(0.072 * manner.membrane, 0)), dst=canvas.haematoxylin)
    sheath = soften(sheath, window, 1.2)
    cv2.max(canvas.eosin, cv2.LUT(sheath, ramp(0.12 * manner.membrane, 0)), dst=canvas.eosin)
    cv2.max(canvas.haematoxylin, cv2.LUT(sheath, ramp(0.05 * manner.membrane, 0)), dst=canvas.haematoxylin)
    gap = soften(gap, window, 1.8)
    cv2.min(canvas.eosin, cv2.LUT(gap, ramp(-0.998, 255)), dst=canvas.eosin)
    cv2.min(canvas.haematoxylin, cv2.LUT(gap, ramp(-1.0, 255)), dst=canvas.haematoxylin)


def paint_tumour_nuclei(
    canvas: Canvas, cells: Mosaic, closed: PlaceMap, factors: HistologyFactors, manner: Habit, seed: int
) -> None:
    """Paint the nuclei of the tumour's cells.

    High grade hardly changes how many there are. Its nuclei are larger, and paler by as much: clear, with a dark
    membrane, coarse chromatin and a nucleolus, so that the haematoxylin of all nuclei does not follow the grade.

    Parameters
    ----------
    canvas : Canvas
    cells : Mosaic
    closed : PlaceMap
        No nucleus of a tumour cell lies where this is set (stroma, vessels).
    factors : HistologyFactors
    manner : Habit
    seed : int
    """
    centres, keys = cells.centres, cells.keys
    grade = np.clip(factors.nuclear_grade + 0.10 * SmoothField(seed + 41, 300.0).at(centres[:, 0], centres[:, 1]), 0, 1)
    mean = np.interp(grade, _GRADES, _DIAMETERS_UM)
    spread = 0.06 + 0.22 * grade**1.5
    area = np.pi / 4 * mean**2 * (1 + spread**2)
    usual = manner.nuclear_share * manner.cell_area_um2(0.5) / _NUCLEAR_AREA_UM2
    shown = uniform(keys, 91) < usual * (area / _NUCLEAR_AREA_UM2) ** -_FEWER
    paler = (area / _NUCLEAR_AREA_UM2) ** -_PALER
    places = centres + 5.0 * np.stack([uniform(keys, 92) - 0.5, uniform(keys, 93) - 0.5], axis=1)
    shown &= ~closed.at(places)
    cut = uniform(keys, 97)
    darkness = np.where(cut < 0.10, 0.55, np.where(cut < 0.2, 1.4, 0.8 + 0.35 * uniform(keys, 98)))
    size = np.where((cut >= 0.10) & (cut < 0.2), 0.85, 1.0)
    diameter = size * mean * np.exp(spread * 3.46 * (uniform(keys, 94) - 0.5) - spread**2 / 2)
    flow_share = np.clip(cells.drawn_out - 1, 0, 1.2)
    paint_nuclei(
        canvas,
        places[shown, 0],
        places[shown, 1],
        keys[shown],
        diameter_um=diameter[shown],
        elongation=(1.02 + 0.35 * uniform(keys, 95) + 0.7 * flow_share)[shown],
        angle=np.where(flow_share > 0.25, cells.direction, np.pi * uniform(keys, 96))[shown],
        irregularity=np.clip(grade**1.3 * (0.6 + 0.4 * uniform(keys, 90)) + (size < 1) * 0.4, 0, 1)[shown],
        darkness=(manner.darkness * paler * darkness)[shown],
        vesicular=np.clip(0.35 * uniform(keys, 99) + grade - 0.2, 0, 1)[shown],
        nucleolus_um=np.interp(grade, (0, 0.2, 0.35, 0.65, 1), (0, 0, 0.8, 2.0, 3.4))[shown],
    )
