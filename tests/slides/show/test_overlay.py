"""An overlay shows every region and tile where it lies on the slide, whatever the slide's shape and bounds."""

import hashlib

import cv2
import numpy as np
import pytest
from painted_slide import PaintedSlide

from tumorboard.lettering import text_width, wrapped
from tumorboard.slides.annotation import Polygon, Regions
from tumorboard.slides.show import RegionMaps, ShownTiles, View, draw_overlay, palette, view_of
from tumorboard.slides.slide import Box
from tumorboard.study.files import write_picture

TILE = np.array([(2048, 1024, 1024, 1024)])
RIGHT = np.array([1024, 0, 0, 0])


@pytest.fixture
def view():
    """800 x 600 pixels of 8 level-0 pixels each, from (400, 80) on."""
    return View(np.full((600, 800, 3), 240, np.uint8), 400, 80, 8.0, 2.0)


def no_tissue(**options):
    return RegionMaps(np.zeros((50, 60), bool), downsample=128, **options)


def coloured(picture, colour):
    return (picture == np.array(colour, np.uint8)).all(axis=-1)


@pytest.mark.parametrize("size", [(12_000, 9_000), (40_000, 3_000), (1_500, 30_000), (900, 700), (70, 5_000)])
def test_a_view_shows_all_that_was_scanned_within_its_limits(size):
    slide = PaintedSlide(*size)
    view = view_of(slide)
    height, width = view.picture.shape[:2]
    assert width <= 1600
    assert height <= 1340
    assert (width * view.downsample, height * view.downsample) == pytest.approx(size, rel=0.03, abs=2 * view.downsample)
    assert view.mpp == pytest.approx(0.25 * view.downsample)
    across = view.picture[height // 2, :, 0].astype(float)
    expected = (view.left + (np.arange(width) + 0.5) * view.downsample) / size[0] * 200
    assert np.abs(across - expected).max() < 4 + 200 * 4 * 2 / size[0] * 4


def test_a_view_of_a_slide_with_bounds_begins_at_them():
    slide = PaintedSlide(40_000, 30_000, bounds=Box(20_000, 9_000, 8_000, 12_000))
    view = view_of(slide)
    height, width = view.picture.shape[:2]
    assert 20_000 - view.downsample * 4 <= view.left <= 20_000
    assert 9_000 - view.downsample * 4 <= view.top <= 9_000
    corners = view.corners(np.array([(20_000, 9_000, 8_000, 12_000)]))[0]
    assert corners == pytest.approx([0, 0, width, height], abs=5)
    red = view.picture[height // 2, width // 2, 0]
    assert red == pytest.approx((view.left + width / 2 * view.downsample) / 40_000 * 200, abs=1.5)


def test_tiles_are_squares_at_their_place(view):
    drawn = draw_overlay(view, no_tissue(), ShownTiles(kept_10x=TILE))[:600]
    rows, columns = np.nonzero(coloured(drawn, palette.TILE_10X))
    left, top = (2048 - 400) / 8, (1024 - 80) / 8
    assert (columns.min(), rows.min()) == pytest.approx((left, top), abs=1.5)
    assert (columns.max(), rows.max()) == pytest.approx((left + 127, top + 127), abs=1.5)
    assert coloured(drawn, palette.TILE_10X).sum() < 4 * 128


def test_both_scales_and_neighbours_are_told_apart(view):
    tiles = ShownTiles(kept_10x=np.concatenate([TILE, TILE + RIGHT]), kept_5x=TILE * [1, 1, 2, 2])
    drawn = draw_overlay(view, no_tissue(), tiles)[:600]
    thin, thick = coloured(drawn, palette.TILE_10X), coloured(drawn, palette.TILE_5X)
    assert thin.sum() > 0.95 * 2 * 4 * 124
    assert thick.sum() > 0.95 * 2 * 4 * 240


def test_artefacts_are_tinted_where_they_lie_and_nowhere_else(view):
    pen = np.zeros((50, 60), bool)
    pen[20:30, 10:25] = True
    maps = no_tissue(artefacts={"pen": pen, "fold": np.zeros_like(pen)}, left=128, top=256)
    drawn = draw_overlay(view, maps, ShownTiles())[:540, 200:]  # the scale bar is at the lower left
    changed = (drawn != 240).any(axis=-1)
    inside = np.zeros((600, 800), bool)
    first, last = np.array([128 + 10 * 128, 256 + 20 * 128]), np.array([128 + 25 * 128, 256 + 30 * 128])
    (left, top), (right, bottom) = (first - [400, 80]) // 8, (last - [400, 80]) // 8
    inside[top:bottom, left:right] = True
    inside = inside[:540, 200:]
    assert np.count_nonzero(changed & ~cv2.dilate(inside.astype(np.uint8), np.ones((7, 7))).astype(bool)) == 0
    assert np.count_nonzero(~changed & cv2.erode(inside.astype(np.uint8), np.ones((7, 7))).astype(bool)) < 100


def test_tissue_and_annotation_are_outlined_not_filled(view):
    maps = RegionMaps(np.pad(np.ones((20, 20), bool), 12), downsample=128)
    ring = np.array([(1600, 1600), (4000, 1600), (4000, 3600), (1600, 3600)], float)
    drawn = draw_overlay(view, maps, ShownTiles(), annotation=Regions((Polygon(ring),)))
    assert coloured(drawn[:500], palette.TISSUE).sum() > 500
    assert coloured(drawn[:500], palette.ANNOTATION).sum() > 500
    assert (drawn[300, 380] == 240).all()


def test_tiles_left_out_are_struck_in_the_colour_of_the_reason(view):
    boxes = np.concatenate([TILE + step * RIGHT for step in range(3)])
    drawn = draw_overlay(view, no_tissue(), ShownTiles(rejected=boxes, reasons=("pen", "little tissue", "blur")))[:600]
    for step, reason in enumerate(("pen", "little tissue", "blur")):
        there = drawn[118:246, 206 + 128 * step : 334 + 128 * step]
        others = {"pen", "little tissue", "blur"} - {reason}
        assert coloured(there, palette.reason_colour(reason)).sum() > 20
        assert not any(coloured(there, palette.reason_colour(other)).any() for other in others)


def test_an_overlay_changes_nothing_and_is_the_same_each_time(view, tmp_path):
    before = view.picture.copy()
    digests = set()
    for name in ("one.jpg", "two.jpg"):
        picture = draw_overlay(view, no_tissue(), ShownTiles(kept_10x=TILE), facts=["0.25 µm per pixel"])
        write_picture(tmp_path / name, picture)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert np.array_equal(view.picture, before)
    assert len(digests) == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_written_overlays_are_read_back(suffix, view, tmp_path):
    picture = draw_overlay(view, no_tissue(), ShownTiles(kept_10x=TILE))
    write_picture(tmp_path / f"overlay{suffix}", picture)
    again = cv2.imread(str(tmp_path / f"overlay{suffix}"), cv2.IMREAD_COLOR_RGB)
    assert np.abs(again.astype(int) - picture).mean() < (0.001 if suffix == ".png" else 2)


@pytest.mark.parametrize("size", [(1600, 300), (1340, 1340), (200, 1340), (60, 60), (639, 400)])
def test_every_shape_of_slide_has_its_panel_and_stays_within_1600_pixels(size):
    width, height = size
    view = View(np.full((height, width, 3), 240, np.uint8), 0, 0, 8.0, 2.0)
    pen = np.ones((50, 60), bool)
    maps = no_tissue(artefacts=dict.fromkeys(palette.ARTEFACT, pen))
    boxes = np.repeat(TILE, 6, axis=0)
    tiles = ShownTiles(TILE, TILE, boxes, ("little tissue", *palette.ARTEFACT))
    facts = ["0.2532 µm per pixel (MPP of the file) · 18,775 × 19,180 px · 4.8 × 4.9 mm · tissue 55 %"] * 2
    drawn = draw_overlay(view, maps, tiles, facts=facts, warnings=["37 % of the tissue is out of focus"])
    assert max(drawn.shape[:2]) <= 1600
    below = width >= 640
    assert drawn.shape[1] == (width if below else width + 330)
    panel = drawn[height:] if below else drawn[:, width:]
    for colour in palette.ARTEFACT.values():
        assert coloured(panel, colour).any()
    assert (panel[-1] == 255).all()


def test_text_is_broken_at_words():
    lines = wrapped("two thirds of the tissue are covered by pen", 16, 120)
    assert " ".join(lines) == "two thirds of the tissue are covered by pen"
    assert all(text_width(line, 16) <= 120 for line in lines)
    assert wrapped("unbreakable", 16, 10) == ["unbreakable"]
    assert wrapped("", 16, 10) == []
