"""A kidney: cortex, medullary pyramids, sinus, collecting system, cysts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.habitus import Habitus
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.section import Field, ellipsoid, lattice_between, smooth_cut
from tumorboard.phantom.anatomy.tubes import Spheres, joined, spheres, tube


@dataclass(frozen=True, eq=False)
class KidneyPlan:
    """Where a kidney lies and how large it is.

    Parameters
    ----------
    sign : int
        -1 for the right one, 1 for the left.
    centre_mm : ndarray, shape (3,)
        x, y, z.
    axes : ndarray, shape (3, 3)
        Rows: away from the hilum, to the back, along the kidney; unit vectors in x, y, z.
    radii_mm : ndarray, shape (3,)
        Along these axes.
    """

    sign: int
    centre_mm: np.ndarray
    axes: np.ndarray
    radii_mm: np.ndarray

    def to_body(self, local: np.ndarray) -> np.ndarray:
        """Turn points in the kidney's own axes (mm from its centre) to the body's."""
        return np.asarray(self.centre_mm + local @ self.axes)

    @property
    def hilum_mm(self) -> np.ndarray:
        """Where vessels enter."""
        return self.to_body(np.array([-0.75 * self.radii_mm[0], -2.0, 0.0]))


@dataclass(frozen=True, eq=False)
class Kidney:
    """A kidney; fields positive inside, in mm.

    Parameters
    ----------
    whole, medulla, sinus : Field
    collecting_system : Spheres
        Calyces, pelvis and ureter.
    vessels : Spheres
        Branches of artery and vein in the sinus.
    cysts : Spheres
    fat_mm : float
        Thickness of the fat around it, up to the renal fascia.
    """

    whole: Field
    medulla: Field
    sinus: Field
    collecting_system: Spheres
    vessels: Spheres
    cysts: Spheres
    fat_mm: float


def plan_kidney(habitus: Habitus, side: str, rng: np.random.Generator) -> KidneyPlan:
    """Draw a kidney's place, tilt and size.

    Parameters
    ----------
    habitus : Habitus
    side : str
        ``left`` or ``right``.
    rng : numpy.random.Generator

    Returns
    -------
    KidneyPlan
    """
    sign = 1 if side == "left" else -1
    level = (9.0 if side == "left" else -9.0) + rng.normal(0, 7)
    away = (60 + 8 * habitus.visceral_fat) * habitus.frame + rng.normal(0, 2.5)
    behind = habitus.spine_mm + 2 + rng.normal(0, 3)
    turn = np.deg2rad(rng.normal(38, 9))  # the hilum looks forwards and inwards
    lateral = np.array([sign * np.cos(turn), np.sin(turn), 0.0])
    posterior = np.array([-sign * np.sin(turn), np.cos(turn), 0.0])
    lean_in, lean_back = np.deg2rad(rng.normal(13, 4)), np.deg2rad(rng.normal(9, 4))
    upwards = np.array([-sign * np.sin(lean_in), np.sin(lean_back), 1.0])
    upwards /= np.linalg.norm(upwards)
    lateral = lateral - (lateral @ upwards) * upwards
    lateral /= np.linalg.norm(lateral)
    posterior = posterior - (posterior @ upwards) * upwards - (posterior @ lateral) * lateral
    posterior /= np.linalg.norm(posterior)
    radii = np.array([29.5, 25.5, 55.0]) * habitus.frame * rng.normal(1, 0.05) * rng.normal(1, 0.03, 3)
    return KidneyPlan(sign, np.array([sign * away, behind, level]), np.stack([lateral, posterior, upwards]), radii)


def build_kidney(plan: KidneyPlan, habitus: Habitus, age_years: int, rng: np.random.Generator) -> Kidney:
    """Give a kidney.

    Parameters
    ----------
    plan : KidneyPlan
    habitus : Habitus
    age_years : int
        Cysts become more frequent with age.
    rng : numpy.random.Generator

    Returns
    -------
    Kidney
    """
    fat_mm = 4 + 12 * habitus.visceral_fat + rng.uniform(0, 3)
    reach = np.abs(plan.axes.T) @ plan.radii_mm + fat_mm + 10
    lattice = lattice_between(plan.centre_mm - reach, plan.centre_mm + reach, 3.0)
    points = lattice.points()
    x, y, z = (axis - np.float32(middle) for axis, middle in zip(points, plan.centre_mm, strict=True))
    u, v, w = (np.float32(along[0]) * x + np.float32(along[1]) * y + np.float32(along[2]) * z for along in plan.axes)
    half_u, half_v, half_w = plan.radii_mm
    bent = u + np.float32(0.16 * half_u) * ((w / half_w) ** 2 - np.float32(0.4))  # a bean: the poles turn to the hilum
    whole = ellipsoid((bent, v, w), (0, 0, 0), (half_u, half_v, half_w))
    whole = whole + 1.4 * lattice.noise(rng, 6)
    opening = ellipsoid((bent, v, w), (-1.02 * half_u, -1.0, 0), (0.5 * half_u, 0.34 * half_v, 0.4 * half_w))
    whole = smooth_cut(whole, -opening, 5)

    inner = ellipsoid((bent, v, w), (-0.3 * half_u, 0, 0), (0.46 * half_u, 0.3 * half_v, 0.54 * half_w))
    gate = ellipsoid((bent, v, w), (-0.9 * half_u, -1.0, 0), (0.6 * half_u, 0.3 * half_v, 0.34 * half_w))
    sinus = np.maximum(inner + 2.0 * lattice.noise(rng, 4), gate)
    inside = whole > 0
    local = tuple(np.broadcast_to(axis, whole.shape)[inside] for axis in (bent, v, w))
    pyramids = np.full(whole.shape, np.float32(-9))
    pyramids[inside], calyces = _pyramids(plan, (local[0], local[1], local[2]), rng)
    cortex_mm = rng.uniform(4.5, 6.5)
    medulla = smooth_cut(pyramids, whole - np.float32(cortex_mm), 1.5)
    return Kidney(
        Field(lattice, whole.astype(np.float32)),
        Field(lattice, medulla.astype(np.float32)),
        Field(lattice, sinus.astype(np.float32)),
        _collecting_system(plan, calyces, habitus, rng),
        _sinus_vessels(plan, calyces, rng),
        _cysts(plan, age_years, rng),
        float(fat_mm),
    )


def _pyramids(
    plan: KidneyPlan, local: tuple[np.ndarray, np.ndarray, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cones from the cortex towards the sinus, in front and behind along the kidney and at its poles."""
    half_u, half_v, half_w = plan.radii_mm
    count = int(rng.integers(5, 7))
    along = np.linspace(-0.62, 0.62, count)
    turns = [(place, np.deg2rad(angle)) for place in along for angle in (62, -62)]
    turns += [(place, 0.0) for place in along[1:-1:2]] + [(0.95, 0.2), (-0.95, 0.2)]
    total: np.ndarray | None = None
    tips = []
    for place, turn in turns:
        place, turn = place + rng.normal(0, 0.04), turn + rng.normal(0, 0.12)
        girth = np.sqrt(max(1 - min(place, 0.9) ** 2, 0.15))
        base = np.array([np.cos(turn) * half_u * girth, np.sin(turn) * half_v * girth, place * half_w])
        tip = np.array([-0.1 * half_u + 0.3 * base[0], 0.3 * base[1], 0.55 * base[2]])
        axis = base - tip
        length = np.linalg.norm(axis)
        axis /= length
        height = sum(
            np.float32(a) * (coordinate - np.float32(t)) for a, coordinate, t in zip(axis, local, tip, strict=True)
        )
        distance = sum((coordinate - np.float32(t)) ** 2 for coordinate, t in zip(local, tip, strict=True))
        aside = np.sqrt(np.maximum(distance - height**2, 0))
        width = np.float32(rng.uniform(7.5, 10.0))
        cone = np.minimum(width * (0.35 + 0.65 * height / np.float32(length)) - aside, height + 1)
        total = cone if total is None else np.maximum(total, cone)
        tips.append(tip)
    return np.asarray(total, np.float32), np.array(tips)


