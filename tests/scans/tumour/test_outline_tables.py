"""Outlines and boxes in a table."""

import numpy as np
import pytest
from drawn_masks import upright_grid

from tumorboard.errors import FileFormatError, TableError, UserError
from tumorboard.scans.tumour import place, read_mask
from tumorboard.scans.volume import Grid

GRID = upright_grid()
BOX_MM = "x0_mm,x1_mm,y0_mm,y1_mm,z0_mm,z1_mm\n"
BOX = "slice0,slice1,row0,row1,column0,column1\n"
CORNERS = "contour,slice,row,column\n"
SQUARE = "".join(f"a,3,{row},{column}\n" for row, column in ((1.5, 1.5), (1.5, 4.5), (5.5, 4.5), (5.5, 1.5)))


def read(tmp_path, text, grid=GRID, label=None):
    path = tmp_path / "tumour.csv"
    path.write_text(text, encoding="utf-8")
    return read_mask(path, grid, None, None, label)


def test_a_box_in_millimetres_holds_the_voxels_whose_centres_lie_in_it(tmp_path):
    low, high = GRID.to_patient(np.array([[2, 3, 4], [5, 6, 7]], float))
    ends = ",".join(f"{a - 0.1:.3f},{b + 0.1:.3f}" for a, b in zip(low, high, strict=True))
    mask = read(tmp_path, BOX_MM + ends + "\n")
    assert np.argwhere(mask.labels).min(axis=0).tolist() == [2, 3, 4]
    assert np.count_nonzero(mask.labels) == 4 * 4 * 4
    assert any("is given as a box" in remark for remark in mask.remarks)


def test_voxels_are_counted_from_the_feet_the_front_and_the_right_whatever_the_arrays_order(tmp_path):
    mask = read(tmp_path, BOX + "2,3,4,6,5,9\n")
    upside_down = Grid(GRID.shape, GRID.to_patient(np.array([[7, 12, 0]], float))[0], GRID.steps_mm * [[-1], [-1], [1]])
    assert np.array_equal(place(read(tmp_path, BOX + "2,3,4,6,5,9\n", upside_down), GRID).labels, mask.labels)
    assert mask.labels[2:4, 4:7, 5:10].all()
    outline = read(tmp_path, CORNERS + SQUARE)
    assert np.array_equal(place(read(tmp_path, CORNERS + SQUARE, upside_down), GRID).labels, outline.labels)


def test_an_outline_in_voxels_is_filled_in_its_slice(tmp_path):
    mask = read(tmp_path, CORNERS + SQUARE)
    assert mask.labels[3, 2:6, 2:5].all()
    assert np.count_nonzero(mask.labels) == 12
    assert "label 1: it is outlined in one slice only, so that it has no extent across" in mask.remarks


def test_labels_and_names_are_kept(tmp_path):
    text = BOX.strip() + ",label,name\n2,3,4,6,5,9,4,Tumour\n0,7,0,12,0,10,2,Kidney\n"
    mask = read(tmp_path, text)
    assert mask.names == {4: "Tumour", 2: "Kidney"}
    assert mask.labels[2, 4, 5] == 4  # the kidney, though it comes later, does not hide it


def test_names_alone_are_numbered(tmp_path):
    mask = read(tmp_path, BOX.strip() + ",name\n0,1,0,2,0,2,Kidney\n2,3,4,6,5,9,Tumour\n")
    assert mask.names == {1: "Kidney", 2: "Tumour"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "none of the sets of columns"),
        (CORNERS, "no rows"),
        (CORNERS + "a,3,1,1\na,3,4,4\n", "the outline a has 2 corners"),
        (BOX + "5,3,1,2,1,2\n", "box 1 ends before it begins"),
        (BOX + "90,95,1,2,1,2\n", "no voxel of the scan lies within its boxes"),
        (BOX_MM + "500,600,500,600,0,1\n", "no voxel of the scan lies within its boxes"),
        (BOX.strip() + ",label,name\n0,1,0,2,0,2,1,Kidney\n2,3,4,6,5,9,1,Tumour\n", "label 1 has two names"),
        ("contour,x_mm,y_mm,z\n1,1,1,1\n", "none of the sets of columns"),
    ],
)
def test_a_table_that_outlines_nothing_is_refused_in_one_line(tmp_path, text, told):
    with pytest.raises(FileFormatError, match=told) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("cell", ["nan", "inf", "x", "", "1e9"])
def test_every_bad_cell_is_told_with_its_row(tmp_path, cell):
    with pytest.raises(TableError, match="row 3, column row"):
        read(tmp_path, CORNERS + f"a,3,1,1\na,3,{cell},4\na,3,4,1\n")


def test_a_slip_in_a_columns_name_is_told(tmp_path):
    with pytest.raises(UserError, match="Did you mean 'label'"):
        read(tmp_path, CORNERS.strip() + ",labl\n" + SQUARE.replace("\n", ",1\n"))
