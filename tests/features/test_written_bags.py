"""A bag that is written is the bag that is read."""

import numpy as np
import pytest
from feature_files import features_of, grid_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.features import read_bag, write_bag


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    features=st.sampled_from([np.float16, np.float32]).flatmap(
        lambda dtype: arrays.arrays(
            dtype,
            st.tuples(st.integers(1, 12), st.integers(1, 9)),
            elements=st.floats(-1000, 1000, width=16),
        )
    ),
    mpp=st.floats(0.2, 4),
    width=st.integers(1, 4096),
)
def test_any_bag_comes_back(tmp_path, features, mpp, width):
    coordinates = grid_of(len(features))
    write_bag(tmp_path / "a.h5", features, coordinates, extractor="resnet18@1", mpp=mpp, tile_width=width)
    bag = read_bag(tmp_path / "a.h5")
    np.testing.assert_array_equal(bag.features, features)
    np.testing.assert_array_equal(bag.coordinates, coordinates)
    assert bag.features.dtype == features.dtype
    assert (bag.extractor, bag.scale.tile_width) == ("resnet18@1", width)
    assert bag.scale.mpp == pytest.approx(mpp)


def test_the_same_bag_has_the_same_bytes(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        write_bag(tmp_path / name / "a.h5", features_of(), grid_of(), extractor="e", mpp=1.0)
    assert (tmp_path / "1" / "a.h5").read_bytes() == (tmp_path / "2" / "a.h5").read_bytes()


def test_a_bag_without_places(tmp_path):
    write_bag(tmp_path / "a.h5", features_of(), extractor="e")
    bag = read_bag(tmp_path / "a.h5")
    assert bag.coordinates is None
    assert bag.notes == ("the file has no coordinates",)


def test_what_is_no_bag_is_not_written(tmp_path):
    bad = features_of()
    bad[0, 0] = np.nan
    with pytest.raises(FileFormatError, match="NaN"):
        write_bag(tmp_path / "a.h5", bad, grid_of(), extractor="e")
    with pytest.raises(FileFormatError, match="stand where another"):
        write_bag(tmp_path / "a.h5", features_of(), np.zeros((40, 2), np.int64), extractor="e")
    with pytest.raises(SettingsError, match=r"ends in \.h5"):
        write_bag(tmp_path / "a.pt", features_of(), extractor="e")
    with pytest.raises(SettingsError, match="without coordinates"):
        write_bag(tmp_path / "a.h5", features_of(), extractor="e", mpp=1.0)
    assert not list(tmp_path.iterdir())
