"""Dust on the glass: faint specks and a few fibres, fixed to places of the slide."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.histology.lattice import jittered_points, uniform
from tumorboard.phantom.histology.window import Window

_SPACING_UM = 230.0
_LARGEST_UM = 30.0
_SHARE_OF_FIBRES = 0.03
_COARSEST_MPP = 4.0


def add_dust(picture: np.ndarray, window: Window, seed: int) -> None:
    """Darken the picture where dust lies.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        Changed in place.
    window : Window
        What the picture shows; beyond 4 µm per pixel no dust is seen.
    seed : int
        The slide's seed.
    """
    if window.mpp > _COARSEST_MPP:
        return
    points = jittered_points(window, _SPACING_UM, seed + 7919, margin_um=_LARGEST_UM, jitter=1.0)
    if not points.keys.size:
        return
    kind, size, dark, angle = (uniform(points.keys, stream) for stream in range(4, 8))
    column, row = window.pixels(points.x_um, points.y_um)
    for number in range(points.keys.size):
        fibre = bool(kind[number] < _SHARE_OF_FIBRES)
        # most specks are small and faint
        half_length_um = 9.0 + 14.0 * size[number] if fibre else 0.8 + 3.2 * size[number] ** 4
        half_width_um = 0.8 if fibre else half_length_um * (0.6 + 0.4 * kind[number])
        shade = 0.25 if fibre else 0.05 + 0.35 * dark[number] ** 5
        _darken(
            picture,
            (column[number], row[number]),
            (half_length_um / window.mpp, half_width_um / window.mpp),
            float(np.pi * angle[number]),
            shade,
        )


def _darken(
    picture: np.ndarray, centre: tuple[float, float], half_axes: tuple[float, float], angle: float, shade: float
) -> None:
    """Multiply a soft ellipse, bent a little, into the picture."""
    half_length, half_width = max(half_axes[0], 0.7), max(half_axes[1], 0.7)
    reach = int(np.ceil(1.6 * half_length + 2))
    left, top = int(np.floor(centre[0])) - reach, int(np.floor(centre[1])) - reach
    columns = slice(max(left, 0), min(left + 2 * reach + 1, picture.shape[1]))
    rows = slice(max(top, 0), min(top + 2 * reach + 1, picture.shape[0]))
    if columns.start >= columns.stop or rows.start >= rows.stop:
        return
    x = np.arange(columns.start, columns.stop)[None, :] - centre[0]
    y = np.arange(rows.start, rows.stop)[:, None] - centre[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    across = across - 0.25 * along**2 / half_length
    light = 1 - shade * np.exp(-((along / half_length) ** 4) - (across / half_width) ** 2)
    patch = picture[rows, columns]
    patch[:] = np.round(patch * light[..., None])
