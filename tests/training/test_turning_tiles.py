"""Tiles are turned and mirrored as numpy's views would, and varied within the memory of their batch."""

import numpy as np
import pytest

from tumorboard.study.training_settings import TrainingSettings
from tumorboard.training.augmentation import vary


class _Drawn:
    """Random numbers that are known before."""

    def __init__(self, quarters, mirrored):
        self._quarters, self._mirrored = quarters, mirrored

    def integers(self, _):
        return self._quarters

    def random(self):
        return 0.25 if self._mirrored else 0.75


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_each_of_the_eight_positions_of_a_tile(quarters, mirrored):
    tile = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    turned = np.rot90(tile, quarters)
    expected = turned[:, ::-1] if mirrored else turned
    batch = np.zeros((3, 32, 32, 3), np.uint8)
    vary(tile, TrainingSettings(colour_jitter=0), _Drawn(quarters, mirrored), batch[1])
    np.testing.assert_array_equal(batch[1], expected)
    assert not batch[[0, 2]].any()


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_into_a_batch_is_what_is_returned(channels):
    picture = np.random.default_rng(1).integers(0, 256, (32, 32, channels)).astype(np.uint8)
    settings = TrainingSettings(colour_jitter=0.3, shift=0.2)
    batch = np.zeros((2, 32, 32, channels), np.uint8)
    for seed in range(10):
        vary(picture, settings, np.random.default_rng(seed), batch[1])
        np.testing.assert_array_equal(batch[1], vary(picture, settings, np.random.default_rng(seed)))
        assert not batch[0].any()
