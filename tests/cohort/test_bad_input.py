"""Whatever is wrong with a user's files: exit 2, one line that says what, where and what is allowed, no traceback."""

import gzip
import json

import pandas as pd
import pytest

from tumorboard.cohort import read_cohort
from tumorboard.study.files import StudyFolder

HEADER = "patient_id,t,size_cm,ecog,time_months,event"
GOOD = "P1,1a,3,0,10,1"


@pytest.fixture
def told(write_study, run):
    """Run ``cohort`` on patients alone, with a replaced file; return the one line that it says."""

    def _told(*words, **files):
        none = dict.fromkeys(("slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"))
        study = write_study(**(none | {"patients.csv": f"{HEADER}\n{GOOD}\n"} | files))
        code, out, err = run("cohort", study, *words)
        assert code == 2, err
        assert out == ""
        assert err.count("\n") == 1
        assert "Traceback" not in err
        assert not (study / "cohort.parquet").exists()
        return err

    return _told


@pytest.mark.parametrize(
    ("row", "where", "value", "allowed"),
    [
        ("P2,1a,3,0,-4,1", "row 3, column time_months", "'-4'", "from 0 to 600 (months)"),
        ("P2,1a,3,0,1180,1", "row 3, column time_months", "'1180'", "usually days: divide by 30.4375"),
        ("P2,1a,3,0,abc,1", "row 3, column time_months", "'abc'", "a number"),
        ("P2,1a,3,0,inf,1", "row 3, column time_months", "'inf'", "a number"),
        ("P2,1a,3,0,10,2", "row 3, column event", "'2'", "0 (no) or 1 (yes)"),
        ("P1,1a,3,0,10,1", "row 3, column patient_id", "'P1'", "each patient_id once (first in row 2)"),
        (",1a,3,0,10,1", "row 3, column patient_id", "''", "any text, not empty"),
        ("P2,1a,3,0,10,", "row 3, column event", "''", "a value, since the row has time_months"),
        ("P2,1a,3,0,,1", "row 3, column time_months", "''", "a value, since the row has event"),
        ("P2,1a,55,0,10,1", "row 3, column size_cm", "'55'", "usually millimetres"),
        ("P2,1a,0,0,10,1", "row 3, column size_cm", "'0'", "above 0"),
        ('P2,1a,"3,5",0,10,1', "row 3, column size_cm", "'3,5'", "a decimal point"),
        ("P2,5,3,0,10,1", "row 3, column t", "'5'", "1, 1a, 1b"),
        ("P2,1a,3,1.5,10,1", "row 3, column ecog", "'1.5'", "a whole number from 0 to 4"),
        ("\n\nP2,1a,3,7,10,1", "row 5, column ecog", "'7'", "from 0 to 4"),
        ('"P\n2",1a,3,0,10,1\nP3,1a,3,9,10,1', "row 5, column ecog", "'9'", "from 0 to 4"),
    ],
)
def test_bad_cell(told, row, where, value, allowed):
    line = told(**{"patients.csv": f"{HEADER}\n{GOOD}\n{row}\n"})
    assert line.startswith("tumorboard: patients.csv, ")
    assert where in line
    assert value in line
    assert allowed in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (HEADER.encode() + b"\n", "a header but no rows"),
        (HEADER.encode() + b"\n,,,,,\n\n", "a header but no rows"),
        (f"{HEADER}\nJ\xfcrgen,1a,3,0,10,1\n".encode("latin-1"), "--encoding latin-1"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "binary file"),
        (b"PK\x03\x04\x14\x00\x06\x00", "binary file"),
        (bytes(range(128, 256)), "not UTF-8"),
        (b"t,event\n1a,1\n", "the column patient_id is missing"),
        (b"patient_id,ecgo\nP1,1\n", "Did you mean 'ecog'?"),
        (b"patient_id,T\nP1,1\n", "Did you mean 't'?"),
        (b"patient_id,time_month,event\nP1,1,1\n", "Did you mean 'time_months'?"),
        (b"patient_id,time_months\nP1,1\n", "a column time_months, but none for the event"),
        (b"patient_id,event\nP1,1\n", "a column event, but none for the time_months"),
        (b"patient_id,os_event\nP1,1\n", "a column os_event, but none for the time_months"),
        (b"patient_id,t,t\nP1,1,1\n", "the column 't' stands twice"),
        (b'patient_id,"t", t\nP1,1,1\n', "the column 't' stands twice"),
        (b"patient_id,time_months,event,dss_event\nP1,1,1,1\n", "both 'time_months' and 'dss_event' are given"),
        (f"{HEADER}\n{GOOD}\nP2,1a,3,5,0,10,1\n".encode(), "row 3 has 7 cells, but the header has 6"),
        (f"{HEADER}\n\n{GOOD}\nP2,1a,3,0,10\n".encode(), "row 4 has 5 cells, but the header has 6"),
        (f"{HEADER}\n{GOOD}\nP2,1a\n".encode(), "row 3 has 2 cells, but the header has 6"),
        (f'{HEADER}\n{GOOD}\n"P2,1a,3,0,10,1\nP3,1a,3,0,10,1\n'.encode(), "row 3 cannot be read: a quotation mark"),
        (b"patient_id,t,\nP1,1a,5\n", "column 3 has no name"),
    ],
)
def test_bad_table(told, content, said):
    line = told(**{"patients.csv": content})
    assert "patients.csv" in line
    assert said in line


