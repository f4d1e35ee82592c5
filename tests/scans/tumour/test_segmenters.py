"""Programs that outline a scan by themselves."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
from drawn_masks import kidney_and_tumour, upright_grid, write_nifti

from tumorboard.errors import MissingExtraError, SettingsError, UserError
from tumorboard.scans import reading
from tumorboard.scans.tumour import find_tumour, no_mask, segmenter
from tumorboard.scans.tumour.segmenters import _nifti
from tumorboard.scans.volume import Grid, Volume

GRID = upright_grid()


def test_a_program_that_is_not_installed_tells_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tumorboard\[totalsegmentator\]'"):
        segmenter("totalsegmentator")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "inference.json").write_text("{}")
    with pytest.raises(MissingExtraError, match=r"pip install 'tumorboard\[monai\]'"):
        segmenter(f"monai:{tmp_path}")


def test_a_folder_that_is_no_bundle_is_told(tmp_path):
    with pytest.raises(SettingsError, match="is no MONAI bundle"):
        segmenter(f"monai:{tmp_path}")


@pytest.mark.parametrize("name", ["", "centre", "nnunet"])
def test_an_unknown_program_is_told(name):
    with pytest.raises(SettingsError, match="is unknown"):
        segmenter(name)


def test_a_scan_without_a_mask_names_the_ways_to_get_one():
    said = str(no_mask("scans.csv, row 3"))
    assert said.startswith("scans.csv, row 3: there is no mask of the tumour, and nothing is guessed in its place")
    assert all(way in said for way in ("3D Slicer", "KiTS", "box", "monai:FOLDER", "TotalSegmentator", "scans.csv"))
    assert "\n" not in said


@pytest.mark.parametrize("backward", [False, True])
def test_a_program_sees_the_scan_in_its_place(tmp_path, backward):
    labels = kidney_and_tumour(GRID)
    flips = np.array([-1.0, 1, -1]) if backward else np.ones(3)
    corner = GRID.to_patient(np.where(flips < 0, np.array(GRID.shape) - 1, 0)[None].astype(float))[0]
    grid = Grid(GRID.shape, corner, GRID.steps_mm * flips[:, None])
    nibabel.save(_nifti(Volume(labels.astype(np.int16), grid, "CT")), tmp_path / "scan.nii.gz")
    write_nifti(tmp_path / "mask.nii.gz", labels, grid)
    assert np.allclose(nibabel.load(tmp_path / "scan.nii.gz").affine, nibabel.load(tmp_path / "mask.nii.gz").affine)
    seen = reading.read_label_file(tmp_path / "mask.nii.gz")
    assert seen.grid.same_place(grid)


class BundleWorkflow:
    """Takes the same words as MONAI's ConfigWorkflow, and calls bright voxels kidney and brighter ones tumour."""

    fails = False

    def __init__(self, *, datalist, output_dir, **said):
        self.scan, self.folder, self.said = datalist[0], output_dir, said

    def initialize(self):
        assert self.said["workflow_type"] == "inference"

    def run(self):
        if self.fails:
            raise RuntimeError("no weights\nat all")
        from pathlib import Path

        image = nibabel.load(self.scan)
        found = (np.asarray(image.dataobj) > 100).astype(np.float32) + (np.asarray(image.dataobj) > 150)
        Path(self.folder).mkdir()
        nibabel.save(nibabel.Nifti1Image(found, image.affine), f"{self.folder}/scan_trans.nii.gz")

    def finalize(self):
        pass


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "inference.json").write_text("{}")
    channels = {"0": "background", "1": "kidney", "2": "tumor"}
    said = {"network_data_format": {"outputs": {"pred": {"channel_def": channels}}}}
    (tmp_path / "configs" / "metadata.json").write_text(json.dumps(said))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    monkeypatch.setitem(sys.modules, "monai", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "monai.bundle", SimpleNamespace(ConfigWorkflow=BundleWorkflow))
    return segmenter(f"monai:{tmp_path}")


def test_a_bundles_mask_lies_on_the_scan_and_has_its_names(bundle):
    labels = np.where(kidney_and_tumour(GRID) == 3, 0, kidney_and_tumour(GRID))
    mask = bundle.segment(Volume((labels * np.int16(60) + np.int16(60)), GRID, "CT"))
    assert np.array_equal(mask.labels, labels)
    assert mask.names == {1: "kidney", 2: "tumor"}
    assert find_tumour(mask).remarks == ("it was outlined by a MONAI bundle, and nobody has looked at it",)


def test_a_bundle_that_fails_is_told_in_one_line(bundle, monkeypatch):
    monkeypatch.setattr(BundleWorkflow, "fails", True)
    with pytest.raises(UserError, match=r"the MONAI bundle failed with RuntimeError: no weights\. Try it alone"):
        bundle.segment(Volume(np.zeros(GRID.shape, np.int16), GRID, "CT"))
