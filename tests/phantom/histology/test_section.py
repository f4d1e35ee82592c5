"""A simulated slide: the same tissue in every window, its layout, its regions, the places of its tiles."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tumorboard.errors import TumorboardError
from tumorboard.phantom.histology import Canvas, Region, Section, Tissue, Window, foci
from tumorboard.phantom.histology.regions import outlines
from tumorboard.phantom.histology.tissue import TUMOUR_AREA
from tumorboard.phantom.patients.patient import HistologyFactors

USUAL = HistologyFactors(0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
DYES = ("haematoxylin", "eosin", "erythrocyte")


@pytest.fixture(scope="module")
def section() -> Section:
    return Section(USUAL, 7, 2600.0, 2300.0)


def whole(width_um: float, height_um: float, mpp: float) -> Window:
    return Window(0.0, 0.0, int(width_um / mpp), int(height_um / mpp), mpp)


def differing(first: Canvas, second: Canvas, rows: slice, columns: slice) -> float:
    """Share of pixels of a part of the first that differ from the second in any dye by more than 3 levels."""
    apart = np.zeros(second.window.shape, bool)
    for dye in DYES:
        part = getattr(first, dye)[rows, columns].astype(int)
        apart |= np.abs(part - getattr(second, dye)) > 3
    return float(apart.mean())


@pytest.mark.parametrize(("mpp", "most"), [(0.25, 0.002), (0.5, 0.002), (1.0, 0.002)])
def test_windows_join_without_seams(section, mpp, most):
    large = Window(900.0, 700.0, 400, 300, mpp)
    small = Window(900.0 + 150 * mpp, 700.0 + 90 * mpp, 170, 130, mpp)
    assert differing(section.paint(large), section.paint(small), slice(90, 220), slice(150, 320)) <= most


def test_kidney_and_capsule_join_without_seams(section):
    x, y = place_of(section, Tissue.NORMAL_KIDNEY)
    large, small = Window(x - 60, y - 60, 480, 480, 0.25), Window(x - 20, y - 20, 200, 200, 0.25)
    assert differing(section.paint(large), section.paint(small), slice(160, 360), slice(160, 360)) <= 0.01


def place_of(section: Section, tissue: Tissue) -> tuple[float, float]:
    window = whole(section.width_um, section.height_um, 8.0)
    codes = section.tissue_map(window)
    rows, columns = np.nonzero(cv2.erode((codes == tissue).astype(np.uint8), np.ones((5, 5))))
    middle = len(rows) // 2
    return float(columns[middle]) * 8.0, float(rows[middle]) * 8.0


def test_the_same_seed_gives_the_same_slide():
    window = Window(600.0, 500.0, 300, 200, 0.5)
    first, again, other = (Section(USUAL, seed, 1500.0, 1500.0).paint(window) for seed in (3, 3, 4))
    for dye in DYES:
        assert getattr(first, dye).tobytes() == getattr(again, dye).tobytes()
    assert first.eosin.tobytes() != other.eosin.tobytes()


def test_the_map_is_the_same_at_every_scale(section):
    fine = section.tissue_map(Window(800.0, 800.0, 1200, 1200, 0.25))
    coarse = section.tissue_map(Window(800.0, 800.0, 300, 300, 1.0))
    assert (fine[2::4, 2::4] == coarse).mean() > 0.98


def test_glass_is_bare(section):
    window = Window(-400.0, -400.0, 256, 256, 0.5)
    assert not section.tissue_map(window).any()
    assert not any(getattr(section.paint(window), dye).any() for dye in DYES)


@pytest.mark.parametrize("size_um", [1024.0, 4000.0, 10000.0])
def test_most_of_a_slide_is_tissue_and_most_of_that_tumour(size_um):
    for seed in range(4):
        section = Section(USUAL, seed, size_um, size_um)
        codes = section.tissue_map(whole(size_um, size_um, size_um / 200))
        tissue = codes != Tissue.GLASS
        assert 0.47 < tissue.mean() < 0.82
        assert np.isin(codes, TUMOUR_AREA)[tissue].mean() > 0.55


def test_large_slides_show_kidney_fat_and_lymphocytes_beside_some_tumours():
    seen = [
        set(np.unique(Section(USUAL, seed, 5000.0, 5000.0).tissue_map(whole(5000.0, 5000.0, 20.0))))
        for seed in range(10)
    ]
    for tissue in (Tissue.NORMAL_KIDNEY, Tissue.FAT, Tissue.STROMA):
        assert sum(tissue in codes for codes in seen) >= 3
    assert all(Tissue.LYMPHOCYTES in codes for codes in seen)


def shares(factors: HistologyFactors, seed: int) -> dict[Tissue, float]:
    codes = Section(factors, seed, 2000.0, 2000.0).tissue_map(whole(2000.0, 2000.0, 3.0))
    area = np.isin(codes, TUMOUR_AREA).sum()
    return {tissue: float((codes == tissue).sum() / area) for tissue in TUMOUR_AREA}


def test_necrosis_is_an_arrangement_of_the_same_pink_area():
    for seed in range(4):
        low, high = (shares(replace(USUAL, necrosis=part), seed) for part in (0.1, 0.9))
        pink_low, pink_high = (part[Tissue.NECROSIS] + part[Tissue.HYALINE] for part in (low, high))
        assert 0.04 < pink_low < 0.32
        assert pink_high == pytest.approx(pink_low, rel=0.06)
        assert low[Tissue.NECROSIS] < 0.2 * pink_low
        assert high[Tissue.NECROSIS] > 0.8 * pink_high


def test_haemorrhage_is_an_arrangement_of_the_same_blood():
    bloods = []
    for seed in range(4):
        low, high = (Section(replace(USUAL, haemorrhage=part), seed, 1500.0, 1500.0) for part in (0.1, 0.9))
        places = low.tumour_positions(300.0, 3, "blood")
        bloods.append(
            [sum(s.paint(Window(x, y, 300, 300, 1.0)).erythrocyte.mean() for x, y in places) for s in (low, high)]
        )
        lakes = [(s.tissue_map(whole(1500.0, 1500.0, 2.0)) == Tissue.HAEMORRHAGE).sum() for s in (low, high)]
        assert lakes[1] > 4 * lakes[0]
    packed, loose = np.mean(bloods, axis=0)
    assert loose == pytest.approx(packed, rel=0.12)


def test_the_layout_depends_on_no_other_factor():
    other = replace(USUAL, nuclear_grade=0.0, vascular_pattern=1.0, architecture=0.0, stroma_pattern=1.0)
    window = whole(3000.0, 3000.0, 6.0)
    first, second = (Section(factors, 9, 3000.0, 3000.0).tissue_map(window) for factors in (USUAL, other))
    assert np.array_equal(first, second)


def test_the_outline_depends_on_no_factor():
    window = whole(3000.0, 3000.0, 6.0)
    good, bad = (Section(HistologyFactors(*[part] * 6), 9, 3000.0, 3000.0).tissue_map(window) for part in (0.1, 0.9))
    for tissue in (Tissue.GLASS, Tissue.NORMAL_KIDNEY, Tissue.FAT):
        assert np.array_equal(good == tissue, bad == tissue)


def contains(region: Region, x: float, y: float) -> bool:
    def inside(outline: np.ndarray) -> bool:
        return cv2.pointPolygonTest(outline.astype(np.float32)[:, None, :], (x, y), False) >= 0

    return inside(region.polygon) and not any(inside(hole) for hole in region.holes)


def test_regions_agree_with_the_tissue_map(section):
    regions = section.regions()
    random = np.random.default_rng(1)
    points = random.uniform((0, 0), (section.width_um, section.height_um), (300, 2))
    codes = np.array([section.tissue_map(Window(x, y, 1, 1, 0.25))[0, 0] for x, y in points])
    for tissue, expected in (
        (None, codes != Tissue.GLASS),
        (Tissue.TUMOUR, np.isin(codes, TUMOUR_AREA)),
        (Tissue.NECROSIS, codes == Tissue.NECROSIS),
        (Tissue.NORMAL_KIDNEY, codes == Tissue.NORMAL_KIDNEY),
        (Tissue.STROMA, codes == Tissue.STROMA),
    ):
        found = [any(contains(region, x, y) for region in regions if region.tissue == tissue) for x, y in points]
        assert (np.array(found) == expected).mean() > 0.975, tissue


def steps_are_simple(ring: np.ndarray, others: list[np.ndarray], mpp: float) -> bool:
    """Say whether a ring of level, upright and diagonal steps visits no place twice, and none of other rings'."""

    def visited(outline: np.ndarray) -> np.ndarray:
        points = np.rint(outline / mpp * 4).astype(int)
        steps = np.roll(points, -1, axis=0) - points
        places = []
        for point, step in zip(points, steps, strict=True):
            count = max(abs(step))
            # the middles of diagonal steps too: two that cross meet there
            places.append(2 * point + np.outer(np.arange(0, 2 * count), np.sign(step)) * (abs(step) > 0))
        return np.concatenate(places)

    places = visited(ring)
    all_places = np.concatenate([places, *(visited(other) for other in others)])
    return len(np.unique(all_places, axis=0)) == len(all_places)


