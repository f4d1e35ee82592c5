"""Voxels: Hounsfield units, signals, noise, and how they compare with real slices."""

import itertools

import cv2
import numpy as np
import pytest

from tumorboard.phantom.anatomy import (
    Acquisition,
    Organ,
    Plane,
    between_slices,
    field_of_view,
    kidney_in,
    label_volume,
    measure_tumour,
    paint_volume,
    plane_images,
    simulate_body,
    tumour_in,
)
from tumorboard.phantom.anatomy.painting import layer_shares
from tumorboard.phantom.anatomy.volume import Contrast, Grid

PHASES = (Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC, Contrast.DELAYED)
QUIET = Acquisition(noise=5.0, sharpness_mm=0.4)


@pytest.fixture(scope="module")
def painted(patient):
    body = simulate_body(patient(4, diameter_mm=70, core=0.5))
    grid = field_of_view(body, slice_mm=6, pixel_mm=1.6, size_px=256, slices=40)
    labels = label_volume(body, grid)
    rng = np.random.default_rng(1)
    volumes = {phase: paint_volume(body, grid, labels, phase, QUIET, rng).voxels for phase in Contrast}
    return labels, volumes


@pytest.mark.parametrize(
    ("organ", "low", "high"),
    [
        (Organ.AIR, (-1024,) * 4, (-960,) * 4),
        (Organ.SUBCUTANEOUS_FAT, (-115,) * 4, (-80,) * 4),
        (Organ.MUSCLE, (35, 38, 40, 40), (62, 70, 76, 74)),
        (Organ.LIVER, (48, 56, 85, 70), (64, 84, 130, 108)),
        (Organ.SPLEEN, (40, 85, 95, 70), (56, 150, 150, 112)),
        (Organ.KIDNEY_CORTEX, (26, 110, 125, 95), (42, 190, 225, 165)),
        (Organ.KIDNEY_MEDULLA, (24, 45, 120, 100), (50, 95, 215, 190)),
        (Organ.AORTA, (34, 220, 110, 80), (60, 390, 200, 140)),
        (Organ.GALLBLADDER, (-15,) * 4, (30,) * 4),
        (Organ.CANCELLOUS_BONE, (140,) * 4, (320,) * 4),
        (Organ.CORTICAL_BONE, (300,) * 4, (800,) * 4),
        (Organ.TUMOUR, (22, 70, 60, 50), (46, 175, 140, 115)),
        (Organ.NECROSIS, (8, 10, 10, 10), (32, 45, 40, 40)),
    ],
)
def test_hounsfield_units_per_organ_and_phase(painted, organ, low, high):
    labels, volumes = painted
    for number, phase in enumerate(PHASES):
        mean = volumes[phase][labels == organ].mean()
        assert low[number] <= mean <= high[number], f"{organ.name} {phase}: {mean:.0f} HU"


def test_clear_cell_carcinoma_enhances_early_and_washes_out(painted):
    labels, volumes = painted
    mean = {phase: volumes[phase][labels == Organ.TUMOUR].mean() for phase in PHASES}
    assert mean[Contrast.ARTERIAL] > mean[Contrast.NEPHROGRAPHIC] > mean[Contrast.DELAYED]
    assert mean[Contrast.DELAYED] > mean[Contrast.NON_CONTRAST] + 15


def test_urine_is_bright_in_the_delayed_phase_alone(painted):
    labels, volumes = painted
    means = [volumes[phase][labels == Organ.COLLECTING_SYSTEM].mean() for phase in PHASES]
    assert max(means[:3]) + 100 < means[3]


def test_magnetic_resonance_weightings(painted):
    labels, volumes = painted
    mean = {
        (contrast, organ): volumes[contrast][labels == organ].mean()
        for contrast in (Contrast.T1, Contrast.T1_POST, Contrast.T2)
        for organ in (Organ.SUBCUTANEOUS_FAT, Organ.GALLBLADDER, Organ.NECROSIS, Organ.TUMOUR, Organ.KIDNEY_CORTEX)
    }
    assert mean[Contrast.T1, Organ.SUBCUTANEOUS_FAT] > 2 * mean[Contrast.T1, Organ.GALLBLADDER]
    assert mean[Contrast.T2, Organ.GALLBLADDER] > 1.2 * mean[Contrast.T2, Organ.SUBCUTANEOUS_FAT]
    assert mean[Contrast.T2, Organ.NECROSIS] > 1.3 * mean[Contrast.T2, Organ.TUMOUR]
    assert mean[Contrast.T1_POST, Organ.KIDNEY_CORTEX] > 1.5 * mean[Contrast.T1, Organ.KIDNEY_CORTEX]
    assert mean[Contrast.T1_POST, Organ.NECROSIS] < 0.6 * mean[Contrast.T1_POST, Organ.TUMOUR]
    for contrast in (Contrast.T1, Contrast.T1_POST, Contrast.T2):
        assert volumes[contrast].min() >= 0
        assert 500 < np.percentile(volumes[contrast], 99) < 2200


