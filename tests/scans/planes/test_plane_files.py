"""Planes made elsewhere come to the same scale; whatever is unclear about them is refused in one line."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from tumorboard.errors import FileFormatError
from tumorboard.scans.planes import read_ready_made
from tumorboard.scans.planes.picture_file import read_picture_mask
from tumorboard.study.scan_settings import ScanSettings

SETTINGS = ScanSettings(size_px=64, field_mm=48)
SAME_MM = 48 / 64
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
DISC = ((np.indices((64, 64)) - np.array([20, 40])[:, None, None]) ** 2).sum(axis=0) < 100


def saved(path, picture):
    assert cv2.imwrite(str(path), picture)
    return path


def read(path, plane="transversal", pixel_mm=SAME_MM, mask=None, settings=SETTINGS, label=None):
    return read_ready_made(path, plane, pixel_mm, mask, settings, label)


@pytest.mark.parametrize("plane", ["transversal", "coronal", "sagittal"])
@pytest.mark.parametrize("name", ["p.png", "p.tif"])
def test_a_picture_of_the_right_scale_is_taken_as_it_is(tmp_path, plane, name):
    image = read(saved(tmp_path / name, NOISE), plane)
    assert np.array_equal(image.pixels, NOISE)
    assert not image.mask.any()
    assert image.outside_share == 0
    assert image.remarks == (f"the {plane} picture has no mask: it is centred on its own middle, not on the tumour",)
    geometry = image.geometry
    assert (geometry.plane, geometry.slice, geometry.in_patient) == (plane, -1, False)
    assert np.allclose(geometry.to_patient(0, 0), 0)
    right = {"transversal": (1, 0, 0), "coronal": (1, 0, 0), "sagittal": (0, 1, 0)}[plane]
    below = {"transversal": (0, 1, 0), "coronal": (0, 0, -1), "sagittal": (0, 0, -1)}[plane]
    assert np.allclose(geometry.column_step_mm, np.array(right) * SAME_MM)
    assert np.allclose(geometry.row_step_mm, np.array(below) * SAME_MM)
    with pytest.raises(ValueError, match="no place in a scan"):
        geometry.to_voxels(0, 0, None)


def test_sixteen_bits_keep_their_grey(tmp_path):
    deep = NOISE.astype(np.uint16) * 257
    path = saved(tmp_path / "deep.png", deep)
    assert np.array_equal(read(path).pixels, NOISE)
    kept = read(path, settings=SETTINGS.model_copy(update={"bits": 16}))
    assert kept.pixels.dtype == np.uint16
    assert np.abs(kept.pixels.astype(int) - deep).max() <= 1
    assert kept.window.high == 65535


def test_twelve_bits_without_a_window_are_told(tmp_path):
    image = read(saved(tmp_path / "raw.png", NOISE.astype(np.uint16) * 16))
    assert image.remarks[1] == (
        "the transversal picture is dark: its brightest pixel has 4080 of 65535; was it windowed?"
    )


def test_it_is_centred_on_the_tumour_at_the_same_scale(tmp_path):
    picture, mask = saved(tmp_path / "p.png", NOISE), saved(tmp_path / "m.png", DISC.astype(np.uint8) * 255)
    image = read(picture, pixel_mm=2 * SAME_MM, mask=mask, settings=SETTINGS.model_copy(update={"margin_mm": 5.0}))
    rows, columns = np.nonzero(image.mask)
    assert (rows.min() + rows.max(), columns.min() + columns.max()) == (63, 63)
    assert (image.mask > 0).sum() == pytest.approx(4 * DISC.sum(), rel=0.05)
    assert np.allclose(image.geometry.to_pixels(np.array([[40, 20, 0]]) * 2 * SAME_MM), [[31.5, 31.5, 0]])
    assert not image.remarks


def test_a_wider_field_for_a_tumour_that_does_not_fit(tmp_path):
    picture, mask = saved(tmp_path / "p.png", NOISE), saved(tmp_path / "m.png", DISC.astype(np.uint8) * 255)
    image = read(picture, pixel_mm=3, mask=mask)
    assert image.geometry.pixel_mm * 64 == pytest.approx(77)  # 19 pixels of 3 mm, and twice 10 mm
    assert image.remarks[0].startswith("the field of view is 77 mm, not 48 mm")


def test_smaller_pixels_are_smoothed_before_they_are_dropped(tmp_path):
    checks = np.where(np.indices((512, 512)).sum(axis=0) % 2, 255, 0).astype(np.uint8)
    image = read(saved(tmp_path / "p.png", checks), pixel_mm=SAME_MM / 7.3)
    assert image.pixels.std() < 2


def test_grey_kept_in_three_channels_is_grey(tmp_path):
    assert np.array_equal(read(saved(tmp_path / "p.png", np.dstack([NOISE] * 3))).pixels, NOISE)
    smooth = cv2.GaussianBlur(NOISE, (0, 0), 4)
    for channels in (smooth, np.dstack([smooth] * 3)):
        image = read(saved(tmp_path / "p.jpg", channels))
        assert np.abs(image.pixels.astype(int) - smooth).max() <= 8


def test_a_tiff_with_white_as_zero_is_turned(tmp_path):
    tifffile.imwrite(tmp_path / "p.tif", ~NOISE, photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "p.tif").pixels, NOISE)


COLOURED = np.dstack([NOISE, NOISE, np.roll(NOISE, 1)])
CLEAR = np.dstack([NOISE, NOISE, NOISE, np.where(DISC, 0, 255).astype(np.uint8)])


@pytest.mark.parametrize(
    ("name", "write", "told"),
    [
        ("p.png", lambda path: saved(path, COLOURED), "the picture is coloured"),
        ("p.png", lambda path: saved(path, np.full((64, 64), 9, np.uint8)), "all pixels have the grey level 9"),
        ("p.jpg", lambda path: Image.fromarray(np.dstack([NOISE] * 4), "CMYK").save(path), "its colours are"),
        ("p.png", lambda path: saved(path, CLEAR), "parts of it are transparent"),
        ("p.png", lambda path: saved(path, NOISE[:8]), "it has 64 x 8 pixels"),
        ("p.png", lambda path: path.write_bytes(b""), "the file is empty"),
        ("p.png", lambda path: path.write_bytes(b"GIF89a..."), "neither PNG, TIFF nor JPEG"),
        ("p.png", lambda path: None, "cannot be read: no such file"),
        ("p.png", lambda path: path.mkdir(), "cannot be read: is a directory"),
        ("p.tif", lambda path: tifffile.imwrite(path, NOISE.astype(np.float32)), "its pixels are float32"),
        ("p.tif", lambda path: tifffile.imwrite(path, np.stack([NOISE] * 3), photometric="minisblack"), "3 pictures"),
    ],
)
def test_what_is_no_grey_picture_is_refused_in_one_line(tmp_path, name, write, told):
    write(tmp_path / name)
    with pytest.raises(FileFormatError, match=told) as raised:
        read(tmp_path / name)
    assert raised.value.line().startswith(f"{name}: ")
    assert "\n" not in raised.value.line()


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.tif"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, name, share):
    whole = saved(tmp_path / f"whole-{name}", NOISE).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("plane", "pixel_mm", "told"),
    [
        (None, 0.7, "the plane of this picture is not stated. State them in scans.csv, columns plane and pixel_mm"),
        ("coronal", None, "the pixel size of this picture is not stated"),
        (None, None, "the plane and pixel size of this picture are not stated"),
        ("coronal", 0.0, "a pixel of 0 mm cannot be"),
        ("coronal", float("nan"), "a pixel of nan mm cannot be"),
        ("coronal", 700.0, "a pixel of 700 mm cannot be"),
    ],
)
def test_plane_and_pixel_size_have_to_be_stated(tmp_path, plane, pixel_mm, told):
    with pytest.raises(FileFormatError, match=told):
        read(saved(tmp_path / "p.png", NOISE), plane, pixel_mm)


def test_masks_in_grey_and_in_red(tmp_path):
    grey = np.where(DISC, 2, 0).astype(np.uint8)
    grey[50:60] = 1
    path = saved(tmp_path / "labels.png", grey)
    assert np.array_equal(read_picture_mask(path, DISC.shape, 2), DISC)
    with pytest.raises(FileFormatError, match=r"several grey levels \(1, 2\). State the tumour's as mask_label"):
        read_picture_mask(path, DISC.shape)
    with pytest.raises(FileFormatError, match="no pixel of grey level 7"):
        read_picture_mask(path, DISC.shape, 7)
    one = saved(tmp_path / "one.png", np.where(DISC, 1, 0).astype(np.uint8))
    assert np.array_equal(read_picture_mask(one, DISC.shape), DISC)
    colours = np.zeros((64, 64, 3), np.uint8)
    colours[50:60] = (255, 0, 0)  # blue, as OpenCV orders channels: the kidney
    blue = saved(tmp_path / "blue.png", colours)
    with pytest.raises(FileFormatError, match="nothing in the mask is red"):
        read_picture_mask(blue, DISC.shape)
    colours[DISC] = (0, 0, 255)
    assert np.array_equal(read_picture_mask(saved(tmp_path / "red.png", colours), DISC.shape), DISC)
    assert np.array_equal(
        read_picture_mask(saved(tmp_path / "deep.png", colours.astype(np.uint16) * 257), DISC.shape), DISC
    )
    with pytest.raises(FileFormatError, match="the mask is empty"):
        read_picture_mask(saved(tmp_path / "none.png", np.zeros((64, 64), np.uint8)), DISC.shape)
    with pytest.raises(FileFormatError, match="the mask has 64 x 64 pixels, its picture 32 x 48"):
        read_picture_mask(one, (48, 32))


def test_real_slices_with_a_red_tumour_keep_its_area(real_data):
    folder = real_data / "scans" / "kits19_slices"
    taken = 0
    for path in sorted((folder / "images").iterdir()):
        mask = folder / "masks" / path.name
        red = (cv2.imread(str(mask)) == (0, 0, 255)).all(axis=2)
        if not red.any():
            with pytest.raises(FileFormatError, match="nothing in the mask is red"):
                read(path, pixel_mm=0.8, mask=mask)
            continue
        image = read(path, pixel_mm=0.8, mask=mask, settings=ScanSettings(field_mm=180))
        area = red.sum() * 0.8**2
        assert (image.mask > 0).sum() * image.geometry.pixel_mm**2 == pytest.approx(area, rel=0.02, abs=5)
        taken += 1
    assert taken == 21
