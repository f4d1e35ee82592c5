"""Tables of features, and CLAM's tensors, give bags; a column that is no feature never passes for one."""

import gzip

import numpy as np
import pandas as pd
import pytest
import torch
from feature_files import features_of, grid_of, write_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError, TableError, UserError
from tumorboard.features import Statement, read_bag, read_bags

ENDINGS = [".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz"]


def frame_of(tiles=6, dimension=3, **columns):
    features = features_of(tiles, dimension)
    named = {f"f{number}": features[:, number] for number in range(dimension)}
    return pd.DataFrame(columns | named), features


def refused(path, kind=FileFormatError, **given):
    with pytest.raises(kind) as error:
        read_bags(path, **given)
    assert "\n" not in error.value.line()
    return error.value.line()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_column_a_feature(tmp_path, ending):
    coords = grid_of(6)
    frame, features = frame_of(left=coords[:, 0], top=coords[:, 1])
    bags = read_bags(write_table(tmp_path / f"slide_7{ending}", frame))
    assert list(bags) == ["slide_7"]
    bag = bags["slide_7"]
    np.testing.assert_allclose(bag.features, features, rtol=1e-6)
    np.testing.assert_array_equal(bag.coordinates, coords)
    assert bag.columns == ("f0", "f1", "f2")
    assert bag.features.dtype == np.float32


@pytest.mark.parametrize("ending", ENDINGS)
def test_patients_and_slides_are_told_apart(tmp_path, ending):
    frame, features = frame_of(
        patient_id=["007", "007", "12", "007", "12", "007"], slide=["b", "a", "a", "b", "a", "a"]
    )
    path = write_table(tmp_path / f"tiles{ending}", frame)
    bags = read_bags(path, patient_id="007")  # digits stay text: 007 is not 7
    assert list(bags) == ["b", "a"]
    np.testing.assert_allclose(bags["b"].features, features[[0, 3]], rtol=1e-6)
    np.testing.assert_allclose(bags["a"].features, features[[1, 5]], rtol=1e-6)
    assert len(read_bags(path, patient_id="12")["a"]) == 2
    assert "no tile of the patient '7'" in refused(path, patient_id="7")
    assert "2 patients, and none is named" in refused(path)


def test_a_table_of_several_slides_is_not_one_bag(tmp_path):
    frame, _ = frame_of(slide=["a", "a", "b", "b", "b", "b"])
    path = write_table(tmp_path / "a.csv", frame)
    with pytest.raises(FileFormatError, match="2 slides, not of one"):
        read_bag(path)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_list_column(tmp_path, dtype):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    features = features_of(5, 8, dtype=dtype)
    kinds = [pa.list_(pa.from_numpy_dtype(dtype)), pa.list_(pa.from_numpy_dtype(dtype), 8)]
    for number, kind in enumerate(kinds):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(pa.table({"embedding": pa.array(list(features), kind)}), path)
        bag = read_bag(path)
        np.testing.assert_array_equal(bag.features, features.astype(bag.features.dtype))
        assert bag.features.dtype == (np.float16 if dtype == "float16" else np.float32)


def test_rows_of_a_list_column_that_differ_in_length(tmp_path):
    path = write_table(tmp_path / "a.parquet", pd.DataFrame({"embedding": [[1.0, 2.0], [1.0, 2.0], [1.0]]}))
    assert "2 numbers in row 1, but 1 in row 3" in refused(path)


def test_a_list_column_beside_others(tmp_path):
    path = write_table(tmp_path / "a.parquet", pd.DataFrame({"embedding": [[1.0], [2.0]], "area": [1.0, 2.0]}))
    assert "beside the list column 'embedding' there is 'area'" in refused(path)


@pytest.mark.parametrize("name", ["x", "Y", "coords_x", "label", "event", "tile_id", "Unnamed: 0", "slide_id"])
def test_a_column_that_would_pass_for_a_feature(tmp_path, name):
    frame, _ = frame_of()
    frame.insert(0, name, range(6))
    for ending in (".csv", ".parquet"):
        assert f"the column {name!r} would pass for a feature" in refused(write_table(tmp_path / f"a{ending}", frame))


def test_a_frame_saved_with_its_index(tmp_path):
    frame, _ = frame_of()
    frame.to_csv(tmp_path / "a.csv")
    frame.iloc[[3, 0, 1, 2, 5, 4]].to_parquet(tmp_path / "a.parquet")
    assert "would pass for a feature" in refused(tmp_path / "a.csv")
    assert "__index_level_0__" in refused(tmp_path / "a.parquet")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize(("value", "words"), [("NA", "a number, not empty"), (None, "a number, not empty")])
def test_an_empty_cell_is_named_with_its_row(tmp_path, ending, value, words):
    frame, _ = frame_of()
    frame.loc[3, "f1"] = np.nan
    path = tmp_path / f"a{ending}"
    if ending == ".csv":
        frame.to_csv(path, index=False, na_rep=value or "")
    else:
        frame.astype({"f1": "Float64"}).to_parquet(path, index=False)
    line = refused(path, TableError)
    assert f"row {5 if ending == '.csv' else 4}, column f1" in line  # a CSV's header is row 1
    assert words in line


