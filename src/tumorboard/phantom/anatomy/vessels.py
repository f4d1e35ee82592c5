"""Aorta, vena cava, their branches, and the vessels of liver, kidneys and mesentery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.habitus import FEET_MM, HEAD_MM, Habitus
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.tubes import Spheres, Tube, joined, spheres, tube


@dataclass(frozen=True, eq=False)
class Vessels:
    """Vessels in the order in which they are painted.

    Parameters
    ----------
    mesenteric : Spheres
        In the fat between the bowel.
    hepatic : Spheres
        Portal and hepatic veins within the liver.
    trunks : Spheres
        Aorta, vena cava, renal and visceral trunks.
    """

    mesenteric: Spheres
    hepatic: Spheres
    trunks: Spheres


@dataclass(frozen=True)
class _Trunks:
    aorta: np.ndarray
    cava: np.ndarray
    aorta_mm: float
    cava_mm: float


def build_vessels(
    habitus: Habitus, age_years: int, hila_mm: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> Vessels:
    """Give the vessels.

    Parameters
    ----------
    habitus : Habitus
    age_years : int
        Older aortas are wider and calcified.
    hila_mm : tuple of ndarray
        x, y, z of the right and the left kidney's hilum.
    rng : numpy.random.Generator

    Returns
    -------
    Vessels
    """
    size, spine = habitus.frame, habitus.spine_mm
    levels = np.array([FEET_MM, -120.0, -60, 0, 60, 120, HEAD_MM])
    sway = np.interp(levels, [-240, -110, 0, 120], [4, 4, 10, 14]) * size + rng.normal(0, 2.5, len(levels))
    aorta_mm = (8.6 + 0.04 * (age_years - 60)) * size * rng.uniform(0.88, 1.15)
    cava_mm = rng.uniform(9, 12.5) * size
    front = spine - 17 * size
    aorta = np.column_stack([sway, np.full(len(levels), front - aorta_mm - 2), levels])
    side = np.interp(levels, [-240, 0, 150, 260], [-15, -23, -27, -22]) * size
    ahead = np.interp(levels, [-240, 0, 80, 150, 260], [3, 2, -6, -16, -30])
    cava = np.column_stack([side + rng.normal(0, 1.5, len(levels)), front - 0.7 * cava_mm + ahead, levels])
    trunks = _Trunks(aorta, cava, float(aorta_mm), float(cava_mm))
    return Vessels(
        joined(_mesenteric(habitus, trunks, rng)),
        joined(_hepatic(habitus, rng)),
        joined([*_main(trunks, age_years, rng), *_renal(trunks, hila_mm, rng), *_visceral(habitus, trunks, rng)]),
    )


def _at_level(line: np.ndarray, level_mm: float) -> np.ndarray:
    return np.array(
        [np.interp(level_mm, line[:, 2], line[:, 0]), np.interp(level_mm, line[:, 2], line[:, 1]), level_mm]
    )


def _main(trunks: _Trunks, age_years: int, rng: np.random.Generator) -> list[Spheres | Tube]:
    parts: list[Spheres | Tube] = [
        *_flat(trunks.cava, trunks.cava_mm * rng.uniform(0.9, 1.1, len(trunks.cava)), rng),
        tube(trunks.aorta, np.linspace(0.92, 1.12, len(trunks.aorta)) * trunks.aorta_mm, Organ.AORTA),
    ]
    plaques = rng.poisson(max(age_years - 50, 0) * 0.5)
    level, angle = rng.uniform(FEET_MM, 100, plaques), rng.uniform(0, 2 * np.pi, plaques)
    for height, turn in zip(level, angle, strict=True):
        offset = trunks.aorta_mm * np.array([np.cos(turn), np.sin(turn), 0])
        parts.append(
            spheres(_at_level(trunks.aorta, height) + offset, rng.uniform(0.8, 2.0), Organ.VESSEL_CALCIFICATION)
        )
    return parts


def _flat(line: np.ndarray, radius_mm: np.ndarray, rng: np.random.Generator) -> list[Tube]:
    """Give a vein as three tubes side by side: wider than deep, here more and there less."""
    flatness = rng.uniform(0.25, 0.42, len(line))
    across = radius_mm * 2.3 * flatness
    return [
        tube(line + np.outer(side * across, [1.0, 0.12, 0.0]), radius_mm * (1 - flatness), Organ.VENA_CAVA)
        for side in (-1, 0, 1)
    ]


def _renal(trunks: _Trunks, hila_mm: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> list[Spheres | Tube]:
    parts: list[Spheres | Tube] = []
    for sign, hilum in zip((-1, 1), hila_mm, strict=True):
        root = _at_level(trunks.aorta, 8 + rng.normal(0, 4)) + np.array([sign * trunks.aorta_mm, 2, 0])
        bend = 0.5 * (root + hilum) + np.array([0, 4, 0]) + rng.normal(0, 2, 3)
        parts.append(tube(np.array([root, bend, hilum]), np.array([3.2, 2.8, 2.4]), Organ.ARTERY))
        mouth = _at_level(trunks.cava, 2 + rng.normal(0, 4)) + np.array([sign * trunks.cava_mm * 0.7, 0, 0])
        ahead = -2 * trunks.aorta_mm - 9 if sign > 0 else -3.0
        crossing = _at_level(trunks.aorta, 2.0) + np.array([0, -trunks.aorta_mm - 5, 0]) if sign > 0 else mouth
        middle = 0.5 * (crossing + hilum) + np.array([0, 0.15 * ahead, -2])
        knots = [mouth, crossing, middle, hilum] if sign > 0 else [mouth, middle, hilum]
        radii = [5.0, 3.8, 5.0, 4.2] if sign > 0 else [5.5, 4.8, 4.2]
        parts.append(tube(np.array(knots), np.array(radii), Organ.RENAL_VEIN))
    return parts


def _visceral(habitus: Habitus, trunks: _Trunks, rng: np.random.Generator) -> list[Spheres | Tube]:
    """Coeliac trunk, splenic artery and vein, superior mesenteric artery and vein."""
    wide, ahead = habitus.half_width_mm, np.array([0.0, -1.0, 0.0])
    origin = _at_level(trunks.aorta, 52 + rng.normal(0, 5)) + ahead * trunks.aorta_mm
    fork = origin + np.array([2, -16, 4])
    spleen = np.array([0.6 * wide, 0.1 * habitus.half_depth_mm, 72.0])
    liver = np.array([-0.25 * wide, fork[1] - 14, 66.0])
    parts: list[Spheres | Tube] = [
        tube(np.array([origin, fork]), 3.6, Organ.ARTERY),
        tube(_winding(fork, spleen, 5, rng), 2.4, Organ.ARTERY),
        tube(_winding(fork, liver, 4, rng), 2.2, Organ.ARTERY),
        tube(_winding(np.array([-6, fork[1] - 4, 40.0]), spleen + np.array([0, 4, -8]), 3, rng), 3.6, Organ.VEIN),
    ]
    start = _at_level(trunks.aorta, 34 + rng.normal(0, 4)) + ahead * trunks.aorta_mm
    course = start + np.array([[0, 0, 0], [0, -9, -10], [-1, -14, -40], [-4, -24, -90], [-20, -34, -140]])
    parts.append(tube(course, np.array([3.6, 3.4, 3.2, 2.6, 1.6]), Organ.ARTERY))
    beside = course[1:] + np.array([-12.0, -3, 6])
    parts.append(tube(beside, np.array([5.4, 5.2, 4.2, 2.5]), Organ.VEIN))
    return parts


def _winding(start: np.ndarray, end: np.ndarray, bends: int, rng: np.random.Generator) -> np.ndarray:
    share = np.linspace(0, 1, bends + 2)[:, None]
    line = start + (end - start) * share
    return np.asarray(line + rng.normal(0, 5, line.shape) * np.sin(np.pi * share))


def _mesenteric(habitus: Habitus, trunks: _Trunks, rng: np.random.Generator) -> list[Spheres | Tube]:
    """Branches that fan out from the root of the mesentery."""
    wide, deep = habitus.half_width_mm, habitus.half_depth_mm
    parts: list[Spheres | Tube] = []
    for _ in range(85):
        level = rng.uniform(-170, 30)
        start = _at_level(trunks.aorta, level) + np.array([-4, -trunks.aorta_mm - 22, 0])
        end = np.array([rng.uniform(-0.6, 0.75) * wide, rng.uniform(-0.8, -0.1) * deep, level + rng.uniform(-45, 15)])
        code = Organ.ARTERY if rng.random() < 0.4 else Organ.VEIN
        radius = rng.uniform(0.9, 1.6) if code == Organ.ARTERY else rng.uniform(1.2, 2.4)
        parts.append(tube(_winding(start, end, 2, rng), np.array([1.0, 0.85, 0.7, 0.45]) * radius, code))
    return parts


def _hepatic(habitus: Habitus, rng: np.random.Generator) -> list[Spheres | Tube]:
    wide, deep, spine = habitus.half_width_mm, habitus.half_depth_mm, habitus.spine_mm
    gate = np.array([-0.2 * wide, spine - 62, 52.0])
    parts: list[Spheres | Tube] = [
        tube(np.array([[-8, spine - 56, 30], gate]), np.array([6.5, 6.0]), Organ.PORTAL_VEIN)
    ]
    for target in ([-0.62 * wide, 0.05 * deep, 70], [-0.05 * wide, -0.5 * deep, 96]):
        _branch(gate, np.array(target, float), 5.2, 4, Organ.PORTAL_VEIN, parts, rng)
    for target in ([-0.55 * wide, 0.0, 72], [-0.05 * wide, -0.48 * deep, 92]):
        _branch(gate + 4, np.array(target, float), 1.7, 3, Organ.ARTERY, parts, rng)
    top = np.array([-22.0, spine - 46, 140])
    for target in ([-0.75 * wide, 0.1 * deep, 88], [-0.4 * wide, -0.35 * deep, 90], [0.0, -0.5 * deep, 105]):
        _branch(top, np.array(target, float), 4.6, 3, Organ.HEPATIC_VEIN, parts, rng)
    return parts


def _branch(
    start: np.ndarray,
    end: np.ndarray,
    radius_mm: float,
    order: int,
    code: Organ,
    parts: list[Spheres | Tube],
    rng: np.random.Generator,
) -> None:
    """Add a branch and, from its end, two or three finer ones."""
    parts.append(tube(_winding(start, end, 1, rng), np.array([1.0, 0.9, 0.8]) * radius_mm, code))
    if order == 0:
        return
    along = end - start
    reach = 0.72 * float(np.linalg.norm(along))
    for _ in range(2 if order < 3 else 3):
        turned = along / np.linalg.norm(along) + rng.normal(0, 0.6, 3)
        target = end + reach * turned / np.linalg.norm(turned)
        _branch(end, target, 0.7 * radius_mm, order - 1, code, parts, rng)
