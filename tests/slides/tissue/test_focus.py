"""Sharpness of real tissue, as a physical quantity."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictured_slide import KIRC_MPP, PATCH_MPP, PicturedSlide, averaged, kirc_tiles, on_glass, patch_of, stained

from tumorboard.slides.opening import open_slide
from tumorboard.slides.tissue import TissueSettings, blur_sd_um, find_tissue, focus_of, judge
from tumorboard.slides.tissue.blocks import Blocks
from tumorboard.slides.tissue.overview import read_overview
from tumorboard.slides.tissue.patches import patches_of

LIMIT = TissueSettings().least_focus
KINDS = ("cancer", "normal", "stroma", "blood", "other")


@pytest.fixture(scope="module")
def sharp(real_data):
    """Real tiles in focus, each with its µm per pixel."""
    tiles = [(tile, KIRC_MPP) for kind in KINDS for tile in kirc_tiles(real_data, kind)]
    with open_slide(real_data / "slides" / "cmu-1-small-region.svs") as slide:
        tiles += [
            (slide.read(0, left, top, 240, 240), slide.scale.mpp)
            for left, top in ((900, 1500), (1100, 2400), (700, 2200))
        ]
    return tiles


def blurred(picture, sd_um, mpp):
    return cv2.GaussianBlur(picture, (0, 0), sd_um / mpp) if sd_um else picture


def test_real_tiles_are_sharp_and_a_blur_of_2_um_is_seen_in_each(sharp):
    for tile, mpp in sharp:
        assert focus_of(np.ascontiguousarray(tile), mpp) > 1.4 * LIMIT
        for sd_um in (2.0, 3.0, 6.0):
            assert focus_of(blurred(tile, sd_um, mpp), mpp) < 0.3 * LIMIT


def test_it_measures_the_sd_of_a_point_spread_in_the_middle_of_real_tiles(sharp):
    for sd_um in (0.7, 1.0, 1.5, 2.0):
        found = [blur_sd_um(focus_of(blurred(tile, sd_um, mpp), mpp)) for tile, mpp in sharp]
        assert np.median(found) == pytest.approx(np.hypot(sd_um, 0.25), rel=0.2)


@settings(max_examples=30)
@given(number=st.integers(0, 17), sd_um=st.floats(0, 3), further_um=st.floats(0.4, 2))
def test_more_blur_is_less_focus(sharp, number, sd_um, further_um):
    tile, mpp = sharp[number]
    less, more = (focus_of(blurred(tile, sd, mpp), mpp) for sd in (sd_um, np.hypot(sd_um, further_um)))
    assert more < less or more < 0.01


@pytest.mark.parametrize("strength", [0.85, 1.15])
def test_the_strength_of_the_stain_changes_nothing(sharp, strength):
    for tile, mpp in sharp:
        paler = focus_of(stained(tile, strength, (255, 255, 255)), mpp)
        assert paler == pytest.approx(focus_of(np.ascontiguousarray(tile), mpp), abs=0.04)


def test_it_means_the_same_at_20x_and_40x_and_10x(sharp):
    for tile, mpp in sharp[:15]:
        soft = blurred(tile, 0.8, mpp)
        at_40x = focus_of(soft, mpp)
        assert focus_of(averaged(soft, 3), 3 * mpp) == pytest.approx(at_40x, abs=0.02)
        at_20x = cv2.resize(soft, None, fx=mpp / 0.5, fy=mpp / 0.5, interpolation=cv2.INTER_AREA)
        assert focus_of(at_20x, 0.5) == pytest.approx(at_40x, abs=0.12)


def test_blur_of_3_um_is_seen_at_5x_as_well(sharp):
    for tile, _ in sharp[:15]:
        wide = patch_of([tile], 1024)
        assert focus_of(averaged(wide, 8), 8 * PATCH_MPP) > LIMIT
        assert focus_of(averaged(blurred(wide, 3.0, PATCH_MPP), 8), 8 * PATCH_MPP) < 0.3 * LIMIT


def test_glass_shows_nothing_sharp(real_data):
    for tile in kirc_tiles(real_data, "empty"):
        assert focus_of(np.ascontiguousarray(tile), KIRC_MPP) < 0.1


@pytest.mark.parametrize(
    ("shape", "mpp"), [((64, 64), 1.0), ((64, 64, 4), 1.0), ((0, 4, 3), 1.0), ((64, 64, 3), 3.0), ((64, 64, 3), 0.0)]
)
def test_what_is_no_picture_or_too_coarse_is_refused(shape, mpp):
    with pytest.raises(ValueError, match=r"shape|µm per pixel"):
        focus_of(np.zeros(shape, np.uint8), mpp)


@pytest.fixture(scope="module")
def tissue(real_data):
    """0.75 mm of real clear cell carcinoma with 0.15 mm of glass around."""
    return on_glass(patch_of(kirc_tiles(real_data, "cancer")[::2], 3000), 600)


@pytest.mark.parametrize(("factors", "stored"), [((1, 4, 16), True), ((1, 16), True), ((1,), True), ((1, 4), False)])
def test_a_field_out_of_focus_is_found_and_nothing_else(tissue, factors, stored):
    picture = tissue.copy()
    field = (slice(1200, 2400), slice(900, 2300))
    picture[field] = blurred(tissue, 1.8, PATCH_MPP)[field]
    found = find_tissue(PicturedSlide(picture, PATCH_MPP, factors, stored), TissueSettings())
    inside, beside = judge(found, np.array([[1100, 1400, 1000, 800], [2600, 700, 900, 2700]])).itertuples()
    assert inside.blur_share > 0.95
    assert inside.reason == "blur"
    assert beside.blur_share < 0.05
    assert beside.reason == ""
    assert inside.focus < LIMIT < beside.focus


@pytest.mark.parametrize(
    ("mpp", "factors", "blocks_a_tile"), [(0.25, (1, 4), 4), (0.3, (1, 4), 4), (0.23, (1, 16), 1), (0.5, (1, 4), 2)]
)
def test_the_focus_is_told_in_stored_tiles_of_level_0_or_equal_parts_of_them(mpp, factors, blocks_a_tile):
    slide = PicturedSlide(np.full((2048, 1536, 3), 240, np.uint8), mpp, factors)
    overview = read_overview(slide, 8.0)
    blocks = Blocks.of(patches_of(slide), overview, slide.jpeg_level(0))
    assert (blocks.across, blocks.down) == (blocks_a_tile, blocks_a_tile)
    assert 256 / (blocks.width * overview.downsample) == pytest.approx(2 if mpp == 0.5 else 1)


def test_a_slide_that_is_blurred_throughout_is_found_though_no_tile_costs_less_than_its_neighbours(tissue):
    found = find_tissue(PicturedSlide(blurred(tissue, 2.0, PATCH_MPP), PATCH_MPP), TissueSettings())
    assert found.blur_share > 0.9
    assert any("out of focus" in sentence for sentence in found.warnings)


def test_without_checks_nothing_is_said_of_the_focus(tissue):
    found = find_tissue(PicturedSlide(blurred(tissue, 2.0, PATCH_MPP), PATCH_MPP), TissueSettings(focus_checks=0))
    assert not found.blur.any()
    assert judge(found, np.array([[1000, 1000, 900, 900]]))["focus"].isna().all()
