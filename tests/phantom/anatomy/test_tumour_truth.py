"""The tumour: its volume, its place, its core, and the diameters that are stated as the truth."""

import itertools

import numpy as np
import pytest

from tumorboard.phantom.anatomy import (
    Organ,
    Plane,
    field_of_view,
    label_volume,
    measure_mask,
    measure_tumour,
    simulate_body,
    tumour_in,
    tumour_mask,
)
from tumorboard.phantom.anatomy.section import AXES
from tumorboard.phantom.anatomy.volume import Grid


def sphere_ml(diameter_mm):
    return np.pi * diameter_mm**3 / 6000


@pytest.mark.parametrize("diameter_mm", [15.0, 40.0, 75.0, 130.0, 200.0])
def test_volume_is_the_spheres_whatever_shape_and_core(patient, diameter_mm):
    for number, (shape, core) in enumerate(itertools.product((0.0, 1.0), (0.0, 1.0))):
        body = simulate_body(patient(number, diameter_mm=diameter_mm, shape=shape, core=core))
        truth = measure_tumour(body, spacing_mm=min(3.0, diameter_mm / 40))
        assert truth.volume_ml == pytest.approx(sphere_ml(diameter_mm), rel=0.05)


def test_painted_labels_hold_the_same_volume(patient):
    for number in range(3):
        body = simulate_body(patient(number, side=("left", "right")[number % 2], diameter_mm=60, shape=0.8))
        grid = _around(body)
        labels = label_volume(body, grid)
        assert np.array_equal(tumour_in(labels), tumour_mask(body, grid))
        volume = np.count_nonzero(tumour_in(labels)) * 2**3 / 1000
        assert volume == pytest.approx(sphere_ml(60), rel=0.05)


def test_shape_makes_outlines_irregular_and_moves_nothing(patient):
    longer = []
    for number in range(3):
        bodies = [simulate_body(patient(number, shape=shape)) for shape in (0.0, 0.5, 1.0)]
        truths = [measure_tumour(body) for body in bodies]
        mean = [np.mean([d.diameter_mm for d in truth.diameters.values()]) for truth in truths]
        longer.append(mean[2] / mean[0])
        centres = np.array([_centroid(body) for body in bodies])
        assert np.abs(centres - centres[0]).max() < 1.5
        grids = [field_of_view(body, slice_mm=5, pixel_mm=1.5, size_px=256, slices=40) for body in bodies]
        assert grids[0] == grids[1] == grids[2]
    assert 1.08 < np.mean(longer) < 1.5


def _around(body, slice_mm=2.0):
    """A grid of pixels of 2 mm around the tumour."""
    low = body.tumour.centre_mm - 60
    return Grid(round(120 / slice_mm), 60, 60, slice_mm, 2.0, tuple(low))


def _centroid(body):
    grid = _around(body)
    z, y, x = np.nonzero(tumour_mask(body, grid))
    return grid.x_mm()[x].mean(), grid.y_mm()[y].mean(), grid.z_mm()[z].mean()


def test_necrotic_share_grows_with_the_factor_alone(patient):
    for number in range(2):
        shares = []
        for core in (0.0, 0.25, 0.5, 0.75, 1.0):
            body = simulate_body(patient(number, core=core, diameter_mm=60))
            labels = label_volume(body, _around(body, slice_mm=4.0))
            shares.append(np.mean(labels[tumour_in(labels)] == Organ.NECROSIS))
        assert shares[0] == 0
        assert (np.diff(shares) > 0.05).all()
        assert 0.4 < shares[-1] < 0.7


@pytest.mark.parametrize("side", ["left", "right"])
def test_tumour_lies_on_its_side_and_rarely_leaves_the_scan(patient, side):
    cut = 0
    for number in range(8):
        body = simulate_body(patient(number, side=side, diameter_mm=20 + 15.0 * number, shape=number / 8))
        grid = field_of_view(body, slice_mm=5, pixel_mm=1.6, size_px=256, slices=50)
        mask = tumour_mask(body, grid)
        x = grid.x_mm()[np.nonzero(mask)[2]]
        assert x.mean() * (1 if side == "left" else -1) > 30
        cut += bool(mask[0].any() or mask[-1].any())
    assert cut <= 1


def test_diameters_against_all_pairs_of_voxels():
    rng = np.random.default_rng(3)
    grid = Grid(9, 14, 12, 2.5, 0.8, (-4.0, 10.0, 30.0))
    z, y, x = np.indices(grid.shape)
    mask = (z - 4) ** 2 / 9 + (y - 6) ** 2 / 30 + (x - 5) ** 2 / 16 + rng.normal(0, 0.15, grid.shape) < 1
    truth = measure_mask(mask, grid)
    points = np.stack([grid.x_mm()[x[mask]], grid.y_mm()[y[mask]], grid.z_mm()[z[mask]]], 1)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    for plane in Plane:
        normal = AXES[plane][0]
        together = np.abs(points[:, None, normal] - points[None, :, normal]) < 1e-6
        found = truth.diameters[plane]
        assert found.diameter_mm == pytest.approx((apart * together).max())
        start, end = np.array(found.endpoints_mm)
        assert np.linalg.norm(start - end) == pytest.approx(found.diameter_mm)
        assert start[normal] == end[normal] == pytest.approx(found.position_mm)
        axis_mm = (grid.x_mm(), grid.y_mm(), grid.z_mm())[normal]
        assert axis_mm[found.slice] == pytest.approx(found.position_mm)
        for point in (start, end):
            assert np.abs(points - point).max(axis=1).min() < 1e-6
    assert truth.volume_ml == pytest.approx(mask.sum() * 2.5 * 0.64 / 1000)


def test_diameters_are_those_of_the_surface_to_a_few_tenths_of_a_millimetre(patient):
    for number, diameter_mm in enumerate((18.0, 47.0, 90.0)):
        body = simulate_body(patient(number, diameter_mm=diameter_mm, shape=0.6))
        whole = body.tumour.whole
        for diameter in measure_tumour(body).diameters.values():
            ends = np.array(diameter.endpoints_mm)
            assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(diameter.diameter_mm)
            outwards = (ends - ends[::-1]) / diameter.diameter_mm
            reach = np.arange(-0.5, 1.5, 0.01)
            for end, along in zip(ends, outwards, strict=True):
                left = whole.at(end + reach[:, None] * along) < 0
                assert -0.05 < reach[np.argmax(left)] < 0.3


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match="empty"):
        measure_mask(np.zeros((2, 3, 3), bool), Grid(2, 3, 3, 1.0, 1.0, (0.0, 0.0, 0.0)))
