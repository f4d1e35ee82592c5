"""The clinical bar: published values on real patients, and no look at a test patient."""

import numpy as np
import pandas as pd
import pytest

from tumorboard.clinical import ScoreSettings
from tumorboard.cohort import read_cohort, read_folds, read_genes
from tumorboard.evaluation.applied import applied_predictions, dealt_like, midpoint_predictions
from tumorboard.evaluation.baselines import BASELINES, build_features, cross_validate
from tumorboard.evaluation.baselines.cross_validation import youden_threshold
from tumorboard.evaluation.baselines.scaler import FeatureScaler
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.discrimination import FoldedConcordance
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.genomics import GenePanel
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import GeneSettings

MODELS = {model.name: model for model in BASELINES}
TIMES = np.array([36.0, 60.0])


def load(folder):
    study = StudyFolder(folder)
    cohort = read_cohort(study)
    features = build_features(cohort, read_genes(study), ScoreSettings())
    return features, read_folds(study, cohort, by_site=False)


@pytest.mark.parametrize(("factor", "value"), [("grade", 0.7165), ("t", 0.7535), ("n", 0.5134), ("m", 0.7078)])
def test_single_factors_of_tcga_kirc(kirc_study, factor, value):
    features, _ = load(kirc_study)
    predictions = applied_predictions(MODELS[factor], features)
    assert (len(predictions.patients), predictions.outcome.events) == (229, 53)
    assert round(FoldedConcordance(predictions).value(), 4) == value


def validated(features, folds, names=("clinical", "clinical_genes", "elastic_net"), workers=1):
    models = tuple(MODELS[name] for name in names)
    return cross_validate(features, folds, models, GeneSettings(), TIMES, 60.0, workers=workers)


@pytest.fixture(scope="module")
def simulated(simulated_study):
    features, folds = load(simulated_study)
    return features, folds, validated(features, folds)


def test_every_patient_is_predicted_once_by_models_that_never_saw_the_patient(simulated):
    features, folds, validation = simulated
    for predictions in validation.predictions.values():
        assert sorted(predictions.frame["patient_id"]) == sorted(features.patients.index)
        merged = predictions.frame.merge(folds, on=["repeat", "fold", "patient_id"])
        assert (merged["role"] == "test").all()


def test_outcomes_of_test_patients_change_no_prediction_for_them(simulated):
    features, folds, validation = simulated
    test = folds.loc[(folds["fold"] == 1) & (folds["role"] == "test"), "patient_id"]
    patients = features.patients.copy()
    patients.loc[test, "event"] = 1 - patients.loc[test, "event"]
    patients.loc[test, "time_months"] *= 0.5
    changed = validated(type(features)(patients, features.clinical, features.scores, features.genes), folds)
    for name, predictions in validation.predictions.items():
        mine = predictions.frame["fold"] == 1
        np.testing.assert_array_equal(predictions.risk[mine], changed.predictions[name].risk[mine], err_msg=name)
        np.testing.assert_array_equal(
            predictions.probabilities.survival[mine], changed.predictions[name].probabilities.survival[mine]
        )
        assert not np.array_equal(predictions.risk[~mine], changed.predictions[name].risk[~mine])


def test_genes_of_test_patients_choose_no_panel(simulated):
    features, folds, validation = simulated
    for learned in validation.learned:
        mine = (folds["repeat"] == learned["repeat"]) & (folds["fold"] == learned["fold"])
        fit = list(folds.loc[mine & (folds["role"] == "fit"), "patient_id"])
        assert learned["panel"] == GenePanel.fit(features.genes, fit).to_json()


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(simulated):
    features, folds, validation = simulated
    again = validated(features, folds, workers=2)
    for name, predictions in validation.predictions.items():
        pd.testing.assert_frame_equal(predictions.frame, again.predictions[name].frame)
    assert validation.learned == again.learned


def test_an_applied_risk_is_compared_on_the_same_pairs(simulated):
    features, _, validation = simulated
    grade, clinical = dealt_like(applied_predictions(MODELS["grade"], features), validation.predictions["clinical"])
    assert list(grade.frame["fold"]) == list(clinical.frame["fold"])
    compared = paired_difference(clinical, grade, Bootstrap(100))
    assert compared.n == features.patients["grade"].notna().sum()
    assert compared.difference.value > 0  # the simulated hazard is in stage and age too


def test_a_score_counts_where_it_is_exact_and_its_middle_everywhere_it_applies(simulated):
    features, _, _ = simulated
    exact = applied_predictions(MODELS["score_uiss"], features)
    middle = midpoint_predictions(MODELS["score_uiss"], features)
    low, high = features.scores["uiss_min"], features.scores["uiss_max"]
    assert len(exact.patients) == int((low == high).sum()) < len(middle.patients) == int(low.notna().sum())


def test_a_scaler_learns_from_fit_patients_and_tells_missing_apart():
    fit = np.array([[1.0, np.nan, 5.0], [3.0, 2.0, 5.0], [5.0, 4.0, 5.0]])
    scaler = FeatureScaler.fit(fit)
    scaled = scaler.transform(np.array([[3.0, np.nan, 9.0]]))
    # mean of the first is 3, the second is filled with its mean 3, the constant third is dropped, the last says missing
    assert scaled.shape == (1, 3)
    np.testing.assert_allclose(scaled[0, :2], [0.0, 0.0])
    assert scaled[0, 2] > 0


def test_features_missing_in_the_same_patients_share_one_indicator():
    fit = np.array([[1.0, 1.0, 0.0], [np.nan, np.nan, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    assert len(FeatureScaler.fit(fit).indicators) == 1


def test_the_youden_threshold_separates_what_can_be_separated():
    risk = np.array([0.1, 0.2, 0.6, 0.8])
    threshold = youden_threshold(np.array([False, False, True, True]), risk)
    assert 0.2 < threshold <= 0.6
    assert youden_threshold(np.array([True, True, True, True]), risk) is None


@pytest.mark.slow
def test_clinical_models_of_the_whole_kirc_cohort(kirc_study):
    # another fit, on 246 of these patients: Cox on age + stage + grade, 6 folds x 5: 0.838 +- 0.067
    features, folds = load(kirc_study)
    clinical = validated(features, folds, ("clinical",)).predictions["clinical"]
    assert FoldedConcordance(clinical).value() == pytest.approx(0.838, abs=0.03)