def test_range_of_hounsfield_units(painted):
    _, volumes = painted
    for phase in PHASES:
        assert volumes[phase].dtype == np.int16
        assert volumes[phase].min() >= -1024
        assert volumes[phase].max() <= 3071


def test_noise_is_as_asked_and_stronger_in_the_middle(patient):
    body = simulate_body(patient(2))
    grid = field_of_view(body, slice_mm=6, pixel_mm=0.8, size_px=512, slices=3)
    labels = label_volume(body, grid)
    first, second = (
        paint_volume(body, grid, labels, Contrast.ARTERIAL, Acquisition(noise=20.0), np.random.default_rng(seed)).voxels
        for seed in (1, 2)
    )
    noise = (first.astype(float) - second) / np.sqrt(2)
    middle, rim = noise[:, 236:276, 236:276].std(), noise[labels == Organ.SKIN].std()
    assert 16 < middle < 22
    assert 0.3 * middle < rim < 0.85 * middle
    centred = noise[1, 200:312, 200:312]
    neighbours = np.corrcoef(centred[:, :-1].ravel(), centred[:, 1:].ravel())[0, 1]
    assert 0.1 < neighbours < 0.95


def test_fat_saturation_makes_fat_dark_and_leaves_the_rest(painted, patient):
    labels, volumes = painted
    body = simulate_body(patient(4, diameter_mm=70, core=0.5))
    grid = field_of_view(body, slice_mm=6, pixel_mm=1.6, size_px=256, slices=40)
    saturated = Acquisition(noise=5.0, sharpness_mm=0.4, fat_saturated=True)
    dark = paint_volume(body, grid, labels, Contrast.T1_POST, saturated, np.random.default_rng(1)).voxels
    fat, cortex = labels == Organ.SUBCUTANEOUS_FAT, labels == Organ.KIDNEY_CORTEX
    assert dark[fat].mean() < 0.25 * volumes[Contrast.T1_POST][fat].mean()
    assert dark[fat].mean() < 0.55 * dark[labels == Organ.MUSCLE].mean()
    assert dark[cortex].mean() == pytest.approx(volumes[Contrast.T1_POST][cortex].mean(), rel=0.1)


def test_a_thick_slice_is_the_mean_of_thin_ones(patient):
    body = simulate_body(patient(3, diameter_mm=50))
    middle = float(body.tumour.centre_mm[2])
    thin = Grid(11, 200, 200, 0.5, 1.5, (-150.0, -120.0, middle - 2.5))
    thick = Grid(1, 200, 200, 5.0, 1.5, (-150.0, -120.0, middle))

    def paint(grid, thickness_mm, halfway):
        made = Acquisition(noise=0.0, sharpness_mm=0.6, thickness_mm=thickness_mm)
        between = label_volume(body, halfway) if halfway else None
        labels = label_volume(body, grid)
        rng = np.random.default_rng(0)
        return paint_volume(body, grid, labels, Contrast.ARTERIAL, made, rng, between=between).voxels.astype(float)

    mean = paint(thin, None, None).mean(0)
    averaged, flat = paint(thick, 5.0, between_slices(thick))[0], paint(thick, None, None)[0]
    assert np.abs(averaged - mean).mean() < 0.8 * np.abs(flat - mean).mean()


def test_shares_of_layers_fill_the_thickness():
    for thickness_mm, step_mm in ((5.0, 2.5), (4.0, 5.0), (5.0, 1.25), (6.4, 2.0)):
        middle, *others = layer_shares(thickness_mm, step_mm)
        assert middle + 2 * sum(others) == pytest.approx(1)


