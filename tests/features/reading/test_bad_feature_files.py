"""A file that is no bag of finite numbers is refused with one line that says what is wrong with it."""

import shutil
from contextlib import suppress

import h5py
import numpy as np
import pytest
from feature_files import features_of, grid_of, write_clam, write_stamp, write_trident
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError, SettingsError, UserError
from tumorboard.features import Statement, read_bag


def refused(path, stated=None):
    with pytest.raises(FileFormatError) as error:
        read_bag(path, stated=stated or Statement())
    line = error.value.line()
    assert "\n" not in line
    assert str(path) in line
    return line


def with_content(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_value_that_is_not_finite(tmp_path, value, dtype):
    features = features_of(dtype=dtype)
    features[[7, 30], [3, 0]] = value
    line = refused(with_content(tmp_path / "a.h5", features=features, coords=grid_of()))
    assert "2 of 40 tiles have features that are NaN or infinite, tile 8 first" in line


def test_a_double_that_float32_cannot_hold(tmp_path):
    features = features_of(dtype=np.float64)
    features[0, 0] = 1e300
    assert "tile 1 first" in refused(with_content(tmp_path / "a.h5", features=features, coords=grid_of()))


@pytest.mark.parametrize("shape", [(0, 1024), (0,), (5, 0)])
def test_no_tile(tmp_path, shape):
    path = with_content(tmp_path / "a.h5", features=np.empty(shape, np.float32), coords=np.empty((0, 2), int))
    assert "holds no tile" in refused(path)


def test_a_vector_of_a_whole_slide(tmp_path):
    path = write_trident(tmp_path / "a.h5", features_of(1, 768)[0], grid_of())
    assert "one vector of 768 numbers" in refused(path)


@pytest.mark.parametrize("kind", ["slide", "patient"])
def test_stamps_slides_and_patients(tmp_path, kind):
    path = write_stamp(tmp_path / "a.h5", features_of(1, 768), grid_of(1), feat_type=kind)
    assert f"of a whole {kind}, not of its tiles" in refused(path)


def test_other_shapes(tmp_path):
    path = with_content(tmp_path / "a.h5", features=np.zeros((2, 3, 4), np.float32))
    assert "(2, 3, 4)" in refused(path)


@pytest.mark.parametrize("values", [np.ones((4, 3), np.int64), np.ones((4, 3), bool), np.ones((4, 3), np.uint8)])
def test_features_that_are_no_decimal_numbers(tmp_path, values):
    line = refused(with_content(tmp_path / "a.h5", features=values, coords=grid_of(4)))
    assert f"are of type {values.dtype}" in line


def test_text_instead_of_numbers(tmp_path):
    line = refused(with_content(tmp_path / "a.h5", features=np.array(["a", "b"], dtype="S1")))
    assert "no numbers" in line


def test_complex_numbers(tmp_path):
    assert "no numbers" in refused(with_content(tmp_path / "a.h5", features=np.ones((4, 3), complex)))


def test_a_missing_dataset_is_told_with_what_the_file_has(tmp_path):
    line = refused(with_content(tmp_path / "a.h5", imgs=np.zeros((3, 8, 8, 3), np.uint8), coords=grid_of(3)))
    assert "there is no dataset 'features'" in line
    assert "coords (3, 2), imgs (3, 8, 8, 3)" in line
    assert "run the extraction" in line


def test_an_empty_hdf5_file_has_nothing(tmp_path):
    assert "The file has: nothing" in refused(with_content(tmp_path / "a.h5"))


def test_stamp_without_features(tmp_path):
    path = write_stamp(tmp_path / "a.h5", features_of(), grid_of())
    with h5py.File(path, "a") as file:
        del file["feats"]
    assert "there is no dataset 'feats'. The file has: coords (40, 2)" in refused(path)


def test_two_datasets_of_features(tmp_path):
    path = write_stamp(tmp_path / "a.h5", features_of(), grid_of())
    with h5py.File(path, "a") as file:
        file["features"] = features_of()
    assert "both feats and features" in refused(path)


def test_a_group_or_a_link_in_place_of_the_features(tmp_path):
    other = write_clam(tmp_path / "other.h5", features_of(), grid_of())
    group, link = tmp_path / "group.h5", tmp_path / "link.h5"
    with h5py.File(group, "w") as file:
        file.create_group("features")
    with h5py.File(link, "w") as file:
        file["features"] = h5py.ExternalLink(str(other), "/features")
    for path in (group, link):
        assert "a link or a group" in refused(path)


def test_coordinates_of_another_number_of_tiles(tmp_path):
    line = refused(write_clam(tmp_path / "a.h5", features_of(40), grid_of(39)))
    assert "features of 40 tiles, but coordinates of 39" in line


@pytest.mark.parametrize(
    ("coords", "words"),
    [
        (np.zeros((40, 3), int), "the shape (40, 3) instead of (40, 2)"),
        (grid_of() + 0.5, "no whole pixels of level 0"),
        (np.full((40, 2), np.nan), "no whole pixels of level 0"),
        (grid_of() * 10**9, "no whole pixels of level 0"),
    ],
)
def test_coordinates_that_are_no_pixels(tmp_path, coords, words):
    assert words in refused(with_content(tmp_path / "a.h5", features=features_of(), coords=coords))


def test_two_tiles_at_one_place(tmp_path):
    coords = grid_of()
    coords[[9, 22]] = coords[4]
    path = write_clam(tmp_path / "a.h5", features_of(), coords)
    line = refused(path)
    assert "2 of 40 tiles stand where another one stands: tiles 5 and 10 at" in line
    bag = read_bag(path, stated=Statement(keep_first=True))
    kept = np.delete(np.arange(40), [9, 22])
    np.testing.assert_array_equal(bag.features, features_of()[kept])
    np.testing.assert_array_equal(bag.coordinates, coords[kept])
    assert "2 tiles at the place of an earlier one are left out" in bag.notes


def test_an_empty_file_and_one_that_is_no_hdf5(tmp_path):
    empty, text = tmp_path / "empty.h5", tmp_path / "text.h5"
    empty.write_bytes(b"")
    text.write_text("patient_id,features\n")
    assert "is empty" in refused(empty)
    assert "no HDF5 file" in refused(text)
    assert "no such file" in refused(tmp_path / "absent.h5")


def test_an_unknown_ending_is_told_with_the_known_ones(tmp_path):
    line = refused(tmp_path / "a.npy")
    assert ".h5, .hdf5, .pt, .parquet" in line


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(share=st.floats(0.0, 0.999))
def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path, share):
    whole = write_trident(tmp_path / "whole.h5", features_of(64, 64), grid_of(64))
    cut = tmp_path / "cut.h5"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    refused(cut)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(place=st.floats(0.0, 0.999), value=st.integers(0, 255))
