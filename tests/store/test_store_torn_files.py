"""A file that is not what was written is never taken for one: cut off, added to, changed, of another version."""

import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from small_store import jpeg, write_slide

from tumorboard.errors import FileFormatError, StudyError, UserError
from tumorboard.store import Store, build_index, is_complete, read_shard_metadata, verify_shard
from tumorboard.store.frame import VERSION

KEY = {"version": 1}
TRAILER_BYTES = 40


def footer_begins(whole: bytes) -> int:
    return struct.unpack_from("<Q", whole, len(whole) - TRAILER_BYTES)[0]


def refused(path: Path, content: bytes) -> str:
    """Write content in a shard's place, expect that it is refused, and return the message."""
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as told:
        read_shard_metadata(path)
    assert not is_complete(path, KEY)
    return str(told.value)


def test_a_whole_shard_is_complete_for_its_key_alone(shard):
    assert is_complete(shard, KEY)
    assert not is_complete(shard, KEY | {"tile_px": 256})
    assert not is_complete(shard.with_name("B-1.shard"), KEY)


def test_a_file_cut_off_anywhere_is_refused(shard):
    whole = shard.read_bytes()
    begins, size = footer_begins(whole), len(whole)
    near_a_border = [place + step for place in (16, 64, begins, size - TRAILER_BYTES) for step in range(-20, 21)]
    lengths = {*range(0, begins, 97), *range(begins, size, 13), *range(size - 60, size), *near_a_border}
    for length in sorted(lengths & {*range(size)}, reverse=True):
        os.truncate(shard, length)
        with pytest.raises(FileFormatError):
            read_shard_metadata(shard)


@pytest.mark.parametrize("added", [b"\0", b"\n", bytes(40), b"x" * 5000], ids=len)
def test_a_file_that_was_added_to_is_refused(shard, added):
    assert "torn" in refused(shard, shard.read_bytes() + added)


def test_a_second_footer_behind_the_first_is_refused(shard):
    whole = shard.read_bytes()
    assert "torn" in refused(shard, whole + whole[footer_begins(whole) :])


def test_a_flipped_bit_in_any_byte_of_header_or_footer_is_refused(shard):
    whole = shard.read_bytes()
    begins, size = footer_begins(whole), len(whole)
    with shard.open("r+b", buffering=0) as file:
        for position in [*range(16), *range(begins, size - 500, 5), *range(size - 500, size)]:
            os.pwrite(file.fileno(), bytes([whole[position] ^ 1 << position % 8]), position)
            with pytest.raises(FileFormatError):
                read_shard_metadata(shard)
            os.pwrite(file.fileno(), whole[position : position + 1], position)
    assert is_complete(shard, KEY)


def test_a_changed_payload_or_gap_is_found_by_reading_all_of_it(shard):
    whole = shard.read_bytes()
    for position in range(64, footer_begins(whole), 31):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        shard.write_bytes(changed)
        with pytest.raises(FileFormatError, match=r"payload \d has the checksum") as told:
            verify_shard(shard)
        assert str(shard) in str(told.value)


def test_a_hole_that_a_power_failure_leaves_is_found(shard):
    whole = shard.read_bytes()
    shard.write_bytes(whole[:64] + bytes(footer_begins(whole) - 64) + whole[footer_begins(whole) :])
    with pytest.raises(FileFormatError, match="payload 0"):
        verify_shard(shard)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (jpeg(1), "is no file of a store"),
        (b"\x89TBS\n\x1a\n" + bytes(200), "is no file of a store"),
    ],
    ids=["empty", "another format", "sent as text"],
)
def test_other_files_are_refused_with_what_they_are(shard, content, told):
    message = refused(shard, content)
    assert told in message
    assert message.endswith(f"Delete it and run: tumorboard prepare {shard.parents[2]}")


def test_another_version_is_refused_with_both_numbers(shard):
    changed = bytearray(shard.read_bytes())
    changed[8:16] = struct.pack("<Q", VERSION + 1)
    assert f"has version {VERSION + 1} of the store's format, and this program reads version {VERSION}" in refused(
        shard, bytes(changed)
    )