def test_rings_neither_pinch_nor_cross(section):
    regions = section.regions()
    mpp = max(4.0, max(section.width_um, section.height_um) / 1250)
    assert len(regions) > 20
    for region in regions:
        for ring in (region.polygon, *region.holes):
            assert len(np.unique(ring, axis=0)) == len(ring)
        assert steps_are_simple(region.polygon, list(region.holes), mpp), region.tissue


def test_cells_that_touch_at_a_corner_give_simple_rings():
    random = np.random.default_rng(4)
    for share in (0.3, 0.5, 0.7):
        for outer, holes in outlines(random.random((40, 50)) < share):
            assert steps_are_simple(outer, holes, 1.0)


@pytest.mark.parametrize("side_um", [1100.0, 4000.0])
def test_outlines_differ_in_direction_shape_and_pieces(side_um):
    """A square along the slide's axes fills its bounding box to 0.82 ± 0.03 once its border is wavy."""
    fullness, pieces = [], []
    for seed in range(40):
        codes = Section(USUAL, seed, side_um, side_um).tissue_map(whole(side_um, side_um, side_um / 160))
        tissue = (codes != Tissue.GLASS).astype(np.uint8)
        _, _, parts, _ = cv2.connectedComponentsWithStats(tissue, connectivity=4)
        large = parts[1:][parts[1:, cv2.CC_STAT_AREA] > 0.02 * tissue.sum()]
        pieces.append(len(large))
        left_top, size = large[:, :2], large[:, 2:4]
        width, height = (left_top + size).max(axis=0) - left_top.min(axis=0)
        fullness.append(tissue.sum() / (width * height))
    assert np.mean(fullness) < 0.80
    assert np.std(fullness) > 0.035
    assert 0.15 < np.mean(np.array(pieces) > 1) < 0.7


