"""Where an artefact of a slide lies: its distance map, from which its picture and its polygon both come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from tumorboard.phantom.histology.lattice import SmoothField
from tumorboard.phantom.histology.regions import outlines
from tumorboard.phantom.histology.window import Window

_INK_UNEVENNESS_UM, _INK_SCALE_UM = 7.0, 35.0


class ArtefactKind(StrEnum):
    """What may be wrong on a slide."""

    PEN = "pen mark"
    FOLD = "tissue fold"
    BLUR = "out of focus"
    BUBBLE = "air bubble"
    COVERSLIP = "coverslip edge"
    BORDER = "black border"


_SEEN_UM = {ArtefactKind.PEN: 9.0, ArtefactKind.BLUR: -30.0}
"""How far from its edge an artefact is seen: ink begins to tint, a blurred picture outweighs the sharp one."""


@dataclass(frozen=True, eq=False)
class DistanceMap:
    """Signed distance from an outline on a coarse grid over the slide, in µm; negative inside.

    Parameters
    ----------
    left_um, top_um : float
        Upper left corner of the grid.
    step_um : float
        Edge of a grid cell.
    distance_um : ndarray of float32, shape (rows, columns)
        At the cells' centres.
    """

    left_um: float
    top_um: float
    step_um: float
    distance_um: np.ndarray

    @staticmethod
    def of_mask(mask: np.ndarray, left_um: float, top_um: float, step_um: float) -> DistanceMap:
        """Measure the distances from the outline of a mask (uint8, not zero inside)."""
        inside = (mask > 0).astype(np.uint8)
        outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        inner = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # both count from the neighbouring cell's centre; half a cell less is the outline between them
        signed = np.where(inside > 0, 0.5 - inner, outer - 0.5).astype(np.float32)
        smooth = cv2.GaussianBlur(signed, (0, 0), 1.2)
        return DistanceMap(left_um, top_um, step_um, np.asarray(smooth * step_um, np.float32))

    def reaches(self, window: Window, margin_um: float) -> bool:
        """Tell whether the outline's inside may touch a window, or come nearer than a margin."""
        rows, columns = self.distance_um.shape
        first = max(0, int((window.left_um - margin_um - self.left_um) // self.step_um))
        last = min(columns, int((window.right_um + margin_um - self.left_um) // self.step_um) + 1)
        upper = max(0, int((window.top_um - margin_um - self.top_um) // self.step_um))
        lower = min(rows, int((window.bottom_um + margin_um - self.top_um) // self.step_um) + 1)
        if first >= last or upper >= lower:
            return False
        return bool(self.distance_um[upper:lower, first:last].min() <= 2 * self.step_um)

    def over(self, window: Window) -> np.ndarray:
        """Give the distance at a window's pixels.

        Returns
        -------
        ndarray of float32, shape (height, width)
            In µm, negative inside.
        """
        step = window.mpp / self.step_um
        first_x = (window.left_um + 0.5 * window.mpp - self.left_um) / self.step_um - 0.5
        first_y = (window.top_um + 0.5 * window.mpp - self.top_um) / self.step_um - 0.5
        return cv2.warpAffine(
            self.distance_um,
            np.array([[step, 0, first_x], [0, step, first_y]]),
            (window.width_px, window.height_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def part_near(self, window: Window, reach_um: float) -> tuple[Window, tuple[slice, slice]]:
        """Give the part of a window that holds all nearer to the outline's inside than a distance.

        Parameters
        ----------
        window : Window
        reach_um : float

        Returns
        -------
        part : Window
            Of the window's pixels; without width or height where nothing is so near.
        place : tuple of slice
            Where it lies in the window's maps: rows, columns.
        """
        near = cv2.boundingRect((self.distance_um < reach_um).astype(np.uint8))
        # linear between the cells' centres: one cell more, and all beyond an edge that is near itself
        spans = []
        for axis, (corner_um, first_um, size_px) in enumerate(
            ((self.left_um, window.left_um, window.width_px), (self.top_um, window.top_um, window.height_px))
        ):
            low, high = near[axis], near[axis] + near[axis + 2]
            low_px = (corner_um + (low - 1) * self.step_um - first_um) / window.mpp
            high_px = (corner_um + (high + 1) * self.step_um - first_um) / window.mpp
            start = 0 if low == 0 else min(max(int(np.floor(low_px)), 0), size_px)
            stop = (
                size_px if high == self.distance_um.shape[1 - axis] else min(max(int(np.ceil(high_px)), start), size_px)
            )
            spans.append((start, stop if near[2] else start))
        (left, right), (top, bottom) = spans
        return window.part(left, top, right - left, bottom - top), (slice(top, bottom), slice(left, right))


@dataclass(frozen=True, eq=False)
class Artefact:
    """One artefact of a slide.

    Parameters
    ----------
    kind : ArtefactKind
    place : DistanceMap
    seed : int
        Names its texture.
    colour : str
        Of a pen: ``blue``, ``black``, ``green`` or ``red``; empty for others.
    blur_um : float
        Of an area out of focus: standard deviation of its blur; 0 for others.
    """

    kind: ArtefactKind
    place: DistanceMap
    seed: int
    colour: str = ""
    blur_um: float = 0.0

    def edge_um(self, window: Window) -> np.ndarray:
        """Give the signed distance from its edge at a window's pixels, in µm: a pen's ink flows unevenly beyond it."""
        distance_um = self.place.over(window)
        if self.kind is ArtefactKind.PEN:
            distance_um += _INK_UNEVENNESS_UM * SmoothField(self.seed + 1, _INK_SCALE_UM).over(window)
        return distance_um

    def polygons(self, width_um: float, height_um: float) -> list[tuple[np.ndarray, list[np.ndarray]]]:
        """Give the outlines of where it is seen, within the slide.

        Parameters
        ----------
        width_um, height_um : float
            The slide's size.

        Returns
        -------
        list of tuple
            For each part its outer ring and the rings of its holes: ndarrays of float, shape (points, 2), x and y in
            µm, not closed.
        """
        place = self.place
        rows, columns = place.distance_um.shape
        grid = Window(place.left_um, place.top_um, columns, rows, place.step_um)
        x_um, y_um = grid.centres()
        on_slide = (x_um > 0) & (x_um < width_um) & (y_um > 0) & (y_um < height_um)
        seen = (self.edge_um(grid) < _SEEN_UM.get(self.kind, 0.0)) & on_slide
        corner = np.array([place.left_um, place.top_um])
        return [
            (corner + outer * place.step_um, [corner + hole * place.step_um for hole in holes])
            for outer, holes in outlines(seen)
        ]
