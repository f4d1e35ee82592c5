"""The painter of tumour: one tissue at every window, colours like real slides', and factors that show as shape."""

import cv2
import numpy as np
import pytest

from tumorboard.phantom.histology.septa import lay_septa, stroma_map
from tumorboard.phantom.histology.tumour import paint_tumour
from tumorboard.phantom.histology.window import Canvas, Stain, Window
from tumorboard.phantom.patients.patient import HistologyFactors

SEEDS = (7919, 15838, 23757)


def factors(**changed: float) -> HistologyFactors:
    middle = {
        "nuclear_grade": 0.5,
        "vascular_pattern": 0.5,
        "necrosis": 0.5,
        "haemorrhage": 0.5,
        "architecture": 0.5,
        "stroma_pattern": 0.5,
    }
    return HistologyFactors(**{**middle, **changed})


def painted(window: Window, seed: int, **changed: float) -> Canvas:
    canvas = Canvas(window)
    paint_tumour(canvas, np.full(window.shape, 255, np.uint8), factors(**changed), seed)
    return canvas


def density(picture: np.ndarray) -> np.ndarray:
    """Optical density of a picture's pixels, shape (pixels, 3)."""
    return -np.log10((picture.reshape(-1, 3).astype(float) + 1) / 256)


def colour_statistics(picture: np.ndarray) -> np.ndarray:
    values = density(picture)
    return np.concatenate([values.mean(axis=0), values.std(axis=0)])


@pytest.mark.parametrize("mpp", [0.25, 0.2465, 0.5])
def test_windows_join_without_a_seam(mpp):
    whole = Stain().colour(painted(Window(1000.0, 2000.0, 400, 300, mpp), 5)).astype(int)
    left = Stain().colour(painted(Window(1000.0, 2000.0, 171, 300, mpp), 5))
    right = Stain().colour(painted(Window(1000.0 + 171 * mpp, 2000.0, 229, 300, mpp), 5))
    difference = np.abs(whole - np.hstack([left, right]))
    assert difference.mean() < 0.05
    assert (difference[:, 165:177].max(axis=2) > 12).mean() < 0.001


def test_same_seed_same_bytes_and_another_seed_another_tumour():
    window = Window(-300.0, 40.0, 256, 256, 0.25)
    first, again, other = (painted(window, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.haematoxylin, again.haematoxylin)
    assert np.array_equal(first.eosin, again.eosin)
    assert not np.array_equal(first.haematoxylin, other.haematoxylin)


def test_every_scale_shows_the_same_tissue():
    fine = Stain().colour(painted(Window(500.0, 500.0, 800, 800, 0.25), 8))
    coarse = Stain().colour(painted(Window(500.0, 500.0, 400, 400, 0.5), 8))
    halved = cv2.resize(fine, (400, 400), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(halved.ravel(), coarse.ravel())[0, 1] > 0.95


def test_only_what_is_tumour_is_painted():
    window = Window(0.0, 0.0, 300, 200, 0.5)
    canvas = Canvas(window)
    canvas.eosin[:] = 77
    where = np.zeros(window.shape, np.uint8)
    where[50:150, 100:250] = 255
    paint_tumour(canvas, where, factors(), 2)
    assert (canvas.eosin[where == 0] == 77).all()
    assert (canvas.eosin[where == 255] != 77).mean() > 0.9
    assert canvas.haematoxylin[where == 0].max() == 0


def test_colours_of_tiles_lie_in_the_range_of_real_ones(real_data):
    tiles = sorted((real_data / "tiles_kirc" / "cancer").glob("*.png"))
    real = np.array([colour_statistics(cv2.imread(str(tile))[:, :, ::-1]) for tile in tiles])
    random = np.random.default_rng(0)
    names = ("nuclear_grade", "vascular_pattern", "architecture", "stroma_pattern")
    simulated = [
        colour_statistics(
            Stain().colour(
                painted(
                    Window(900.0 * patient, 100.0, 256, 256, 0.25),
                    patient * 977,
                    **dict(zip(names, random.random(4), strict=True)),
                )
            )
        )
        for patient in range(24)
    ]
    median = np.median(simulated, axis=0)
    assert (median >= real.min(axis=0)).all(), (median, real.min(axis=0))
    assert (median <= real.max(axis=0)).all(), (median, real.max(axis=0))


def nuclear_diameter_um(nuclear_grade: float) -> float:
    """Diameter of compact dark spots in the haematoxylin: half of their area lies in smaller ones."""
    canvas = painted(Window(0.0, 0.0, 1024, 1024, 0.5), 21, nuclear_grade=nuclear_grade)
    dark = (cv2.GaussianBlur(canvas.haematoxylin, (3, 3), 0) > 24).astype(np.uint8)
    _, _, spots, _ = cv2.connectedComponentsWithStats(dark)
    area, width, height = spots[1:, cv2.CC_STAT_AREA], spots[1:, cv2.CC_STAT_WIDTH], spots[1:, cv2.CC_STAT_HEIGHT]
    compact = (area > 40) & (area > 0.6 * width * height)
    area = np.sort(area[compact])
    return float(0.5 * np.sqrt(area[np.searchsorted(area.cumsum(), 0.5 * area.sum())] * 4 / np.pi))


def test_nuclei_grow_with_the_grade():
    sizes = [nuclear_diameter_um(grade) for grade in (0.0, 0.35, 0.65, 1.0)]
    assert np.all(np.diff(sizes) > 0.3), sizes
    assert sizes[-1] > 1.4 * sizes[0], sizes


def test_area_of_stroma_does_not_follow_its_pattern():
    shares = []
    for pattern in (0.0, 0.5, 1.0):
        windows = [Window(3000.0 * seed, 500.0 * seed, 1400, 1400, 1.0) for seed in range(6)]
        maps = [stroma_map(w, lay_septa(w, pattern, 31 * n), pattern).level > 127 for n, w in enumerate(windows)]
        shares.append(np.mean(maps))
    assert max(shares) / min(shares) < 1.10, shares


@pytest.mark.parametrize("factor", ["nuclear_grade", "vascular_pattern", "architecture", "stroma_pattern"])
def test_colours_do_not_follow_a_factor(factor):
    """The shift between the factor's ends is small beside the differences between patients (SD 0.004 to 0.015)."""
    window = Window(700.0, 300.0, 600, 600, 0.5)

    def average(value: float) -> np.ndarray:
        pictures = [Stain().colour(painted(window, seed, **{factor: value})) for seed in SEEDS]
        return np.mean([colour_statistics(picture) for picture in pictures], axis=0)

    assert np.abs(average(0.95) - average(0.05)).max() < 0.02
