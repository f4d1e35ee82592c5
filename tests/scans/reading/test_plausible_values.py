"""A volume file that is stated as a scan and cannot be one is refused; what is rare is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_volumes import nifti, refused

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import read_volume_file
from tumorboard.scans.reading.plausibility import check_values, doubts

SHAPE = (8, 20, 20)


def abdomen():
    """Air round fat round organs with noise, and a little bone, in Hounsfield units."""
    _, y, x = np.indices(SHAPE)
    apart = np.hypot(y - 9.5, x - 9.5)
    voxels = np.where(apart > 9, -1000, np.where(apart > 7, -100, 50)) + np.where((y == 15) & (x < 12), 900, 0)
    return (voxels + np.random.default_rng(7).normal(0, 12, SHAPE)).astype(np.int16)


def test_a_ct_of_a_body_passes_without_a_remark(tmp_path):
    assert read_volume_file(nifti(tmp_path / "x.nii", abdomen()), "CT").remarks == ()
    check_values(abdomen().astype(np.float32) + np.float32(0.25), "CT")


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 4, "4 different values from 0 to 3, as a mask has"),
        (255 * (abdomen() > 0), "2 different values from 0 to 255"),
        (np.full(SHAPE, 0), "all its voxels are 0"),
        (np.full(SHAPE, -1024), "all its voxels are -1024"),
    ],
)
def test_a_mask_or_one_value_throughout_is_no_scan(tmp_path, modality, labels, words):
    refused(lambda: read_volume_file(nifti(tmp_path / "x.nii", labels.astype(np.int16)), modality), words)
    refused(lambda: read_volume_file(nifti(tmp_path / "y.nii", labels.astype(np.float32)), modality), words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ct: ct + 1100.0, "lowest is"),
        (lambda ct: np.clip(ct, -160, 240) + 160, "lowest is 0"),
        (lambda ct: (ct - ct.mean()) / ct.std(), "they go from"),
        (lambda ct: np.where(ct < -900, -2000, ct + 1024), "above 800, denser than bone"),
    ],
)
def test_values_that_are_no_hounsfield_units_are_refused_as_ct_and_taken_as_mr(tmp_path, change, words):
    path = nifti(tmp_path / "x.nii", change(abdomen().astype(np.float64)).astype(np.float32))
    refused(lambda: read_volume_file(path, "CT"), f"cannot be Hounsfield units: .*{words}")
    read_volume_file(path, "MR")


def test_what_is_rare_is_told(tmp_path):
    path = nifti(tmp_path / "x.nii", abdomen())
    (remark,) = read_volume_file(path, "MR").remarks
    assert "as air has in a CT" in remark
    (remark,) = read_volume_file(nifti(tmp_path / "y.nii", np.clip(abdomen(), -79, 304)), "CT").remarks
    assert remark.startswith("its lowest value is -79")
    (remark,) = doubts(np.where(abdomen() > -500, 40, -1000), "CT")
    assert "2 different values" in remark


@given(st.integers(-1024, 3071), st.integers(1, 60))
def test_no_ct_is_refused_for_what_its_scanner_adds_outside_the_body(value, voxels):
    """Padding, a table or metal: some values of any size leave a CT what it is."""
    ct = abdomen().astype(np.int32)
    ct.ravel()[:voxels] = value
    check_values(ct, "CT")


def test_real_volumes_pass(real_data):
    assert read_volume_file(real_data / "scans" / "mr" / "abdomen_t1_3mm.nii.gz", "MR").remarks == ()
    path = sorted((real_data / "scans" / "kits19").rglob("*.nii.gz"))[0]
    for modality in ("CT", "MR"):
        with pytest.raises(FileFormatError, match="3 different values from 0 to 2"):
            read_volume_file(path, modality)
