"""A series in its files is the volume that was written, for readers that have nothing to do with its writer."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from simulated_scans import instances, plain, ramp, simulated_patient

from tumorboard.phantom.anatomy.volume import Contrast
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.beside import write_coronal, write_dose_sheet, write_localizer
from tumorboard.phantom.scans.dicom_series import write_series
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.identifiers import study_identity
from tumorboard.phantom.scans.protocol import Layout, Split
from tumorboard.phantom.scans.scanner import StoredValues

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGLSLossless]
TWELVE_BITS = StoredValues(signed=False, bits=12, intercept=-1024)
SIGNED = StoredValues(signed=True, bits=16, intercept=-1024)
HOUNSFIELD = StoredValues(signed=True, bits=16, intercept=0)


def written(folder, volume, planned, study, patient, layout=Layout.SERIES_FOLDERS):
    folder.mkdir(exist_ok=True)
    names = FileNames(folder, layout, np.random.default_rng(0))
    return write_series(volume, planned, study.scanner, study_identity(patient), names)


def read_by_simpleitk(series):
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(series.folders[0]), series.uids[0]))
    return reader.Execute()


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.parametrize("head_first", [True, False])
def test_simpleitk_reads_the_same_hounsfield_units_in_the_same_place(tmp_path, capfd, syntax, head_first):
    patient = simulated_patient()
    study, planned = plain(patient)
    planned = replace(planned, syntax=str(syntax), stored=TWELVE_BITS, head_first=head_first)
    volume = ramp()
    image = read_by_simpleitk(written(tmp_path, volume, planned, study, patient))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), volume.voxels)
    assert image.GetSpacing() == pytest.approx((volume.grid.pixel_mm, volume.grid.pixel_mm, volume.grid.slice_mm))
    assert image.GetOrigin() == pytest.approx(volume.grid.origin_mm)
    assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("stored", [TWELVE_BITS, SIGNED, HOUNSFIELD], ids=str)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=lambda uid: uid.name)
@pytest.mark.usefixtures("strict")
def test_every_way_to_store_gives_the_same_hounsfield_units(tmp_path, stored, syntax):
    patient = simulated_patient()
    study, planned = plain(patient)
    volume = ramp()
    written(tmp_path, volume, replace(planned, stored=stored, syntax=str(syntax)), study, patient)
    for path in instances(tmp_path):
        image = pydicom.dcmread(path)
        index = round((image.ImagePositionPatient[2] - volume.grid.origin_mm[2]) / volume.grid.slice_mm)
        hounsfield = image.pixel_array * image.RescaleSlope + image.RescaleIntercept
        np.testing.assert_array_equal(hounsfield, volume.voxels[index])


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
@pytest.mark.usefixtures("strict")
def test_mr_keeps_its_values_without_a_rescale(tmp_path, syntax):
    patient = simulated_patient(scan=ScanKind.MR)
    study, planned = plain(patient)
    volume = ramp(Contrast.T1_POST)
    series = written(tmp_path, volume, replace(planned, syntax=str(syntax)), study, patient)
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(read_by_simpleitk(series)), volume.voxels)
    image = pydicom.dcmread(instances(tmp_path)[0])
    assert image.Modality == "MR"
    assert "RescaleSlope" not in image


def test_mr_headers_say_whether_fat_is_saturated_and_name_the_maker_s_sequence(tmp_path):
    names = set()
    for number, site in enumerate("ABCDEFGH"):
        patient = simulated_patient(scan=ScanKind.MR, site=site)
        study, planned = plain(patient)
        for saturated in (False, True):
            folder = tmp_path / f"{number}{saturated}"
            written(folder, ramp(planned.contrast), replace(planned, fat_saturated=saturated), study, patient)
            image = pydicom.dcmread(instances(folder)[0], stop_before_pixels=True)
            assert ("FS" in (image.ScanOptions or "")) == saturated
        names.add((image.Manufacturer, image.SequenceName))
    assert len({name for _, name in names}) == len({maker for maker, _ in names}) > 1


def test_a_missing_slice_leaves_its_gap_and_a_doubled_one_is_there_twice(tmp_path):
    patient = simulated_patient()
    study, planned = plain(patient)
    volume = ramp(slices=11)
    series = written(tmp_path, volume, replace(planned, missing_at=0.3, doubled_at=0.7), study, patient)
    images = [pydicom.dcmread(path) for path in instances(tmp_path)]
    heights = sorted(float(image.ImagePositionPatient[2]) for image in images)
    expected = [float(z) for index, z in enumerate(volume.grid.z_mm()) if index != 3] + [float(volume.grid.z_mm()[7])]
    assert heights == pytest.approx(sorted(expected))
    assert (series.missing, series.doubled) == (3, 7)
    assert series.slices == tuple(index for index in range(11) if index != 3)
    assert len({image.SOPInstanceUID for image in images}) == 11
    assert sorted(int(image.InstanceNumber) for image in images) == list(range(1, 12))


def test_a_series_split_over_two_identifiers_is_the_volume_when_joined(tmp_path):
    patient = simulated_patient()
    study, planned = plain(patient)
    volume = ramp()
    series = written(tmp_path, volume, replace(planned, split=Split.SERIES), study, patient)
    assert len(series.uids) == len(series.folders) == 2
    found = {}
    for folder, uid in zip(series.folders, series.uids, strict=True):
        for path in instances(folder):
            image = pydicom.dcmread(path)
            assert image.SeriesInstanceUID == uid
            found[float(image.ImagePositionPatient[2])] = image.pixel_array.astype(int) + int(image.RescaleIntercept)
    np.testing.assert_array_equal(np.stack([found[z] for z in sorted(found)]), volume.voxels)


def test_a_series_split_over_two_folders_keeps_its_identifier(tmp_path):
    patient = simulated_patient()
    study, planned = plain(patient)
    series = written(tmp_path, ramp(), replace(planned, split=Split.FOLDERS), study, patient)
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in instances(tmp_path)]
    assert len(series.folders) == 2
    assert {image.SeriesInstanceUID for image in images} == set(series.uids)
    assert len({image.SOPInstanceUID for image in images}) == len(images) == 9


@pytest.mark.parametrize("layout", list(Layout))
def test_layouts_change_names_and_nothing_in_the_files(tmp_path, layout):
    patient = simulated_patient()
    study, planned = plain(patient)
    written(tmp_path / "as asked", ramp(), planned, study, patient, layout)
    written(tmp_path / "plain", ramp(), planned, study, patient)
    asked, ordinary = (
        sorted(path.read_bytes() for path in instances(tmp_path / name)) for name in ("as asked", "plain")
    )
    assert asked == ordinary


@pytest.mark.parametrize("scan", [ScanKind.CT, ScanKind.MR])
@pytest.mark.usefixtures("strict")
def test_every_attribute_is_valid_and_the_patient_is_marked_as_simulated(tmp_path, scan):
    patient = simulated_patient(12, scan=scan)
    study, planned = plain(patient)
    written(tmp_path, ramp(planned.contrast), planned, study, patient)
    image = pydicom.dcmread(instances(tmp_path)[0])
    assert str(image)  # every value is decoded
    assert image.PatientID == "SIM-0012"
    assert image.PatientName == "SIMULATED^0012"
    assert image.PatientIdentityRemoved == "YES"
    assert "SIMULATED" in image.StudyDescription
    assert "simulated" in image.ImageComments


@pytest.mark.parametrize("scan", [ScanKind.CT, ScanKind.MR])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.name)
def test_the_standard_s_verifier_finds_nothing_in_series(tmp_path, complaints, scan, syntax):
    patient = simulated_patient(scan=scan)
    study, planned = plain(patient)
    stored = TWELVE_BITS if scan == ScanKind.CT else planned.stored
    written(tmp_path, ramp(planned.contrast), replace(planned, syntax=str(syntax), stored=stored), study, patient)
    assert complaints(instances(tmp_path)[0]) == []


@pytest.mark.parametrize("scan", [ScanKind.CT, ScanKind.MR])
def test_the_standard_s_verifier_finds_nothing_in_what_lies_beside(tmp_path, complaints, scan):
    patient = simulated_patient(scan=scan)
    study, planned = plain(patient)
    identity, names = study_identity(patient), FileNames(tmp_path, Layout.ONE_FOLDER, np.random.default_rng(0))
    volume = ramp(planned.contrast)
    write_localizer(volume, planned, study.scanner, identity, names)
    write_coronal(volume, planned, study.scanner, identity, names)
    if scan == ScanKind.CT:
        write_dose_sheet(study.scanner, identity, names, 3)
    said = {line for path in instances(tmp_path) for line in complaints(path)}
    assert said == set()


def test_a_coronal_reformat_lies_where_its_series_does(tmp_path):
    patient = simulated_patient()
    study, planned = plain(patient)
    volume = ramp(slices=30, rows=48, columns=40, slice_mm=2.5, pixel_mm=1.25)
    smooth = replace(volume, voxels=np.repeat(np.arange(30, dtype=np.int16)[:, None, None] * 10, 48, 1).repeat(40, 2))
    names = FileNames(tmp_path, Layout.SERIES_FOLDERS, np.random.default_rng(0))
    write_coronal(smooth, planned, study.scanner, study_identity(patient), names)
    for path in instances(tmp_path):
        image = pydicom.dcmread(path)
        z_mm = float(image.ImagePositionPatient[2]) - np.arange(image.Rows) * float(image.PixelSpacing[0])
        expected = np.interp(z_mm, smooth.grid.z_mm(), smooth.voxels[:, 0, 0])
        hounsfield = image.pixel_array.astype(int) + int(image.RescaleIntercept)
        assert np.abs(hounsfield - expected[:, None]).max() <= 1


def test_a_localizer_is_no_stack_of_slices(tmp_path):
    for scan, count in ((ScanKind.CT, 2), (ScanKind.MR, 3)):
        patient = simulated_patient(scan=scan)
        study, planned = plain(patient)
        folder = tmp_path / scan.value
        names = FileNames(folder, Layout.SERIES_FOLDERS, np.random.default_rng(0))
        write_localizer(ramp(planned.contrast), planned, study.scanner, study_identity(patient), names)
        images = [pydicom.dcmread(path) for path in instances(folder)]
        assert len({tuple(image.ImageOrientationPatient) for image in images}) == len(images) == count
        assert all("ContrastBolusAgent" not in image for image in images)
