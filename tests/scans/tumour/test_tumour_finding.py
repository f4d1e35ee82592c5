"""Which of a mask's parts is the tumour, and what is said of the others."""

import numpy as np
import pytest
from drawn_masks import kidney_and_tumour, upright_grid

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour import find_tumour
from tumorboard.scans.volume import Grid, LabelMap

GRID = upright_grid((20, 40, 40), (2.0, 1.0, 1.0), (0, 0, 0))  # 0.002 ml a voxel


def empty():
    return np.zeros(GRID.shape, np.uint8)


def test_the_largest_mass_by_volume_is_taken_and_the_others_are_counted():
    labels = empty()
    labels[1:4, 1:20, 1:2] = 2  # long, but small: 57 voxels
    labels[10:16, 10:16, 10:16] = 2
    labels[10:14, 30:34, 30:34] = 2
    labels[1:18, 9:36, 25:28] = 1
    tumour = find_tumour(LabelMap(labels, GRID))
    assert tumour.box == (slice(10, 16), slice(10, 16), slice(10, 16))
    assert tumour.volume_ml == pytest.approx(216 * 0.002)
    assert tumour.components == 3
    assert tumour.other_volumes_ml == pytest.approx((64 * 0.002, 57 * 0.002))
    assert tumour.kidney_box == (slice(1, 18), slice(9, 36), slice(25, 28))


def test_masses_that_touch_by_a_corner_are_one():
    labels = empty()
    labels[2:5, 2:5, 2:5] = labels[5:8, 5:8, 5:8] = 1
    assert find_tumour(LabelMap(labels, GRID)).components == 1
    labels[5:8, 5:8, 5:8] = 0
    labels[6:9, 6:9, 6:9] = 1
    assert find_tumour(LabelMap(labels, GRID)).components == 2


def test_the_mask_holds_only_the_mass_that_is_taken():
    labels = empty()
    labels[2:12, 2, 2:12] = labels[2:12, 2:12, 2] = 1
    labels[8:10, 8:10, 8:10] = 1  # within the other one's box
    tumour = find_tumour(LabelMap(labels, GRID))
    assert np.count_nonzero(tumour.mask) == 190
    assert np.array_equal(tumour.whole()[tumour.box], tumour.mask)
    assert not tumour.whole()[8:10, 8:10, 8:10].any()


def test_the_boxs_grid_lies_where_the_box_lies():
    labels = empty()
    labels[3:6, 7:12, 11:20] = 1
    tumour = find_tumour(LabelMap(labels, GRID))
    assert tumour.offset == (3, 7, 11)
    assert tumour.grid.origin_mm.tolist() == [11, 7, 6]
    assert tumour.grid.shape == (3, 5, 9)


def test_specks_are_counted_apart():
    labels = empty()
    labels[5:9, 5:9, 5:9] = 1
    labels[1, 1, 1:4] = labels[15, 30, 30] = 1  # 0.006 and 0.002 ml
    labels[15, 10:12, 10:13] = 1  # 0.012 ml
    tumour = find_tumour(LabelMap(labels, GRID))
    assert (tumour.components, tumour.specks) == (2, 2)


def test_two_large_voxels_are_a_speck_all_the_same():
    coarse = Grid(GRID.shape, GRID.origin_mm, np.diag([5.0, 5, 5])[::-1])
    labels = empty()
    labels[5, 5, 5:7] = 1
    with pytest.raises(FileFormatError, match="specks only: the largest of 1 has 2 voxels"):
        find_tumour(LabelMap(labels, coarse))


