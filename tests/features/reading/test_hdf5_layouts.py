"""TRIDENT's, CLAM's and STAMP's files give the features, places and scale that those programs wrote."""

import fcntl
import hashlib

import h5py
import numpy as np
import pytest
from feature_files import features_of, grid_of, write_clam, write_stamp, write_trident
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.features import Statement, read_bag, read_bags
from tumorboard.features.reading.hdf5 import opened


@pytest.mark.parametrize("newer", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_trident_gives_level_0_pixels_scale_and_encoder(tmp_path, newer, dtype):
    features, coords = features_of(dtype=dtype), grid_of()
    path = write_trident(tmp_path / "TCGA-A3-3308-01Z-00-DX1.h5", features, coords, newer=newer)
    bag = read_bag(path)
    np.testing.assert_array_equal(bag.features, features)
    np.testing.assert_array_equal(bag.coordinates, coords)
    assert bag.features.dtype == dtype
    assert bag.coordinates.dtype == np.int64
    assert bag.extractor == "uni_v1"  # an attribute, or before that the folder's name
    assert bag.scale.mpp == pytest.approx(0.5)  # 20x
    assert bag.scale.tile_width == 512  # 256 px at 20x, of a slide at 40x
    assert bag.notes == ()
    assert bag.source.layout == "TRIDENT"
    assert bag.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(read_bags(path)) == ["TCGA-A3-3308-01Z-00-DX1"]


@pytest.mark.parametrize(("magnification", "mpp"), [(40, 0.25), (20, 0.5), (10, 1.0), (5, 2.0)])
def test_a_nominal_magnification_is_a_scale(tmp_path, magnification, mpp):
    path = write_trident(tmp_path / "a.h5", features_of(), grid_of(), magnification=magnification)
    assert read_bag(path).scale.mpp == pytest.approx(mpp)


def test_clam_gives_level_0_pixels_and_says_that_the_scale_is_unknown(tmp_path):
    features, coords = features_of(dimension=1024), grid_of(step=256)
    bag = read_bag(write_clam(tmp_path / "slide_1.h5", features, coords))
    np.testing.assert_array_equal(bag.features, features)
    np.testing.assert_array_equal(bag.coordinates, coords)
    assert (bag.extractor, bag.scale.mpp, bag.scale.tile_width) == (None, None, None)
    assert bag.notes == ("the file does not state the tiles' scale",)


def test_what_clam_does_not_say_can_be_stated(tmp_path):
    path = write_clam(tmp_path / "a.h5", features_of(), grid_of())
    bag = read_bag(path, stated=Statement(tile_mpp=0.5, extractor="resnet50_trunc"))
    assert (bag.extractor, bag.scale.mpp) == ("resnet50_trunc", 0.5)


def test_a_tile_is_as_wide_as_its_level_is_coarse_where_clams_attributes_were_kept(tmp_path):
    path = write_clam(tmp_path / "a.h5", features_of(), grid_of())
    with h5py.File(path, "a") as file:
        file["coords"].attrs["patch_size"] = 256
        file["coords"].attrs["patch_level"] = 1
        file["coords"].attrs["downsample"] = (4.0, 4.0)
    assert read_bag(path).scale.tile_width == 1024
    with h5py.File(path, "a") as file:
        file["coords"].attrs["custom_downsample"] = 2
    assert read_bag(path).scale.tile_width == 2048


def test_a_leading_axis_of_one_is_no_axis(tmp_path):
    features, coords = features_of(), grid_of()
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["features"], file["coords"] = features[None], coords[None]
    bag = read_bag(path)
    np.testing.assert_array_equal(bag.features, features)
    np.testing.assert_array_equal(bag.coordinates, coords)


@pytest.mark.parametrize("version", ["2.0", "2.4.0"])
@settings(max_examples=40)
@given(tile_px=st.integers(1, 60_000), step=st.sampled_from([256.0, 112.0]), mpp=st.floats(0.15, 1.2))
def test_stamps_micrometres_become_the_level_0_pixels_they_were(tmp_path_factory, version, tile_px, step, mpp):
    pixels = np.array([[0, 0], [tile_px, 0], [tile_px, tile_px]])
    folder = tmp_path_factory.mktemp("stamp")
    path = write_stamp(folder / "a.h5", features_of(3), pixels * mpp, version=version, tile_um=step)
    bag = read_bag(path, stated=Statement(slide_mpp=mpp))
    np.testing.assert_array_equal(bag.coordinates, pixels)
    assert bag.scale.tile_width == round(step / mpp)


def test_stamp_states_its_scale_from_2_1_on(tmp_path):
    coords = grid_of(step=256)
    newer = read_bag(write_stamp(tmp_path / "a.h5", features_of(), coords, tile_um=256, tile_px=224))
    assert newer.scale.mpp == pytest.approx(256 / 224)
    assert (newer.extractor, newer.source.layout) == ("mahmood-uni", "STAMP")
    assert newer.features.dtype == np.float16
    assert read_bag(write_stamp(tmp_path / "b.h5", features_of(), coords, version="2.0")).scale.mpp is None


@pytest.mark.parametrize(("version", "reason"), [("2.4.0", "not stated"), ("1", "order is not certain")])
def test_stamps_coordinates_are_left_out_where_their_pixels_are_unknown(tmp_path, version, reason):
    path = write_stamp(tmp_path / "a.h5", features_of(), grid_of(step=224), version=version)
    bag = read_bag(path, stated=Statement(slide_mpp=0.25 if version == "1" else None))
    assert bag.coordinates is None
    assert len(bag.notes) == 1
    assert reason in bag.notes[0]
    assert len(bag) == 40


def test_augmented_copies_of_stamp_1_are_left_out(tmp_path):
    features = features_of(30)
    path = write_stamp(tmp_path / "a.h5", features, grid_of(30, step=224), version="1")
    with h5py.File(path, "a") as file:
        file["augmented"][20:] = True
    bag = read_bag(path)
    np.testing.assert_array_equal(bag.features, features[:20].astype(np.float16))
    assert "10 rows of augmented copies are left out" in bag.notes


def test_stamps_newer_name_of_the_features_is_read_too(tmp_path):
    path = write_stamp(tmp_path / "a.h5", features_of(), grid_of(step=256))
    with h5py.File(path, "a") as file:
        file.move("feats", "features")
    assert read_bag(path).source.layout == "STAMP"


def test_big_endian_and_double_precision_become_plain_float32(tmp_path):
    path = tmp_path / "a.h5"
    features = features_of().astype(">f8")
    with h5py.File(path, "w") as file:
        file["features"], file["coords"] = features, grid_of().astype(">i4")
    bag = read_bag(path)
    assert bag.features.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(bag.features, features.astype(np.float32))


def test_a_file_is_closed_after_reading(tmp_path):
    path = write_clam(tmp_path / "a.h5", features_of(), grid_of())
    with opened(path) as file:
        pass
    assert not file
    read_bag(path)
    write_clam(path, features_of(seed=2), grid_of())  # an open file could not be written anew


def test_a_file_that_another_program_has_locked_is_read(tmp_path):
    path = write_clam(tmp_path / "a.h5", features_of(), grid_of())
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="lock"):
            h5py.File(path, "r", locking=True)
        assert len(read_bag(path)) == 40
    with h5py.File(path, "r", locking=True), pytest.raises(FileFormatError, match="Close it first"):
        read_bag(path)
