"""The tumour's stroma: from many thin even septa to few broad, branching, frayed bands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import Voronoi

from tumorboard.phantom.histology.architecture import Flow
from tumorboard.phantom.histology.lattice import SmoothField, hashed, jittered_points, uniform
from tumorboard.phantom.histology.mosaic import pair_keys, within_reach
from tumorboard.phantom.histology.strokes import draw_strokes, owner_and_rank, ramp
from tumorboard.phantom.histology.tumour_texture import Texture, texture_over
from tumorboard.phantom.histology.window import Window

STROMA_SHARE = 0.10
"""Part of the tumour's area that the strokes of septa and bands take; with their frayed borders it is 0.127."""

_PIECE_UM = 12.0


@dataclass(frozen=True, eq=False)
class Septa:
    """Pieces of the bands' middle lines.

    Attributes
    ----------
    lines : ndarray of float, shape (pieces, 2, 2)
    width_um : ndarray of float, shape (pieces,)
    keys : ndarray of uint64, shape (pieces,)
    """

    lines: np.ndarray
    width_um: np.ndarray
    keys: np.ndarray


@dataclass(frozen=True, eq=False)
class Fibres:
    """Collagen fibres.

    Attributes
    ----------
    lines : ndarray of float, shape (fibres, 3, 2)
    keys : ndarray of uint64, shape (fibres,)
    """

    lines: np.ndarray
    keys: np.ndarray


def septum_spacing_um(stroma_pattern: float) -> float:
    """Give the distance of the septa: 105 to 460 µm."""
    return float(105.0 * 4.4**stroma_pattern)


def lay_septa(window: Window, stroma_pattern: float, seed: int) -> Septa:
    """Lay out the septa of a window.

    Parameters
    ----------
    window : Window
    stroma_pattern : float
        0 to 1.
    seed : int

    Returns
    -------
    Septa
    """
    spacing = septum_spacing_um(stroma_pattern)
    flow = Flow(seed + 31, 0.12 + 0.20 * stroma_pattern, 0.45 * spacing)
    region = flow.laid_out(window, 0.2 * spacing)
    points = jittered_points(region, spacing, seed + 32, margin_um=2.2 * spacing, jitter=0.45 + 0.45 * stroma_pattern)
    diagram = Voronoi(points.places)
    inner = within_reach(diagram, spacing)
    ends = diagram.vertices[np.asarray(diagram.ridge_vertices)[inner]]
    ends = np.where((ends[:, :1, :1] > ends[:, 1:, :1]), ends[:, ::-1], ends)
    pairs = np.asarray(diagram.ridge_points)[inner]
    keys = pair_keys(points.keys[pairs[:, 0]], points.keys[pairs[:, 1]])
    return _pieces(ends, keys, flow, stroma_pattern, spacing)


def _pieces(ends: np.ndarray, keys: np.ndarray, flow: Flow, stroma_pattern: float, spacing: float) -> Septa:
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    number = np.maximum(np.ceil(length / _PIECE_UM), 1).astype(np.int64)
    owner, rank = owner_and_rank(number)
    start, step = ends[owner, 0], (ends[owner, 1] - ends[owner, 0]) / number[owner, None]
    lines = np.stack([start + rank[:, None] * step, start + (rank + 1)[:, None] * step], axis=1)
    middle = lines.mean(axis=1)
    spread = 0.15 + 0.45 * stroma_pattern
    own = 3.46 * (uniform(keys, 61) - 0.5)[owner]
    along = SmoothField(flow.seed + 3, 0.3 * spacing).at(middle[:, 0], middle[:, 1])
    share = STROMA_SHARE * np.interp(stroma_pattern, (0, 0.25, 0.5, 1), (0.905, 0.96, 0.99, 1.025))
    width = 0.5 * share * spacing * np.exp(spread * (0.8 * own + 0.7 * along) - 0.35 * spread**2)
    with np.errstate(over="ignore"):
        piece_keys = hashed(keys[owner] + rank.astype(np.uint64), 3)
    return Septa(flow.to_slide(lines), width, piece_keys)


