"""Cut tiles show what OpenSlide shows there, whatever way they were made and whatever else is cut."""

import cv2
import numpy as np
import openslide
import pytest
import simplejpeg
from imagined_slide import ImaginedSlide

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening import open_slide
from tumorboard.slides.slide import Box
from tumorboard.slides.tiles import COLOUR_COLUMNS, TileCoding, WantedTiles, cut, plan_grid
from tumorboard.slides.tissue.overview import Overview

SCALES = ("10x", "5x")
NO_LOSS = TileCoding(quality=100, chroma="444")


def overview_of(slide):
    """The whole slide at about 8 µm per pixel."""
    factor = round(8 / slide.scale.mpp)
    size = slide.levels[0]
    whole = slide.read(0, 0, 0, size.width // factor * factor, size.height // factor * factor)
    side = (size.width // factor, size.height // factor)
    picture = cv2.resize(whole, side, interpolation=cv2.INTER_AREA)
    return Overview(picture, factor * slide.scale.mpp, factor)


def cut_all(slide, which=None, scales=SCALES, **options):
    """Cut all tiles, or those whose number ``which`` accepts; returns rows."""
    grids = [plan_grid(slide, scale) for scale in scales]
    wanted = [
        WantedTiles(grid, np.array([n for n in range(len(grid)) if not which or which(n)], int)) for grid in grids
    ]
    return list(cut(slide, wanted, overview_of(slide), **options))


def streams(rows):
    return {
        (row.scale, int(number)): stream
        for row in rows
        for number, stream in zip(row.numbers, row.payloads, strict=True)
    }


def by_openslide(path, box, tile_px):
    """Level 0 of a box, averaged down to a tile."""
    with openslide.OpenSlide(path) as slide:
        left, top, width, height = (int(value) for value in box)
        whole = np.asarray(slide.read_region((left, top), 0, (width, height)))[..., :3]
    return cv2.resize(whole, (tile_px, tile_px), interpolation=cv2.INTER_AREA)


def difference(stream, expected):
    return np.abs(simplejpeg.decode_jpeg(stream).astype(int) - expected).mean()


@pytest.mark.parametrize("kind", ["native 256", "native 240"])
def test_a_tile_taken_over_is_pixel_for_pixel_what_openslide_reads(opened, kind):
    slide = opened(kind)
    rows = cut_all(slide, scales=["10x"])
    assert {row.method for row in rows} == {"taken over"}
    with openslide.OpenSlide(slide.path) as reference:
        assert reference.level_downsamples[1] == 4.0
        for row in rows:
            for (left, top, _, _), stream in zip(row.boxes.tolist(), row.payloads, strict=True):
                seen = np.asarray(reference.read_region((left, top), 1, (row.width_px, row.height_px)))[..., :3]
                np.testing.assert_array_equal(simplejpeg.decode_jpeg(stream), seen)


def test_tiles_of_every_kind_are_openslides_within_two_grey_levels(slide):
    for row in cut_all(slide, coding=NO_LOSS):
        for box, stream in zip(row.boxes, row.payloads, strict=True):
            assert difference(stream, by_openslide(slide.path, box, row.width_px)) < 2


def test_tiles_of_a_real_slide_are_openslides_within_two_grey_levels_as_they_are_stored(real_data):
    with open_slide(real_data / "slides" / "cmu-1-small-region.svs") as slide:
        for coding, limit in ((None, 2.0), (NO_LOSS, 0.7)):
            rows = cut_all(slide, coding=coding)
            assert {row.method for row in rows} == {"scaled decoding"}
            for scale, count, mpp in (("10x", 4 * 5, 0.998), ("5x", 2 * 2, 1.996)):
                differences = [
                    difference(stream, by_openslide(slide.path, box, row.width_px))
                    for row in rows
                    if row.scale == scale
                    for box, stream in zip(row.boxes, row.payloads, strict=True)
                ]
                assert len(differences) == count
                assert np.mean(differences) < limit
                assert next(row.mpp for row in rows if row.scale == scale) == pytest.approx(mpp)


def test_a_20x_slide_shows_the_same_tissue_as_a_40x_slide(opened):
    by_kind = {kind: cut_all(opened(kind), scales=["10x"], coding=NO_LOSS) for kind in ("native 256", "20x")}
    for fine, coarse in zip(*by_kind.values(), strict=True):
        np.testing.assert_array_equal(fine.boxes, 2 * coarse.boxes)
        for one, other in zip(fine.payloads, coarse.payloads, strict=True):
            assert difference(one, simplejpeg.decode_jpeg(other).astype(int)) < 2


def test_without_jpeg_tiles_the_pixels_are_the_same_within_resampling(opened, monkeypatch):
    for kind in ("native 256", "quarter", "resampled"):
        slide = opened(kind)
        fast = streams(cut_all(slide, coding=NO_LOSS))
        boxes = plan_grid(slide, "10x").boxes
        monkeypatch.setattr(slide, "jpeg_level", lambda level: None)
        rows = cut_all(slide, coding=NO_LOSS)
        assert {row.method for row in rows} <= {"decoded", "resampled"}
        if kind == "resampled":  # read from level 0: 1101 of its pixels rather than 275 of a quarter's
            continue
        np.testing.assert_array_equal(plan_grid(slide, "10x").boxes, boxes)
        slow = streams(rows)
        assert slow.keys() == fast.keys()
        for place, stream in slow.items():
            assert difference(stream, simplejpeg.decode_jpeg(fast[place]).astype(int)) < 2


def test_a_tile_is_the_same_whatever_else_is_cut(slide):
    everything = streams(cut_all(slide))
    assert streams(cut_all(slide)) == everything
    for which in (lambda n: n % 3 == 1, lambda n: n == 2):
        some = streams(cut_all(slide, which))
        assert some == {place: stream for place, stream in everything.items() if which(place[1])}
    for scale in SCALES:
        alone = streams(cut_all(slide, scales=[scale]))
        assert alone == {place: stream for place, stream in everything.items() if place[0] == scale}


def test_rows_come_from_the_top_and_tiles_from_the_left(slide):
    rows = cut_all(slide)
    order = [(row.bottom, row.scale == "5x") for row in rows]
    assert order == sorted(order)
    for row in rows:
        assert len(row) == len(row.boxes) == len(row.colours) > 0
        assert (np.diff(row.boxes[:, 0]) > 0).all()
        assert len(set(row.boxes[:, 1].tolist())) == 1
        grid = plan_grid(slide, row.scale)
        np.testing.assert_array_equal(grid.boxes[row.numbers], row.boxes)
        for stream in row.payloads:
            assert simplejpeg.decode_jpeg_header(stream)[:2] == (row.height_px, row.width_px)


def test_wanted_tiles_may_be_numbers_in_any_order_or_booleans(opened):
    slide = opened("native 240")
    grid = plan_grid(slide, "10x")
    mask = np.zeros(len(grid), bool)
    mask[[0, 3]] = True
    ways = [np.array([3, 0]), np.array([0, 3, 3]), mask]
    found = [streams(cut(slide, [WantedTiles(grid, which)], overview_of(slide))) for which in ways]
    assert found[0] == found[1] == found[2]
    assert list(found[0]) == [("10x", 0), ("10x", 3)]
    for bad in (np.array([len(grid)]), np.array([-1]), mask[:-1]):
        with pytest.raises(ValueError, match="tiles"):
            list(cut(slide, [WantedTiles(grid, bad)], overview_of(slide)))
    with pytest.raises(ValueError, match="a scale is wanted twice"):
        list(cut(slide, [WantedTiles(grid, mask)] * 2, overview_of(slide)))
    assert list(cut(slide, [WantedTiles(grid, np.zeros(0, int))], overview_of(slide))) == []


@pytest.mark.parametrize(("mpp", "tile_px"), [(1.0, 256), (1.0, 240), (0.25, 240), (0.233, 256), (1.0, 512)])
def test_no_stored_tile_is_read_twice(mpp, tile_px):
    picture = cv2.resize(np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8), (3000, 2900))
    slide = ImaginedSlide(mpp, size=(3000, 2900), tile_px=tile_px, picture=picture)
    rows = cut_all(slide)
    assert {row.scale for row in rows} == ({"10x", "5x"})
    asked = slide.jpeg_level(0).asked
    assert len(asked) == len(set(asked)) > 0


def test_tiles_outside_the_bounds_are_not_cut_and_places_are_those_of_the_whole_level():
    picture = cv2.resize(np.random.default_rng(1).integers(0, 255, (30, 30, 3), np.uint8), (2000, 2000))
    bounds = Box(300, 420, 1500, 1400)
    for tile_px in (256, 512):
        slide = ImaginedSlide(1.0, size=(2000, 2000), tile_px=tile_px, bounds=bounds, picture=picture)
        for row in cut_all(slide, coding=NO_LOSS):
            for (left, top, width, height), stream in zip(row.boxes.tolist(), row.payloads, strict=True):
                part = np.ascontiguousarray(picture[top : top + height, left : left + width])
                expected = cv2.resize(part, (row.width_px, row.height_px), interpolation=cv2.INTER_AREA)
                assert difference(stream, expected) < 3


DAMAGE = {
    "cut off": lambda stream: stream[: len(stream) // 2],
    "no JPEG": lambda stream: bytes(len(stream)),
    "another size": lambda stream: simplejpeg.encode_jpeg(np.zeros((64, 64, 3), np.uint8)),
    "a hole": lambda stream: stream[:1500] + bytes(1000) + stream[2500:],
    "header": lambda stream: stream[:2] + b"\xff\xdb\xff\xff" + stream[6:],
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("mpp", [1.0, 0.25])
def test_a_damaged_stored_tile_costs_the_tiles_that_show_it_and_no_others(kind, mpp):
    picture = cv2.resize(np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8), (2048, 2048))
    slide = ImaginedSlide(mpp, size=(2048, 2048), tile_px=256 if mpp == 1 else 128, picture=picture)
    sound = streams(cut_all(slide))
    stored = slide.jpeg_level(0)
    stored.replaced[5, 2] = DAMAGE[kind](stored.jpeg(5, 2))
    left, top = 5 * stored.tile_width, 2 * stored.tile_width
    told = []
    found = streams(cut_all(slide, on_damage=told.append))
    shown = {
        (scale, number)
        for scale in SCALES
        for number, box in enumerate(plan_grid(slide, scale).boxes.tolist())
        if box[0] <= left < box[0] + box[2] and box[1] <= top < box[1] + box[3]
    }
    assert {(each.scale, each.number) for each in told} == shown
    assert len(shown) == 2
    assert all(each.reason and each.box == Box(*plan_grid(slide, each.scale).boxes[each.number]) for each in told)
    assert found == {place: stream for place, stream in sound.items() if place not in shown}
    for scale in SCALES:
        told.clear()
        alone = streams(cut_all(slide, scales=[scale], on_damage=told.append))
        assert alone == {place: stream for place, stream in found.items() if place[0] == scale}
        assert {(each.scale, each.number) for each in told} == {place for place in shown if place[0] == scale}
    with pytest.raises(FileFormatError, match=r"imagined.tif: the 10x tile at x \d+, y \d+ .* is damaged: its JPEG"):
        cut_all(slide)


def test_what_was_not_scanned_is_white():
    slide = ImaginedSlide(1.0, size=(1024, 1024), tile_px=256)
    slide.jpeg_level(0).missing.add((1, 0))
    found = streams(cut_all(slide))
    assert simplejpeg.decode_jpeg(found["10x", 1]).min() == 255
    corner = simplejpeg.decode_jpeg(found["5x", 0])
    assert corner[8:120, 136:248].min() > 250
    assert abs(int(corner[200, 60, 1]) - 120) < 6


def test_focus_is_measured_at_5x_for_tiles_of_either_scale(slide):
    seen = []

    def focus_of(picture, mpp):
        seen.append((picture.shape, mpp))
        return float(picture.mean())

    rows = cut_all(slide, focus_of=focus_of)
    assert len(seen) == sum(len(row) for row in rows)
    assert all(abs(mpp / 2 - 1) <= 0.05 for _, mpp in seen)
    for row in rows:
        means = [simplejpeg.decode_jpeg(stream).mean() for stream in row.payloads]
        np.testing.assert_allclose(row.focus, means, atol=1)
    assert streams(rows) == streams(cut_all(slide))
    assert all(row.focus is None for row in cut_all(slide))


def test_colours_are_those_of_the_tile_whatever_way_it_was_made(slide):
    assert COLOUR_COLUMNS[:3] == ("mean_red", "mean_green", "mean_blue")
    for row in cut_all(slide):
        for colours, stream in zip(row.colours, row.payloads, strict=True):
            picture = simplejpeg.decode_jpeg(stream)
            np.testing.assert_allclose(colours[:3], picture.mean((0, 1)), atol=2)
            assert (colours[3:] > 0).all()
            assert (colours[3:] < picture.std((0, 1)) + 2).all()
