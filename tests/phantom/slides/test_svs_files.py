"""SVS files are what OpenSlide and tifffile take for an Aperio scanner's, and show what was painted."""

import itertools
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest
import tifffile

from tumorboard.errors import SettingsError
from tumorboard.phantom.slides import ColourCoding, slide_scanner, write_svs
from tumorboard.phantom.slides.jpeg import JpegCoding

WIDTH, HEIGHT = 2203, 2071
SCANNER = replace(slide_scanner("a site", 1), quality=80)
LEVEL_PLANS = [((1, 4, 16), 40, 0.2467), ((1, 16), 40, 0.2312), ((1, 4), 20, 0.499)]
VARIANTS = [
    replace(SCANNER, tile_px=tile_px, colour=colour, level_factors=factors, objective=objective, mpp=mpp)
    for (tile_px, colour), (factors, objective, mpp) in zip(
        itertools.product((240, 256), ColourCoding), [*LEVEL_PLANS, *LEVEL_PLANS[1:], LEVEL_PLANS[0]], strict=True
    )
]


@pytest.fixture(scope="module")
def painted() -> np.ndarray:
    random = np.random.default_rng(3)
    hue = cv2.resize(random.normal(0, 15, (18, 19, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 2)[..., None] * 90
    return np.clip(np.array([200, 140, 190]) + hue + grain, 0, 255).astype(np.uint8)


def painter(picture: np.ndarray):
    return lambda left, top, width, height: picture[top : top + height, left : left + width]


@pytest.fixture(scope="module", params=VARIANTS, ids=lambda s: f"{s.tile_px}-{s.colour.name}-{s.level_factors}")
def variant(request, painted, tmp_path_factory):
    path = tmp_path_factory.mktemp("svs") / "slide.svs"
    write_svs(path, painter(painted), WIDTH, HEIGHT, request.param, title="SIM-0001-DX1", seed=9)
    return path, request.param


def level_picture(slide: openslide.OpenSlide, level: int) -> np.ndarray:
    return np.asarray(slide.read_region((0, 0), level, slide.level_dimensions[level]))[..., :3]


def test_openslide_takes_it_for_aperio_and_reads_scale_and_levels(variant, capfd):
    path, scanner = variant
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(scanner.mpp)
        assert float(slide.properties["openslide.mpp-y"]) == pytest.approx(scanner.mpp)
        assert slide.properties["openslide.objective-power"] == str(scanner.objective)
        assert slide.properties["aperio.Filename"] == "SIM-0001-DX1"
        assert slide.properties["aperio.ScanScope ID"] == scanner.serial
        assert slide.level_dimensions == tuple((WIDTH // factor, HEIGHT // factor) for factor in scanner.level_factors)
        assert slide.properties["openslide.level[0].tile-width"] == str(scanner.tile_px)
        assert {name: picture.size for name, picture in slide.associated_images.items()} == {
            "thumbnail": (817, 768),
            "label": (387, 463),
            "macro": (1280, 431),
        }
    assert capfd.readouterr().err == ""


def test_the_base_level_shows_what_was_painted_everywhere(variant, painted):
    path, scanner = variant
    with openslide.OpenSlide(path) as slide:
        seen = level_picture(slide, 0)
    error = np.abs(seen.astype(int) - painted)
    assert error.mean() < 3
    assert error[:, -8:].mean() < 4
    assert error[-8:].mean() < 4
    for place in range(scanner.tile_px, WIDTH, scanner.tile_px):
        assert error[:, place - 2 : place + 2].mean() < 4
    assert np.abs(seen.mean((0, 1)) - painted.mean((0, 1))).max() < 0.5


def test_each_smaller_level_is_the_average_of_the_base(variant, painted):
    path, scanner = variant
    with openslide.OpenSlide(path) as slide:
        for level, factor in enumerate(scanner.level_factors[1:], start=1):
            height, width = HEIGHT // factor, WIDTH // factor
            kept = painted[: height * factor, : width * factor].astype(float)
            expected = kept.reshape(height, factor, width, factor, 3).mean((1, 3))
            assert np.abs(level_picture(slide, level) - expected).mean() < 4.5


def test_tifffile_reads_every_page_and_names_its_coding(variant, painted, caplog):
    path, scanner = variant
    rgb = scanner.colour is ColourCoding.RGB
    with caplog.at_level(logging.WARNING), tifffile.TiffFile(path) as file:
        assert file.is_svs
        assert not file.is_bigtiff
        pages = list(file.pages)
        levels = len(scanner.level_factors)
        assert [page.is_tiled for page in pages] == [True, False, *[True] * (levels - 1), False, False]
        assert [page.subfiletype for page in pages] == [0] * (levels + 1) + [1, 9]
        assert [page.compression.name for page in pages] == ["JPEG"] * (levels + 1) + ["LZW", "JPEG"]
        for page in pages:
            assert page.description.startswith(f"Aperio Image Library {scanner.library} \r\n")
            assert page.asarray().shape == page.shape
            if page.compression.name == "JPEG":
                assert page.photometric.name == ("RGB" if rgb else "YCBCR")
                assert page.jpegtables is not None
        assert np.abs(pages[0].asarray().astype(int) - painted).mean() < 3
        base = pages[0].description
    assert f"{WIDTH}x{HEIGHT}] ({scanner.tile_px}x{scanner.tile_px}) JPEG/{'RGB' if rgb else 'YCC'} Q=80|" in base
    assert f"|MPP = {scanner.mpp:.4f}|" in base
    assert caplog.records == []


def test_chroma_is_subsampled_as_the_coding_says(variant):
    path, scanner = variant
    across_down = {ColourCoding.RGB: (1, 1), ColourCoding.YCBCR_422: (2, 1), ColourCoding.YCBCR_420: (2, 2)}
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        assert page.tags["YCbCrSubSampling"].value == across_down[scanner.colour]
        start, size = page.dataoffsets[0], page.databytecounts[0]
    stream = path.read_bytes()[start : start + size]
    # start-of-frame: marker, length, precision, height, width, components, then per component id, sampling, table
    frame = stream.index(b"\xff\xc0")
    across, down = divmod(stream[frame + 11], 16)
    assert (across, down) == across_down[scanner.colour]
    assert b"\xff\xdb" not in stream[: frame + 20]
    assert b"\xff\xc4" not in stream[: frame + 20]


def test_a_tile_with_its_tables_is_a_whole_jpeg(painted):
    for colour in ColourCoding:
        coding = JpegCoding(colour, 90)
        tile = painted[:240, :240]
        stream = coding.tables[:-2] + coding.encode(tile)[2:]
        again = cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_COLOR_RGB)
        assert np.abs(again.astype(int) - tile).mean() < 3


def test_pages_have_the_tags_of_a_real_aperio_slide(real_data, variant):
    path, _ = variant
    # both may be left out: the first says "not a volume", the second has its default where it is 0
    optional = {"ImageDepth", "NewSubfileType"}
    with tifffile.TiffFile(real_data / "slides" / "cmu-1-small-region.svs") as real, tifffile.TiffFile(path) as ours:
        for number in (0, 1, -2, -1):
            assert real.pages[number].subfiletype == ours.pages[number].subfiletype
            expected = {tag.name for tag in real.pages[number].tags} - optional
            assert expected <= {tag.name for tag in ours.pages[number].tags}


def test_the_resolution_of_every_page_is_true(variant):
    path, scanner = variant
    with tifffile.TiffFile(path) as file:
        thumbnail_mpp = scanner.mpp * WIDTH / file.pages[1].imagewidth
        levels = [scanner.mpp * factor for factor in scanner.level_factors]
        for page, mpp in zip(file.pages, [levels[0], thumbnail_mpp, *levels[1:]], strict=False):
            assert page.tags["ResolutionUnit"].value == tifffile.RESUNIT.CENTIMETER
            for name in ("XResolution", "YResolution"):
                numerator, denominator = page.tags[name].value
                assert 1e4 * denominator / numerator == pytest.approx(mpp, rel=1e-6)
        assert all(page.tags["XResolution"].value != (1, 1) for page in file.pages)


def test_the_same_slide_has_the_same_bytes(painted, tmp_path):
    for name in ("one.svs", "two.svs"):
        write_svs(tmp_path / name, painter(painted), WIDTH, HEIGHT, SCANNER, title="SIM-0001-DX1", seed=9)
    assert (tmp_path / "one.svs").read_bytes() == (tmp_path / "two.svs").read_bytes()


def test_a_broken_off_slide_leaves_no_file(tmp_path):
    def paint(left: int, top: int, width: int, height: int) -> np.ndarray:
        if left:
            raise KeyboardInterrupt
        return np.zeros((height, width, 3), np.uint8)

    with pytest.raises(KeyboardInterrupt):
        write_svs(tmp_path / "slide.svs", paint, 3 * WIDTH, HEIGHT, SCANNER)
    assert list(tmp_path.iterdir()) == []


def test_a_slide_beyond_four_gigabytes_would_be_bigtiff_and_openslide_reads_that(painted, tmp_path):
    write_svs(tmp_path / "slide.svs", painter(painted), WIDTH, HEIGHT, SCANNER, bigtiff=True)
    with tifffile.TiffFile(tmp_path / "slide.svs") as file:
        assert file.is_bigtiff
    with openslide.OpenSlide(tmp_path / "slide.svs") as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert np.abs(level_picture(slide, 0).astype(int) - painted).mean() < 3


def test_a_slide_smaller_than_a_tile_is_refused(painted, tmp_path):
    with pytest.raises(SettingsError, match="255 x 2071 pixels is too small"):
        write_svs(tmp_path / "slide.svs", painter(painted), 255, HEIGHT, SCANNER)


_PEAK = """
import resource, sys
from pathlib import Path
import numpy as np
from dataclasses import replace
from tumorboard.phantom.slides import slide_scanner, write_svs
noise = np.random.default_rng(1).integers(120, 220, (3000, 3000, 3), np.uint8)
noise = noise.repeat(2, 0)[:3000].repeat(2, 1)[:, :3000]
paint = lambda left, top, width, height: noise[top % 500 :, left % 500 :][:height, :width]
scanner = replace(slide_scanner("a site", 1), level_factors=(1, 4, 16), tile_px=240, quality=80)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_svs(Path(sys.argv[1]), paint, int(sys.argv[2]), 9600, scanner)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
def test_memory_grows_by_the_smaller_levels_alone(tmp_path):
    """Tiles of the quarter level are kept encoded: with its raw pixels it would be 0.2 bytes a pixel of the base."""
    sides, peaks = (9600, 19_200), []
    for side in sides:
        path = Path(tmp_path) / f"{side}.svs"
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(path), str(side)], check=True, capture_output=True, text=True
        )
        peaks.append(float(done.stdout))
        with openslide.OpenSlide(path) as slide:
            assert slide.dimensions == (side, 9600)
    assert peaks[1] - peaks[0] < 0.18 * 9600 * (sides[1] - sides[0])
