"""The painter of clear cell renal cell carcinoma."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.histology.architecture import Flow, alveoli, cores
from tumorboard.phantom.histology.habit import compensated, habit
from tumorboard.phantom.histology.lattice import hashed
from tumorboard.phantom.histology.mosaic import lay_mosaic
from tumorboard.phantom.histology.septa import lay_fibres, lay_septa, stroma_map, with_cores
from tumorboard.phantom.histology.strokes import ramp
from tumorboard.phantom.histology.tumour_cells import paint_borders, paint_cytoplasm, paint_tumour_nuclei
from tumorboard.phantom.histology.tumour_stroma import paint_other_nuclei, paint_stroma, paint_vessels
from tumorboard.phantom.histology.tumour_texture import Texture, texture_over, wavering
from tumorboard.phantom.histology.vessels import border_vessels, closed_map, core_vessels, joined, paint_red_cells
from tumorboard.phantom.histology.window import Canvas, Window
from tumorboard.phantom.patients.patient import HistologyFactors

_MARGIN_UM = 22.0
"""How far outside a window something may lie that reaches into it."""
_RIM_PX = 8
"""Painted around a window and cut off: layers are blurred, and a blur at an edge lacks what lies beyond it."""


def paint_tumour(canvas: Canvas, where: np.ndarray, factors: HistologyFactors, seed: int) -> None:
    """Paint tumour tissue.

    Parameters
    ----------
    canvas : Canvas
        Painted on.
    where : ndarray of uint8, shape (height, width)
        255 where tumour lies; the rest of the canvas stays.
    factors : HistologyFactors
        Change shape and arrangement; the amount of the dyes stays.
    seed : int
        Names the patient's tumour: the same seed gives the same tissue in every window.
    """
    left, top, width, height = cv2.boundingRect(where)
    if width == 0 or height == 0:
        return
    window = canvas.window.part(left - _RIM_PX, top - _RIM_PX, width + 2 * _RIM_PX, height + 2 * _RIM_PX)
    painted = _painted(window, factors, seed)
    box = np.s_[top : top + height, left : left + width]
    for name in ("haematoxylin", "eosin", "erythrocyte"):
        cv2.copyTo(getattr(painted, name)[_RIM_PX:-_RIM_PX, _RIM_PX:-_RIM_PX], where[box], getattr(canvas, name)[box])


def _painted(window: Window, factors: HistologyFactors, seed: int) -> Canvas:
    canvas = Canvas(window)
    manner = compensated(habit(seed), factors)
    flow = Flow(seed + 1, 0.16 + 0.90 * max(0.0, factors.architecture - 0.5), 60.0)
    region = flow.laid_out(window, _MARGIN_UM)
    groups = alveoli(region, factors.architecture, seed)
    cells = lay_mosaic(region, manner.cell_spacing_um(factors.nuclear_grade), groups, flow, seed)
    core_lines, core_owner = cores(groups, flow)
    core_keys = hashed(groups.keys[core_owner], 7) + np.arange(len(core_owner)).astype(np.uint64) % np.uint64(4)
    septa = with_cores(lay_septa(window, factors.stroma_pattern, seed), core_lines, core_keys)
    stroma = stroma_map(window, septa, factors.stroma_pattern)
    fibres = lay_fibres(septa)
    vessels = joined(
        border_vessels(cells, groups, factors.vascular_pattern, seed),
        core_vessels(core_lines, groups.keys[core_owner], core_keys, factors.vascular_pattern, seed),
    )
    paint_cytoplasm(canvas, cells, groups, manner)
    paint_borders(canvas, cells, groups, factors.architecture, manner, seed)
    paint_stroma(canvas, stroma, fibres)
    paint_vessels(canvas, vessels, factors.vascular_pattern, seed)
    paint_red_cells(canvas.erythrocyte, window, vessels, manner.blood)
    layers = [canvas.haematoxylin, canvas.eosin, canvas.erythrocyte]
    canvas.haematoxylin, canvas.eosin, canvas.erythrocyte = wavering(window, layers, 0.30)
    paint_tumour_nuclei(canvas, cells, closed_map(stroma, vessels), factors, manner, seed)
    paint_other_nuclei(canvas, fibres, vessels, stroma, manner, seed)
    cv2.min(canvas.erythrocyte, cv2.LUT(canvas.haematoxylin, ramp(-8.0, 400)), dst=canvas.erythrocyte)
    mottle = cv2.LUT(texture_over(window, Texture.GRAIN, turned=True), ramp(0.55, 45))
    cv2.multiply(canvas.haematoxylin, mottle, dst=canvas.haematoxylin, scale=0.01)
    cv2.multiply(canvas.eosin, mottle, dst=canvas.eosin, scale=0.01)
    return canvas
