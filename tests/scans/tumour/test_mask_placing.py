"""Placing a mask onto a scan: nothing moves, nothing is lost without a word."""

import numpy as np
import pytest
from drawn_masks import kidney_and_tumour, upright_grid
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour import find_tumour, place
from tumorboard.scans.tumour.mask import labelled_box
from tumorboard.scans.tumour.placing import coincides
from tumorboard.scans.volume import Grid, LabelMap, turn

ORDERS = st.permutations([0, 1, 2])
FLIPS = st.tuples(st.booleans(), st.booleans(), st.booleans())
LABELS = arrays(np.uint8, st.tuples(*[st.integers(1, 6)] * 3), elements=st.integers(0, 3), fill=st.just(0))


def turned(labels, grid, order, flips):
    """The same voxels in the same places, counted along other axes."""
    shape = np.array(grid.shape)
    origin = grid.to_patient(np.where(flips, shape - 1, 0)[None].astype(float))[0]
    steps = grid.steps_mm * np.where(flips, -1.0, 1.0)[:, None]
    view = labels[tuple(slice(None, None, -1 if flip else 1) for flip in flips)].transpose(order)
    return LabelMap(view, Grid(view.shape, origin, steps[list(order)]))


def rotated(grid, degrees):
    """The same grid turned about the patient's long axis, around its own centre."""
    angle = np.deg2rad(degrees)
    turn_by = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    centre = grid.to_patient((np.array([grid.shape], float) - 1) / 2)[0]
    return Grid(grid.shape, centre + (grid.origin_mm - centre) @ turn_by, grid.steps_mm @ turn_by)


@given(LABELS, ORDERS, FLIPS)
def test_the_order_and_direction_of_axes_do_not_matter(labels, order, flips):
    grid = upright_grid(labels.shape)
    other = turned(labels, grid, order, flips)
    if labels.any():
        assert np.array_equal(place(other, grid).labels, labels)
        assert place(other, grid).remarks == ()
        assert coincides(other.grid, grid)


@given(LABELS, st.tuples(*[st.integers(-7, 7)] * 3), ORDERS, FLIPS)
def test_a_shift_by_whole_voxels_loses_only_what_lies_outside_and_tells_it(labels, shift, order, flips):
    grid = upright_grid(labels.shape)
    moved = Grid(grid.shape, grid.to_patient(np.array([shift], float))[0], grid.steps_mm)
    expected = np.zeros_like(labels)
    total = int(np.count_nonzero(labels))
    for place_there, label in np.ndenumerate(labels):
        target = np.array(place_there) + shift
        if (target >= 0).all() and (target < labels.shape).all():
            expected[tuple(target)] = label
    if not total:
        return
    if not expected.any():
        with pytest.raises(FileFormatError, match="no voxel of the mask lies in the scan"):
            place(turned(labels, moved, order, flips), grid)
        return
    found = place(turned(labels, moved, order, flips), grid)
    assert np.array_equal(found.labels, expected)
    lost = total - int(np.count_nonzero(expected))
    assert any("outside of the scan" in remark for remark in found.remarks) == bool(lost)


@given(LABELS, st.floats(-40, 40), st.floats(0.6, 1.7))
def test_placing_twice_is_placing_once(labels, degrees, scale):
    own = rotated(upright_grid(labels.shape), degrees)
    scan = upright_grid((8, 9, 10), (2.5 * scale, 0.8, 0.7))
    try:
        once = place(LabelMap(labels, own), scan)
    except FileFormatError:
        return
    assert np.array_equal(place(once, scan).labels, once.labels)


def test_the_same_grid_gives_the_same_array():
    grid = upright_grid()
    labels = kidney_and_tumour(grid)
    assert place(LabelMap(labels, grid), upright_grid()).labels is labels


