"""The public Aperio slide CMU-1 (a part of it)."""

import cv2
import numpy as np
import openslide
import pytest
import tifffile

from tumorboard.slides.opening import open_slide


@pytest.fixture
def path(real_data):
    return real_data / "slides" / "cmu-1-small-region.svs"


def test_scale_size_and_stored_tiles(path):
    with open_slide(path) as slide:
        assert (slide.format, slide.scale.mpp, slide.scale.objective_power) == ("aperio", 0.499, 20)
        assert [(level.width, level.height, level.downsample) for level in slide.levels] == [(2220, 2967, 1)]
        assert slide.remarks == ()
        stored = slide.jpeg_level(0)
        assert (stored.columns, stored.rows, stored.tile_width, stored.tile_height) == (10, 13, 240, 240)
        tile = cv2.imdecode(np.frombuffer(stored.jpeg(4, 5), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(tile, slide.read(0, 960, 1200, 240, 240))


def test_pixels_are_those_of_openslide_and_tifffile(path):
    with open_slide(path) as slide, openslide.OpenSlide(path) as handle, tifffile.TiffFile(path) as file:
        seen = slide.read(0, 0, 0, 2220, 2967)
        assert np.array_equal(seen, np.asarray(handle.read_region((0, 0), 0, (2220, 2967)))[..., :3])
        assert np.array_equal(seen, file.pages[0].asarray())
        beyond = slide.read(0, 2200, 2950, 40, 40)
        assert np.array_equal(beyond[:17, :20], seen[2950:, 2200:])
        assert beyond[17:].min() == beyond[:, 20:].min() == 255
