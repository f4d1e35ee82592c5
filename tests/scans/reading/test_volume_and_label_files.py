"""Volumes and masks in one file lie where SimpleITK says, and doubtful ones are refused."""

import contextlib
import gzip
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from written_volumes import nifti, refused

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import data_files, read_label_file, read_volume_file
from tumorboard.scans.volume import turn

ENDINGS = [".nii", ".nii.gz", ".mha", ".mhd", ".nrrd"]
SHAPE = (5, 7, 9)


def values(shape=SHAPE):
    return np.arange(np.prod(shape)).reshape(shape).astype(np.int16) - 100


def save(path, array, *, directions=(1.0, 0, 0, 0, 1, 0, 0, 0, 1), packed=False):
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-30.0, 4.0, 55.5))
    image.SetDirection(np.ravel(directions).tolist())
    SimpleITK.WriteImage(image, str(path), packed)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_voxels_and_places_are_those_of_simpleitk(tmp_path, ending, packed):
    directions = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    path = save(tmp_path / f"x{ending}", values(), directions=directions, packed=packed)
    theirs, volume = SimpleITK.ReadImage(str(path)), read_volume_file(path, "CT")
    assert np.array_equal(volume.voxels, SimpleITK.GetArrayFromImage(theirs))
    for index in [(0, 0, 0), (4, 0, 0), (0, 6, 0), (0, 0, 8), (3, 2, 1)]:
        place = theirs.TransformIndexToPhysicalPoint(index[::-1])
        assert np.allclose(volume.grid.to_patient(np.array([index])), place, atol=1e-4)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_whole_numbers_are_int16_however_they_are_stored(tmp_path, kind, ending):
    array = np.abs(values()).astype(kind)
    volume = read_volume_file(save(tmp_path / f"x{ending}", array), "MR")
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, array)


def test_niftis_scaling_is_applied_and_its_right_becomes_dicoms_left(tmp_path):
    path = nifti(tmp_path / "x.nii", values())
    content = bytearray(path.read_bytes())
    content[112:120] = struct.pack("<ff", 0.5, 3.0)  # scl_slope, scl_inter
    path.write_bytes(content)
    volume = read_volume_file(path, "CT")
    assert np.array_equal(volume.voxels, values().transpose(2, 1, 0) * np.float32(0.5) + 3)
    assert volume.grid.steps_mm[2] == pytest.approx([0.7, 0, 0])


def test_a_nifti_in_micrometres_is_read_in_millimetres(tmp_path):
    path = nifti(tmp_path / "x.nii", values(), np.diag([-700.0, -800, 2500, 1]), xyzt_units=3)
    assert read_volume_file(path, "CT").grid.spacing_mm == pytest.approx([2.5, 0.8, 0.7], rel=1e-5)


def test_a_sheared_volume_is_set_straight_and_told(tmp_path):
    affine = np.diag([-0.7, -0.8, 2.5, 1.0])
    affine[1, 2] = 0.8
    volume = read_volume_file(nifti(tmp_path / "x.nii", values(), affine), "CT")
    assert "straight" in volume.remarks[0]
    steps = volume.grid.steps_mm / volume.grid.spacing_mm[:, None]
    assert np.allclose(steps @ steps.T, np.eye(3), atol=1e-6)
    point = volume.grid.to_indices(np.array([[0.7 * 3, 0.8 * 2 - 0.8 * 4, 2.5 * 4]]))[0]
    assert volume.voxels[tuple(np.rint(point).astype(int))] == values()[3, 2, 4]


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=15)
@given(data=st.data())
def test_a_cut_off_file_is_refused(tmp_path_factory, ending, data):
    folder = tmp_path_factory.mktemp("cut")
    whole = save(folder / f"x{ending}", values(), packed=data.draw(st.booleans()))
    pieces = sorted(folder.iterdir())
    cut = data.draw(st.sampled_from(pieces))
    cut.write_bytes(cut.read_bytes()[: data.draw(st.integers(0, cut.stat().st_size - 1 - 8 * (ending == ".nii.gz")))])
    with contextlib.suppress(FileFormatError):
        # a header's last line may lose its end and mean the same
        assert np.array_equal(read_volume_file(whole, "CT").voxels, values())


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_voxels_that_are_not_finite_are_counted_and_refused(tmp_path, wrong):
    array = values().astype(np.float32)
    array[1, 2, :3] = wrong
    path = save(tmp_path / "x.mha", array)
    refused(lambda: read_volume_file(path, "CT"), "3 of 315 voxels are not finite")
    refused(lambda: read_label_file(path), "3 of 315 voxels are not finite")


def test_files_of_several_volumes_or_one_slice_are_refused(tmp_path):
    path = nifti(tmp_path / "x.nii", np.zeros((4, 4, 4, 2), np.int16))
    refused(lambda: read_volume_file(path, "MR"), "4 x 4 x 4 x 2; one volume")
    assert read_volume_file(nifti(path, values((4, 4, 4, 1))), "MR").voxels.shape == (4, 4, 4)
    refused(lambda: read_volume_file(save(tmp_path / "y.mha", values((1, 7, 9))), "CT"), "one slice only")


