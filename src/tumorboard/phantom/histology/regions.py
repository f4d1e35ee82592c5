"""Outlines of a slide's tissues."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

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


def _outlined(mask: np.ndarray, tissue: Tissue | None, window: Window) -> list[Region]:
    # drawn twice as large, so that an outline runs between pixels and encloses its own
    large = cv2.resize(mask.astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, tree = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    pixel_um = window.mpp / 2
    corner = np.array([window.left_um, window.top_um])

    def in_um(contour: np.ndarray) -> np.ndarray | None:
        if len(contour) < 3 or cv2.contourArea(contour) * pixel_um**2 < _LEAST_AREA_UM2:
            return None
        return np.asarray((contour[:, 0, :] + 0.5) * pixel_um + corner)

    holes: dict[int, list[np.ndarray]] = {}
    for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True):
        outline = in_um(contour) if parent >= 0 else None
        if outline is not None:
            holes.setdefault(int(parent), []).append(outline)
    regions = []
    for number, (contour, (_, _, _, parent)) in enumerate(zip(contours, tree[0], strict=True)):
        outline = in_um(contour) if parent < 0 else None
        if outline is not None:
            regions.append(Region(tissue, outline, tuple(holes.get(number, ()))))
    return regions
