"""The index depends on the shards' content alone, and knows when they are no longer those that it was made from."""

import random

import pandas as pd
import pytest
from small_store import SLIDES, write_scan, write_slide, write_store

from tumorboard.errors import StudyError
from tumorboard.store import ShardMetadata, ShardWriter, Store, build_index

MODALITIES = ("tiles_10x", "tiles_5x", "scan")


def indexes(root):
    return [(root / f"{modality}.index").read_bytes() for modality in MODALITIES]


def test_an_index_is_the_same_whatever_the_order_of_the_shards(root):
    expected = indexes(root)
    shards = sorted(root.glob("*/*.shard"))
    for seed in range(6):
        random.Random(seed).shuffle(shards)
        assert build_index(root, [*shards, shards[0]]) == {"tiles_10x": 17, "tiles_5x": 10, "scan": 1}
        assert indexes(root) == expected


def test_an_index_is_the_same_wherever_and_in_whatever_order_the_shards_were_written(root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write_scan(elsewhere, "CT-1", "A")
    for slide in reversed(SLIDES):
        write_slide(elsewhere, *slide)
    build_index(elsewhere)
    assert indexes(elsewhere) == indexes(root)


def test_only_the_modalities_that_are_named_are_indexed_anew(root):
    before = indexes(root)
    write_slide(root, "D-1", "D", range(4))
    assert build_index(root, modalities=["tiles_5x"]) == {"tiles_5x": 12}
    after = indexes(root)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_a_patients_images_are_neighbours_in_the_order_of_slides_and_writing(root):
    store = Store.open(root, "tiles_10x")
    assert dict(store.patients) == {"A": range(10), "B": range(10, 15), "C": range(15, 17)}
    assert store.column("cells")[list(store.patients["A"])].tolist() == [*range(20, 27), *range(10, 13)]
    for patient_id, rows in store.patients.items():
        assert set(store.table.loc[list(rows), "patient_id"]) == {patient_id}


def test_the_table_holds_every_column_and_reads_no_image(root):
    store = Store.open(root, "tiles_5x")
    for shard in root.glob("slides/*.shard"):
        shard.rename(shard.with_suffix(".gone"))
    table = store.table
    assert list(table) == [
        "patient_id", "name", "encoding", "width_px", "height_px", "channels", "mpp", "left", "top", "tissue_share",
        "focus", "cells", "tumour", "remark",
    ]  # fmt: skip
    assert table["name"].tolist() == ["A-1"] * 4 + ["A-2"] * 2 + ["B-1"] * 3 + ["C-1"]
    assert table["remark"].tolist() == [f"tile {cells}" for cells in table["cells"]]
    assert isinstance(table["patient_id"].dtype, pd.CategoricalDtype)


def test_numbers_lie_in_the_mapped_file_and_cannot_be_changed(root):
    left = Store.open(root, "tiles_10x").column("left")
    assert not left.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        left[0] = 7


def test_a_modality_without_images_is_an_empty_store(tmp_path):
    write_slide(tmp_path, "A-1", "A", [1])
    build_index(tmp_path)
    for modality in ("tiles_5x", "scan"):
        store = Store.open(tmp_path, modality)
        assert len(store) == len(store.table) == len(store.patients) == 0
        assert store.images([]) == []
        assert store.verify() == 0
    build_index(tmp_path, [])
    assert len(Store.open(tmp_path, "tiles_10x")) == 0


def test_shards_with_different_columns_are_refused_by_name(tmp_path):
    write_slide(tmp_path, "A-1", "A", [1])
    with ShardWriter(tmp_path / "slides" / "B-1.shard", {"focus": "float32"}, ShardMetadata("B", "B-1", {})) as shard:
        shard.add(
            b"\xff\xd8", encoding="jpeg", modality="tiles_10x", width_px=1, height_px=1, mpp=1.0, left=0, top=0,
            focus=1.0,
        )  # fmt: skip
    with pytest.raises(StudyError, match=r"A-1\.shard and slides/B-1\.shard have different columns: .*focus"):
        build_index(tmp_path)


def test_a_missing_shard_is_told_at_open(root):
    (root / "slides" / "B-1.shard").unlink()
    with pytest.raises(StudyError, match=r"there is no slides/B-1\.shard\. Run: tumorboard prepare"):
        Store.open(root, "tiles_10x")


def test_a_shard_of_another_size_is_told_at_open(root):
    write_slide(root, "B-1", "B", range(6))
    with pytest.raises(StudyError, match=r"slides/B-1\.shard is not the file that was indexed"):
        Store.open(root, "tiles_10x")


def test_a_shard_of_the_same_size_and_other_content_is_told_when_it_is_read(root):
    path = root / "slides" / "B-1.shard"
    size = path.stat().st_size
    write_slide(root, "B-1", "B", range(5), {"version": 2})
    assert path.stat().st_size == size
    store = Store.open(root, "tiles_10x")
    assert store.image(0).any()
    with pytest.raises(StudyError, match=r"slides/B-1\.shard is not the file that was indexed"):
        store.payload(store.patients["B"].start)


def test_a_shard_that_vanishes_after_opening_is_told(root):
    store = Store.open(root, "tiles_10x")
    (root / "slides" / "A-1.shard").unlink()
    with pytest.raises(StudyError, match=r"there is no slides/A-1\.shard"):
        store.image(0)


def test_the_small_store_is_written_as_it_was(root, tmp_path):
    write_store(tmp_path / "again")
    for path in root.glob("*/*.shard"):
        assert (tmp_path / "again" / path.relative_to(root)).read_bytes() == path.read_bytes()
