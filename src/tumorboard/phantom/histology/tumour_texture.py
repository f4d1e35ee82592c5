"""Fine texture: periodic noise that lies still on the slide."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology.window import Window

_PERIOD_UM = 256.0
_FINEST_MPP = 0.25


class Texture(StrEnum):
    """What the noise looks like."""

    WISPS = "wisps"
    FIBRES = "fibres"
    GRAIN = "grain"


def texture_over(window: Window, texture: Texture, *, turned: bool = False) -> np.ndarray:
    """Give a texture over a window's pixels; it repeats every 256 µm.

    Parameters
    ----------
    window : Window
    texture : Texture
    turned : bool
        Along other directions, so that two uses of a texture do not coincide.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Mean about 100.
    """
    halvings = max(0, int(np.floor(np.log2(window.mpp / _FINEST_MPP) + 0.25)))
    tile = _tile(texture, halvings)
    texel = _PERIOD_UM / tile.shape[0]
    step = window.mpp / texel
    along, across = (0.8 * step, 0.6 * step) if turned else (step, 0.0)
    left, top = (window.left_um + 0.5 * window.mpp) / texel, (window.top_um + 0.5 * window.mpp) / texel
    to_tile = np.array(
        [
            [along, -across, (0.8 * left - 0.6 * top if turned else left)],
            [across, along, (0.6 * left + 0.8 * top if turned else top)],
        ]
    )
    height, width = window.shape
    corners = to_tile[:, :2] @ np.array([[0, width, 0, width], [0, 0, height, height]])
    first = np.floor((to_tile[:, 2:] + corners).min(axis=1)).astype(np.int64) - 1
    size = np.ceil((to_tile[:, 2:] + corners).max(axis=1)).astype(np.int64) + 2 - first
    columns, rows = (np.arange(first[n], first[n] + size[n]) % tile.shape[0] for n in range(2))
    source = tile.take(rows, axis=0).take(columns, axis=1)
    to_tile[:, 2] -= first + 0.5
    return cv2.warpAffine(
        source, to_tile, (window.width_px, window.height_px), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )


def wavering(window: Window, layers: list[np.ndarray], size_um: float) -> list[np.ndarray]:
    """Shift what is painted a little to and fro, so that no edge is a drawn line.

    Parameters
    ----------
    window : Window
    layers : list of ndarray of uint8, shape (height, width)
        Three.
    size_um : float
        Standard deviation of the shift.

    Returns
    -------
    list of ndarray of uint8, shape (height, width)
    """
    left, top = int(np.floor(window.left_um)) - 1, int(np.floor(window.top_um)) - 1
    columns = np.arange(left, int(np.ceil(window.right_um)) + 3) % int(_PERIOD_UM)
    rows = np.arange(top, int(np.ceil(window.bottom_um)) + 3) % int(_PERIOD_UM)
    shift = _shifts().take(rows, axis=0).take(columns, axis=1) * np.float32(size_um / window.mpp)
    origin_x, origin_y = (window.left_um + 0.5 * window.mpp) - left, (window.top_um + 0.5 * window.mpp) - top
    column_um = np.arange(len(columns), dtype=np.float32)
    row_um = np.arange(len(rows), dtype=np.float32)
    shift[..., 0] += (column_um - np.float32(origin_x)) / np.float32(window.mpp)
    shift[..., 1] += (row_um[:, None] - np.float32(origin_y)) / np.float32(window.mpp)
    to_grid = np.array([[window.mpp, 0, origin_x], [0, window.mpp, origin_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    places = cv2.warpAffine(shift, to_grid, (window.width_px, window.height_px), flags=flags)
    # OpenCV's type stubs do not know that one map may hold both coordinates
    moved = cv2.remap(  # type: ignore[call-overload]
        cv2.merge(layers), places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return list(cv2.split(moved))


@lru_cache(maxsize=1)
def _shifts() -> np.ndarray:
    """Give a periodic field of shifts at 1 µm, shape (256, 256, 2), with standard deviation 1."""
    random = np.random.default_rng(17)
    side = int(_PERIOD_UM)
    fields = [_noise(side, random, 4.0, 4.0) + 0.8 * _noise(side, random, 2.2, 2.2) for _ in range(2)]
    return np.asarray(np.stack(fields, axis=-1) / 1.28, np.float32)


@lru_cache(maxsize=16)
def _tile(texture: Texture, halvings: int) -> np.ndarray:
    if halvings > 0:
        larger = _tile(texture, halvings - 1)
        side = larger.shape[0] // 2
        return cv2.resize(larger, (side, side), interpolation=cv2.INTER_AREA)
    random = np.random.default_rng([*texture.encode()])
    side = int(_PERIOD_UM / _FINEST_MPP)
    draw = {Texture.WISPS: _wisps, Texture.FIBRES: _fibres, Texture.GRAIN: _grain}[texture]
    field = draw(side, random)
    return np.asarray(np.clip(field * (100 / field.mean()), 0, 255), np.uint8)


def _noise(side: int, random: np.random.Generator, wave_x_um: float, wave_y_um: float) -> np.ndarray:
    """Give periodic Gaussian noise of a wavelength in each direction, with standard deviation 1."""
    frequency = np.fft.fftfreq(side, _PERIOD_UM / side)
    power = np.exp(-0.5 * ((frequency[None, :] * wave_x_um) ** 2 + (frequency[:, None] * wave_y_um) ** 2))
    field = np.fft.ifft2(np.fft.fft2(random.standard_normal((side, side))) * power).real
    return np.asarray(field / field.std())


def _wisps(side: int, random: np.random.Generator) -> np.ndarray:
    """Threads between clear vacuoles: the zero lines of smooth noise, with fine grain on them."""
    coarse, fine = (np.exp(-np.abs(_noise(side, random, wave, wave)) * 2.2) for wave in (7.0, 3.2))
    density = np.exp(0.55 * _noise(side, random, 11.0, 11.0))
    density = density * np.clip(1.1 + 0.5 * _noise(side, random, 5.0, 5.0), 0.08, None)
    grain = 1 + 0.20 * _noise(side, random, 1.1, 1.1)
    return np.asarray((0.10 + coarse * (0.35 + fine) + 0.3 * fine) * density * np.clip(grain, 0.3, None))


def _fibres(side: int, random: np.random.Generator) -> np.ndarray:
    strands = np.exp(-np.abs(_noise(side, random, 45.0, 4.0)) * 1.6)
    return np.asarray(np.clip(0.35 + strands + 0.12 * _noise(side, random, 2.0, 1.2), 0.1, None))


def _grain(side: int, random: np.random.Generator) -> np.ndarray:
    fine, coarse = _noise(side, random, 1.6, 1.6), _noise(side, random, 6.0, 6.0)
    return np.asarray(np.clip(1 + 0.30 * fine + 0.25 * coarse, 0.1, None))
