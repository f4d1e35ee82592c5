"""Convex hull and rotating calipers in whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tumorboard.scans.diameter.calipers import antipodal, farthest, hull
from tumorboard.scans.diameter.layers import bounds, outermost

whole = hnp.arrays(
    np.int32, st.tuples(st.integers(3, 40), st.just(2)), elements=st.integers(-300, 300) | st.integers(-2, 2)
)


def has_area(points):
    return np.linalg.matrix_rank(points - points[0]) == 2


@given(points=whole.filter(has_area), scale=st.tuples(*[st.floats(0.1, 10)] * 2))
def test_calipers_find_the_farthest_of_all_pairs(points, scale):
    apart = (points[:, None] - points[None]) * np.array(scale)
    distance, ends = farthest(hull(points), scale)
    assert np.isclose(distance, np.sqrt((apart**2).sum(-1).max()), rtol=1e-12)
    assert {tuple(end) for end in ends.tolist()} <= {tuple(point) for point in points.tolist()}


@given(points=whole.filter(has_area))
def test_there_are_few_pairs_to_look_at(points):
    corners = hull(points)
    assert len(antipodal(corners)) == len(corners)


@given(points=whole.filter(has_area))
def test_a_hull_turns_left_at_each_corner_and_leaves_no_point_outside(points):
    corners = hull(points).astype(int)
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    assert (turns > 0).all()
    apart = points[:, None] - corners[None]
    assert (sides[None, :, 0] * apart[..., 1] - sides[None, :, 1] * apart[..., 0] >= 0).all()


@given(points=whole.filter(has_area), seed=st.integers(0, 9))
def test_the_order_of_points_does_not_matter(points, seed):
    mixed = np.random.default_rng(seed).permutation(points)
    for one, other in zip(farthest(hull(points), (0.7, 0.7)), farthest(hull(mixed), (0.7, 0.7)), strict=True):
        assert np.array_equal(one, other)


@given(
    layers=hnp.arrays(np.bool_, st.tuples(st.just(3), st.integers(1, 9), st.integers(1, 9))),
    scale=st.tuples(*[st.sampled_from([0.5, 0.8, 5.0])] * 2),
)
@pytest.mark.parametrize(("directions", "slack"), [(8, 1.02), (64, 1.0004)])
def test_a_diameter_lies_within_its_bounds(directions, slack, layers, scale):
    low, high = bounds(outermost(layers), scale, directions)
    sides = np.array([[0, -0.5], [0, 0.5], [-0.5, 0], [0.5, 0]])
    for layer, least, most in zip(layers, low, high, strict=True):
        if not layer.any():
            assert most == -np.inf
            continue
        points = (np.argwhere(layer)[:, None] + sides).reshape(-1, 2) * scale
        largest = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1).max())
        assert least * (1 - 1e-9) <= largest <= most * (1 + 1e-9)
        assert most <= least * slack
