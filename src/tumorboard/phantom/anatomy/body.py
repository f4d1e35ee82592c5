"""A simulated patient's body."""

from __future__ import annotations

from dataclasses import dataclass

from tumorboard.phantom.anatomy.bowel import build_bowel
from tumorboard.phantom.anatomy.habitus import Bulge, Habitus, Torso, build_torso, draw_habitus
from tumorboard.phantom.anatomy.kidney import Kidney, build_kidney, plan_kidney
from tumorboard.phantom.anatomy.room import room_for
from tumorboard.phantom.anatomy.skeleton import Skeleton, build_skeleton
from tumorboard.phantom.anatomy.tubes import Spheres
from tumorboard.phantom.anatomy.tumour import Tumour, build_tumour, place_tumour
from tumorboard.phantom.anatomy.vessels import Vessels, build_vessels
from tumorboard.phantom.anatomy.viscera import Viscera, build_viscera
from tumorboard.phantom.anatomy.volume import Grid
from tumorboard.phantom.patients.patient import SimulatedPatient, generator


@dataclass(frozen=True, eq=False)
class Body:
    """The anatomy of one patient; see `label_volume`.

    Parameters
    ----------
    patient : SimulatedPatient
    habitus : Habitus
    torso : Torso
    skeleton : Skeleton
    viscera : Viscera
    bowel : Spheres
    vessels : Vessels
    kidneys : tuple of Kidney
        Right, left.
    tumour : Tumour
    table_hollow_mm : float
        How deep the table is hollowed.
    """

    patient: SimulatedPatient
    habitus: Habitus
    torso: Torso
    skeleton: Skeleton
    viscera: Viscera
    bowel: Spheres
    vessels: Vessels
    kidneys: tuple[Kidney, Kidney]
    tumour: Tumour
    table_hollow_mm: float


def simulate_body(patient: SimulatedPatient) -> Body:
    """Give a patient's body.

    Parameters
    ----------
    patient : SimulatedPatient
        Shape and necrotic core of the tumour change nothing but the tumour.

    Returns
    -------
    Body
    """
    streams = generator(patient.seed, patient.number, "body").spawn(11)
    habitus = draw_habitus(patient.sex, streams[0])
    plans = [plan_kidney(habitus, side, stream) for side, stream in zip(("right", "left"), streams[1:3], strict=True)]
    diseased = 1 if patient.side == "left" else 0
    diameter = patient.radiology.diameter_mm
    centre, plans[diseased] = place_tumour(plans[diseased], habitus, diameter, streams[3])
    room = room_for(habitus, diameter)
    torso = build_torso(habitus, Bulge(centre, diameter / 2, room.half_width_mm, room.half_depth_mm), streams[4])
    right, left = (
        build_kidney(plan, habitus, patient.age_years, stream)
        for plan, stream in zip(plans, streams[5].spawn(2), strict=True)
    )
    return Body(
        patient,
        habitus,
        torso,
        build_skeleton(habitus, torso, streams[6]),
        build_viscera(habitus, torso, streams[7]),
        build_bowel(habitus, torso, streams[8]),
        build_vessels(habitus, patient.age_years, (plans[0].hilum_mm, plans[1].hilum_mm), streams[9]),
        (right, left),
        build_tumour(patient.radiology, centre, room, generator(patient.seed, patient.number, "tumour")),
        float(streams[10].uniform(18, 60)),
    )


def field_of_view(body: Body, *, slice_mm: float, pixel_mm: float, size_px: int, slices: int) -> Grid:
    """Give a grid around the kidneys.

    Where it lies depends on the build alone, never on the tumour.

    Parameters
    ----------
    body : Body
    slice_mm, pixel_mm : float
    size_px : int
        Rows and columns.
    slices : int

    Returns
    -------
    Grid
    """
    middle = 0.5 * (body.habitus.front_mm + body.habitus.back_mm) + 8
    half = 0.5 * (size_px - 1) * pixel_mm
    return Grid(slices, size_px, size_px, slice_mm, pixel_mm, (-half, middle - half, -0.5 * (slices - 1) * slice_mm))
