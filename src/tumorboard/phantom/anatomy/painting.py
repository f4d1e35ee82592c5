"""Labels to voxels: tissue textures, blur, the noise of a CT or an MR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from scipy import fft

from tumorboard.phantom.anatomy.appearance import MR_CONTRASTS, Appearance, Uptake, appearance
from tumorboard.phantom.anatomy.body import Body
from tumorboard.phantom.anatomy.noise import SIZE, noise_volume
from tumorboard.phantom.anatomy.section import AXES, Section, axial_section
from tumorboard.phantom.anatomy.volume import Contrast, Grid, Volume
from tumorboard.phantom.patients.patient import generator

_NOISE_PX = 1024
_NOISE_FIELDS = 3
_CLOSE_MM = 3.5
"""Slices closer than this need no layers between them."""


@dataclass(frozen=True)
class Acquisition:
    """How a scanner was set.

    Parameters
    ----------
    noise : float
        Standard deviation in the middle of the body: Hounsfield units, or units of MR signal.
    sharpness_mm : float
        Standard deviation of the blur in the plane.
    kilovolt : float
        Tube voltage of a CT.
    tesla : float
        Field strength of an MR: at 3 the coil's sensitivity varies more.
    fat_saturated : bool
        Whether an MR sequence suppresses the signal of fat.
    thickness_mm : float or None
        Slice thickness over which tissue is averaged; none paints the slices' middles.
    """

    noise: float = 12.0
    sharpness_mm: float = 0.6
    kilovolt: float = 120.0
    tesla: float = 1.5
    fat_saturated: bool = False
    thickness_mm: float | None = None


@lru_cache(maxsize=4)
def _texture(kind: str) -> tuple[np.ndarray, float]:
    """Give a periodic volume and the size of its texels in mm."""
    if kind == "coarse":
        return noise_volume(5), 1.8
    if kind == "fine":
        return noise_volume(3), 1.0
    sheets = np.exp(-((noise_volume(8, 1) / 0.11) ** 2)) * np.clip(0.5 + noise_volume(8, 2), 0, 1.5)
    return np.asarray(sheets, np.float32), 2.0


def _texture_section(kind: str, section: Section, offset_mm: np.ndarray) -> np.ndarray:
    volume, texel = _texture(kind)
    normal, row, column = AXES[section.plane]
    place = (section.position_mm + offset_mm[normal]) / texel
    below = int(np.floor(place))
    share = float(place - below)
    first, second = (np.take(volume, (below + step) % SIZE, axis=2 - normal) for step in (0, 1))
    layer = cv2.addWeighted(first, 1 - share, second, share, 0.0)
    rows, to_row = _texels(section.row_start_mm + offset_mm[row], section.row_step_mm, section.rows, texel)
    columns, to_column = _texels(
        section.column_start_mm + offset_mm[column], section.column_step_mm, section.columns, texel
    )
    layer = layer.take(rows, axis=0).take(columns, axis=1)
    to_layer = np.array([[section.column_step_mm / texel, 0, to_column], [0, section.row_step_mm / texel, to_row]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(layer, to_layer, section.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _texels(start_mm: float, step_mm: float, count: int, texel_mm: float) -> tuple[np.ndarray, float]:
    """Give which texels of a periodic axis pixels need, and the place of the first pixel among them."""
    ends = np.array([start_mm, start_mm + step_mm * (count - 1)]) / texel_mm
    first = int(np.floor(ends.min()))
    return np.arange(first, int(np.ceil(ends.max())) + 2) % SIZE, float(ends[0] - first)


@lru_cache(maxsize=6)
def _noise_fields(sigma_px: float) -> np.ndarray:
    """Give periodic noise with the spectrum of a filtered back projection: a ramp that a smooth kernel ends."""
    rows, columns = fft.fftfreq(_NOISE_PX)[:, None], fft.rfftfreq(_NOISE_PX)[None, :]
    frequency = np.hypot(rows, columns).astype(np.float32)
    response = (0.09 + frequency) * np.exp(-2 * (np.pi * sigma_px * frequency) ** 2)
    rng = np.random.default_rng([round(sigma_px * 100), _NOISE_PX])
    fields = []
    for _ in range(_NOISE_FIELDS):
        white = rng.standard_normal((_NOISE_PX, _NOISE_PX), dtype=np.float32)
        noise = fft.irfft2(fft.rfft2(white) * response, s=white.shape)
        fields.append(np.asarray(noise / noise.std(), np.float32))
    return np.stack(fields)


class _Noise:
    """Noise of standard deviation 1, slice after slice.

    Overlapping slices share photons: each slice's noise has the correlation ``shared`` with that of the one before
    (and its powers with those further away).
    """

    def __init__(self, rng: np.random.Generator, shared: float = 0.0) -> None:
        self._rng, self._shared = rng, shared
        self._before: dict[int, np.ndarray] = {}

    def next(self, shape: tuple[int, int], sigma_px: float, channel: int = 0) -> np.ndarray:
        """Give a channel's noise in the next slice."""
        noise = _noise_window(shape, sigma_px, self._rng)
        if self._shared:
            if channel in self._before:
                noise = cv2.addWeighted(
                    noise, float(np.sqrt(1 - self._shared**2)), self._before[channel], self._shared, 0.0
                )
            self._before[channel] = noise
        return noise


