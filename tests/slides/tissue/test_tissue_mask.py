"""What counts as tissue: on real pixels, and on things drawn over them."""

import cv2
import numpy as np
import pytest
from pictured_slide import (
    GLASS,
    PicturedSlide,
    averaged,
    density_of,
    kirc_tiles,
    on_glass,
    patch_of,
    stained,
    through,
)

from tumorboard.slides.opening import open_slide
from tumorboard.slides.slide import Box
from tumorboard.slides.tissue import TissueSettings, find_tissue, judge
from tumorboard.slides.tissue.overview import read_overview

MPP, MARGIN, SIDE = 0.5, 320, 1600
"""Of the patches: µm per pixel; pixels of glass around; pixels of tissue. An overview's pixel is 16 of theirs."""

TILE = np.array([[MARGIN + 500, MARGIN + 500, 512, 512]])
SPOILT = ["pen_share", "fold_share", "blur_share", "bubble_share", "border_share"]
NO_CHECKS = TissueSettings(focus_checks=0)
INKS = {
    "blue": [(0.95, 0.70, 0.25), (0.80, 0.62, 0.20)],
    "black": [(0.80, 0.80, 0.75), (1.40, 1.35, 1.30)],
    "green": [(0.90, 0.30, 0.65), (0.70, 0.25, 0.35)],
    "red": [(0.12, 0.85, 0.75), (0.10, 1.20, 1.05)],
}
"""Optical densities of two pens a colour, in red, green and blue."""


@pytest.fixture(scope="module")
def real_slide(real_data):
    with open_slide(real_data / "slides" / "cmu-1-small-region.svs") as slide:
        yield slide


@pytest.fixture(scope="module")
def real_picture(real_slide):
    return real_slide.read(0, 0, 0, real_slide.levels[0].width, real_slide.levels[0].height)


@pytest.fixture(scope="module")
def cancer(real_data):
    """0.8 mm of real clear cell carcinoma on glass."""
    return on_glass(patch_of(kirc_tiles(real_data, "cancer")[::2], SIDE, MPP), MARGIN)


def slide_of(picture, factors=(1, 4), stored=True):
    return PicturedSlide(picture, MPP, factors, stored)


def at(mask, found, x, y):
    return bool(mask[int(y / found.downsample), int(x / found.downsample)])


def in_overview(mask, found):
    """Bring a mask of level 0 to the map's pixels."""
    height, width = found.tissue.shape
    return averaged(np.asarray(mask, np.uint8) * 255, round(found.downsample))[:height, :width] > 127


def disc(picture, x, y, radius):
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask


# a real slide


def test_the_mask_of_a_real_slide_is_its_tissue(real_slide):
    found = find_tissue(real_slide, TissueSettings())
    inside = [(1000, 1500), (1200, 2000), (1650, 2400), (900, 2300), (1100, 900), (1500, 900), (500, 1090), (620, 2800)]
    outside = [(300, 500), (300, 2000), (1950, 400), (1950, 1600), (2050, 2800), (2090, 610), (15, 80), (1250, 500)]
    assert [at(found.tissue, found, x, y) for x, y in inside] == [True] * len(inside)
    assert [at(found.tissue, found, x, y) for x, y in outside] == [False] * len(outside)
    assert 0.6 < found.tissue_mm2 < 0.68
    assert (found.blur_share, found.pen_share, found.fold_share) == (0, 0, 0)
    assert not found.border.any()
    assert not found.bubble.any()
    assert found.glass == pytest.approx((244, 243, 243), abs=2)
    assert found.warnings == ()


def test_the_overview_is_the_same_whatever_is_held_at_once(real_picture):
    slide = slide_of(real_picture, (1,), stored=False)
    whole = read_overview(slide, 8.0, block_px=10_000)
    for block_px in (160, 500):
        np.testing.assert_array_equal(read_overview(slide, 8.0, block_px=block_px).picture, whole.picture)


@pytest.mark.parametrize(("factors", "tile_px"), [((1,), 256), ((1, 4), 240), ((1, 4), 100)])
def test_stored_tiles_give_the_same_mask_as_reading(real_picture, factors, tile_px):
    read = find_tissue(PicturedSlide(real_picture, 0.499, factors, stored=False), NO_CHECKS)
    decoded = find_tissue(PicturedSlide(real_picture, 0.499, factors, tile_px=tile_px), NO_CHECKS)
    assert decoded.tissue.shape == read.tissue.shape
    assert (decoded.tissue != read.tissue).mean() < 0.02
    assert np.abs(decoded.overview.astype(int) - read.overview).mean() < 1.5


