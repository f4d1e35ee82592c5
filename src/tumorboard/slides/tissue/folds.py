"""Folds: lines along which the tissue lies double, darker than on both of their sides but of the same colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.density import Density
from tumorboard.slides.tissue.masks import Channel, Mask, both, empty_like, enlarged, mask_of, shrunk, without
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import Pieces, holding, pieces_of, widened

Map = NDArray[np.float32]

_MPP = 16.0
_MOSTLY = 0.5
_EXCESS_RANGE = (-0.6, 1.6)
_LENGTH_PX, _DIRECTIONS = 11, 12
_WIDTH_UM, _FLANK_UM = 32.0, 72.0
_SD_TO_WIDTH = 2.35
_SURROUNDINGS_UM, _BESIDE_UM = 190.0, 130.0
_FAINT_PART, _LEAST_EXCESS = 0.8, 0.23
"""Of the contrast that begins a fold, what it may fall to along its way; how much denser it must be at least."""

_OTHER_COLOUR, _MOST_CHANGE = 6.0, 0.06
"""A double layer keeps its colour, where blood is redder and a crowd of lymphocytes or an epithelium bluer: what a
change of red's part of the density takes off the contrast, per unit, and how great it may be."""

_LEAST_RATIO, _WIDE_RATIO = 1.15, 1.5
"""Of a fold's density to that of the denser parts beside it (their 90th percentile): a strand among gaps has none. What
is wide needs more, as an epithelium is wide."""

_SHORTEST_UM, _WIDE_UM = 90.0, 74.0
"""A fold's least length, and the mean width from which it is wide."""

_UNEVENNESS = 0.5
"""What the unevenness of the density beside the line (its coefficient of variation) takes off the contrast."""

_GLASS_EXCESS = 0.4
"""What glass beside a line counts as: dense tissue often ends in a dense rim."""


def folds(density: Density, tissue: Mask, mpp: float, settings: TissueSettings) -> Mask:
    """Find folds.

    Parameters
    ----------
    density : Density
    tissue : ndarray of uint8, shape (height, width)
    mpp : float
        µm per pixel.
    settings : TissueSettings

    Returns
    -------
    ndarray of uint8, shape (height, width)
    """
    factor = max(1, round(_MPP / mpp))
    step = mpp * factor
    if min(tissue.shape) < factor:
        return empty_like(tissue)
    coarse = _coarse(density, tissue, factor)
    inside = coarse.weight > _MOSTLY
    if not inside.any():
        return empty_like(tissue)
    usual = _surroundings(coarse.total, step) / np.maximum(_surroundings(coarse.weight, step), 1e-3)
    excess = coarse.total / np.maximum(coarse.weight, _MOSTLY) / np.maximum(usual, 1) - 1
    contrast = _line_contrast(np.where(inside, np.clip(excess, *_EXCESS_RANGE), _GLASS_EXCESS), step)
    dark = inside & (excess > _LEAST_EXCESS) & (contrast >= _FAINT_PART * settings.fold_contrast)
    sure = inside & (contrast >= settings.fold_contrast)
    lines = pieces_of(holding(mask_of(dark), mask_of(sure), settings.fold_um2 / step**2))
    keep = lines.areas * step**2 >= settings.fold_um2
    for number in (np.flatnonzero(keep[1:]) + 1).tolist():
        keep[number] = _evidence(lines, number, contrast, coarse, step) >= settings.fold_evidence
    return both(widened(enlarged(lines.chosen(keep), factor, tissue), 0.5 * factor), tissue)


@dataclass(frozen=True, eq=False)
class _Coarse:
    """Tissue at about 16 µm per pixel: the share that is tissue, the density of red and of all, and that smoothed."""

    weight: Map
    red: Map
    total: Map
    smooth: Map


def _coarse(density: Density, tissue: Mask, factor: int) -> _Coarse:
    def of(channel: Channel) -> Map:
        return shrunk(both(channel, tissue), factor).astype(np.float32)

    red = of(density.red)
    total = red + of(density.green) + of(density.blue)
    return _Coarse(of(tissue) / np.float32(255), red, total, np.asarray(cv2.GaussianBlur(total, (3, 3), 0), np.float32))


