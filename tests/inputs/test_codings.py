"""Genes and clinical values as numbers: unknown stays unknown, and only fit patients teach."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.genomics import GeneTable
from tumorboard.inputs import CLINICAL_NUMBERS, ClinicalCoding, GeneCoding

ROWS = [
    ("A", "mutations", "VHL", 1), ("B", "mutations", "VHL", 1), ("C", "mutations", "BAP1", 1),
    ("D", "mutations", "TTN", 1), ("A", "copy_number", "3p loss", -1), ("D", "copy_number", "5q gain", 1),
]  # fmt: skip
UNCALLED = pd.DataFrame([("B", "copy_number", "3p")], columns=["patient_id", "profile", "feature"])
GENES = GeneTable(
    pd.DataFrame(ROWS, columns=["patient_id", "profile", "feature", "value"]),
    {"mutations": frozenset("ABCD"), "copy_number": frozenset("ABD")},
    UNCALLED,
)
CLINIC = pd.DataFrame({
    "patient_id": list("ABCD"), "age_years": [50.0, 60.0, 70.0, np.nan], "sex": ["male", "female", None, "male"],
    "t": ["1a", "3b", None, "4"], "n": ["0", "x", "2", "0"], "m": ["0", "0", "x", "1"],
    "grade": ["1", "2", None, "4"], "size_cm": [4.0, 7.0, np.nan, 9.0], "necrosis": [0.0, 1.0, np.nan, 1.0],
    "ecog": [0.0, 0.0, 0.0, 2.0],
})  # fmt: skip


def test_a_gene_that_is_not_known_is_not_wild_type():
    coding = GeneCoding.fit(GENES, ["A", "B", "C"], mutations=2, copy_number=2)
    assert coding.names == ("mutation VHL", "mutation BAP1", "copy number 3p loss")
    values = coding.vectors(GENES, ["A", "B", "C", "stranger"])
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[:3, :2], [[1, 0], [1, 0], [0, 1]])
    assert values[0, 2] == 1
    assert np.isnan(values[1, 2])  # not called
    assert np.isnan(values[2, 2])  # not profiled
    assert np.isnan(values[3]).all()


def test_only_fit_patients_choose_the_panel():
    assert "mutation TTN" not in GeneCoding.fit(GENES, ["A", "B", "C"], mutations=9, copy_number=9).names


def test_nx_and_mx_are_unknown_and_stages_are_numbers():
    coding = ClinicalCoding.fit(CLINIC)
    values = pd.DataFrame(coding.vectors(CLINIC), columns=list(coding.names))
    assert np.isnan(values["n"][1])
    assert np.isnan(values["m"][2])
    assert values["t"].rank().tolist()[:2] == [1, 2]
    assert np.isnan(values["age"][3])
    assert np.nanmean(values["age"]) == pytest.approx(0, abs=1e-6)
    assert np.nanstd(values["age"]) == pytest.approx(1, abs=1e-6)


def test_what_does_not_vary_among_fit_patients_is_left_out():
    assert "ecog" not in ClinicalCoding.fit(CLINIC[:3]).names
    assert "ecog" in ClinicalCoding.fit(CLINIC).names


def test_a_table_without_a_column_leaves_it_unknown():
    coding = ClinicalCoding.fit(CLINIC)
    values = coding.vectors(CLINIC[["patient_id", "grade"]])
    assert np.isnan(np.delete(values, coding.names.index("grade"), axis=1)).all()


@given(st.lists(st.floats(20, 90), min_size=2, max_size=6), st.lists(st.floats(20, 90), min_size=1, max_size=4))
def test_patients_who_are_not_fit_patients_change_nothing(fit, others):
    coding = ClinicalCoding.fit(pd.DataFrame({"age_years": fit}))
    together = pd.DataFrame({"age_years": [*fit, *others]})
    np.testing.assert_array_equal(
        coding.vectors(together)[: len(fit)], coding.vectors(pd.DataFrame({"age_years": fit}))
    )


def test_codings_survive_json():
    genes = GeneCoding.fit(GENES, list("ABC"), mutations=2, copy_number=1)
    clinical = ClinicalCoding.fit(CLINIC)
    assert GeneCoding.from_json(json.loads(json.dumps(genes.to_json()))) == genes
    assert ClinicalCoding.from_json(json.loads(json.dumps(clinical.to_json()))) == clinical
    assert set(clinical.names) <= set(CLINICAL_NUMBERS)


@pytest.mark.parametrize(
    "content",
    [{}, {"names": ["age"], "mean": [1.0], "sd": []}, {"names": ["shoe"], "mean": [1], "sd": [1]}, {"names": 3},
     {"names": ["age"], "mean": [1.0], "sd": [0.0]}],
)  # fmt: skip
def test_what_is_no_coding_is_told(content):
    with pytest.raises(FileFormatError, match="no coding of clinical values"):
        ClinicalCoding.from_json(content)


def test_what_is_no_gene_coding_is_told():
    with pytest.raises(FileFormatError, match="no coding of genes"):
        GeneCoding.from_json({"mutations": ["VHL"]})