def _noise_window(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> np.ndarray:
    """Give a random window of noise of standard deviation 1."""
    field = _noise_fields(round(sigma_px, 1))[rng.integers(_NOISE_FIELDS)]
    first = [int(rng.integers(max(_NOISE_PX - count, 0) + 1)) for count in shape]
    if max(shape) > _NOISE_PX:
        field = np.tile(field, (-(-shape[0] // _NOISE_PX), -(-shape[1] // _NOISE_PX)))
    window = field[first[0] : first[0] + shape[0], first[1] : first[1] + shape[1]]
    down, across = (1 - 2 * int(rng.integers(2)) for _ in range(2))
    return np.ascontiguousarray(window[::down, ::across])


@dataclass(frozen=True, eq=False)
class _Brush:
    """All that is the same for every section of one series."""

    look: Appearance
    textures_mm: dict[str, np.ndarray]
    acquisition: Acquisition
    contrast: Contrast
    bias: np.ndarray


def _brush(body: Body, contrast: Contrast, acquisition: Acquisition) -> _Brush:
    own = generator(body.patient.seed, body.patient.number, "uptake")
    uptake = Uptake(
        float(np.clip(own.normal(1, 0.1), 0.75, 1.3)),
        float(np.clip(own.normal(0.95, 0.2), 0.5, 1.4)),
        body.tumour.heterogeneity,
    )
    offsets = {kind: own.uniform(0, 150, 3) for kind in ("coarse", "fine", "strands")}
    coil = generator(body.patient.seed, body.patient.number, f"coil {contrast}")
    bias = coil.normal(0, 1, 5) * np.array([0.07, 0.07, 0.05, 0.04, 0.04]) * (acquisition.tesla / 1.5) ** 0.5
    look = appearance(contrast, uptake, acquisition.kilovolt, fat_saturated=acquisition.fat_saturated)
    return _Brush(look, offsets, acquisition, contrast, bias)


def _paint_tissue(
    brush: _Brush, section: Section, labels: np.ndarray, layers: Sequence[tuple[float, np.ndarray]] = ()
) -> np.ndarray:
    """Give tissue without noise: means over the slice's layers (share, labels), unevenness as in its middle."""
    values = cv2.LUT(labels, brush.look.mean)
    if layers:
        values = np.zeros_like(values)
        for share, layer in layers:
            cv2.scaleAdd(cv2.LUT(layer, brush.look.mean), share, values, values)
    tables = {"coarse": brush.look.coarse, "fine": brush.look.fine, "strands": brush.look.strands}
    for kind, table in tables.items():
        texture = _texture_section(kind, section, brush.textures_mm[kind])
        values = cv2.add(values, cv2.multiply(cv2.LUT(labels, table), texture))
    sigma = brush.acquisition.sharpness_mm / abs(section.column_step_mm)
    sigma_rows = brush.acquisition.sharpness_mm / abs(section.row_step_mm)
    return cv2.GaussianBlur(values, (0, 0), max(sigma, 0.3), sigmaY=max(sigma_rows, 0.3))


def _middle(body: Body, section: Section) -> np.ndarray:
    """Give 1 in the middle of the body, falling to 0 outside it."""
    habitus = body.habitus
    centre = 0.5 * (habitus.front_mm + habitus.back_mm)
    half_depth = 0.5 * (habitus.back_mm - habitus.front_mm)
    across = (section.coordinate(0) / habitus.outer_half_width_mm) ** 2
    along = ((section.coordinate(1) - centre) / half_depth) ** 2
    return np.broadcast_to(np.exp(-1.1 * (across + along)), section.shape).astype(np.float32)


def _add_quantum_noise(body: Body, brush: _Brush, section: Section, values: np.ndarray, noise: _Noise) -> np.ndarray:
    sigma_px = max(1.25 * brush.acquisition.sharpness_mm / abs(section.column_step_mm), 0.3)
    strength = np.float32(brush.acquisition.noise) * (np.float32(0.45) + np.float32(0.55) * _middle(body, section))
    values = values + strength * noise.next(section.shape, sigma_px)
    return np.asarray(np.clip(values, -1024, 3071))


def _add_rician_noise(body: Body, brush: _Brush, section: Section, values: np.ndarray, noise: _Noise) -> np.ndarray:
    habitus = body.habitus
    x, y, z = (section.coordinate(axis) for axis in range(3))
    x, y, z = x / habitus.outer_half_width_mm, y / habitus.half_depth_mm, z / 150
    a, b, c, d, e = brush.bias.astype(np.float32)
    near = 0.18 * (x**2 + 0.5 * y**2) - 0.12  # surface coils see the rim best
    bias = np.exp(np.clip(near + a * x + b * y + c * z + d * x * y + e * x * z, -0.7, 0.7))
    values = values * bias.astype(np.float32)
    sigma_px = max(0.5 * brush.acquisition.sharpness_mm / abs(section.column_step_mm), 0.3)
    strength = np.float32(brush.acquisition.noise)
    first, second = (strength * noise.next(section.shape, sigma_px, channel) for channel in range(2))
    return np.asarray(np.clip(cv2.magnitude(values + first, second), 0, 4095))


def _with_noise(body: Body, brush: _Brush, section: Section, values: np.ndarray, noise: _Noise) -> np.ndarray:
    add: Callable[..., np.ndarray] = _add_rician_noise if brush.contrast in MR_CONTRASTS else _add_quantum_noise
    return add(body, brush, section, values, noise)


def between_slices(grid: Grid) -> Grid | None:
    """Give the grid of the layers halfway between a grid's slices and outside its ends; none where slices lie close.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    Grid or None
        One slice more than the grid's.
    """
    if grid.slice_mm < _CLOSE_MM:
        return None
    x_mm, y_mm, z_mm = grid.origin_mm
    return replace(grid, slices=grid.slices + 1, origin_mm=(x_mm, y_mm, z_mm - 0.5 * grid.slice_mm))


def layer_shares(thickness_mm: float, step_mm: float) -> list[float]:
    """Give what share of a slice's thickness lies nearest to each of evenly spaced layers.

    Parameters
    ----------
    thickness_mm : float
    step_mm : float
        From layer to layer.

    Returns
    -------
    list of float
        Of the layer in the slice's middle, of either layer next to it, of either layer beyond it, and so on.

    Examples
    --------
    >>> layer_shares(5.0, 2.5)
    [0.5, 0.25]
    """
    half = 0.5 * thickness_mm
    reach = max(int(np.ceil(half / step_mm - 0.5)), 0)
    edges = np.minimum(step_mm * (np.arange(reach + 1) + 0.5), half)
    return [float(2 * edges[0] / thickness_mm), *(float(part) for part in np.diff(edges) / thickness_mm)]


def _layers(
    labels: np.ndarray, between: np.ndarray | None, index: int, shares: list[float]
) -> list[tuple[float, np.ndarray]]:
    """Give the layers of a slice with their shares; beyond the ends of the volume there are none."""
    found = []
    for offset, share in enumerate(shares):
        for sign in (1, -1) if offset else (1,):
            place = index + sign * offset
            source = labels
            if between is not None:
                place = 2 * index + 1 + sign * offset  # even ones lie between
                source, place = (labels, place // 2) if place % 2 else (between, place // 2)
            if 0 <= place < len(source):
                found.append((share, source[place]))
    total = sum(share for share, _ in found)
    return [(share / total, layer) for share, layer in found]


def paint_volume(
    body: Body,
    grid: Grid,
    labels: np.ndarray,
    contrast: Contrast,
    acquisition: Acquisition,
    rng: np.random.Generator,
    *,
    between: np.ndarray | None = None,
) -> Volume:
    """Give the voxels of one series.

    Where the acquisition has a thickness, the organs' means are averaged over the slice's layers: its middle, those
    halfway to the next slices where they are given, and other slices' middles within its thickness. The noise of
    slices that overlap is correlated.

    Parameters
    ----------
    body : Body
    grid : Grid
    labels : ndarray of uint8, shape (slices, rows, columns)
        From `label_volume` on the same grid.
    contrast : Contrast
    acquisition : Acquisition
    rng : numpy.random.Generator
        For the noise.
    between : ndarray of uint8, shape (slices + 1, rows, columns), optional
        Labels on the grid's `between_slices`.

    Returns
    -------
    Volume
        Hounsfield units from -1024 to 3071, or MR signal from 0 to about 1500.
    """
    brush = _brush(body, contrast, acquisition)
    voxels = np.empty(grid.shape, np.int16)
    thickness_mm = acquisition.thickness_mm
    shares = [1.0]
    if thickness_mm is not None:
        shares = layer_shares(thickness_mm, grid.slice_mm if between is None else 0.5 * grid.slice_mm)
    noise = _Noise(rng, max(1 - grid.slice_mm / thickness_mm, 0.0) if thickness_mm else 0.0)
    for index in range(grid.slices):
        section = axial_section(grid, index)
        layers = _layers(labels, between, index, shares) if len(shares) > 1 else []
        values = _with_noise(body, brush, section, _paint_tissue(brush, section, labels[index], layers), noise)
        np.rint(values, out=voxels[index], casting="unsafe")
    return Volume(grid, voxels, contrast)


def paint_section(
    body: Body,
    section: Section,
    labels: np.ndarray,
    contrast: Contrast,
    acquisition: Acquisition,
    rng: np.random.Generator,
) -> np.ndarray:
    """Give the pixels of one section, as `paint_volume` does for a grid.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
    """
    brush = _brush(body, contrast, acquisition)
    return _with_noise(body, brush, section, _paint_tissue(brush, section, labels), _Noise(rng))
