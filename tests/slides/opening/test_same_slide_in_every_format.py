"""The same pixels lie at the same place, at the same scale, whatever the format."""

import pickle
from pathlib import Path

import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_slides import HEIGHT, MPP, WIDTH

from tumorboard.slides.opening import FORMATS, format_table, open_slide
from tumorboard.slides.slide import Box

FILES = (
    "aperio",
    "generic-tiff",
    "generic-tiff in JPEG",
    "ome-tiff",
    "ome-tiff in JPEG",
    "ome-tiff in planes",
    "dicom",
    "dicom in RGB",
)
LOSSLESS = ("aperio", "generic-tiff", "ome-tiff", "ome-tiff in planes")
RESAMPLED_BY_OPENSLIDE = ("generic-tiff",)
whole_levels: dict[str, list] = {}


@pytest.fixture(scope="module", params=FILES)
def opened(request, same_slide):
    with open_slide(same_slide.files[request.param]) as slide:
        yield request.param, slide, same_slide.levels


def truth(level, left, top, width, height):
    """The rectangle of a level, white outside it."""
    picture = np.full((height, width, 3), 255, np.uint8)
    rows, columns = np.arange(top, top + height), np.arange(left, left + width)
    inside_rows, inside_columns = (rows >= 0) & (rows < level.shape[0]), (columns >= 0) & (columns < level.shape[1])
    picture[np.ix_(inside_rows, inside_columns)] = level[np.ix_(rows[inside_rows], columns[inside_columns])]
    return picture


def test_scale_levels_and_format(opened):
    name, slide, levels = opened
    assert slide.format == name.split(" in ")[0]
    assert slide.scale.mpp == pytest.approx(MPP, rel=1e-5)
    assert slide.scale.source == "MPP of the file"
    assert [(level.width, level.height) for level in slide.levels] == [(p.shape[1], p.shape[0]) for p in levels]
    assert [level.downsample for level in slide.levels] == [1, 4, 16]
    assert slide.mpp(1) == pytest.approx(4 * MPP, rel=1e-5)
    assert slide.bounds == Box(0, 0, WIDTH, HEIGHT)
    assert slide.remarks == ()


def test_whole_levels_show_the_same(opened):
    name, slide, levels = opened
    for number, level in enumerate(levels):
        seen = slide.read(number, 0, 0, level.shape[1], level.shape[0])
        assert seen.dtype == np.uint8
        if name in LOSSLESS and not (number and name in RESAMPLED_BY_OPENSLIDE):
            assert np.array_equal(seen, level)
        else:
            assert np.abs(seen.astype(int) - level).mean() < 4


@settings(max_examples=25)
@given(data=st.data())
def test_any_rectangle_is_cut_from_the_same_picture(opened, data):
    name, slide, _ = opened
    number = data.draw(st.integers(0, 0 if name in RESAMPLED_BY_OPENSLIDE else 2), "level")
    level = slide.levels[number]
    left = data.draw(st.integers(-300, level.width + 50), "left")
    top = data.draw(st.integers(-300, level.height + 50), "top")
    width, height = data.draw(st.integers(1, 400), "width"), data.draw(st.integers(1, 400), "height")
    if name not in whole_levels:
        whole_levels[name] = [slide.read(k, 0, 0, size.width, size.height) for k, size in enumerate(slide.levels)]
    expected = truth(whole_levels[name][number], left, top, width, height)
    assert np.array_equal(slide.read(number, left, top, width, height), expected)


@pytest.mark.parametrize("name", ["aperio", "generic-tiff in JPEG", "dicom", "dicom in RGB"])
def test_level_0_is_what_openslide_reads(same_slide, name):
    path = same_slide.files[name]
    file = path / "0.dcm" if path.is_dir() else path
    with openslide.OpenSlide(file) as handle, open_slide(path) as slide:
        expected = np.asarray(handle.read_region((200, 100), 0, (700, 600)))[..., :3]
        assert np.array_equal(slide.read(0, 200, 100, 700, 600), expected)


def test_a_resampled_level_is_within_half_a_pixel(same_slide):
    """OpenSlide places by whole pixels of level 0; where tiles are no JPEG, its reading is all there is."""
    with open_slide(same_slide.files["generic-tiff"]) as slide:
        level = slide.levels[1]
        seen = slide.read(1, 201, 157, 120, 130).astype(int)
        right = [np.abs(seen - same_slide.levels[1][157:287, x : x + 120]).mean() for x in (200, 201, 202)]
        assert right[1] == min(right)
        assert level.downsample == 4


def test_stored_tiles_are_the_level(opened):
    name, slide, levels = opened
    has_jpeg = name not in ("generic-tiff", "ome-tiff", "ome-tiff in planes")
    for number, level in enumerate(levels):
        stored = slide.jpeg_level(number)
        assert (stored is not None) == has_jpeg
        if stored is not None:
            columns, rows = -(-level.shape[1] // stored.tile_width), -(-level.shape[0] // stored.tile_height)
            assert (stored.columns, stored.rows) == (columns, rows)
            assert stored.sizes().shape == (rows, columns)
            assert stored.sizes().min() > 0


def test_a_slide_goes_to_another_process_with_the_stated_scale(same_slide):
    for path in same_slide.files.values():
        with open_slide(path, mpp=0.3) as slide, pickle.loads(pickle.dumps(slide)) as again:
            assert again.scale == slide.scale
            assert np.array_equal(again.read(0, 9, 8, 70, 60), slide.read(0, 9, 8, 70, 60))


def test_closing_twice_is_no_error_and_a_closed_slide_is_not_read(same_slide):
    for path in same_slide.files.values():
        slide = open_slide(path)
        slide.read(0, 0, 0, 10, 10)
        slide.jpeg_level(0)
        slide.close()
        slide.close()
        with pytest.raises(ValueError, match="is closed"):
            slide.read(0, 0, 0, 10, 10)


def test_a_level_or_size_that_is_none_is_an_error_of_the_program(opened):
    _, slide, _ = opened
    with pytest.raises(ValueError, match="there is no 3"):
        slide.read(3, 0, 0, 1, 1)
    with pytest.raises(ValueError, match="0 x 5 pixels"):
        slide.read(0, 0, 0, 0, 5)


def test_the_table_of_formats_names_what_was_opened_here(opened):
    name, slide, _ = opened
    entries = [entry for entry in FORMATS if entry.format == slide.format]
    assert len(entries) == 1
    assert entries[0].tested.value != "untested"
    if slide.jpeg_level(0) is not None:
        assert entries[0].stored_tiles, name


def test_the_page_on_slides_has_every_format_with_what_it_was_tested_on():
    page = Path(__file__).parents[3] / "docs" / "slides.md"
    assert f"\n\n{format_table()}\n\n" in page.read_text(encoding="utf-8")
