"""A patient's build: outline, fat, abdominal wall and the muscles beside the spine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.section import Field, ellipsoid, lattice_between, smooth_cut, smooth_union

FEET_MM, HEAD_MM = -240.0, 260.0
"""How far the anatomy is modelled, from the level between the kidneys; beyond, it stays as it is there."""


@dataclass(frozen=True)
class Habitus:
    """Measures of a patient; the origin is the middle of the abdominal cavity at the level between the kidneys.

    Parameters
    ----------
    frame : float
        Size of the skeleton and the organs, 1 for an average man.
    half_width_mm, half_depth_mm : float
        Of the abdominal cavity.
    fat_mm : tuple of float
        Subcutaneous fat in front, at the side and at the back.
    wall_mm : float
        Thickness of the muscular wall.
    visceral_fat : float
        0 (lean) to 1.
    spine_mm : float
        y of the middle of the vertebral bodies.
    """

    frame: float
    half_width_mm: float
    half_depth_mm: float
    fat_mm: tuple[float, float, float]
    wall_mm: float
    visceral_fat: float
    spine_mm: float

    @property
    def front_mm(self) -> float:
        """Y of the skin in front."""
        return -self.half_depth_mm - self.wall_mm - self.fat_mm[0]

    @property
    def back_mm(self) -> float:
        """Y of the skin at the back."""
        return self.half_depth_mm + self.wall_mm + self.fat_mm[2]

    @property
    def outer_half_width_mm(self) -> float:
        """Half the width between the skins."""
        return self.half_width_mm + self.wall_mm + self.fat_mm[1]


@dataclass(frozen=True, eq=False)
class Torso:
    """What encloses the organs, each positive inside, in mm.

    Parameters
    ----------
    depth : Field
        Below the skin.
    wall : Field
        Inside the wall's outer surface.
    cavity : Field
        Inside the abdominal cavity.
    muscle : Field
        Psoas, quadratus lumborum and the extensors of the back.
    """

    depth: Field
    wall: Field
    cavity: Field
    muscle: Field


@dataclass(frozen=True)
class Bulge:
    """What has to find room within the wall: the part of a ball that lies in an ellipse around the cavity's axis.

    Parameters
    ----------
    centre_mm : ndarray, shape (3,)
    radius_mm : float
        Of the ball.
    half_width_mm, half_depth_mm : float
        Of the ellipse.
    """

    centre_mm: np.ndarray
    radius_mm: float
    half_width_mm: float
    half_depth_mm: float


def draw_habitus(sex: str, rng: np.random.Generator) -> Habitus:
    """Draw a patient's build.

    Parameters
    ----------
    sex : str
        ``male`` or ``female``.
    rng : numpy.random.Generator

    Returns
    -------
    Habitus
    """
    male = sex == "male"
    frame = float(np.clip(rng.normal(1.0 if male else 0.93, 0.04), 0.84, 1.12))
    adiposity = float(rng.beta(2.0, 2.6))
    visceral = float(np.clip(adiposity * (1.1 if male else 0.8) + rng.normal(0, 0.12), 0.05, 1))
    under_skin = float(np.clip(adiposity * (0.85 if male else 1.2) + rng.normal(0, 0.1), 0.05, 1.1))
    half_depth = frame * (83 + 32 * visceral) + rng.normal(0, 3)
    half_width = frame * (132 + 18 * visceral) + rng.normal(0, 4)
    fat = tuple(float(low + span * under_skin) for low, span in ((5, 30), (5, 32), (8, 30)))
    wall = frame * (12 if male else 10) + rng.normal(0, 1.2)
    spine = half_depth - frame * rng.uniform(44, 50)
    return Habitus(
        frame, float(half_width), float(half_depth), (fat[0], fat[1], fat[2]), float(wall), visceral, float(spine)
    )


def _distance(relative: np.ndarray, step_mm: float) -> np.ndarray:
    """Turn a function that is 1 on a surface into about the distance to it, positive inside."""
    slopes = np.gradient(relative, step_mm)
    steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    return np.asarray((1 - relative) / np.maximum(steepness, 1e-3), np.float32)


def _oval(
    x: np.ndarray, y: np.ndarray, half_width: np.ndarray, half_depth: np.ndarray, power: np.ndarray
) -> np.ndarray:
    total = (np.abs(x) / half_width) ** power + (np.abs(y) / half_depth) ** power + np.float32(1e-6)
    return np.asarray(total ** (1 / power))


def build_torso(habitus: Habitus, bulge: Bulge, rng: np.random.Generator) -> Torso:
    """Give the enclosing surfaces.

    Parameters
    ----------
    habitus : Habitus
    bulge : Bulge
        Where the wall gives way to a tumour.
    rng : numpy.random.Generator

    Returns
    -------
    Torso
    """
    side, front, back = habitus.outer_half_width_mm + 30, habitus.front_mm - 30, habitus.back_mm + 30
    lattice = lattice_between(np.array([-side, front, FEET_MM]), np.array([side, back, HEAD_MM]), 8.0)
    x, y, z = lattice.points()
    chest = np.clip((z - 20) / 200, -0.6, 1)
    waist = 1 - 0.05 * np.exp(-(((z + 30) / 60) ** 2)) + 0.03 * chest
    power = np.where(y > 0, np.float32(2.5), np.float32(2.2))
    cavity = _oval(x, y, habitus.half_width_mm * waist, habitus.half_depth_mm * (1 - 0.06 * chest), power)
    inside = _distance(cavity, lattice.step_mm) + 2.5 * lattice.noise(rng, 6)
    ball = ellipsoid((x, y, z), tuple(bulge.centre_mm), (1.2 * bulge.radius_mm + 4,) * 3)
    held = ellipsoid((x, y, 0 * z), (0, 0, 0), (bulge.half_width_mm + 4, bulge.half_depth_mm + 4, 1e3))
    inside = smooth_union(inside, smooth_cut(ball, np.broadcast_to(held, ball.shape), 10), 16)

    middle = 0.5 * (habitus.front_mm + habitus.back_mm)
    half_depth = 0.5 * (habitus.back_mm - habitus.front_mm) * (1 - 0.04 * chest)
    power = np.where(y > middle, np.float32(2.7), np.float32(2.15))
    outline = _oval(x, y - np.float32(middle), habitus.outer_half_width_mm * waist, half_depth, power)
    furrow = 7 * np.exp(-((x / 22) ** 2)) * np.clip((y - middle) / half_depth, 0, 1) ** 2
    depth = _distance(outline, lattice.step_mm) + 1.8 * lattice.noise(rng, 10) - furrow

    # the rectus is a lens on each side of the linea alba; obliques and transversus form the flank
    in_front = np.clip((-y / habitus.half_depth_mm - 0.55) / 0.25, 0, 1)
    rectus = 0.5 + 0.45 * np.exp(-(((np.abs(x) - 36 * habitus.frame) / (25 * habitus.frame)) ** 4))
    flank = 0.8 + 0.6 * np.exp(-(((y + 0.05 * habitus.half_depth_mm) / (0.4 * habitus.half_depth_mm)) ** 2))
    relative = in_front * rectus + (1 - in_front) * flank
    thickness = habitus.wall_mm * relative * (1 - 0.25 * np.clip(z / 120, 0, 1)) + 1.2 * lattice.noise(rng)
    wall = inside + np.maximum(thickness, 3)
    depth = smooth_union(depth, wall + np.float32(3.5), 8)
    return Torso(
        Field(lattice, depth.astype(np.float32), everywhere=True),
        Field(lattice, wall.astype(np.float32), everywhere=True),
        Field(lattice, inside.astype(np.float32), everywhere=True),
        _back_muscles(habitus, rng),
    )


def _back_muscles(habitus: Habitus, rng: np.random.Generator) -> Field:
    """Psoas, quadratus lumborum and erector spinae as columns along the spine."""
    size, spine = habitus.frame, habitus.spine_mm
    low, high = np.array([-112 * size, spine - 36, FEET_MM]), np.array([112 * size, spine + 78 * size, HEAD_MM])
    lattice = lattice_between(low, high, 5.0)
    x, y, z = lattice.points()
    across = np.abs(x)
    down = np.clip((70 - z) / 170, 0.0, 1.15)  # the psoas begins at the twelfth rib and widens towards the pelvis
    bulk = rng.uniform(0.88, 1.1)

    def column(x0: np.ndarray | float, y0: float, half_x: np.ndarray | float, half_y: np.ndarray | float) -> np.ndarray:
        first = ((across - x0) / half_x) ** 2 + ((y - spine - y0) / half_y) ** 2
        return np.asarray((1 - np.sqrt(first)) * np.minimum(half_x, half_y), np.float32)

    psoas = column(size * (30 + 12 * down), -2 * size, bulk * (2 + 20 * down), bulk * (3 + 23 * down))
    psoas = np.where(down > 0, psoas, np.float32(-9))
    flat = column(size * 70, 22 * size, bulk * 15 * size, bulk * 8 * size) - np.clip((z - 30) / 4, 0, 12)
    low_back = np.clip((40 - z) / 200, -0.5, 1)
    erector = column(size * (35 + 3 * low_back), 42 * size, bulk * size * (31 + 5 * low_back), bulk * size * 21)
    outer = column(size * 66, 40 * size, bulk * 17 * size, bulk * 14 * size)
    muscle = np.maximum(np.maximum(psoas, flat), np.maximum(erector, outer)) + 1.3 * lattice.noise(rng)
    cleft = np.abs(x) - 2.5
    return Field(
        lattice, smooth_cut(muscle, np.broadcast_to(cleft, muscle.shape), 2).astype(np.float32), everywhere=False
    )
