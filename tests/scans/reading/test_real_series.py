"""Real scans, and simulated ones with known truth, are read as others read them."""

import numpy as np
import pytest
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless
from simulated_series import write_simulated

from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.protocol import Layout, Split
from tumorboard.scans.reading import find_series, read_series
from tumorboard.scans.volume import turn


@pytest.fixture(scope="module")
def abdomen(real_data):
    (series,) = find_series([real_data / "scans" / "ct_dicom"]).series
    return series, read_series(series)


def test_the_volume_is_that_of_simpleitks_own_reader(real_data, abdomen):
    import SimpleITK

    volume = abdomen[1]
    folder = str(real_data / "scans" / "ct_dicom" / "example_ct_dicom")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    theirs = reader.Execute()
    assert np.array_equal(volume.voxels, SimpleITK.GetArrayFromImage(theirs))
    assert volume.voxels.dtype == np.int16
    assert np.allclose(volume.grid.spacing_mm[::-1], theirs.GetSpacing(), atol=1e-6)
    assert np.allclose(volume.grid.origin_mm, theirs.GetOrigin(), atol=1e-6)
    directions = (volume.grid.steps_mm / volume.grid.spacing_mm[:, None])[::-1].T
    assert np.allclose(directions, np.reshape(theirs.GetDirection(), (3, 3)), atol=1e-9)
    corner = theirs.TransformIndexToPhysicalPoint((511, 300, 19))
    assert np.allclose(volume.grid.to_patient(np.array([[19, 300, 511]])), corner, atol=1e-4)


def test_the_facts_of_a_real_ct(abdomen):
    facts = abdomen[0].facts
    assert (facts.modality, facts.slices, facts.plane) == ("CT", 20, "transversal")
    assert (facts.slice_mm, facts.pixel_mm) == (2.0, 0.9765625)
    assert (facts.description, facts.contrast_agent, facts.kernel) == ("CT Body 3.0", "APPLIED", "Br38f\\3")
    assert facts.contrast_seconds is not None
    assert facts.acquisition_seconds is not None


def test_hounsfield_units_of_air_and_organs_are_right(abdomen):
    voxels = abdomen[1].voxels
    assert voxels.min() == -1024
    assert np.median(voxels[voxels > -200]) == pytest.approx(60, abs=60)


def test_the_patients_right_is_at_low_columns_and_the_back_at_high_rows(abdomen):
    """The liver fills the right side: more enhanced soft tissue there; the table lies behind the patient."""
    volume = abdomen[1]
    voxels, grid = turn(volume.voxels, volume.grid)
    assert np.all(np.diag(grid.steps_mm[:, ::-1]) > 0)
    body = voxels > -300
    columns = np.flatnonzero(body.any(axis=(0, 1)))
    middle = (columns[0] + columns[-1]) // 2
    soft = (voxels > 70) & (voxels < 180)
    assert soft[:, :, :middle].sum() > 1.5 * soft[:, :, middle:].sum()
    bone = voxels > 300
    rows = np.flatnonzero(body.any(axis=(0, 2)))
    assert (bone.sum(axis=(0, 2)) @ np.arange(512)) / bone.sum() > (rows[0] + rows[-1]) / 2


def test_a_mask_and_its_scan_lie_in_one_folder(real_data):
    found = {series.facts.modality: series for series in find_series([real_data / "scans" / "dicom_seg"]).series}
    assert set(found) == {"CT", "SEG"}
    assert found["SEG"].facts.slices == 3
    assert read_series(found["CT"]).voxels.shape == (3, 512, 512)


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("kind", [ScanKind.CT, ScanKind.MR])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_simulated_series_are_read_as_they_were_made(tmp_path, kind, syntax, layout):
    """Compressed, numbered from the head, in two folders, with a slice missing and one doubled."""
    faults = {"missing_at": 0.3, "doubled_at": 0.7, "split": Split.FOLDERS, "head_first": True}
    truth = write_simulated(tmp_path, kind, layout, syntax=str(syntax), **faults)
    (series,) = find_series([tmp_path]).series
    volume = read_series(series)
    missing = round(0.3 * (truth.grid.slices - 1))
    there = [place for place in range(truth.grid.slices) if place != missing]
    assert np.array_equal(volume.voxels[there], truth.voxels[there])
    between = (truth.voxels[missing - 1].astype(float) + truth.voxels[missing + 1]) / 2
    assert np.abs(volume.voxels[missing] - between).max() <= 0.5
    assert volume.grid.origin_mm == pytest.approx(truth.grid.origin_mm, abs=1e-4)
    assert volume.grid.spacing_mm == pytest.approx([truth.grid.slice_mm, truth.grid.pixel_mm, truth.grid.pixel_mm])
    assert len(volume.remarks) == 2
