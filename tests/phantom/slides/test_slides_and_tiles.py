"""A patient's slide, its true regions and its ready-made tiles agree with one another."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest

from tumorboard.phantom.histology import Section, Window
from tumorboard.phantom.patients.patient import (
    HistologyFactors,
    RadiologyFactors,
    ScanKind,
    SimulatedPatient,
    generator,
)
from tumorboard.phantom.slides import slide_scanner, slide_seed, stain_of, write_slide, write_tiles
from tumorboard.phantom.slides.artefact import Artefact, ArtefactKind
from tumorboard.phantom.slides.dirt import SHAPES, drawn_artefacts
from tumorboard.phantom.slides.photograph import Photograph
from tumorboard.phantom.slides.regions import artefact_annotation, write_regions
from tumorboard.phantom.slides.slide import section_size_um

SEED = 20
SITE = next(f"site {n}" for n in range(100) if slide_scanner(f"site {n}", SEED).objective == 20)
GOOD, BAD = HistologyFactors(*[0.1] * 6), HistologyFactors(*[0.9] * 6)
PATIENT = SimulatedPatient(
    number=3,
    patient_id="SIM-0003",
    seed=SEED,
    sex="female",
    age_years=61,
    side="left",
    site=SITE,
    histology=HistologyFactors(0.4, 0.5, 0.6, 0.5, 0.4, 0.5),
    radiology=RadiologyFactors(52.0, 0.5, 0.2),
    has_slide=True,
    scan=ScanKind.CT,
)


# a slide without dirt, so that its picture can be compared with clean tiles
PATIENT = next(
    patient
    for patient in (replace(PATIENT, number=number) for number in range(1, 100))
    if not drawn_artefacts(slide_seed(patient, 1), 1000.0, 1000.0)
)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def record(study):
    return write_slide(PATIENT, study, side_px=4200)


@pytest.fixture(scope="module")
def features(record) -> list[dict]:
    collection = json.loads(record.regions_path.read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    return collection["features"]


def polygons(feature: dict) -> list[list[list[list[float]]]]:
    geometry = feature["geometry"]
    return {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]


def filled(features: list[dict], name: str, record, downsample: float) -> np.ndarray:
    mask = np.zeros((int(record.height_px / downsample), int(record.width_px / downsample)), np.uint8)
    for feature in features:
        if feature["properties"]["classification"]["name"] == name:
            for outer, *holes in polygons(feature):
                cv2.fillPoly(mask, [np.int32(np.array(outer) / downsample)], 1)
                for hole in holes:
                    cv2.fillPoly(mask, [np.int32(np.array(hole) / downsample)], 0)
    return mask.astype(bool)


def test_the_record_says_what_openslide_reads(record, study):
    assert record.path == study / "slides" / "SIM-0003-DX1.svs"
    with openslide.OpenSlide(record.path) as slide:
        assert slide.dimensions == (record.width_px, record.height_px)
        assert slide.level_count == len(record.level_factors)
        assert float(slide.properties["openslide.mpp-x"]) == record.mpp
        assert slide.properties["openslide.objective-power"] == str(record.objective) == "20"
    assert record.bytes == record.path.stat().st_size
    side_um = 4200 * 0.25
    assert 0.85 * side_um <= record.width_px * record.mpp <= 1.15 * side_um + 1


def seen_tissue(record, width_px: int) -> np.ndarray:
    """Which pixels of the slide at a smaller scale are coloured: at least the smallest whole tissue, without gaps."""
    with openslide.OpenSlide(record.path) as slide:
        level = np.asarray(slide.read_region((0, 0), 1, slide.level_dimensions[1]).convert("RGB"))
    height_px = round(width_px * record.height_px / record.width_px)
    seen = cv2.resize(level, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(int)
    coloured = (np.ptp(seen, axis=2) > 12).astype(np.uint8)
    # lumina and fat are as bright as glass
    closed = cv2.morphologyEx(coloured, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    return cv2.medianBlur(closed, 3).astype(bool)


def test_tissue_share_is_what_the_picture_shows(record):
    assert seen_tissue(record, 500).mean() == pytest.approx(record.tissue_share, abs=0.02)
    assert 0 < record.tumour_share < 1


def test_regions_are_closed_rings_within_the_slide_with_qupath_classes(features, record):
    names = {feature["properties"]["classification"]["name"] for feature in features}
    assert {"Tissue", "Tumor"} <= names
    assert len({feature["id"] for feature in features}) == len(features)
    for feature in features:
        assert feature["type"] == "Feature"
        assert feature["properties"]["objectType"] == "annotation"
        colour = feature["properties"]["classification"]["color"]
        assert len(colour) == 3
        assert all(isinstance(value, int) and 0 <= value <= 255 for value in colour)
        for polygon in polygons(feature):
            for ring in polygon:
                points = np.array(ring)
                assert len(points) >= 4
                assert ring[0] == ring[-1]
                assert (points >= 0).all()
                assert (points <= (record.width_px, record.height_px)).all()


def test_every_kind_of_dirt_is_outlined_within_the_slide(tmp_path):
    pieces = [
        Artefact(kind, shape(generator(4, 0, "test"), 1000.0, 1200.0), 1, "red" if kind is ArtefactKind.PEN else "")
        for kind, shape in SHAPES.items()
    ]
    path = tmp_path / "dirt.geojson"
    write_regions(
        path, [artefact_annotation(piece, 1000.0, 1200.0) for piece in pieces], mpp=0.25, width_px=4000, height_px=4800
    )
    written = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["classification"]["name"] for feature in written] == [
        "Pen mark (red)",
        "Tissue fold",
        "Out of focus",
        "Air bubble",
        "Coverslip edge",
        "Black border",
    ]
    for feature in written:
        for outer, *holes in polygons(feature):
            points = np.array(outer)
            assert outer[0] == outer[-1]
            assert (points >= 0).all()
            assert (points <= (4000, 4800)).all()
            assert cv2.contourArea(points.astype(np.float32)) > 100
            for ring in (outer, *holes):
                assert len({tuple(point) for point in ring}) == len(ring) - 1


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * float((first & second).sum()) / float(first.sum() + second.sum())


def test_the_tissue_outline_lies_on_the_picture(features, record):
    tissue = filled(features, "Tissue", record, record.width_px / 600)
    seen = seen_tissue(record, 600)[: len(tissue), : tissue.shape[1]]
    here = dice(tissue[: len(seen)], seen)
    assert here > 0.96
    for rows, columns in ((-3, 0), (3, 0), (0, -3), (0, 3), (2, 2), (-2, -2)):
        assert dice(np.roll(tissue[: len(seen)], (rows, columns), (0, 1)), seen) < here


def test_the_same_patient_has_the_same_bytes_whatever_the_threads(record, tmp_path):
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1 if threads > 1 else 2)
    again = write_slide(PATIENT, tmp_path, side_px=4200)
    cv2.setNumThreads(threads)
    assert again.path.read_bytes() == record.path.read_bytes()
    assert again.regions_path.read_bytes() == record.regions_path.read_bytes()


def test_size_scanner_and_seed_do_not_see_the_factors():
    good, bad = replace(PATIENT, histology=GOOD), replace(PATIENT, histology=BAD)
    assert slide_seed(good, 1) == slide_seed(bad, 1) != slide_seed(good, 2)
    sizes = np.array([section_size_um(slide_seed(replace(PATIENT, number=n), 1), 4000) for n in range(1, 400)])
    assert sizes.min() >= 850
    assert sizes.max() <= 1150
    assert abs(np.corrcoef(sizes.T)[0, 1]) < 0.15


def test_scanners_differ_as_real_ones_do():
    scanners = [slide_scanner(f"hospital {number}", SEED) for number in range(200)]
    assert {scanner.tile_px for scanner in scanners} == {240, 256}
    assert {scanner.level_factors for scanner in scanners} == {(1, 4, 16), (1, 16), (1, 4)}
    assert len({scanner.colour for scanner in scanners}) == 3
    for scanner in scanners:
        assert (scanner.objective == 20) == (scanner.mpp == 0.499) == (scanner.level_factors == (1, 4))
        assert scanner.objective == 20 or 0.23 <= scanner.mpp <= 0.26
    assert slide_scanner("hospital 1", SEED) != slide_scanner("hospital 1", SEED + 1)


def test_tiles_are_256_px_of_tumour_with_a_table_of_their_places(study):
    records = write_tiles(PATIENT, study, count_10x=3, count_5x=2, side_px=8000)
    assert [record.magnification for record in records] == ["10x"] * 3 + ["5x"] * 2
    with (study / "tiles" / "SIM-0003" / "tiles.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["file"] for row in rows] == [record.path.as_posix() for record in records]
    assert [float(row["mpp"]) for row in rows] == [1.0] * 3 + [2.0] * 2
    for record in records:
        tile = cv2.imread(str(study / record.path))
        assert tile.shape == (256, 256, 3)
        assert (np.ptp(tile.astype(int), axis=2) > 12).mean() > 0.6


def test_a_ready_made_tile_shows_what_the_slide_shows_there(record, study):
    tiles = write_tiles(PATIENT, study / "again", count_10x=1, count_5x=1, side_px=4200)
    for tile in tiles:
        made = cv2.imread(str(study / "again" / tile.path), cv2.IMREAD_COLOR_RGB)
        with openslide.OpenSlide(record.path) as slide:
            corner = round(tile.left_um / record.mpp), round(tile.top_um / record.mpp)
            side = round(256 * tile.mpp / record.mpp)
            cut = np.asarray(slide.read_region(corner, 0, (side, side)).convert("RGB"))
        cut = cv2.resize(cut, (256, 256), interpolation=cv2.INTER_AREA)
        likeness = np.corrcoef(cv2.blur(made, (3, 3)).ravel(), cv2.blur(cut, (3, 3)).ravel())[0, 1]
        assert likeness > 0.9
        assert np.abs(made.mean((0, 1)) - cut.mean((0, 1))).max() < 2


@pytest.mark.parametrize("magnification", ["10x", "5x"])
def test_a_ready_made_tile_has_the_colours_of_a_slide_at_40x(magnification, tmp_path):
    counts = {"count_10x": 2, "count_5x": 0} if magnification == "10x" else {"count_10x": 0, "count_5x": 2}
    seed, scanner = slide_seed(PATIENT, 1), slide_scanner(PATIENT.site, PATIENT.seed)
    section = Section(PATIENT.histology, seed, *section_size_um(seed, 4800))
    photograph = Photograph(section, scanner, stain_of(scanner, seed))
    for tile in write_tiles(PATIENT, tmp_path, side_px=4800, **counts):
        made = cv2.imread(str(tmp_path / tile.path), cv2.IMREAD_COLOR_RGB)
        side_px = round(256 * tile.mpp / 0.25)
        fine = photograph.of_window(Window(tile.left_um, tile.top_um, side_px, side_px, 0.25))
        expected = cv2.resize(fine, (256, 256), interpolation=cv2.INTER_AREA)
        assert np.abs(made.mean((0, 1)) - expected.mean((0, 1))).max() < 1.7
        assert made.std((0, 1)) == pytest.approx(expected.std((0, 1)), rel=0.06)
        assert np.corrcoef(cv2.blur(made, (3, 3)).ravel(), cv2.blur(expected, (3, 3)).ravel())[0, 1] > 0.95
