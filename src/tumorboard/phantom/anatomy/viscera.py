"""Liver, gallbladder, spleen, stomach, pancreas, adrenals and lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.habitus import HEAD_MM, Habitus, Torso
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.section import Field, ellipsoid, lattice_between, smooth_cut, smooth_union
from tumorboard.phantom.anatomy.tubes import Spheres, Tube, joined, tube


@dataclass(frozen=True, eq=False)
class Viscera:
    """Organs of the upper abdomen, fields positive inside, in mm.

    Parameters
    ----------
    liver, gallbladder, spleen, stomach : Field
    lung : Field
        Above the diaphragm.
    stomach_level_mm : float
        y of the level of fluid in the stomach; gas lies in front of it.
    glands : Spheres
        Pancreas and adrenals.
    """

    liver: Field
    gallbladder: Field
    spleen: Field
    stomach: Field
    lung: Field
    stomach_level_mm: float
    glands: Spheres


def build_viscera(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> Viscera:
    """Give the organs of the upper abdomen.

    Parameters
    ----------
    habitus : Habitus
    torso : Torso
    rng : numpy.random.Generator

    Returns
    -------
    Viscera
    """
    stomach, level = _stomach(habitus, torso, rng)
    return Viscera(
        _liver(habitus, torso, rng),
        _gallbladder(habitus, rng),
        _spleen(habitus, torso, rng),
        stomach,
        _lung(habitus, rng),
        level,
        joined([*_crura(habitus), *_pancreas(habitus, rng), *_adrenals(habitus, rng)]),
    )


def _liver(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> Field:
    wide, deep, spine = habitus.half_width_mm, habitus.half_depth_mm, habitus.spine_mm
    low = np.array([-wide - 12, -deep - 10, -90.0])
    lattice = lattice_between(low, np.array([0.6 * wide, deep + 8, 215.0]), 5.0)
    points = lattice.points()
    length, lift = rng.uniform(88, 118), rng.normal(72, 9)
    right = ellipsoid(points, (-0.62 * wide, -0.02 * deep, lift), (0.62 * wide, 1.15 * deep, length))
    reach = rng.uniform(0.35, 0.6) * wide
    left = ellipsoid(points, (0.0, -0.62 * deep, lift + 32), (reach, 0.48 * deep, rng.uniform(42, 60)))
    caudate = ellipsoid(points, (-22, spine - 42, lift + 20), (22, 20, 34))
    liver = smooth_union(smooth_union(right, left, 22), caudate, 10)
    hilum = ellipsoid(points, (-16, -0.15 * deep, lift - 28), (0.34 * wide, 0.42 * deep, 52))
    renal = ellipsoid(points, (-56, spine, -6), (36, 40, 66))
    behind = ellipsoid(points, (0, spine + 6, lift), (44 * habitus.frame, 44, 260))
    for hollow in (hilum, renal, behind):
        liver = smooth_cut(liver, -hollow, 12)
    liver = smooth_cut(liver + 4 * lattice.noise(rng, 6), torso.cavity.on(lattice) - 0.6, 3)
    return Field(lattice, liver)


def _gallbladder(habitus: Habitus, rng: np.random.Generator) -> Field:
    centre = np.array([-0.36 * habitus.half_width_mm, -0.42 * habitus.half_depth_mm, rng.normal(18, 9)])
    radii = np.array([13, 16, 30]) * rng.uniform(0.75, 1.15)
    lattice = lattice_between(centre - radii - 8, centre + radii + 8, 4.0)
    x, y, z = lattice.points()
    tilted = x - 0.25 * (z - centre[2])
    return Field(lattice, ellipsoid((tilted, y, z), tuple(centre), tuple(radii)) + 1.2 * lattice.noise(rng))


def _spleen(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> Field:
    wide, deep = habitus.half_width_mm, habitus.half_depth_mm
    centre = np.array([0.74 * wide, 0.3 * deep, rng.normal(80, 9)])
    radii = np.array([0.27 * wide, 0.62 * deep, 52.0]) * rng.uniform(0.85, 1.12)
    lattice = lattice_between(centre - radii - 12, centre + radii + 12, 4.5)
    points = lattice.points()
    spleen = ellipsoid(points, tuple(centre), tuple(radii))
    inner = ellipsoid(points, (0.34 * wide, 0.05 * deep, centre[2] - 8), (0.36 * wide, 0.66 * deep, 80))
    spleen = smooth_cut(spleen + 3.5 * lattice.noise(rng, 6), -inner, 7)
    return Field(lattice, smooth_cut(spleen, torso.cavity.on(lattice) - 1.2, 4))


def _stomach(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> tuple[Field, float]:
    wide, deep = habitus.half_width_mm, habitus.half_depth_mm
    lift, fill = rng.normal(92, 10), rng.uniform(0.75, 1.15)
    body = np.array([0.4 * wide, -0.42 * deep, lift])
    radii = np.array([0.3 * wide, 0.4 * deep, 52.0]) * fill
    antrum = np.array([0.12 * wide, -0.6 * deep, lift - 48])
    low = np.minimum(body - radii, antrum - 34) - 14
    lattice = lattice_between(low, np.maximum(body + radii, [0.75 * wide, 0.55 * deep, lift + 78]) + 14, 4.5)
    x, y, z = lattice.points()
    fundus = ellipsoid((x, y, z), (0.42 * wide, 0.08 * deep, lift + 38), (0.28 * wide * fill, 0.42 * deep * fill, 40))
    whole = smooth_union(
        smooth_union(ellipsoid((x, y, z), tuple(body), tuple(radii)), fundus, 18),
        ellipsoid((x, y, z), tuple(antrum), (0.3 * wide * fill, 0.22 * deep * fill, 17 * fill)),
        22,
    )
    whole = smooth_cut(whole + 2.5 * lattice.noise(rng, 4), torso.cavity.on(lattice) - 4, 5)
    return Field(lattice, whole), float(body[1] - radii[1] * rng.uniform(0.1, 0.75))


def _lung(habitus: Habitus, rng: np.random.Generator) -> Field:
    """Lungs reach lowest behind the diaphragm's edge; the heart and the spine leave the middle free."""
    wide, deep = habitus.half_width_mm + 14, habitus.half_depth_mm + 14
    dome = rng.normal(158, 8)
    lattice = lattice_between(np.array([-wide, -deep, 40.0]), np.array([wide, deep, HEAD_MM]), 6.0)
    x, y, z = lattice.points()
    edge = (np.clip(np.abs(x) - 0.5 * wide, 0, None) / (0.5 * wide)) ** 2 + ((y + 0.1 * deep) / deep) ** 2
    behind = np.clip(y / deep, 0, 1)
    floor = dome - (44 + 34 * behind) * np.clip(edge, 0, 1.3) - 6 * (x > 0)
    lung = (z - floor) * 0.8 + 3 * lattice.noise(rng, 8)
    middle = np.hypot(x, (y - 0.1 * deep) / 2.2) - 32
    return Field(lattice, smooth_cut(lung.astype(np.float32), np.broadcast_to(middle, lung.shape), 8))