def test_noise_of_overlapping_slices_is_shared(patient):
    body = simulate_body(patient(2))
    grid = field_of_view(body, slice_mm=3, pixel_mm=1.6, size_px=256, slices=24)
    labels = np.full(grid.shape, Organ.AIR, np.uint8)
    labels[:] = Organ.GALLBLADDER
    for thickness_mm, expected in ((3.0, 0.0), (5.0, 0.4)):
        made = Acquisition(noise=20.0, thickness_mm=thickness_mm)
        volume = paint_volume(body, grid, labels, Contrast.ARTERIAL, made, np.random.default_rng(3))
        noise = volume.voxels[:, 80:180, 80:180].astype(float)
        noise -= noise.mean(axis=(1, 2), keepdims=True)
        found = np.mean([np.corrcoef(one.ravel(), two.ravel())[0, 1] for one, two in itertools.pairwise(noise)])
        assert found == pytest.approx(expected, abs=0.08)


def test_lower_voltage_makes_iodine_brighter(patient):
    body = simulate_body(patient(2))
    grid = field_of_view(body, slice_mm=6, pixel_mm=1.6, size_px=256, slices=3)
    labels = label_volume(body, grid)
    at = {
        kilovolt: paint_volume(
            body, grid, labels, Contrast.ARTERIAL, Acquisition(5.0, 0.4, kilovolt), np.random.default_rng(0)
        ).voxels
        for kilovolt in (80.0, 120.0)
    }
    assert at[80.0][labels == Organ.AORTA].mean() > 1.35 * at[120.0][labels == Organ.AORTA].mean()
    assert at[80.0][labels == Organ.MUSCLE].mean() == pytest.approx(at[120.0][labels == Organ.MUSCLE].mean(), abs=8)


def test_plane_images_show_the_tumour_at_a_fixed_scale(patient):
    for diameter_mm, contrast in ((20.0, Contrast.ARTERIAL), (90.0, Contrast.NEPHROGRAPHIC), (50.0, Contrast.T2)):
        body = simulate_body(patient(6, side="right", diameter_mm=diameter_mm))
        first, again = (plane_images(body, contrast, QUIET, np.random.default_rng(5)) for _ in range(2))
        assert set(first) == set(Plane)
        for plane, image in first.items():
            assert image.shape == (256, 256)
            assert image.dtype == np.uint8
            assert image.std() > 20
            assert np.array_equal(image, again[plane])


def test_more_noise_does_not_move_the_anatomy(patient):
    body = simulate_body(patient(6))
    truth = measure_tumour(body)
    quiet, noisy = (
        plane_images(body, Contrast.ARTERIAL, Acquisition(noise), np.random.default_rng(5), truth=truth)
        for noise in (4.0, 30.0)
    )
    for plane in Plane:
        blurred = [cv2.GaussianBlur(image.astype(np.float32), (0, 0), 4) for image in (quiet[plane], noisy[plane])]
        assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.97


def test_brightness_is_that_of_real_slices(patient, real_data):
    """KiTS19 slices, arterial to nephrographic, 0 to 255 Hounsfield units: kidneys, and all soft tissue."""
    folder = real_data / "scans" / "kits19_slices"
    real = []
    for path in sorted((folder / "images").glob("*.png")):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(float)
        kidney = cv2.imread(str(folder / "masks" / path.name))[..., 0] > 128
        if kidney.sum() > 1000:
            real.append([image[kidney].mean(), image[kidney].std(), np.median(image[image > 0]), (image > 0).mean()])
    ours = []
    for number in range(1, 9):
        body = simulate_body(patient(number, side=("left", "right")[number % 2], diameter_mm=50))
        grid = field_of_view(body, slice_mm=20, pixel_mm=0.8, size_px=512, slices=2)
        labels = label_volume(body, grid)
        voxels = paint_volume(
            body, grid, labels, Contrast.ARTERIAL, Acquisition(noise=20.0), np.random.default_rng(number)
        ).voxels
        image, kidney = np.clip(voxels, 0, 255).astype(float), kidney_in(labels) & ~tumour_in(labels)
        ours.append([image[kidney].mean(), image[kidney].std(), np.median(image[image > 0]), (image > 0).mean()])
    means, spread = np.mean(ours, 0), np.array(real)
    low, high = spread.min(0), spread.max(0)
    assert ((means > low - 5 * np.array([1, 1, 1, 0.01])) & (means < high + 10 * np.array([1, 1, 1, 0]))).all()
