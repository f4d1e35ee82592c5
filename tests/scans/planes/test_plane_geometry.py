"""A picture's place in the patient is kept whole: a pixel leads to its point, its voxel and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_volume import ball, cropped, noise_volume, patient_grid, sized

from tumorboard.scans.planes import GEOMETRY_COLUMNS, PLANE_COLUMNS, PlaneGeometry, Window, cut_planes
from tumorboard.scans.volume import Grid
from tumorboard.store.records import check_own_columns, from_bytes, to_bytes, to_table
from tumorboard.study.scan_settings import ScanSettings

PIXELS = st.lists(st.tuples(st.floats(-50, 300), st.floats(-50, 300)), min_size=1, max_size=5).map(np.array)


@pytest.fixture(scope="module")
def images():
    grid = patient_grid()
    mask = ball(grid, (12, 20, 22), (11, 8, 14))
    return cut_planes(noise_volume(grid), cropped(mask), sized(mask, grid), ScanSettings(size_px=64))


@given(places=PIXELS)
def test_a_point_leads_back_to_its_pixel(images, places):
    for image in images:
        points = image.geometry.to_patient(places[:, 0], places[:, 1])
        back = image.geometry.to_pixels(points)
        assert np.allclose(back, np.column_stack([places, np.zeros(len(places))]), atol=1e-7)


def test_distance_from_a_plane_grows_to_head_back_and_left(images):
    toward = {"transversal": (0, 0, 5), "coronal": (0, 5, 0), "sagittal": (5, 0, 0)}
    for image in images:
        point = image.geometry.to_patient(10, 20) + toward[image.geometry.plane]
        assert np.allclose(image.geometry.to_pixels(point), [[10, 20, 5]])


def test_neighbours_lie_where_their_offset_says(images):
    central = {image.geometry.plane: image.geometry for image in images if image.geometry.offset_mm == 0}
    for image in images:
        apart = central[image.geometry.plane].to_pixels(image.geometry.to_patient(5, 6))
        assert np.allclose(apart, [[5, 6, image.geometry.offset_mm]])


@given(order=st.permutations(range(3)), signs=st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_a_pixel_leads_to_its_voxel_in_the_order_in_which_the_scan_is_stored(images, order, signs):
    patient = patient_grid()
    geometry = images[2].geometry
    indices = geometry.to_voxels(30, 31, patient)[0]
    assert np.allclose(patient.to_patient(indices[None]), geometry.to_patient(30, 31))
    # an axis that is stored the other way round starts at its last voxel
    lasts, axis_signs = np.array(patient.shape) - 1, np.array(signs)
    start = np.where(axis_signs > 0, 0, lasts).astype(float)
    steps = (patient.steps_mm * axis_signs[:, None])[order]
    stored = Grid(tuple(np.array(patient.shape)[order].tolist()), patient.to_patient(start[None])[0], steps)
    wanted = np.where(axis_signs > 0, indices, lasts - indices)[order]
    assert np.allclose(geometry.to_voxels(30, 31, stored)[0], wanted)


def test_the_stores_columns_keep_it(images):
    check_own_columns(PLANE_COLUMNS)
    rows = [
        (0, 1, 0, "png", "scan", 64, 64, 1, 1.0, 0, 0, *[image.to_columns()[name] for name in PLANE_COLUMNS])
        for image in images
    ]
    table = from_bytes(to_bytes(to_table(rows, PLANE_COLUMNS))).to_pylist()
    for image, row in zip(images, table, strict=True):
        kept = PlaneGeometry.from_columns(row)
        assert kept.to_columns() == image.geometry.to_columns()
        assert np.array_equal(kept.to_patient(3, 4), image.geometry.to_patient(3, 4))
        assert Window.from_columns(row) == image.window
        assert row["outside_share"] == image.outside_share
    assert set(images[0].geometry.to_columns()) == set(GEOMETRY_COLUMNS)


def test_a_plane_that_is_none_is_refused(images):
    with pytest.raises(ValueError, match="'axial' is no plane; possible: transversal, coronal, sagittal"):
        PlaneGeometry.from_columns(images[0].to_columns() | {"plane": "axial"})