def with_cores(septa: Septa, lines: np.ndarray, keys: np.ndarray) -> Septa:
    """Add the cores of papillae.

    Parameters
    ----------
    septa : Septa
    lines : ndarray of float, shape (pieces, 2, 2)
    keys : ndarray of uint64, shape (pieces,)

    Returns
    -------
    Septa
    """
    width = 2.5 + 4.0 * uniform(keys, 66)
    return Septa(
        np.concatenate([septa.lines, lines]),
        np.concatenate([septa.width_um, width]),
        np.concatenate([septa.keys, hashed(keys, 6)]),
    )


@dataclass(frozen=True, eq=False)
class PlaceMap:
    """A map at 1 µm per pixel on the slide's own grid, reaching somewhat beyond a window.

    Attributes
    ----------
    window : Window
    level : ndarray of uint8, shape (height, width)
    """

    window: Window
    level: np.ndarray

    def at(self, places: np.ndarray) -> np.ndarray:
        """Say which places (shape (places, 2), in µm) lie where the map is above half; beyond it its rim counts."""
        x_px, y_px = self.window.pixels(places[:, 0], places[:, 1])
        column = np.clip(np.round(x_px), 0, self.window.width_px - 1).astype(np.int64)
        row = np.clip(np.round(y_px), 0, self.window.height_px - 1).astype(np.int64)
        return np.asarray(self.level[row, column] > 127)

    def over(self, window: Window) -> np.ndarray:
        """Give the map over a window's pixels, shape (height, width), linear between its own."""
        mpp = self.window.mpp
        to_map = np.array(
            [
                [window.mpp / mpp, 0, (window.left_um - self.window.left_um + 0.5 * window.mpp) / mpp - 0.5],
                [0, window.mpp / mpp, (window.top_um - self.window.top_um + 0.5 * window.mpp) / mpp - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(self.level, to_map, (window.width_px, window.height_px), flags=flags)


def _map_window(window: Window) -> Window:
    """Give the window on the slide's grid of 1 µm that covers a window and 20 µm around it."""
    left, top = np.floor(window.left_um) - 20, np.floor(window.top_um) - 20
    width, height = np.ceil(window.right_um) + 20 - left, np.ceil(window.bottom_um) + 20 - top
    return Window(float(left), float(top), int(width), int(height), 1.0)


def stroma_map(window: Window, septa: Septa, stroma_pattern: float) -> PlaceMap:
    """Map the stroma in and around a window.

    Parameters
    ----------
    window : Window
    septa : Septa
    stroma_pattern : float
        Frays the bands' borders.

    Returns
    -------
    PlaceMap
        Soft: about 128 at the border, rising by 100 a µm.
    """
    around = _map_window(window)
    drawn = np.zeros(around.shape, np.uint8)
    draw_strokes(drawn, around, septa.lines, np.maximum(septa.width_um, 1.6))
    blurred = cv2.GaussianBlur(drawn, (0, 0), 1.2 + 2.2 * stroma_pattern)
    weight = 0.35 + 0.75 * stroma_pattern
    frayed = cv2.addWeighted(blurred, 1.0, texture_over(around, Texture.GRAIN), weight, -100.0 * weight)
    return PlaceMap(around, cv2.LUT(frayed, ramp(2.0, -110)))


def lay_fibres(septa: Septa) -> Fibres:
    """Lay collagen fibres along the bands.

    Parameters
    ----------
    septa : Septa

    Returns
    -------
    Fibres
    """
    owner, rank = owner_and_rank(np.ceil(septa.width_um / 2.2).astype(np.int64))
    with np.errstate(over="ignore"):
        keys = hashed(septa.keys[owner] + rank.astype(np.uint64), 4)
    along = (septa.lines[:, 1] - septa.lines[:, 0])[owner]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    offset = (uniform(keys, 62) - 0.5) * septa.width_um[owner]
    middle = septa.lines[owner].mean(axis=1) + normal * offset[:, None]
    bend = normal * (4 * (uniform(keys, 63) - 0.5))[:, None]
    reach = along * (0.6 + 0.8 * uniform(keys, 64))[:, None]
    tilt = normal * (5 * (uniform(keys, 65) - 0.5))[:, None]
    return Fibres(np.stack([middle - reach - tilt, middle + bend, middle + reach + tilt], axis=1), keys)
