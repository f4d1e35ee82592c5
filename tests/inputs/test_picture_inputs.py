"""Pictures as the network reads them: bytes of one size, planes with their neighbours, normalised stains."""

import pickle

import cv2
import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.inputs import (
    PatientStain,
    PictureInputs,
    evenly_spaced,
    normaliser_from_json,
    normaliser_to_json,
    picture_statistics,
)
from tumorboard.slides.stain import MacenkoNormaliser, ReinhardNormaliser
from tumorboard.store import ShardMetadata, ShardWriter, Store, build_index

PINK, VIOLET = np.array([225, 150, 190]), np.array([120, 80, 160])


def stained(seed, size=80, shift=0):
    """Draw a tile of two stains on white."""
    random = np.random.default_rng(seed)
    amounts = cv2.resize(random.random((8, 8, 2)), (size, size))
    tile = 240.0 * np.exp(amounts @ (np.log(np.array([PINK, VIOLET]) / 240)))
    return np.clip(tile + shift, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    (root / "slides").mkdir()
    (root / "scans").mkdir()
    for number, patient in enumerate("AB"):
        with ShardWriter(root / "slides" / f"{patient}.shard", {}, ShardMetadata(patient, patient, {"v": 1})) as shard:
            for tile in range(2 + number):
                width = 80 if tile else 40
                picture = stained(10 * number + tile, 80, -40 * number)[:, :width]
                shard.add(
                    simplejpeg.encode_jpeg(np.ascontiguousarray(picture), 98), encoding="jpeg", modality="tiles_10x",
                    width_px=width, height_px=80, mpp=1.0, left=tile, top=0,
                )  # fmt: skip
    columns = {"plane": "text", "offset_mm": "float64"}
    with ShardWriter(root / "scans" / "A.shard", columns, ShardMetadata("A", "CT", {"v": 1})) as shard:
        for plane, level in (("transversal", 40), ("coronal", 120)):
            for offset in (-3.0, 0.0, 3.0):
                grey = np.full((48, 48), (level + offset) * 257, np.uint16)
                shard.add(
                    cv2.imencode(".png", grey)[1].tobytes(), encoding="png", modality="scan", width_px=48, height_px=48,
                    channels=1, mpp=1400.0, left=-1, top=-1, plane=plane, offset_mm=offset,
                )  # fmt: skip
    build_index(root)
    return root


def test_tiles_are_squares_of_bytes_on_white(store):
    tiles = PictureInputs(Store.open(store, "tiles_10x"), 64)
    assert tiles.patients == ("A", "B")
    assert (tiles.count("A"), tiles.count("B"), tiles.count("stranger")) == (2, 3, 0)
    narrow, whole = tiles.read("A", 0), tiles.read("A", 1)
    assert narrow.shape == whole.shape == (3, 64, 64)
    assert narrow.dtype == np.uint8
    assert (narrow[:, :, :15] == 255).all()
    assert (narrow[:, :, 20:44] < 250).any()
    assert PictureInputs(Store.open(store, "tiles_10x"), 128).read("A", 1).shape == (3, 128, 128)


def test_planes_have_their_neighbours_and_prediction_never_meets_them(store):
    scan = PictureInputs(Store.open(store, "scan"), 48)
    assert scan.count("A") == 2
    assert [scan.neighbours("A", number) for number in range(2)] == [2, 2]
    assert [int(scan.read("A", number)[0, 0, 0]) for number in range(2)] == [40, 120]
    assert {int(scan.read("A", 1, around)[0, 0, 0]) for around in range(3)} == {117, 120, 123}
    assert scan.read("A", 0).shape == (1, 48, 48)
    assert scan.values("mpp", ["A"]).tolist() == [1400.0, 1400.0]


def test_pictures_travel_to_other_processes(store):
    tiles = PictureInputs(Store.open(store, "tiles_10x"), 64)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(tiles)).read("B", 2), tiles.read("B", 2))


@pytest.mark.parametrize("kind", [MacenkoNormaliser, ReinhardNormaliser])
def test_normalised_tiles_come_nearer_to_the_fit_patients(store, kind):
    tiles = PictureInputs(Store.open(store, "tiles_10x"), 64)

    def own(patient):
        read = [tiles.read(patient, number) for number in range(1, tiles.count(patient))]
        return [np.ascontiguousarray(tile.transpose(1, 2, 0)) for tile in read]

    normaliser = kind.fit([own("A")])
    again = normaliser_from_json(normaliser_to_json(normaliser))
    stain = PatientStain(again, own)
    target, before = (tiles.read(patient, 1).mean(axis=(1, 2)) for patient in "AB")
    after = tiles.with_stain(stain).read("B", 1).mean(axis=(1, 2))
    assert np.abs(after - target).sum() < 0.7 * np.abs(before - target).sum()


@pytest.mark.parametrize(
    "content", [{}, {"method": "macenko", "vectors": [1]}, {"method": "reinhard", "mean": [1, 2, 3]}]
)
def test_what_is_no_stain_reference_is_told(content):
    with pytest.raises(FileFormatError, match="no stain reference"):
        normaliser_from_json(content)


def test_statistics_tell_what_was_seen(store):
    tiles = PictureInputs(Store.open(store, "tiles_10x"), 64)
    seen = picture_statistics(tiles, ["A", "stranger"], 0)
    assert seen["patients"] == 1
    both = np.stack([tiles.read("A", number) for number in range(2)]).mean(axis=(0, 2, 3))
    np.testing.assert_allclose(seen["mean"], both)
    assert picture_statistics(tiles, [], 0)["mean"] is None


@given(st.integers(0, 300), st.integers(0, 40))
def test_evenly_spaced_numbers_are_some_of_them_in_order(count, images):
    numbers = evenly_spaced(count, images)
    assert len(numbers) == (min(count, images) if images else count)
    assert numbers == sorted(set(numbers))
    assert all(0 <= number < count for number in numbers)
