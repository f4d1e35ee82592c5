"""Colon, duodenum and small bowel with their contents."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.anatomy.habitus import Habitus, Torso
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.tubes import Spheres, joined, shell, spheres, tube


def build_bowel(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> Spheres:
    """Give the bowel.

    Parameters
    ----------
    habitus : Habitus
    torso : Torso
        The loops keep within its cavity.
    rng : numpy.random.Generator

    Returns
    -------
    Spheres
    """
    contrast = rng.random() < 0.35  # swallowed contrast medium
    parts = [part for loop in range(44) for part in _small_loop(habitus, torso, contrast, loop, rng)]
    for knots, radius in _colon(habitus, rng):
        parts += _gut(knots, radius, torso, Organ.STOOL, rng, haustra=0.16, gas=0.5)
    wide, front = habitus.half_width_mm, habitus.spine_mm - 50 * habitus.frame
    duodenum = np.array(
        [
            [-0.3 * wide, front - 6, 18],
            [-0.36 * wide, front + 14, -8],
            [-0.3 * wide, front + 16, -38],
            [0, front + 12, -46],
        ]
    )
    content = Organ.BOWEL_CONTRAST if contrast else Organ.BOWEL_CONTENT
    parts += _gut(duodenum, 11, torso, content, rng, haustra=0.08, gas=0.1)
    return joined(parts)


def _colon(habitus: Habitus, rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    wide, deep = habitus.half_width_mm, habitus.half_depth_mm
    ascending = np.array([[-0.74, 0.12, -200], [-0.76, 0.2, -110], [-0.72, 0.12, -55], [-0.6, -0.3, -28]])
    sag = rng.uniform(-75, -15)
    transverse = np.array(
        [[-0.58, -0.4, -30], [-0.35, -0.66, sag], [0.0, -0.74, sag - 8], [0.4, -0.66, sag + 25], [0.72, -0.2, 42]]
    )
    descending = np.array([[0.8, -0.05, 48], [0.82, 0.2, 0], [0.8, 0.28, -70], [0.76, 0.2, -200]])
    scale = np.array([wide, deep, 1.0])
    radii = (rng.uniform(20, 27), rng.uniform(15, 22), rng.uniform(11, 17))
    return [
        (knots * scale + rng.normal(0, 5, knots.shape), radius)
        for knots, radius in zip((ascending, transverse, descending), radii, strict=True)
    ]


def _small_loop(habitus: Habitus, torso: Torso, contrast: bool, number: int, rng: np.random.Generator) -> list[Spheres]:
    """Lay a winding piece of small bowel in the front half of the cavity, jejunum (left, upper) before ileum."""
    wide, deep = habitus.half_width_mm, habitus.half_depth_mm
    lift = 62 - 5.6 * number + rng.normal(0, 10)
    rightmost = 0.15 if lift > 20 else -0.45
    start = np.array([rng.uniform(rightmost, 0.7) * wide, rng.uniform(-0.75, -0.1) * deep, lift])
    steps = rng.normal(0, 1, (5, 3)) * np.array([26, 20, 12])
    knots = np.concatenate([[start], start + np.cumsum(steps, 0)])
    knots[:, 0] = np.clip(knots[:, 0], (rightmost - 0.15) * wide, 0.72 * wide)
    knots[:, 1] = np.clip(knots[:, 1], -0.82 * deep, 0.05 * deep)
    filled = contrast and rng.random() < 0.6
    content = Organ.BOWEL_CONTRAST if filled else Organ.BOWEL_CONTENT
    return _gut(knots, rng.uniform(7, 12.5), torso, content, rng, haustra=0.1, gas=0.08)


def _gut(
    knots: np.ndarray,
    radius_mm: float,
    torso: Torso,
    content: Organ,
    rng: np.random.Generator,
    *,
    haustra: float,
    gas: float,
) -> list[Spheres]:
    """Give a piece of bowel: wall, content and, here and there, gas in front."""
    points = joined([tube(knots, radius_mm, Organ.BOWEL_WALL)]).centres_mm
    points = points + _inwards(points, torso, radius_mm + 4)
    place = np.arange(len(points))
    swelling = (
        1 + haustra * np.sin(place * rng.uniform(0.8, 1.3) + rng.uniform(0, 6)) + rng.normal(0, 0.03, len(points))
    )
    outer = spheres(points, radius_mm * swelling, Organ.BOWEL_WALL)
    collapsed = rng.random() < 0.25 and content != Organ.STOOL
    parts = [outer] if collapsed else [outer, shell(outer, rng.uniform(1.8, 3.2), content)]
    wave = np.sin(place * rng.uniform(0.1, 0.3) + rng.uniform(0, 6))
    filled = wave > 1 - 2 * gas
    if not collapsed and filled.any():
        size = (outer.radii_mm[filled] - 3) * rng.uniform(0.55, 0.9)
        forward = np.zeros((int(filled.sum()), 3))
        forward[:, 1] = -(outer.radii_mm[filled] - 3 - size)
        parts.append(spheres(points[filled] + forward, size, Organ.GAS))
    return parts


def _inwards(points: np.ndarray, torso: Torso, room_mm: float) -> np.ndarray:
    """Give the moves that bring points a given way into the cavity."""
    short = np.maximum(room_mm - torso.cavity.at(points), 0)
    flat = points * np.array([1.0, 1.0, 0.0])
    return np.asarray(-flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1) * short[:, None])