# what it survives


@pytest.mark.parametrize("kind", ["cancer", "normal", "stroma", "blood", "other"])
def test_real_tissue_of_each_kind_is_kept(real_data, kind):
    for tile in kirc_tiles(real_data, kind):
        # the brightest of the tile is its glass; the kidney's own tubules leave none
        glass = GLASS if kind == "normal" else tuple(int(level) for level in np.percentile(tile, 99.5, axis=(0, 1)))
        found = find_tissue(slide_of(on_glass(patch_of([tile], SIDE, MPP), MARGIN, glass)), TissueSettings())
        row = judge(found, np.array([[MARGIN + 150, MARGIN + 150, 1300, 1300]])).iloc[0]
        assert row["tissue_share"] > 0.98
        assert row[SPOILT].max() < 0.02
        assert row["reason"] == ""


def test_empty_tiles_are_dropped(real_data):
    for tile in kirc_tiles(real_data, "empty"):
        found = find_tissue(slide_of(patch_of([tile], 1024, MPP)), TissueSettings())
        assert not found.tissue.any()
        assert judge(found, np.array([[0, 0, 512, 512]]))["reason"].tolist() == ["little tissue"]


@pytest.mark.parametrize("strength", [0.5, 0.7, 1.3])
def test_pale_and_strong_stain_are_tissue(cancer, strength):
    found = find_tissue(slide_of(stained(cancer, strength)), NO_CHECKS)
    assert judge(found, TILE)["tissue_share"][0] > 0.99
    assert found.tissue_mm2 == pytest.approx((SIDE * MPP / 1000) ** 2, rel=0.06)
    assert found.pen_share == 0


@pytest.mark.parametrize("glass", [(255, 255, 255), (246, 245, 247), (225, 232, 226), (236, 228, 214), (196, 196, 200)])
def test_glass_of_any_usual_colour_is_no_tissue(cancer, glass):
    tinted = np.rint(cancer * (np.float32(glass) / GLASS)).clip(0, 255).astype(np.uint8)
    found = find_tissue(slide_of(tinted), NO_CHECKS)
    assert found.glass == pytest.approx(glass, abs=2)
    assert found.tissue_mm2 == pytest.approx((SIDE * MPP / 1000) ** 2, rel=0.06)


@pytest.mark.parametrize("stored", [True, False])
def test_a_net_of_fat_cells_is_tissue(stored):
    random = np.random.default_rng(1)
    side, spacing = 2400, 140
    seeds = np.full((side, side), 255, np.uint8)
    places = np.argwhere(np.ones((18, 18))) * spacing + random.uniform(0, 100, (324, 2))
    for row, column in places[(places < side).all(axis=1)].astype(int):
        seeds[row, column] = 0
    nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    walls = cv2.morphologyEx(nearest.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    inside = disc(seeds, 1200, 1200, 1000)
    wall = cv2.GaussianBlur((walls * inside).astype(np.float32), (0, 0), 0.8)
    glass = np.full((side, side, 3), GLASS, np.uint8)
    found = find_tissue(slide_of(through(glass, (0.08, 0.35, 0.20), wall), (1, 4, 16), stored), NO_CHECKS)
    truth = in_overview(inside, found)
    assert 2 * (found.tissue & truth).sum() / (found.tissue.sum() + truth.sum()) > 0.9


# what it drops


@pytest.mark.parametrize("factors", [(1,), (1, 4)])
def test_a_slide_that_is_all_glass_has_no_tissue_and_says_so(factors):
    noise = np.random.default_rng(0).normal(0, 2, (1024, 1280, 1)).astype(np.float32)
    found = find_tissue(
        slide_of(np.clip(np.float32(GLASS) + noise, 0, 255).astype(np.uint8), factors), TissueSettings()
    )
    assert found.tissue_mm2 == 0
    assert (found.tissue_share, found.blur_share, found.pen_share, found.fold_share) == (0, 0, 0, 0)
    assert found.warnings == ("No tissue was found.",)
    judged = judge(found, np.array([[0, 0, 512, 512], [512, 512, 512, 512]]))
    assert judged["reason"].tolist() == ["little tissue"] * 2


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (127, 127, 127)])
@pytest.mark.parametrize("shape", [(700, 900), (9, 5), (40, 2000)])
def test_a_slide_of_one_colour_has_no_tissue_however_small_it_is(colour, shape):
    found = find_tissue(slide_of(np.full((*shape, 3), colour, np.uint8), (1,)), TissueSettings())
    assert not found.tissue.any()
    assert judge(found, np.array([[0, 0, 4, 4]]))["tissue_share"][0] == 0


