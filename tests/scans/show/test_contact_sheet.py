"""A contact sheet shows each plane once, with lengths, sides and scale that are those of the patient."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tumorboard import RESEARCH_USE_ONLY, lettering
from tumorboard.errors import StudyError
from tumorboard.scans.diameter import measure
from tumorboard.scans.planes import Marked, PlaneImage, Window, cut_planes
from tumorboard.scans.show import draw_sheet, sheet
from tumorboard.scans.show.palette import LONG, SHORT, TUMOUR, WARNING, WHITE
from tumorboard.scans.show.scale_bar import draw_scale_bar, nice_length_mm
from tumorboard.scans.show.view import SHOWN_PX, draw_view, side_letters
from tumorboard.scans.volume import Grid, Volume
from tumorboard.study.files import write_picture
from tumorboard.study.scan_settings import ScanSettings

GRID = Grid((40, 90, 100), np.array([-40.0, -60, -500]), np.array([[0, 0, 3.0], [0, 1.5, 0], [1.5, 0, 0]]))


@pytest.fixture(scope="module")
def mask():
    apart = (np.stack(np.indices(GRID.shape), axis=-1) - (20, 45, 50)) * (3, 1.5, 1.5)
    return ((apart / (24, 20, 33)) ** 2).sum(axis=-1) <= 1


@pytest.fixture(scope="module")
def size(mask):
    return measure(mask, GRID)


@pytest.fixture(scope="module")
def planes(mask, size):
    grey = Volume(np.full(GRID.shape, 0, np.int16), GRID, "CT")
    return cut_planes(grey, Marked(mask), size, ScanSettings(neighbours=1))


@pytest.fixture
def told(monkeypatch):
    """Collect the lines of text that are drawn."""
    lines = []
    real = lettering.draw_text

    def _draw(picture, text, *place, **style):
        lines.append(text)
        real(picture, text, *place, **style)

    monkeypatch.setattr(sheet, "draw_text", _draw)
    return lines


def coloured(picture, colour):
    return (picture == colour).all(axis=2)


def test_three_planes_side_by_side_whatever_their_order(planes, size):
    one, other = draw_sheet(planes, size), draw_sheet(planes[::-1], size)
    assert np.array_equal(one, other)
    assert one.shape[1] == 3 * SHOWN_PX + 4 * 12
    assert one.dtype == np.uint8


def test_lengths_places_facts_and_warnings_are_written(planes, size, told):
    draw_sheet(planes, size, ["CT, nephrographic phase"], 2 * ["the mask touches the border"])
    for diameter in size.diameters.values():
        assert f"{diameter.diameter_mm:.1f} mm" in told
        assert f"× {diameter.perpendicular_mm:.1f} mm" in told
    assert f"slice {size.diameters['transversal'].slice}, z −440.0 mm" in told
    assert "field 180 mm, window −160 to 240" in told
    assert "CT, nephrographic phase" in told
    assert told.count("! The mask touches the border") == 1
    assert told[-1] == RESEARCH_USE_ONLY
    assert told.index("Transversal") < told.index("Coronal") < told.index("Sagittal")


def test_a_pictures_own_remarks_are_told_once(planes, size, told):
    remarked = [replace(image, remarks=("the field of view is 200 mm",)) for image in planes]
    drawn = draw_sheet(remarked, size)
    assert told.count("! The field of view is 200 mm") == 1
    assert coloured(drawn, WARNING).any()
    assert not coloured(draw_sheet([replace(image, remarks=()) for image in planes], size), WARNING).any()


def test_the_caliper_on_the_picture_is_as_long_as_the_diameter(planes, size):
    for image in planes:
        if image.geometry.offset_mm:
            continue
        diameter = size.diameters[image.geometry.plane]
        view = draw_view(image, diameter)
        for colour, length_mm in ((LONG, diameter.diameter_mm), (SHORT, diameter.perpendicular_mm)):
            points = np.argwhere(coloured(view, colour)).astype(np.int32)
            (_, _), sides, _ = cv2.minAreaRect(points)
            shown_mm = max(sides) * image.geometry.pixel_mm * 256 / SHOWN_PX
            assert shown_mm == pytest.approx(length_mm, abs=2.0)


def test_the_outline_goes_around_the_mask(planes):
    for image in planes:
        drawn = coloured(draw_view(image, None), TUMOUR)
        shown = cv2.resize(image.mask, (SHOWN_PX, SHOWN_PX)) > 127
        near = cv2.morphologyEx(shown.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((9, 9), np.uint8)) > 0
        assert drawn.any()
        assert not (drawn & ~near).any()


def test_sides_of_the_patient(planes):
    letters = {image.geometry.plane: side_letters(image.geometry) for image in planes}
    assert letters["transversal"] == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert letters["coronal"] == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    assert letters["sagittal"] == {"left": "A", "right": "P", "top": "H", "bottom": "F"}


@pytest.mark.parametrize("pixel_mm", [0.05, 0.35, 0.7, 1.0])
def test_the_scale_bar_is_as_long_as_it_says(pixel_mm):
    picture = np.zeros((SHOWN_PX, SHOWN_PX, 3), np.uint8)
    draw_scale_bar(picture, pixel_mm)
    columns = np.flatnonzero(coloured(picture, WHITE)[SHOWN_PX - 14])
    wanted = nice_length_mm(0.3 * SHOWN_PX * pixel_mm)
    assert (columns[-1] - columns[0]) * pixel_mm == pytest.approx(wanted, abs=3 * pixel_mm)


def test_sixteen_bits_look_the_same(planes, size):
    deep = [replace(image, pixels=image.pixels.astype(np.uint16) * 257) for image in planes]
    assert np.array_equal(draw_sheet(deep, size), draw_sheet(planes, size))


def test_pictures_are_not_changed_and_a_drawing_is_the_same_each_time(planes, size):
    before = [(image.pixels.copy(), image.mask.copy()) for image in planes]
    assert np.array_equal(draw_sheet(planes, size, ["fact"]), draw_sheet(planes, size, ["fact"]))
    for image, (pixels, marked) in zip(planes, before, strict=True):
        assert np.array_equal(image.pixels, pixels)
        assert np.array_equal(image.mask, marked)


def test_one_plane_made_elsewhere_without_a_mask(planes, told):
    image = next(image for image in planes if image.geometry.offset_mm == 0)
    geometry = replace(image.geometry, slice=-1, in_patient=False)
    bare = PlaneImage(image.pixels, np.zeros_like(image.mask), geometry, Window(0, 255))
    drawn = draw_sheet([bare], None, ["a fact " * 40])
    assert drawn.shape[1] == SHOWN_PX + 24
    assert {"made elsewhere", "not measured"} <= set(told)
    assert not {"Tumour", "Largest diameter"} & set(told)
    assert max(lettering.text_width(line, 15) for line in told[:-1]) <= SHOWN_PX


def test_neighbours_alone_make_no_sheet(planes):
    with pytest.raises(ValueError, match="a plane through the largest diameter"):
        draw_sheet([image for image in planes if image.geometry.offset_mm], None)


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg"])
def test_it_is_written_whole_in_its_colours(tmp_path, planes, size, name):
    drawn = draw_sheet(planes, size)
    write_picture(tmp_path / "sheets" / name, drawn)
    read = cv2.cvtColor(cv2.imread(str(tmp_path / "sheets" / name)), cv2.COLOR_BGR2RGB)
    assert np.abs(read.astype(int) - drawn).mean() < (0.001 if name.endswith("png") else 3)
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == [name]
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be written"):
        write_picture(tmp_path / "file" / name, drawn)
