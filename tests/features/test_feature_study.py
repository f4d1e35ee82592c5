"""``features.csv`` is checked cell by cell; bags of one modality are alike; the store gives back what was read."""

import pickle
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from feature_files import features_of, grid_of, write_clam, write_stamp, write_table, write_trident
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError, StudyError, TableError, UserError
from tumorboard.features import (
    BagKind,
    FeatureStore,
    common_kind,
    join_slides,
    read_bag,
    read_feature_files,
    store_features,
)
from tumorboard.study.files import StudyFolder

PATIENTS = ("TCGA-1", "TCGA-2", "TCGA-3")


@pytest.fixture
def study(tmp_path):
    """A study with two patients' slides: TCGA-1 has two at 20x, TCGA-2 one; each is of another length."""
    for name, tiles in (("1a", 30), ("1b", 20), ("2", 45)):
        write_trident(tmp_path / f"{name}.h5", features_of(tiles, seed=tiles), grid_of(tiles))
    rows = [("TCGA-2", "2.h5"), ("TCGA-1", "1b.h5"), ("TCGA-1", "1a.h5")]
    table = pd.DataFrame(rows, columns=["patient_id", "path"]).assign(modality="tiles_10x")
    table.to_csv(tmp_path / "features.csv", index=False)
    return StudyFolder(tmp_path)


def with_table(folder, text):
    (folder / "features.csv").write_text(text)
    return StudyFolder(folder)


def stored(study, **given):
    return store_features(study.root / "store", read_feature_files(study, PATIENTS), **given)


class TestTable:
    """``features.csv``."""

    def test_no_table_is_no_features(self, tmp_path):
        assert read_feature_files(StudyFolder(tmp_path), PATIENTS) == []

    def test_rows_stand_by_modality_and_patient_and_paths_from_the_study_on(self, study):
        files = read_feature_files(study, PATIENTS)
        assert [(file.patient_id, file.path.name) for file in files] == [
            ("TCGA-1", "1b.h5"), ("TCGA-1", "1a.h5"), ("TCGA-2", "2.h5"),
        ]  # fmt: skip
        assert all(file.path.parent == study.root for file in files)

    def test_what_a_row_states_reaches_the_bag(self, tmp_path):
        write_clam(tmp_path / "a.h5", features_of(), grid_of())
        study = with_table(
            tmp_path,
            "patient_id,path,modality,slide_mpp,tile_mpp,extractor\nTCGA-1,a.h5,tiles_5x,0.25,2.0,resnet50_trunc\n",
        )
        (file,) = read_feature_files(study, PATIENTS)
        bag = read_bag(file.path, stated=file.stated)
        assert file.stated.slide_mpp == 0.25
        assert (file.modality, bag.extractor, bag.scale.mpp) == ("tiles_5x", "resnet50_trunc", 2.0)

    def test_every_bad_cell_is_told(self, tmp_path):
        write_clam(tmp_path / "a.h5", features_of(), grid_of())
        study = with_table(
            tmp_path,
            "patient_id,path,modality,tile_mpp\n"
            "TCGA-9,a.h5,tiles_10x,\n"
            "TCGA-1,absent.h5,tiles_10x,\n"
            "TCGA-1,a.svs,tiles_10x,\n"
            "TCGA-1,a.h5,10x,\n"
            "TCGA-1,a.h5,tiles_5x,400\n"
            "TCGA-2,a.h5,tiles_5x,\n"
            "TCGA-2,a.h5,tiles_5x,\n"
            ",a.h5,tiles_5x,\n",
        )
        with pytest.raises(TableError) as error:
            read_feature_files(study, PATIENTS)
        told = {(fault.row, fault.column): fault.allowed for fault in error.value.faults}
        assert list(told) == [
            (2, "patient_id"), (3, "path"), (4, "path"), (5, "modality"), (6, "tile_mpp"), (8, "path"),
            (9, "patient_id"),
        ]  # fmt: skip
        assert told[5, "modality"] == "tiles_10x, tiles_5x, scan"
        assert ".h5" in told[4, "path"]
        assert "exists" in told[3, "path"]

    def test_a_slip_in_a_column_is_seen(self, tmp_path):
        with pytest.raises(UserError, match="Did you mean 'extractor'"):
            read_feature_files(with_table(tmp_path, "patient_id,path,modality,extracter\n1,a,b,c\n"), PATIENTS)
        with pytest.raises(UserError, match="the column modality is missing"):
            read_feature_files(with_table(tmp_path, "patient_id,path\n1,a\n"), PATIENTS)


