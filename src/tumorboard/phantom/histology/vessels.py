"""Capillaries between the groups of cells: from a delicate net to few wide, winding vessels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tumorboard.phantom.histology.architecture import Alveoli
from tumorboard.phantom.histology.lattice import SmoothField, hashed, uniform
from tumorboard.phantom.histology.mosaic import Mosaic, pair_keys
from tumorboard.phantom.histology.septa import PlaceMap
from tumorboard.phantom.histology.strokes import curved, draw_strokes, owner_and_rank, to_fixed
from tumorboard.phantom.histology.window import Window

_NET_LUMEN_UM = 1.2
"""Mean width of a capillary's lumen where every border has one; open stretches are wider, the others collapsed."""
_NET_WALL_UM = 0.6
"""Thickness of a capillary's wall where every border has one."""
_WIDER_IN_CORES = 1.6
"""The cores of papillae are shorter than the borders, without a vessel, around them."""
_SHARE_AROUND_TERRITORIES = 0.367
"""Measured part of the length of the borders between alveoli that lies between territories."""
_RED_CELL_SHARE = 0.45
"""Part of a lumen's area that red cells fill."""


@dataclass(frozen=True, eq=False)
class Vessels:
    """Stretches of vessels.

    Attributes
    ----------
    lines : ndarray of float, shape (stretches, 5, 2)
    keys : ndarray of uint64, shape (stretches,)
    lumen_um, wall_um : ndarray of float, shape (stretches,)
    crowding : ndarray of float, shape (stretches,)
        How many endothelial nuclei lie here, relative to the usual number a length.
    """

    lines: np.ndarray
    keys: np.ndarray
    lumen_um: np.ndarray
    wall_um: np.ndarray
    crowding: np.ndarray


def _share_with_vessel(vascular_pattern: float) -> float:
    """Give the share of the borders between groups of cells that a vessel runs along: 1 to 0.18."""
    return float(np.exp(-1.7 * vascular_pattern))


def wall_density(vascular_pattern: float) -> float:
    """Give the density of vessel walls, relative to that of capillaries: thick walls are loose, and paler."""
    return 1.0 - 0.3 * vascular_pattern


def _lay_vessels(
    lines: np.ndarray, groups: np.ndarray, keys: np.ndarray, vascular_pattern: float, seed: int
) -> Vessels:
    """Give vessels their course and calibre.

    Fewer vessels have wider lumina and thicker walls, by as much as there are fewer; a winding vessel is narrower by
    as much as it is longer. The expected area of lumina and of walls is the same for every pattern.

    Parameters
    ----------
    lines : ndarray of float, shape (lines, 2, 2)
        Stretches that have a vessel.
    groups : ndarray of uint64, shape (lines,)
        Key of the vessel: its stretches share a calibre.
    keys : ndarray of uint64, shape (lines,)
        Of each stretch.
    vascular_pattern : float
        0 to 1.
    seed : int

    Returns
    -------
    Vessels
    """
    share = _share_with_vessel(vascular_pattern)
    straight = curved(lines, keys, seed)
    lines = _winding(straight, 8.0 * vascular_pattern**1.5, seed)
    narrower = np.clip(_length(straight) / np.maximum(_length(lines), 0.5), 0.3, 1.5)
    spread = 0.12 + 0.40 * vascular_pattern

    def varied(source: np.ndarray, stream: int, size: float) -> np.ndarray:
        return np.asarray(np.exp(size * 3.46 * (uniform(source, stream) - 0.5) - size**2 / 2))

    open_share = 0.25 + 0.75 * vascular_pattern
    lumen = _NET_LUMEN_UM / share / open_share * varied(groups, 32, spread) * varied(keys, 33, 0.12 + 0.1 * spread)
    lumen = np.where(uniform(keys, 36) < open_share, np.minimum(lumen, 20.0), 0.0)
    wall = _NET_WALL_UM / share / wall_density(vascular_pattern) * varied(groups, 34, 0.10 + 0.25 * vascular_pattern)
    cluster = np.where(uniform(groups, 35) < 0.3, 2.2, 0.49)
    crowding = (1 + vascular_pattern * (cluster - 1)) / share
    return Vessels(lines, keys, lumen * narrower, wall * narrower, crowding * narrower)


def _winding(lines: np.ndarray, reach_um: float, seed: int) -> np.ndarray:
    """Move points to and fro by what belongs to their place, so that stretches that meet still meet."""
    x, y = lines[..., 0], lines[..., 1]
    shift = [SmoothField(seed + 76 + number, 15.0).at(x, y) for number in range(2)]
    return np.asarray(lines + reach_um * np.stack(shift, axis=-1))


def _length(lines: np.ndarray) -> np.ndarray:
    steps = np.diff(lines, axis=1)
    return np.asarray(np.hypot(steps[..., 0], steps[..., 1]).sum(axis=1))


def border_vessels(cells: Mosaic, groups: Alveoli, vascular_pattern: float, seed: int) -> Vessels:
    """Lay the vessels along the borders between groups of cells.

    Where fewer and fewer borders have one, the net within the territories goes first; then whole sides of
    territories lose theirs.

    Parameters
    ----------
    cells : Mosaic
    groups : Alveoli
        Papillae have their vessel in the core.
    vascular_pattern : float
    seed : int

    Returns
    -------
    Vessels
    """
    first, second = (cells.alveolus[cells.pairs[:, side]] for side in range(2))
    between = np.flatnonzero((first != second) & ~groups.papillary[first] & ~groups.papillary[second])
    first, second = first[between], second[between]
    around = groups.territory[first] != groups.territory[second]
    owner = np.where(
        around,
        pair_keys(groups.territory[first], groups.territory[second]),
        pair_keys(groups.keys[first], groups.keys[second]),
    )
    share = _share_with_vessel(vascular_pattern)
    within_share = max(0.0, (share - _SHARE_AROUND_TERRITORIES) / (1 - _SHARE_AROUND_TERRITORIES))
    around_share = min(1.0, share / _SHARE_AROUND_TERRITORIES)
    chosen = uniform(owner, 31) < np.where(around, around_share, within_share)
    between, owner = between[chosen], owner[chosen]
    keys = pair_keys(*(cells.keys[cells.pairs[between, side]] for side in range(2)))
    return _lay_vessels(cells.borders[between], owner, keys, vascular_pattern, seed)


