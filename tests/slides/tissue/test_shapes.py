"""What is done with a mask's pieces is what a slow definition says, however the mask is cropped or cut into bands."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.slides.tissue import shapes
from tumorboard.slides.tissue.areas import sums_in
from tumorboard.slides.tissue.dark import _reaching_far
from tumorboard.slides.tissue.masks import Mask, as_true, both, doubled, shrunk
from tumorboard.slides.tissue.shapes import closed, holding, larger_than, pieces_of, without_holes

seeds = st.integers(0, 2**32 - 1)


def blobs(seed: int, share: float = 0.45) -> Mask:
    """Draw an uneven mask of odd size, some of it away from the edges."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(31, 120, 2))
    noise = cv2.GaussianBlur(rng.random((height, width)), (0, 0), float(rng.uniform(0.6, 2)))
    mask = (noise > np.quantile(noise, 1 - share)).astype(np.uint8) * np.uint8(255)
    if seed % 2:
        mask[:5], mask[:, -7:] = 0, 0
    return mask


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_pieces_have_the_boxes_and_areas_that_opencv_counts(seed: int) -> None:
    mask = blobs(seed, 0.2)
    count, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pieces = pieces_of(mask)
    assert pieces.count == count
    assert (pieces.labels == labels).all()
    assert (pieces.areas == table[:, 4]).all()
    assert (pieces.boxes[1:] == table[1:, :4]).all()
    keep = np.random.default_rng(seed).random(count) < 0.5
    assert ((pieces.chosen(keep) > 0) == (keep[labels] & (labels > 0))).all()


@given(seeds, st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_small_pieces_and_holes_go_the_same_in_bands_as_at_once(seed: int, pixels: int) -> None:
    mask = blobs(seed)
    framed = cv2.copyMakeBorder(mask, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=[0])
    dropped, filled = framed.copy(), framed.copy()
    cv2.filterSpeckles(dropped, 0, pixels - 1, 0)
    cv2.filterSpeckles(filled, 255, pixels, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "_BAND_PX", 1)
        assert (larger_than(framed, pixels) == dropped).all()
        assert (without_holes(framed, pixels) == filled).all()


@given(seeds, st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_pieces_that_hold_a_seed_are_told_in_half_the_size(seed: int, pixels: int) -> None:
    mask = blobs(seed, 0.3)
    some = np.roll(blobs(seed, 0.05), 1, axis=0)  # beyond the mask as well
    even = [cv2.copyMakeBorder(m, 0, m.shape[0] % 2, 0, m.shape[1] % 2, cv2.BORDER_CONSTANT) for m in (mask, some)]
    parts, seeded = (shrunk(part, 2) for part in even)
    labels = cv2.connectedComponents((parts > 0).astype(np.uint8), connectivity=8)[1]
    expected = np.zeros(labels.shape, np.bool_)
    for number in np.unique(labels[(seeded > 0) & (labels > 0)]).tolist():
        piece = labels == number
        expected |= piece & (parts[piece].sum() * 4 / 255 >= pixels)
    large = expected.repeat(2, axis=0).repeat(2, axis=1)[: mask.shape[0], : mask.shape[1]]
    assert ((holding(mask, some, pixels) > 0) == (large & (mask > 0))).all()


@given(seeds, st.sampled_from([4.0, 7.0, 10.0]), st.floats(8, 60))
@settings(max_examples=40, deadline=None)
def test_dust_that_is_dropped_is_no_part_of_anything_long(seed: int, gap: float, length: float) -> None:
    mask = blobs(seed, 0.04)
    joined = pieces_of(closed(mask, gap))
    far = np.hypot(*joined.boxes[:, 2:].T) >= length
    kept = closed(_reaching_far(mask, length, gap), gap)
    whole = joined.chosen(far)
    assert (both(kept, whole) == whole).all()


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_sums_over_rectangles_do_not_depend_on_how_the_map_is_cropped(seed: int) -> None:
    mask = blobs(seed, 0.1) // 255
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.uniform(-20, 140, (50, 2, 2)), axis=1).reshape(50, 4)
    assert np.allclose(sums_in(mask, corners), sums_in(mask.astype(np.float64), corners), rtol=0, atol=1e-9)


def test_a_mask_becomes_true_in_its_own_memory() -> None:
    mask = blobs(3)
    expected = mask > 0
    true = as_true(mask)
    assert true.dtype == np.bool_
    assert (true == expected).all()
    assert np.count_nonzero(true) == np.count_nonzero(expected)
    assert np.shares_memory(true, mask)


def test_doubling_makes_four_pixels_of_each() -> None:
    mask = blobs(5)
    assert (doubled(mask) == mask.repeat(2, axis=0).repeat(2, axis=1)).all()


def test_a_seed_beside_a_piece_counts_where_half_the_size_joins_them() -> None:
    mask, beside = np.zeros((2, 9, 9), np.uint8)
    mask[2, 4], beside[3, 5] = 255, 255
    assert (holding(mask, beside, 1) == mask).all()
    assert not holding(mask, np.roll(beside, 1, axis=0), 1).any()
