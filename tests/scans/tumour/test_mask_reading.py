"""Reading masks: their kind by content, and whether they are this scan's."""

import gzip

import numpy as np
import pydicom
import pytest
from drawn_masks import (
    FRAME_UID,
    OTHER_FRAME_UID,
    OTHER_UID,
    SCAN_UID,
    ct_headers,
    kidney_and_tumour,
    rectangle,
    upright_grid,
    write_nifti,
    write_rtstruct,
    write_seg,
)

from tumorboard.errors import FileFormatError, SettingsError, UserError
from tumorboard.scans.tumour import find_tumour, kind_of_mask, place, read_mask
from tumorboard.scans.volume import Grid

GRID = upright_grid()
LABELS = kidney_and_tumour(GRID)
TUMOUR = {"tumour": LABELS == 2}


def shifted(x=0.0, y=0.0, z=0.0):
    return Grid(GRID.shape, GRID.origin_mm + np.array([x, y, z]), GRID.steps_mm)


def test_the_kind_is_seen_from_the_content_not_the_suffix(tmp_path):
    import SimpleITK

    seg = write_seg(tmp_path / "seg", GRID, TUMOUR)
    rings = {"tumour": [rectangle(GRID, 3, (2, 6), (1, 5))]}
    rt = write_rtstruct(tmp_path / "rt", rings)
    nifti = write_nifti(tmp_path / "mask.nii.gz", LABELS, GRID)
    plain = tmp_path / "mask.nii"
    plain.write_bytes(gzip.decompress(nifti.read_bytes()))
    image = SimpleITK.GetImageFromArray(LABELS)
    for suffix in ("mha", "nrrd"):
        SimpleITK.WriteImage(image, str(tmp_path / f"mask.{suffix}"))
    table = tmp_path / "box"
    table.write_text("slice0,slice1,row0,row1,column0,column1\n3,5,4,7,5,9\n")
    paths = [seg, rt, nifti, plain, tmp_path / "mask.mha", tmp_path / "mask.nrrd", table]
    assert [kind_of_mask(path) for path in paths] == ["dicom-seg", "rtstruct", "nifti", "nifti", "mha", "nrrd", "csv"]


def test_a_stated_kind_that_is_wrong_is_told(tmp_path):
    seg = write_seg(tmp_path / "seg.dcm", GRID, TUMOUR)
    with pytest.raises(FileFormatError, match="was stated as nifti, but is dicom-seg"):
        read_mask(seg, GRID, SCAN_UID, "nifti")
    with pytest.raises(SettingsError, match="'stl' is unknown"):
        read_mask(seg, GRID, SCAN_UID, "stl")


def test_the_scan_itself_is_no_mask(tmp_path):
    image = ct_headers(GRID)[0]
    image.save_as(tmp_path / "ct.dcm", implicit_vr=False, little_endian=True)
    header = pydicom.dcmread(tmp_path / "ct.dcm", force=True)
    header.file_meta.MediaStorageSOPClassUID, header.file_meta.MediaStorageSOPInstanceUID = header.SOPClassUID, "2.25.1"
    header.save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    with pytest.raises(FileFormatError, match="holds no mask, but CT Image Storage"):
        read_mask(tmp_path / "ct.dcm", GRID, SCAN_UID)


@pytest.mark.parametrize("content", [b"", b"   \n", b"\0" * 600, b"\x89PNG\r\n\x1a\n\0\0", b"<html>", b"DICM"])
def test_what_is_no_mask_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "mask"
    path.write_bytes(content)
    with pytest.raises(UserError) as told:
        read_mask(path, GRID, None)
    assert "\n" not in str(told.value)


def test_a_mask_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileFormatError, match="there is no such mask"):
        read_mask(tmp_path / "none.dcm", GRID, SCAN_UID)


@pytest.mark.parametrize("z_mm", [0.0, 2.5, 0.4])
def test_a_mask_of_another_phase_in_the_same_frame_of_reference_is_taken_with_a_remark(tmp_path, z_mm):
    path = write_seg(tmp_path / "seg.dcm", shifted(z=z_mm), TUMOUR, series_uid=OTHER_UID)
    mask = read_mask(path, GRID, SCAN_UID, frame_uid=FRAME_UID)
    assert any("another series of the same frame of reference" in remark for remark in mask.remarks)
    assert find_tumour(place(mask, GRID)).components == 1


def test_a_mask_of_another_frame_of_reference_is_refused_even_at_the_same_place(tmp_path):
    path = write_seg(tmp_path / "seg.dcm", GRID, TUMOUR, series_uid=OTHER_UID, frame_uid=OTHER_FRAME_UID)
    with pytest.raises(FileFormatError, match=r"^seg\.dcm: it was drawn on another scan, in another frame") as told:
        read_mask(path, GRID, SCAN_UID, frame_uid=FRAME_UID)
    assert "\n" not in str(told.value)


