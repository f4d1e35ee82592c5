"""OME-TIFF and TIFF that OpenSlide does not open: largest picture, planes, strips, whole memory never."""

import tracemalloc

import numpy as np
import openslide
import pytest
import tifffile
from written_slides import painted, write_ome

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening import open_slide

PER_CM = {"resolution": (4e4, 4e4), "resolutionunit": "CENTIMETER"}


@pytest.fixture(scope="module")
def picture():
    return painted(900, 700)


def whole(slide, level=0):
    return slide.read(level, 0, 0, slide.levels[level].width, slide.levels[level].height)


def test_the_largest_picture_is_the_slide_and_labels_are_left_out(tmp_path, picture):
    levels = [picture, picture[::2, ::2], picture[::4, ::4]]
    path = write_ome(tmp_path / "a.ome.tif", levels, name="tissue", labels=(painted(300, 200), painted(500, 400)))
    with open_slide(path) as slide:
        assert [(level.width, level.height) for level in slide.levels] == [(900, 700), (450, 350), (225, 175)]
        assert [level.downsample for level in slide.levels] == [1, 2, 4]
        for number, level in enumerate(levels):
            assert np.array_equal(whole(slide, number), level)


def test_an_ome_tiff_under_a_plain_name_keeps_its_levels(tmp_path, picture):
    path = write_ome(tmp_path / "a.tif", [picture, picture[::2, ::2]])
    assert openslide.OpenSlide(path).level_count == 1
    with open_slide(path) as slide:
        assert (slide.format, len(slide.levels)) == ("ome-tiff", 2)