def test_a_word_among_the_numbers_is_named_with_its_row(tmp_path):
    frame, _ = frame_of()
    frame = frame.astype(object)
    frame.loc[2, "f2"] = "1,5"
    assert "row 4, column f2: '1,5' is not allowed; allowed: a number" in refused(
        write_table(tmp_path / "a.csv", frame), TableError
    )


def test_a_list_written_as_text_in_a_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('patient_id,features\n1,"[0.1 0.2 ... 0.9]"\n')
    assert "row 2, column features: '[0.1 0.2 ... 0.9]' is not allowed" in refused(path, TableError)


def test_a_place_that_is_missing_or_half(tmp_path):
    frame, _ = frame_of(left=range(6))
    assert "one of left and top" in refused(write_table(tmp_path / "a.csv", frame))
    frame, _ = frame_of(left=[0, 1, 2, 3, 4, 4.5], top=range(6))
    assert "no whole pixels" in refused(write_table(tmp_path / "b.csv", frame))
    frame, _ = frame_of(left=[0, 1, 2, 3, 4, None], top=range(6))
    assert "row 7, column left" in refused(write_table(tmp_path / "c.csv", frame), TableError)


def test_a_tile_of_nobody(tmp_path):
    frame, _ = frame_of(patient_id=["a", "a", " ", "a", "a", "a"])
    assert "row 4, column patient_id" in refused(write_table(tmp_path / "a.csv", frame), TableError, patient_id="a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no readable table"),
        ("f0,f1\n", "no row"),
        ("f0,f1\n1,2,3\n", "no readable table"),
        ("f0,f0\n1,2\n", "'f0' stands twice"),
        ("left,top\n1,2\n", "no column of features"),
    ],
)
def test_a_text_that_is_no_table_of_features(tmp_path, text, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert words in refused(path)


def test_a_broken_parquet_and_a_broken_gzip(tmp_path):
    frame, _ = frame_of(60)
    parquet, packed = write_table(tmp_path / "a.parquet", frame), write_table(tmp_path / "a.csv.gz", frame)
    for path in (parquet, packed):
        path.write_bytes(path.read_bytes()[:-40])
        assert "no readable table" in refused(path)


def test_semicolons_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("patient_id;f0;f1\nä;1.5;2\n", encoding="utf-8-sig")
    np.testing.assert_array_equal(read_bags(path, patient_id="ä")["a"].features, [[1.5, 2]])


def test_a_table_that_changed_is_read_anew(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("f0\n1\n")
    first = read_bag(path)
    path.write_text("f0\n1\n2\n")
    assert len(read_bag(path)) == 2
    assert len(first) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=2, max_size=2), min_size=1, max_size=20))
def test_numbers_survive_a_csv(tmp_path, values):
    frame = pd.DataFrame(np.array(values, np.float32), columns=["f0", "f1"])
    with gzip.open(tmp_path / "a.csv.gz", "wt") as stream:
        frame.to_csv(stream, index=False)
    np.testing.assert_array_equal(read_bag(tmp_path / "a.csv.gz").features, frame.to_numpy())


class TestTensors:
    """CLAM's ``.pt`` files."""

    @pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
    def test_a_tensor_is_a_bag_without_places(self, tmp_path, kind):
        tensor = torch.from_numpy(features_of()).to(getattr(torch, kind))
        torch.save(tensor, tmp_path / "a.pt")
        bag = read_bag(tmp_path / "a.pt", stated=Statement(extractor="resnet50_trunc", tile_mpp=0.5))
        np.testing.assert_array_equal(bag.features, tensor.float().numpy())
        assert bag.features.dtype == (np.float16 if kind == "float16" else np.float32)
        assert bag.coordinates is None
        assert (bag.extractor, bag.scale.mpp) == ("resnet50_trunc", 0.5)

    def test_a_tensor_of_an_older_form_is_read(self, tmp_path):
        torch.save(torch.ones(3, 2), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
        assert len(read_bag(tmp_path / "a.pt")) == 3

    def test_nothing_but_tensors_is_unpickled(self, tmp_path):
        marker = tmp_path / "was_run"

        class Trap:
            def __reduce__(self):
                return type(marker).touch, (marker,)

        torch.save({"features": torch.ones(3, 2), "trap": Trap()}, tmp_path / "a.pt")
        with pytest.raises(FileFormatError, match="more than a tensor, which is not unpickled"):
            read_bag(tmp_path / "a.pt")
        assert not marker.exists()

    def test_what_is_no_tensor_or_damaged_is_refused(self, tmp_path):
        torch.save({"features": torch.ones(3, 2)}, tmp_path / "a.pt")
        with pytest.raises(FileFormatError, match="holds a dict, not a tensor"):
            read_bag(tmp_path / "a.pt")
        whole = (tmp_path / "a.pt").read_bytes()
        for content in (b"", b"text", whole[:200], whole[:-30]):
            (tmp_path / "a.pt").write_bytes(content)
            with pytest.raises(UserError) as error:
                read_bag(tmp_path / "a.pt")
            assert "\n" not in error.value.line()
        with pytest.raises(FileFormatError, match="no such file"):
            read_bag(tmp_path / "absent.pt")
