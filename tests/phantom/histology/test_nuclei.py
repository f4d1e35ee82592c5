"""Nuclei: their area, density and place are what is asked for."""

import numpy as np
import pytest

from tumorboard.phantom.histology.lattice import lattice_keys
from tumorboard.phantom.histology.nuclei import HAEMATOXYLIN_LEVEL, paint_nuclei
from tumorboard.phantom.histology.window import Canvas, Window

X, Y = (grid.ravel() for grid in np.meshgrid(np.arange(15.0, 300, 30), np.arange(15.0, 300, 30)))
KEYS = lattice_keys(X, Y, 1)


def haematoxylin(mpp: float = 0.25, **shape: float) -> np.ndarray:
    side = round(300 / mpp)
    canvas = Canvas(Window(0.0, 0.0, side, side, mpp))
    paint_nuclei(canvas, X, Y, KEYS, **{"diameter_um": 10.0, **shape})
    return canvas.haematoxylin


@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("diameter_um", [6.5, 10.0, 14.0])
@pytest.mark.parametrize("irregularity", [0.0, 1.0])
def test_area_is_that_of_the_diameter(mpp, diameter_um, irregularity):
    painted = haematoxylin(mpp, diameter_um=diameter_um, irregularity=irregularity)
    dark_um2 = painted.sum() / HAEMATOXYLIN_LEVEL * mpp**2 / len(X)
    assert dark_um2 == pytest.approx(np.pi / 4 * diameter_um**2, rel=0.12)


@pytest.mark.parametrize(
    "shape", [{"vesicular": 1.0}, {"nucleolus_um": 3.0}, {"elongation": 3.0}, {"irregularity": 1.0}]
)
def test_the_amount_of_dye_does_not_follow_the_shape(shape):
    assert haematoxylin(**shape).mean() == pytest.approx(haematoxylin().mean(), rel=0.08)


def test_chromatin_of_vesicular_nuclei_is_cleared():
    dense, vesicular = (haematoxylin(vesicular=value) for value in (0.0, 1.0))
    assert vesicular[vesicular > 20].std() > 1.15 * dense[dense > 20].std()


def test_darkness_is_proportional():
    assert haematoxylin(darkness=0.5).mean() == pytest.approx(0.5 * haematoxylin().mean(), rel=0.03)


def test_long_axis_lies_along_the_angle():
    canvas = Canvas(Window(0.0, 0.0, 80, 80, 0.25))
    paint_nuclei(canvas, X[:1] - 5, Y[:1] - 5, KEYS[:1], diameter_um=6.0, elongation=4.0, angle=np.pi / 2)
    row, column = np.nonzero(canvas.haematoxylin > 20)
    assert row.std() > 2 * column.std()


def test_eosin_gives_way_to_a_nucleus():
    canvas = Canvas(Window(0.0, 0.0, 80, 80, 0.25))
    canvas.eosin[:] = 120
    paint_nuclei(canvas, np.array([10.0]), np.array([10.0]), KEYS[:1], diameter_um=8.0)
    assert canvas.eosin[39, 39] < 40
    assert canvas.eosin[0, 0] == 120


def test_nuclei_outside_the_window_change_nothing():
    canvas = Canvas(Window(0.0, 0.0, 40, 40, 0.25))
    paint_nuclei(canvas, np.array([-30.0, 200.0]), np.array([5.0, 5.0]), KEYS[:2], diameter_um=8.0)
    assert canvas.haematoxylin.max() == 0
