"""Outlines of a slide's tissues."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.masks import without_corner_contacts
from tumorboard.phantom.histology.tissue import TUMOUR_AREA, Tissue
from tumorboard.phantom.histology.window import Window

_LEAST_AREA_UM2 = 400.0


@dataclass(frozen=True, eq=False)
class Region:
    """An outlined region of a slide.

    Parameters
    ----------
    tissue : Tissue or None
        None for all tissue; ``TUMOUR`` for the tumour's whole area with the foci in it.
    polygon : ndarray of float, shape (points, 2)
        x and y of the outline in µm from the slide's upper left corner, not closed.
    holes : tuple of ndarray
        Outlines of what is left out.
    """

    tissue: Tissue | None
    polygon: np.ndarray
    holes: tuple[np.ndarray, ...]


def trace(codes: np.ndarray, window: Window) -> list[Region]:
    """Trace the outlines in a tissue map.

    Parameters
    ----------
    codes : ndarray of uint8, shape (height, width)
        Codes of `Tissue`.
    window : Window
        Where they lie.

    Returns
    -------
    list of Region
        All tissue, the tumour, then each other tissue; specks below 400 µm² are left out.
    """
    regions = _outlined(codes != Tissue.GLASS, None, window)
    regions += _outlined(np.isin(codes, TUMOUR_AREA), Tissue.TUMOUR, window)
    for tissue in Tissue:
        if tissue not in (Tissue.GLASS, Tissue.TUMOUR):
            regions += _outlined(codes == tissue, tissue, window)
    return regions


def outlines(mask: np.ndarray) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    """Trace a mask by simple rings: none meets itself or another, as QuPath and GEOS ask of a polygon.

    Parameters
    ----------
    mask : ndarray of bool or uint8, shape (rows, columns)
        Not zero inside.

    Returns
    -------
    list of tuple
        For each connected part its outer ring and the rings of its holes: ndarrays of float, shape (points, 2), x and
        y in cells from the mask's upper left corner, not closed.
    """
    joined = without_corner_contacts(mask > 0)
    # drawn twice as large, so that an outline runs between cells and encloses its own
    large = cv2.resize(joined.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, tree = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    rings = [(contour[:, 0, :] + 0.5) / 2 for contour in contours]
    holes: dict[int, list[np.ndarray]] = {}
    for ring, (_, _, _, parent) in zip(rings, tree[0], strict=True):
        if parent >= 0:
            holes.setdefault(int(parent), []).append(ring)
    parents = tree[0][:, 3]
    return [(rings[number], holes.get(number, [])) for number in np.flatnonzero(parents < 0).tolist()]


def _outlined(mask: np.ndarray, tissue: Tissue | None, window: Window) -> list[Region]:
    corner = np.array([window.left_um, window.top_um])
    least_cells = _LEAST_AREA_UM2 / window.mpp**2

    def is_large(ring: np.ndarray) -> bool:
        return len(ring) > 2 and cv2.contourArea(ring.astype(np.float32)) >= least_cells

    return [
        Region(
            tissue, outer * window.mpp + corner, tuple(hole * window.mpp + corner for hole in holes if is_large(hole))
        )
        for outer, holes in outlines(mask)
        if is_large(outer)
    ]
