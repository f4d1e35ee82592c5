"""Running an extractor over tiles: order, batches, sizes, and what it may not answer."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import MissingExtraError, SettingsError, UserError
from tumorboard.features import Extractor, Preparation, extract


class MeanColour(Extractor):
    """The mean of red, green and blue, from 0 to 1."""

    name = "mean colour"
    dimension = 3
    preparation = Preparation(input_px=8)

    def __init__(self):
        self.batches = []

    def encode(self, tiles):
        self.batches.append(tiles.shape)
        return tiles.mean(axis=(1, 2), dtype=np.float64) / 255


def tiles_of(count, side=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@given(count=st.integers(1, 40), batch=st.integers(1, 50))
def test_features_stand_in_the_tiles_order_whatever_the_batch(count, batch):
    tiles, seen = tiles_of(count), []
    extractor = MeanColour()
    features = extract(iter(tiles), extractor, batch=batch, progress=seen.append)
    np.testing.assert_allclose(features, tiles.mean(axis=(1, 2)) / 255, rtol=1e-6)
    assert features.dtype == np.float32
    assert all(shape[0] <= batch for shape in extractor.batches)
    assert seen[-1] == count
    assert seen == sorted(seen)


def test_tiles_of_several_sizes_keep_their_order():
    tiles = [*tiles_of(3), *tiles_of(2, side=12), *tiles_of(1, seed=5)]
    extractor = MeanColour()
    features = extract(tiles, extractor)
    np.testing.assert_allclose(features, [tile.mean(axis=(0, 1)) / 255 for tile in tiles], rtol=1e-6)
    assert [shape[:2] for shape in extractor.batches] == [(3, 8), (2, 12), (1, 8)]


def test_tiles_are_taken_a_batch_at_a_time():
    taken = []

    def tiles():
        for number, tile in enumerate(tiles_of(100)):
            taken.append(number)
            yield tile

    extract(tiles(), MeanColour(), batch=10, progress=lambda done: taken.append(-done))
    assert taken.index(-10) <= 11  # the first batch is done when at most one more tile was taken


@pytest.mark.parametrize(
    "tile",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_a_tile_that_is_no_colour_picture_is_named(tile):
    with pytest.raises(UserError, match="tile 3 has the shape"):
        extract([*tiles_of(2), tile], MeanColour())


def test_no_tile_and_no_batch():
    with pytest.raises(UserError, match="no tile"):
        extract([], MeanColour())
    with pytest.raises(SettingsError, match="batch"):
        extract(tiles_of(2), MeanColour(), batch=0)


def test_an_answer_that_is_not_finite_or_of_another_shape():
    class Odd(MeanColour):
        def encode(self, tiles):
            answer = super().encode(tiles)
            answer[tiles.max(axis=(1, 2, 3)) == 0] = np.nan
            return answer

    tiles = tiles_of(7)
    tiles[5] = 0
    with pytest.raises(UserError, match="mean colour: gave features that are NaN or infinite for tile 6"):
        extract(tiles, Odd(), batch=4)
    odd = MeanColour()
    odd.dimension = 4
    with pytest.raises(UserError, match=r"\(2, 3\) instead of \(2, 4\)"):
        extract(tiles[:2], odd)


@pytest.mark.parametrize(
    "changed",
    [
        {"input_px": 0},
        {"mean": (0.5, 0.5)},
        {"mean": (124, 116, 104)},  # from 0 to 255
        {"sd": (0.0, 0.2, 0.2)},
        {"interpolation": "nearest"},
        {"crop_share": 0.0},
        {"crop_share": 1.2},
    ],
)
def test_a_preparation_that_cannot_be(changed):
    with pytest.raises(SettingsError, match=next(iter(changed))):
        replace(Preparation(input_px=224), **changed)


class TestPreparation:
    """What PyTorch makes of a tile."""

    @pytest.fixture
    def prepare(self):
        from tumorboard.features.extraction.torch_extractor import prepare

        return prepare

    def test_colours_have_mean_0_and_deviation_1_where_they_are_the_data_sets(self, prepare):
        how = Preparation(input_px=8, mean=(0.2, 0.4, 0.6), sd=(0.1, 0.2, 0.25))
        tile = np.full((1, 8, 8, 3), (51, 102, 153), np.uint8)  # 0.2, 0.4, 0.6 of 255
        np.testing.assert_allclose(prepare(tile, how).numpy(), 0, atol=1e-6)
        np.testing.assert_allclose(prepare(np.full_like(tile, 255), how).numpy()[0, :, 0, 0], [8, 3, 1.6], rtol=1e-6)

    def test_channels_come_first_and_red_stays_red(self, prepare):
        tile = np.zeros((1, 8, 8, 3), np.uint8)
        tile[0, 2, 5, 0] = 255
        red = prepare(tile, Preparation(8, (0, 0, 0), (1, 1, 1))).numpy()
        assert red.shape == (1, 3, 8, 8)
        assert np.argwhere(red).tolist() == [[0, 0, 2, 5]]

    @pytest.mark.parametrize(("name", "px"), [("bicubic", 224), ("bilinear", 224), ("bicubic", 512), ("bilinear", 98)])
    def test_resampling_is_pillows(self, prepare, name, px):
        image = pytest.importorskip("PIL.Image")
        (tile,) = tiles_of(1, side=256)
        found = prepare(tile[None], Preparation(px, (0, 0, 0), (1, 1, 1), name)).numpy()[0].transpose(1, 2, 0) * 255
        wanted = np.asarray(image.fromarray(tile).resize((px, px), getattr(image.Resampling, name.upper())), float)
        assert np.abs(found - wanted).max() <= 1.01  # one grey level, from rounding

    def test_the_central_square_is_kept(self, prepare):
        tile = np.zeros((1, 40, 60, 3), np.uint8)
        tile[:, 10:30, 20:40] = 255
        half = prepare(tile, Preparation(20, (0, 0, 0), (1, 1, 1), crop_share=0.5)).numpy()
        np.testing.assert_array_equal(half, np.ones((1, 3, 20, 20), np.float32))

    def test_a_tile_as_large_as_the_input_is_not_resampled(self, prepare):
        tile = tiles_of(1, side=32)
        found = prepare(tile, Preparation(32, (0, 0, 0), (1, 1, 1))).numpy() * 255
        np.testing.assert_allclose(found[0].transpose(1, 2, 0), tile[0], atol=1e-4)

    def test_a_tile_at_another_scale_gives_nearly_the_same_input(self, prepare, kirc_tiles):
        how = Preparation(112, (0, 0, 0), (1, 1, 1))
        tile = kirc_tiles["normal"][0]
        small = cv2.resize(tile, (240, 240), interpolation=cv2.INTER_AREA)
        difference = prepare(tile[None], how) - prepare(small[None], how)
        assert float(difference.abs().mean()) < 0.02


def test_without_timm_the_extra_is_named(monkeypatch, tmp_path):
    import importlib.util

    from tumorboard.features import timm_extractor

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "timm" else find(name, *rest))
    with pytest.raises(MissingExtraError, match=r"pip install 'tumorboard\[encoders\]'") as error:
        timm_extractor("resnet18", tmp_path / "a.pth")
    assert error.value.package == "timm"
