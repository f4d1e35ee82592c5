"""cBioPortal folders that are not TCGA's: case lists, samples of several patients, what is missing."""

import pytest

from tumorboard.cohort.cbioportal import read_cbioportal
from tumorboard.errors import FileFormatError, StudyError, TableError, UserError

PATIENTS = (
    "#c\nPATIENT_ID\tAGE\tDSS_STATUS\tDSS_MONTHS\tOS_STATUS\tOS_MONTHS\n"
    "A\t60\t1:DEAD WITH TUMOR\t10\t1:DECEASED\t10\nB\t50\t0:ALIVE\t\t0:LIVING\t80\n"
)
SAMPLES = (
    "PATIENT_ID\tSAMPLE_ID\tGRADE\tSAMPLE_TYPE\nA\tA-0\tG4\tMetastasis\nA\tA-1\tG2\tPrimary\nB\tB-1\tG3\tPrimary\n"
)
MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nVHL\tMissense_Mutation\tA-1\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data_clinical_patient.txt").write_text(PATIENTS)
    (tmp_path / "data_clinical_sample.txt").write_text(SAMPLES)
    (tmp_path / "data_mutations.txt").write_text(MAF)
    (tmp_path / "case_lists").mkdir()
    (tmp_path / "case_lists" / "cases_sequenced.txt").write_text("stable_id: s\ncase_list_ids: A-1\tB-1\n")
    return tmp_path


def test_samples_case_lists_and_half_known_endpoints(folder):
    records = read_cbioportal(folder)
    patients = records.patients.set_index("patient_id")
    assert patients["grade"].to_dict() == {"A": "2", "B": "3"}
    assert patients.loc["A", "dss_event"] == 1
    assert records.genes.profiled["mutations"] == {"A", "B"}
    assert [(f.kind, f.column, f.patients) for f in records.findings] == [("incomplete", "dss", 1)]


def test_only_primary_tumours_count_whatever_the_barcode(folder):
    samples = [
        ("A", "A-0", "Metastasis"), ("A", "A-1", "primary"), ("B", "B-0", "Metastasis"), ("C", "C-1", ""),
        ("D", "TCGA-B0-0004-06", "Primary"), ("E", "TCGA-B0-0005-01", "Recurrence"),
    ]  # fmt: skip
    names = [sample for _, sample, _ in samples]
    table = "PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\n" + "".join("\t".join(row) + "\n" for row in samples)
    (folder / "data_clinical_sample.txt").write_text(table)
    header, _ = MAF.split("\n", 1)
    rows = [f"{gene}\tMissense_Mutation\t{sample}\n" for gene, sample in zip("UVWXYZ", names, strict=True)]
    (folder / "data_mutations.txt").write_text(header + "\n" + "".join(rows))
    (folder / "data_cna.txt").write_text("\t".join(["Hugo_Symbol", *names]) + "\nVHL" + "\t-1" * len(names) + "\n")
    for case_list in ("cases_sequenced.txt", "cases_cna.txt"):
        path = folder / "case_lists" / case_list
        path.write_text("case_list_ids: " + "\t".join(names))
    for listed in (True, False):
        genes = read_cbioportal(folder).genes
        assert genes.profiled == {"mutations": {"A", "C"}, "copy_number": {"A", "C"}}, listed
        found = set(zip(genes.alterations["patient_id"], genes.alterations["feature"], strict=True))
        assert found == {("A", "V"), ("C", "X"), ("A", "VHL loss"), ("C", "VHL loss")}
        for path in (folder / "case_lists").iterdir():
            path.unlink()


def test_only_the_patient_table_is_needed(folder):
    (folder / "data_clinical_sample.txt").unlink()
    (folder / "data_mutations.txt").unlink()
    records = read_cbioportal(folder)
    assert records.patients["patient_id"].tolist() == ["A", "B"]
    assert records.genes.profiled == {}


@pytest.mark.parametrize(
    ("file", "content", "error", "said"),
    [
        ("data_clinical_patient.txt", None, StudyError, "there is no data_clinical_patient.txt"),
        ("data_clinical_patient.txt", "#c\nAGE\n60\n", UserError, "the column PATIENT_ID is missing"),
        ("data_clinical_patient.txt", "PATIENT_ID\tAGE\nA\t6\nA\t6\n", TableError, "row 3, column PATIENT_ID: 'A'"),
        ("data_clinical_patient.txt", "#c\nPATIENT_ID\tAGE\nA\t600\n", TableError, "row 3, column AGE: '600'"),
        (
            "data_clinical_patient.txt",
            "PATIENT_ID\tDSS_STATUS\tDSS_MONTHS\nA\tdead\t1\n",
            TableError,
            "column DSS_STATUS: 'dead'",
        ),
        (
            "clinical_bcr.tsv",
            "bcr_patient_barcode\tpathologic_T\nA\tT9\n",
            TableError,
            "row 2, column pathologic_T: 'T9'",
        ),
        ("data_clinical_sample.txt", "PATIENT_ID\nA\n", UserError, "the column SAMPLE_ID is missing"),
        ("data_clinical_sample.txt", "PATIENT_ID\tSAMPLE_ID\nA\tS\nB\tS\n", TableError, "row 3, column SAMPLE_ID: 'S'"),
        ("case_lists/cases_sequenced.txt", "A-1\n", FileFormatError, "there is no line 'case_list_ids:'"),
        ("case_lists/cases_sequenced.txt", "case_list_ids: B-1\n", UserError, "have variants but are not in the list"),
        ("clinical_bcr.tsv", "gender\nmale\n", UserError, "the column bcr_patient_barcode is missing"),
    ],
)
def test_what_is_wrong_is_named(folder, file, content, error, said):
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(error) as raised:
        read_cbioportal(folder)
    assert said in str(raised.value)
    assert raised.value.exit_code == 2


def test_the_supplement_fills_what_is_empty_and_never_replaces(folder):
    (folder / "clinical_bcr.tsv").write_text(
        "bcr_patient_barcode\tage_at_initial_pathologic_diagnosis\tgender\ttumor_necrosis_percent\n"
        "A\t61\tmale\t10\nB\t50\tfemale\t0\nC\t40\tmale\t\n"
    )
    records = read_cbioportal(folder)
    patients = records.patients.set_index("patient_id")
    assert patients["age_years"].to_dict() == {"A": 60, "B": 50, "C": 40}
    assert patients["sex"].to_dict() == {"A": "male", "B": "female", "C": "male"}
    assert patients["necrosis"].fillna(-1).to_dict() == {"A": 1, "B": 0, "C": -1}
    assert patients["proxies"].to_dict() == {"A": "necrosis", "B": "necrosis", "C": ""}
    assert patients["has_clinical"].to_dict() == {"A": True, "B": True, "C": False}
    assert ("conflict", "age_years", 1) in [(f.kind, f.column, f.patients) for f in records.findings]