class TestKind:
    """What bags of a modality have in common."""

    def test_what_some_do_not_say_is_what_the_others_say(self):
        kinds = {"a": BagKind(512, None, None), "b": BagKind(512, "uni_v1", 0.5), "c": BagKind(512, "uni_v1", None)}
        assert common_kind(kinds, "tiles_10x") == BagKind(512, "uni_v1", 0.5)

    @pytest.mark.parametrize(
        ("odd", "words"),
        [
            (BagKind(768, "uni_v1", 0.5), "differ in number: 1024 in 3 files, 768 in 1 files"),
            (BagKind(1024, "virchow", 0.5), "different extractors: uni_v1 in 3 files, virchow in 1 files"),
            (BagKind(1024, "uni_v1", 1.0), "differ in scale: 0.5 and 1 µm per pixel"),
        ],
    )
    def test_the_file_that_differs_is_named(self, odd, words):
        kinds = {name: BagKind(1024, "uni_v1", 0.5) for name in ("a.h5", "b.h5", "c.h5")} | {"odd.h5": odd}
        for order in (sorted(kinds), sorted(kinds, reverse=True)):
            with pytest.raises(StudyError) as error:
                common_kind({name: kinds[name] for name in order}, "tiles_10x")
            assert words in error.value.line()
            assert error.value.where == "odd.h5"

    def test_columns_in_another_order_are_other_features(self):
        kinds = {"a": BagKind(2, None, None, ("f0", "f1")), "b": BagKind(2, None, None, ("f1", "f0"))}
        with pytest.raises(StudyError, match="columns of scan differ"):
            common_kind(kinds, "scan")

    @given(st.permutations(["a", "b", "c", "d"]))
    def test_the_order_of_the_files_does_not_matter(self, order):
        kinds = {
            "a": BagKind(4, None, None), "b": BagKind(4, "uni", None), "c": BagKind(4, None, 0.5),
            "d": BagKind(4, "uni", 0.5),
        }  # fmt: skip
        assert common_kind({name: kinds[name] for name in order}, "scan") == BagKind(4, "uni", 0.5)