def test_a_changed_byte_gives_a_bag_or_one_line(tmp_path, place, value):
    whole = write_trident(tmp_path / "whole.h5", features_of(16, 8), grid_of(16))
    changed = tmp_path / "changed.h5"
    shutil.copy(whole, changed)
    content = bytearray(changed.read_bytes())
    content[int(place * len(content))] = value
    changed.write_bytes(content)
    with suppress(UserError):  # any other exception fails
        bag = read_bag(changed)
        assert np.isfinite(bag.features).all()
        if bag.coordinates is not None:
            assert len(np.unique(bag.coordinates, axis=0)) == len(bag)


def test_a_statement_that_contradicts_the_file(tmp_path):
    path = write_trident(tmp_path / "a.h5", features_of(), grid_of())
    line = refused(path, Statement(extractor="virchow2"))
    assert "of 'uni_v1', but 'virchow2' is stated" in line
    line = refused(path, Statement(tile_mpp=1.0))
    assert "have 0.5 µm per pixel, but 1 is stated" in line
    read_bag(path, stated=Statement(extractor="uni_v1", tile_mpp=0.504))  # scanners' pixels differ by as much


@pytest.mark.parametrize("mpp", [0.0, -1.0, 0.01, 300.0, float("nan")])
def test_a_scale_that_cannot_be(mpp):
    with pytest.raises(SettingsError, match="µm per pixel"):
        Statement(slide_mpp=mpp)


def test_an_attribute_that_is_no_number(tmp_path):
    path = write_trident(tmp_path / "a.h5", features_of(), grid_of())
    with h5py.File(path, "a") as file:
        file["coords"].attrs["target_magnification"] = "twenty"
    assert "target_magnification is 'twenty', not a number above 0" in refused(path)


def test_a_unit_that_is_not_known(tmp_path):
    path = write_stamp(tmp_path / "a.h5", features_of(), grid_of(), unit="mm")
    assert "unknown unit 'mm'" in refused(path)
