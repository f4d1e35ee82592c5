"""A picture of a slide with what was found on it and which tiles were taken, for a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.annotation import Regions
from tumorboard.slides.show import palette
from tumorboard.slides.show.maps import RegionMaps
from tumorboard.slides.show.palette import Colour
from tumorboard.slides.show.panel import Panel, with_panel
from tumorboard.slides.show.scale_bar import draw_scale_bar
from tumorboard.slides.show.view import View
from tumorboard.slides.slide import Picture

LONGEST_PX = 1600
"""Longer side of an overlay."""

_TINT = 0.35
_NO_BOXES: NDArray[np.int64] = np.zeros((0, 4), np.int64)
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel


@dataclass(frozen=True, eq=False)
class ShownTiles:
    """The tiles that an overlay marks.

    Parameters
    ----------
    kept_10x, kept_5x : ndarray of int64, shape (tiles, 4)
        Left, top, width, height in level-0 pixels.
    rejected : ndarray of int64, shape (tiles, 4)
        Candidates that were left out.
    reasons : sequence of str
        Why, for each of them: ``pen``, ``fold``, ``blur``, ``bubble``, ``border``, ``little tissue``,
        ``outside annotation``, ``damaged``.
    """

    kept_10x: NDArray[np.int64] = field(default_factory=lambda: _NO_BOXES)
    kept_5x: NDArray[np.int64] = field(default_factory=lambda: _NO_BOXES)
    rejected: NDArray[np.int64] = field(default_factory=lambda: _NO_BOXES)
    reasons: Sequence[str] = ()


def draw_overlay(
    view: View,
    maps: RegionMaps,
    tiles: ShownTiles,
    *,
    facts: Sequence[str] = (),
    warnings: Sequence[str] = (),
    annotation: Regions | None = None,
) -> Picture:
    """Draw an overlay.

    Tissue is outlined, artefacts are tinted; tiles at 10x are thin squares, those at 5x thick ones, candidates that
    were left out have a stroke in the colour of the reason. Below, or beside a narrow slide, a panel holds the legend
    with counts and the facts. Nothing on it names the patient, as long as facts and warnings do not.

    Parameters
    ----------
    view : View
        What was scanned; its picture is not changed.
    maps : RegionMaps
    tiles : ShownTiles
    facts, warnings : sequence of str
        Lines of the panel, such as the slide's scale and its counts.
    annotation : Regions, optional
        Outlined, where tiles were limited by it.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    picture = view.picture.copy()
    panel = Panel(facts=tuple(facts), warnings=tuple(warnings))
    _outline(picture, view.of_mask(maps.tissue, maps), palette.TISSUE)
    panel.line("Tissue", palette.TISSUE)
    if annotation is not None:
        _outline_rings(picture, view, annotation)
        panel.cased_line("Annotation", palette.ANNOTATION)
    for name, mask in maps.artefacts.items():
        shown = view.of_mask(mask, maps)
        if shown.any():
            _tint(picture, shown, palette.reason_colour(name))
            panel.area(palette.word(name), palette.reason_colour(name))
    _strike_rejected(picture, view, tiles, panel)
    _draw_squares(picture, view.corners(tiles.kept_10x), palette.TILE_10X, 1)
    panel.square(f"Tiles at 10x: {len(tiles.kept_10x):,}", palette.TILE_10X, 1)
    _draw_squares(picture, view.corners(tiles.kept_5x), palette.TILE_5X, 2)
    panel.square(f"Tiles at 5x: {len(tiles.kept_5x):,}", palette.TILE_5X, 2)
    draw_scale_bar(picture, view.mpp)
    return with_panel(picture, panel)


def _outline(picture: Picture, mask: NDArray[np.bool_], colour: Colour) -> None:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.drawContours(picture, contours, -1, colour, 2, cv2.LINE_AA)


def _outline_rings(picture: Picture, view: View, regions: Regions) -> None:
    corner = np.array([view.left, view.top])
    rings = [
        np.round((ring - corner) / view.downsample * 2**_SHIFT).astype(np.int32)
        for polygon in regions.polygons
        for ring in (polygon.outer, *polygon.holes)
    ]
    cv2.polylines(picture, rings, True, (0, 0, 0), 5, cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, rings, True, palette.ANNOTATION, 3, cv2.LINE_AA, _SHIFT)


def _tint(picture: Picture, mask: NDArray[np.bool_], colour: Colour) -> None:
    picture[mask] = np.round(picture[mask] * (1 - _TINT) + np.array(colour) * _TINT).astype(np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, contours, -1, colour, 2, cv2.LINE_AA)


def _strike_rejected(picture: Picture, view: View, tiles: ShownTiles, panel: Panel) -> None:
    corners, reasons = view.corners(tiles.rejected), np.asarray(tiles.reasons, object)
    for reason in dict.fromkeys(["little tissue", *palette.ARTEFACT, *tiles.reasons]):
        chosen = corners[reasons == reason]
        if not len(chosen):
            continue
        colour = palette.reason_colour(reason)
        inset = 0.3 * (chosen[:, 2:] - chosen[:, :2])
        ends = np.hstack([chosen[:, :2] + inset, chosen[:, 2:] - inset])
        strokes = np.round(ends * 2**_SHIFT).astype(np.int32).reshape(-1, 2, 2)
        cv2.polylines(picture, list(strokes), False, colour, 1 if reason == "little tissue" else 2, cv2.LINE_AA, _SHIFT)
        panel.stroke(f"Left out, {palette.word(reason).lower()}: {len(chosen):,}", colour)


def _draw_squares(picture: Picture, corners: NDArray[np.float64], colour: Colour, thickness: int) -> None:
    """Draw squares a little inward, those of thick lines more, so that neighbours and both scales are told apart."""
    for left, top, right, bottom in np.round(corners).astype(int).tolist():
        inset = min(2 * thickness - 1, (right - left) // 8)
        first, last = (left + inset, top + inset), (right - 1 - inset, bottom - 1 - inset)
        cv2.rectangle(picture, first, last, colour, thickness, cv2.LINE_8)