@pytest.mark.parametrize("colour", list(INKS))
def test_a_pen_stroke_over_a_real_slide_is_found_and_dropped(real_picture, colour):
    clean = find_tissue(slide_of(real_picture), NO_CHECKS)
    stroke = np.zeros(real_picture.shape[:2], np.uint8)
    cv2.polylines(stroke, [np.array([[300, 700], [900, 1100], [1300, 1900], [2000, 2000]])], False, 255, 200)
    amount = cv2.GaussianBlur(stroke.astype(np.float32) / 255, (41, 41), 10)
    for ink in INKS[colour]:
        found = find_tissue(slide_of(through(real_picture, ink, amount)), NO_CHECKS)
        inked = in_overview(stroke > 0, found)
        far = ~in_overview(cv2.dilate(stroke, np.ones((241, 241))) > 0, found)
        assert found.pen[inked].mean() > 0.97
        assert found.tissue[inked].mean() < 0.03
        # the real slide has some blue-green ink on its margins
        assert found.pen[far].mean() < 0.005
        assert (found.tissue[far] != clean.tissue[far]).mean() < 0.02
        assert judge(found, np.array([[1100, 1400, 400, 400]]))["reason"].tolist() == ["pen"]
        assert any("pen" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("strength", [1.0, 1.4])
def test_eosinophilic_blood_is_no_red_pen(real_data, strength):
    glass = (252, 247, 247)
    corners = [(top, left) for top in (0, 128) for left in (0, 128)]
    parts = [tile[y : y + 128, x : x + 128] for tile in kirc_tiles(real_data, "blood") for y, x in corners]
    reddest = sorted(parts, key=lambda part: part[..., 1].mean())[:3]
    blood = on_glass(stained(patch_of(reddest, SIDE, MPP), strength, glass), MARGIN, glass)
    found = find_tissue(slide_of(blood), NO_CHECKS)
    assert not found.pen.any()
    assert judge(found, TILE)["tissue_share"][0] > 0.99


@pytest.mark.parametrize("density", [(0.08, 0.45, 0.33), (0.12, 0.67, 0.50), (0.08, 0.42, 0.36)])
def test_a_lake_of_erythrocytes_is_no_red_pen(cancer, density):
    # the median of the erythrocytes' pixels in the real tiles of blood, a heap of them, and the reddest 5 %
    lake = disc(cancer, 1120, 1120, 400)
    picture = through(np.where(lake[..., None] > 0, np.uint8(GLASS), cancer), density, lake)
    found = find_tissue(slide_of(picture), NO_CHECKS)
    assert not found.pen.any()
    assert at(found.tissue, found, 1120, 1120)


def test_dust_and_grey_smears_are_no_tissue(cancer):
    random = np.random.default_rng(4)
    dirt = np.zeros(cancer.shape[:2], np.float32)
    for x, y in random.uniform(0, 270, (40, 2)).astype(int):
        cv2.circle(dirt, (int(x), int(y)), int(random.integers(1, 15)), float(random.uniform(0.05, 0.6)), -1)
    dirt[-200:] += 0.08
    found = find_tissue(slide_of(through(cancer, (1, 1, 1), dirt)), NO_CHECKS)
    assert not found.tissue[:17, :17].any()
    assert not found.tissue[-12:].any()


@pytest.mark.parametrize("stored", [True, False])
def test_a_black_border_is_no_tissue_and_no_pen(cancer, stored):
    picture = cancer.copy()
    picture[:, :384] = 4
    picture[-160:] = 8
    found = find_tissue(slide_of(picture, (1, 4, 16), stored), NO_CHECKS)
    assert found.border[:, :24].all()
    assert found.border[-10:].all()
    assert not found.border[:-15, 29:].any()
    assert not found.pen.any()
    judged = judge(found, np.array([[340, 800, 512, 512], [800, 800, 512, 512]]))
    assert judged["reason"].tolist() == ["border", ""]


def test_the_edge_of_a_coverslip_is_a_border(cancer):
    picture = cancer.copy()
    cv2.line(picture, (0, 130), (2239, 180), (90, 90, 92), 15, cv2.LINE_AA)
    found = find_tissue(slide_of(picture), NO_CHECKS)
    assert at(found.border, found, 1120, 155)
    assert not found.border[18:].any()
    assert not found.tissue[:18].any()


@pytest.mark.parametrize("radius_um", [130, 250])
def test_an_air_bubble_is_found_with_its_inside(cancer, radius_um):
    row, column = np.indices(cancer.shape[:2], np.float32) - 1120
    rim = 0.4 * np.exp(-(((np.hypot(row, column) * MPP - radius_um) / 11) ** 2))
    found = find_tissue(slide_of(through(cancer, (1, 1, 1), np.where(rim > 0.01, rim, 0))), NO_CHECKS)
    assert at(found.bubble, found, 1120, 1120)
    assert np.sqrt(found.bubble.sum() / np.pi) * found.mpp == pytest.approx(radius_um, abs=25)
    assert judge(found, np.array([[864, 864, 512, 512]]))["reason"].tolist() == ["bubble"]


@pytest.mark.parametrize("kind", ["cancer", "stroma"])
def test_tissue_that_lies_double_is_a_fold(real_data, kind):
    glass = (252, 249, 251)
    plain = on_glass(patch_of(kirc_tiles(real_data, kind)[1:2], SIDE, MPP), MARGIN, glass)
    band = np.zeros(plain.shape[:2], np.uint8)
    cv2.polylines(band, [np.array([[700, 700], [1100, 1100], [1500, 1300]])], False, 1, 100)
    above = density_of(np.roll(plain, (65, 45), (0, 1)), glass).clip(0)
    picture = np.where(band[..., None] > 0, np.rint(plain * 10**-above), plain).astype(np.uint8)
    before, found = (find_tissue(slide_of(each), NO_CHECKS) for each in (plain, picture))
    folded = in_overview(band > 0, found)
    assert before.fold_share == 0
    assert found.fold[folded].mean() > 0.6
    assert found.fold.sum() < 2 * folded.sum()
    assert found.tissue[folded].mean() > 0.98
    assert judge(found, np.array([[900, 900, 512, 512]]))["reason"].tolist() == ["fold"]


def band_over(picture):
    band = np.zeros(picture.shape[:2], np.uint8)
    cv2.polylines(band, [np.array([[700, 700], [1100, 1100], [1500, 1300]])], False, 1, 90)
    return band


@pytest.mark.parametrize("density", [(0.14, 0.15, 0.06), (0.01, 0.22, 0.13)], ids=["lymphocytes", "blood"])
def test_a_band_that_is_bluer_or_redder_than_what_lies_beside_it_is_no_fold(cancer, density):
    found = find_tissue(slide_of(through(cancer, density, band_over(cancer))), NO_CHECKS)
    assert not found.fold.any()
    assert judge(found, TILE)["reason"].tolist() == [""]


def test_dense_strands_among_gaps_are_no_folds(real_data):
    kidney = patch_of(kirc_tiles(real_data, "normal")[:1], SIDE, MPP)
    row, column = np.indices(kidney.shape[:2])
    gaps = cv2.GaussianBlur((np.sin((row + 0.6 * column) * 2 * np.pi / 260) > 0.3).astype(np.float32), (0, 0), 6)
    pale = np.rint(kidney + gaps[..., None] * (np.float32(GLASS) - kidney) * 0.75).astype(np.uint8)
    found = find_tissue(slide_of(on_glass(pale, MARGIN)), NO_CHECKS)
    assert judge(found, TILE)["tissue_share"][0] > 0.99
    assert found.fold_share < 0.01


# files that are not whole


def test_a_damaged_or_missing_tile_is_taken_for_glass(cancer):
    slide = slide_of(cancer)
    stored = slide.stored[1]
    stored.streams[1, 1] = stored.streams[1, 1][:200]
    stored.streams[0, 0] = b""
    found = find_tissue(slide, TissueSettings())
    assert found.damaged_tiles == 1
    assert not at(found.tissue, found, 1500, 1500)
    assert at(found.tissue, found, 1500, 900)
    assert any("damaged" in sentence for sentence in found.warnings)
    stored.streams[1, 1] = b""
    assert find_tissue(slide, NO_CHECKS).scanned_share == pytest.approx(1 - 2 * 1024**2 / 2240**2, abs=0.01)


def test_what_was_not_scanned_is_not_read(cancer):
    slide = slide_of(cancer, stored=False)
    slide.bounds = Box(0, 0, 1024, 2240)
    overview = read_overview(slide, 8.0, block_px=256)
    assert not overview.scanned[:, 70:].any()
    assert overview.scanned[:, :64].all()
    assert (overview.picture[:, 70:] == 255).all()
