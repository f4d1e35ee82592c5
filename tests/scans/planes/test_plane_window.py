"""Hounsfield units and the values of an MR become grey by their window."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_volume import patient_grid, places

from tumorboard.errors import FileFormatError
from tumorboard.scans.planes.window import Window, choose_window
from tumorboard.scans.volume import Volume
from tumorboard.study.scan_settings import ScanSettings

SETTINGS = ScanSettings()


def body_in_air(shape=(12, 60, 70), air=0.0, noise=4.0):
    """An MR: a cylinder of muscle with a bright rim of fat and a dark hole, in noisy air."""
    grid = patient_grid(shape, (5, 4, 4), origin=(0, 0, 0))
    at = places(grid)
    out = np.hypot(*(np.moveaxis(at[..., :2] - at[..., :2].mean(axis=(0, 1, 2)), -1, 0)))
    reach = 0.4 * min(shape[1:]) * 4
    values = np.select([out < 0.15 * reach, out < 0.8 * reach, out < reach], [15.0, 300.0, 700.0], air)
    values = values + np.abs(np.random.default_rng(1).normal(0, noise, shape))
    return Volume(values.astype(np.float32), grid, "MR"), out < reach


def test_soft_tissue_window():
    values = np.array([-1024, -160, -159.9, 40.1, 239, 240, 3000], np.float32)
    assert Window(-160, 240).to_grey(values, 8).tolist() == [0, 0, 0, 128, 254, 255, 255]
    assert Window(-160, 240).to_grey(values, 16).tolist() == [0, 0, 16, 32784, 65371, 65535, 65535]
    grid = patient_grid()
    assert choose_window(Volume(np.zeros(grid.shape, np.int16), grid, "CT"), SETTINGS) == Window(-160, 240)


def test_the_window_of_an_mr_spans_the_body_and_leaves_the_air_out():
    volume, body = body_in_air()
    window = choose_window(volume, SETTINGS)
    inside = volume.voxels[body]
    low, high = np.percentile(inside, [1, 99])
    span = high - low
    assert window.low == pytest.approx(low, abs=0.03 * span)
    assert window.high == pytest.approx(high, abs=0.03 * span)


def test_more_air_around_does_not_change_the_window():
    volume, _ = body_in_air()
    window = choose_window(volume, SETTINGS)
    noise = np.abs(np.random.default_rng(2).normal(0, 4, (12, 100, 120))).astype(np.float32)
    noise[:, 20:80, 25:95] = volume.voxels
    grid = patient_grid(noise.shape, (5, 4, 4))
    wider = choose_window(Volume(noise, grid, "MR"), SETTINGS)
    assert wider.low == pytest.approx(window.low, abs=10)
    assert wider.high == pytest.approx(window.high, abs=10)


@given(factor=st.floats(0.01, 100), offset=st.floats(-500, 500))
def test_an_mrs_own_units_do_not_matter(factor, offset):
    volume, _ = body_in_air()
    window = choose_window(volume, SETTINGS)
    scaled = volume.voxels.astype(np.float64) * factor + offset
    other = choose_window(Volume(scaled.astype(np.float32), volume.grid, "MR"), SETTINGS)
    span = window.high - window.low
    assert (other.low - offset) / factor == pytest.approx(window.low, abs=0.02 * span)
    assert (other.high - offset) / factor == pytest.approx(window.high, abs=0.02 * span)


def test_an_mr_of_one_value_is_refused():
    grid = patient_grid()
    with pytest.raises(FileFormatError, match="all voxels of the MR have one value"):
        choose_window(Volume(np.full(grid.shape, 7, np.int16), grid, "MR"), SETTINGS)


def test_an_mr_of_two_values_has_a_window():
    grid = patient_grid()
    voxels = np.zeros(grid.shape, np.int16)
    voxels[10:20, 10:30, 10:30] = 5
    assert choose_window(Volume(voxels, grid, "MR"), SETTINGS) == Window(0, 5)


def test_on_a_real_mr_air_is_black_and_fat_bright(real_data):
    import nibabel

    image = nibabel.load(real_data / "scans" / "mr" / "abdomen_t1_3mm.nii.gz")
    voxels = np.ascontiguousarray(np.asarray(image.dataobj).T)
    volume = Volume(voxels, patient_grid(voxels.shape, (3, 3, 3)), "MR")
    grey = choose_window(volume, SETTINGS).to_grey(voxels.astype(np.float32), 8)
    assert np.median(grey[voxels < 10]) <= 2
    assert 100 < np.median(grey[voxels > 200]) < 230
    assert 0.002 < (grey == 255).mean() < 0.02
