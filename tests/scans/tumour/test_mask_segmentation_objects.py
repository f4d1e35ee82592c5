"""DICOM segmentations: whatever the type and the order of frames, each voxel lies where it was drawn."""

from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from drawn_masks import SCAN_UID, kidney_and_tumour, real_series, upright_grid, write_seg
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour import dicom_object, find_tumour, place, read_mask
from tumorboard.scans.tumour.segmentation_object import read_segmentation
from tumorboard.scans.volume import Grid

GRID = upright_grid()
LABELS = kidney_and_tumour(GRID)
PARTS = {"kidney": LABELS == 1, "tumour": LABELS == 2, "cyst": LABELS == 3}


def placed(path, grid=GRID, label=None):
    return place(read_mask(path, grid, SCAN_UID, "dicom-seg", label), grid)


@pytest.fixture(scope="module")
def liver(real_data):
    folder = real_data / "scans" / "dicom_seg"
    return folder / "liver_seg.dcm", *real_series(folder / "ct-3slice")


def test_a_real_liver_lies_where_highdicom_places_it_and_on_liver(liver):
    path, voxels, scan, uid = liver
    mask = read_mask(path, scan, uid)
    assert mask.names == {1: "Liver (Liver)"}
    assert mask.references == uid
    assert mask.grid.same_place(scan)
    theirs = hd.seg.segread(path).get_volume(combine_segments=True)
    corner = scan.to_indices(theirs.map_indices_to_reference(np.array([[0, 0, 0]])))[0]
    upward = theirs.array if round(corner[0]) == 0 else theirs.array[::-1]
    assert np.array_equal(place(mask, scan).labels, upward)
    inside = voxels[place(mask, scan).labels == 1]
    assert 40 <= np.median(inside) <= 80  # liver without contrast: about 40 to 65 HU, with noise
    shifted = voxels[np.roll(mask.labels, 25, axis=2) == 1]
    assert np.abs(inside - np.median(inside)).mean() < np.abs(shifted - np.median(shifted)).mean()


def test_a_liver_is_no_tumour_unless_it_is_stated(liver):
    path, _, scan, uid = liver
    labels = place(read_mask(path, scan, uid), scan)
    with pytest.raises(FileFormatError, match=r"none of its labels is named as a tumour; it has: 1 Liver .*mask_label"):
        find_tumour(labels)
    assert find_tumour(labels, 1).volume_ml == pytest.approx(107.098 * 0.810547**2 - 0.003, abs=0.05)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_the_types_of_segmentation_hold_the_same_mask(tmp_path, kind):
    masks = {name: mask.astype(float) for name, mask in PARTS.items()} if kind == "FRACTIONAL" else PARTS
    mask = placed(write_seg(tmp_path / "seg.dcm", GRID, masks, kind))
    assert np.array_equal(mask.labels, LABELS)
    assert [mask.names[number].split()[0] for number in (1, 2, 3)] == ["kidney", "tumour", "cyst"]


def test_pixels_packed_by_run_lengths_are_the_same(tmp_path):
    masks = {name: mask.astype(float) for name, mask in PARTS.items()}
    mask = placed(write_seg(tmp_path / "seg.dcm", GRID, masks, "FRACTIONAL", syntax=RLELossless))
    assert np.array_equal(mask.labels, LABELS)


def test_a_fraction_belongs_to_the_segment_from_one_half_on(tmp_path):
    fractions = np.zeros(GRID.shape)
    fractions[2, 3, 3:7] = 127 / 255, 128 / 255, 1.0, 0.1
    mask = placed(write_seg(tmp_path / "seg.dcm", GRID, {"tumour": fractions}, "FRACTIONAL"))
    assert np.flatnonzero(mask.labels[2, 3]).tolist() == [4, 5]
    assert any("cut at 0.5" in remark for remark in mask.remarks)


@pytest.mark.parametrize("order", [["kidney", "tumour"], ["tumour", "kidney"]])
def test_a_kidney_drawn_over_the_tumour_takes_none_of_it(tmp_path, order):
    drawn = {"kidney": (LABELS == 1) | (LABELS == 2), "tumour": LABELS == 2}
    mask = placed(write_seg(tmp_path / "seg.dcm", GRID, {name: drawn[name] for name in order}))
    tumour = find_tumour(mask)
    assert np.array_equal(tumour.whole(), LABELS == 2)
    assert f"covers {np.count_nonzero(LABELS == 2)} voxels of others" in " ".join(tumour.remarks)


def test_the_stated_segment_is_kept_whole(tmp_path):
    drawn = {"kidney": (LABELS == 1) | (LABELS == 2), "tumour": LABELS == 2}
    mask = placed(write_seg(tmp_path / "seg.dcm", GRID, drawn), label=1)
    assert np.count_nonzero(mask.labels == 1) == np.count_nonzero(drawn["kidney"])


