"""Areas out of focus: told from the bytes of stored tiles, settled on the pixels of some.

A stored JPEG tile is the larger the more fine detail it holds. What tissue of some density, colour and coarse texture
usually costs on this slide is known from all of its tiles; those that cost much less are suspects. Suspects, and a
sample spread over all tissue, are decoded and their sharpness measured (`focus.transfer`). So pale or empty tissue,
which is cheap as well, is not taken for blurred, and a slide that is blurred throughout is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Slide
from tumorboard.slides.tissue import focus
from tumorboard.slides.tissue.areas import Values
from tumorboard.slides.tissue.blocks import Blocks
from tumorboard.slides.tissue.density import Density
from tumorboard.slides.tissue.focus_map import FocusMap
from tumorboard.slides.tissue.masks import Mask, empty_like
from tumorboard.slides.tissue.overview import Overview
from tumorboard.slides.tissue.patches import Patches, patches_of
from tumorboard.slides.tissue.settings import TissueSettings

Where = NDArray[np.bool_]

_LEAST_TISSUE, _MOST_HIDDEN = 0.35, 0.05
_SUSPICIOUS, _LEAST_SUSPECTS = 0.25, 3
"""How much less than usual a suspect costs, as a difference of natural logarithms of bytes (22 %); how many there must
be in a square of three by three blocks."""

_RIM = 1.5
"""Beside soft blocks, suspects up to so many times the least focus are soft: focus is lost gradually."""

_FIT_BLOCKS, _FIT_ROUNDS = 2000, 5
_LEAST_EIGENVALUE = 1e-9
"""As a part of the greatest: below it the normal equations lose too many digits."""

_SAMPLE_SHARE = 0.25
_WHOLE_SLIDE_SHARE = 0.2
"""Where more than this of the unsuspected sample is blurred, "usual" means nothing."""


@dataclass(frozen=True, eq=False)
class JudgedFocus:
    """What was found of the focus.

    Parameters
    ----------
    blocks : Blocks
    measured : FocusMap
        The tissue that was looked at.
    soft : ndarray of bool, shape (rows, columns)
        The blocks that are out of focus, those included of which it was inferred.
    """

    blocks: Blocks
    measured: FocusMap
    soft: Where

    def soft_pixels(self, like: Mask) -> Mask:
        """Draw what is out of focus on the overview's pixels."""
        return self.blocks.spread(self.soft, like) if self.soft.any() else empty_like(like)


def judge_focus(
    slide: Slide, overview: Overview, density: Density, tissue: Mask, hidden: Mask, settings: TissueSettings
) -> JudgedFocus:
    """Find tissue that is out of focus.

    Parameters
    ----------
    slide : Slide
    overview : Overview
    density : Density
    tissue, hidden : ndarray of uint8, shape (height, width)
        Tissue, and ink, bubbles and borders, which say nothing about the focus.
    settings : TissueSettings

    Returns
    -------
    JudgedFocus
    """
    patches = patches_of(slide)
    blocks = Blocks.of(patches, overview, slide.jpeg_level(0))
    in_view = (blocks.mean(tissue) >= 255 * _LEAST_TISSUE) & (blocks.mean(hidden) <= 255 * _MOST_HIDDEN)
    sharpness = np.full(in_view.shape, np.nan)
    soft = np.zeros_like(in_view)
    if settings.focus_checks and in_view.any() and patches.working_mpp <= focus.COARSEST_MPP:
        suspect = _suspects(slide, overview, blocks, density, in_view)
        checks = settings.focus_checks * (1 if blocks.across * blocks.down > 1 else 2)
        sharpness = _measured(patches, blocks, _chosen(suspect, in_view, blocks, checks))
        sharpness[~in_view] = np.nan
        looked_at = np.isfinite(sharpness)
        known = np.where(looked_at, sharpness, np.inf)
        soft = _inferred(known < settings.least_focus, looked_at, suspect, in_view)
        soft |= suspect & (known < _RIM * settings.least_focus) & (_in_square(soft) > 0)
    return JudgedFocus(blocks, FocusMap(sharpness.astype(np.float32), blocks.width, blocks.height), soft)


def _suspects(slide: Slide, overview: Overview, blocks: Blocks, density: Density, valid: Where) -> Where:
    """Tell which blocks cost much less than such tissue usually does; all, where stored bytes are not to be had."""
    stored = slide.jpeg_level(0)
    if stored is None:
        return valid
    sizes = stored.sizes()
    down = (np.arange(blocks.rows) + 0.5) * blocks.height * overview.downsample / stored.tile_height
    across = (np.arange(blocks.columns) + 0.5) * blocks.width * overview.downsample / stored.tile_width
    rows = np.minimum(down.astype(np.intp), stored.rows - 1)
    columns = np.minimum(across.astype(np.intp), stored.columns - 1)
    cost = np.log(np.maximum(sizes[np.ix_(rows, columns)], 1) / (stored.tile_width * stored.tile_height))
    green = blocks.mean(density.green)
    texture = blocks.mean(np.asarray(cv2.absdiff(density.green, cv2.blur(density.green, (3, 3))), np.uint8))
    red, blue = blocks.mean(density.red), blocks.mean(density.blue)
    looks = [green, green**2 / 50, texture, 20 * np.log(texture + 2), 50 * red / (green + 4), 50 * blue / (green + 4)]
    usual = _usual(cost[valid], np.stack([look[valid] for look in looks], 1))
    found = np.zeros_like(valid)
    found[valid] = cost[valid] < usual - _SUSPICIOUS
    return found & (_in_square(found) >= _LEAST_SUSPECTS)


