"""Colours come from the overview; streams that nobody decodes are checked."""

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.slides.tiles.coding import TileCoding, check_stream, decode
from tumorboard.slides.tiles.colour import colours_of_row


@given(
    downsample=st.floats(3, 40),
    lefts=st.lists(st.integers(0, 1500), min_size=1, max_size=8),
    top=st.integers(0, 1500),
    edge=st.integers(1, 900),
)
def test_colours_are_mean_and_standard_deviation_of_the_pixels_within(downsample, lefts, top, edge):
    overview = np.random.default_rng(5).integers(0, 256, (70, 83, 3), np.uint8)
    boxes = np.array([[left, top, edge, edge] for left in lefts])
    found = colours_of_row(overview, downsample, boxes)
    assert found.shape == (len(lefts), 6)
    for (left, *_), colours in zip(boxes, found, strict=True):
        rows, columns = (
            slice(first, max(first + 1, min(round((start + edge) / downsample), side)))
            for start, side in ((top, 70), (left, 83))
            for first in [min(round(start / downsample), side - 1)]
        )
        part = overview[rows, columns].reshape(-1, 3)
        np.testing.assert_allclose(colours[:3], part.mean(0), atol=1e-3)
        np.testing.assert_allclose(colours[3:], part.std(0), atol=1e-2)


@pytest.fixture(scope="module")
def stream():
    picture = np.random.default_rng(1).integers(0, 255, (256, 256, 3), np.uint8)
    return simplejpeg.encode_jpeg(picture, 80)


def test_a_sound_stream_passes_with_padding_too(stream):
    check_stream(stream, 256, 256)
    check_stream(stream + b"\0\0\0", 256, 256)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda s: b"", "cut off"),
        (lambda s: s[:-500], "cut off"),
        (lambda s: bytes(len(s)), "cut off"),
        (lambda s: b"PNG" + s[3:], "header"),
        (lambda s: s[:300] + s[-2:], "header"),
        (lambda s: s[:4000] + bytes(600) + s[4600:], "damaged"),
    ],
)
def test_a_spoilt_stream_is_found_without_decoding(stream, spoil, reason):
    with pytest.raises(FileFormatError, match=reason):
        check_stream(spoil(stream), 256, 256)


def test_another_size_is_named(stream):
    with pytest.raises(FileFormatError, match="256 x 256 pixels, not 240 x 240"):
        check_stream(stream, 240, 240)
    with pytest.raises(FileFormatError, match="pixels, not 240 x 240"):
        decode(stream, 240, 240, 4)


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_scaled_decoding_averages(stream, reduction):
    picture = decode(stream, 256, 256, reduction)
    assert picture.shape == (256 // reduction, 256 // reduction, 3)
    np.testing.assert_allclose(picture.mean((0, 1)), decode(stream, 256, 256).mean((0, 1)), atol=1)


def test_a_flat_white_tile_is_no_hole():
    white = TileCoding().encode(np.full((256, 256, 3), 255, np.uint8))
    check_stream(white, 256, 256)