def test_frames_may_come_in_any_order(tmp_path):
    path = write_seg(tmp_path / "seg.dcm", GRID, PARTS)
    whole = pydicom.dcmread(path)
    frames = int(whole.NumberOfFrames)
    order = np.random.default_rng(5).permutation(frames)
    bits = np.unpackbits(np.frombuffer(whole.PixelData, np.uint8), bitorder="little")[: frames * 13 * 11]
    packed = np.packbits(bits.reshape(frames, -1)[order], bitorder="little").tobytes()
    whole.PixelData = packed + b"\0" * (len(packed) % 2)
    whole.PerFrameFunctionalGroupsSequence = [whole.PerFrameFunctionalGroupsSequence[int(n)] for n in order]
    whole.save_as(path)
    assert np.array_equal(placed(path).labels, LABELS)


def test_slices_without_a_frame_are_empty(tmp_path):
    two = np.zeros(GRID.shape, bool)
    two[1, 3:6, 3:6] = two[6, 3:6, 3:6] = True
    mask = read_mask(write_seg(tmp_path / "seg.dcm", GRID, {"tumour": two}), GRID, SCAN_UID)
    assert mask.labels.shape[0] == 6
    assert np.array_equal(place(mask, GRID).labels == 1, two)


def test_two_frames_far_apart_are_no_thick_slices_on_another_scan(tmp_path):
    two = np.zeros(GRID.shape, bool)
    two[1, 3:6, 3:6] = two[6, 3:6, 3:6] = True
    fine = upright_grid((40, 13, 11), (0.5, 0.8, 0.7))
    mask = place(read_segmentation(write_seg(tmp_path / "seg.dcm", GRID, {"tumour": two}), fine), fine)
    assert np.count_nonzero(mask.labels.any(axis=(1, 2))) == 10  # two slices of 2.5 mm


@pytest.mark.parametrize("axes", [(2, 0, 1), (1, 0, 2)])
def test_a_segmentation_of_sagittal_or_coronal_slices_lies_in_its_place(tmp_path, axes):
    across = Grid(tuple(GRID.shape[axis] for axis in axes), GRID.origin_mm, GRID.steps_mm[list(axes)])
    drawn = {name: mask.transpose(axes) for name, mask in PARTS.items()}
    assert np.array_equal(placed(write_seg(tmp_path / "seg.dcm", across, drawn)).labels, LABELS)


def test_slices_shifted_by_a_tilted_gantry_keep_their_places(tmp_path):
    steps = GRID.steps_mm.copy()
    steps[0, 1] = 0.9
    tilted = Grid(GRID.shape, GRID.origin_mm, steps)
    mask = read_mask(write_seg(tmp_path / "seg.dcm", tilted, {"tumour": np.ones(GRID.shape, bool)}), tilted, SCAN_UID)
    assert mask.grid.same_place(tilted)


def test_a_deflated_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = write_seg(tmp_path / "seg.dcm", GRID, PARTS)
    whole = pydicom.dcmread(path)
    whole.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole.save_as(path, enforce_file_format=True)
    assert np.array_equal(placed(path).labels, LABELS)
    monkeypatch.setattr(dicom_object, "_MOST_BYTES", 2000)
    with pytest.raises(FileFormatError, match="unpacks to more than"):
        placed(path)


def _cut(path: Path, share: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


@pytest.mark.parametrize("share", [0.03, 0.2, 0.5, 0.9, 0.97, 0.99])
def test_a_truncated_segmentation_is_refused_in_one_line(tmp_path, share):
    path = write_seg(tmp_path / "seg.dcm", GRID, PARTS)
    _cut(path, share)
    with pytest.raises(FileFormatError, match=r"^seg\.dcm: ") as told:
        placed(path)
    assert "\n" not in str(told.value)


def _without_positions(whole):
    for group in whole.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence


def _not_parallel(whole):
    del whole.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    for number, group in enumerate(whole.PerFrameFunctionalGroupsSequence):
        one = pydicom.Dataset()
        one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0] if number else [1, 0, 0, 0, 0, 1]
        group.PlaneOrientationSequence = [one]


def _far_away(whole):
    first = whole.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    first.ImagePositionPatient = [-20, -30, -4e7]


def _unknown_segment(whole):
    whole.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 77


def _no_segments(whole):
    del whole.SegmentSequence


@pytest.mark.parametrize("break_it", [_without_positions, _not_parallel, _far_away, _unknown_segment, _no_segments])
def test_a_segmentation_that_makes_no_sense_is_refused_in_one_line(tmp_path, break_it):
    path = write_seg(tmp_path / "seg.dcm", GRID, PARTS)
    whole = pydicom.dcmread(path)
    break_it(whole)
    whole.save_as(path)
    with pytest.raises(FileFormatError, match=r"^seg\.dcm: ") as told:
        placed(path)
    assert "\n" not in str(told.value)
