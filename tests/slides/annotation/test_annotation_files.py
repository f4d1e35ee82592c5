"""Annotations of QuPath and ImageScope: one region from every form of file, one clear line where there is none."""

import json

import numpy as np
import pytest
import shapely
from plain_slide import PlainSlide

from tumorboard.errors import FileFormatError
from tumorboard.phantom.slides.regions import Annotation, write_regions
from tumorboard.slides.annotation import TUMOUR_CLASSES, find_annotation, read_annotation
from tumorboard.slides.slide import Box

SQUARE = [[1000, 1000], [3000, 1000], [3000, 2500], [1000, 2500]]
HOLE = [[1500, 1500], [2000, 1500], [2000, 2000], [1500, 2000]]
TILES = np.array([(1000, 1000, 500, 500), (1500, 1500, 500, 500), (2900, 2400, 200, 200), (5000, 4000, 256, 256)])
IN_SQUARE = pytest.approx([1, 0, 0.25, 0], abs=1e-9)


def closed(ring):
    return [*ring, ring[0]]


def feature(name="Tumor", rings=(SQUARE, HOLE), kind="Polygon", **properties):
    classification = {"classification": {"name": name, "color": [200, 0, 0]}} if name else {}
    return {
        "type": "Feature",
        "id": "7a4e4a36-0c40-4d8a-9a0a-2f3d0f6f8d11",
        "geometry": {"type": kind, "coordinates": [closed(ring) for ring in rings] if kind == "Polygon" else rings},
        "properties": {"objectType": "annotation", **classification, **properties},
    }


@pytest.fixture
def shares(tmp_path):
    def _shares(content, slide=None, name="A-1.geojson", **options):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_annotation(path, slide or PlainSlide(), **options).share(TILES)

    return _shares


COLLECTION = {"type": "FeatureCollection", "features": [feature()]}


@pytest.mark.parametrize(
    "content",
    [
        COLLECTION,
        [feature()],
        feature(),
        "\ufeff" + json.dumps(COLLECTION),
        [feature(kind="MultiPolygon", rings=[[closed(SQUARE), closed(HOLE)]])],
        [feature(rings=([[*point, 0] for point in SQUARE], HOLE[::-1]))],
        [feature("Stroma", rings=([[0, 0], [8000, 0], [8000, 6000]],)), feature()],
        [feature(rings=(SQUARE, HOLE)), feature(kind="Point", rings=[4900, 4100])],
        [feature(rings=([[0, 0], [0, 0], [0, 0]],)), feature()],
        [{**feature(None), "properties": {"objectType": "annotation", "name": "tumor"}}],
        [{**feature(None), "properties": {"classification": {"name": "Tumor", "colorRGB": -3670016}}}],
        [{**feature(None), "id": "PathAnnotationObject", "properties": {"classification": "Tumor"}}],
        [{**feature(None), "properties": {"classification": {"names": ["Tumor", "Positive"]}}}],
        [feature("Region*", rings=([[0, 0], [8000, 0], [8000, 6000]],), childObjects=[feature()])],
    ],
)  # fmt: skip
def test_every_form_that_qupath_writes_gives_the_same_region(content, shares):
    assert shares(content) == IN_SQUARE


@pytest.mark.parametrize("name", ["Tumor", "tumour", "TUMOR", "Tumor*", " Viable_tumor ", "Tumor: Positive", "ccRCC"])
def test_tumour_has_many_names(name, shares):
    assert shares([feature(name)]) == IN_SQUARE


def test_other_classes_are_taken_where_they_are_named(shares):
    content = [feature("Capsule"), feature("Tumor", rings=([[0, 0], [8000, 0], [8000, 6000]],))]
    assert shares(content, classes=["capsule"]) == IN_SQUARE
    assert shares([feature(None)], classes=["unclassified"]) == IN_SQUARE
    assert shares([feature("Capsule")], classes=()) == IN_SQUARE


def test_cells_and_tiles_that_are_classified_as_tumour_are_no_annotation(shares):
    everywhere = [[0, 0], [8000, 0], [8000, 6000], [0, 6000]]
    others = [feature(rings=(everywhere,), objectType=kind) for kind in ("cell", "detection", "tile", "tmaCore")]
    old_cell = {**feature(rings=(everywhere,)), "id": "PathCellObject"}
    del old_cell["properties"]["objectType"]
    assert shares([*others, old_cell, feature()]) == IN_SQUARE


def test_qupath_counts_from_the_corner_of_what_was_scanned(shares):
    moved = [[x - 700, y - 300] for x, y in SQUARE], [[x - 700, y - 300] for x, y in HOLE]
    slide = PlainSlide(bounds=Box(700, 300, 6000, 5000))
    assert shares([feature(rings=moved)], slide) == IN_SQUARE
    assert shares([feature()], slide, qupath_frame="level 0") == IN_SQUARE