def _evidence(lines: Pieces, number: int, contrast: Map, coarse: _Coarse, step: float) -> float:
    """Give a line's contrast, less what a change of colour and the unevenness of what lies beside it take off."""
    reach = max(3, round(_BESIDE_UM / step))
    left, top, wide, high = lines.boxes[number].tolist()
    place = (slice(max(0, top - reach), top + high + reach), slice(max(0, left - reach), left + wide + reach))
    line = mask_of(lines.labels[place] == number)
    red, total = coarse.red[place], coarse.total[place]
    own, beside = line > 0, without(widened(line, reach), widened(line, 2)) > 0
    beside &= coarse.weight[place] > _MOSTLY
    length, width = _length_and_width(own)
    if not beside.any() or length * step < _SHORTEST_UM:
        return 0.0
    double, single = total[own], total[beside]
    ratio = _WIDE_RATIO if width * step > _WIDE_UM else _LEAST_RATIO
    if float(double.mean()) < ratio * _ninth_decile(coarse.smooth[place][beside]):
        return 0.0
    change = abs(float(red[own].sum() / double.sum() - red[beside].sum() / single.sum()))
    if change > _MOST_CHANGE:
        return 0.0
    unevenness = float(single.std() / single.mean())
    return _ninth_decile(contrast[place][own]) - _OTHER_COLOUR * change - _UNEVENNESS * unevenness


def _ninth_decile(values: Map) -> float:
    return float(np.sort(values)[-1 - len(values) // 10])


def _length_and_width(line: NDArray[np.bool_]) -> tuple[float, float]:
    """Give the length of a stroke with a line's greatest spread, and the line's area over it; in pixels."""
    row, column = np.nonzero(line)
    spread = np.linalg.eigvalsh(np.cov(row, column, ddof=0) + np.eye(2) / 12)
    length = float(np.sqrt(12 * spread[-1]))
    return length, len(row) / length


def _line_contrast(excess: NDArray[np.floating], step: float) -> Map:
    """Give by how much the mean along the best line through each pixel exceeds those on both of its sides."""
    narrow = cv2.GaussianBlur(excess.astype(np.float32), (3, 3), _WIDTH_UM / step / _SD_TO_WIDTH)
    best = np.full(excess.shape, -1, np.float32)
    for kernel, (right, down) in _directions(step):
        along = np.asarray(cv2.filter2D(narrow, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT), np.float32)
        sides = cv2.max(_moved(along, right, down), _moved(along, -right, -down))
        best = np.asarray(cv2.max(best, cv2.subtract(along, sides)), np.float32)
    return best


def _directions(step: float) -> Iterator[tuple[Map, tuple[int, int]]]:
    """Give a line's weights in each direction, and the way to its side."""
    half, flank = _LENGTH_PX // 2, _FLANK_UM / step
    for number in range(_DIRECTIONS):
        angle = np.pi * number / _DIRECTIONS
        across, down = np.cos(angle), np.sin(angle)
        kernel = np.zeros((_LENGTH_PX, _LENGTH_PX), np.float32)
        ends = [(round(half + sign * half * across), round(half + sign * half * down)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], (1.0,))
        yield kernel / kernel.sum(), (round(-flank * down), round(flank * across))


def _moved(field: Map, right: int, down: int) -> Map:
    """Move a map; what comes in is 0."""
    moved = np.zeros_like(field)
    height, width = field.shape
    if abs(right) >= width or abs(down) >= height:
        return moved
    target = (slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0)))
    source = (slice(max(-down, 0), height + min(-down, 0)), slice(max(-right, 0), width + min(-right, 0)))
    moved[target] = field[source]
    return moved


def _surroundings(field: Map, step: float) -> Map:
    """Smooth a map over some 190 µm, at a quarter of its size."""
    height, width = field.shape
    small = cv2.resize(field, ((width + 3) // 4, (height + 3) // 4), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), _SURROUNDINGS_UM / step / 4)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
