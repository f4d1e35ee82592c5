"""MAF, arm-level and GISTIC files: whose variant it is, which count, and what an empty cell means."""

import gzip

import numpy as np
import pytest

from tumorboard.errors import TableError, UserError
from tumorboard.genomics import read_copy_number, read_maf
from tumorboard.genomics.mutations import SILENT_CLASSES

MAF_HEADER = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode"
PRIMARY, VIAL_B, RECURRENT, METASTATIC = (
    "TCGA-B0-0001-01A-11D",
    "TCGA-B0-0001-01B-11D",
    "TCGA-B0-0001-02A-11D",
    "TCGA-B0-0002-06A-11D",
)


def maf(path, *rows):
    path.write_text("\n".join([MAF_HEADER, *("\t".join(row) for row in rows)]) + "\n")
    return path


def pairs(table):
    return set(zip(table.alterations["patient_id"], table.alterations["feature"], strict=True))


def test_samples_of_a_patient_are_joined_and_others_than_the_primary_tumour_left_out(tmp_path):
    reading = read_maf(
        maf(
            tmp_path / "m.maf",
            ("VHL", "Missense_Mutation", PRIMARY),
            ("VHL", "Nonsense_Mutation", VIAL_B),
            ("BAP1", "Nonsense_Mutation", VIAL_B),
            ("TP53", "Nonsense_Mutation", RECURRENT),
            ("MTOR", "Nonsense_Mutation", METASTATIC),
        )
    )
    assert pairs(reading.table) == {("TCGA-B0-0001", "VHL"), ("TCGA-B0-0001", "BAP1")}
    assert len(reading.table.alterations) == 2
    assert (reading.variants, reading.silent, reading.other_samples) == (5, 0, 2)
    assert reading.table.profiled["mutations"] == {"TCGA-B0-0001"}


@pytest.mark.parametrize("silent", sorted(SILENT_CLASSES))
def test_silent_classes_do_not_count_but_show_that_the_patient_was_sequenced(tmp_path, silent):
    reading = read_maf(maf(tmp_path / "m.maf", ("VHL", silent, "P1"), ("VHL", "Splice_Site", "P2")))
    assert pairs(reading.table) == {("P2", "VHL")}
    assert reading.silent == 1
    assert reading.table.profiled["mutations"] == {"P1", "P2"}


def test_a_sample_table_says_whose_sample_it_is(tmp_path):
    path = maf(tmp_path / "m.maf", ("VHL", "Missense_Mutation", "S-17"))
    assert pairs(read_maf(path, sample_table={"S-17": ("P4", True)}).table) == {("P4", "VHL")}
    assert pairs(read_maf(path, sample_table={"S-17": ("P4", False)}).table) == set()


def test_a_list_of_the_sequenced_adds_those_without_variants_and_must_hold_the_others(tmp_path):
    path = maf(tmp_path / "m.maf", ("VHL", "Missense_Mutation", "P1"))
    assert read_maf(path, profiled=frozenset({"P1", "P2"})).table.profiled["mutations"] == {"P1", "P2"}
    with pytest.raises(UserError, match=r"m\.maf: 1 patients, the first P1, have variants"):
        read_maf(path, profiled=frozenset({"P2"}))


def test_every_row_without_gene_class_or_barcode_is_listed(tmp_path):
    path = maf(tmp_path / "m.maf", ("", "Silent", "P1"), ("VHL", "", "P1"), ("VHL", "Silent", ""))
    with pytest.raises(TableError) as raised:
        read_maf(path)
    assert {(fault.row, fault.column) for fault in raised.value.faults} == {
        (2, "Hugo_Symbol"),
        (3, "Variant_Classification"),
        (4, "Tumor_Sample_Barcode"),
    }


def test_a_stray_quotation_mark_swallows_no_rows(tmp_path):
    path = maf(tmp_path / "m.maf", ("VHL", "Missense_Mutation", "P1"), ('"BAP1', "Missense_Mutation", "P2"))
    assert pairs(read_maf(path).table) == {("P1", "VHL"), ("P2", '"BAP1')}


