"""DICOM slides: stored frames by whatever table, colours by what the file says, levels of one series."""

import cv2
import imagecodecs
import numpy as np
import openslide
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless
from written_slides import instance, jpeg_tiles, painted, save, unmarked, write_dicom

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening import open_slide
from tumorboard.slides.opening.dicom_frames import open_frames
from tumorboard.slides.opening.dicom_series import read_instance

WIDTH, HEIGHT, TILE = 600, 500, 240
SIZE = (WIDTH, HEIGHT)
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # which stands for YCbCr


@pytest.fixture(scope="module")
def picture():
    return painted(WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def frames(picture):
    return jpeg_tiles(picture, TILE)


def decoded(stored):
    """The level from its stored tiles, with a decoder that knows nothing but the stream."""
    rows = []
    for row in range(stored.rows):
        streams = [np.frombuffer(stored.jpeg(column, row), np.uint8) for column in range(stored.columns)]
        rows.append(np.hstack([cv2.imdecode(stream, cv2.IMREAD_COLOR_RGB) for stream in streams]))
    return np.vstack(rows)


def by_openslide(path):
    with openslide.OpenSlide(path) as slide:
        return np.asarray(slide.read_region((0, 0), 0, slide.dimensions))[..., :3]


@pytest.mark.parametrize("table", ["basic", "extended", "none"])
@pytest.mark.parametrize("colours", ["YBR_FULL_422", "RGB", "RGB with a mark", "RGB with a false mark"])
def test_frames_by_every_table_and_in_both_colours(tmp_path, picture, table, colours):
    rgb = colours.startswith("RGB")
    frames = jpeg_tiles(picture, TILE, rgb=rgb)
    if colours in ("RGB", "RGB with a false mark"):
        mark = JFIF if "false" in colours else b""
        frames = [frame[:2] + mark + frame[2:] for frame in map(unmarked, frames)]
    path = save(instance(frames, SIZE, TILE, series="1.2.3", rgb=rgb), frames, tmp_path / "a.dcm", table=table)
    with open_slide(path) as slide:
        stored = slide.jpeg_level(0)
        assert (stored.columns, stored.rows, stored.tile_width, stored.tile_height) == (3, 3, TILE, TILE)
        seen = decoded(stored)[:HEIGHT, :WIDTH]
        assert np.array_equal(seen, by_openslide(path))
        assert np.array_equal(seen, slide.read(0, 0, 0, WIDTH, HEIGHT))
        assert np.abs(seen.astype(int) - picture).mean() < 2
        sizes = stored.sizes()
        lengths = np.array([[len(frames[3 * row + column]) for column in range(3)] for row in range(3)])
        assert np.all((sizes - lengths >= 0) & (sizes - lengths <= 1))  # items have an even length


def test_frames_in_several_fragments(tmp_path, picture, frames):
    data = instance(frames, SIZE, TILE, series="1.2.3")
    path = save(data, frames, tmp_path / "a.dcm", table="basic", fragments=3)
    with open_slide(path) as slide:
        assert [slide.jpeg_level(0).jpeg(n % 3, n // 3) for n in range(9)] == frames
        assert np.abs(slide.read(0, 0, 0, WIDTH, HEIGHT).astype(int) - picture).mean() < 2


def test_of_several_optical_paths_the_first_is_taken_and_a_remark_says_so(tmp_path, picture, frames):
    both = frames + jpeg_tiles(255 - picture, TILE)
    data = instance(both, SIZE, TILE, series="1.2.3", NumberOfOpticalPaths=2)
    path = save(data, both, tmp_path / "a.dcm")
    with open_slide(path) as slide:
        assert "2 optical paths" in slide.remarks[0]
        assert np.array_equal(decoded(slide.jpeg_level(0))[:HEIGHT, :WIDTH], by_openslide(path))
        assert np.abs(slide.read(0, 0, 0, WIDTH, HEIGHT).astype(int) - picture).mean() < 2


def test_several_focal_planes_are_refused(tmp_path, frames):
    data = instance(frames * 2, SIZE, TILE, series="1.2.3", TotalPixelMatrixFocalPlanes=2)
    with pytest.raises(FileFormatError, match=r"2 focal planes.*Export one"):
        open_slide(save(data, frames * 2, tmp_path / "a.dcm"))


def test_parts_of_a_concatenation_are_not_taken(tmp_path, frames):
    data = instance(frames, SIZE, TILE, series="1.2.3", ConcatenationUID="1.2.3.4")
    assert open_frames(read_instance(save(data, frames, tmp_path / "a.dcm"))) is None


def test_frames_without_loss_are_read_and_not_taken(tmp_path, picture):
    padded = np.full((3 * TILE, 3 * TILE, 3), 255, np.uint8)
    padded[:HEIGHT, :WIDTH] = picture
    tiles = [padded[y : y + TILE, x : x + TILE].copy() for y in range(0, 720, TILE) for x in range(0, 720, TILE)]
    frames = [bytes(imagecodecs.jpeg2k_encode(tile, level=0, codecformat="j2k", reversible=True)) for tile in tiles]
    data = instance(frames, SIZE, TILE, series="1.2.3", PhotometricInterpretation="YBR_RCT")
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    path = save(data, frames, tmp_path / "a.dcm")
    with open_slide(path) as slide:
        assert slide.jpeg_level(0) is None
        assert np.array_equal(slide.read(0, 0, 0, WIDTH, HEIGHT), picture)
    plain = instance(tiles, SIZE, TILE, series="1.2.4", rgb=True)
    plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain.PixelData = b"".join(tile.tobytes() for tile in tiles)
    plain["PixelData"].VR = "OB"
    pydicom.dcmwrite(tmp_path / "b.dcm", plain, enforce_file_format=True)
    with open_slide(tmp_path / "b.dcm") as slide:
        assert slide.jpeg_level(0) is None
        assert np.array_equal(slide.read(0, 5, 6, 300, 400), picture[6:406, 5:305])


def test_any_file_of_the_series_opens_all_its_levels(tmp_path, picture):
    levels = [picture, picture[::4, ::4]]
    folder = write_dicom(tmp_path / "slide", levels, tile_px=TILE)
    series = pydicom.dcmread(folder / "0.dcm", stop_before_pixels=True).SeriesInstanceUID
    label = jpeg_tiles(painted(300, 200), 300)
    save(instance(label, (300, 200), 300, series=series, kind="LABEL"), label, folder / "label.dcm")
    write_dicom(folder / "other", [picture])
    (folder / "other" / "0.dcm").rename(folder / "neighbour.dcm")
    for path in (folder / "0.dcm", folder / "1.dcm", folder / "label.dcm"):
        with open_slide(path) as slide:
            assert [(level.width, level.height) for level in slide.levels] == [(600, 500), (150, 125)]
            assert all(slide.jpeg_level(number) is not None for number in range(2))
            assert slide.mpp(1) == pytest.approx(4 * 0.2467, rel=1e-4)
    (folder / "neighbour.dcm").unlink()
    with open_slide(folder) as slide:
        assert [(level.width, level.height) for level in slide.levels] == [(600, 500), (150, 125)]


def test_a_wrong_table_is_passed_over_where_the_items_tell(tmp_path, frames):
    path = save(instance(frames, SIZE, TILE, series="1.2.3"), frames, tmp_path / "a.dcm")
    content = bytearray(path.read_bytes())
    table = content.index(b"\xe0\x7f\x10\x00OB") + 20
    content[table + 4 : table + 8] = b"\xff\xff\xff\x0f"
    path.write_bytes(content)
    with open_slide(path) as slide:
        assert [slide.jpeg_level(0).jpeg(n % 3, n // 3) for n in range(9)] == frames


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TotalPixelMatrixRows": 49_196}, "9 frames, but its size needs 615"),
        ({"TotalPixelMatrixColumns": 2_130_706_832}, "is damaged"),
        ({"DimensionOrganizationType": "TILED_SPARSE"}, "not where each frame lies"),
        ({"Rows": 0}, "is damaged"),
    ],
)
def test_headers_on_which_openslide_ends_the_program_are_refused(tmp_path, frames, changes, words):
    path = save(instance(frames, SIZE, TILE, series="1.2.3", **changes), frames, tmp_path / "a.dcm")
    with pytest.raises(FileFormatError, match=words):
        open_slide(path)


def test_a_frame_that_is_not_there_is_empty(tmp_path, picture, frames):
    some = [*frames[:4], b"gone", *frames[5:]]
    path = save(instance(some, SIZE, TILE, series="1.2.3"), some, tmp_path / "a.dcm", table="none")
    item = b"\xfe\xff\x00\xe0"
    path.write_bytes(path.read_bytes().replace(item + b"\x04\0\0\0gone", item + bytes(4)))
    with open_slide(path) as slide:
        stored = slide.jpeg_level(0)
        assert stored.jpeg(1, 1) == b""
        assert stored.sizes()[1, 1] == 0
        assert slide.read(0, TILE, TILE, TILE, TILE).min() == 255
        with pytest.raises(IndexError, match="of 3 x 3"):
            stored.jpeg(3, 0)
