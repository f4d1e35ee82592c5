"""The phase from the image: a body with spine, aorta and kidneys whose enhancement is known."""

import numpy as np
import pytest

from tumorboard.errors import FileFormatError
from tumorboard.scans.choice import PhaseName, phase_from_image
from tumorboard.scans.reading import find_series, read_series
from tumorboard.scans.volume import Grid, Volume, turn

STEP_MM = np.array([4.0, 3.0, 3.0])

#                   aorta, cortex, medulla, renal pelvis, liver: published means of the four phases
PHASES = {
    PhaseName.NON_CONTRAST: (42, 33, 33, 8, 56),
    PhaseName.LATE_ARTERIAL: (310, 180, 60, 8, 65),
    PhaseName.PORTAL_VENOUS: (160, 190, 130, 8, 108),
    PhaseName.NEPHROGRAPHIC: (150, 180, 175, 10, 105),
    PhaseName.DELAYED: (110, 130, 138, 400, 88),
}


def _ellipsoid(z, y, x, centre, half):
    return sum(((a - c) / h) ** 2 for a, c, h in zip((z, y, x), centre, half, strict=True)) <= 1


def _abdomen(phase, kidneys=(-1, 1), shift=(0.0, 0.0)):
    aorta, cortex, medulla, pelvis, liver = PHASES[phase]
    z, y, x = np.meshgrid(
        np.arange(50) * STEP_MM[0] - 100,
        np.arange(110) * STEP_MM[1] - 165 + shift[0],
        np.arange(130) * STEP_MM[2] - 195 + shift[1],
        indexing="ij",
    )
    voxels = np.full(z.shape, -1000.0, np.float32)
    voxels[(y / 110) ** 2 + (x / 160) ** 2 <= 1] = -100
    voxels[((y + 40) / 60) ** 2 + ((x + 60) / 80) ** 2 <= 1] = liver
    mask = np.zeros(z.shape, bool)
    for side in kidneys:
        centre = (0, 45, side * 65)
        whole = _ellipsoid(z, y, x, centre, (55, 28, 30))
        voxels[whole] = cortex
        voxels[_ellipsoid(z, y, x, centre, (46, 20, 22))] = medulla
        voxels[_ellipsoid(z, y, x, centre, (22, 8, 9))] = pelvis
        mask |= whole
    vertebra = ((y - 40) / 16) ** 2 + (x / 22) ** 2
    voxels[vertebra <= 1] = 200
    voxels[(vertebra > 0.75) & (vertebra <= 1)] = 600
    arch = ((y - 66) / 18) ** 2 + (x / 20) ** 2 <= 1
    voxels[arch & (vertebra > 1)] = 500
    voxels[((y - 64) / 8) ** 2 + (x / 10) ** 2 <= 1] = 25
    voxels[(y - 10) ** 2 + (x - 12) ** 2 <= 10**2] = aorta
    voxels += np.random.default_rng(7).normal(0, 12, voxels.shape).astype(np.float32)
    grid = Grid((50, 110, 130), np.array([-195.0, -165, -100]), np.diag(STEP_MM)[:, ::-1].copy())
    return Volume(voxels, grid, "CT"), mask


@pytest.mark.parametrize("phase", PHASES)
def test_phases_without_a_mask(phase):
    volume, _ = _abdomen(phase)
    found = phase_from_image(volume)
    assert found is not None
    assert (found.name, found.source) == (phase, "image")


@pytest.mark.parametrize("phase", [one for one in PHASES if one is not PhaseName.NON_CONTRAST])
def test_phases_with_a_mask(phase):
    volume, mask = _abdomen(phase)
    found = phase_from_image(volume, mask)
    assert found is not None
    assert found.name is phase


@pytest.mark.parametrize("shift", [(25.0, 0.0), (0.0, 20.0), (-20.0, -15.0)])
def test_a_patient_who_does_not_lie_in_the_middle(shift):
    found = phase_from_image(_abdomen(PhaseName.NEPHROGRAPHIC, shift=shift)[0])
    assert found is not None
    assert found.name is PhaseName.NEPHROGRAPHIC


def test_one_kidney_is_enough():
    found = phase_from_image(_abdomen(PhaseName.LATE_ARTERIAL, kidneys=(1,))[0])
    assert found is not None
    assert found.name is PhaseName.LATE_ARTERIAL


def test_no_kidney_no_phase():
    """An enhanced aorta alone does not tell the phase."""
    assert phase_from_image(_abdomen(PhaseName.NEPHROGRAPHIC, kidneys=())[0]) is None


def test_no_body_no_phase():
    volume, _ = _abdomen(PhaseName.DELAYED)
    assert phase_from_image(Volume(np.full_like(volume.voxels, -1000), volume.grid, "CT")) is None
    assert phase_from_image(Volume(volume.voxels, volume.grid, "MR")) is None


def test_a_mask_of_another_shape():
    volume, mask = _abdomen(PhaseName.DELAYED)
    with pytest.raises(FileFormatError, match="grid"):
        phase_from_image(volume, mask[:-1])


def test_a_real_upper_abdomen_without_kidneys(real_data):
    """Twenty slices of liver and spleen: the aorta beside the spine is no kidney."""
    found = find_series([real_data / "scans" / "ct_dicom"])
    volume = read_series(found.series[0])
    voxels, grid = turn(volume.voxels, volume.grid)
    assert phase_from_image(Volume(voxels, grid, "CT")) is None
    tall = Grid(grid.shape, grid.origin_mm, grid.steps_mm * np.array([[3.0], [1.0], [1.0]]))
    assert phase_from_image(Volume(voxels, tall, "CT")) is None
