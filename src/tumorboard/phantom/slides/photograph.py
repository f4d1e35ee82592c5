"""The scanner's picture of a section: dyes, dirt, the lens, the camera."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np

from tumorboard.phantom.histology.window import Canvas, Stain, Window
from tumorboard.phantom.patients.patient import generator
from tumorboard.phantom.slides.dirt import Dirt
from tumorboard.phantom.slides.scanner import SlideScanner

_NOISE_PERIOD_PX = 512
_NOISE_BIAS = 8
_LEAST_VISIBLE_FOCUS_PX = 0.35


class PaintsDyes(Protocol):
    """What can paint the dyes of any window, such as a section."""

    def paint(self, window: Window) -> Canvas:
        """Paint the dyes of a window."""
        ...


class Photograph:
    """Gives the picture of any window of a section as its scanner sees it.

    Parameters
    ----------
    section : PaintsDyes
        Paints the dyes of a window.
    scanner : SlideScanner
    stain : Stain
        This slide's stain.
    dirt : Dirt, optional
        None for clean tissue.
    """

    def __init__(self, section: PaintsDyes, scanner: SlideScanner, stain: Stain, dirt: Dirt | None = None) -> None:
        self._section = section
        self._scanner = scanner
        self._stain = stain
        self._dirt = dirt
        curve = np.round(255 * (np.arange(256) / 255) ** scanner.gamma)
        # the noise's bias goes off before the noise comes: added to bright glass it would pass 255
        self._curve = np.clip(curve - _NOISE_BIAS, 0, 255).astype(np.uint8)

    def of_pixels(self, left_px: int, top_px: int, width_px: int, height_px: int) -> np.ndarray:
        """Give the picture of pixels of the base level (a `Paint` for the slide's writer)."""
        mpp = self._scanner.mpp
        return self.of_window(Window(left_px * mpp, top_px * mpp, width_px, height_px, mpp))

    def of_window(self, window: Window) -> np.ndarray:
        """Give the picture of a window at any scale.

        Parameters
        ----------
        window : Window

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            Red, green, blue.
        """
        focus_px = self._scanner.focus_um / window.mpp
        radius = int(np.ceil(2 * focus_px)) if focus_px >= _LEAST_VISIBLE_FOCUS_PX else 0
        spoilt = 0 if self._dirt is None else int(np.ceil(self._dirt.margin_um(window) / window.mpp))
        margin = radius + spoilt
        wide = window.widened(margin)
        canvas = self._section.paint(wide)
        if self._dirt is not None:
            self._dirt.fold(canvas)
        picture = self._stain.colour(canvas)
        if self._dirt is not None:
            self._dirt.spoil(picture, wide)
        if radius:
            picture = np.asarray(cv2.GaussianBlur(picture, (2 * radius + 1, 2 * radius + 1), focus_px), np.uint8)
        picture = picture[margin : margin + window.height_px, margin : margin + window.width_px]
        return self._exposed(picture, round(window.left_um / window.mpp), round(window.top_um / window.mpp))

    def _exposed(self, picture: np.ndarray, left_px: int, top_px: int) -> np.ndarray:
        """Apply the camera's curve and noise, which is fixed to the slide's pixels."""
        noise = _noise(self._scanner.noise)
        top, left = top_px % _NOISE_PERIOD_PX, left_px % _NOISE_PERIOD_PX
        height, width = picture.shape[:2]
        repeats = (-(-(top + height) // _NOISE_PERIOD_PX), -(-(left + width) // _NOISE_PERIOD_PX))
        pattern = cv2.repeat(noise, *repeats)[top : top + height, left : left + width]
        return np.asarray(cv2.add(cv2.LUT(picture, self._curve), pattern), np.uint8)


@lru_cache(maxsize=8)
def _noise(deviation: float) -> np.ndarray:
    """Give a pattern of camera noise around the bias that is taken off again: shape (512, 512, 3)."""
    random = generator(0, 0, "camera noise")
    shared = random.normal(0, deviation, (_NOISE_PERIOD_PX, _NOISE_PERIOD_PX, 1))
    own = random.normal(0, deviation / 2, (_NOISE_PERIOD_PX, _NOISE_PERIOD_PX, 3))
    return np.asarray(np.clip(np.round(_NOISE_BIAS + shared + own), 0, 2 * _NOISE_BIAS), np.uint8)
