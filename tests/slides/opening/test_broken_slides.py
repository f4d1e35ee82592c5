"""What is broken, cut off or no slide is told in one clear line; what is sound beside it is still read."""

import io
import random
import shutil

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from written_slides import (
    instance,
    jpeg_tiles,
    painted,
    save,
    stored_levels,
    write_aperio,
    write_dicom,
    write_generic_tiff,
    write_ome,
    write_scan_slice,
)

from tumorboard.errors import FileFormatError, UserError
from tumorboard.slides.opening import open_slide


def read_all(path, **options):
    with open_slide(path, **options) as slide:
        for number, level in enumerate(slide.levels):
            slide.read(number, 0, 0, level.width, level.height)


def refusal(path, **options):
    with pytest.raises(FileFormatError) as refused:
        read_all(path, **options)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line


def cut(path, share, target):
    content = path.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "name", ["aperio", "generic-tiff", "generic-tiff in JPEG", "ome-tiff", "ome-tiff in planes", "dicom"]
)
def test_a_file_that_breaks_off(same_slide, tmp_path, name, share):
    path = same_slide.files[name]
    path = path / "0.dcm" if path.is_dir() else path
    line = refusal(cut(path, share, tmp_path / path.name))
    assert "cut off" in line or "damaged" in line or "no slide" in line


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_real_slide_that_breaks_off(real_data, tmp_path, share):
    line = refusal(cut(real_data / "slides" / "cmu-1-small-region.svs", share, tmp_path / "cut.svs"))
    assert "is cut off" in line
    assert "Fetch or copy it again" in line


def test_the_broken_slide_of_the_real_data(real_data):
    assert "is no slide, but text" in refusal(real_data / "slides" / "broken.svs")


def test_a_big_tiff_that_breaks_off(tmp_path):
    picture = painted(600, 500)
    with tifffile.TiffWriter(tmp_path / "big.tif", bigtiff=True, byteorder=">") as file:
        file.write(picture, tile=(256, 256), photometric="rgb", resolution=(4e4, 4e4), resolutionunit="CENTIMETER")
    with open_slide(tmp_path / "big.tif") as slide:
        assert np.array_equal(slide.read(0, 0, 0, 600, 500), picture)
    assert "is cut off" in refusal(cut(tmp_path / "big.tif", 0.7, tmp_path / "cut.tif"))


def test_labels_that_are_missing_do_not_matter(tmp_path):
    """The macro photograph comes last; without it nothing of the tissue is lost."""
    whole = write_aperio(tmp_path / "whole.svs", painted(700, 600))
    with open_slide(cut(whole, 0.99, tmp_path / "cut.svs")) as slide:
        assert slide.read(0, 0, 0, 700, 600).mean() < 250


def _picture(kind):
    stream = io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(stream, kind)
    return stream.getvalue()


NO_SLIDES = {
    "text": (b"patient_id,path\nP1,one.svs\n", "but text"),
    "a web page": (b"\n<!DOCTYPE html><html>404</html>", "but a web page"),
    "a PNG": (_picture("png"), "but a PNG picture"),
    "a JPEG": (_picture("jpeg"), "but a JPEG picture"),
    "a ZIP": (b"PK\x03\x04" + bytes(100), "but a ZIP archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "but packed with gzip"),
    "zeros": (bytes(5000), "but zeros"),
    "noise": (random.Random(1).randbytes(5000), "of a known format, or is damaged"),
    "nothing": (b"", "the file is empty"),
    "the start of a TIFF": (b"II*\0", "is cut off"),
    "a TIFF without pages": (b"II*\0\0\0\0\0", "is a damaged TIFF"),
}


@pytest.mark.parametrize("kind", NO_SLIDES)
@pytest.mark.parametrize("suffix", [".svs", ".ndpi", ".dcm", ""])
def test_what_is_no_slide_is_named(tmp_path, kind, suffix):
    content, words = NO_SLIDES[kind]
    path = tmp_path / f"one{suffix}"
    path.write_bytes(content)
    line = refusal(path, mpp=0.25)
    assert words in line or (suffix == ".ndpi" and "is a damaged TIFF" in line)  # whose offsets go another way


def test_a_wrong_suffix_is_no_hindrance(same_slide, tmp_path):
    for name in ("aperio", "ome-tiff", "generic-tiff"):
        copy = shutil.copy(same_slide.files[name], tmp_path / "slide.txt")
        with open_slide(copy) as slide:
            assert slide.format == name
            assert len(slide.levels) == 3


def test_paths_that_lead_nowhere(tmp_path, monkeypatch):
    assert "there is no such file" in refusal(tmp_path / "none.svs")
    (tmp_path / "folder").mkdir()
    assert "holds no DICOM slide" in refusal(tmp_path / "folder")
    path = tmp_path / "secret.svs"
    path.write_bytes(b"II*\0")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    assert "cannot be read: permission denied" in refusal(path)


def test_a_mirax_file_without_its_folder(tmp_path):
    (tmp_path / "one.mrxs").write_bytes(_picture("jpeg"))
    line = refusal(tmp_path / "one.mrxs")
    assert "they lie in a folder one beside it" in line
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "Slidedat.ini").write_text("[GENERAL]\n")
    assert "MRXS" in refusal(tmp_path / "one.mrxs")