def test_truncated_gzip(told):
    packed = gzip.compress(f"{HEADER}\n{GOOD}\n".encode())[:-9]
    assert "patients.csv.gz: the file cannot be read; it may be truncated" in told(
        **{"patients.csv": None, "patients.csv.gz": packed}
    )


def test_parquet_that_is_none(told):
    assert "no readable Parquet file" in told(**{"patients.csv": None, "patients.parquet": b"PAR1"})


def test_patients_twice(told):
    assert "patients.csv and patients.parquet both hold patients" in told(**{"patients.parquet": b"PAR1"})


def test_encoding_that_does_not_exist(told):
    assert "no text encoding 'klingon'" in told("--encoding", "klingon")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("slides.csv", "patient_id,path\nP1,a\nP9,b\n", "row 3, column patient_id: 'P9' is not allowed"),
        ("slides.csv", "patient_id,path\nP1,\n", "row 2, column path"),
        ("slides.csv", "patient_id,path,mpp\nP1,a,40\n", "0.05 to 5 (µm per pixel)"),
        ("slides.csv", "patient_id\nP1\n", "the column path is missing"),
        ("scans.csv", "patient_id,path,modality\nP1,a,PET\n", "'PET' is not allowed; allowed: CT, MR"),
        ("scans.csv", "patient_id,path\nP1,a\n", "the column modality is missing"),
        ("mutations.maf", "Hugo_Symbol\tVariant_Classification\nVHL\tSilent\n", "Tumor_Sample_Barcode is missing"),
        (
            "mutations.maf",
            "#v\nHugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nVHL\tSilent\t\n",
            "row 3, column Tumor_Sample_Barcode: '' is not allowed; allowed: a sample barcode",
        ),
        (
            "mutations.maf",
            "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n\tSilent\tP1\n",
            "row 2, column Hugo_Symbol",
        ),
        ("mutations.maf", "", "mutations.maf: the file is empty"),
        ("copy_number.tsv", "NAME\tP1\n3p\tLost\n", "row 2, column P1: 'Lost' is not allowed"),
        ("copy_number.tsv", "Hugo_Symbol\tP1\nVHL\t3\n", "row 2, column P1: '3' is not allowed"),
        ("copy_number.tsv", "Hugo_Symbol\tP1\n\t1\n", "row 2, column Hugo_Symbol"),
        ("copy_number.tsv", "gene\tP1\nVHL\t1\n", "neither an arm-level nor a GISTIC table"),
        ("study.toml", "[cohort]\nendpiont = 'DSS'\n", "unknown setting 'cohort.endpiont'"),
        ("study.toml", "[cohorts]\n", "unknown setting 'cohorts'"),
        ("study.toml", "[cohort\n", "this is no readable TOML"),
        ("study.toml", b"\xff\xfe", "this is no readable TOML"),
        ("study.toml", "[folds]\ncount = 1\n", "folds.count = 1"),
        ("study.toml", "[cohort]\nlandmark_months = nan\n", "cohort.landmark_months"),
    ],
)
def test_bad_file_beside_the_patients(told, file, content, said):
    line = told(**{file: content})
    assert file in line
    assert said in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--endpoint", "RFS"), "cohort.endpoint = 'RFS'"),
        (("--require", "slide,biopsy"), "'biopsy'"),
        (("--tables", "no/such/folder"), "there is no such folder"),
        (("--tables", "."), "there is no data_clinical_patient.txt"),
    ],
)
def test_bad_options(told, words, said):
    assert said in told(*words)


def test_study_that_does_not_exist_is_not_made(tmp_path, run):
    code, _, err = run("cohort", tmp_path / "nowhere")
    assert code == 2
    assert "there is no patients.csv" in err
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_place_of_the_study(tmp_path, run):
    (tmp_path / "file").write_text("x")
    code, _, err = run("cohort", tmp_path / "file")
    assert code == 2
    assert "this is a file, not a study folder" in err


