"""The largest diameters of a mask, against every pair of points, against formulas, and from all sides."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import find_contours

from tumorboard.scans.diameter import bounding_box, measure
from tumorboard.scans.volume import NORMAL_AXIS, PLANES, Grid, turn

SIDES_OF_A_VOXEL = np.array([[0, -0.5], [0, 0.5], [-0.5, 0], [0.5, 0]])

spacings = st.tuples(*[st.sampled_from([0.5, 0.7, 0.78125, 1.0, 3.0, 5.0])] * 3)
masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7)).filter(np.any)


def grid_of(shape, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)):
    """A grid in patient axes: its spacing along z, y and x."""
    return Grid(tuple(shape), np.array(origin, float), np.diag(spacing)[:, ::-1].astype(float))


def each_pair(layer, scale):
    """The largest distance of all pairs of side middles of a layer's voxels."""
    points = (np.argwhere(layer)[:, None] + SIDES_OF_A_VOXEL).reshape(-1, 2) * scale
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)).max()


def length(ends):
    return float(np.linalg.norm(np.subtract(*ends)))


@given(mask=masks, spacing=spacings)
def test_it_is_the_largest_distance_of_all_pairs_in_the_lowest_slice_that_has_it(mask, spacing):
    size = measure(mask, grid_of(mask.shape, spacing))
    for plane, normal in NORMAL_AXIS.items():
        scale = np.array([spacing[axis] for axis in range(3) if axis != normal])
        layers = [each_pair(layer, scale) if layer.any() else 0 for layer in np.moveaxis(mask, normal, 0)]
        diameter = size.diameters[plane]
        assert diameter.diameter_mm == pytest.approx(max(layers), rel=1e-9)
        assert diameter.slice == int(np.argmax(np.array(layers) >= max(layers) * (1 - 1e-9)))
    assert size.volume_ml == pytest.approx(mask.sum() * np.prod(spacing) / 1000)


@given(mask=masks, spacing=spacings, origin=st.tuples(*[st.floats(-500, 500)] * 3))
def test_ends_lie_on_the_mask_in_its_slice_and_the_perpendicular_is_one(mask, spacing, origin):
    grid = grid_of(mask.shape, spacing, origin)
    for plane, found in measure(mask, grid).diameters.items():
        normal = NORMAL_AXIS[plane]
        layer = np.take(mask, found.slice, normal)
        ends, across = (
            grid.to_indices(np.array(two)) for two in (found.endpoints_mm, found.perpendicular_endpoints_mm)
        )
        assert np.allclose(np.concatenate([ends, across])[:, normal], found.slice, atol=1e-6)
        sides = (np.argwhere(layer)[:, None] + SIDES_OF_A_VOXEL).reshape(-1, 2)
        for end in np.delete(ends, normal, axis=1):
            assert np.abs(sides - end).sum(axis=1).min() < 1e-6
        assert length(found.endpoints_mm) == pytest.approx(found.diameter_mm)
        assert length(found.perpendicular_endpoints_mm) == pytest.approx(found.perpendicular_mm)
        assert found.perpendicular_mm <= found.diameter_mm + 1e-6
        dot = np.dot(np.subtract(*found.endpoints_mm), np.subtract(*found.perpendicular_endpoints_mm))
        assert abs(dot) < 1e-6 * found.diameter_mm * max(found.perpendicular_mm, 1)


@given(mask=masks, spacing=spacings, order=st.permutations(range(3)), flips=st.tuples(*[st.booleans()] * 3))
def test_the_order_in_which_a_file_counts_its_voxels_changes_nothing(mask, spacing, order, flips):
    grid = grid_of(mask.shape, spacing)
    steps, stored = grid.steps_mm[list(order)].copy(), np.transpose(mask, order)
    origin = grid.origin_mm.copy()
    for axis, flip in enumerate(flips):
        if flip:
            origin = origin + steps[axis] * (stored.shape[axis] - 1)
            steps[axis] *= -1
            stored = np.flip(stored, axis)
    assert measure(*turn(stored, Grid(stored.shape, origin, steps))) == measure(mask, grid)


@given(mask=masks, spacing=spacings, factor=st.sampled_from([0.25, 2.0, 10.0]))
def test_a_scan_of_twice_the_spacing_shows_a_tumour_of_twice_the_size(mask, spacing, factor):
    small, large = (measure(mask, grid_of(mask.shape, np.array(spacing) * by)) for by in (1.0, factor))
    assert large.volume_ml == pytest.approx(small.volume_ml * factor**3)
    for plane in PLANES:
        assert large.diameters[plane].diameter_mm == pytest.approx(small.diameters[plane].diameter_mm * factor)
        assert large.diameters[plane].slice == small.diameters[plane].slice


@given(mask=masks, seed=st.integers(0, 99))
def test_more_tumour_is_never_smaller(mask, seed):
    more = mask | (np.random.default_rng(seed).random(mask.shape) < 0.2)
    small, large = (measure(each, grid_of(mask.shape)) for each in (mask, more))
    assert all(large.diameters[plane].diameter_mm >= small.diameters[plane].diameter_mm - 1e-9 for plane in PLANES)