def test_comment_lines_gzip_and_encoding(tmp_path):
    text = f"#version 2.4\n# Zürich\n{MAF_HEADER}\nVHL\tMissense_Mutation\tP1\n"
    path = tmp_path / "m.maf.gz"
    path.write_bytes(gzip.compress(text.encode("latin-1")))
    assert pairs(read_maf(path, encoding="latin-1").table) == {("P1", "VHL")}


def copy_number(path, *rows, **options):
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n")
    return read_copy_number(path, **options)


def test_arm_level_and_gistic_calls(tmp_path):
    arms = copy_number(
        tmp_path / "arms.txt",
        ("ENTITY_STABLE_ID", "NAME", "DESCRIPTION", "P1", "P2"),
        ("3p_status", "3p", "arm", "Loss", "unchanged"),
        ("5q_status", "5q", "arm", "GAIN", "Unchanged"),
    )
    assert pairs(arms) == {("P1", "3p loss"), ("P1", "5q gain")}
    gistic = copy_number(
        tmp_path / "gistic.txt",
        ("Hugo_Symbol", "Entrez_Gene_Id", "Cytoband", "P1", "P2", "P3", "P4", "P5"),
        ("VHL", "7428", "3p25.3", "-2", "-1", "0", "1", "2.0"),
    )
    levels = gistic.alterations.set_index("patient_id")["value"].to_dict()
    assert levels == {"P1": -2, "P2": -1, "P4": 1, "P5": 2}
    assert pairs(gistic) == {("P1", "VHL loss"), ("P2", "VHL loss"), ("P4", "VHL gain"), ("P5", "VHL gain")}
    assert arms.profiled["copy_number"] == {"P1", "P2"}
    assert gistic.profiled["copy_number"] == {"P1", "P2", "P3", "P4", "P5"}


def test_an_empty_cell_is_neither_altered_nor_unchanged(tmp_path):
    table = copy_number(
        tmp_path / "arms.txt",
        ("NAME", "P1", "P2", "P3", "P4"),
        ("3p", "Loss", "NA", "NA", "Unchanged"),
        ("5q", "NA", "Gain", "", "Unchanged"),
    )
    assert table.profiled["copy_number"] == {"P1", "P2", "P4"}
    np.testing.assert_array_equal(
        table.vectors("copy_number", ["3p loss", "5q gain"], ["P1", "P2", "P3", "P4"]),
        [[1, np.nan], [np.nan, 1], [np.nan, np.nan], [0, 0]],
    )
    assert table.frequencies("copy_number", ["P1", "P2", "P3", "P4"]).to_dict() == {"3p loss": 0.5, "5q gain": 0.5}


def test_two_samples_of_a_patient_fill_each_others_gaps_and_the_stronger_call_counts(tmp_path):
    header = ("Hugo_Symbol", "TCGA-B0-0001-01A", "TCGA-B0-0001-01B", "TCGA-B0-0001-11A")
    rows = (("VHL", "-1", "-2", "2"), ("BAP1", "NA", "0", "2"), ("SETD2", "NA", "", "2"))
    for name, order in (("a", (0, 1, 2, 3)), ("b", (0, 3, 2, 1))):
        table = copy_number(tmp_path / name, *(tuple(row[k] for k in order) for row in (header, *rows)))
        assert table.alterations[["feature", "value"]].to_numpy().tolist() == [["VHL loss", -2]]
        np.testing.assert_array_equal(
            table.vectors("copy_number", ["VHL loss", "BAP1 loss", "SETD2 loss"], ["TCGA-B0-0001"]), [[1, 0, np.nan]]
        )


def test_every_bad_call_is_listed_by_row(tmp_path):
    with pytest.raises(TableError) as raised:
        copy_number(tmp_path / "a", ("NAME", "P1", "P2"), ("3p", "Loss", "3"), ("5q", "gone", "Gain"))
    assert [(fault.row, fault.column, fault.value) for fault in raised.value.faults] == [
        (2, "P2", "3"),
        (3, "P1", "gone"),
    ]
