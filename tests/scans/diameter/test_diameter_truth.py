"""Simulated tumours, whose true diameters are known, on grids of hospitals."""

import numpy as np
import pytest

from tumorboard.phantom.anatomy import field_of_view, measure_tumour, simulate_body, tumour_mask
from tumorboard.phantom.patients.patient import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient
from tumorboard.scans.diameter import measure
from tumorboard.scans.volume import NORMAL_AXIS, Grid


def simulated(seed, diameter_mm, shape):
    return SimulatedPatient(
        number=1,
        patient_id="SIM-0001",
        seed=seed,
        sex="female",
        age_years=62,
        side="left",
        site="a",
        histology=HistologyFactors(*[0.5] * 6),
        radiology=RadiologyFactors(diameter_mm, shape, 0.5),
        has_slide=True,
        scan=ScanKind.CT,
    )


@pytest.mark.parametrize(("seed", "diameter_mm", "shape"), [(1, 18, 0.2), (2, 35, 0.5), (3, 60, 1.0), (4, 95, 0.8)])
@pytest.mark.parametrize(("slice_mm", "pixel_mm"), [(1.0, 0.8), (3.0, 0.8), (5.0, 1.5)])
def test_it_is_within_a_voxel_of_the_truth_in_all_planes(seed, diameter_mm, shape, slice_mm, pixel_mm):
    body = simulate_body(simulated(seed, diameter_mm, shape))
    seen = field_of_view(
        body, slice_mm=slice_mm, pixel_mm=pixel_mm, size_px=round(384 / pixel_mm), slices=round(170 / slice_mm)
    )
    spacing = (slice_mm, pixel_mm, pixel_mm)
    x, y, z = seen.origin_mm
    steps = [[0, 0, slice_mm], [0, pixel_mm, 0], [pixel_mm, 0, 0]]
    size = measure(tumour_mask(body, seen), Grid(seen.shape, np.array([x, y, z], float), np.array(steps, float)))
    assert size.touches == ()
    truth = {plane.value: diameter for plane, diameter in measure_tumour(body).diameters.items()}
    for plane, normal in NORMAL_AXIS.items():
        voxel = max(step for axis, step in enumerate(spacing) if axis != normal)
        assert abs(size.diameters[plane].diameter_mm - truth[plane].diameter_mm) <= voxel