def test_cysts_are_counted_and_are_no_masses():
    grid = upright_grid()
    tumour = find_tumour(LabelMap(kidney_and_tumour(grid), grid))
    assert (tumour.cysts, tumour.components, tumour.labels, tumour.has_kidney) == (1, 1, (2,), True)
    fine = upright_grid(spacing=(2.0, 0.7, 0.7))  # eight voxels are 0.008 ml
    assert find_tumour(LabelMap(kidney_and_tumour(fine), fine)).cysts == 0


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        ((slice(0, 3), slice(5, 9), slice(5, 9)), ("bottom",)),
        ((slice(17, 20), slice(5, 9), slice(5, 9)), ("top",)),
        ((slice(5, 9), slice(0, 3), slice(37, 40)), ("front", "left")),
        ((slice(5, 9), slice(37, 40), slice(0, 3)), ("back", "right")),
        ((slice(0, 20), slice(5, 9), slice(5, 9)), ("bottom", "top")),
        ((slice(5, 9), slice(5, 9), slice(5, 9)), ()),
    ],
)
def test_borders_are_the_patients(box, touches):
    labels = empty()
    labels[box] = 1
    assert find_tumour(LabelMap(labels, GRID)).touches == touches


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_borders_are_the_patients_in_an_array_that_runs_the_other_way(axis):
    labels = empty()
    labels[0:4, 0:4, 0:4] = 1
    there = ["bottom", "front", "right"]
    steps = GRID.steps_mm.copy()
    steps[axis] *= -1
    there[axis] = ("top", "back", "left")[axis]
    assert find_tumour(LabelMap(labels, Grid(GRID.shape, GRID.origin_mm, steps))).touches == tuple(there)


def test_only_the_tumour_that_is_taken_touches_a_border():
    labels = empty()
    labels[5:12, 5:12, 5:12] = 1
    labels[0:3, 30:34, 30:34] = 1
    assert find_tumour(LabelMap(labels, GRID)).touches == ()


def test_an_empty_mask_is_an_error():
    with pytest.raises(FileFormatError, match="the mask is empty"):
        find_tumour(LabelMap(empty(), GRID))


def test_a_label_that_is_not_there_is_an_error_that_lists_what_is():
    labels = kidney_and_tumour(upright_grid())
    with pytest.raises(FileFormatError, match="no voxel has the label 5; the mask has: 1 kidney, 2 tumour, 3"):
        find_tumour(LabelMap(labels, upright_grid(), {1: "kidney", 2: "tumour"}), 5)


def test_a_stated_label_is_the_tumour_whatever_its_name():
    labels = kidney_and_tumour(upright_grid())
    names = {1: "kidney", 2: "tumour", 3: "cyst"}
    tumour = find_tumour(LabelMap(labels, upright_grid(), names), 1)
    assert tumour.labels == (1,)
    assert not tumour.has_kidney


def test_parts_of_a_tumour_are_joined_and_it_is_told():
    labels = empty()
    labels[5:9, 5:9, 5:9], labels[6:8, 6:8, 6:8] = 1, 2
    tumour = find_tumour(LabelMap(labels, GRID, {1: "enhancing tumour", 2: "necrotic tumour"}))
    assert tumour.volume_ml == pytest.approx(64 * 0.002)
    assert tumour.remarks == ("several labels are taken as tumour: 1 enhancing tumour, 2 necrotic tumour",)


@pytest.mark.parametrize("names", [{1: "kidney_left"}, {1: "Liver"}, {1: "Segment_1"}])
def test_a_single_label_of_another_name_is_no_tumour(names):
    labels = empty()
    labels[5:9, 5:9, 5:9] = 1
    with pytest.raises(FileFormatError, match=r"none of its labels is named as a tumour; it has: 1 .*mask_label"):
        find_tumour(LabelMap(labels, GRID, names))


def test_kidney_and_cysts_alone_are_no_tumour():
    labels = empty()
    labels[5:9, 5:9, 5:9], labels[12:15, 5:9, 5:9] = 1, 3
    with pytest.raises(FileFormatError, match="none of its labels is named as a tumour; it has: 1, 3"):
        find_tumour(LabelMap(labels, GRID))


def test_real_masks_of_kits_hold_one_tumour_beside_the_kidneys(real_data):
    from tumorboard.scans import reading

    paths = sorted((real_data / "scans" / "kits19").glob("case_*/*.nii.gz"))
    assert paths
    for path in paths[:3]:
        labels = reading.read_label_file(path)
        tumour = find_tumour(labels)
        assert tumour.labels == (2,)
        assert np.array_equal(tumour.whole(), labels.labels == 2) or tumour.components + tumour.specks > 1
        assert tumour.kidney_box is not None
        assert tumour.touches == ()