def _in_square(where: Where) -> NDArray[np.uint8]:
    """Count in the square of three by three blocks around each."""
    return np.asarray(
        cv2.boxFilter(where.astype(np.uint8), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT), np.uint8
    )


def _usual(cost: Values, looks: Values) -> Values:
    """Fit the cost by the looks, those that cost too little left out round by round."""
    known = np.column_stack([np.ones(len(looks)), looks])
    some = slice(None, None, max(1, len(cost) // _FIT_BLOCKS))
    x, y = known[some], cost[some]
    if len(y) < 4 * x.shape[1]:
        return np.full(len(cost), float(np.median(cost)))
    kept = np.ones(len(y), np.bool_)
    weights = np.zeros(x.shape[1])
    for _ in range(_FIT_ROUNDS):
        weights = _least_squares(x[kept], y[kept])
        rest = y - x @ weights
        spread = 1.48 * float(np.median(np.abs(rest[kept]))) + 1e-3
        before, kept = kept, (rest > -1.5 * spread) & (rest < 3 * spread)
        if np.count_nonzero(kept) < 4 * x.shape[1] or np.array_equal(kept, before):
            break
    return np.asarray(known @ weights)


def _least_squares(x: Values, y: Values) -> Values:
    """Solve by the normal equations, which take a tenth of the time, unless the columns hang together too closely."""
    scale = np.sqrt(np.einsum("ij,ij->j", x, x)) + 1e-12
    even = x / scale
    values, vectors = np.linalg.eigh(even.T @ even)
    if values[0] < _LEAST_EIGENVALUE * values[-1]:
        return np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], np.float64)
    return np.asarray(vectors @ ((vectors.T @ (even.T @ y)) / values) / scale, np.float64)


def _chosen(suspect: Where, valid: Where, blocks: Blocks, checks: int) -> list[tuple[int, int]]:
    """Choose tiles to look at: some spread over all tissue, the others over the suspects, by how many they hold."""
    sample = max(1, round(_SAMPLE_SHARE * checks))
    first = _spread_evenly(_per_tile(valid & ~suspect, blocks), sample)
    second = _spread_evenly(_per_tile(suspect, blocks), max(1, checks - len(first)))
    return sorted({*first, *second})


def _per_tile(where: Where, blocks: Blocks) -> NDArray[np.int64]:
    rows, columns = blocks.rows // blocks.down, blocks.columns // blocks.across
    return np.asarray(where.reshape(rows, blocks.down, columns, blocks.across).sum((1, 3)), np.int64)


def _spread_evenly(counts: NDArray[np.int64], wanted: int) -> list[tuple[int, int]]:
    """Draw tiles in proportion to their counts, evenly along a curve that fills the plane (row, column)."""
    rows, columns = np.nonzero(counts)
    if len(rows) > wanted:
        order = np.argsort(_curve(rows) * 2 + _curve(columns), kind="stable")
        sums = np.cumsum(counts[rows, columns][order])
        places = (np.arange(wanted) + 0.5) * sums[-1] / wanted
        taken = order[np.unique(np.searchsorted(sums, places))]
        rows, columns = rows[taken], columns[taken]
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _curve(values: NDArray[np.intp]) -> NDArray[np.int64]:
    """Put a 0 before each binary digit, so that two numbers can be interleaved (Morton's order)."""
    spread = values.astype(np.int64)
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
                        (2, 0x3333333333333333), (1, 0x5555555555555555)):  # fmt: skip
        spread = (spread | (spread << shift)) & mask
    return spread


def _measured(patches: Patches, blocks: Blocks, chosen: list[tuple[int, int]]) -> Values:
    """Measure the sharpness of the blocks of the chosen tiles; not a number elsewhere."""
    shape = (blocks.rows, blocks.columns)
    fine, coarse = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    seen = np.zeros(shape, np.bool_)
    size = (blocks.across, blocks.down)
    for row, column in chosen:
        lightness = patches.lightness(column, row)
        if lightness is None:
            continue
        place = (
            slice(row * blocks.down, (row + 1) * blocks.down),
            slice(column * blocks.across, (column + 1) * blocks.across),
        )
        for mean, band in zip((fine, coarse), focus.band_energies(lightness), strict=True):
            mean[place] = cv2.resize(band, size, interpolation=cv2.INTER_AREA)
        seen[place] = True
    sharpness = np.full(shape, np.nan)
    sharpness[seen] = focus.transfer(fine[seen], coarse[seen], patches.working_mpp)
    return sharpness


def _inferred(soft: Where, judged: Where, suspect: Where, valid: Where) -> Where:
    """Extend what was found to blocks that were not looked at: to suspects that hang together with those that were.

    Where much of the unsuspected tissue is soft as well, each block takes what its nearest neighbour was found to be.
    """
    unsuspected = judged & ~suspect
    whole = soft[unsuspected].mean() > _WHOLE_SLIDE_SHARE if unsuspected.any() else False
    group = valid if whole else suspect
    asked = judged & group
    if not asked.any():
        return soft
    _, pieces = cv2.connectedComponents(group.astype(np.uint8))
    _, nearest = cv2.distanceTransformWithLabels(
        (~asked).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    count = int(nearest.max()) + 1
    is_soft, piece = np.zeros(count, np.bool_), np.zeros(count, np.int32)
    is_soft[nearest[asked]], piece[nearest[asked]] = soft[asked], pieces[asked]
    open_question = group & ~judged
    same = (piece[nearest] == pieces) | whole
    return np.asarray(soft | (open_question & is_soft[nearest] & same), np.bool_)
