"""Downsamples, bounds and colours from the numbers that OpenSlide gives."""

import numpy as np
import openslide
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tumorboard.slides.opening.levels import bounds_of, overlap, pyramid
from tumorboard.slides.opening.openslide_slide import _read_rgb
from tumorboard.slides.opening.pixels import on_white
from tumorboard.slides.slide import Box


@given(st.integers(300, 200_000), st.integers(300, 200_000), st.integers(1, 64), st.sampled_from([0, 1]))
def test_a_whole_factor_is_found_whichever_way_the_scanner_rounds(width, height, factor, up):
    size = (width + up * (factor - 1)) // factor, (height + up * (factor - 1)) // factor
    level = pyramid([(width, height), size])[1]
    if min(size) >= 2 * factor + 4:  # a smaller level fits several factors
        assert level.downsample == factor
    assert abs(width / level.downsample - size[0]) < 1 or not float(level.downsample).is_integer()


def test_a_factor_that_is_not_whole_stays_as_it_is():
    assert pyramid([(10_000, 8_000), (4_000, 3_200)])[1].downsample == pytest.approx(2.5)
    assert pyramid([(46_000, 32_914), (11_500, 8_228), (2_875, 2_057)])[2].downsample == 16


def bounds(*numbers):
    return {f"openslide.bounds-{name}": str(n) for name, n in zip(("x", "y", "width", "height"), numbers, strict=True)}


def test_bounds_are_what_was_scanned_within_level_0():
    assert bounds_of(bounds(26_000, 70_000, 30_000, 40_000), 94_000, 220_000) == Box(26_000, 70_000, 30_000, 40_000)
    assert bounds_of(bounds(80_000, 0, 30_000, 40_000), 94_000, 20_000) == Box(80_000, 0, 14_000, 20_000)
    assert bounds_of(bounds(-10, -20, 100, 100), 1000, 1000) == Box(0, 0, 90, 80)


@pytest.mark.parametrize(
    "properties",
    [{}, bounds(5, 5, 0, 10), bounds(2000, 0, 10, 10), bounds("a", 0, 1, 1), {"openslide.bounds-x": "5"}],
)
def test_without_bounds_all_of_level_0_counts(properties):
    assert bounds_of(properties, 1000, 900) == Box(0, 0, 1000, 900)


@given(*[st.integers(-50, 50)] * 2, *[st.integers(1, 60)] * 2)
def test_the_overlap_holds_the_pixels_that_both_have(left, top, width, height):
    box = overlap(Box(left, top, width, height), 40, 30)
    both = {
        (x, y) for x in range(max(left, 0), min(left + width, 40)) for y in range(max(top, 0), min(top + height, 30))
    }
    assert (box.width * box.height if box else 0) == len(both)
    if box:
        assert {(box.left, box.top), (box.left + box.width - 1, box.top + box.height - 1)} <= both


@given(arrays(np.uint8, (3, 5, 4)))
def test_premultiplied_colours_are_laid_on_white(channels):
    alpha = channels[..., 3:].astype(int)
    colours = channels[..., :3].astype(int) * alpha // 255
    red, green, blue = np.moveaxis(colours, -1, 0)
    pixels = (alpha[..., 0] << 24 | red << 16 | green << 8 | blue).astype(np.uint32)
    assert np.array_equal(on_white(pixels), colours + 255 - alpha)


def test_what_was_not_scanned_is_white():
    assert np.array_equal(on_white(np.zeros((2, 3), np.uint32)), np.full((2, 3, 3), 255))


def test_reading_into_an_array_equals_reading_by_a_picture(same_slide, monkeypatch):
    with openslide.OpenSlide(same_slide.files["aperio"]) as slide:
        args = (slide, (-20, -30), 0, 200, 150)  # partly outside, hence partly transparent
        direct = _read_rgb(*args)
        picture = slide.read_region(args[1], 0, args[3:])
        expected = Image.new("RGB", picture.size, "white")
        expected.paste(picture, mask=picture)
        assert np.array_equal(direct, np.asarray(expected))
        monkeypatch.delattr("openslide.lowlevel._read_region")
        monkeypatch.setattr(slide, "read_region", lambda *_: picture)
        assert np.array_equal(_read_rgb(*args), direct)
