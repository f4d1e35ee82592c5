"""What is written is what is read: payloads, pixels, columns, metadata."""

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from small_store import COLUMNS, add_tile, jpeg, picture, write_slide

from tumorboard.store import (
    ShardMetadata,
    ShardWriter,
    Store,
    build_index,
    read_shard_metadata,
    read_shard_records,
    verify_shard,
)

PIXELS = arrays.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int16, np.float32]),
    st.one_of(
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 4)),
    ),
)
OWN = {
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "text": st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
}
PLACES = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=30)
@given(st.data())
def test_arrays_and_columns_come_back_as_they_were(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("store")
    columns = data.draw(
        st.dictionaries(st.from_regex(r"own_\w{1,5}", fullmatch=True), st.sampled_from(list(OWN)), max_size=5)
    )
    row = st.tuples(
        PIXELS,
        st.floats(0.05, 5000),
        PLACES,
        PLACES,
        st.fixed_dictionaries({name: OWN[kind] for name, kind in columns.items()}),
    )
    rows = data.draw(st.lists(row, max_size=6))
    about = ShardMetadata("P-1", "CT", {"spacing_mm": 0.7, "phases": ["arterial", None]}, {"planes": len(rows)})
    with ShardWriter(root / "scans" / "CT.shard", columns, about) as shard:
        for pixels, mpp, left, top, own in rows:
            shard.add_array(pixels, modality="scan", mpp=mpp, left=left, top=top, **own)
    build_index(root)
    store = Store.open(root, "scan")
    assert read_shard_metadata(root / "scans" / "CT.shard") == about
    assert verify_shard(root / "scans" / "CT.shard") == len(store) == len(rows)
    for number, (pixels, mpp, left, top, own) in enumerate(rows):
        image = store.image(number)
        assert image.dtype == pixels.dtype
        np.testing.assert_array_equal(image, pixels)
        assert image.flags.writeable
        assert [store.column(name)[number] for name in ("mpp", "left", "top")] == [mpp, left, top]
        for name, value in own.items():
            found = store.column(name)[number]
            assert found == value or (found != found and value != value), name


def test_a_jpeg_is_kept_byte_for_byte_and_decoded_like_the_original(root):
    store = Store.open(root, "tiles_10x")
    seeds = store.column("cells")
    for row in range(len(store)):
        assert store.payload(row) == jpeg(int(seeds[row]))
        np.testing.assert_array_equal(store.image(row), simplejpeg.decode_jpeg(jpeg(int(seeds[row]))))


def test_images_come_in_the_order_that_was_asked_for_and_are_not_shared(root):
    store = Store.open(root, "tiles_10x")
    rows = [7, 0, 7, 3]
    images = store.images(rows)
    for row, image in zip(rows, images, strict=True):
        np.testing.assert_array_equal(image, store.image(row))
    images[0][:] = 0
    assert images[2].any()


@pytest.mark.parametrize("max_px", [64, 63, 40, 32, 17, 8, 1])
def test_a_smaller_jpeg_is_the_average_of_the_larger(tmp_path, max_px):
    with ShardWriter(tmp_path / "slides" / "a.shard", {}, ShardMetadata("A", "a", {})) as shard:
        shard.add(jpeg(3), encoding="jpeg", modality="tiles_5x", width_px=64, height_px=48, mpp=2.0, left=0, top=0)
    build_index(tmp_path)
    store = Store.open(tmp_path, "tiles_5x")
    small = store.image(0, max_px=max_px)
    assert small.shape == (max(1, round(48 * max_px / 64)), max_px, 3)
    whole = store.image(0).astype(float)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), whole.mean(axis=(0, 1)), atol=2)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float32])
def test_a_smaller_array_is_the_average_of_the_larger(tmp_path, kind):
    pixels = np.repeat(np.repeat(np.arange(12, dtype=kind).reshape(3, 4), 5, axis=0), 5, axis=1)
    with ShardWriter(tmp_path / "scans" / "a.shard", {}, ShardMetadata("A", "a", {})) as shard:
        shard.add_array(pixels, modality="scan", mpp=700.0)
    build_index(tmp_path)
    small = Store.open(tmp_path, "scan").image(0, max_px=4)
    assert small.dtype == kind
    np.testing.assert_array_equal(small, pixels[::5, ::5])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