def _collecting_system(plan: KidneyPlan, calyces: np.ndarray, habitus: Habitus, rng: np.random.Generator) -> Spheres:
    half_u = plan.radii_mm[0]
    pelvis = np.array([-0.62 * half_u, 0.5, -2.0])
    parts = []
    for calyx in calyces[rng.permutation(len(calyces))[:9]]:
        neck = 0.5 * (pelvis + calyx)
        path = plan.to_body(np.array([pelvis, neck, calyx]))
        parts.append(tube(path, np.array([2.4, 1.5, 2.4]), Organ.COLLECTING_SYSTEM))
    out = np.array([-1.1 * half_u, 1.0, -9.0])
    parts.append(tube(plan.to_body(np.array([pelvis, out])), np.array([4.2, 3.4]), Organ.COLLECTING_SYSTEM))
    start = plan.to_body(out)
    lower = np.array([plan.sign * 36 * habitus.frame, habitus.spine_mm - 26, -90.0])
    pelvic = np.array([plan.sign * 34 * habitus.frame, habitus.spine_mm - 30, -230.0])
    parts.append(tube(np.array([start, 0.5 * (start + lower), lower, pelvic]), 2.0, Organ.COLLECTING_SYSTEM))
    return joined(parts)


def _sinus_vessels(plan: KidneyPlan, calyces: np.ndarray, rng: np.random.Generator) -> Spheres:
    gate = np.array([-0.75 * plan.radii_mm[0], -2.0, 0.0])
    parts = []
    for number, calyx in enumerate(calyces[rng.permutation(len(calyces))[:14]]):
        end = calyx + rng.normal(0, 4, 3)
        bend = 0.5 * (gate + end) + rng.normal(0, 2.5, 3)
        vein = number % 2 == 0
        radii = np.array([2.8, 2.2, 1.5]) if vein else np.array([1.9, 1.6, 1.1])
        parts.append(tube(plan.to_body(np.array([gate, bend, end])), radii, Organ.RENAL_VEIN if vein else Organ.ARTERY))
    return joined(parts)


def _cysts(plan: KidneyPlan, age_years: int, rng: np.random.Generator) -> Spheres:
    parts = []
    for _ in range(rng.poisson(np.clip((age_years - 30) / 60, 0.05, 1.2))):
        direction = rng.standard_normal(3)
        direction[0] = abs(direction[0])
        direction /= np.linalg.norm(direction)
        place = plan.to_body(direction * plan.radii_mm * rng.uniform(0.7, 1.0))
        parts.append(spheres(place, float(np.clip(rng.lognormal(1.9, 0.5), 3, 20)), Organ.CYST))
    return joined(parts)
