"""Masks lie on their series, whoever reads them."""

from dataclasses import replace

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from simulated_scans import instances, plain, ramp, simulated_patient

from tumorboard.phantom.scans.dicom_series import write_series
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.identifiers import study_identity
from tumorboard.phantom.scans.nifti import kidney_and_tumour, nifti_affine, write_nifti
from tumorboard.phantom.scans.protocol import Layout
from tumorboard.phantom.scans.segmentation import Segment, write_segmentation

SIDE = "right"


def ball(grid, centre_mm, radius_mm):
    """Voxels whose centres lie within a ball."""
    z, y, x = np.meshgrid(grid.z_mm(), grid.y_mm(), grid.x_mm(), indexing="ij")
    return (x - centre_mm[0]) ** 2 + (y - centre_mm[1]) ** 2 + (z - centre_mm[2]) ** 2 < radius_mm**2


@pytest.fixture(scope="module")
def outlined(tmp_path_factory):
    """A series with a missing and a doubled slice, a tumour beside the middle, and its segmentation."""
    folder = tmp_path_factory.mktemp("study")
    patient = simulated_patient(side=SIDE)
    study, planned = plain(patient)
    volume = ramp(slices=16, rows=40, columns=48)
    identity = study_identity(patient)
    names = FileNames(folder / "series", Layout.MEDIUM, np.random.default_rng(0))
    faulty = replace(planned, missing_at=0.4, doubled_at=0.6)
    series = write_series(volume, faulty, study.scanner, identity, names)
    x, y, z = (float(axis.mean()) for axis in (volume.grid.x_mm(), volume.grid.y_mm(), volume.grid.z_mm()))
    tumour = ball(volume.grid, (x - 5, y + 3, z + 2), 6)
    kidney = ball(volume.grid, (x - 3, y + 1, z), 11) & ~tumour
    cyst = np.zeros_like(tumour)
    cyst[3, 30:33, 20:24] = True
    kidney &= ~cyst

    def write(path):
        present = list(series.slices)
        segments = [Segment("tumour", tumour), Segment("kidney", kidney), Segment("cyst", cyst)]
        segments = [replace(segment, mask=segment.mask[present]) for segment in segments]
        moment = identity.moment(5000)
        write_segmentation(segments, series.images, path, identity=identity, side=SIDE, moment=moment)
        return path

    return volume, series, {"tumour": tumour, "kidney": kidney, "cyst": cyst}, folder, write


def test_highdicom_gives_back_every_segment_on_the_slices_of_its_series(outlined):
    _, series, masks, folder, write = outlined
    segmentation = highdicom.seg.segread(write(folder / "segmentation.dcm"))
    assert [segmentation.get_segment_description(number).segment_label for number in (1, 2, 3)] == list(masks)
    found = segmentation.get_pixels_by_source_instance(
        [image.SOPInstanceUID for image in series.images], assert_missing_frames_are_empty=True
    )
    for number, label in enumerate(("tumour", "kidney", "cyst")):
        np.testing.assert_array_equal(found[..., number].astype(bool), masks[label][list(series.slices)])


def test_the_segmentation_s_frames_lie_where_the_voxels_are(outlined):
    volume, _, masks, folder, write = outlined
    segmentation = pydicom.dcmread(write(folder / "segmentation.dcm"))
    frames = segmentation.pixel_array
    points = []
    for frame, place in zip(frames, segmentation.PerFrameFunctionalGroupsSequence, strict=True):
        if place.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1:
            x, y, z = map(float, place.PlanePositionSequence[0].ImagePositionPatient)
            rows, columns = np.nonzero(frame)
            points.append(
                np.stack([x + columns * volume.grid.pixel_mm, y + rows * volume.grid.pixel_mm, 0 * rows + z], 1)
            )
    centre = np.concatenate(points).mean(0)
    present = [index for index in range(volume.grid.slices) if index != 6]
    slices, rows, columns = np.nonzero(masks["tumour"][present])
    z_mm = volume.grid.z_mm()[present][slices]
    expected = volume.grid.x_mm()[columns].mean(), volume.grid.y_mm()[rows].mean(), z_mm.mean()
    np.testing.assert_allclose(centre, expected, atol=1e-3)


def test_the_segmentation_is_coded_in_snomed_and_names_its_series(outlined):
    _, series, _, folder, write = outlined
    segmentation = pydicom.dcmread(write(folder / "segmentation.dcm"))
    types = [one.SegmentedPropertyTypeCodeSequence[0] for one in segmentation.SegmentSequence]
    assert [(one.CodeMeaning, one.CodingSchemeDesignator) for one in types] == [
        ("Mass", "SCT"),
        ("Kidney", "SCT"),
        ("Cyst", "SCT"),
    ]
    region = segmentation.SegmentSequence[0].AnatomicRegionSequence[0]
    assert (region.CodeMeaning, region.AnatomicRegionModifierSequence[0].CodeMeaning) == ("Kidney", "Right")
    assert segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID == series.uids[0]
    assert segmentation.FrameOfReferenceUID == series.images[0].FrameOfReferenceUID


@pytest.mark.usefixtures("strict")
def test_the_segmentation_is_valid_and_the_same_every_time(outlined, complaints):
    *_, folder, write = outlined
    first, second = write(folder / "first.dcm"), write(folder / "second.dcm")
    assert first.read_bytes() == second.read_bytes()
    assert str(pydicom.dcmread(first))
    assert complaints(first) == []


def test_nifti_and_dicom_agree_on_the_tumour_s_place(outlined, tmp_path):
    volume, _, masks, folder, _ = outlined
    path = tmp_path / "labels.nii.gz"
    write_nifti(kidney_and_tumour(masks["kidney"], masks["tumour"]), volume.grid, path)
    image = nibabel.load(path)
    labels = np.asarray(image.dataobj)
    assert set(np.unique(labels)) == {0, 1, 2}
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    world = nibabel.affines.apply_affine(image.affine, np.argwhere(labels == 2)).mean(0)
    heights = {
        float(pydicom.dcmread(one).ImagePositionPatient[2]): pydicom.dcmread(one)
        for one in instances(folder / "series")
    }
    points = []
    for index in range(volume.grid.slices):
        rows, columns = np.nonzero(masks["tumour"][index])
        height = min(heights, key=lambda z, index=index: abs(z - volume.grid.z_mm()[index]))
        x, y, _ = map(float, heights[height].ImagePositionPatient)
        spacing = float(heights[height].PixelSpacing[0])
        points += [
            (x + column * spacing, y + row * spacing, volume.grid.z_mm()[index])
            for row, column in zip(rows, columns, strict=True)
        ]
    left, back, up = np.mean(points, axis=0)
    np.testing.assert_allclose(world, (-left, -back, up), atol=1e-3)
    assert image.get_qform(coded=True)[1] == image.get_sform(coded=True)[1] == 1


def test_nifti_bytes_depend_on_voxels_alone(outlined, tmp_path):
    volume, *_ = outlined
    for name in ("one.nii.gz", "two.nii.gz"):
        write_nifti(volume.voxels, volume.grid, tmp_path / name)
    assert (tmp_path / "one.nii.gz").read_bytes() == (tmp_path / "two.nii.gz").read_bytes()
    np.testing.assert_array_equal(np.asarray(nibabel.load(tmp_path / "one.nii.gz").dataobj).T, volume.voxels)
    np.testing.assert_allclose(nibabel.load(tmp_path / "one.nii.gz").affine, nifti_affine(volume.grid), rtol=1e-6)
