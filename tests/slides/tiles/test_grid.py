"""A grid's tiles lie within what was scanned, touch one another, and have the scale that they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imagined_slide import ImaginedSlide

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.slides.slide import Box
from tumorboard.slides.tiles import TILE_MPP, plan_grid

PLANS = {
    ("native 256", "10x"): ("taken over", 1, 1, 256, 256, 1.0),
    ("native 256", "5x"): ("scaled decoding", 1, 1, 512, 256, 2.0),
    ("native 240", "10x"): ("taken over", 1, 1, 240, 240, 1.0),
    ("native 240", "5x"): ("scaled decoding", 1, 1, 480, 240, 2.0),
    ("quarter", "10x"): ("scaled decoding", 0, 4, 256, 256, 1.0),
    ("quarter", "5x"): ("scaled decoding", 0, 4, 512, 256, 2.0),
    # 0.2325 µm x 4 = 0.93 µm is 7 % too fine; 275 of its pixels are 255.75 µm
    ("resampled", "10x"): ("resampled", 0, 4, 275, 256, 0.93 * 275 / 256),
    ("resampled", "5x"): ("resampled", 0, 4, 550, 256, 0.93 * 550 / 256),
    ("20x", "10x"): ("scaled decoding", 0, 2, 256, 256, 1.0),
    ("20x", "5x"): ("taken over", 1, 1, 240, 240, 2.0),
}


@pytest.mark.parametrize(("kind", "scale"), PLANS)
def test_the_cheapest_way_to_each_scale(opened, kind, scale):
    method, level, reduction, source_px, tile_px, mpp = PLANS[kind, scale]
    grid = plan_grid(opened(kind), scale)
    assert (grid.method, grid.level, grid.reduction) == (method, level, reduction)
    assert (grid.source_px, grid.tile_px) == (source_px, tile_px)
    assert grid.mpp == pytest.approx(mpp)
    assert grid.is_fast


def assert_a_tiling(grid, bounds):
    boxes = grid.boxes.reshape(grid.rows, grid.columns, 4)
    assert len(grid.boxes) == len(grid) == grid.rows * grid.columns
    if not len(grid):
        return
    rights, bottoms = boxes[..., 0] + boxes[..., 2], boxes[..., 1] + boxes[..., 3]
    assert boxes[..., 0].min() >= bounds.left
    assert boxes[..., 1].min() >= bounds.top
    assert rights.max() <= bounds.left + bounds.width
    assert bottoms.max() <= bounds.top + bounds.height
    np.testing.assert_array_equal(boxes[:, 1:, 0], rights[:, :-1])
    np.testing.assert_array_equal(boxes[1:, :, 1], bottoms[:-1])


def test_tiles_touch_and_lie_within_the_slide(slide):
    for scale in ("10x", "5x"):
        assert_a_tiling(plan_grid(slide, scale), slide.bounds)


@given(
    mpp=st.floats(0.1, 1.04),
    factors=st.sampled_from([(1,), (1, 4), (1, 4, 16), (1, 2, 4, 8), (1, 3.0003, 8.9)]),
    size=st.tuples(st.integers(300, 9000), st.integers(300, 9000)),
    tile_px=st.sampled_from([None, 240, 256, 512, 128]),
    scale=st.sampled_from(["10x", "5x"]),
    place=st.tuples(*[st.floats(0, 0.4)] * 4),
)
def test_any_slide_gives_tiles_of_their_true_scale(mpp, factors, size, tile_px, scale, place):
    left, top = int(size[0] * place[0]), int(size[1] * place[1])
    bounds = Box(left, top, int(size[0] * (1 - place[2])) - left, int(size[1] * (1 - place[3])) - top)
    slide = ImaginedSlide(mpp, factors, size, tile_px, bounds)
    grid = plan_grid(slide, scale)
    assert_a_tiling(grid, bounds)
    assert abs(grid.mpp / TILE_MPP[scale] - 1) < 0.0501
    if (grid if grid.halved is None else grid.halved).method == "resampled":
        assert abs(grid.mpp / TILE_MPP[scale] - 1) < 0.002
    edges_um = grid.boxes[:, 2:] * mpp
    np.testing.assert_allclose(edges_um, grid.tile_px * grid.mpp, atol=1.01 * mpp)


def test_a_20x_slide_gives_tiles_of_the_same_size_as_a_40x_slide(opened):
    for scale, tolerance in (("10x", 1.001), ("5x", 256 / 240)):  # 5x is taken over at 240 px
        edges_um = [
            plan_grid(slide, scale).boxes[0, 2] * slide.scale.mpp for slide in (opened("native 256"), opened("20x"))
        ]
        assert max(edges_um) / min(edges_um) <= tolerance


@pytest.mark.parametrize("factor", [4.0, 4.0013])
def test_a_5x_tile_covers_two_by_two_10x_tiles(factor):
    slide = ImaginedSlide(0.25, (1, factor), (9000, 8000), tile_px=240)
    fine, coarse = plan_grid(slide, "10x"), plan_grid(slide, "5x")
    places = fine.boxes.reshape(fine.rows, fine.columns, 4)
    for row, column in np.ndindex(coarse.rows, coarse.columns):
        four = places[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].reshape(4, 4)
        left, top, width, height = coarse.boxes[row * coarse.columns + column]
        assert (left, top) == tuple(four[:, :2].min(0))
        assert (left + width, top + height) == tuple((four[:, :2] + four[:, 2:]).max(0))
    assert coarse.halved == fine


@pytest.mark.parametrize(("tile_px", "taken"), [(224, True), (288, True), (208, False), (304, False), (512, False)])
def test_stored_tiles_of_about_the_wanted_size_are_taken_over(tile_px, taken):
    grid = plan_grid(ImaginedSlide(1.0, size=(2048, 2048), tile_px=tile_px), "10x")
    assert (grid.method, grid.tile_px) == (("taken over", tile_px) if taken else ("decoded", 256))


def test_a_slide_without_jpeg_tiles_is_read_at_a_native_level_or_resampled():
    assert plan_grid(ImaginedSlide(0.25, (1, 4), (4096, 4096)), "10x").method == "decoded"
    grid = plan_grid(ImaginedSlide(0.25, (1, 3), (4096, 4096)), "10x")
    assert (grid.method, grid.level, grid.source_px, grid.is_fast) == ("resampled", 1, 341, False)


def test_a_slide_smaller_than_a_tile_has_none():
    grid = plan_grid(ImaginedSlide(0.25, size=(1000, 5000)), "10x")
    assert (len(grid), grid.boxes.shape) == (0, (0, 4))


def test_a_slide_too_coarse_for_10x_still_gives_5x():
    slide = ImaginedSlide(1.5, size=(4096, 4096))
    with pytest.raises(FileFormatError, match=r"imagined.tif: the finest level has 1.5 µm per pixel, too coarse"):
        plan_grid(slide, "10x")
    assert plan_grid(slide, "5x").method == "resampled"


@pytest.mark.parametrize("tile_px", [0, 31, 257, 4096, -256])
def test_an_impossible_tile_is_refused(tile_px):
    with pytest.raises(SettingsError, match=f"a tile of {tile_px} pixels"):
        plan_grid(ImaginedSlide(0.25), "10x", tile_px)