def test_of_several_focal_planes_the_first_is_read(tmp_path, picture):
    stack = np.stack([picture, 255 - picture])
    axes = {"axes": "ZYXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, photometric="rgb", tile=(256, 256), metadata=axes)
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert np.array_equal(whole(slide), picture)
        assert "several focal planes" in slide.remarks[0]


@pytest.mark.parametrize("axes", ["CZYX", "ZCYX"])
def test_colours_in_planes_beside_focal_planes(tmp_path, picture, axes):
    planes = np.stack([picture, 255 - picture]).transpose(3, 0, 1, 2)  # colour, focus, row, column
    stack = np.ascontiguousarray(planes if axes == "CZYX" else planes.transpose(1, 0, 2, 3))
    metadata = {"axes": axes, "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, photometric="minisblack", metadata=metadata)
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert np.array_equal(whole(slide), picture)


def test_the_objective_of_ome_is_read(tmp_path, picture):
    path = write_ome(tmp_path / "a.ome.tif", [picture], size=None)
    with tifffile.TiffFile(path) as file:
        xml = file.pages.first.description
    objective = '<Instrument ID="Instrument:0"><Objective ID="Objective:1" NominalMagnification="20"/></Instrument>'
    settings = '<ObjectiveSettings ID="Objective:1"/><Pixels'
    tifffile.tiffcomment(path, xml.replace("<Image", f"{objective}<Image", 1).replace("<Pixels", settings, 1))
    with open_slide(path) as slide:
        assert slide.scale.mpp == 0.5
        assert slide.scale.source == "objective power of the file"


WAYS = {
    "strips": {"rowsperstrip": 32, "compression": "zlib"},
    "strips of LZW with differences": {"rowsperstrip": 50, "compression": "lzw", "predictor": 2},
    "strips of JPEG": {"rowsperstrip": 48, "compression": "jpeg"},
    "no compression, one strip": {},
    "no compression, strips": {"rowsperstrip": 16},
    "tiles of Zstandard": {"tile": (128, 256), "compression": "zstd"},
    "tiles of JPEG XL": {"tile": (256, 256), "compression": "jpegxl", "compressionargs": {"lossless": True}},
}


@pytest.mark.parametrize("way", WAYS)
def test_any_way_to_store_a_page_in_colour(tmp_path, picture, way):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture, photometric="rgb", metadata=None, **PER_CM, **WAYS[way])
    with open_slide(path) as slide:
        seen = whole(slide)
        assert np.abs(seen.astype(int) - picture).mean() < (4 if "of JPEG" in way and "XL" not in way else 1e-9)
        assert np.array_equal(slide.read(0, 250, 240, 30, 40), seen[240:280, 250:280])
        assert slide.read(0, 890, 690, 20, 20)[10:, 10:].min() == 255
        assert slide.scale.mpp == pytest.approx(0.25)


@pytest.mark.parametrize("separate", [False, True])
def test_pages_without_compression_in_ome(tmp_path, picture, separate):
    data = np.ascontiguousarray(picture.transpose(2, 0, 1)) if separate else picture
    options = {"planarconfig": "separate"} if separate else {}
    metadata = {"axes": "SYX" if separate else "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "a.ome.tif", data, photometric="rgb", metadata=metadata, **options)
    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert np.array_equal(slide.read(0, 200, 300, 400, 350), picture[300:650, 200:600])


def test_a_tile_that_was_not_stored_is_white(tmp_path, picture):
    path = write_ome(tmp_path / "a.ome.tif", [picture])
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages.first.tags["TileByteCounts"]
        tag.overwrite([0 if place == 5 else count for place, count in enumerate(tag.value)])
    with open_slide(path) as slide:
        expected = picture.copy()
        expected[256:512, 256:512] = 255  # row 1, column 1 of 4 columns
        assert np.array_equal(whole(slide), expected)


def test_reduced_pages_of_the_same_shape_are_levels_and_others_are_not(tmp_path, picture):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        options = {"photometric": "rgb", "metadata": None, "rowsperstrip": 32, "compression": "zlib", **PER_CM}
        file.write(picture, **options)
        file.write(picture[::4, ::4], subfiletype=1, **options)
        file.write(picture[:200, :100], subfiletype=1, **options)
        file.write(picture[::2, ::2], subfiletype=0, **options)
        file.write(picture[::8, ::8], subfiletype=9, **options)
    with open_slide(path) as slide:
        assert [(level.width, level.height) for level in slide.levels] == [(900, 700), (225, 175)]
        assert np.array_equal(whole(slide, 1), picture[::4, ::4])


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (np.zeros((300, 300), np.uint8), {}),
        (np.zeros((300, 300, 3), np.uint16), {"photometric": "rgb"}),
        (np.zeros((300, 300, 4), np.uint8), {"photometric": "rgb"}),
    ],
    ids=["grey", "16 bits", "four samples"],
)
@pytest.mark.parametrize("name", ["a.ome.tif", "a.tif"])
def test_what_is_not_in_colour_of_8_bits_is_refused(tmp_path, data, options, name):
    tifffile.imwrite(tmp_path / name, data, rowsperstrip=64, compression="zlib", **options)
    with pytest.raises(FileFormatError, match=r"three colours of 8 bits \(its first: 300 x 300"):
        open_slide(tmp_path / name, mpp=0.25)


def test_a_page_compressed_in_one_block_is_refused_before_memory_is_taken(tmp_path):
    path = tmp_path / "a.tif"
    rows = np.zeros((8000, 8000, 3), np.uint8)
    tifffile.imwrite(path, rows, photometric="rgb", compression="zlib", rowsperstrip=8000, compressionargs={"level": 1})
    with pytest.raises(FileFormatError, match=r"blocks of 8000 x 8000, too large.*vips"):
        open_slide(path, mpp=0.25)


@pytest.mark.parametrize("name", ["huge.tif", "huge.ome.tif"])
def test_a_huge_file_without_a_pyramid_is_read_in_little_memory(tmp_path, name):
    """1.2 GB of pixels, of which the file system stores none."""
    path, side = tmp_path / name, 20_000
    page = tifffile.memmap(path, shape=(side, side, 3), dtype=np.uint8, photometric="rgb", **PER_CM)
    page[15_000:15_100, 3000:3100] = (10, 20, 30)
    page.flush()
    del page
    tracemalloc.start()
    with open_slide(path, mpp=0.25) as slide:
        seen = slide.read(0, 2990, 14_990, 200, 200)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(slide.levels) == 1
    assert np.array_equal(seen[10:110, 10:110], np.full((100, 100, 3), (10, 20, 30)))
    assert seen.sum() == 100 * 100 * 60
    assert peak < 60e6
