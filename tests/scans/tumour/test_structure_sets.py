"""RT structure sets and tables: what an outline encloses, voxel centre by voxel centre."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from drawn_masks import (
    FRAME_UID,
    OTHER_UID,
    SCAN_UID,
    kidney_and_tumour,
    rectangle,
    upright_grid,
    write_nifti,
    write_rtstruct,
    write_seg,
)
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from tumorboard.errors import FileFormatError
from tumorboard.scans.tumour import find_tumour, place, read_mask
from tumorboard.scans.tumour.outlines import even_odd
from tumorboard.scans.volume import Grid

GRID = upright_grid()


def read(path, grid=GRID, label=None, **said):
    return read_mask(path, grid, SCAN_UID, "rtstruct", label, **said)


def circle(grid, z_mm, centre, radius_mm, points=180):
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = centre
    return np.column_stack([x + radius_mm * np.cos(angle), y + radius_mm * np.sin(angle), np.full(points, z_mm)])


@given(
    radii=st.lists(st.floats(0.5, 14), min_size=3, max_size=25),
    hole=st.floats(0.1, 0.9),
    corner=st.tuples(st.floats(-8, 28), st.floats(-8, 28)),
)
def test_a_pixel_belongs_to_what_encloses_its_centre(radii, hole, corner):
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    star = np.column_stack([np.sin(angle), np.cos(angle)]) * np.array(radii)[:, None]
    rings = [star + corner, star[::-1] * hole + corner]
    rows, columns, inside = even_odd(rings, 20, 24)
    mask = np.zeros((20, 24), bool)
    mask[rows, columns] = inside
    shape = shapely.Polygon(rings[0]).symmetric_difference(shapely.Polygon(rings[1]))
    row, column = np.indices(mask.shape)
    exact = shapely.contains_xy(shape, row, column)
    near_edge = shapely.distance(shape.boundary, shapely.points(row, column)) < 1e-6
    assert ((mask == exact) | near_edge).all()


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 7), st.integers(1, 7))
def test_outlines_through_voxel_centres_are_not_too_large_nor_too_small(top, left, high, wide):
    ring = np.array([[top, left], [top + high, left], [top + high, left + wide], [top, left + wide]], float)
    assert np.count_nonzero(even_odd([ring], 20, 20)[2]) == high * wide


def test_a_ball_of_known_radius_has_its_volume(tmp_path):
    grid = upright_grid((40, 60, 60), (1.0, 0.7, 0.7), (-20, -20, -20))
    radius = 14.0
    rings = [circle(grid, z, (1.0, 0.5), np.sqrt(radius**2 - z**2)) for z in range(-13, 14)]
    tumour = find_tumour(place(read(write_rtstruct(tmp_path / "rt.dcm", {"GTV": rings}), grid), grid))
    assert tumour.volume_ml == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.01)
    assert tumour.components == 1


@pytest.mark.parametrize("keyhole", [False, True])
def test_a_hole_is_left_out_whichever_way_it_is_drawn(tmp_path, keyhole):
    outer, inner = rectangle(GRID, 3, (2, 10), (1, 9)), rectangle(GRID, 3, (4, 7), (3, 6))
    rings = [np.vstack([outer, outer[:1], inner[::-1], inner[-1:]])] if keyhole else [outer, inner]
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}))
    expected = np.zeros(GRID.shape, bool)
    expected[3, 2:10, 1:9] = True
    expected[3, 4:7, 3:6] = False
    assert np.array_equal(mask.labels == 1, expected)


def test_a_first_point_that_is_repeated_at_the_end_changes_nothing(tmp_path):
    ring = rectangle(GRID, 3, (2, 10), (1, 9))
    closed = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": [np.vstack([ring, ring[:1]])]}))
    assert np.count_nonzero(closed.labels) == 64


def test_an_outline_between_slices_goes_to_the_nearest_and_is_told(tmp_path):
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": [rectangle(GRID, 3.4, (2, 6), (1, 5))]}))
    assert np.flatnonzero(mask.labels.any(axis=(1, 2))).tolist() == [3]
    assert "label 1: outlines in 1 planes lie between slices and go to the nearest one" in mask.remarks


def test_outlines_on_every_second_slice_leave_no_gaps(tmp_path):
    grid = upright_grid((16, 13, 11))
    rings = [rectangle(grid, number, (2, 6), (1, 5)) for number in (3, 5, 7, 9, 11)]
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}), grid)
    assert np.flatnonzero(mask.labels.any(axis=(1, 2))).tolist() == list(range(2, 12))  # five slabs of two slices
    assert "label 1: outlines lie 2 slices apart; the slices between take the nearest one" in mask.remarks


def test_outlines_closer_than_the_slices_do_not_cancel_each_other(tmp_path):
    rings = [rectangle(GRID, number, (2, 6), (1, 5)) for number in np.arange(2, 5, 0.2)]
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}))
    assert np.count_nonzero(mask.labels) == 4 * 16  # from slice 2 to 4.8
    assert any("closer together than the slices" in remark for remark in mask.remarks)


def test_a_slice_that_was_passed_over_is_told_and_stays_empty(tmp_path):
    rings = [rectangle(GRID, number, (2, 6), (1, 5)) for number in (1, 2, 4, 5, 6)]
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}))
    assert not mask.labels[3].any()
    assert "label 1: 1 slices between the first and the last have no outline" in mask.remarks


def test_what_lies_beyond_the_scan_is_lost_and_told(tmp_path):
    rings = [rectangle(GRID, number, (2, 6), (1, 5)) for number in range(5, 11)]
    mask = read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}))
    assert "label 1: outlines in 3 of 6 planes lie outside of the scan and are lost" in mask.remarks


def test_all_outlines_outside_are_an_error(tmp_path):
    path = write_rtstruct(tmp_path / "rt.dcm", {"tumour": [rectangle(GRID, 90, (2, 6), (1, 5))]})
    with pytest.raises(FileFormatError, match="no voxel of the scan lies within its outlines"):
        read(path)


def test_oblique_outlines_are_refused(tmp_path):
    oblique = GRID.to_patient(np.array([[1, 2, 2], [3, 6, 2], [4, 6, 7], [2, 1, 6]], float))
    with pytest.raises(FileFormatError, match="in no common slices of the scan: one reaches over"):
        read(write_rtstruct(tmp_path / "rt.dcm", {"tumour": [oblique]}))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("backward", [False, True])
def test_the_order_of_the_scans_axes_does_not_matter(tmp_path, axes, backward):
    rings = [rectangle(GRID, number, (2, 7), (1, 5)) for number in (2, 3, 4)]
    path = write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings})
    steps, origin = GRID.steps_mm[list(axes)], GRID.origin_mm
    if backward:
        origin, steps = GRID.to_patient(np.array([GRID.shape], float) - 1)[0], -steps
    turned = Grid(tuple(GRID.shape[axis] for axis in axes), origin, steps)
    assert np.array_equal(place(read(path, turned), GRID).labels, read(path).labels)


def test_regions_are_called_by_their_names_and_numbers(tmp_path):
    rings = {name: [rectangle(GRID, 3, (2, 7), (left, left + 2))] for left, name in ((1, "BODY"), (4, "Tumour"))}
    assert read(write_rtstruct(tmp_path / "a.dcm", rings, numbers=(7, 300))).names == {7: "BODY", 300: "Tumour"}
    # label 0 is for nothing
    assert read(write_rtstruct(tmp_path / "b.dcm", rings, numbers=(0, 1))).names == {1: "BODY", 2: "Tumour"}


def test_a_body_drawn_around_all_does_not_hide_the_tumour(tmp_path):
    rings = {
        "Tumour": [rectangle(GRID, number, (4, 7), (3, 6)) for number in (2, 3)],
        "kidney": [rectangle(GRID, number, (2, 9), (1, 9)) for number in (2, 3)],
        "External": [rectangle(GRID, number, (0, 13), (0, 11)) for number in (2, 3)],
    }
    tumour = find_tumour(read(write_rtstruct(tmp_path / "rt.dcm", rings)))
    assert tumour.labels == (1,)
    assert tumour.volume_ml == pytest.approx(18 * GRID.voxel_ml)
    assert tumour.has_kidney


def test_points_and_lines_are_told_not_filled(tmp_path):
    path = write_rtstruct(tmp_path / "rt.dcm", {"seed": [rectangle(GRID, 3, (2, 4), (2, 4))[:1]]}, kind="POINT")
    with pytest.raises(FileFormatError, match=r"no closed outlines, but POINT \(1\)"):
        read(path)


def test_pydicoms_structure_set_of_another_phantom_refuses_cleanly():
    path = Path(get_testdata_file("rtstruct.dcm"))
    elsewhere = upright_grid((20, 64, 64), (3, 2, 2), (-64, -64, 300))
    with pytest.raises(FileFormatError, match=r"^rtstruct\.dcm: no voxel of the scan lies within its outlines"):
        read_mask(path, elsewhere, SCAN_UID)
    around = upright_grid((20, 64, 64), (10, 5, 5), (-160, -160, -250))
    with pytest.raises(FileFormatError, match=r"^rtstruct\.dcm: it was drawn on another scan, in another frame"):
        read_mask(path, around, SCAN_UID, frame_uid=FRAME_UID)
    mask = read_mask(path, around, None)
    assert mask.names == {1: "patient (EXTERNAL)"}
    assert "2 outlines of type POINT enclose nothing and are left out" in mask.remarks
    with pytest.raises(FileFormatError, match="named as a tumour; it has: 1 patient"):
        find_tumour(mask)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_a_truncated_structure_set_is_refused_or_tells_of_its_damage(tmp_path, share):
    path = write_rtstruct(tmp_path / "rt.dcm", {"tumour": [circle(GRID, -390, (-16, -25), 3)]})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(FileFormatError, match=r"^rt\.dcm: ") as told:
        read(path)
    assert "\n" not in str(told.value)


def test_the_same_mask_in_five_formats_is_the_same(tmp_path):
    labels = kidney_and_tumour(GRID) == 2
    rings = [rectangle(GRID, number, (4, 8), (5, 10)) for number in (3, 4, 5)]
    corners = [
        f"{number},{x:.4f},{y:.4f},{z:.4f}" for number, ring in zip("345", rings, strict=True) for x, y, z in ring
    ]
    (tmp_path / "mm.csv").write_text("contour,x_mm,y_mm,z_mm\n" + "\n".join(corners))
    (tmp_path / "box.csv").write_text("slice0,slice1,row0,row1,column0,column1\n3,5,4,7,5,9\n")
    paths = [
        write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}),
        write_seg(tmp_path / "seg.dcm", GRID, {"tumour": labels}),
        write_nifti(tmp_path / "mask.nii.gz", labels.astype(np.uint8), GRID),
        tmp_path / "mm.csv",
        tmp_path / "box.csv",
    ]
    for path in paths:
        mask = place(read_mask(path, GRID, SCAN_UID, frame_uid=FRAME_UID), GRID)
        assert np.array_equal(mask.labels == 1, labels), path.name
        assert find_tumour(mask).volume_ml == pytest.approx(60 * GRID.voxel_ml), path.name


def test_an_outline_of_another_phase_counts_only_where_its_slices_are_the_scans(tmp_path):
    rings = [rectangle(GRID, number, (4, 8), (5, 10)) for number in (3, 4, 5)]
    path = write_rtstruct(tmp_path / "rt.dcm", {"tumour": rings}, series_uid=OTHER_UID)
    assert any("another series" in remark for remark in read(path).remarks)
    between = Grid(GRID.shape, GRID.origin_mm + np.array([0, 0, 1.0]), GRID.steps_mm)
    with pytest.raises(FileFormatError, match="another series, whose voxels lie elsewhere"):
        read(path, between)
    assert any("same frame of reference" in remark for remark in read(path, between, frame_uid=FRAME_UID).remarks)
