"""Hashed lattices and fields: the same at a place whatever the window."""

import numpy as np
import pytest

from tumorboard.phantom.histology.lattice import SmoothField, jittered_points, lattice_keys, uniform
from tumorboard.phantom.histology.window import Window


def test_numbers_of_keys_are_uniform_and_streams_independent():
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(-150, 150), np.arange(-150, 150)))
    keys = lattice_keys(column, row, 9)
    first, second = uniform(keys, 1), uniform(keys, 2)
    assert len(np.unique(keys)) == len(keys)
    assert np.histogram(first, 10, (0, 1))[0] == pytest.approx(9000, rel=0.05)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.015
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.015


def test_points_of_a_window_are_those_of_a_larger_one():
    small = jittered_points(Window(100.0, 200.0, 100, 100, 1.0), 18.0, 4, margin_um=0.0)
    large = jittered_points(Window(-50.0, 0.0, 500, 500, 1.0), 18.0, 4, margin_um=30.0)
    assert set(small.keys.tolist()) <= set(large.keys.tolist())
    inside = (large.x_um > 100) & (large.x_um < 200) & (large.y_um > 200) & (large.y_um < 300)
    assert set(large.keys[inside].tolist()) == set(small.keys.tolist())


def test_points_are_as_dense_as_their_spacing_says():
    points = jittered_points(Window(0.0, 0.0, 2000, 2000, 1.0), 20.0, 4, margin_um=0.0)
    assert len(points.keys) == pytest.approx(2000**2 / (20.0**2 * np.sqrt(3) / 2), rel=0.02)


def test_field_joins_over_windows_and_scales():
    field = SmoothField(6, 80.0)
    whole = field.over(Window(10.0, 20.0, 300, 200, 1.0))
    part = field.over(Window(110.0, 70.0, 100, 100, 1.0))
    assert np.abs(whole[50:150, 100:200] - part).max() < 0.02
    coarse = field.over(Window(10.0, 20.0, 150, 100, 2.0))
    assert np.abs(whole.reshape(100, 2, 150, 2).mean(axis=(1, 3)) - coarse).max() < 0.05


def test_field_has_mean_nought_and_unit_scale():
    values = SmoothField(3, 10.0).at(*np.random.default_rng(0).uniform(0, 5000, (2, 20000)))
    assert abs(values.mean()) < 0.03
    assert 0.5 < values.std() < 1.0
