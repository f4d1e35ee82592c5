"""Who has genes is a question to the fold's panel: values that are all unknown are missing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorboard.genomics import GeneTable
from tumorboard.inputs import ClinicalCoding, GeneCoding, StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import parse_settings

ROWS = [("A", "mutations", "VHL", 1), ("B", "mutations", "BAP1", 1), ("C", "copy_number", "3p loss", -1)]
GENES = GeneTable(
    pd.DataFrame(ROWS, columns=["patient_id", "profile", "feature", "value"]),
    {"mutations": frozenset("AB"), "copy_number": frozenset("AC")},
)
CLINIC = pd.DataFrame({"age_years": [50.0, 60.0, np.nan, np.nan], "ecog": [1.0, 1.0, 1.0, np.nan]}, index=list("ABCD"))
STUDY = StudyInputs(
    StudyFolder(Path("nowhere")), CLINIC.assign(patient_id=CLINIC.index), GENES, {}, ("genes", "clinical")
)


def fold_of(genes):
    settings = parse_settings({"genes": genes}, "test")
    return FoldInputs.fit(STUDY, settings, list("ABC"))


def test_a_patient_of_a_profile_that_the_panel_lacks_has_no_genes():
    assert STUDY.present(list("ABCD"))[:, 0].tolist() == [True, True, True, False]
    mutations = fold_of({"mutations": 10, "copy_number": 0})
    assert mutations.present(list("ABCD"))[:, 0].tolist() == [True, True, False, False]
    assert [mutations.count("genes", patient) for patient in "ABCD"] == [1, 1, 0, 0]
    both = fold_of({"mutations": 10, "copy_number": 10})
    assert both.present(list("ABCD"))[:, 0].tolist() == [True, True, True, False]


def test_a_value_that_no_fit_patient_taught_does_not_count_as_known():
    # ecog is 1 in all fit patients, and is left out: of C and D nothing is known then
    assert STUDY.present(list("ABCD"))[:, 1].tolist() == [True, True, True, False]
    assert fold_of({}).present(list("ABCD"))[:, 1].tolist() == [True, True, False, False]


def test_whoever_is_there_has_a_value():
    fold = fold_of({"mutations": 1, "copy_number": 0})
    for column, name in enumerate(fold.modalities):
        who = [patient for patient in "ABCD" if fold.present([patient])[0, column]]
        assert not np.isnan(fold.rows(name, who).numpy()).all(axis=1).any()


def test_a_fold_that_is_read_again_says_the_same():
    fold = fold_of({"mutations": 10, "copy_number": 0})
    saved = {"modalities": list(fold.modalities), "codings": fold.codings_to_json()}
    again = FoldInputs.from_config(STUDY, saved)
    assert isinstance(again.genes, GeneCoding)
    assert isinstance(again.clinical, ClinicalCoding)
    np.testing.assert_array_equal(again.present(list("ABCD")), fold.present(list("ABCD")))


@pytest.mark.parametrize("modality", ["tiles_10x", "scan"])
def test_of_a_modality_that_the_study_lacks_there_is_nothing(modality):
    assert fold_of({}).count(modality, "A") == 0
