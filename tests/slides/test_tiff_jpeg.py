"""Stored JPEG tiles of a TIFF, taken alone, show what OpenSlide shows there."""

import shutil
from dataclasses import replace

import cv2
import imagecodecs
import numpy as np
import openslide
import pytest
import simplejpeg
import tifffile

from tumorboard.errors import FileFormatError
from tumorboard.phantom.slides import ColourCoding, slide_scanner, write_svs
from tumorboard.slides.opening.tiff_jpeg import TiffJpeg
from tumorboard.slides.tissue.decoding import decode

SIDE = 1024  # a multiple of 256 x 4, so that OpenSlide's downsamples are whole numbers and it interpolates nothing
SCANNER = replace(slide_scanner("a site", 1), quality=80, level_factors=(1, 4), objective=20, mpp=0.499)


@pytest.fixture(scope="module")
def painted() -> np.ndarray:
    random = np.random.default_rng(3)
    hue = cv2.resize(random.normal(0, 25, (9, 9, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(random.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 2)[..., None] * 90
    return np.clip(np.array([200, 120, 170]) + hue + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=[(256, coding) for coding in ColourCoding] + [(240, ColourCoding.RGB)])
def slide(request, painted, tmp_path_factory):
    tile_px, coding = request.param
    path = tmp_path_factory.mktemp("svs") / "slide.svs"
    scanner = replace(SCANNER, tile_px=tile_px, colour=coding)
    write_svs(
        path,
        lambda left, top, width, height: painted[top : top + height, left : left + width],
        SIDE,
        SIDE,
        scanner,
        bigtiff=coding is ColourCoding.YCBCR_422,
    )
    return path, scanner


def test_a_tile_alone_shows_the_same_pixels_as_openslide(slide):
    path, scanner = slide
    px = scanner.tile_px
    with TiffJpeg(path) as file, openslide.OpenSlide(path) as whole:
        for level, (width, height) in enumerate(whole.level_dimensions):
            stored = file.level(width, height)
            assert (stored.tile_width, stored.tile_height) == (px, px)
            assert (stored.columns, stored.rows) == (-(-width // px), -(-height // px))
            for row, column in np.ndindex(stored.rows, stored.columns):
                across, down = min(px, width - column * px), min(px, height - row * px)
                place = (column * px * SIDE // width, row * px * SIDE // height)
                seen = np.asarray(whole.read_region(place, level, (across, down)))[..., :3]
                ours = simplejpeg.decode_jpeg(stored.jpeg(column, row))
                assert ours.shape == (px, px, 3)
                np.testing.assert_array_equal(ours[:down, :across], seen)


def test_any_decoder_sees_the_right_colours(slide, painted):
    path, scanner = slide
    with TiffJpeg(path) as file:
        stream = file.level(SIDE, SIDE).jpeg(1, 2)
    px = scanner.tile_px
    expected = painted[2 * px : 3 * px, px : 2 * px].astype(int)
    for picture in (
        simplejpeg.decode_jpeg(stream),
        imagecodecs.jpeg8_decode(stream),
        cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_COLOR_RGB),
    ):
        assert np.abs(picture - expected).mean() < 6
        assert np.abs(picture.mean((0, 1)) - expected.mean((0, 1))).max() < 0.5


def test_sizes_are_those_of_the_file(slide):
    path, _ = slide
    with TiffJpeg(path) as file, tifffile.TiffFile(path) as tiff:
        sizes = file.level(SIDE, SIDE).sizes()
        assert sizes.ravel().tolist() == list(tiff.pages[0].databytecounts)
        assert sizes.shape == (file.level(SIDE, SIDE).rows, file.level(SIDE, SIDE).columns)


def test_a_level_that_is_not_there_and_the_stripped_thumbnail_are_none(slide):
    path, _ = slide
    with TiffJpeg(path) as file, tifffile.TiffFile(path) as tiff:
        thumbnail = tiff.pages[1]
        assert not thumbnail.is_tiled
        assert file.level(thumbnail.imagewidth, thumbnail.imagelength) is None
        assert file.level(SIDE // 2, SIDE // 2) is None


def test_a_real_aperio_slide_tile_by_tile(real_data):
    path = real_data / "slides" / "cmu-1-small-region.svs"
    with TiffJpeg(path) as file, openslide.OpenSlide(path) as whole:
        stored = file.level(*whole.dimensions)
        assert (stored.tile_width, stored.columns, stored.rows) == (240, 10, 13)
        for column, row in ((0, 0), (4, 6), (8, 11)):
            seen = np.asarray(whole.read_region((column * 240, row * 240), 0, (240, 240)))[..., :3]
            np.testing.assert_array_equal(simplejpeg.decode_jpeg(stored.jpeg(column, row)), seen)


OTHERS = {
    "LZW": {"compression": "lzw", "photometric": "rgb"},
    "planar": {"compression": "jpeg", "photometric": "rgb", "planarconfig": "separate"},
    "16 bits": {"compression": "zlib", "photometric": "rgb", "dtype": np.uint16},
    "grey": {"compression": "jpeg", "photometric": "minisblack", "samples": 0},
    "JPEG 2000": {"compression": "jpeg2000", "photometric": "rgb"},
    "strips": {"compression": "jpeg", "photometric": "rgb", "tile": None},
}


@pytest.mark.parametrize("form", OTHERS.values(), ids=OTHERS)
def test_other_forms_of_storage_are_not_offered(tmp_path, form):
    form = dict(form)
    shape = (512, 512) if form.pop("samples", 3) == 0 else (512, 512, 3)
    shape = (3, 512, 512) if form.get("planarconfig") == "separate" else shape
    picture = np.random.default_rng(1).integers(0, 255, shape).astype(form.pop("dtype", np.uint8))
    tifffile.imwrite(tmp_path / "a.tif", picture, tile=form.pop("tile", (256, 256)), **form)
    with TiffJpeg(tmp_path / "a.tif") as file:
        assert file.level(512, 512) is None


def test_a_tile_that_brings_its_own_tables_and_markers(tmp_path, painted):
    """Other programs write complete JFIF streams; an RGB level with a JFIF marker would be taken for YCbCr."""
    tiles = [painted[top : top + 256, left : left + 256] for top in (0, 256) for left in (0, 256)]
    for photometric, streams in {
        "ycbcr": [simplejpeg.encode_jpeg(np.ascontiguousarray(tile), 90, "RGB", "420") for tile in tiles],
        "rgb": [_labelled_jfif(_as_rgb(tile)) for tile in tiles],
    }.items():
        path = tmp_path / f"{photometric}.tif"
        tifffile.imwrite(
            path,
            iter(streams),
            shape=(512, 512, 3),
            dtype=np.uint8,
            tile=(256, 256),
            photometric=photometric,
            compression="jpeg",
            compressionargs={"outcolorspace": photometric},
            subsampling=(2, 2) if photometric == "ycbcr" else (1, 1),
        )
        with TiffJpeg(path) as file:
            picture = simplejpeg.decode_jpeg(file.level(512, 512).jpeg(1, 1))
        assert np.abs(picture.astype(int) - tiles[3]).mean() < 5
        assert np.abs(picture.mean((0, 1)) - tiles[3].mean((0, 1))).max() < 0.6


def _as_rgb(tile: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(tile, level=90, colorspace="RGB", outcolorspace="RGB", subsampling="444")


def _labelled_jfif(stream: bytes) -> bytes:
    """Put a JFIF marker in place of Adobe's."""
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    adobe = stream.find(b"\xff\xee")
    return stream[:2] + jfif + (stream[2:adobe] + stream[adobe + 16 :] if adobe > 0 else stream[2:])


def test_an_absent_tile_is_empty(tmp_path, painted):
    path = tmp_path / "sparse.tif"
    tile = simplejpeg.encode_jpeg(np.ascontiguousarray(painted[:256, :256]), 90)
    tifffile.imwrite(
        path,
        iter([tile, b"", tile, tile]),
        shape=(512, 512, 3),
        dtype=np.uint8,
        tile=(256, 256),
        photometric="ycbcr",
        compression="jpeg",
        subsampling=(1, 1),
    )
    with TiffJpeg(path) as file:
        stored = file.level(512, 512)
        assert stored.sizes()[0, 1] == 0
        assert stored.jpeg(1, 0) == b""
        assert simplejpeg.decode_jpeg(stored.jpeg(0, 1)).shape == (256, 256, 3)
        with pytest.raises(IndexError, match="column 2, row 0 of 2 x 2"):
            stored.jpeg(2, 0)


def test_pyramids_in_sub_directories_as_ome_tiff_has_them(tmp_path, painted):
    path = tmp_path / "a.ome.tif"
    options = {"tile": (256, 256), "photometric": "rgb", "compression": "jpeg"}
    with tifffile.TiffWriter(path) as file:
        file.write(painted, subifds=1, **options)
        file.write(np.ascontiguousarray(painted[::2, ::2]), subfiletype=1, **options)
    with TiffJpeg(path) as file:
        picture = simplejpeg.decode_jpeg(file.level(SIDE // 2, SIDE // 2).jpeg(1, 0))
    assert np.abs(picture.astype(int) - painted[::2, ::2][:256, 256:512]).mean() < 8


def test_a_cut_off_file_and_what_is_no_tiff_are_told(slide, tmp_path):
    path, _ = slide
    with TiffJpeg(path) as file:
        end = int(file.level(SIDE, SIDE).sizes().sum())
    short = tmp_path / "short.svs"
    shutil.copy(path, short)
    with TiffJpeg(short) as file:
        stored = file.level(SIDE, SIDE)
        with short.open("r+b") as handle:
            handle.truncate(end // 2)
        assert stored.jpeg(0, 0)
        with pytest.raises(FileFormatError, match=r"column \d, row \d ends before the file says"):
            stored.jpeg(stored.columns - 1, stored.rows - 1)
    for content in (b"", b"II*\0", b"not a slide at all", b"II*\0\xff\xff\xff\x7f"):
        short.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"short\.svs: "), TiffJpeg(short) as file:
            file.level(10, 10)


def test_zeros_in_place_of_a_tile_are_told(slide, tmp_path):
    path, _ = slide
    holed = tmp_path / "holed.svs"
    shutil.copy(path, holed)
    with tifffile.TiffFile(path) as tiff:
        offset, length = tiff.pages[0].dataoffsets[3], tiff.pages[0].databytecounts[3]
    with holed.open("r+b") as handle:
        handle.seek(offset)
        handle.write(bytes(length))
    with TiffJpeg(holed) as file, pytest.raises(FileFormatError, match="column 3, row 0 is no JPEG"):
        file.level(SIDE, SIDE).jpeg(3, 0)
    with TiffJpeg(holed) as file:  # tissue is looked for around a hole
        assert decode(file.level(SIDE, SIDE), 3, 0, 1) is None
        assert decode(file.level(SIDE, SIDE), 2, 0, 1) is not None
