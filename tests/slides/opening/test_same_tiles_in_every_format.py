"""The same tissue gives the same tiles: whatever the format, at 20x as at 40x."""

import cv2
import numpy as np
import pytest
import simplejpeg
from written_slides import MPP, write_aperio

from tumorboard.slides.opening import open_slide
from tumorboard.slides.tiles import TILE_MPP, WantedTiles, cut, plan_grid
from tumorboard.slides.tissue.overview import read_overview

TILE_PX = 96
NEAR = 5.0
"""Mean difference in grey levels: two generations of JPEG of a grainy picture."""


def tiles_of(path, scale):
    """Every tile of a slide by its place in µm, with the µm per pixel."""
    with open_slide(path) as slide:
        grid = plan_grid(slide, scale, TILE_PX)
        rows = list(cut(slide, [WantedTiles(grid, np.arange(len(grid)))], read_overview(slide, 8.0)))
        mpp = slide.scale.mpp
    tiles = {}
    for row in rows:
        for payload, (left, top, width, height) in zip(row.payloads, row.boxes.tolist(), strict=True):
            picture = simplejpeg.decode_jpeg(payload)
            assert (width * mpp, height * mpp) == pytest.approx((picture.shape[1] * row.mpp,) * 2, abs=mpp)
            tiles[round(left * mpp), round(top * mpp)] = picture
    return tiles, grid


@pytest.mark.parametrize("scale", ["10x", "5x"])
def test_every_format_gives_the_same_tiles(same_slide, scale):
    expected, reference = tiles_of(same_slide.files["aperio"], scale)
    assert len(expected) == len(reference) > 0
    for name, path in same_slide.files.items():
        tiles, grid = tiles_of(path, scale)
        assert grid.mpp == pytest.approx(reference.mpp, rel=1e-4)
        assert tiles.keys() == expected.keys(), name
        for place, tile in tiles.items():
            assert np.abs(tile.astype(int) - expected[place]).mean() < NEAR, (name, place)


@pytest.mark.parametrize("scale", ["10x", "5x"])
def test_tissue_scanned_at_20x_gives_tiles_of_the_same_size_and_content(same_slide, tmp_path, scale):
    at_40x = same_slide.levels[0][: 1273 // 2 * 2, : 1531 // 2 * 2]
    half = cv2.resize(at_40x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    path = write_aperio(tmp_path / "20x.svs", half, mpp=2 * MPP, objective=20, factors=(1, 4))
    fine, _ = tiles_of(same_slide.files["aperio"], scale)
    coarse, grid = tiles_of(path, scale)
    assert grid.mpp == pytest.approx(TILE_MPP[scale], rel=0.05)
    assert coarse.keys() == fine.keys()
    for place, tile in coarse.items():
        assert np.abs(tile.astype(int) - fine[place]).mean() < NEAR, place
