"""A volume has the values and the places that its slices state, in whatever order they come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_slices import AXIAL, CORONAL, PIXEL_MM, START, STEP_MM, body, image, normal, stack_of, write

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import find_series, read_series
from tumorboard.scans.volume import turn


def volume(folder):
    (series,) = find_series([folder]).series
    return read_series(series)


def refused(folder, words):
    with pytest.raises(FileFormatError, match=words) as fault:
        volume(folder)
    assert "\n" not in str(fault.value)


def test_hounsfield_units_are_stored_values_rescaled(tmp_path):
    read = volume(write(tmp_path, stack_of()))
    assert np.array_equal(read.voxels, body() - 1024)
    assert read.voxels.dtype == np.int16
    assert np.allclose(read.grid.origin_mm, START)
    assert np.allclose(read.grid.steps_mm, [[0, 0, STEP_MM], [0, PIXEL_MM[0], 0], [PIXEL_MM[1], 0, 0]])
    assert read.remarks == ()


@settings(max_examples=25)
@given(order=st.permutations(range(12)), numbers=st.permutations(range(12)))
def test_neither_file_names_nor_numbers_change_the_volume(tmp_path_factory, order, numbers):
    folder = tmp_path_factory.mktemp("shuffled")
    slices = stack_of(change=lambda n: {"InstanceNumber": numbers[n]})
    read = volume(write(folder, slices, [f"sub{place % 3}/{place}" for place in order]))
    assert np.array_equal(read.voxels, body() - 1024)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (-1.0, 0, 0, 0, -1.0, 0)])
def test_every_voxel_keeps_its_place_in_the_patient(tmp_path, orientation):
    read = volume(write(tmp_path, stack_of(orientation=orientation)))
    indices = np.array([[0, 0, 0], [11, 0, 0], [4, 13, 0], [7, 3, 15]], float)
    across, down = np.array(orientation[:3]), np.array(orientation[3:])
    expected = (
        START
        + indices[:, :1] * STEP_MM * normal(orientation)
        + indices[:, 1:2] * PIXEL_MM[0] * down
        + indices[:, 2:] * PIXEL_MM[1] * across
    )
    assert np.allclose(read.grid.to_patient(indices), expected, atol=1e-5)
    turned, grid = turn(read.voxels, read.grid)
    assert np.all(np.diag(grid.steps_mm[:, ::-1]) > 0)
    assert sorted(turned.ravel()) == sorted((body() - 1024).ravel())


def test_slices_against_the_normal_are_read_along_it(tmp_path):
    read = volume(write(tmp_path, stack_of(step=(0, 0, -STEP_MM))))
    assert np.array_equal(read.voxels, body()[::-1] - 1024)


def test_a_missing_slice_lies_between_its_neighbours_and_is_told(tmp_path):
    slices = stack_of()
    read = volume(write(tmp_path, slices[:5] + slices[6:]))
    assert read.voxels.shape == body().shape
    assert np.abs(read.voxels[5] - (body()[5] - 1024)).max() <= 1
    assert any("1 of 12 slices missing" in remark and "z = 132.5 mm" in remark for remark in read.remarks)


def test_too_many_missing_slices_are_an_error(tmp_path):
    slices = stack_of()
    refused(write(tmp_path, slices[:5] + slices[8:]), "3 of 12 slices are missing")


def test_a_slice_that_is_there_twice_is_taken_once(tmp_path):
    twin = image(body()[4], START + np.array([0, 0, 4 * STEP_MM]), number=99)
    read = volume(write(tmp_path, [*stack_of(), twin]))
    assert np.array_equal(read.voxels, body() - 1024)
    assert any("1 slices doubled" in remark for remark in read.remarks)


def test_two_different_slices_at_one_place_are_an_error(tmp_path):
    other = image(body()[4] + np.int16(1), START + np.array([0, 0, 4 * STEP_MM]), number=99)
    refused(write(tmp_path, [*stack_of(), other]), "different pixels")


def test_uneven_steps_are_an_error(tmp_path):
    slices = stack_of()
    slices[4].ImagePositionPatient[2] += 0.9
    refused(write(tmp_path, slices), "not equally far apart")


def test_slices_shifted_sideways_are_an_error(tmp_path):
    slices = stack_of()
    for slice_ in slices[6:]:
        slice_.ImagePositionPatient[0] += 10
    refused(write(tmp_path, slices), "shifted sideways")


def test_one_slice_is_no_volume(tmp_path):
    refused(write(tmp_path, stack_of()[:1]), "one slice only")


def test_a_tilted_gantry_is_set_straight(tmp_path):
    """A rod along the table, drawn in tilted slices, runs straight and where it was."""
    angle = np.radians(15)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle)))
    voxels = np.full((12, 60, 16), 24, np.int16)
    rod_mm = START + np.array([0, 16.0, 0])
    for number in range(12):
        along_column = (rod_mm[1] - START[1]) / np.cos(angle)  # the rod runs along z, as the slices' step does
        row = along_column / PIXEL_MM[0]
        voxels[number, int(np.floor(row))] += np.int16(1000 * (1 - row % 1))
        voxels[number, int(np.floor(row)) + 1] += np.int16(1000 * (row % 1))
    slices = stack_of(voxels, step=(0, 0, STEP_MM), orientation=orientation, GantryDetectorTilt=15)
    read = volume(write(tmp_path, slices))
    steps = read.grid.steps_mm / read.grid.spacing_mm[:, None]
    assert np.allclose(steps @ steps.T, np.eye(3), atol=1e-6)
    assert any("gantry tilt" in remark for remark in read.remarks)
    assert read.grid.spacing_mm[0] == pytest.approx(STEP_MM * np.cos(angle), abs=1e-4)
    weight = np.clip(read.voxels[:, :, 5] + 1000.0, 0, None)
    rows = (weight * np.arange(weight.shape[1])).sum(axis=1) / weight.sum(axis=1)
    places = read.grid.to_patient(np.stack([np.arange(12.0), rows, np.full(12, 5.0)], axis=1))
    assert np.allclose(places[:, 1], rod_mm[1], atol=0.25)
    assert (read.voxels == -1024).any()


def test_a_stated_tilt_that_positions_do_not_show_is_told(tmp_path):
    read = volume(write(tmp_path, stack_of(GantryDetectorTilt=12)))
    assert np.array_equal(read.voxels, body() - 1024)
    assert any("12 degrees" in remark for remark in read.remarks)


def test_slopes_that_differ_by_slice_are_each_slices_own(tmp_path):
    slopes = [0.5 + 0.1 * number for number in range(12)]
    slices = stack_of(modality="MR", change=lambda n: {"RescaleSlope": f"{slopes[n]:.3f}", "RescaleIntercept": "2"})
    read = volume(write(tmp_path, slices))
    expected = body() * np.array(slopes)[:, None, None] + 2
    assert np.allclose(read.voxels, expected, rtol=1e-6)
    assert any("slope differs" in remark for remark in read.remarks)


@pytest.mark.parametrize("bits", [12, 16])
def test_bits_beyond_the_stored_ones_do_not_count(tmp_path, bits):
    overlay = (np.uint16(1) << np.uint16(15)) if bits == 12 else np.uint16(0)
    stored = body().astype(np.uint16) | overlay
    read = volume(write(tmp_path, stack_of(stored, BitsStored=bits, HighBit=bits - 1)))
    assert np.array_equal(read.voxels, body() - 1024)


def test_twelve_signed_bits_keep_their_sign(tmp_path):
    values = body() - 1024
    stored = (values & 0x0FFF).astype(np.int16)
    read = volume(write(tmp_path, stack_of(stored, BitsStored=12, HighBit=11, RescaleIntercept=0)))
    assert np.array_equal(read.voxels, values)


def test_padding_becomes_air(tmp_path):
    voxels = body()
    voxels[:, :2] = -2000
    slices = stack_of(voxels)
    for slice_ in slices:
        slice_.add_new("PixelPaddingValue", "SS", -2000)
    read = volume(write(tmp_path, slices))
    assert (read.voxels[:, :2] == -1024).all()
    assert np.array_equal(read.voxels[:, 2:], body()[:, 2:] - 1024)


def test_a_padding_that_tissue_has_is_left(tmp_path):
    slices = stack_of()
    for slice_ in slices:
        slice_.add_new("PixelPaddingValue", "SS", 1024 + 9)
    read = volume(write(tmp_path, slices))
    assert np.array_equal(read.voxels, body() - 1024)
    assert any("tissue" in remark for remark in read.remarks)


def test_padding_of_mr_becomes_its_lowest_value(tmp_path):
    voxels = body()
    voxels[0, 0, 0] = 30000
    slices = stack_of(voxels, modality="MR")
    for slice_ in slices:
        slice_.add_new("PixelPaddingValue", "SS", 30000)
    assert volume(write(tmp_path, slices)).voxels[0, 0, 0] == np.sort(body().ravel())[0]


def test_wide_values_are_kept_whole(tmp_path):
    stored = body().astype(np.uint16)
    stored[3, 3, 3] = 65000
    read = volume(write(tmp_path, stack_of(stored)))
    assert read.voxels.dtype == np.int32
    assert read.voxels[3, 3, 3] == 65000 - 1024
    assert read.voxels[2, 2, 2] == body()[2, 2, 2] - 1024


def test_an_inverted_mr_is_turned_and_an_inverted_ct_keeps_its_units(tmp_path):
    ct = volume(write(tmp_path / "ct", stack_of(PhotometricInterpretation="MONOCHROME1")))
    assert np.array_equal(ct.voxels, body() - 1024)
    mr = volume(write(tmp_path / "mr", stack_of(modality="MR", PhotometricInterpretation="MONOCHROME1")))
    assert np.array_equal(mr.voxels, int(body().max()) + int(body().min()) - body())


def test_a_ct_without_rescale_is_read_only_where_its_values_are_hounsfield_units(tmp_path):
    without = {"RescaleSlope": None, "RescaleIntercept": None}
    refused(write(tmp_path / "raw", stack_of(body() + np.int16(1000), **without)), "no rescale")
    read = volume(write(tmp_path / "units", stack_of(body() - np.int16(1024), **without)))
    assert np.array_equal(read.voxels, body() - 1024)
    assert any("taken for Hounsfield" in remark for remark in read.remarks)


def test_rescale_of_some_slices_is_an_error(tmp_path):
    slices = stack_of(change=lambda n: {"RescaleSlope": None} if n == 5 else {})
    refused(write(tmp_path, slices), "1 of 12 images state no rescale")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"RescaleSlope": 0}, "slope is 0"),
        ({"RescaleType": "ED"}, "rescale type is ED"),
        ({"ImageOrientationPatient": [1.0, 0, 0, 1.0, 0, 0]}, "right angles|one place|do not say"),
        ({"ImageOrientationPatient": [1.0, 0, 0, 0, 2.0, 0]}, "unit vectors"),
        ({"PixelSpacing": [0, 0]}, "pixel spacing is 0"),
        ({"PixelSpacing": None}, "pixel spacing"),
        ({"ImagePositionPatient": None}, "do not say where"),
        ({"Modality": "PT"}, "PT"),
    ],
)
def test_what_is_no_scan_is_refused_in_one_line(tmp_path, change, words):
    refused(write(tmp_path, stack_of(**change)), words)


def test_a_series_beyond_the_limit_is_refused_before_memory_is_taken(tmp_path):
    (series,) = find_series([write(tmp_path, stack_of())]).series
    with pytest.raises(FileFormatError, match="GiB"):
        read_series(series, largest_bytes=body().nbytes - 1)
    assert read_series(series, largest_bytes=body().nbytes).voxels.shape == body().shape
