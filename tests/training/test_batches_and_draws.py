"""Batches hold their share of events; draws depend on what they are for; pictures vary within limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_training_study import ids, task_of

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.study.training_settings import PRESETS, TrainingSettings
from tumorboard.training.augmentation import vary
from tumorboard.training.batches import stratified_batches
from tumorboard.training.machine import own_share
from tumorboard.training.optimisation import rate_at
from tumorboard.training.random_numbers import numbers_for, seed_for
from tumorboard.training.reading import Reader

NOTHING = TrainingSettings(flips=False, colour_jitter=0, shift=0, neighbours=False)


@given(st.integers(1, 300), st.floats(0, 1), st.integers(2, 64), st.integers(0, 5))
def test_every_patient_once_and_every_batch_its_share_of_events(patients, share, size, seed):
    random = np.random.default_rng(seed)
    event = random.random(patients) < share
    batches = stratified_batches(event, size, random)
    assert sorted(np.concatenate(batches).tolist()) == list(range(patients))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    for batch in batches:
        assert abs(event[batch].sum() - event.mean() * len(batch)) < 2


def test_51_events_of_230_give_each_batch_of_32_some():
    event = np.arange(230) < 51
    for seed in range(50):
        counts = [int(event[batch].sum()) for batch in stratified_batches(event, 32, np.random.default_rng(seed))]
        assert min(counts) >= 5
        assert max(counts) <= 9


def test_random_numbers_depend_on_their_purpose_alone():
    assert numbers_for(1, "a", 2).random() == numbers_for(1, "a", 2).random()
    found = {numbers_for(seed, fold, name).random() for seed in (1, 12) for fold in (2, 1) for name in ("a", "b")}
    assert len(found) == 8
    assert seed_for(1, 12) != seed_for(11, 2)


@pytest.fixture(scope="module")
def inputs(study):
    task, own = task_of(study)
    return FoldInputs.fit(own, task.settings, ids(18))


def drawn(inputs, patients, key, modalities=("tiles_10x", "scan", "genes"), **settings):
    """Return what is drawn of each patient, as bytes by modality."""
    batches = np.array_split(np.arange(len(patients)), 3)
    found = {}
    with Reader(inputs, TrainingSettings(**settings)) as reader:
        for batch in reader.epoch(patients, batches, modalities, key):
            for place, row in enumerate(batch.rows.tolist()):
                found[patients[row]] = {name: own[place].numpy().tobytes() for name, own in batch.inputs.items()}
    return found


def test_a_patient_draws_the_same_with_any_threads_company_and_order(inputs):
    key = (1, 0, 0, "together", 3)
    whole = drawn(inputs, ids(18), key, workers=1)
    assert drawn(inputs, ids(18), key, workers=4) == whole
    some = ids(18)[9:2:-1]
    assert drawn(inputs, some, key, workers=2) == {patient: whole[patient] for patient in some}
    alone = drawn(inputs, ids(18), key, modalities=("scan",))
    assert all(alone[patient]["scan"] == whole[patient]["scan"] for patient in whole)


def test_epochs_stages_folds_and_seeds_draw_differently(inputs):
    keys = [
        (1, 0, 0, "together", 3),
        (1, 0, 0, "together", 4),
        (1, 0, 0, "scan", 3),
        (1, 0, 1, "together", 3),
        (2, 0, 0, "together", 3),
    ]
    found = [drawn(inputs, ids(18), key) for key in keys]
    for other in found[1:]:
        same = sum(found[0][patient]["tiles_10x"] == other[patient]["tiles_10x"] for patient in ids(18))
        assert same < 9


def test_in_time_every_image_and_neighbour_is_drawn(inputs):
    plain = {"flips": False, "colour_jitter": 0.0, "shift": 0.0}
    epochs = [drawn(inputs, ["P00"] * 3, (1, epoch), **plain)["P00"] for epoch in range(80)]
    assert len({one["tiles_10x"] for one in epochs}) == 3
    assert len({one["scan"] for one in epochs}) == 9
    without = [drawn(inputs, ["P00"] * 3, (1, epoch), neighbours=False, **plain)["P00"] for epoch in range(40)]
    assert len({one["scan"] for one in without}) == 3


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_vary_within_limits(channels):
    random = np.random.default_rng(0)
    picture = random.integers(60, 160, (64, 64, channels)).astype(np.uint8)
    np.testing.assert_array_equal(vary(picture, NOTHING, random), picture)
    flipped = vary(picture, NOTHING.model_copy(update={"flips": True}), random)
    np.testing.assert_array_equal(np.sort(flipped, axis=None), np.sort(picture, axis=None))
    all_of_it = TrainingSettings(colour_jitter=0.3, stain_jitter=0.1, shift=0.1)
    seen = set()
    for seed in range(20):
        varied = vary(picture, all_of_it, np.random.default_rng(seed))
        assert varied.shape == picture.shape
        assert varied.dtype == np.uint8
        assert varied.flags.c_contiguous
        assert abs(float(varied.mean()) - float(picture.mean())) < 70
        seen.add(varied.tobytes())
        np.testing.assert_array_equal(varied, vary(picture, all_of_it, np.random.default_rng(seed)))
    assert len(seen) == 20


def test_the_learning_rate_warms_up_and_falls():
    modern = PRESETS["modern"]
    rates = [rate_at(modern, 60, epoch / 2) for epoch in range(120)]
    peak = int(np.argmax(rates))
    assert peak == 2 * modern.warm_up
    assert rates[peak] == modern.learning_rate
    assert rates[0] > 0
    assert (np.diff(rates[peak:]) <= 0).all()
    assert rates[-1] < 0.01 * modern.learning_rate
    assert rate_at(modern, 1, 0.0) > 0


def test_processes_of_torchrun_share_folds(monkeypatch):
    assert own_share([1, 2, 3]) == [1, 2, 3]
    monkeypatch.setenv("WORLD_SIZE", "2")
    shares = []
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        shares += own_share(range(7))
    assert sorted(shares) == list(range(7))
