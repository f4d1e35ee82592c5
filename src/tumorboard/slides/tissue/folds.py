"""Folds: lines along which the tissue lies double, denser than on both of their sides in every colour alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.density import Density
from tumorboard.slides.tissue.masks import Channel, Mask, both, either, empty_like, enlarged, mask_of, shrunk, without
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import Pieces, pieces_of, widened

Map = NDArray[np.float32]

_MPP = 16.0
_MOSTLY = 0.5
_LENGTH_PX, _DIRECTIONS = 11, 12
_WIDTH_UM, _FLANK_UM = 24.0, 68.0
_SD_TO_WIDTH = 2.35
_OWN_SPREAD = {"mu20": 1 / 12, "mu02": 1 / 12, "mu11": 0.0}
"""Second moments of one pixel, by OpenCV's names."""

_SURROUNDINGS_UM, _BESIDE_UM = 190.0, 130.0

_DARKEST_UM, _DARKEST_SHARE = 40.0, 0.35
"""Where tissue lies double, nuclei lie on nuclei: what is darkest within some µm tells more than the mean, which gaps
lower as well. The share of the darkest in what is looked at."""

_UNLIKE, _MOST_EXCESS = 0.25, 2.5
"""A double layer is denser in each colour alike, a crowd of nuclei in red above all, blood in blue: what a unit of the
difference between the colours takes off a pixel. What is paler than its surroundings counts as no denser."""

_GLASS_EXCESS = 0.25
"""What glass beside a line counts as: dense tissue often ends in a dense rim."""

_FAINT_PART, _LEVELS = 0.8, (1.0, 1.6)
"""Of the contrast that begins a fold, what it may fall to along its way; and by how much the limit is raised for what
is no fold as a whole: a fold and a crowd of nuclei beside it may hang together."""

_SHORTEST_UM, _NARROWEST_UM, _STRAND_UM, _UNEVEN = 90.0, 33.0, 40.0, 0.3
"""A fold's least length and mean width; the width among gaps, where a strand looks much like a fold unless it is denser
than all but the densest tenth of what lies beside; the coefficient of variation from which that has gaps."""

_USUAL_UM2, _FOR_AREA = 15_000.0, 0.03
"""The larger a line is, the less is it chance: what e times a usual area adds to its contrast."""

_RED_MORE, _BLUE_MORE, _LESS = 0.2, 0.8, 0.1
"""What a line's contrast loses where red's density rises by more than the others' (a crowd of nuclei), and blue's by
more than green's (blood, or nuclei), per unit of a logarithm; and how far either may rise less and still add something:
nuclei that take nearly all light take little more where they lie double, so a fold is rather pink."""

_LEAST_RED, _MOST_RED, _MOST_BLUE, _RED_OVER_BLUE = -0.35, 0.2, 0.1, 0.2
_DOUBLE = 0.65
"""What lies beyond these (red over the others, blue over green, red over blue) is another tissue and no double layer of
this one: blood, lymphocytes; and of what is about twice as dense (a logarithm) or more, red may rise by a quarter as
much: an epithelium beside its stroma is denser and bluer."""


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
    coarse = _coarse(density, tissue, mpp, factor)
    inside = coarse.weight > _MOSTLY
    if not inside.any():
        return empty_like(tissue)
    contrast = _line_contrast(np.where(inside, _excess(coarse, step), np.float32(_GLASS_EXCESS)), step)
    found = np.zeros(contrast.shape, np.uint8)
    for times in _LEVELS:
        least = times * settings.fold_contrast
        dark = mask_of(inside & (contrast >= _FAINT_PART * least))
        lines = pieces_of(without(dark, found))
        keep = np.zeros(len(lines.areas), np.bool_)
        keep[lines.labels[contrast >= least]] = True
        keep &= lines.areas * step**2 >= settings.fold_um2
        keep[0] = False
        for number in np.flatnonzero(keep).tolist():
            line = _line(lines, number, contrast, coarse, step)
            keep[number] = line is not None and _evidence(line) >= settings.fold_evidence
        found = either(found, lines.chosen(keep))
    return both(enlarged(found, factor, tissue), tissue)


@dataclass(frozen=True, eq=False)
class _Coarse:
    """Tissue at about 16 µm per pixel: the share that is tissue, and the densities of red, green and blue."""

    weight: Map
    colours: tuple[Map, Map, Map]


def _coarse(density: Density, tissue: Mask, mpp: float, factor: int) -> _Coarse:
    side = 2 * max(1, round((_DARKEST_UM / mpp - 1) / 2)) + 1
    square = np.ones((side, side), np.uint8)

    def of(channel: Channel) -> Map:
        own = both(channel, tissue)
        mixed = cv2.addWeighted(own, 1 - _DARKEST_SHARE, cv2.dilate(own, square), _DARKEST_SHARE, 0)
        return shrunk(both(np.asarray(mixed, np.uint8), tissue), factor).astype(np.float32)

    weight = shrunk(tissue, factor).astype(np.float32) / np.float32(255)
    return _Coarse(weight, (of(density.red), of(density.green), of(density.blue)))


def _excess(coarse: _Coarse, step: float) -> Map:
    """Give by how much the tissue is denser than its surroundings, in all colours alike."""
    share = _surroundings(coarse.weight, step)
    red, green, blue = (cv2.multiply(own, _to_ratio(share, _surroundings(own, step), own)) for own in coarse.colours)
    unlike = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    alike = cv2.addWeighted(cv2.add(cv2.add(red, green), blue), 1 / 3, unlike, -_UNLIKE, 0)
    excess = cv2.divide(alike, np.maximum(coarse.weight, np.float32(_MOSTLY))) - np.float32(1)
    return np.asarray(np.clip(excess, 0, _MOST_EXCESS), np.float32)