def test_a_nifti_that_does_not_say_how_it_lies_is_refused(tmp_path):
    path = nifti(tmp_path / "x.nii", values())
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)  # qform_code, sform_code
    path.write_bytes(content)
    refused(lambda: read_volume_file(path, "CT"), "how it lies")


def test_enormous_sizes_in_small_files_are_refused(tmp_path):
    path = nifti(tmp_path / "x.nii", values())
    content = bytearray(path.read_bytes())
    content[42:48] = struct.pack("<hhh", 30000, 30000, 30000)
    path.write_bytes(content)
    refused(lambda: read_volume_file(path, "CT"), "GiB")
    content[42:48] = struct.pack("<hhh", 900, 900, 900)
    with gzip.open(tmp_path / "y.nii.gz", "wb") as file:
        file.write(content)
    refused(lambda: read_volume_file(tmp_path / "y.nii.gz", "CT"), "more than its .* packed bytes can hold")
    text = save(tmp_path / "z.mha", values(), packed=True).read_bytes()
    (tmp_path / "z.mha").write_bytes(text.replace(b"DimSize = 9 7 5", b"DimSize = 999 999 999"))
    refused(lambda: read_volume_file(tmp_path / "z.mha", "CT"), "more than its .* packed bytes can hold")


def test_a_metaimage_reads_no_data_from_other_folders(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(630))
    path = save(tmp_path / "in" / "x.mhd", values())
    path.write_text(path.read_text().replace("x.raw", "../secret.raw"))
    refused(lambda: read_volume_file(path, "CT"), "in the same folder")


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz", "x.mha", "x.nrrd", "x.txt"])
def test_what_is_no_volume_file_is_refused(tmp_path, name):
    refused(lambda: read_volume_file(tmp_path / name, "CT"), "no such file|does not end")
    (tmp_path / name).touch()
    refused(lambda: read_volume_file(tmp_path / name, "CT"), "empty|does not end")
    (tmp_path / name).write_bytes(b"\0\xff = \n" * 100)
    refused(lambda: read_volume_file(tmp_path / name, "CT"), "no .*file|does not end")


@pytest.mark.parametrize("ending", ENDINGS)
def test_labels_are_whole_numbers_however_they_are_stored(tmp_path, ending):
    array = np.random.default_rng(1).integers(0, 3, SHAPE)
    read = read_label_file(save(tmp_path / f"x{ending}", array.astype(np.float32)))
    assert read.labels.dtype == np.uint8
    assert np.array_equal(read.labels, array)
    assert read.names == {}
    array[0, 0, 0] = 700
    assert read_label_file(save(tmp_path / f"y{ending}", array.astype(np.int32))).labels[0, 0, 0] == 700


@pytest.mark.parametrize(("value", "words"), [(0.5, "whole numbers"), (-1, "from -1"), (70000, "70000")])
def test_a_mask_that_holds_no_labels_is_refused(tmp_path, value, words):
    array = np.zeros(SHAPE, np.float32)
    array[2, 2, 2] = value
    refused(lambda: read_label_file(save(tmp_path / "x.mha", array)), words)


def test_real_masks_lie_as_nibabel_says(real_data):
    path = sorted((real_data / "scans" / "kits19").rglob("*.nii.gz"))[0]
    read, theirs = read_label_file(path), nibabel.load(path)
    assert set(np.unique(read.labels)) == {0, 1, 2}
    assert np.array_equal(read.labels, np.asarray(theirs.dataobj).transpose(2, 1, 0))
    place = (theirs.affine @ [10, 200, 300, 1])[:3] * [-1, -1, 1]
    assert read.grid.to_patient(np.array([[300, 200, 10]])) == pytest.approx(place[None])
    turned, grid = turn(read.labels, read.grid)
    assert grid.spacing_mm[0] == pytest.approx(max(theirs.header.get_zooms()))
    assert turned.shape[0] == min(theirs.shape)


def test_a_real_mr_is_read(real_data):
    volume = read_volume_file(real_data / "scans" / "mr" / "abdomen_t1_3mm.nii.gz", "MR")
    assert volume.voxels.dtype == np.int16
    assert volume.grid.spacing_mm == pytest.approx([3, 3, 3])


@pytest.mark.parametrize("packed", [False, True])
def test_the_data_beside_a_header_belong_to_the_volume(tmp_path, packed):
    header = save(tmp_path / "x.mhd", values(), packed=packed)
    (data,) = data_files(header)
    assert data == tmp_path / ("x.zraw" if packed else "x.raw")
    renamed = header.rename(tmp_path / "y.mha")  # a reader goes by what it says, not by its name
    assert data_files(renamed) == (data,)
    data.unlink()
    assert data_files(renamed) == ()


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".mha", ".nrrd"])
def test_a_volume_in_one_file_has_no_data_elsewhere(tmp_path, ending):
    assert data_files(save(tmp_path / f"x{ending}", values())) == ()


def test_what_is_no_header_has_no_data_elsewhere(tmp_path):
    (tmp_path / "x.mhd").write_bytes(b"\0\xff = \n" * 100)
    for path in (tmp_path, tmp_path / "x.mhd", tmp_path / "absent.mhd"):
        assert data_files(path) == ()
