"""A slide's scale is stated by the user or by the file, or the slide is refused; it is never guessed."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_slides import painted, write_aperio, write_dicom, write_generic_tiff, write_ome

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.slides.opening import LARGEST_MPP, SMALLEST_MPP, open_slide
from tumorboard.slides.opening.openslide_slide import file_scale
from tumorboard.slides.opening.scale import FileScale, decide_scale

PATH = Path("a slide.svs")
# µm per pixel and objective as scanners' files state them
SCANNERS = {
    "Aperio CS 20x": (0.499, 20),
    "Aperio T2 20x": (0.467, 20),
    "Aperio AT2 40x by a doubler": (0.2527, 40),
    "Aperio GT450": (0.2639, 40),
    "Hamamatsu S210 20x": (0.4415, 20),
    "Hamamatsu S360 40x": (0.2204, 40),
    "Hamamatsu XR 40x": (0.2305, 40),
    "Leica SCN400 20x": (0.5, 20),
    "Leica SCN400 40x": (0.25, 40),
    "Ventana iScan 20x": (0.465, 20),
    "Ventana iScan 40x": (0.2325, 40),
    "3DHISTECH 60x": (0.17, 60),
    "Huron 20x": (0.4, 20),
    "Motic 40x": (0.26, 40),
    "100x oil": (0.0645, 100),
    "4x": (2.3, 4),
    "2x": (4.6, 2),
}
# lens and camera adapter apart, as MIRAX and CZI state them
LENSES = {"Pannoramic 20x with 1.6x adapter": (0.2325, 20), "Axioscan 20x": (0.1725, 20), "Pannoramic 40x": (0.121, 40)}


def of(mpp=None, power=None, *, down=None, **kind):
    return FileScale(mpp, down if down is not None else mpp, power, **kind)


@pytest.mark.parametrize(("mpp", "power"), SCANNERS.values(), ids=SCANNERS)
def test_what_scanners_write_is_taken(mpp, power):
    scale, remarks = decide_scale(PATH, of(mpp, power), None)
    assert (scale.mpp, scale.source, scale.objective_power) == (mpp, "MPP of the file", power)
    assert remarks == ()


@pytest.mark.parametrize(("mpp", "power"), LENSES.values(), ids=LENSES)
def test_a_fine_camera_behind_a_lens_is_no_contradiction_where_the_format_names_the_lens(mpp, power):
    scale, remarks = decide_scale(PATH, of(mpp, power, power_is_of_lens=True), None)
    assert scale.mpp == mpp
    assert f"{mpp:g}" in remarks[0]
    assert f"{power}x" in remarks[0]
    with pytest.raises(FileFormatError, match="contradicts itself"):
        decide_scale(PATH, of(mpp, power), None)


@pytest.mark.parametrize(("mpp", "power"), [(0.5, 40), (0.25, 20), (2.5, 40), (0.25, 4), (1.0, 20), (0.0625, 60)])
def test_mpp_against_the_objective_is_refused_with_both_numbers(mpp, power):
    with pytest.raises(FileFormatError) as refusal:
        decide_scale(PATH, of(mpp, power), None)
    line = str(refusal.value)
    assert f"{mpp:g} µm per pixel" in line
    assert f"{power}x" in line
    assert "--mpp" in line
    assert "slides.csv" in line
    assert "\n" not in line


@pytest.mark.parametrize("mpp", [0.0, -0.25, 0.0499, 5.01, 25.0, 250.0, math.inf, math.nan])
def test_a_scale_that_no_slide_has_is_refused_whoever_states_it(mpp):
    with pytest.raises(FileFormatError, match=r"not between 0\.05 and 5.*--mpp"):
        decide_scale(PATH, of(mpp, 40), None)
    with pytest.raises(SettingsError, match=r"not between 0\.05 and 5.*--mpp"):
        decide_scale(PATH, of(0.25, 40), mpp)
    with pytest.raises(SettingsError, match="MPP"):
        open_slide(Path("there is none.svs"), mpp=mpp)


def test_directions_that_differ_are_refused_with_both_numbers():
    assert decide_scale(PATH, of(0.25, down=0.26), None)[0].mpp == pytest.approx(0.255)
    with pytest.raises(FileFormatError, match=r"0\.25 across but 0\.27 µm per pixel down"):
        decide_scale(PATH, of(0.25, down=0.27), None)
    assert decide_scale(PATH, FileScale(mpp_x=0.25), None)[0].mpp == 0.25


def test_the_objective_serves_where_mpp_is_missing_and_a_remark_says_so():
    scale, remarks = decide_scale(PATH, of(power=40), None)
    assert (scale.mpp, scale.source, scale.objective_power) == (0.25, "objective power of the file", 40)
    assert "40x" in remarks[0]
    assert "0.25" in remarks[0]
    with pytest.raises(FileFormatError, match="1x would be 10 µm per pixel"):
        decide_scale(PATH, of(power=1), None)


@pytest.mark.parametrize("power", [None, 0, -1, math.nan, math.inf])
def test_no_scale_is_refused_with_the_ways_to_state_it(power):
    with pytest.raises(FileFormatError, match=r"scale is unknown.*MPP.*column mpp of slides\.csv.*--mpp"):
        decide_scale(PATH, of(power=power), None)


def test_the_user_wins_and_a_contradiction_is_told():
    silent = decide_scale(PATH, of(), 0.3)
    assert (silent[0].mpp, silent[0].source, silent[1]) == (0.3, "stated by the user", ())
    same = decide_scale(PATH, of(0.25, 40), 0.252)
    assert (same[0].mpp, same[1]) == (0.252, ())
    other = decide_scale(PATH, of(0.25, 40), 0.5)
    assert other[0].mpp == 0.5
    assert "0.5 µm per pixel, the file 0.25" in other[1][0]
    assert "40x" in other[1][1]
    for impossible in (0.0, 250.0, math.nan):
        scale, remarks = decide_scale(PATH, of(impossible), 0.25)
        assert scale.mpp == 0.25
        assert f"{impossible:g}" in remarks[0]
    assert decide_scale(PATH, of(352.8, from_resolution_tags=True), 0.25)[1] == ()


@given(
    mpp=st.none() | st.floats(allow_nan=True),
    down=st.none() | st.floats(allow_nan=True),
    power=st.none() | st.floats(allow_nan=True),
    stated=st.none() | st.floats(allow_nan=True),
    tags=st.booleans(),
    lens=st.booleans(),
)
def test_whatever_stands_in_a_file_the_scale_is_possible_or_refused(mpp, down, power, stated, tags, lens):
    try:
        scale, remarks = decide_scale(PATH, FileScale(mpp, down, power, tags, lens), stated)
    except (FileFormatError, SettingsError):
        return
    assert SMALLEST_MPP <= scale.mpp <= LARGEST_MPP
    assert scale.objective_power is None or scale.objective_power > 0
    assert stated is None or scale.mpp == stated
    assert all("\n" not in remark for remark in remarks)


def test_a_comma_in_a_number_and_a_word_in_its_place():
    assert file_scale({"openslide.mpp-x": "0,499"}).mpp_x == 0.499
    assert file_scale({"openslide.mpp-x": "unknown", "openslide.objective-power": "40"}).mpp is None


@pytest.fixture(scope="module")
def small():
    picture = painted(600, 500)
    return [picture]


@pytest.mark.parametrize(
    ("resolution", "unit", "mpp"),
    [((40000, 40000), "CENTIMETER", 0.25), ((50800, 50800), "INCH", 0.5)],
)
def test_resolution_tags_of_a_tiff_are_mpp(tmp_path, small, resolution, unit, mpp):
    path = write_generic_tiff(tmp_path / "one.tif", small, resolution=resolution, unit=unit)
    with open_slide(path) as slide:
        assert slide.scale.mpp == pytest.approx(mpp)


@pytest.mark.parametrize(
    ("resolution", "unit", "words"),
    [
        ((72, 72), "INCH", "352.8 µm per pixel, is a program's default"),
        ((96, 96), "INCH", "264.6 µm per pixel, is a program's default"),
        ((10, 10), "CENTIMETER", "1000 µm per pixel, is a program's default"),
        ((1, 1), "NONE", "neither MPP nor objective power"),
        ((40000, 40000), "NONE", "neither MPP nor objective power"),
    ],
)
@pytest.mark.parametrize("strips", [False, True])
def test_resolution_tags_that_are_a_default_are_no_scale(tmp_path, small, resolution, unit, words, strips):
    path = tmp_path / "one.tif"
    if strips:
        import tifffile

        options = {"resolution": resolution, "resolutionunit": unit}
        tifffile.imwrite(path, small[0], photometric="rgb", metadata=None, rowsperstrip=64, **options)
    else:
        write_generic_tiff(path, small, resolution=resolution, unit=unit)
    with pytest.raises(FileFormatError) as refusal:
        open_slide(path)
    assert words in str(refusal.value)
    assert "--mpp" in str(refusal.value)
    with open_slide(path, mpp=0.25) as slide:
        assert slide.scale.source == "stated by the user"


@pytest.mark.parametrize(
    ("size", "mpp"),
    [((0.25, "µm"), 0.25), ((250, "nm"), 0.25), ((0.0005, "mm"), 0.5), ((5e-5, "cm"), 0.5), ((2500, "Å"), 0.25)],
)
def test_physical_size_of_ome_in_any_unit_of_length(tmp_path, small, size, mpp):
    with open_slide(write_ome(tmp_path / "one.ome.tif", small, size=size)) as slide:
        assert slide.scale.mpp == pytest.approx(mpp)


@pytest.mark.parametrize("size", [(1, "pixel"), (0.25, "reference frame"), None])
def test_physical_size_of_ome_that_is_no_length_is_no_scale(tmp_path, small, size):
    with pytest.raises(FileFormatError, match="scale is unknown"):
        open_slide(write_ome(tmp_path / "one.ome.tif", small, size=size))


def test_objective_and_mpp_of_real_formats(tmp_path, small):
    with pytest.raises(FileFormatError, match=r"0\.5 µm per pixel.*40x"):
        open_slide(write_aperio(tmp_path / "wrong.svs", small[0], mpp=0.5, objective=40, factors=(1, 4)))
    with open_slide(tmp_path / "wrong.svs", mpp=0.25) as slide:
        assert slide.scale.mpp == 0.25
        assert "0.5" in slide.remarks[0]
    with open_slide(write_aperio(tmp_path / "right.svs", small[0], mpp=0.499, objective=20, factors=(1, 4))) as slide:
        assert (slide.scale.mpp, slide.scale.objective_power) == (0.499, 20)
    with pytest.raises(FileFormatError, match=r"0\.5 µm per pixel.*40x"):
        open_slide(write_dicom(tmp_path / "wrong", small, mpp=0.5, power=40))
    with open_slide(write_dicom(tmp_path / "lens", small, mpp=0.2325, power=20)) as slide:
        assert slide.scale.mpp == pytest.approx(0.2325)
        assert "20x" in slide.remarks[0]
