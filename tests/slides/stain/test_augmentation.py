"""Augmentation of stains against scikit-image's, and what must hold of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import combine_stains, hed_from_rgb, rgb_from_hed, separate_stains
from stained_tiles import amounts, mixed

from tumorboard.errors import SettingsError
from tumorboard.slides.stain import StainAugmentation
from tumorboard.slides.stain.augmentation import RGB_OF_STAINS

_LOGARITHM = -np.log(1e-6)  # scikit-image counts densities in parts of this


def every_level():
    """All 256 grey levels in each channel, paired at random."""
    random = np.random.default_rng(1)
    return np.dstack([random.permutation(256).reshape(16, 16) for _ in range(3)]).astype(np.uint8)


def test_the_matrix_is_that_of_scikit_image():
    assert np.array_equal(RGB_OF_STAINS, rgb_from_hed)


@pytest.mark.parametrize(("seed", "strength"), [(1, 0.0), (2, 0.05), (3, 0.1), (4, 0.2), (5, 0.3)])
def test_it_varies_scikit_images_stains(seed, strength):
    tile = mixed(amounts(seed % 5))
    varied = StainAugmentation(strength).vary(tile, seed)
    random = np.random.default_rng(seed)
    factors, shifts = random.uniform(1 - strength, 1 + strength, 3), random.uniform(-strength, strength, 3)
    # scikit-image sets negative amounts to 0: its matrix, our affine step
    density = np.log(np.maximum(tile / 255, 1e-6)) / -_LOGARITHM
    stains = density @ hed_from_rgb
    kept = (stains >= 0).all(axis=-1)
    assert separate_stains(tile, hed_from_rgb)[kept] == pytest.approx(stains[kept], abs=1e-12)
    expected = combine_stains(stains * factors + shifts / _LOGARITHM, rgb_from_hed) * 255
    assert np.abs(varied - expected).max() <= 0.51


def test_without_strength_nothing_changes():
    assert np.array_equal(StainAugmentation(0).vary(every_level(), 5), every_level())


@given(st.integers(0, 2**63), st.floats(0.01, 0.2))
def test_the_seed_alone_decides(seed, strength):
    augmentation = StainAugmentation(strength)
    tile = mixed(amounts(1))
    assert np.array_equal(augmentation.vary(tile, seed), augmentation.vary(tile.copy(), seed))
    flipped = augmentation.vary(np.ascontiguousarray(tile[::-1]), seed)
    assert np.array_equal(flipped[::-1], augmentation.vary(tile, seed))
    assert np.abs(augmentation.vary(tile, seed + 1).astype(int) - augmentation.vary(tile, seed)).max() > 0


def test_more_strength_changes_more_and_on_average_nothing():
    tile = mixed(amounts(1))
    change = {
        s: [StainAugmentation(s).vary(tile, seed).astype(float) - tile for seed in range(200)] for s in (0.05, 0.2)
    }
    amount = {strength: np.mean(np.abs(differences)) for strength, differences in change.items()}
    assert 1 < amount[0.05] < 0.5 * amount[0.2]
    assert abs(np.mean(change[0.05])) < 0.25 * amount[0.05]


def test_the_tile_is_not_written_to():
    tile = mixed(amounts(1))
    before = tile.copy()
    StainAugmentation(0.2).vary(tile, 1)
    assert np.array_equal(tile, before)


@pytest.mark.parametrize("strength", [-0.1, 0.51, float("nan")])
def test_other_strengths_are_refused(strength):
    with pytest.raises(SettingsError, match=r"Give a number from 0 to 0\.5"):
        StainAugmentation(strength)


def test_what_is_no_tile_is_refused():
    with pytest.raises(ValueError, match="a tile is uint8 of shape"):
        StainAugmentation().vary(np.zeros((4, 4, 4), np.uint8), 1)