def test_a_folder_in_a_shards_place_is_a_users_mistake(tmp_path):
    (tmp_path / "a.shard").mkdir()
    with pytest.raises(UserError, match=r"a\.shard"):
        read_shard_metadata(tmp_path / "a.shard")


def test_an_index_cut_off_or_changed_anywhere_is_refused(root):
    path = root / "tiles_10x.index"
    whole = path.read_bytes()
    for position in [*range(16), *range(64, len(whole), 23)]:
        path.write_bytes(whole[:position])
        with pytest.raises(FileFormatError, match=r"tiles_10x\.index"):
            Store.open(root, "tiles_10x")
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(FileFormatError, match=r"tiles_10x\.index"):
            Store.open(root, "tiles_10x")


def test_an_index_in_another_ones_place_is_refused(root):
    (root / "tiles_5x.index").write_bytes((root / "tiles_10x.index").read_bytes())
    with pytest.raises(FileFormatError, match="is no index of tiles_5x"):
        Store.open(root, "tiles_5x")
    (root / "slides" / "B-1.shard").write_bytes((root / "tiles_10x.index").read_bytes())
    with pytest.raises(FileFormatError, match="is no shard"):
        build_index(root)


def damage(path: Path, position: int) -> None:
    whole = bytearray(path.read_bytes())
    whole[position] ^= 1
    path.write_bytes(whole)


def test_reading_a_changed_payload_is_refused_and_the_others_are_read(root):
    damage(root / "slides" / "A-1.shard", 64 + 300)
    store = Store.open(root, "tiles_10x")
    with pytest.raises(FileFormatError, match="the image of row 0 of tiles_10x is not what was written"):
        store.image(0)
    assert store.image(1).shape == (48, 64, 3)
    assert Store.open(root, "tiles_10x", check=False).payload(0) != jpeg(20)


def test_verifying_a_store_names_every_damaged_shard_and_what_mends_them(root):
    assert Store.open(root, "tiles_10x").verify() == 4
    damage(root / "slides" / "A-1.shard", 400)
    damage(root / "slides" / "C-1.shard", 500)
    with pytest.raises(FileFormatError) as told:
        Store.open(root, "tiles_10x").verify()
    message = str(told.value)
    assert "2 of 4 shards are damaged: slides/A-1.shard, slides/C-1.shard" in message
    assert message.endswith(f"Delete them and run: tumorboard prepare {root.parent}")
    assert "\n" not in message


def test_a_payload_that_is_no_picture_names_its_shard_and_row(tmp_path):
    path = tmp_path / "store" / "slides" / "a.shard"
    write_slide(tmp_path / "store", "a", "A", [1])
    from tumorboard.store import ShardMetadata, ShardWriter

    tile = {"encoding": "jpeg", "modality": "tiles_10x", "mpp": 1.0, "left": 0, "top": 0}
    with ShardWriter(path, {}, ShardMetadata("A", "a", {})) as shard:
        shard.add(jpeg(1)[:500], width_px=64, height_px=48, **tile)
        shard.add(jpeg(1), width_px=48, height_px=64, **tile)
    build_index(tmp_path / "store")
    store = Store.open(tmp_path / "store", "tiles_10x")
    shapes = re.escape("it has the shape (48, 64, 3) (height, width, channels) where its record speaks of (64, 48, 3)")
    for row, why in enumerate(["JPEG", shapes]):
        for max_px in (None, 8):
            with pytest.raises(FileFormatError, match=rf"row {row} of tiles_10x cannot be decoded: .*{why}") as told:
                store.image(row, max_px=max_px)
            assert str(path) in str(told.value)


def test_a_store_without_its_index_tells_what_to_run(tmp_path):
    with pytest.raises(StudyError, match=r"there is no scan\.index\. Run: tumorboard prepare"):
        Store.open(tmp_path / "store", "scan")


def test_no_row_beyond_the_last_is_read(root):
    store = Store.open(root, "tiles_10x")
    with pytest.raises(IndexError):
        store.payload(len(store))
    np.testing.assert_array_equal(store.image(-1), store.image(len(store) - 1))
