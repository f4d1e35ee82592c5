"""What a row of ``scans.csv`` depends on: all that reading it reads."""

import os

import numpy as np
import pytest
import SimpleITK
from written_slices import stack_of, write
from written_volumes import nifti

from tumorboard.errors import FileFormatError
from tumorboard.scans.preparation.task import ScanSource
from tumorboard.scans.reading import find_series


def inputs(path, mask=None):
    return ScanSource(path.name, path, "CT", mask=mask).inputs()


def metaimage(path, voxels, *, packed=False):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(voxels), str(path), packed)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_the_data_file_of_a_header_counts(tmp_path, packed):
    voxels = np.zeros((4, 9, 9), np.int16)
    scan, mask = (metaimage(tmp_path / name, voxels, packed=packed) for name in ("ct.mhd", "mask.mhd"))
    first = inputs(scan, mask)
    header = scan.read_bytes()
    voxels[2, 4, 4] = 1
    metaimage(scan, voxels, packed=packed)
    second = inputs(scan, mask)
    metaimage(mask, voxels, packed=packed)
    third = inputs(scan, mask)
    assert packed or scan.read_bytes() == header  # the header alone would not tell
    assert first["scan"] != second["scan"] == third["scan"]
    assert first["mask"] == second["mask"] != third["mask"]


def test_one_voxel_of_a_large_mask_counts_though_its_data_lie_beside_it(tmp_path):
    voxels = np.zeros((40, 300, 300), np.uint8)
    mask = metaimage(tmp_path / "mask.mhd", voxels)
    scan = nifti(tmp_path / "ct.nii", np.arange(600, dtype=np.int16).reshape(4, 10, 15) - 300)
    before = inputs(scan, mask)["mask"]
    for at in [(1, 5, 7), (17, 120, 33), (39, 299, 298)]:
        voxels[at] = 1
        after = inputs(scan, metaimage(mask, voxels))["mask"]
        assert after != before
        before = after


def test_a_series_behind_a_link_is_read_and_counts(tmp_path):
    write(tmp_path / "archive", stack_of())
    (tmp_path / "patient").mkdir()
    (tmp_path / "patient" / "ct").symlink_to(tmp_path / "archive")
    (series,) = find_series([tmp_path / "patient"]).series
    before = inputs(tmp_path / "patient")
    series.files[3].unlink()
    (shorter,) = find_series([tmp_path / "patient"]).series
    assert (series.facts.slices, shorter.facts.slices) == (12, 11)
    assert inputs(tmp_path / "patient") != before


@pytest.mark.parametrize("what", ["scan", "mask"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, what):
    os.mkfifo(tmp_path / "pipe.nii")
    volume = nifti(tmp_path / "ct.nii", np.zeros((4, 4, 4), np.int16))
    scan, mask = (tmp_path / "pipe.nii", None) if what == "scan" else (volume, tmp_path / "pipe.nii")
    with pytest.raises(FileFormatError, match=r"pipe\.nii: it is neither a file nor a folder"):
        inputs(scan, mask)
    with pytest.raises(FileFormatError, match=r"neither a file nor a folder"):
        find_series([tmp_path / "pipe.nii"])
