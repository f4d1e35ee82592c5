"""Spine, ribs and iliac bones, and the table the patient lies on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tumorboard.phantom.anatomy.habitus import FEET_MM, HEAD_MM, Habitus, Torso
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.section import AXES, Field, Plane, Section, lattice_between
from tumorboard.phantom.anatomy.tubes import Spheres, Tube, joined, shell, tube

_CORTEX_MM = 1.8
_TABLE_MM, _TABLE_HALF_WIDTH_MM = 26.0, 166.0


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones of the trunk.

    Parameters
    ----------
    column : Field
        Inside the vertebral column, in mm.
    disc : Field
        Distance in mm from the nearest intervertebral disc, negative within it.
    canal, arches, ribs : Spheres
        Spinal canal, the vertebrae's arches and processes, ribs and iliac bones.
    """

    column: Field
    disc: Field
    canal: Spheres
    arches: Spheres
    ribs: Spheres


def build_skeleton(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> Skeleton:
    """Give the bones.

    Parameters
    ----------
    habitus : Habitus
    torso : Torso
        The ribs lie in its wall.
    rng : numpy.random.Generator

    Returns
    -------
    Skeleton
    """
    size, spine = habitus.frame, habitus.spine_mm
    lattice = lattice_between(
        np.array([-34 * size, spine - 28 * size, FEET_MM]), np.array([34 * size, spine + 28 * size, HEAD_MM]), 3.0
    )
    x, y, z = lattice.points()
    period = 36.0 * size
    level = rng.uniform(0, period)
    from_disc = np.abs((z - level + period / 2) % period - period / 2)
    waist = 1 - 0.08 * np.clip(from_disc / (period / 2), 0, 1) ** 0.5
    half_x, half_y = 23.5 * size * waist, 16.5 * size * waist
    power = np.where(y > spine, 3.2, 2.2)
    relative = (np.abs(x / half_x) ** power + np.abs((y - spine) / half_y) ** power) ** (1 / power)
    column = (1 - relative) * 17 * size + 0.5 * lattice.noise(rng, 4)
    disc = from_disc - (4.4 * size + 0.5 * lattice.noise(rng, 4)) + 1.5 * np.clip(relative, 0, 1) ** 3
    behind = spine + 23.5 * size
    canal = joined([tube(np.array([[0, behind, FEET_MM], [0, behind, HEAD_MM]]), 8.0 * size, Organ.SPINAL_CANAL)])
    levels = np.arange(level + period * np.floor((FEET_MM - level) / period), HEAD_MM, period) + period / 2
    arches = [part for middle in levels for part in _arch(habitus, float(middle), rng)]
    return Skeleton(
        Field(lattice, column.astype(np.float32)),
        Field(lattice, np.broadcast_to(disc, column.shape).astype(np.float32)),
        canal,
        _with_marrow(joined(arches)),
        _with_marrow(joined([*_ribs(habitus, torso, rng), *_iliac_bones(habitus)])),
    )


def _with_marrow(bone: Spheres) -> Spheres:
    return joined([bone, shell(bone, _CORTEX_MM, Organ.CANCELLOUS_BONE)])


def _arch(habitus: Habitus, middle: float, rng: np.random.Generator) -> list[Tube]:
    """Pedicles, laminae, transverse and spinous processes and joints of one vertebra."""
    size, spine = habitus.frame, habitus.spine_mm
    root = np.array([0, spine + 35 * size, middle - 8 * size])
    parts = []
    for sign in (-1, 1):
        pedicle = np.array([sign * 12 * size, spine + 13 * size, middle + 5 * size])
        joint = np.array([sign * 16 * size, spine + 27 * size, middle + 1 * size])
        tip = np.array([sign * rng.uniform(36, 44) * size, spine + rng.uniform(26, 33) * size, middle + 4 * size])
        lamina = 0.5 * (joint + root) + np.array([0, 2, 0])
        parts += [
            tube(np.array([pedicle, joint]), np.array([5.0, 5.0]) * size, Organ.CORTICAL_BONE),
            tube(np.array([joint, tip]), np.array([4.5, 2.6]) * size, Organ.CORTICAL_BONE),
            tube(
                joint + np.array([[-2 * sign, 1, 12], [0, 1, 0], [-3 * sign, 3, -17]]) * size,
                4.2 * size,
                Organ.CORTICAL_BONE,
            ),
        ]
        parts += [  # the lamina is a plate, higher than wide
            tube(
                np.array([joint, lamina, root]) + np.array([0, 0, lift * size]),
                np.array([3.4, 3.0, 3.0]) * size,
                Organ.CORTICAL_BONE,
            )
            for lift in (-9.0, -4.0, 1.0, 6.0)
        ]
    end = np.array([rng.normal(0, 1.5), spine + rng.uniform(56, 64) * size, middle - 16 * size])
    for lift in (-9.0, -3.0, 3.0, 9.0):  # the spinous process is a plate, higher than wide
        rise = np.array([0, 0, lift * size])
        parts.append(tube(np.array([root + 0.5 * rise, end + rise]), np.array([3.0, 3.6]) * size, Organ.CORTICAL_BONE))
    return parts


def _ribs(habitus: Habitus, torso: Torso, rng: np.random.Generator) -> list[Tube]:
    """Ribs 6 to 12 (counted from above) on both sides, falling towards the front, within the wall."""
    size = habitus.frame
    parts = []
    lowest = rng.uniform(28, 52)
    for number in range(8):
        start = lowest + 26 * size * number
        extent = (0.55, 1.35, 2.0, 2.25, 2.35, 2.4, 2.4, 2.4)[number]  # radians from the spine towards the front
        angle = np.linspace(0.32, extent, 24)
        fall = (30 + 38 * min(number, 3) / 3) * size * ((angle - 0.32) / 2.0) ** 0.9
        for sign in (-1, 1):
            points = np.column_stack(
                [
                    sign * np.sin(angle) * habitus.half_width_mm,
                    np.cos(angle) * habitus.half_depth_mm,
                    start - 1.35 * fall + rng.normal(0, 1.5),
                ]
            )
            points = _into_wall(points, torso, 5.0)
            parts.append(tube(points, np.linspace(4.4, 3.8, len(points)) * size, Organ.CORTICAL_BONE))
    return parts


def _into_wall(points: np.ndarray, torso: Torso, outside_mm: float) -> np.ndarray:
    """Move points outwards or inwards until they lie a given way outside the cavity."""
    for _ in range(3):
        outward = points * np.array([1.0, 1.0, 0.0])
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        points = points + outward * (torso.cavity.at(points) + outside_mm)[:, None]
    return points


def _iliac_bones(habitus: Habitus) -> list[Tube]:
    """Give the wings of the pelvis: thin, flaring upwards from the sacroiliac joints to crests that end in an arc."""
    size, spine = habitus.frame, habitus.spine_mm
    joint, waist, front = (np.array(place) for place in ((34.0, spine + 44), (72.0, spine + 24), (114.0, spine - 30)))
    parts = []
    for turn in np.linspace(0, 0.5 * np.pi, 34)[:-1]:
        rise, reach = float(np.sin(turn)), float(np.cos(turn))
        level = FEET_MM + rise * (-112 * size - FEET_MM)
        share = np.linspace(0.5 - 0.5 * reach, 0.5 + 0.5 * reach, 5)[:, None]
        course = (1 - share) ** 2 * joint + 2 * share * (1 - share) * waist + share**2 * front
        course[:, 0] += 7 * rise  # the wing leans outwards
        thick = (5.6 - 2.2 * rise + 1.2 * np.abs(2 * share[:, 0] - 1)) * size
        knots = np.column_stack([course, np.full(len(course), level)])
        parts += [tube(knots * np.array([sign * size, 1, 1]), thick, Organ.CORTICAL_BONE) for sign in (-1, 1)]
    return parts


def table_mask(habitus: Habitus, section: Section, hollow_mm: float) -> np.ndarray:
    """Say which pixels of a section lie in the table's cover: a flat shell, curved like a trough, with round edges.

    Parameters
    ----------
    habitus : Habitus
    section : Section
    hollow_mm : float
        How much deeper the middle is than the edge.

    Returns
    -------
    ndarray of bool
        The section's shape.
    """
    if section.plane == Plane.TRANSVERSAL:
        section = replace(section, position_mm=0.0)  # it is the same in all of them
    return _table(habitus.back_mm, section, hollow_mm)


@lru_cache(maxsize=2)
def _table(back_mm: float, section: Section, hollow_mm: float) -> np.ndarray:
    x, y = section.coordinate(0), section.coordinate(1)
    middle = back_mm + 9 + _TABLE_MM / 2 - hollow_mm * (x / 220) ** 2
    half = max(0.95, 0.55 * abs(section.column_step_mm)) if AXES[section.plane][0] != 1 else 0.95
    beyond = np.maximum(np.abs(x) - np.float32(_TABLE_HALF_WIDTH_MM - _TABLE_MM / 2), 0)
    from_cover = np.abs(np.hypot(beyond, y - middle) - np.float32(_TABLE_MM / 2))
    return np.broadcast_to(from_cover < half, section.shape)
