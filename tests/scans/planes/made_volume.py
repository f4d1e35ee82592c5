"""Volumes whose values tell their place, in any order of storage, and a tumour in them."""

import itertools

import numpy as np

from tumorboard.scans.diameter import TumourSize, bounding_box, measure
from tumorboard.scans.planes import Marked
from tumorboard.scans.volume import Grid, Volume, turn

# x, y, z of voxels that count slices to the head, rows to the back, columns to the left
STRAIGHT = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
STORED = [
    (order, signs) for order in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)
]


def patient_grid(shape=(30, 40, 50), spacing=(3.0, 0.9, 0.8), origin=(-20.0, 35.0, -410.0), directions=STRAIGHT):
    return Grid(shape, np.array(origin), directions * np.array(spacing)[:, None])


def stored_as(voxels, grid, order, signs):
    """Store voxels in patient axes in another order, then turn them back."""
    flips = tuple(slice(None, None, sign) for sign in signs)
    kept = np.ascontiguousarray(voxels.transpose(order)[flips])
    steps = grid.steps_mm[list(order)]
    last = np.array([length - 1 if sign < 0 else 0 for length, sign in zip(kept.shape, signs, strict=True)], float)
    return turn(kept, Grid(kept.shape, grid.origin_mm + last @ steps, steps * np.array(signs, float)[:, None]))


def places(grid):
    """Give the x, y, z of each voxel, shape (slices, rows, columns, 3)."""
    indices = np.stack(np.indices(grid.shape), axis=-1).reshape(-1, 3)
    return grid.to_patient(indices.astype(float)).reshape(*grid.shape, 3)


def ball(grid, centre_index, radii_mm):
    """Mark an ellipsoid, its radii along x, y and z."""
    centre = grid.to_patient(np.array([centre_index], float))[0]
    return (((places(grid) - centre) / radii_mm) ** 2).sum(axis=-1) <= 1


def noise_volume(grid, modality="CT", seed=0):
    voxels = np.random.default_rng(seed).integers(-300, 400, grid.shape).astype(np.int16)
    return Volume(voxels, grid, modality)


def cropped(mask):
    box = bounding_box(mask)
    return Marked(np.ascontiguousarray(mask[box]), tuple(part.start for part in box))


def sized(mask, grid) -> TumourSize:
    return measure(np.ascontiguousarray(mask), grid)
