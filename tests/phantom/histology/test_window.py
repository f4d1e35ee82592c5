"""Windows, their parts and the points in them."""

import numpy as np
import pytest

from tumorboard.phantom.histology.scatter import along_contours, inner_pixels
from tumorboard.phantom.histology.window import Window

WINDOW = Window(100.0, 200.0, 40, 30, 0.5)


def test_a_part_lies_on_the_pixels_of_its_window():
    part = WINDOW.part(7, 4, 20, 10)
    x_um, y_um = WINDOW.centres()
    part_x, part_y = part.centres()
    assert part.shape == (10, 20)
    assert part_x == pytest.approx(x_um[:, 7:27])
    assert part_y == pytest.approx(y_um[4:14])
    assert WINDOW.widened(3).part(3, 3, 40, 30) == WINDOW


def test_centres_are_whole_pixels():
    x_px, y_px = WINDOW.pixels(*WINDOW.centres())
    assert x_px[0] == pytest.approx(np.arange(40))
    assert y_px[:, 0] == pytest.approx(np.arange(30))


def test_a_window_holds_points_nearer_than_its_margin():
    x_um, y_um = np.array([110.0, 99.0, 122.0, 110.0]), np.array([210.0, 210.0, 210.0, 190.0])
    assert WINDOW.holds(x_um, y_um, 0.0).tolist() == [True, False, False, False]
    assert WINDOW.holds(x_um, y_um, 5.0).tolist() == [True, True, True, False]


def test_inner_pixels_have_neighbours_where_there_are_any():
    column, row = inner_pixels(np.array([-4.0, 2.2, 90.0]), np.array([-4.0, 0.4, 90.0]), (2, 6))
    assert column.tolist() == [1, 2, 4]
    assert row.tolist() == [0, 0, 0]


def test_contours_of_a_slope_run_across_it():
    field = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (20, 1))
    assert along_contours(field, np.array([5.0]), np.array([9.0])) == pytest.approx(np.pi / 2)
    assert along_contours(field.T, np.array([9.0]), np.array([5.0])) == pytest.approx(np.pi)