def test_every_bad_cell_is_told_to_machines(write_study, run):
    rows = ["P1,9,3,0,10,1", "P2,1a,99,0,-1,1", "P1,1a,3,0,10,5"]
    study = write_study(**{"slides.csv": None, "scans.csv": None, "patients.csv": "\n".join([HEADER, *rows])})
    code, out, err = run("cohort", study, "--json")
    assert code == 2
    assert "(and 4 more bad cells; --json lists all)" in err
    faults = json.loads(out)["faults"]
    assert [(fault["row"], fault["column"], fault["value"]) for fault in faults] == [
        (2, "t", "9"),
        (3, "size_cm", "99"),
        (3, "time_months", "-1"),
        (4, "patient_id", "P1"),
        (4, "event", "5"),
    ]
    assert all(fault["file"] == "patients.csv" and fault["allowed"] for fault in faults)


def test_bad_cells_of_all_tables_are_told_together(write_study, run):
    files = {
        "patients.csv": f"{HEADER}\n{GOOD}\nP2,9,3,0,10,1\n",
        "slides.csv": "patient_id,path\nP2,a\nP9,b\n",
        "scans.csv": "patient_id,path,modality\nP1,a,PET\n",
    }
    code, out, _ = run("cohort", write_study(**files), "--json")
    assert code == 2
    assert [(fault["file"], fault["row"], fault["column"]) for fault in json.loads(out)["faults"]] == [
        ("patients.csv", 3, "t"),
        ("slides.csv", 3, "patient_id"),
        ("scans.csv", 2, "modality"),
    ]


def test_a_follow_up_in_days_is_told(write_study, run_json, patients_csv):
    days = patients_csv.replace(",70,0", ",580,0").replace(",60,", ",400,")
    findings = run_json("cohort", write_study(**{"patients.csv": days}))["findings"]
    assert ("contradiction", "dss_time_months", 4) in [(f["kind"], f["column"], f["patients"]) for f in findings]


SAME = {
    "windows": "\ufeff" + f"{HEADER}\r\n{GOOD}\r\n",
    "blanks": f" {HEADER.replace(',', ' , ')} \n P1 , 1a,3 , 0, 10 ,1 \n",
    "semicolons": f"{HEADER}\n{GOOD}\n".replace(",", ";"),
    "quoted": '"patient_id","t","size_cm","ecog","time_months","event"\n"P1","1a","3","0","10","1"\n',
    "blank lines": f"\n{HEADER}\n\n{GOOD}\n\n,,,,,\n",
    "trailing commas": f"{HEADER},,\n{GOOD},,\n",
    "no last line end": f"{HEADER}\n{GOOD}",
    "words": f"{HEADER}\nP1,pT1a,3.0,0.0,10.0,yes\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_the_same_table_however_it_was_saved(write_study, run_json, content):
    none = dict.fromkeys(("slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"))
    studies = [
        write_study("plain", **none, **{"patients.csv": f"{HEADER}\n{GOOD}\n"}),
        write_study("other", **none, **{"patients.csv": content}),
        write_study("packed", **none, **{"patients.csv": None, "patients.csv.gz": gzip.compress(content.encode())}),
    ]
    for study in studies:
        run_json("cohort", study)
    plain, *others = [(study / "cohort.parquet").read_bytes() for study in studies]
    assert others == [plain, plain]


def test_latin_1_with_its_encoding_named(write_study, run_json):
    none = dict.fromkeys(("slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"))
    content = "patient_id,site\nJ\xfcrgen,K\xf6ln\n".encode("latin-1")
    study = write_study(**none, **{"patients.csv": content})
    run_json("cohort", study, "--encoding", "latin-1")
    assert read_cohort(StudyFolder(study))[["patient_id", "site"]].to_numpy().tolist() == [["Jürgen", "Köln"]]


def test_quoted_commas_stay_in_their_cell(write_study, run_json):
    none = dict.fromkeys(("slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"))
    content = 'patient_id,"site","notes, free"\nP1,"Mainz, surgery","a ""b"", c"\n'
    study = write_study(**none, **{"patients.csv": content})
    answer = run_json("cohort", study)
    assert read_cohort(StudyFolder(study))["site"].tolist() == ["Mainz, surgery"]
    assert any(f["kind"] == "left out" and f["column"] == "notes, free" for f in answer["findings"])


def test_parquet_gives_the_same_as_csv(write_study, run_json, patients_csv):
    from io import BytesIO, StringIO

    packed = BytesIO()
    pd.read_csv(StringIO(patients_csv)).to_parquet(packed)
    one = write_study("csv")
    other = write_study("parquet", **{"patients.csv": None, "patients.parquet": packed.getvalue()})
    run_json("cohort", one)
    run_json("cohort", other)
    assert (one / "cohort.parquet").read_bytes() == (other / "cohort.parquet").read_bytes()