def _pancreas(habitus: Habitus, rng: np.random.Generator) -> list[Spheres]:
    wide, spine = habitus.half_width_mm, habitus.spine_mm
    front = spine - 58 * habitus.frame
    lift = rng.normal(14, 6)
    knots = np.array(
        [
            [-0.24 * wide, front + 14, lift - 26],
            [-0.2 * wide, front + 6, lift - 4],
            [0.02 * wide, front - 6, lift + 14],
            [0.3 * wide, front + 12, lift + 26],
            [0.52 * wide, front + 34, lift + 36],
        ]
    )
    radii = np.array([12, 13, 8.5, 9.5, 8]) * rng.uniform(0.85, 1.1)
    duct = joined([tube(knots + rng.normal(0, 2, knots.shape), radii, Organ.PANCREAS)])
    lobules = duct.centres_mm + rng.normal(0, 0.35, duct.centres_mm.shape) * duct.radii_mm[:, None]
    size = duct.radii_mm * rng.uniform(0.5, 0.95, len(duct.radii_mm))
    return [Spheres(lobules, size, duct.codes)]


def _crura(habitus: Habitus) -> list[Tube]:
    """Give the pillars of the diaphragm on both sides of the aorta."""
    front, size = habitus.spine_mm - 17 * habitus.frame, habitus.frame
    parts = []
    for sign, low in ((-1, -10.0), (1, 15.0)):
        knots = np.array(
            [[sign * 12, front, low], [sign * 20, front - 4, 60], [sign * 22, front - 12, 105], [6, front - 34, 150]]
        )
        parts += [
            tube(knots * np.array([size, 1, 1]) + np.array([0, dy, 0]), np.array([2.5, 4.5, 4.0, 4.0]), Organ.MUSCLE)
            for dy in (0, 8)
        ]
    return parts


def _adrenals(habitus: Habitus, rng: np.random.Generator) -> list[Tube]:
    spine = habitus.spine_mm
    parts = []
    for sign, lift in ((-1, 66), (1, 62)):
        top = np.array([sign * 34.0, spine - 16, lift + rng.normal(0, 4)])
        radii = np.array([2.2, 2.0, 1.5])
        for end in ([sign * 10, 16, -12], [sign * 2, 20, -12], [0, -9, -3]):
            knots = np.array([top, top + 0.5 * np.array(end) + rng.normal(0, 1, 3), top + end])
            parts += [tube(knots + np.array([0, 0, rise]), radii, Organ.ADRENAL) for rise in (-8, -4, 0, 4)]
    return parts