class TestStore:
    """Bags on the disk."""

    def test_a_patient_has_the_tiles_of_all_slides(self, study):
        done = stored(study)
        assert done.refused == ()
        (told,) = done.modalities
        assert (told.modality, told.patients, told.slides, told.tiles) == ("tiles_10x", 2, 3, 95)
        assert told.kind == BagKind(16, "uni_v1", 0.5)
        store = FeatureStore.open(study.root / "store", "tiles_10x")
        assert store.patients == ("TCGA-1", "TCGA-2")
        assert (store.dimension, store.extractor) == (16, "uni_v1")
        bag = store.bag("TCGA-1")
        assert bag.slides == ("1a", "1b")
        assert np.bincount(bag.slide).tolist() == [30, 20]
        np.testing.assert_array_equal(
            bag.features, np.concatenate([features_of(30, seed=30), features_of(20, seed=20)])
        )
        np.testing.assert_array_equal(bag.coordinates, np.concatenate([grid_of(30), grid_of(20)]))
        assert store.tiles("TCGA-1") == len(bag) == 50

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    def test_one_slide_is_mapped_and_not_read(self, tmp_path, dtype):
        features = features_of(45, 24, dtype=dtype)
        write_trident(tmp_path / "a.h5", features, grid_of(45))
        stored(with_table(tmp_path, "patient_id,path,modality\nTCGA-1,a.h5,tiles_5x\n"))
        bag = FeatureStore.open(tmp_path / "store", "tiles_5x").bag("TCGA-1")
        assert isinstance(bag.features, np.memmap)
        assert not bag.features.flags.writeable
        assert bag.features.dtype == dtype
        np.testing.assert_array_equal(bag.features, features)

    def test_the_store_outlives_the_files_and_goes_to_other_processes(self, study):
        stored(study)
        for path in study.root.glob("*.h5"):
            path.unlink()
        store = pickle.loads(pickle.dumps(FeatureStore.open(study.root / "store", "tiles_10x")))
        np.testing.assert_array_equal(store.bag("TCGA-2").features, features_of(45, seed=45))

    def test_places_that_are_not_known_stay_unknown(self, tmp_path):
        write_stamp(tmp_path / "a.h5", features_of(), grid_of(step=256))
        write_stamp(tmp_path / "b.h5", features_of(seed=2), grid_of(step=256) * 0.25)
        study = with_table(
            tmp_path,
            "patient_id,path,modality,slide_mpp\nTCGA-1,a.h5,tiles_10x,\nTCGA-1,b.h5,tiles_10x,0.25\n"
            "TCGA-2,b.h5,tiles_10x,0.25\n",
        )
        (told,) = stored(study).modalities
        assert told.notes == {"coordinates in µm are left out: the slide's µm per pixel are not stated": 1}
        store = FeatureStore.open(tmp_path / "store", "tiles_10x")
        assert store.bag("TCGA-1").coordinates is None
        np.testing.assert_array_equal(store.bag("TCGA-2").coordinates, grid_of(step=256))

    def test_a_table_of_all_patients_and_a_scan(self, tmp_path):
        features = features_of(6, 3)
        frame = pd.DataFrame(features, columns=["f0", "f1", "f2"])
        frame.insert(0, "patient_id", ["TCGA-1", "TCGA-2", "TCGA-2", "TCGA-3", "TCGA-3", "TCGA-3"])
        write_table(tmp_path / "slices.parquet", frame)
        text = "patient_id,path,modality\n" + "".join(f"{name},slices.parquet,scan\n" for name in PATIENTS)
        stored(with_table(tmp_path, text))
        store = FeatureStore.open(tmp_path / "store", "scan")
        assert [store.tiles(name) for name in PATIENTS] == [1, 2, 3]
        np.testing.assert_array_equal(store.bag("TCGA-2").features, features[1:3])

    def test_a_broken_file_does_not_stop_the_others(self, study):
        (study.root / "1b.h5").write_bytes(b"no HDF5 at all")
        seen = []
        done = stored(study, progress=lambda *step: seen.append(step))
        assert seen == [(1, 3, "TCGA-1"), (2, 3, "TCGA-1"), (3, 3, "TCGA-2")]
        (refused,) = done.refused
        assert refused.path.endswith("1b.h5")
        assert "no HDF5 file" in refused.reason
        assert FeatureStore.open(study.root / "store", "tiles_10x").tiles("TCGA-1") == 30

    def test_bags_that_differ_leave_the_earlier_index_as_it_was(self, study):
        stored(study)
        before = (study.root / "store" / "features" / "tiles_10x.index").read_bytes()
        write_trident(study.root / "2.h5", features_of(45, 17), grid_of(45))
        with pytest.raises(StudyError, match="differ in number: 16 in 2 files, 17 in 1 files"):
            stored(study)
        assert (study.root / "store" / "features" / "tiles_10x.index").read_bytes() == before

    def test_two_slides_of_one_name(self, study):
        (study.root / "again").mkdir()
        write_trident(study.root / "again" / "1a.h5", features_of(), grid_of())
        with (study.root / "features.csv").open("a") as stream:
            stream.write("TCGA-1,again/1a.h5,tiles_10x\n")
        with pytest.raises(StudyError, match="two slides of the name '1a'"):
            stored(study)

    def test_a_second_run_writes_no_slide_again_and_the_same_bytes(self, study):
        stored(study)
        folder = study.root / "store" / "features"
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.shard")}
        index = (folder / "tiles_10x.index").read_bytes()
        stored(study)
        assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.shard")} == before
        assert (folder / "tiles_10x.index").read_bytes() == index
        for path in before:
            path.unlink()
        stored(study)
        assert {path: path.read_bytes() for path in before} == {path: content for path, (content, _) in before.items()}

    def test_a_file_that_changed_is_written_again_and_a_row_that_went_is_gone(self, study):
        stored(study)
        write_trident(study.root / "2.h5", features_of(12, seed=9), grid_of(12))
        (study.root / "features.csv").write_text("patient_id,path,modality\nTCGA-2,2.h5,tiles_10x\n")
        stored(study)
        store = FeatureStore.open(study.root / "store", "tiles_10x")
        assert store.patients == ("TCGA-2",)
        np.testing.assert_array_equal(store.bag("TCGA-2").features, features_of(12, seed=9))

    def test_a_modality_that_went_from_the_table_is_gone(self, study):
        stored(study)
        (study.root / "features.csv").write_text("patient_id,path,modality\nTCGA-2,2.h5,tiles_5x\n")
        stored(study)
        with pytest.raises(StudyError, match=r"there is no tiles_10x\.index"):
            FeatureStore.open(study.root / "store", "tiles_10x")
        assert FeatureStore.open(study.root / "store", "tiles_5x").patients == ("TCGA-2",)

    def test_a_shard_that_was_replaced_or_damaged_is_seen(self, study):
        stored(study)
        store = FeatureStore.open(study.root / "store", "tiles_10x")
        assert store.verify() == 3
        shard = next((study.root / "store" / "features").rglob("*.shard"))
        content = bytearray(shard.read_bytes())
        content[100] ^= 1
        shard.write_bytes(content)
        with pytest.raises(FileFormatError, match="damaged"):
            store.verify()
        shard.write_bytes(content[:-8])
        with pytest.raises(StudyError):
            FeatureStore.open(study.root / "store", "tiles_10x")

    def test_who_or_what_is_not_there_is_told(self, study):
        stored(study)
        store = FeatureStore.open(study.root / "store", "tiles_10x")
        with pytest.raises(StudyError, match="'TCGA-3' has no features"):
            store.bag("TCGA-3")
        with pytest.raises(StudyError, match="Possible: tiles_10x, tiles_5x, scan"):
            FeatureStore.open(study.root / "store", "genes")
        with pytest.raises(StudyError, match=r"there is no tiles_5x\.index"):
            FeatureStore.open(study.root / "store", "tiles_5x")

    def test_tiles_of_images_and_of_features_do_not_mix(self, study):
        from tumorboard.store import build_index

        stored(study)
        assert set(build_index(study.root / "store").values()) == {0}


def test_joined_slides_keep_their_order_and_types():
    bag = join_slides(["b", "a"], [features_of(3), features_of(2, dtype=np.float16)], [grid_of(3), None])
    assert bag.slides == ("b", "a")
    assert bag.slide.tolist() == [0, 0, 0, 1, 1]
    assert bag.features.dtype == np.float32
    assert bag.coordinates is None


def test_reading_features_needs_neither_torch_nor_timm(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["features"] = features_of()
    code = (
        "import sys; from pathlib import Path; from tumorboard.features import read_bag; read_bag(Path(sys.argv[1]));"
        "print(sorted({'torch', 'timm', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