def test_vessels_differ_in_size():
    places = foci.foci_around(Window(0.0, 0.0, 4000, 4000, 1.0), 125.0, 7, margin_um=0.0, clustered_um=90.0)
    area = foci.areas(places, 676.0, 1.05)
    diameter_um = np.sqrt(4 * area / np.pi)
    low, high = np.quantile(diameter_um, [0.02, 0.98])
    assert area.mean() == pytest.approx(676.0, rel=0.08)
    assert low < 14
    assert high > 55
    assert np.log(area).std() == pytest.approx(1.0, abs=0.12)


def test_foci_lie_in_clusters():
    """Counts in squares of 320 µm vary more than those of a lattice, less than those of independent points."""

    def variance(clustered_um: float) -> float:
        places = foci.foci_around(Window(0.0, 0.0, 9600, 9600, 1.0), 160.0, 3, margin_um=0.0, clustered_um=clustered_um)
        counts, _, _ = np.histogram2d(places.x_um, places.y_um, bins=30, range=[[0, 9600]] * 2)
        return float(counts.var() / counts.mean())

    assert 1.3 * variance(0.0) < variance(170.0)


def test_most_tiles_of_tumour_show_some_pink(section):
    shown = []
    for x, y in section.tumour_positions(256.0, 40, "pink"):
        codes = section.tissue_map(Window(x, y, 64, 64, 4.0))
        shown.append(np.isin(codes, (Tissue.NECROSIS, Tissue.HYALINE)).mean() > 0.005)
    assert np.mean(shown) >= 0.7


@pytest.mark.parametrize(("slide_um", "size_um"), [(1024.0, 256.0), (1024.0, 512.0), (5000.0, 512.0)])
def test_positions_lie_in_tumour_and_apart(slide_um, size_um):
    for seed in range(4):
        section = Section(USUAL, seed, slide_um, slide_um)
        places = section.tumour_positions(size_um, 6, "10x")
        assert places.shape == (6, 2)
        assert np.array_equal(places, section.tumour_positions(size_um, 6, "10x"))
        for x, y in places:
            codes = section.tissue_map(Window(x, y, 128, 128, size_um / 128))
            assert np.isin(codes, TUMOUR_AREA).mean() >= 0.78
    assert len(np.unique(places, axis=0)) == 6


def test_a_square_too_large_for_the_tumour_is_named():
    with pytest.raises(TumorboardError, match="1500 µm do not fit a slide of 1024 x 1024 µm"):
        Section(USUAL, 1, 1024.0, 1024.0).tumour_positions(1500.0, 1, "10x")