def test_where_frames_are_unknown_only_the_scans_own_voxels_are_taken(tmp_path):
    path = write_seg(tmp_path / "seg.dcm", GRID, TUMOUR, series_uid=OTHER_UID)
    assert any("whose voxels lie where the scan's do" in one for one in read_mask(path, GRID, SCAN_UID).remarks)
    with pytest.raises(FileFormatError, match="another series, whose voxels lie elsewhere"):
        read_mask(path, shifted(x=0.3), SCAN_UID)


def test_a_mask_of_this_series_or_without_any_has_no_remark(tmp_path):
    assert read_mask(write_seg(tmp_path / "a.dcm", GRID, TUMOUR), GRID, SCAN_UID).remarks == ()
    assert read_mask(write_nifti(tmp_path / "a.nii.gz", LABELS, GRID), GRID, SCAN_UID).remarks == ()


def test_a_mask_elsewhere_in_space_is_refused(tmp_path):
    path = write_nifti(tmp_path / "a.nii.gz", LABELS, shifted(z=500))
    with pytest.raises(FileFormatError, match=r"^a\.nii\.gz: the mask lies outside of the scan"):
        read_mask(path, GRID, SCAN_UID)


def test_an_empty_mask_is_refused(tmp_path):
    path = write_nifti(tmp_path / "a.nii.gz", np.zeros_like(LABELS), GRID)
    with pytest.raises(FileFormatError, match=r"^a\.nii\.gz: the mask is empty"):
        read_mask(path, GRID, None)


def test_a_label_that_is_not_there_is_refused(tmp_path):
    path = write_seg(tmp_path / "seg.dcm", GRID, TUMOUR)
    with pytest.raises(FileFormatError, match=r"^seg\.dcm: no voxel has the label 2; the mask has: 1 tumour \(Mass\)"):
        read_mask(path, GRID, SCAN_UID, label=2)


def test_a_folder_with_one_file_a_structure_is_put_together(tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    for name, label in (("kidney_left", 1), ("tumor", 2), ("kidney_cyst_left", 3)):
        write_nifti(
            folder / f"{name}.nii.gz", ((label == LABELS) | ((label == 1) & (LABELS > 0))).astype(np.uint8), GRID
        )
    write_nifti(folder / "spleen.nii.gz", np.zeros_like(LABELS), GRID)
    mask = read_mask(folder, GRID, None)
    tumour = find_tumour(place(mask, GRID))
    assert np.array_equal(tumour.whole(), LABELS == 2)
    assert tumour.has_kidney
    assert any("spleen.nii.gz: the mask is empty" in remark for remark in tumour.remarks)
    assert any("tumor covers 60 voxels of others" in remark for remark in tumour.remarks)


def test_a_folders_masks_of_other_scans_are_left_out_and_told(tmp_path):
    folder = tmp_path / "masks"
    folder.mkdir()
    write_seg(folder / "a.dcm", GRID, TUMOUR)
    write_seg(folder / "b.dcm", GRID, TUMOUR, series_uid=OTHER_UID, frame_uid=OTHER_FRAME_UID)
    mask = read_mask(folder, GRID, SCAN_UID, frame_uid=FRAME_UID)
    assert find_tumour(mask).volume_ml == pytest.approx(60 * GRID.voxel_ml)
    assert any("is left out: b.dcm: it was drawn on another scan" in remark for remark in mask.remarks)
    with pytest.raises(FileFormatError, match=r"^a\.dcm: it was drawn on another scan"):
        read_mask(folder, GRID, "2.25.77", frame_uid="2.25.78")
    with pytest.raises(SettingsError, match="Name the file that holds it"):
        read_mask(folder, GRID, SCAN_UID, label=1)


def test_a_folder_without_files_is_told(tmp_path):
    with pytest.raises(FileFormatError, match="the folder of masks is empty"):
        read_mask(tmp_path, GRID, None)


def test_names_that_3d_slicer_wrote_are_read(tmp_path):
    import SimpleITK

    image = SimpleITK.GetImageFromArray(LABELS)
    image.SetOrigin(GRID.origin_mm.tolist())
    image.SetSpacing(GRID.spacing_mm[::-1].tolist())
    for number, (label, name) in enumerate({1: "Right kidney", 2: "Renal mass", 3: "Bosniak I cyst"}.items()):
        image.SetMetaData(f"Segment{number}_LabelValue", str(label))
        image.SetMetaData(f"Segment{number}_Name", name)
    path = tmp_path / "Segmentation.seg.nrrd"
    SimpleITK.WriteImage(image, str(path))
    mask = read_mask(path, GRID, None)
    assert mask.names == {1: "Right kidney", 2: "Renal mass", 3: "Bosniak I cyst"}
    assert np.array_equal(find_tumour(place(mask, GRID)).whole(), LABELS == 2)