@pytest.mark.parametrize("spacing", [(1.25, 0.4, 0.35), (2.5, 0.8, 0.7), (2.1, 0.95, 0.55)])
@pytest.mark.parametrize("degrees", [0, 12])
def test_the_volume_is_kept_on_any_grid(spacing, degrees):
    own = upright_grid((40, 60, 60), (1.5, 0.8, 0.8), (0, 0, 0))
    z, y, x = np.moveaxis(own.to_patient(np.argwhere(np.ones(own.shape)).astype(float)).reshape(*own.shape, 3), -1, 0)[
        ::-1
    ]
    ball = ((x - 24) ** 2 + (y - 24) ** 2 + (z - 30) ** 2 < 15**2).astype(np.uint8)
    shape = tuple(int(np.ceil(size / step)) for size, step in zip((60, 48, 48), spacing, strict=True))
    scan = rotated(upright_grid(shape, spacing, (0, 0, 0)), degrees)
    placed = place(LabelMap(ball, own), scan)
    before, after = ball.sum() * own.voxel_ml, placed.labels.sum() * scan.voxel_ml
    assert after == pytest.approx(before, rel=0.03)
    centre = scan.to_patient(np.argwhere(placed.labels).astype(float)).mean(axis=0)
    assert np.linalg.norm(centre - [24, 24, 30]) < 0.3


def test_an_oblique_grid_gives_the_label_of_the_voxel_around_each_centre():
    own = upright_grid((6, 7, 8))
    labels = (np.arange(6 * 7 * 8).reshape(own.shape) % 250 + 1).astype(np.uint8)
    scan = rotated(upright_grid((5, 6, 7)), 20)
    placed = place(LabelMap(labels, own), scan)
    places = np.argwhere(np.ones(scan.shape))
    index = np.floor(own.to_indices(scan.to_patient(places.astype(float))) + 0.5).astype(int)
    within = ((index >= 0) & (index < own.shape)).all(axis=1)
    expected = np.where(within, labels[tuple(np.clip(index, 0, np.array(own.shape) - 1).T)], 0)
    assert within.any()
    assert not within.all()
    assert np.array_equal(placed.labels.ravel(), expected)


def test_a_mask_on_other_voxels_is_told_and_so_is_a_label_that_is_lost():
    own = upright_grid((20, 40, 40), (0.5, 0.2, 0.2))
    labels = np.zeros(own.shape, np.uint8)
    labels[4:16, 8:30, 8:30] = 1
    labels[1, 1, 1] = 2
    placed = place(LabelMap(labels, own, {2: "cyst"}), upright_grid((4, 13, 11), (2.5, 0.8, 0.7)))
    assert any(
        "(0.5 x 0.2 x 0.2 mm) lie elsewhere than the scan's (2.5 x 0.8 x 0.7 mm)" in one for one in placed.remarks
    )
    assert any("no voxel is left on the scan of label 2 cyst" in one for one in placed.remarks)


@given(LABELS, ORDERS, FLIPS)
def test_the_box_around_a_mask_is_the_smallest(labels, order, flips):
    view = turned(labels, upright_grid(labels.shape), order, flips).labels
    box = labelled_box(view)
    places = np.argwhere(view)
    if not len(places):
        assert box is None
    else:
        assert [one.start for one in box] == places.min(axis=0).tolist()
        assert [one.stop - 1 for one in box] == places.max(axis=0).tolist()


@given(ORDERS, FLIPS)
def test_a_tumour_is_the_same_after_its_scan_was_turned(order, flips):
    grid = upright_grid()
    other = turned(kidney_and_tumour(grid), grid, order, flips)
    view, upright = turn(other.labels, other.grid)
    one, same = find_tumour(other), find_tumour(LabelMap(view, upright))
    assert one.volume_ml == same.volume_ml == pytest.approx(60 * grid.voxel_ml)
    assert one.touches == same.touches
    assert np.array_equal(same.whole(), kidney_and_tumour(grid) == 2)
    assert np.allclose(
        np.sort(one.grid.to_patient(np.argwhere(one.mask)), axis=0),
        np.sort(same.grid.to_patient(np.argwhere(same.mask)), axis=0),
    )
