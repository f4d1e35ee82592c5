"""GeoJSON for QuPath: valid polygons in its own coordinates, the same bytes each time, no more points than needed."""

import json
import uuid

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from painted_slide import PaintedSlide

from tumorboard.slides.annotation import Grid, read_annotation
from tumorboard.slides.show import RegionMaps, TileObjects, write_objects
from tumorboard.slides.slide import Box

WHOLE = Box(0, 0, 6400, 4800)


def disc(rows, columns, y, x, radius):
    row, column = np.mgrid[:rows, :columns]
    return np.hypot(row - y, column - x) < radius


@pytest.fixture
def maps():
    tissue = disc(75, 100, 37, 50, 30) & ~disc(75, 100, 37, 55, 10)
    return RegionMaps(tissue, {"pen": disc(75, 100, 20, 20, 8), "fold": np.zeros((75, 100), bool)}, downsample=64.0)


@pytest.fixture
def written(tmp_path, maps):
    def _written(bounds=WHOLE, tiles=(), name="A-1", maps=maps):
        path = tmp_path / "objects.geojson"
        write_objects(path, name, bounds, maps, tiles)
        return json.loads(path.read_text())["features"]

    return _written


def polygon(feature):
    outer, *holes = feature["geometry"]["coordinates"]
    return shapely.Polygon(outer, holes)


def test_outlines_are_the_maps_with_their_holes(written, maps):
    tissue, pen = written()
    assert [tissue["properties"]["classification"]["name"], pen["properties"]["classification"]["name"]] == [
        "Tissue",
        "Pen mark",
    ]
    assert len(tissue["geometry"]["coordinates"]) == 2
    for feature, mask in ((tissue, maps.tissue), (pen, maps.artefacts["pen"])):
        assert polygon(feature).is_valid
        assert polygon(feature).area == pytest.approx(mask.sum() * 64**2, rel=0.02)
        assert feature["properties"]["objectType"] == "annotation"


def test_what_is_written_is_read_back_as_an_annotation(tmp_path, maps):
    bounds = Box(640, 320, 5600, 4400)
    slide = PaintedSlide(6400, 4800, bounds=bounds)
    write_objects(tmp_path / "A-1.geojson", "A-1", bounds, maps)
    again = read_annotation(tmp_path / "A-1.geojson", slide, classes=["Tissue"])
    mask = again.mask(Grid(0, 0, 64, 100, 75))
    assert np.count_nonzero(mask != maps.tissue) < 0.02 * maps.tissue.sum()


def test_coordinates_count_from_the_corner_of_what_was_scanned(written, maps):
    moved = RegionMaps(maps.tissue, maps.artefacts, 64.0, left=1000.0, top=500.0)
    boxes = np.array([(2000, 1500, 1024, 1024)])
    there = written(Box(1000, 500, 6400, 4800), [TileObjects("Tile 10x", boxes)], maps=moved)
    here = written(WHOLE, [TileObjects("Tile 10x", boxes - [1000, 500, 0, 0])])
    assert [feature["geometry"] for feature in there] == [feature["geometry"] for feature in here]


def test_tiles_are_rectangles_with_measurements(written):
    boxes = np.array([(0, 0, 1024, 1024), (1024, 0, 1024, 1024)])
    values = {"Tissue share": np.array([0.5, 1.0]), "Focus": np.array([np.nan, 12.3456789])}
    first, second = written(tiles=[TileObjects("Tile 10x", boxes, values)])[-2:]
    assert first["properties"]["objectType"] == "tile"
    assert polygon(second).equals(shapely.box(1024, 0, 2048, 1024))
    assert first["properties"]["measurements"] == {"Tissue share": 0.5}
    assert second["properties"]["measurements"] == {"Tissue share": 1.0, "Focus": 12.3457}


def test_the_same_slide_has_the_same_bytes_and_every_object_its_own_name(tmp_path, maps):
    boxes = np.array([(left, top, 512, 512) for left in range(0, 4096, 512) for top in range(0, 4096, 512)])
    tiles = [TileObjects("Tile 10x", boxes), TileObjects("Tile 5x", boxes * [1, 1, 2, 2])]
    for path, name in (("one", "A-1"), ("two", "A-1"), ("three", "B-7")):
        write_objects(tmp_path / f"{path}.geojson", name, WHOLE, maps, tiles)
    one, two, three = ((tmp_path / f"{name}.geojson").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    ids = [feature["id"] for text in (one, three) for feature in json.loads(text)["features"]]
    assert len(set(ids)) == len(ids)
    assert all(uuid.UUID(name) for name in ids)
    assert b"A-1" not in one


@given(
    st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).random((12, 17)) < 0.5),
    st.tuples(st.integers(-40, 60), st.integers(-40, 60), st.integers(100, 700), st.integers(100, 500)),
    st.floats(20, 70),
)
def test_outlines_are_valid_and_within_the_bounds_whatever_they_cut(tmp_path_factory, mask, bounds, step):
    box = Box(*bounds)
    path = tmp_path_factory.mktemp("cut") / "objects.geojson"
    write_objects(path, "A-1", box, RegionMaps(mask, downsample=step))
    for feature in json.loads(path.read_text())["features"]:
        shape = polygon(feature)
        assert shape.is_valid, shapely.is_valid_reason(shape)
        assert shapely.box(0, 0, box.width, box.height).buffer(0.2).covers(shape)


def test_a_large_slide_has_a_small_file(tmp_path):
    """100,000 x 80,000 pixels at 64 a cell, with rugged tissue, and 332 tiles."""
    random = np.random.default_rng(1)
    row, column = np.mgrid[:1250, :1563]
    angle = np.arctan2(row - 625, column - 780)
    reach = 500 + 40 * np.sin(40 * angle) + 20 * np.sin(173 * angle + random.uniform(0, 6))
    tissue = np.hypot(row - 625, column - 780) < reach
    boxes = np.array([(1024 * (i % 20), 1024 * (i // 20), 1024, 1024) for i in range(332)])
    values = {"Tissue share": random.random(332), "Focus": random.random(332)}
    path = tmp_path / "objects.geojson"
    write_objects(path, "A-1", Box(0, 0, 100_000, 80_000), RegionMaps(tissue, downsample=64.0),
                  [TileObjects("Tile 10x", boxes, values)])  # fmt: skip
    assert path.stat().st_size < 250_000