def test_the_truth_of_a_simulated_slide_is_read_back(tmp_path):
    path = tmp_path / "truth.geojson"
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)[:, None]
    outer = np.hstack([500 + 300 * np.cos(angle), 600 + 200 * np.sin(angle)])
    tumour = Annotation("Tumor", (200, 0, 0), [[outer, outer * 0.3 + 350]])
    fat = Annotation("Fat", (1, 2, 3), [[outer + 300]])
    write_regions(path, [tumour, fat], mpp=0.25, width_px=8000, height_px=6000)
    regions = read_annotation(path, PlainSlide())
    expected = shapely.Polygon(outer * 4, [(outer * 0.3 + 350) * 4])
    left, top = np.meshgrid(np.arange(0, 7000, 512), np.arange(0, 5000, 512))
    boxes = np.column_stack([left.ravel(), top.ravel(), np.full(left.size, 512), np.full(left.size, 512)])
    there = shapely.area(shapely.intersection(expected, shapely.box(*boxes[:, :2].T, *(boxes[:, :2] + 512).T))) / 512**2
    assert np.abs(regions.share(boxes) - there).max() < 0.01


def layer(*regions, name="Tumor", description=None):
    told = f'<Attributes><Attribute Name="Description" Value="{description}"/></Attributes>' if description else ""
    return f'<Annotation Id="1" Name="{name}" Type="4">{told}<Regions>{"".join(regions)}</Regions></Annotation>'


def region(points, kind=0, negative=0, text=""):
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in points)
    return (
        f'<Region Id="1" Type="{kind}" NegativeROA="{negative}" Text="{text}"><Vertices>{vertices}</Vertices></Region>'
    )


def image_scope(*layers, mpp="0.25"):
    return f'<?xml version="1.0"?>\n<Annotations MicronsPerPixel="{mpp}">{"".join(layers)}</Annotations>'


@pytest.mark.parametrize(
    "content",
    [
        image_scope(layer(region(SQUARE), region(HOLE, negative=1))),
        image_scope(layer(region(closed(SQUARE)), region(closed(HOLE)[::-1], negative=1))),
        image_scope(layer(region(SQUARE[::2], kind=1), region(HOLE[::2], kind=1, negative=1))),
        image_scope(layer(region(SQUARE, kind=1), region(HOLE, negative=1)), mpp=""),
        image_scope(layer(region(SQUARE), region(HOLE, negative=1), name="", description="tumour")),
        image_scope(layer(region(SQUARE, text="Tumor"), region(HOLE, negative=1), name="Layer 1")),
        image_scope(layer(region(SQUARE), region(HOLE, negative=1), region([(5, 5), (9, 9)], kind=3)), mpp="0.2498"),
        image_scope(layer(region(SQUARE), region(HOLE, negative=1), region([(4900, 4100)]))),
        image_scope(layer(region(HOLE), name="Fat"), layer(region(SQUARE), region(HOLE, negative=1))),
    ],
)  # fmt: skip
def test_every_form_that_imagescope_writes_gives_the_same_region(content, shares):
    assert shares(content, name="A-1.xml") == IN_SQUARE


def test_an_ellipse_of_imagescope_fills_the_rectangle_of_its_vertices(tmp_path):
    """A real one: https://github.com/DeepMicroscopy/MITOS_WSI_CCMCT/issues/2, Length 138.3 and Area 1517.4 pixels."""
    path = tmp_path / "A-1.xml"
    path.write_text(image_scope(layer(region([(6595, 4009), (6642, 4051)], kind=2))))
    (polygon,) = read_annotation(path, PlainSlide()).polygons
    ring = shapely.Polygon(polygon.outer)
    assert ring.area == pytest.approx(1517.4, rel=0.03)
    assert ring.length == pytest.approx(138.3, rel=0.03)


def test_what_is_left_out_of_one_layer_stays_in_another(shares):
    content = image_scope(layer(region(SQUARE), region(HOLE, negative=1)), layer(region(HOLE), name="cancer"))
    assert shares(content, name="A-1.xml") == pytest.approx([1, 1, 0.25, 0])


