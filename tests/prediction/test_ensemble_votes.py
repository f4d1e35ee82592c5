"""The folds' votes on a group of risk, and which patients a model was fitted on."""

from dataclasses import replace

import numpy as np
import pytest

from tumorboard.prediction.ensemble import EnsemblePrediction, count_seen
from tumorboard.prediction.fold_model import MemberPrediction
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.patient import PatientPrediction


def member(*, high, relative_risk=0.0, survival=(1.0, 0.5), weights=None):
    told = PatientPrediction(1.0, 0.2, 6, {"scan": 3, "genes": 1}, np.array([1.0]), weights)
    return MemberPrediction(told, relative_risk, 0.5, high, np.array(survival), {"scan": relative_risk})


def ensemble(*members):
    return EnsemblePrediction(np.array([0.0, 12.0]), {str(k): each for k, each in enumerate(members)})


@pytest.mark.parametrize(
    ("votes", "group"),
    [
        ([True, True, False], "high"),
        ([True, False, False], "low"),
        ([True, False], "undecided"),
        ([None, True], "high"),
        ([None, None], None),
    ],
)
def test_the_majority_of_folds_decides_and_a_tie_decides_nothing(votes, group):
    assert ensemble(*(member(high=vote) for vote in votes)).group == group


def test_risks_and_curves_are_means_over_folds_and_spreads_are_between_them():
    found = ensemble(
        member(high=True, relative_risk=1.0, survival=(1.0, 0.4), weights={"scan": 0.5, "genes": 0.5}),
        member(high=True, relative_risk=3.0, survival=(1.0, 0.8), weights={"scan": 0.9, "genes": 0.1}),
    )
    assert (found.relative_risk, found.relative_risk_spread) == (2.0, 1.0)
    np.testing.assert_allclose(found.curve, [1.0, 0.6])
    np.testing.assert_allclose(found.curve_spread, [0.0, 0.2])
    assert found.weights == pytest.approx({"scan": 0.7, "genes": 0.3})
    assert found.shapley == {"scan": 2.0}


def test_a_modality_that_one_fold_cannot_read_counts_nothing_there():
    genes_too = member(high=True, relative_risk=1.0)
    alone = replace(genes_too, patient=replace(genes_too.patient, images={"scan": 3}, combinations=3))
    both = replace(genes_too, shapley={"scan": 0.5, "genes": 0.5})
    found = ensemble(alone, both)
    assert found.images == {"scan": 3, "genes": 1}
    assert found.combinations == 6
    assert found.shapley == {"scan": 0.75, "genes": 0.25}
    assert sum(found.shapley.values()) == found.relative_risk


def test_a_fusion_without_weights_has_none():
    assert ensemble(member(high=True), member(high=True)).weights is None


def test_test_patients_were_not_seen():
    roles = [("A", "fit"), ("B", "select"), ("C", "test"), ("A", "fit"), ("B", "test"), ("C", "test")]
    assert count_seen(roles) == {"A": 2, "B": 1}


def test_a_fixed_set_of_images_is_read_from_words():
    choice = ImageChoice.parse("tiles_10x=15, tiles_5x=10,scan=3", "--images")
    assert [len(choice.numbers(name, 100)) for name in ("tiles_10x", "tiles_5x", "scan", "genes")] == [15, 10, 3, 100]
