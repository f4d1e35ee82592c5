"""A fold's panel is chosen on its fit patients and on nobody else; what is not known stays not known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError
from tumorboard.genomics import GenePanel, GeneTable, read_copy_number, read_maf

GENES = ("BAP1", "PBRM1", "SETD2", "VHL")
PATIENTS = tuple(f"P{k}" for k in range(10))


def table_of(mutated):
    """A table of sequenced patients from a mapping of patient to genes; None is not sequenced."""
    rows = [(patient, "mutations", gene, 1) for patient, genes in mutated.items() for gene in sorted(genes or ())]
    frame = pd.DataFrame(rows, columns=["patient_id", "profile", "feature", "value"])
    return GeneTable(frame, {"mutations": frozenset(p for p, genes in mutated.items() if genes is not None)})


findings = st.dictionaries(st.sampled_from(PATIENTS), st.none() | st.sets(st.sampled_from(GENES)))


@given(findings, findings, st.sets(st.sampled_from(PATIENTS)), st.integers(0, 4))
def test_genes_of_other_patients_never_change_the_panel(mine, others, fit, size):
    changed = {p: (mine if p in fit else others).get(p) for p in PATIENTS}
    here = GenePanel.fit(table_of(mine), sorted(fit), mutations=size)
    there = GenePanel.fit(table_of(changed), sorted(fit), mutations=size)
    assert here == there


@given(findings)
def test_order_of_rows_and_of_patients_does_not_matter(mutated):
    table = table_of(mutated)
    turned = GeneTable(table.alterations.iloc[::-1], table.profiled)
    assert GenePanel.fit(table, PATIENTS) == GenePanel.fit(turned, PATIENTS[::-1])


@given(findings)
def test_vectors_say_what_the_table_says(mutated):
    panel = GenePanel(GENES, ())
    values = panel.transform(table_of(mutated), PATIENTS)
    for patient, row in zip(PATIENTS, values, strict=True):
        genes = mutated.get(patient)
        expected = [np.nan] * 4 if genes is None else [float(gene in genes) for gene in GENES]
        np.testing.assert_array_equal(row, expected)


@given(findings)
def test_written_and_read_back(mutated):
    table = table_of(mutated)
    back = GeneTable.from_frame(table.to_frame())
    assert back.profiled.get("mutations", frozenset()) == table.profiled["mutations"]
    np.testing.assert_array_equal(
        back.vectors("mutations", GENES, PATIENTS), table.vectors("mutations", GENES, PATIENTS)
    )


def test_uncalled_cells_survive_writing(tmp_path):
    path = tmp_path / "cna.txt"
    path.write_text("NAME\tP1\tP2\n3p\tLoss\tNA\n5q\tNA\tUnchanged\n")
    table = read_copy_number(path)
    table.to_frame().to_parquet(tmp_path / "genes.parquet", index=False)
    back = GeneTable.from_frame(pd.read_parquet(tmp_path / "genes.parquet"))
    for one in (table, back):
        np.testing.assert_array_equal(
            one.vectors("copy_number", ["3p loss", "5q gain"], ["P1", "P2"]), [[1, np.nan], [np.nan, 0]]
        )


def test_equally_frequent_ones_go_by_name():
    table = table_of({"P1": {"VHL", "BAP1", "SETD2"}, "P2": {"VHL", "SETD2", "BAP1"}, "P3": {"PBRM1"}})
    assert GenePanel.fit(table, PATIENTS, mutations=2).mutations == ("BAP1", "SETD2")
    assert GenePanel.fit(table, PATIENTS).mutations == ("BAP1", "SETD2", "VHL", "PBRM1")


def test_frequency_is_among_the_profiled():
    table = table_of({"P1": {"VHL"}, "P2": set(), "P3": None})
    assert table.frequencies("mutations", ["P1", "P2", "P3"]).to_dict() == {"VHL": 0.5}
    assert table.frequencies("mutations", ["P3"]).empty
    assert table.frequencies("copy_number", ["P1"]).empty


def test_a_patient_may_be_asked_for_twice():
    table = table_of({"P1": {"VHL"}, "P2": set()})
    np.testing.assert_array_equal(table.vectors("mutations", ["VHL"], ["P1", "P2", "P1"]), [[1], [0], [1]])


def test_joined_tables_keep_both_profiles(tmp_path):
    path = tmp_path / "cna.txt"
    path.write_text("NAME\tP1\n3p\tLoss\n")
    both = GeneTable.joined([table_of({"P1": {"VHL"}}), read_copy_number(path)])
    panel = GenePanel.fit(both, ["P1"])
    assert panel.features == ("VHL", "3p loss")
    assert panel.to_json() == {"mutations": ["VHL"], "copy_number": ["3p loss"]}
    assert GeneTable.joined([]).profiled == {}
    assert GeneTable.joined([table_of({"P1": set()}), table_of({"P2": set()})]).profiled["mutations"] == {"P1", "P2"}


def test_a_table_that_lacks_a_column():
    with pytest.raises(FileFormatError, match="feature is missing"):
        GeneTable.from_frame(pd.DataFrame({"patient_id": [], "profile": []}))


def test_tcga_kirc_frequencies(kirc):
    mutations = read_maf(kirc / "data_mutations.txt.gz").table
    sequenced = mutations.profiled["mutations"]
    assert len(sequenced) == 369
    shares = mutations.frequencies("mutations", sequenced)
    assert shares["VHL"] == pytest.approx(0.466, abs=5e-4)
    assert tuple(shares.index[:2]) == ("VHL", "PBRM1")
    copies = read_copy_number(kirc / "data_armlevel_cna.txt")
    arms = copies.frequencies("copy_number", copies.profiled["copy_number"])
    assert len(copies.profiled["copy_number"]) == 528
    assert arms.head(3).round(3).to_dict() == {"3p loss": 0.822, "5q gain": 0.464, "14q loss": 0.331}