@dataclass(frozen=True)
class _Line:
    """What may be a fold: its measures, and the logarithms of its densities over those beside it."""

    area_um2: float
    length_um: float
    contrast: float
    red: float
    green: float
    blue: float
    over_densest: float
    unevenness: float


def _line(lines: Pieces, number: int, contrast: Map, coarse: _Coarse, step: float) -> _Line | None:
    """Measure a piece; None where it is too short or thin, or nothing lies beside it."""
    reach = max(3, round(_BESIDE_UM / step))
    left, top, wide, high = lines.boxes[number].tolist()
    place = (slice(max(0, top - reach), top + high + reach), slice(max(0, left - reach), left + wide + reach))
    line = mask_of(lines.labels[place] == number)
    own = line > 0
    area_um2, length_um = float(lines.areas[number]) * step**2, _length(own) * step
    if length_um < _SHORTEST_UM or area_um2 < _NARROWEST_UM * length_um:
        return None
    beside = without(widened(line, reach), widened(line, 2)) > 0
    beside &= coarse.weight[place] > _MOSTLY
    if not beside.any():
        return None
    densities = [colour[place] for colour in coarse.colours]
    red, green, blue = (float(np.log(each[own].mean() / max(1.0, each[beside].mean()))) for each in densities)
    total = np.asarray(densities[0] + densities[1] + densities[2], np.float32)
    smooth = np.asarray(cv2.GaussianBlur(total, (3, 3), 0), np.float32)
    return _Line(
        area_um2=area_um2,
        length_um=length_um,
        contrast=_ninth_decile(contrast[place][own]),
        red=red,
        green=green,
        blue=blue,
        over_densest=float(total[own].mean()) / _ninth_decile(smooth[beside]),
        unevenness=float(total[beside].std() / total[beside].mean()),
    )


def _evidence(line: _Line) -> float:
    """Give a line's contrast, more the larger it is, less the more its colour is that of nuclei or blood."""
    redder, bluer = line.red - (line.green + line.blue) / 2, line.blue - line.green
    most_red = _MOST_RED if max(line.red, line.green, line.blue) <= _DOUBLE else _MOST_RED / 4
    another = not _LEAST_RED <= redder <= most_red
    another |= bluer > _MOST_BLUE or line.red - line.blue > _RED_OVER_BLUE
    among_gaps = line.unevenness > _UNEVEN and line.over_densest < 1
    if another or (among_gaps and line.area_um2 < _STRAND_UM * line.length_um):
        return 0.0
    by_area = _FOR_AREA * float(np.log(line.area_um2 / _USUAL_UM2))
    return line.contrast + by_area - _RED_MORE * max(redder, -_LESS) - _BLUE_MORE * max(bluer, -_LESS)


def _ninth_decile(values: Map) -> float:
    return float(np.sort(values)[-1 - len(values) // 10])


def _length(line: NDArray[np.bool_]) -> float:
    """Give the length of a stroke with a line's greatest spread, in pixels."""
    moments = cv2.moments(mask_of(line), binaryImage=True)
    across, down, both_ways = (moments[name] / moments["m00"] + own for name, own in _OWN_SPREAD.items())
    greatest = (across + down) / 2 + np.hypot((across - down) / 2, both_ways)
    return float(np.sqrt(12 * greatest))


def _line_contrast(excess: Map, step: float) -> Map:
    """Give by how much the mean along the best line through each pixel exceeds those on both of its sides."""
    flank = round(_FLANK_UM / step)
    height, width = excess.shape
    # a frame, so that what lies beside a line is a part of the same picture
    framed = cv2.copyMakeBorder(excess, flank, flank, flank, flank, cv2.BORDER_CONSTANT, value=[0])
    narrow = cv2.GaussianBlur(framed, (3, 3), _WIDTH_UM / step / _SD_TO_WIDTH)
    best = np.full(excess.shape, -1, np.float32)
    for kernel, (right, down) in _directions(flank):
        along = cv2.filter2D(narrow, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
        own, one, other = (along[flank + sign * down :, flank + sign * right :][:height, :width] for sign in (0, 1, -1))
        best = np.asarray(cv2.max(best, cv2.subtract(own, cv2.max(one, other))), np.float32)
    return best


def _directions(flank: int) -> Iterator[tuple[Map, tuple[int, int]]]:
    """Give a line's weights in each direction, and the way to its side."""
    half = _LENGTH_PX // 2
    for number in range(_DIRECTIONS):
        angle = np.pi * number / _DIRECTIONS
        across, down = np.cos(angle), np.sin(angle)
        kernel = np.zeros((_LENGTH_PX, _LENGTH_PX), np.float32)
        ends = [(round(half + sign * half * across), round(half + sign * half * down)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], (1.0,))
        yield kernel / kernel.sum(), (round(-flank * down), round(flank * across))


def _surroundings(field: Map, step: float) -> Map:
    """Smooth a map over some 190 µm; of a quarter of its size."""
    height, width = field.shape
    small = cv2.resize(field, ((width + 3) // 4, (height + 3) // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _SURROUNDINGS_UM / step / 4), np.float32)


def _to_ratio(share: Map, small: Map, field: Map) -> Map:
    """Give what turns a map into its ratio to its surroundings, of the map's size."""
    ratio = cv2.divide(share, np.maximum(small, np.float32(1)))
    return np.asarray(cv2.resize(ratio, field.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
