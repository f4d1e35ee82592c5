"""An even sample: every tile has the same chance, no part of the tissue is left out, a smaller one begins a larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.slides.tiles import sample_evenly, share_out


def tissue(radius, hole=0):
    """Boxes of a round piece of tissue, 1024 pixels each, in row order."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    distance = np.hypot(rows, columns)
    places = np.argwhere((distance <= radius) & (distance >= hole)) * 1024
    return np.column_stack([places[:, 1], places[:, 0], np.full((len(places), 2), 1024)]).astype(np.int64)


def farthest(boxes, sample):
    """The largest distance of any tile from the sample, in tiles."""
    centres = boxes[:, :2] / 1024
    return np.sqrt(((centres[:, None] - centres[sample][None]) ** 2).sum(-1).min(1)).max()


@given(radius=st.integers(0, 14), count=st.integers(0, 700), seed=st.integers(0, 2**32), fewer=st.integers(0, 700))
def test_each_tile_once_and_a_smaller_sample_begins_a_larger(radius, count, seed, fewer):
    boxes = tissue(radius)
    sample = sample_evenly(boxes, count, seed)
    assert len(sample) == min(count, len(boxes)) == len(set(sample.tolist()))
    assert set(sample.tolist()) <= set(range(len(boxes)))
    np.testing.assert_array_equal(sample, sample_evenly(boxes, count, seed))
    np.testing.assert_array_equal(sample_evenly(boxes, min(fewer, count), seed), sample[: min(fewer, count)])


@given(st.permutations(range(60)), st.integers(0, 1000))
def test_the_order_of_the_boxes_is_of_no_account(order, seed):
    boxes = tissue(5)[:60]
    there = boxes[sample_evenly(boxes, 20, seed)]
    np.testing.assert_array_equal(boxes[order][sample_evenly(boxes[order], 20, seed)], there)


@pytest.mark.parametrize(("radius", "hole"), [(20, 0), (25, 15)])
@pytest.mark.parametrize("count", [20, 76, 256])
def test_no_part_of_the_tissue_is_left_out(radius, hole, count):
    boxes = tissue(radius, hole)
    ours = np.mean([farthest(boxes, sample_evenly(boxes, count, seed)) for seed in range(10)])
    by_chance = np.mean(
        [farthest(boxes, np.random.default_rng(seed).choice(len(boxes), count, False)) for seed in range(10)]
    )
    assert ours < 0.8 * by_chance
    right = [(boxes[sample_evenly(boxes, count, seed), 0] > boxes[:, 0].mean()).mean() for seed in range(10)]
    assert np.abs(np.array(right) - (boxes[:, 0] > boxes[:, 0].mean()).mean()).max() < 0.13


def test_every_tile_has_the_same_chance():
    """Sampling by distance would prefer the tissue's edge, where the look is another."""
    boxes = tissue(6)
    drawn = np.bincount(np.concatenate([sample_evenly(boxes, 20, seed) for seed in range(1500)]), minlength=len(boxes))
    expected = 1500 * 20 / len(boxes)
    assert np.abs(drawn - expected).max() < 5 * np.sqrt(expected)


def test_a_hundred_thousand_tiles():
    boxes = tissue(178)
    sample = sample_evenly(boxes, 256, 1)
    assert len(boxes) > 99_000
    centres, drawn = boxes[::40, :2] / 1024, boxes[sample, :2] / 1024
    assert np.hypot(*(centres[:, None] - drawn[None]).T).min(0).max() < 30


def test_no_tiles_and_a_negative_count():
    assert sample_evenly(np.zeros((0, 4), np.int64), 5, 1).tolist() == []
    with pytest.raises(ValueError, match="-1 tiles"):
        sample_evenly(tissue(2), -1, 1)


@given(st.lists(st.integers(0, 5000), max_size=8), st.integers(0, 3000))
def test_shares_are_in_proportion(counts, cap):
    shares = share_out(counts, cap)
    assert sum(shares) == min(cap, sum(counts))
    for share, count in zip(shares, counts, strict=True):
        assert 0 <= share <= count
        if sum(counts) > cap:
            assert abs(share - cap * count / sum(counts)) < 1


def test_a_negative_cap_is_refused():
    with pytest.raises(ValueError, match="cannot be shared out"):
        share_out([3, 4], -1)
