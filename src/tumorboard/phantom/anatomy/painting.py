"""Labels to voxels: tissue textures, blur, the noise of a CT or an MR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """

    noise: float = 12.0
    sharpness_mm: float = 0.6
    kilovolt: float = 120.0
    tesla: float = 1.5


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


def _noise(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> np.ndarray:
    """Give a random window of noise of standard deviation 1."""
    field = _noise_fields(round(sigma_px, 1))[rng.integers(_NOISE_FIELDS)]
    first = [int(rng.integers(max(_NOISE_PX - count, 0) + 1)) for count in shape]
    if max(shape) > _NOISE_PX:
        field = np.tile(field, (-(-shape[0] // _NOISE_PX), -(-shape[1] // _NOISE_PX)))
    window = field[first[0] : first[0] + shape[0], first[1] : first[1] + shape[1]]
    down, across = (1 - 2 * int(rng.integers(2)) for _ in range(2))
    return np.asarray(window[::down, ::across])


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
    return _Brush(appearance(contrast, uptake, acquisition.kilovolt), offsets, acquisition, contrast, bias)


def _paint_tissue(brush: _Brush, section: Section, labels: np.ndarray) -> np.ndarray:
    values = cv2.LUT(labels, brush.look.mean)
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


def _add_quantum_noise(
    body: Body, brush: _Brush, section: Section, values: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    sigma_px = max(1.25 * brush.acquisition.sharpness_mm / abs(section.column_step_mm), 0.3)
    strength = np.float32(brush.acquisition.noise) * (np.float32(0.45) + np.float32(0.55) * _middle(body, section))
    values = values + strength * _noise(section.shape, sigma_px, rng)
    return np.asarray(np.clip(values, -1024, 3071))


def _add_rician_noise(
    body: Body, brush: _Brush, section: Section, values: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    habitus = body.habitus
    x, y, z = (section.coordinate(axis) for axis in range(3))
    x, y, z = x / habitus.outer_half_width_mm, y / habitus.half_depth_mm, z / 150
    a, b, c, d, e = brush.bias.astype(np.float32)
    near = 0.18 * (np.maximum(np.abs(x), 0) ** 2 + 0.5 * y**2) - 0.12  # surface coils see the rim best
    bias = np.exp(np.clip(near + a * x + b * y + c * z + d * x * y + e * x * z, -0.7, 0.7))
    values = values * bias.astype(np.float32)
    sigma_px = max(0.5 * brush.acquisition.sharpness_mm / abs(section.column_step_mm), 0.3)
    first, second = (np.float32(brush.acquisition.noise) * _noise(section.shape, sigma_px, rng) for _ in range(2))
    return np.asarray(np.clip(cv2.magnitude(values + first, second), 0, 4095))


def _paint_section(
    body: Body, brush: _Brush, section: Section, labels: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    values = _paint_tissue(brush, section, labels)
    add: Callable[..., np.ndarray] = _add_rician_noise if brush.contrast in MR_CONTRASTS else _add_quantum_noise
    return add(body, brush, section, values, rng)


def paint_volume(
    body: Body,
    grid: Grid,
    labels: np.ndarray,
    contrast: Contrast,
    acquisition: Acquisition,
    rng: np.random.Generator,
) -> Volume:
    """Give the voxels of one series.

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

    Returns
    -------
    Volume
        Hounsfield units from -1024 to 3071, or MR signal from 0 to about 1500.
    """
    brush = _brush(body, contrast, acquisition)
    voxels = np.empty(grid.shape, np.int16)
    for index in range(grid.slices):
        section = axial_section(grid, index)
        np.rint(_paint_section(body, brush, section, labels[index], rng), out=voxels[index], casting="unsafe")
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
    return _paint_section(body, brush, section, labels, rng)