@given(
    radii=st.tuples(*[st.floats(7, 14)] * 3),
    spacing=st.tuples(st.sampled_from([1.0, 2.5]), *[st.sampled_from([0.7, 1.0, 1.4])] * 2),
    shift=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
)
def test_an_ellipsoid_is_as_long_as_its_axes_within_a_voxel(radii, spacing, shift):
    half = [int(radius / step) + 3 for radius, step in zip(radii, spacing, strict=True)]
    places = np.ogrid[tuple(slice(-count, count + 1) for count in half)]
    scaled = [
        (place + moved) * step / radius
        for place, moved, step, radius in zip(places, shift, spacing, radii, strict=True)
    ]
    mask = sum(part**2 for part in scaled) <= 1
    size = measure(mask, grid_of(mask.shape, spacing))
    for plane, normal in NORMAL_AXIS.items():
        rest = [axis for axis in range(3) if axis != normal]
        # the slice that comes closest to the middle need not go through it
        off = np.abs(scaled[normal]).min()
        truth = 2 * max(radii[axis] for axis in rest) * np.sqrt(1 - off**2)
        voxel = max(spacing[axis] for axis in rest)
        assert abs(size.diameters[plane].diameter_mm - truth) <= voxel


def test_a_voxel_alone_is_as_long_as_it_is():
    mask = np.zeros((4, 5, 6), bool)
    mask[2, 3, 4] = True
    size = measure(mask, grid_of(mask.shape, (5.0, 0.8, 0.7), origin=(10.0, 20.0, 30.0)))
    measured = {plane: (found.diameter_mm, found.perpendicular_mm) for plane, found in size.diameters.items()}
    assert measured["transversal"] == pytest.approx((0.8, 0.7))
    assert measured["coronal"] == pytest.approx((5.0, 0.7))
    assert measured["sagittal"] == pytest.approx((5.0, 0.8))
    assert {plane: found.slice for plane, found in size.diameters.items()} == {
        "transversal": 2, "coronal": 3, "sagittal": 4,
    }  # fmt: skip
    # centre at x = 10 + 4 * 0.7, y = 20 + 3 * 0.8, z = 30 + 2 * 5
    assert np.allclose(size.diameters["transversal"].endpoints_mm, [(12.8, 22.0, 40.0), (12.8, 22.8, 40.0)])
    assert size.volume_ml == pytest.approx(5 * 0.8 * 0.7 / 1000)


def test_an_l_is_measured_from_tip_to_tip_across_the_gap():
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 4:35, 4:8] = True
    mask[0, 31:35, 4:35] = True
    found = measure(mask, grid_of(mask.shape, (5.0, 1.0, 1.0))).diameters["transversal"]
    # from the upper tip's outer end (3.5, 4) to the right tip's (34.5, 34); the mask is not between them
    assert found.diameter_mm == pytest.approx(np.hypot(31, 30))
    rows = sorted(point[1] for point in found.endpoints_mm)
    assert rows == pytest.approx([3.5, 34.5])
    # across the elbow: from its outer corner to the inner one, on a diagonal of a square of four voxels
    assert found.perpendicular_mm == pytest.approx(4 * np.sqrt(2), abs=0.5)


@given(layer=hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any))
def test_the_outline_is_that_of_scikit_image(layer):
    found = measure(layer[None], grid_of((1, *layer.shape))).diameters["transversal"]
    points = np.concatenate(find_contours(np.pad(layer, 1).astype(float), 0.5))
    assert found.diameter_mm == pytest.approx(np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1).max()))


def test_a_rectangle_has_its_perpendicular_between_the_other_corners():
    mask = np.zeros((1, 30, 50), bool)
    mask[0, 5:25, 5:45] = True
    found = measure(mask, grid_of(mask.shape)).diameters["transversal"]
    assert found.diameter_mm == pytest.approx(np.hypot(19, 40))  # outlined, its corners are cut off by half a voxel
    # a line at a right angle to that diagonal goes from one long side to the other
    assert found.perpendicular_mm == pytest.approx(20 / np.cos(np.arctan2(19, 40)))


def test_two_parts_are_measured_as_one():
    mask = np.zeros((3, 20, 60), bool)
    mask[1, 9:12, 2:5] = mask[1, 9:12, 50:53] = True
    size = measure(mask, grid_of(mask.shape))
    assert size.diameters["transversal"].diameter_mm == pytest.approx(51, abs=0.2)


@pytest.mark.parametrize(
    ("where", "touched"),
    [
        (np.s_[2:4, 2:4, 2:4], ()),
        (np.s_[0:2, 2:4, 2:4], ("bottom",)),
        (np.s_[2:4, 0:2, 4:6], ("front", "left")),
        (np.s_[:, 4:6, 0:2], ("bottom", "top", "back", "right")),
    ],
)
def test_a_tumour_at_the_border_of_the_volume_is_told_by_the_patients_sides(where, touched):
    mask = np.zeros((6, 6, 6), bool)
    mask[where] = True
    assert measure(mask, grid_of(mask.shape)).touches == touched


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_the_box_is_tight_whatever_the_memory_order(order, flips):
    mask = np.zeros((6, 7, 8), bool)
    mask[1, 2, 3] = mask[4, 2, 5] = True
    turned = mask.transpose(order)[tuple(slice(None, None, flip) for flip in flips)]
    places = np.argwhere(turned)
    expected = tuple(slice(low, high + 1) for low, high in zip(places.min(0), places.max(0), strict=True))
    assert bounding_box(turned) == expected


def test_what_cannot_be_measured_is_refused():
    mask = np.ones((2, 3, 4), bool)
    grid = grid_of(mask.shape)
    sheared = grid.steps_mm.copy()
    sheared[0, 1] = 0.1
    with pytest.raises(ValueError, match="empty"):
        measure(np.zeros_like(mask), grid)
    with pytest.raises(ValueError, match="shape"):
        measure(mask[:1], grid)
    with pytest.raises(ValueError, match="uint8"):
        measure(mask.astype(np.uint8), grid)
    with pytest.raises(ValueError, match="right angles"):
        measure(mask, Grid(mask.shape, grid.origin_mm, sheared))
    with pytest.raises(ValueError, match="patient axes"):
        measure(mask, Grid(mask.shape, grid.origin_mm, -grid.steps_mm))
