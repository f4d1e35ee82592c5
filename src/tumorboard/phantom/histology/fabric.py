"""Periodic fabrics of tissue: made once, sampled at world coordinates in any direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy import fft

from tumorboard.phantom.histology.window import Canvas, Window

NATIVE_MPP = 0.25
"""µm per pixel of every fabric."""
_BLOCK_PX = 160


def periodic_noise(size_px: int, sigma_um: tuple[float, float], seed: int) -> np.ndarray:
    """Give Gaussian noise that joins itself at its edges.

    Parameters
    ----------
    size_px : int
        Rows and columns at `NATIVE_MPP`.
    sigma_um : tuple of float
        Standard deviations along x and y of the Gaussian by which white noise is smoothed.
    seed : int

    Returns
    -------
    ndarray of float32, shape (size_px, size_px)
        Mean 0, standard deviation 1.
    """
    white = np.random.default_rng(seed).standard_normal((size_px, size_px), np.float32)
    across = fft.rfftfreq(size_px, NATIVE_MPP)
    down = fft.fftfreq(size_px, NATIVE_MPP)
    gain_x = np.exp(-2 * (np.pi * sigma_um[0] * across) ** 2).astype(np.float32)
    gain_y = np.exp(-2 * (np.pi * sigma_um[1] * down) ** 2).astype(np.float32)
    # SciPy's transform keeps single precision, NumPy's would double it
    spectrum = fft.rfft2(white, overwrite_x=True)
    spectrum *= gain_x[None, :]
    spectrum *= gain_y[:, None]
    noise = fft.irfft2(spectrum, s=(size_px, size_px), overwrite_x=True)
    return np.asarray((noise - noise.mean()) / float(noise.std()), np.float32)


def displaced(values: np.ndarray, x_um: np.ndarray, y_um: np.ndarray) -> np.ndarray:
    """Shift each pixel of a periodic map by its own distance: straight fibres become wavy."""
    row, column = np.mgrid[: values.shape[0], : values.shape[1]].astype(np.float32)
    column += np.asarray(x_um / NATIVE_MPP, np.float32)
    row += np.asarray(y_um / NATIVE_MPP, np.float32)
    return np.asarray(cv2.remap(values, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def levels(values: np.ndarray) -> np.ndarray:
    """Turn dye levels into the bytes of a dye map."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


@dataclass(frozen=True, eq=False)
class Fabric:
    """The eosin and the haematoxylin of a tissue, periodic in both directions.

    Parameters
    ----------
    eosin, haematoxylin : ndarray of uint8, shape (size, size)
        Levels at `NATIVE_MPP`; ``size`` is a power of two.
    """

    eosin: np.ndarray
    haematoxylin: np.ndarray
    _shrunken: dict[tuple[str, int], np.ndarray] = field(default_factory=dict, repr=False)

    def _at_scale(self, dye: str, factor: int) -> np.ndarray:
        if (dye, factor) not in self._shrunken:
            full: np.ndarray = getattr(self, dye)
            size = full.shape[0] // factor
            self._shrunken[dye, factor] = cv2.resize(full, (size, size), interpolation=cv2.INTER_AREA)
        return self._shrunken[dye, factor]

    def sample(self, dye: str, window: Window, angle: float = 0.0) -> np.ndarray:
        """Give one dye over a window.

        Parameters
        ----------
        dye : str
            ``eosin`` or ``haematoxylin``.
        window : Window
        angle : float
            Direction of the fabric's x axis on the slide, in radians.

        Returns
        -------
        ndarray of uint8, shape (height, width)
        """
        factor = 2 ** min(6, max(0, round(np.log2(window.mpp / NATIVE_MPP))))
        woven = self._at_scale(dye, factor)
        pixel_um = NATIVE_MPP * factor
        period_um = woven.shape[0] * pixel_um
        cosine, sine = np.cos(angle), np.sin(angle)
        x_um, y_um = window.left_um + 0.5 * window.mpp, window.top_um + 0.5 * window.mpp
        # the origin is brought near zero, where the fixed-point coordinates of the warp are exact
        first_x = np.mod(cosine * x_um + sine * y_um, period_um) / pixel_um - 0.5
        first_y = np.mod(-sine * x_um + cosine * y_um, period_um) / pixel_um - 0.5
        step = window.mpp / pixel_um
        to_fabric = np.array([[cosine * step, sine * step, first_x], [-sine * step, cosine * step, first_y]])
        width, height = window.width_px, window.height_px
        corners = to_fabric @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
        left, top = (int(low) - 1 for low in np.floor(corners.min(axis=1)))
        right, bottom = (int(high) + 2 for high in np.ceil(corners.max(axis=1)))
        to_fabric[:, 2] -= left, top
        # a part cut out before, as OpenCV is ten times as slow where it must wrap around edges itself
        return np.asarray(
            cv2.warpAffine(
                _cut_out(woven, left, top, right - left, bottom - top),
                to_fabric,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
        )


def _cut_out(periodic: np.ndarray, left: int, top: int, width: int, height: int) -> np.ndarray:
    """Give a rectangle of a periodic map; it may reach over its edges, several times."""
    rows = periodic.take(np.arange(top, top + height), axis=0, mode="wrap")
    left %= periodic.shape[1]
    repeats = -(-(left + width) // periodic.shape[1])
    return np.asarray((cv2.repeat(rows, 1, repeats) if repeats > 1 else rows)[:, left : left + width])


def part_of(window: Window, mask: np.ndarray) -> tuple[Window, tuple[slice, slice]]:
    """Give the smallest part of a window that holds a mask, as a window and as slices of its maps."""
    left, top, width, height = cv2.boundingRect(mask)
    return window.part(left, top, width, height), (slice(top, top + height), slice(left, left + width))


def paint_fabric(canvas: Canvas, where: np.ndarray, fabric: Fabric, angle: float) -> None:
    """Fill a mask with a fabric.

    Parameters
    ----------
    canvas : Canvas
    where : ndarray of uint8, shape (height, width)
        0 or 255.
    fabric : Fabric
    angle : float
        Direction of the fabric's x axis on the slide, in radians.
    """
    for part, place in _blocks(canvas.window, where):
        for dye, target in (("eosin", canvas.eosin), ("haematoxylin", canvas.haematoxylin)):
            cv2.copyTo(fabric.sample(dye, part, angle), where[place], target[place])


def _blocks(window: Window, mask: np.ndarray) -> Iterator[tuple[Window, tuple[slice, slice]]]:
    """Give the parts of blocks of a window that a mask lies in: foci are small beside the window that holds them."""
    for top in range(0, window.height_px, _BLOCK_PX):
        for left in range(0, window.width_px, _BLOCK_PX):
            within = mask[top : top + _BLOCK_PX, left : left + _BLOCK_PX]
            x, y, width, height = cv2.boundingRect(within)
            if width:
                x, y = left + x, top + y
                yield window.part(x, y, width, height), (slice(y, y + height), slice(x, x + width))