BOW_TIE = [[1000, 1000], [3000, 3000], [3000, 1000], [1000, 3000]]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "A-1.geojson", r"A-1\.geojson: the annotation is empty"),
        ("  \n", "A-1.xml", "the annotation is empty"),
        ([], "A-1.geojson", "the annotation is empty: nothing is outlined in it"),
        (image_scope(), "A-1.xml", "the annotation is empty: nothing is outlined in it"),
        ("{", "A-1.geojson", "no GeoJSON annotation: it is not JSON"),
        ({"type": "Topology"}, "A-1.geojson", "no GeoJSON annotation: it holds no features"),
        ([feature(), 3], "A-1.geojson", "it holds no features"),
        ([feature(), {"type": "Feature"}], "A-1.geojson", "feature 2 is not one of GeoJSON"),
        ([feature(rings=([[1, "2"], [3, 4]],))], "A-1.geojson", "feature 1 is not one of GeoJSON"),
        ([feature(rings=([[1, float("nan")], [3, 4], [5, 9]],))], "A-1.geojson", "feature 1 is not one of GeoJSON"),
        ([feature("Stroma"), feature(None)], "A-1.geojson", r"the file has: Stroma \(1\), unclassified \(1\)"),
        ([feature(kind="LineString", rings=SQUARE)], "A-1.geojson", r"by a polygon, not by: LineString \(1\)"),
        ([feature(), feature(kind="LineString", rings=SQUARE)], "A-1.geojson", r"not by: LineString \(1\)"),
        ([feature(kind="Point", rings=[1, 2])], "A-1.geojson", r"not by: Point \(1\)"),
        ([{**feature(), "geometry": None}], "A-1.geojson", r"not by: nothing \(1\)"),
        ([feature(rings=([[5, 5], [9, 9]],))], "A-1.geojson", "no outline has an area"),
        ([feature(rings=(BOW_TIE,))], "A-1.geojson", "around x 2000, y 2000, crosses itself: 50% of its area"),
        ([feature(rings=([[9000, 10], [9900, 10], [9900, 900]],))], "A-1.geojson", "beyond the slide's 8000 x 6000"),
        ([feature(rings=([[-900, 10], [900, 10], [900, 900]],))], "A-1.geojson", "from x -900, y 10 to x 900, y 900"),
        ("<Annotations", "A-1.xml", "no annotation of Aperio ImageScope: it is not XML"),
        ("<ASAP_Annotations/>", "A-1.xml", "its root is ASAP_Annotations, not Annotations"),
        (image_scope(layer(region([(1, 2), ("x", 4), (5, 6)]))), "A-1.xml", "could not convert string to float: 'x'"),
        (image_scope(layer(region(SQUARE, kind=7))), "A-1.xml", r"not by: region of type 7 \(1\)"),
        (image_scope(layer(region(SQUARE, kind=4))), "A-1.xml", r"not by: ruler \(1\)"),
        (image_scope(layer(region(SQUARE)), mpp="0.499"), "A-1.xml", "at 0.499 µm per pixel, the slide has 0.25"),
    ],
)  # fmt: skip
def test_what_cannot_limit_tiles_is_told_in_one_line(content, name, message, shares):
    with pytest.raises(FileFormatError, match=message) as told:
        shares(content, name=name)
    assert "\n" not in told.value.line()
    assert told.value.line().startswith("A-1.")


def test_a_scale_that_the_user_states_is_not_held_against_that_of_the_annotation(shares):
    slide = PlainSlide(mpp=0.5, source="stated by the user")
    content = image_scope(layer(region(SQUARE), region(HOLE, negative=1)))
    assert shares(content, slide, name="A-1.xml") == IN_SQUARE


def test_coordinates_that_leave_the_scanned_part_are_refused_with_the_way_out(shares):
    far = [[x + 4500, y] for x, y in SQUARE]
    with pytest.raises(FileFormatError, match="--no-crop was used, state the frame of coordinates: level 0"):
        shares([feature(rings=(far,))], PlainSlide(bounds=Box(700, 300, 6000, 5000)))


def test_an_outline_may_reach_a_little_beyond_the_edge(shares):
    beyond = [[-100, -50], [8100, -50], [8100, 6060], [-100, 6060]]
    assert shares([feature(rings=(beyond,))]).tolist() == [1, 1, 1, 1]


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    for path in (tmp_path / "none.geojson", tmp_path):
        with pytest.raises(FileFormatError, match="there is no such annotation"):
            read_annotation(path, PlainSlide())


@pytest.mark.parametrize("name", ["A-1.geojson", "A-1.json", "A-1.xml", "A-1.svs.geojson", "A-1.svs.xml"])
def test_an_annotation_beside_the_slide_is_found_by_its_name(name, tmp_path):
    slide = tmp_path / "A-1.svs"
    assert find_annotation(slide) is None
    (tmp_path / "A-10.geojson").touch()
    assert find_annotation(slide) is None
    (tmp_path / name).touch()
    assert find_annotation(slide) == tmp_path / name


def test_two_annotations_of_one_slide_are_refused(tmp_path):
    (tmp_path / "A-1.geojson").touch()
    (tmp_path / "A-1.xml").touch()
    with pytest.raises(FileFormatError, match=r"several annotations of one slide: A-1\.geojson, A-1\.xml"):
        find_annotation(tmp_path / "A-1.svs")


def test_the_default_classes_mean_tumour():
    assert not {name.lower() for name in TUMOUR_CLASSES} & {"normal", "stroma", "tissue", "necrosis", "immune cells"}