def core_vessels(
    lines: np.ndarray, groups: np.ndarray, keys: np.ndarray, vascular_pattern: float, seed: int
) -> Vessels:
    """Lay the vessels in the cores of papillae; parameters as those of `_lay_vessels`, ``groups`` names the papilla."""
    chosen = uniform(groups, 31) < _share_with_vessel(vascular_pattern)
    vessels = _lay_vessels(lines[chosen], groups[chosen], keys[chosen], vascular_pattern, seed)
    return replace(vessels, lumen_um=_WIDER_IN_CORES * vessels.lumen_um, wall_um=_WIDER_IN_CORES * vessels.wall_um)


def joined(one: Vessels, other: Vessels) -> Vessels:
    """Put two sets of vessels together."""
    return Vessels(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in one.__dataclass_fields__))


def closed_map(stroma: PlaceMap, vessels: Vessels) -> PlaceMap:
    """Map where no tumour cell lies: stroma and vessels."""
    level = stroma.level.copy()
    draw_strokes(level, stroma.window, vessels.lines, vessels.lumen_um + 2 * vessels.wall_um)
    return PlaceMap(stroma.window, level)


def endothelium(vessels: Vessels, per_um: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place flat nuclei on the vessels' walls.

    Parameters
    ----------
    vessels : Vessels
    per_um : float
        Nuclei a µm of vessel where every border has one.

    Returns
    -------
    places : ndarray of float, shape (nuclei, 2)
    angle : ndarray of float, shape (nuclei,)
    keys : ndarray of uint64, shape (nuclei,)
    """
    along = vessels.lines[:, -1] - vessels.lines[:, 0]
    length = np.hypot(along[:, 0], along[:, 1])
    number = np.floor(length * per_um * vessels.crowding + uniform(vessels.keys, 41)).astype(np.int64)
    owner, rank = owner_and_rank(number)
    keys = hashed(vessels.keys[owner], 0) + rank.astype(np.uint64)
    side = np.where(uniform(keys, 42) < 0.5, -0.5, 0.5) * (vessels.lumen_um + vessels.wall_um)[owner]
    angle = np.arctan2(along[:, 1], along[:, 0])[owner]
    normal = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    places = vessels.lines[owner, 0] + uniform(keys, 43)[:, None] * along[owner] + side[:, None] * normal
    return places, angle + 0.5 * (uniform(keys, 44) - 0.5), keys


def paint_red_cells(layer: np.ndarray, window: Window, vessels: Vessels, amount: float) -> None:
    """Paint red blood cells into the lumina.

    Parameters
    ----------
    layer : ndarray of uint8, shape (height, width)
        The map of the colour of red cells.
    window : Window
    vessels : Vessels
    amount : float
        1 is usual.
    """
    along = vessels.lines[:, -1] - vessels.lines[:, 0]
    length = np.hypot(along[:, 0], along[:, 1])
    expected = length * vessels.lumen_um * _RED_CELL_SHARE * amount / 26.0 * (vessels.lumen_um > 2.0)
    number = np.floor(expected + uniform(vessels.keys, 51)).astype(np.int64)
    owner, rank = owner_and_rank(number)
    keys = hashed(vessels.keys[owner], 1) + rank.astype(np.uint64)
    lumen = vessels.lumen_um[owner]
    angle = np.arctan2(along[:, 1], along[:, 0])[owner]
    free = np.maximum(lumen - 5.5, 0) * (uniform(keys, 52) - 0.5)
    normal = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    places = vessels.lines[owner, 0] + uniform(keys, 53)[:, None] * along[owner] + free[:, None] * normal
    across = np.minimum(2.9, 0.5 * lumen + 0.5) * (0.8 + 0.2 * uniform(keys, 54))
    axes = np.stack([26.0 / 3.14 / np.maximum(across, 1.9), across], axis=1) / window.mpp
    degrees = np.degrees(angle + 0.8 * (uniform(keys, 55) - 0.5))
    levels = 32 + 26 * uniform(keys, 56)
    _ellipses(layer, to_fixed(window, places), np.asarray(axes * 16, np.int32), degrees, levels)


def _ellipses(
    layer: np.ndarray, centres: np.ndarray, axes: np.ndarray, degrees: np.ndarray, levels: np.ndarray
) -> None:
    height, width = layer.shape
    seen = (
        (centres > -axes.max(initial=0)).all(axis=1)
        & (centres[:, 0] < 16 * width + axes.max(initial=0))
        & (centres[:, 1] < 16 * height + axes.max(initial=0))
    )
    order = np.flatnonzero(seen)[np.argsort(levels[seen])]  # the same cell lies on top in whatever window
    for centre, axis, degree, level in zip(
        centres[order].tolist(), axes[order].tolist(), degrees[order].tolist(), levels[order].tolist(), strict=True
    ):
        cv2.ellipse(layer, centre, axis, degree, 0, 360, level, -1, cv2.LINE_AA, 4)
