"""A volume's grid: indices and millimetres, and turning it into patient axes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.scans.volume import Grid, turn

ORDERS = st.permutations([0, 1, 2])
SIGNS = st.tuples(*(st.sampled_from([-1.0, 1.0]) for _ in range(3)))


def _grid(order: list[int], signs: tuple[float, ...], tilt: float) -> Grid:
    steps = np.zeros((3, 3))
    for axis, (along, sign, length) in enumerate(zip(order, signs, (5.0, 0.8, 0.7), strict=True)):
        steps[axis, along] = sign * length
    steps[0] += tilt * np.roll(steps[0], 1)
    return Grid((4, 5, 6), np.array([10.0, -20.0, 30.0]), steps)


@given(ORDERS, SIGNS, st.floats(-0.3, 0.3))
def test_turning_moves_no_voxel_in_the_patient(order: list[int], signs: tuple[float, ...], tilt: float) -> None:
    grid = _grid(order, signs, tilt)
    places = np.stack(np.indices(grid.shape), -1).reshape(-1, 3)
    voxels = np.arange(len(places)).reshape(grid.shape)
    turned, onto = turn(voxels, grid)
    assert turned.shape == onto.shape
    where = {number: index for index, number in np.ndenumerate(turned)}
    indices = np.array([where[number] for number in voxels.ravel()], float)
    np.testing.assert_allclose(onto.to_patient(indices), grid.to_patient(places.astype(float)), atol=1e-9)


@given(ORDERS, SIGNS)
def test_turned_axes_run_to_the_head_the_back_and_the_left(order: list[int], signs: tuple[float, ...]) -> None:
    grid = _grid(order, signs, 0.0)
    _, onto = turn(np.zeros(grid.shape), grid)
    np.testing.assert_allclose(np.fliplr(onto.steps_mm), np.diag(onto.spacing_mm), atol=1e-12)


@given(ORDERS, SIGNS, st.floats(-0.3, 0.3))
def test_indices_come_back_from_millimetres(order: list[int], signs: tuple[float, ...], tilt: float) -> None:
    grid = _grid(order, signs, tilt)
    indices = np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 5.0], [1.5, 2.25, 0.1]])
    np.testing.assert_allclose(grid.to_indices(grid.to_patient(indices)), indices, atol=1e-9)


def test_a_voxel_of_a_tilted_scan_has_the_volume_of_its_parallelepiped() -> None:
    grid = _grid([2, 1, 0], (1.0, 1.0, 1.0), 0.3)
    assert np.isclose(grid.voxel_ml, 5.0 * 0.8 * 0.7 / 1000)