def test_folders_of_dicom_that_are_not_one_slide(tmp_path):
    small = [painted(300, 300)]
    several = write_dicom(tmp_path / "several", small)
    for number in (7, 8):
        shutil.copy(write_dicom(tmp_path / str(number), small) / "0.dcm", several / f"{number}.dcm")
    assert "holds 3 series" in refusal(several)
    with open_slide(several / "7.dcm") as slide:
        assert slide.levels[0].width == 300
    (tmp_path / "ct").mkdir()
    scan = write_scan_slice(tmp_path / "ct" / "1.dcm")
    assert "is DICOM but no slide" in refusal(scan)
    assert "holds no DICOM slide" in refusal(tmp_path / "ct")
    frames = jpeg_tiles(small[0], 256)
    label = instance(frames, (300, 300), 256, series="1.2.3", kind="LABEL")
    (tmp_path / "label").mkdir()
    save(label, frames, tmp_path / "label" / "1.dcm")
    assert "no level of it" in refusal(tmp_path / "label")


def test_a_scan_or_a_note_beside_the_levels_does_not_matter(tmp_path):
    folder = write_dicom(tmp_path / "slide", [painted(300, 300)])
    write_scan_slice(folder / "annotation.dcm")
    (folder / "LICENSE.txt").write_text("CC BY")
    with open_slide(folder) as slide:
        assert slide.levels[0].width == 300
        assert slide.jpeg_level(0) is not None


def spoil(path, place, target):
    """Overwrite the middle of the stored tile at a place of level 0 with bytes that are no JPEG."""
    with tifffile.TiffFile(path) as file:
        page = max((page for page in file.pages if page.is_tiled), key=lambda page: page.imagewidth)
        start, length = page.dataoffsets[place], page.databytecounts[place]
    content = bytearray(path.read_bytes())
    content[start : start + length] = random.Random(0).randbytes(length)
    target.write_bytes(content)
    return target


@pytest.mark.parametrize(
    "name", ["aperio", "generic-tiff in JPEG", "generic-tiff", "ome-tiff in JPEG", "ome-tiff", "dicom"]
)
def test_a_damaged_tile_is_told_with_its_place_and_the_others_are_read(same_slide, tmp_path, name):
    path, target = same_slide.files[name], tmp_path / "damaged.tif"
    if name == "dicom":
        content = bytearray((path / "0.dcm").read_bytes())
        with open_slide(path) as slide:
            stored = slide.jpeg_level(0).jpeg(1, 0)
        start = content.index(stored)
        content[start : start + len(stored)] = random.Random(0).randbytes(len(stored))
        target.write_bytes(content)
    else:
        spoil(path, 1, target)
    with open_slide(path) as sound, open_slide(target) as slide:
        for _ in range(2):
            with pytest.raises(FileFormatError, match=r"damaged at level 0 near x 300, y 20 \(50 x 60 pixels\): \w"):
                slide.read(0, 300, 20, 50, 60)
            assert np.array_equal(slide.read(0, 600, 300, 300, 300), sound.read(0, 600, 300, 300, 300))


def test_a_tile_that_breaks_off_is_damage_and_not_grey(same_slide, tmp_path):
    path = same_slide.files["aperio"]
    with tifffile.TiffFile(path) as file:
        start, length = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    content = bytearray(path.read_bytes())
    content[start + length // 2 : start + length] = bytes(length - length // 2)
    (tmp_path / "zeros.svs").write_bytes(content)
    with open_slide(tmp_path / "zeros.svs") as slide, pytest.raises(FileFormatError, match="a JPEG tile breaks off"):
        slide.read(0, 0, 0, 10, 10)


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    aperio = write_aperio(folder / "a.svs", painted(400, 300), factors=(1, 4))
    levels = stored_levels(aperio)
    dicom = write_dicom(folder / "d", levels) / "0.dcm"
    return [
        aperio,
        write_generic_tiff(folder / "g.tif", levels),
        write_ome(folder / "o.ome.tif", levels, compression="jpeg"),
        dicom,
    ]


def read_some(path):
    """Read a part of each level and its last stored tile; gives the line of a refusal, or nothing."""
    try:
        with open_slide(path, mpp=0.25) as slide:
            for number, level in enumerate(slide.levels):
                width, height = min(level.width, 300), min(level.height, 300)
                assert slide.read(number, 0, 0, width, height).shape == (height, width, 3)
                stored = slide.jpeg_level(number)
                if stored is not None:
                    assert stored.sizes().min() >= 0
                    stored.jpeg(stored.columns - 1, stored.rows - 1)
    except UserError as error:
        return str(error)
    return ""


@settings(max_examples=60)
@given(data=st.data())
def test_no_damage_gives_anything_but_pixels_or_one_line(small_files, tmp_path_factory, data):
    """Bytes, most of them of the headers, are changed: the slide opens and reads, or a line says why not."""
    path = data.draw(st.sampled_from(small_files))
    content = bytearray(path.read_bytes())
    places = st.integers(0, min(len(content) - 1, 3000)) | st.integers(0, len(content) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12)):
        content[place] = value
    target = tmp_path_factory.mktemp("changed") / path.name
    target.write_bytes(content)
    assert "\n" not in read_some(target)