def test_a_png_keeps_its_depth_and_channels(tmp_path, kind, shape):
    import imagecodecs

    pixels = np.random.default_rng(1).integers(0, np.iinfo(kind).max, shape, dtype=kind)
    with ShardWriter(tmp_path / "scans" / "a.shard", {}, ShardMetadata("A", "a", {})) as shard:
        shard.add(
            imagecodecs.png_encode(pixels), encoding="png", modality="scan", width_px=7, height_px=9,
            channels=(*shape, 1)[2], mpp=700.0, left=0, top=0,
        )  # fmt: skip
    build_index(tmp_path)
    image = Store.open(tmp_path, "scan").image(0)
    assert image.dtype == kind
    np.testing.assert_array_equal(image, pixels)


def test_grey_jpegs_have_one_channel(tmp_path):
    grey = np.ascontiguousarray(picture(1)[..., :1])
    with ShardWriter(tmp_path / "scans" / "a.shard", {}, ShardMetadata("A", "a", {})) as shard:
        shard.add(
            simplejpeg.encode_jpeg(grey, 90, "GRAY", "Gray"), encoding="jpeg", modality="scan", width_px=64,
            height_px=48, channels=1, mpp=700.0, left=0, top=0,
        )  # fmt: skip
    build_index(tmp_path)
    assert Store.open(tmp_path, "scan").image(0).shape == (48, 64)


def test_adding_at_once_and_one_by_one_give_the_same_bytes(tmp_path):
    seeds = np.arange(4)
    one_by_one = tmp_path / "one.shard"
    with ShardWriter(one_by_one, COLUMNS, ShardMetadata("A", "a", {})) as shard:
        for seed in seeds.tolist():
            add_tile(shard, seed)
    at_once = tmp_path / "many.shard"
    with ShardWriter(at_once, COLUMNS, ShardMetadata("A", "a", {})) as shard:
        shard.add_many(
            [jpeg(seed) for seed in seeds.tolist()], encoding="jpeg", modality="tiles_10x", width_px=64, height_px=48,
            mpp=1.01, left=seeds * 64, top=48, tissue_share=seeds / 100, focus=seeds.astype(float), cells=seeds,
            tumour=seeds % 2 == 0, remark=[f"tile {seed}" for seed in seeds],
        )  # fmt: skip
    assert at_once.read_bytes() == one_by_one.read_bytes()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first = write_slide(tmp_path / "1", "A-1", "A", range(5), {"b": 1, "a": [0.1]})
    again = write_slide(tmp_path / "2", "A-1", "A", range(5), {"a": [0.1], "b": 1})
    assert first.read_bytes() == again.read_bytes()


def test_a_shard_without_images_is_whole(tmp_path):
    path = write_slide(tmp_path, "A-1", "A", [])
    assert verify_shard(path) == 0
    assert list(read_shard_records(path)) == [
        "offset", "length", "crc32", "encoding", "modality", "width_px", "height_px", "channels", "mpp", "left", "top",
        *COLUMNS,
    ]  # fmt: skip


TILE = {"encoding": "jpeg", "modality": "tiles_10x", "width_px": 64, "height_px": 48, "mpp": 1.0, "left": 0, "top": 0}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"encoding": "png"}, "no PNG"),
        ({"encoding": "raw_uint8"}, "9216"),
        ({"channels": 4}, "JPEG of 4 channels"),
        ({"encoding": "webp"}, "there is no encoding 'webp'"),
        ({"modality": "10x"}, "10x"),
        ({"modality": None}, "modality"),
        ({"focus": None}, "focus"),
        ({"focus": "sharp"}, "focus"),
        ({"width_px": 0.5}, "width_px"),
        ({"left": 2**63}, "left"),
        ({"sharpness": 1.0}, "sharpness"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(tmp_path, change, told):
    with (
        pytest.raises(ValueError, match=told),
        ShardWriter(tmp_path / "a.shard", {"focus": "float32"}, ShardMetadata("A", "a", {})) as shard,
    ):
        shard.add(jpeg(1), **(TILE | {"focus": 1.0} | change))
    assert not list(tmp_path.iterdir())


def test_lists_of_another_length_are_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="'left' has 3 values for 2 payloads"),
        ShardWriter(tmp_path / "a.shard", {}, ShardMetadata("A", "a", {})) as shard,
    ):
        shard.add_many([jpeg(1), jpeg(2)], **(TILE | {"left": [1, 2, 3]}))


@pytest.mark.parametrize(
    ("columns", "metadata"),
    [({"offset": "int64"}, {}), ({"patient_id": "text"}, {}), ({"focus": "float16"}, {}), ({}, {"mpp": float("nan")})],
)
def test_columns_and_metadata_that_cannot_be_are_refused(tmp_path, columns, metadata):
    with pytest.raises(ValueError, match=r"offset|patient_id|float16|JSON"):
        ShardWriter(tmp_path / "a.shard", columns, ShardMetadata("A", "a", metadata))
    assert not list(tmp_path.iterdir())
