"""Tiles that were cut elsewhere: their bytes are kept, their scale must be stated, what is no tile is told by name."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tumorboard.errors import FileFormatError
from tumorboard.phantom.patients import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient
from tumorboard.phantom.slides import write_tiles
from tumorboard.slides.ready_made import UNKNOWN, ReadyMadeTiles
from tumorboard.store.encodings import decode

PICTURE = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
SMOOTH = cv2.GaussianBlur(PICTURE, (0, 0), 3)


def encoded(picture=PICTURE, mode="RGB", kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def tiff(picture=PICTURE, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, picture, **options)
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path):
    def _folder(**files):
        for name, content in files.items():
            path = tmp_path / "tiles" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "tiles"

    return _folder


@pytest.fixture(scope="module")
def simulated_tiles(tmp_path_factory):
    study = tmp_path_factory.mktemp("study")
    patient = SimulatedPatient(
        number=3, patient_id="SIM-0003", seed=20, sex="female", age_years=61, side="left", site="a site",
        histology=HistologyFactors(0.4, 0.5, 0.6, 0.5, 0.4, 0.5), radiology=RadiologyFactors(52.0, 0.5, 0.2),
        has_slide=True, scan=ScanKind.CT,
    )  # fmt: skip
    write_tiles(patient, study, count_10x=2, count_5x=1, side_px=3072)
    return study


def pixels_of(tile):
    """Decode as the store does."""
    return decode(tile.payload, tile.encoding, tile.width_px, tile.height_px, channels=3)


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.png", encoded(), "png"),
        ("a.jpg", encoded(SMOOTH, kind="JPEG", quality=90), "jpeg"),
        ("a.JPEG", encoded(SMOOTH, kind="JPEG", quality=80, progressive=True), "jpeg"),
        ("a.png", encoded(SMOOTH, kind="JPEG"), "jpeg"),
        ("a.png", encoded(mode="P"), "png"),
    ],
)
def test_jpeg_and_png_are_kept_byte_for_byte_whatever_their_suffix(name, content, encoding, folder):
    (tile,) = ReadyMadeTiles.find(folder(**{name: content}), 1.0).read()
    assert tile.payload == content
    assert (tile.encoding, tile.width_px, tile.height_px) == (encoding, 64, 64)
    assert pixels_of(tile).shape == (64, 64, 3)


@pytest.mark.parametrize("content", [tiff(photometric="rgb"), tiff(photometric="rgb", compression="deflate")])
def test_tiff_becomes_png_without_loss(content, folder):
    (tile,) = ReadyMadeTiles.find(folder(**{"a.tif": content}), 1.0).read()
    assert tile.encoding == "png"
    assert np.array_equal(pixels_of(tile), PICTURE)


def test_transparency_is_laid_over_white(folder):
    opaque = np.dstack([PICTURE, np.full((64, 64), 255, np.uint8)])
    clear = opaque.copy()
    clear[:32, :, 3] = 0
    tiles = ReadyMadeTiles.find(folder(**{"clear.png": encoded(clear, "RGBA"), "full.png": encoded(opaque, "RGBA")}), 2)
    clear_tile, full_tile = tiles.read()
    assert np.array_equal(pixels_of(full_tile), PICTURE)
    assert (pixels_of(clear_tile)[:32] == 255).all()
    assert np.array_equal(pixels_of(clear_tile)[32:], PICTURE[32:])


def test_colours_are_those_of_the_pixels(folder):
    (tile,) = ReadyMadeTiles.find(folder(**{"a.png": encoded()}), 1.0).read()
    expected = np.concatenate([PICTURE.mean(axis=(0, 1)), PICTURE.std(axis=(0, 1))])
    assert tile.colours == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("names", "mpp", "scales"),
    [
        (["a.png", "b.png"], 1.0, ["10x", "10x"]),
        (["a.png"], 1.04, ["10x"]),
        (["a.png"], 1.92, ["5x"]),
        (["10x/a.png", "5x/a.png"], None, ["10x", "5x"]),
        (["10X/deep/er/a.png", "overlay.jpg", "sheet_10x.jpg"], None, ["10x"]),
        (["5x/a.png"], 2.0, ["5x"]),
        (["b/a.png", "a/b.png"], 2.0, ["5x", "5x"]),
    ],
)
def test_the_scale_is_that_of_the_table_or_of_the_folders_name(names, mpp, scales, folder):
    tiles = ReadyMadeTiles.find(folder(**dict.fromkeys(names, encoded())), mpp)
    assert [file.scale for file in tiles.files] == scales
    assert [file.name for file in tiles.files] == sorted(file.name for file in tiles.files)
    assert all(file.mpp == (mpp or {"10x": 1.0, "5x": 2.0}[file.scale]) for file in tiles.files)
    assert len(list(tiles.read())) == len(tiles) == len(scales)


def test_a_folder_that_is_itself_called_10x_says_its_scale(folder):
    root = folder(**{"10x/a.png": encoded()})
    assert ReadyMadeTiles.find(root / "10x").files[0].scale == "10x"
    assert ReadyMadeTiles.find(root / "10x", 0.98).files[0].mpp == 0.98
    with pytest.raises(FileFormatError, match=r"called 10x, but 2 µm per pixel are stated, which is 5x"):
        ReadyMadeTiles.find(root / "10x", 2.0)


@pytest.mark.parametrize(
    ("names", "mpp", "message"),
    [
        (["a.png"], None, "the scale of these tiles is not stated"),
        (["a.png"], 0.5, r"tiles of 0\.5 µm per pixel are neither 10x \(1\.0\) nor 5x \(2\.0\) within 5 %"),
        (["a.png"], 1.06, "neither 10x"),
        (["10x/a.png", "5x/a.png"], 1.0, "called 5x, but 1 µm per pixel are stated, which is 10x"),
        (["notes.txt", ".hidden.png", "__MACOSX/._a.png"], 1.0, "holds no PNG, JPEG or TIFF picture"),
    ],
)
def test_a_folder_that_cannot_be_taken_is_told_in_one_line(names, mpp, message, folder):
    with pytest.raises(FileFormatError, match=message) as told:
        ReadyMadeTiles.find(folder(**dict.fromkeys(names, encoded())), mpp)
    assert "\n" not in told.value.line()


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FileFormatError, match="there is no such folder of tiles"):
        ReadyMadeTiles.find(tmp_path / "none", 1.0)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("x123_y456.png", (123, 456)),
        ("SIM-1_x=0,y=2048.png", (0, 2048)),
        ("tile (123,456).png", (123, 456)),
        ("(12, 34).png", (12, 34)),
        ("x12y34.png", (12, 34)),
        ("0001.png", (UNKNOWN, UNKNOWN)),
        ("TCGA-EU-5906_18024_35798_blood_189.png", (UNKNOWN, UNKNOWN)),
    ],
)
def test_the_place_is_that_of_the_name(name, place, folder):
    (file,) = ReadyMadeTiles.find(folder(**{name: encoded()}), 1.0).files
    assert (file.left, file.top) == place


CUT = encoded(kind="JPEG")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"GIF89a", "it is neither JPEG, PNG nor TIFF, whatever its name"),
        (encoded(mode="L"), "it is grey"),
        (encoded(mode="LA"), "it is grey"),
        (encoded(mode="L", kind="JPEG"), "its colours are Gray"),
        (encoded(mode="CMYK", kind="JPEG"), "its colours are CMYK"),
        (tiff(np.dstack([PICTURE, PICTURE[..., 0]]), photometric="separated"), "its colours are SEPARATED"),
        (tiff(PICTURE[..., 0]), "it is grey"),
        (tiff(PICTURE.astype(np.uint16), photometric="rgb"), "it has 16 bits a channel, not 8"),
        (cv2.imencode(".png", PICTURE.astype(np.uint16))[1].tobytes(), "it has 16 bits a channel, not 8"),
        (encoded(PICTURE[:40]), "it has 64 x 40 pixels; a tile is square"),
        (encoded(PICTURE[:16, :16]), "it has 16 x 16 pixels; a tile has 32 to 2048 across"),
        (CUT[: 2 * len(CUT) // 3], "damaged: Premature end of JPEG file"),
        (CUT[:40], "damaged: "),
        (encoded()[:500], "damaged: "),
        (tiff(photometric="rgb", compression="deflate")[:900], "damaged: "),
    ],
)
def test_what_is_no_tile_is_told_by_name_and_does_not_stop_the_others(content, reason, folder):
    tiles = ReadyMadeTiles.find(folder(**{"a.png": encoded(), "bad.png": content, "c.png": encoded()}), 1.0)
    faults = []
    read = list(tiles.read(on_fault=lambda file, why: faults.append((file.name, why))))
    assert [tile.file.name for tile in read] == ["a.png", "c.png"]
    ((name, why),) = faults
    assert name == "bad.png"
    assert why.startswith(reason)
    with pytest.raises(FileFormatError, match=r"^bad\.png: "):
        list(tiles.read())


def test_a_file_that_has_gone_is_told(folder):
    tiles = ReadyMadeTiles.find(folder(**{"a.png": encoded()}), 1.0)
    tiles.files[0].path.unlink()
    with pytest.raises(FileFormatError, match=r"a\.png: cannot be read: No such file"):
        list(tiles.read())


def test_some_of_the_files_can_be_read(folder):
    tiles = ReadyMadeTiles.find(folder(**{f"{number}.png": encoded() for number in range(9)}), 1.0)
    assert [tile.file.name for tile in tiles.read(tiles.files[2:7:2])] == ["2.png", "4.png", "6.png"]


def test_tiles_of_simulated_patients_are_taken_as_they_are(simulated_tiles):
    for scale, mpp in (("10x", 1.0), ("5x", 2.0)):
        (own,) = simulated_tiles.glob(f"tiles/*/{scale}")
        stated = ReadyMadeTiles.find(own, mpp)
        found = [file for file in ReadyMadeTiles.find(own.parent).files if file.scale == scale]
        assert [file.path for file in found] == [file.path for file in stated.files]
        assert len(found) == (2 if scale == "10x" else 1)
        for tile in stated.read():
            assert tile.payload == tile.file.path.read_bytes()
            assert (tile.encoding, tile.width_px) == ("jpeg", 256)


def test_real_tiles_are_taken_as_they_are(real_data):
    tiles = ReadyMadeTiles.find(real_data / "tiles_kirc", 1.0)
    assert len(tiles) == 18
    assert all(tile.payload == tile.file.path.read_bytes() for tile in tiles.read())
