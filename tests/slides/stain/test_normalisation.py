"""Stain normalisers against independent programs, and what must hold of any."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stained_tiles import BLUER, STAIN, amounts, mixed
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer

from tumorboard.errors import FileFormatError, StudyError, UndefinedEstimateError
from tumorboard.slides.stain import (
    MacenkoNormaliser,
    ReinhardNormaliser,
    Stain,
    colours_of,
    read_normaliser,
    stain_of,
    write_normaliser,
)
from tumorboard.slides.stain.density import FIRST_PALE_LEVEL, percentile

BOTH = [MacenkoNormaliser, ReinhardNormaliser]
ESTIMATE = {MacenkoNormaliser: stain_of, ReinhardNormaliser: colours_of}


@pytest.fixture(scope="module")
def kirc_tiles(real_data):
    paths = sorted((real_data / "tiles_kirc").glob("*/*.png"))
    return {path.stem: cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) for path in paths}


def apart(one, other):
    return np.abs(one.astype(int) - other.astype(int))


def reinhard_by_the_book(tile, target):
    """Equations 4 to 10 of the paper, over all pixels."""
    to_lms = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
    to_lab = np.diag(1 / np.sqrt([3, 6, 2])) @ [[1, 1, 1], [1, 1, -2], [1, -1, 0]]
    lab, wanted = (np.log10(np.maximum(picture.reshape(-1, 3), 1) @ to_lms.T) @ to_lab.T for picture in (tile, target))
    lab = (lab - lab.mean(axis=0)) * wanted.std(axis=0) / lab.std(axis=0) + wanted.mean(axis=0)
    rgb = 10 ** (lab @ np.linalg.inv(to_lab).T) @ np.linalg.inv(to_lms).T
    return np.clip(np.round(rgb), 0, 255).reshape(tile.shape).astype(np.uint8)


def test_macenko_is_torchstains(kirc_tiles):
    """Which cuts decimals off where we round."""
    stained = {name: tile for name, tile in kirc_tiles.items() if "empty" not in name}
    assert len(stained) == 15
    reference = stained["TCGA-CJ-4871_28737_49693_cancer_308"]
    ours, theirs = MacenkoNormaliser.fit([[reference]]), NumpyMacenkoNormalizer()
    theirs.fit(reference)
    assert ours.reference.vectors == pytest.approx(theirs.HERef, abs=1e-5)
    assert ours.reference.concentrations == pytest.approx(theirs.maxCRef, abs=1e-5)
    for tile in stained.values():
        assert apart(ours.normalise(tile).picture, theirs.normalize(tile, stains=False)[0]).max() <= 1


def test_reinhard_is_the_papers_where_all_is_stained():
    target, tile = (np.minimum(mixed(amounts(seed)), FIRST_PALE_LEVEL - 1) for seed in (1, 2))
    tile = np.clip(tile * np.array([0.9, 1.0, 0.8]), 0, FIRST_PALE_LEVEL - 1).astype(np.uint8)
    ours = ReinhardNormaliser.fit([[target]]).normalise(tile).picture
    assert apart(ours, reinhard_by_the_book(tile, target)).max() <= 1


def test_macenko_finds_the_stains_that_were_mixed():
    for vectors in (STAIN, BLUER):
        found = stain_of([mixed(amounts(seed), vectors) for seed in range(4)])
        assert np.degrees(np.arccos((found.vectors * vectors).sum(axis=0))).max() < 5


@pytest.mark.parametrize("normaliser", BOTH)
@given(seed=st.integers(0, 50), bluer=st.booleans())
def test_a_tile_normalised_to_itself_stays_as_it_is(normaliser, seed, bluer):
    tile = mixed(amounts(seed), BLUER if bluer else STAIN)
    again = normaliser.fit([[tile]]).normalise(tile)
    assert again.unchanged_because == ""
    # Macenko's keeps two stains: what rounding to grey levels adds to them is lost
    assert apart(again.picture, tile).mean() < 1.2
    assert apart(again.picture, tile).max() <= (3 if normaliser is MacenkoNormaliser else 0)


@pytest.mark.parametrize("normaliser", BOTH)
def test_a_normalised_tile_has_the_stain_of_the_reference(normaliser):
    fitted = normaliser.fit([[mixed(amounts(seed))] for seed in range(3)])
    for seed in range(5, 10):
        found = ESTIMATE[normaliser]([fitted.normalise(mixed(amounts(seed), BLUER)).picture])
        for field, value in vars(found).items():
            assert value == pytest.approx(getattr(fitted.reference, field), abs=0.12)


@pytest.mark.parametrize("normaliser", BOTH)
def test_the_same_tissue_under_different_stains_comes_closer(normaliser):
    fitted = normaliser.fit([[mixed(amounts(seed)) for seed in range(100, 104)]])
    random = np.random.default_rng(1)
    shares = []
    for first in range(12):
        tissue, strength = [amounts(seed) for seed in range(first, first + 4)], random.uniform(0.7, 1.3, 2)
        slides = [[mixed(piece) for piece in tissue], [mixed(piece, BLUER, strength) for piece in tissue]]
        one, other = (fitted.normalise(tiles[0], ESTIMATE[normaliser](tiles)).picture for tiles in slides)
        shares.append(apart(one, other).mean() / apart(slides[0][0], slides[1][0]).mean())
    assert np.mean(shares) < 0.7


@pytest.mark.parametrize("normaliser", BOTH)
@given(seed=st.integers(0, 50))
def test_the_order_of_pixels_and_of_tiles_does_not_matter(normaliser, seed):
    tile, other = mixed(amounts(seed), BLUER), mixed(amounts(seed + 7))
    places = np.random.default_rng(seed).permutation(tile[..., 0].size)

    def shuffled(picture):
        return picture.reshape(-1, 3)[places].reshape(picture.shape)

    fitted = normaliser.fit([[tile, other]])
    for field, value in vars(normaliser.fit([[shuffled(other), shuffled(tile)]]).reference).items():
        assert value == pytest.approx(getattr(fitted.reference, field), rel=1e-4, abs=1e-5)
    assert apart(shuffled(fitted.normalise(tile).picture), fitted.normalise(shuffled(tile)).picture).max() <= 1


@pytest.mark.parametrize("normaliser", BOTH)
def test_each_patient_counts_the_same_whatever_the_number_of_its_tiles(normaliser):
    patients = [[mixed(amounts(1))], [mixed(amounts(2), BLUER)], [mixed(amounts(3), BLUER, (0.8, 1.2))]]
    fitted = normaliser.fit(patients).reference
    more = normaliser.fit([patients[0] * 5, patients[2], patients[1]]).reference
    for field, value in vars(more).items():
        assert value == pytest.approx(getattr(fitted, field), rel=1e-3)


@pytest.mark.parametrize("normaliser", BOTH)
@pytest.mark.parametrize(
    ("tile", "reason"),
    [
        (np.full((64, 64, 3), 255, np.uint8), "too little stain"),
        (np.full((64, 64, 3), 243, np.uint8), "too little stain"),
        (np.pad(mixed(amounts(1, 8)), ((0, 88), (0, 88), (0, 0)), constant_values=250), "too little stain"),
        (np.full((64, 64, 3), (150, 60, 120), np.uint8), "one"),
        (np.zeros((64, 64, 3), np.uint8), "one"),
        (np.full((1, 1, 3), 100, np.uint8), "too little stain"),
    ],
)
def test_a_tile_that_tells_no_stain_comes_back_unchanged_and_says_so(normaliser, tile, reason):
    result = normaliser.fit([[mixed(amounts(1))]]).normalise(tile)
    assert reason in result.unchanged_because
    assert result.picture is tile
    with pytest.raises(UndefinedEstimateError, match="no patient has tiles with enough stain"):
        normaliser.fit([[tile], [tile]])


@pytest.mark.parametrize("normaliser", BOTH)
def test_white_counts_for_nothing_and_stays_white(normaliser):
    tile, white = mixed(amounts(1), BLUER), np.full((64, 64, 3), 255, np.uint8)
    half = np.concatenate([tile, white])
    fitted = normaliser.fit([[mixed(amounts(2))]])
    source = ESTIMATE[normaliser]([tile])
    below = fitted.normalise(half, source).picture
    assert apart(below[:64], fitted.normalise(tile).picture).max() <= 1
    assert below[64:].min() >= 245


@pytest.mark.parametrize("normaliser", BOTH)
def test_with_the_slides_stain_a_tile_does_not_depend_on_what_else_it_shows(normaliser):
    tissue = amounts(3)
    tile = mixed(tissue, BLUER)
    source = ESTIMATE[normaliser]([tile, mixed(amounts(4), BLUER)])
    fitted = normaliser.fit([[mixed(amounts(5))]])
    whole, part = fitted.normalise(tile, source).picture, fitted.normalise(tile[:40, :50].copy(), source).picture
    assert np.array_equal(whole[:40, :50], part)


@pytest.mark.parametrize("normaliser", BOTH)
def test_a_fitted_normaliser_is_kept_as_json(normaliser, tmp_path):
    fitted = normaliser.fit([[mixed(amounts(seed), BLUER)] for seed in range(3)])
    write_normaliser(tmp_path / "stain.json", fitted)
    again = read_normaliser(tmp_path / "stain.json")
    assert type(again) is normaliser
    tile = mixed(amounts(9))
    assert np.array_equal(again.normalise(tile).picture, fitted.normalise(tile).picture)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"method": "vahadane"}, "its method is 'vahadane'"),
        ({"vectors": [[1, 2], [3, 4]]}, r"vectors is \[\[1, 2\], \[3, 4\]\], not 3 x 2 numbers"),
        ({"vectors": None}, "vectors is None, not 3 x 2 numbers"),
        ({"concentrations": [1, "x"]}, "could not convert"),
        ({"concentrations": [1, 0]}, "0 stands where a number above 0 should"),
    ],
)
def test_a_file_that_is_no_stain_reference_is_told(changed, message, tmp_path):
    path = tmp_path / "stain.json"
    write_normaliser(path, MacenkoNormaliser(Stain(STAIN, np.array([1.9, 1.0]))))
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(FileFormatError, match=message) as told:
        read_normaliser(path)
    assert "\n" not in told.value.line()


def test_a_missing_stain_reference_is_told(tmp_path):
    with pytest.raises(StudyError, match=r"there is no stain\.json"):
        read_normaliser(tmp_path / "stain.json")


@pytest.mark.parametrize("tile", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_what_is_no_tile_is_refused(tile):
    for estimate in ESTIMATE.values():
        with pytest.raises(ValueError, match="a tile is uint8 of shape"):
            estimate([tile])


@given(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=60), st.floats(0, 100))
def test_percentiles_are_numpys(values, percent):
    array = np.array(values, np.float32)
    assert percentile(array, percent) == pytest.approx(np.percentile(array.astype(float), percent), abs=1e-5)
