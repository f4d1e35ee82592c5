"""The tumour: where it grows from, its outline and its necrotic core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.habitus import Habitus
from tumorboard.phantom.anatomy.kidney import KidneyPlan
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.room import Room
from tumorboard.phantom.anatomy.section import Field, lattice_between, smooth_cut, smooth_union
from tumorboard.phantom.anatomy.tubes import Spheres, joined, spheres
from tumorboard.phantom.patients.patient import RadiologyFactors

_LOBES = 13
_DIRECTIONS = 1500
_LARGEST_CORE = 0.62  # share of the volume at necrotic_core 1


@dataclass(frozen=True, eq=False)
class Tumour:
    """A tumour; fields positive inside.

    Parameters
    ----------
    centre_mm : ndarray, shape (3,)
        Centroid.
    radius_mm : float
        Of the sphere of its volume.
    whole : Field
        In mm.
    core : Field
        Positive in necrosis (without unit).
    pale : Field
        Positive where living tumour enhances less (without unit).
    calcifications : Spheres
    heterogeneity : float
        0.7 to 1.3: how uneven it enhances; tells nothing about the outcome.
    """

    centre_mm: np.ndarray
    radius_mm: float
    whole: Field
    core: Field
    pale: Field
    calcifications: Spheres
    heterogeneity: float


def place_tumour(
    plan: KidneyPlan, habitus: Habitus, diameter_mm: float, rng: np.random.Generator
) -> tuple[np.ndarray, KidneyPlan]:
    """Let a tumour grow out of a kidney and push it aside.

    Parameters
    ----------
    plan : KidneyPlan
    habitus : Habitus
    diameter_mm : float
    rng : numpy.random.Generator

    Returns
    -------
    centre : ndarray, shape (3,)
        The tumour's.
    plan : KidneyPlan
        The kidney where it now lies.
    """
    radius = diameter_mm / 2
    direction = rng.standard_normal(3) * np.array([1.0, 1.0, 0.9])
    direction[0] = abs(direction[0]) - 0.2
    direction /= np.linalg.norm(direction)
    surface = direction * plan.radii_mm
    normal = direction / plan.radii_mm
    normal /= np.linalg.norm(normal)
    outside = rng.uniform(0.0, 0.55) * radius - 0.1 * min(radius, 15)
    wanted = plan.to_body(surface + normal * outside)
    centre = _with_room(wanted, plan.sign, habitus, radius)
    shift = (centre - wanted) * np.array([0.8, 0.8, 1.0])
    moved = plan.centre_mm + shift
    moved[0] = plan.sign * np.clip(plan.sign * moved[0], 46 * habitus.frame, habitus.half_width_mm - 32)
    moved[1] = np.clip(moved[1], habitus.spine_mm - 75, habitus.spine_mm + 14)
    return centre, KidneyPlan(plan.sign, moved, plan.axes, plan.radii_mm)


def _with_room(centre: np.ndarray, sign: int, habitus: Habitus, radius: float) -> np.ndarray:
    """Keep clear of the spine, the great vessels and the wall; a little of a large tumour may bulge the wall."""
    medial = min(30 * habitus.frame + min(radius, 0.6 * radius + 12), 0.6 * habitus.half_width_mm)
    medial = max(medial, 30 * habitus.frame + min(radius, 14))
    clear = 0.95 * radius + 3
    half_width, half_depth = max(habitus.half_width_mm - clear, 10.0), max(habitus.half_depth_mm - clear, 10.0)
    side = float(np.clip(sign * centre[0], medial, max(0.85 * half_width, medial)))
    high = half_depth * np.sqrt(1 - min(side / half_width, 0.95) ** 2)
    high = min(high, habitus.spine_mm + 25 * habitus.frame - 0.93 * radius)
    depth = float(np.clip(centre[1], min(-half_depth, high), high))
    reach = max(88 - 0.9 * radius, 15.0)
    return np.array([sign * side, depth, float(np.clip(centre[2], -reach, reach))])


def build_tumour(factors: RadiologyFactors, centre_mm: np.ndarray, room: Room, rng: np.random.Generator) -> Tumour:
    """Give a tumour of the sphere's volume, with its centroid at the stated place.

    Parameters
    ----------
    factors : RadiologyFactors
    centre_mm : ndarray, shape (3,)
    room : Room
    rng : numpy.random.Generator
        All draws are the same whatever the factors.

    Returns
    -------
    Tumour
    """
    radius = factors.diameter_mm / 2
    outline = _Outline.draw(factors.shape, rng)
    calcified = _calcifications(rng)
    heterogeneity, pale_share = float(rng.uniform(0.7, 1.3)), rng.uniform(0.12, 0.5)
    edge_of = _grown(outline, room, centre_mm, radius)
    source = edge_of.source

    reach = edge_of.radius_on(*_even_directions(_DIRECTIONS).T)
    step = float(np.clip(factors.diameter_mm / 26, 0.8, 3.5))
    extent = float(reach.max()) + 3 * step
    lattice = lattice_between(source - extent, source + extent, step)
    x, y, z = (axis - np.float32(middle) for axis, middle in zip(lattice.points(), source, strict=True))
    distance = np.sqrt(x**2 + y**2 + z**2) + np.float32(1e-4)
    edge = edge_of.radius_on(x / distance, y / distance, z / distance)
    whole = edge - distance
    relative = distance / edge
    rough = 0.34 * lattice.noise(rng, 8) + 0.12 * lattice.noise(rng, 4)
    central = 1 - relative + rough * (0.35 + 0.65 * np.clip(2.5 * (1 - relative), 0, 1))
    pale = lattice.noise(rng, 6) + 0.5 * lattice.noise(rng, 3)
    share = _LARGEST_CORE * factors.necrotic_core
    inside = central[whole > 0]
    threshold = np.quantile(inside, 1 - share) if share > 0 else inside.max() + 1
    rind = 0.9 * np.clip((whole - 1.5) / 1.5, -1, 0)  # living tissue under the capsule
    core = np.minimum(central - np.float32(threshold), np.where(whole > 1.5, np.float32(9), rind))
    spots = source + calcified.centres_mm * radius
    return Tumour(
        centre_mm,
        radius,
        Field(lattice, whole.astype(np.float32)),
        Field(lattice, core.astype(np.float32)),
        Field(lattice, pale - np.float32(np.quantile(pale, 1 - pale_share))),
        Spheres(spots, np.minimum(calcified.radii_mm, 0.12 * radius), calcified.codes),
        heterogeneity,
    )


@dataclass(frozen=True, eq=False)
class _Edge:
    """An outline that has grown to a volume within a room.

    Its radius is `stretch` times the smaller of `scale` times the outline's and the room's.
    """

    outline: _Outline
    room: Room
    source: np.ndarray
    scale: float
    stretch: float

    def radius_on(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        free = np.float32(self.scale) * self.outline.radius_on(x, y, z)
        limit = self.room.limit_mm(self.source, x, y, z)
        return np.asarray(np.float32(self.stretch) * smooth_cut(free, limit, 0.12 * self.scale), np.float32)


def _grown(outline: _Outline, room: Room, centre_mm: np.ndarray, radius_mm: float) -> _Edge:
    """Find the scale that gives the volume, and the source of the rays that brings the centroid to its place."""
    sphere = _even_directions(_DIRECTIONS)
    x, y, z = sphere.T.astype(np.float32)
    free = outline.radius_on(x, y, z)
    edge = _Edge(outline, room, centre_mm, 1.0, 1.0)
    for _ in range(5):
        limit = room.limit_mm(edge.source, x, y, z)
        low, high = 0.5 * radius_mm, 3.0 * radius_mm
        for _ in range(15):
            scale = 0.5 * (low + high)
            volume = float(np.mean(smooth_cut(np.float32(scale) * free, limit, 0.12 * scale) ** 3))
            low, high = (scale, high) if volume < radius_mm**3 else (low, scale)
        reach = smooth_cut(np.float32(scale) * free, limit, 0.12 * scale).astype(float)
        stretch = radius_mm / np.mean(reach**3) ** (1 / 3)  # 1 unless the room is too small
        offset = 0.75 * stretch * np.mean(reach[:, None] ** 4 * sphere, axis=0) / np.mean(reach**3)
        edge = _Edge(outline, room, edge.source, scale, float(stretch))
        moved = centre_mm - offset
        if np.linalg.norm(moved - edge.source) < 0.05 * radius_mm / 30:
            break
        edge = _Edge(outline, room, moved, scale, float(stretch))
    return _with_volume(edge, sphere, radius_mm)


def _with_volume(edge: _Edge, sphere: np.ndarray, radius_mm: float) -> _Edge:
    reach = edge.radius_on(*sphere.T.astype(np.float32)).astype(float)
    stretch = edge.stretch * radius_mm / np.mean(reach**3) ** (1 / 3)
    return _Edge(edge.outline, edge.room, edge.source, edge.scale, float(stretch))


def _even_directions(count: int) -> np.ndarray:
    """Points spread evenly over the unit sphere (Fibonacci lattice)."""
    number = np.arange(count) + 0.5
    height = 1 - 2 * number / count
    turn = np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - height**2)
    return np.column_stack([flat * np.cos(turn), flat * np.sin(turn), height])


@dataclass(frozen=True, eq=False)
class _Outline:
    """A star-shaped outline in units of the radius: an ellipsoid of nearly equal axes, from which balls bulge as lobes.

    Each lobe reaches further out as the shape factor grows and touches the ellipsoid from within at shape 0.
    """

    directions: np.ndarray
    distance: np.ndarray
    radii: np.ndarray
    stretch: np.ndarray

    @staticmethod
    def draw(shape: float, rng: np.random.Generator) -> _Outline:
        """Draw the lobes."""
        directions = _even_directions(_LOBES) @ _rotation(rng)
        directions += 0.3 * rng.standard_normal(directions.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        low, high = rng.uniform(0, 0.08, _LOBES), rng.uniform(0.3, 0.6, _LOBES)
        tall = np.where(rng.random(_LOBES) < 0.55, high, low)
        heights = 0.015 + shape * tall
        radii = (
            rng.uniform(0.41, 0.44, _LOBES) + 0.12 * tall
        )  # a higher lobe is broader, so that no ray leaves it twice
        return _Outline(directions, 1 + heights - radii, radii, 1 + 0.06 * rng.standard_normal(3))

    def radius_on(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Give the radius in each direction: the furthest of the surfaces, with softened furrows between them."""
        a, b, c = (np.float32(value**-2) for value in self.stretch)
        total = np.ones(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
        for (dx, dy, dz), away, radius in zip(self.directions, self.distance, self.radii, strict=True):
            along = np.float32(away) * (np.float32(dx) * x + np.float32(dy) * y + np.float32(dz) * z)
            inside = np.float32(radius**2 - away**2) + along**2
            surface = np.where(along > 0, along + np.sqrt(np.maximum(inside, 0)), 0)
            total = smooth_union(total, np.where(inside > 0, surface, np.float32(0)), 0.05)
        return np.asarray(total / np.sqrt(a * x**2 + b * y**2 + c * z**2), np.float32)


def _rotation(rng: np.random.Generator) -> np.ndarray:
    """Give a random rotation (QR decomposition of Gaussian numbers)."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    return np.asarray(q * np.sign(np.diag(r)))


def _calcifications(rng: np.random.Generator) -> Spheres:
    """Specks in a fifth of the tumours, in units of the radius."""
    count = int(rng.integers(2, 8)) if rng.random() < 0.2 else 0
    middle = rng.uniform(-0.4, 0.4, 3)
    parts = [
        spheres(middle + rng.normal(0, 0.12, 3), rng.uniform(0.7, 2.2), Organ.TUMOUR_CALCIFICATION)
        for _ in range(count)
    ]
    return joined(parts)
