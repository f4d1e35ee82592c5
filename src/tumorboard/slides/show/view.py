"""The part of a slide that was scanned, small enough to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.show.maps import Mask, RegionMaps
from tumorboard.slides.slide import Picture, Slide
from tumorboard.slides.tissue.overview import read_overview

WIDEST_PX, TALLEST_PX = 1600, 1340
"""With the panel below it, a picture stays within 1,600 x 1,600 pixels."""

_LEAST_PART = 0.6


@dataclass(frozen=True, eq=False)
class View:
    """A picture of a rectangle of a slide.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    left, top : float
        Level-0 pixels of its upper left corner.
    downsample : float
        Level-0 pixels in one of its pixels, along one side.
    mpp : float
        µm per pixel of the picture.
    """

    picture: Picture
    left: float
    top: float
    downsample: float
    mpp: float

    def of_mask(self, mask: Mask, maps: RegionMaps) -> NDArray[np.bool_]:
        """Show one of the maps at the picture's size, edges smoothed; shape (height, width)."""
        height, width = self.picture.shape[:2]
        step = self.downsample / maps.downsample
        first_x = (self.left + 0.5 * self.downsample - maps.left) / maps.downsample - 0.5
        first_y = (self.top + 0.5 * self.downsample - maps.top) / maps.downsample - 0.5
        shown = cv2.warpAffine(
            mask.astype(np.float32),
            np.array([[step, 0, first_x], [0, step, first_y]]),
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        # half a cell of smoothing takes the stairs off an outline
        return np.asarray(cv2.GaussianBlur(shown, (0, 0), max(0.5 / step, 0.3)) > 0.5)

    def corners(self, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give left, top, right, bottom of boxes in the picture's pixels, shape (boxes, 4)."""
        left, top, width, height = np.asarray(boxes, np.float64).reshape(-1, 4).T
        ends = np.column_stack([left, top, left + width, top + height])
        return np.asarray((ends - [self.left, self.top, self.left, self.top]) / self.downsample, np.float64)


def view_of(slide: Slide, widest_px: int = WIDEST_PX, tallest_px: int = TALLEST_PX) -> View:
    """Read what was scanned of a slide as a picture.

    Parameters
    ----------
    slide : Slide
    widest_px, tallest_px : int
        Its sides at most; fewer where the slide has fewer pixels, or where a level of at least 60 % of that saves the
        reading of a finer one.

    Returns
    -------
    View
    """
    bounds = slide.bounds
    wanted = max(1.0, bounds.width / widest_px, bounds.height / tallest_px)
    enough = [level.downsample for level in slide.levels if wanted <= level.downsample <= wanted / _LEAST_PART]
    wanted = max(enough, default=wanted)
    whole = read_overview(slide, wanted * slide.scale.mpp / (1.0 if enough else 1.1))  # it may be coarser by a tenth
    left, top = math.floor(bounds.left / whole.downsample), math.floor(bounds.top / whole.downsample)
    right, bottom = (
        math.ceil((start + length) / whole.downsample)
        for start, length in ((bounds.left, bounds.width), (bounds.top, bounds.height))
    )
    cropped = whole.picture[top:bottom, left:right]
    smaller = max(1.0, cropped.shape[1] / widest_px, cropped.shape[0] / tallest_px)
    size = max(1, round(cropped.shape[1] / smaller)), max(1, round(cropped.shape[0] / smaller))
    picture = np.asarray(cv2.resize(cropped, size, interpolation=cv2.INTER_AREA), np.uint8)
    downsample = whole.downsample * cropped.shape[1] / size[0]
    return View(picture, left * whole.downsample, top * whole.downsample, downsample, slide.scale.mpp * downsample)
