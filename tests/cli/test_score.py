"""``tumorboard score`` as a user runs it."""

import csv
import json

import pandas as pd
import pytest

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.cli import main

TABLE = """\
patient_id,t,n,m,grade,grade_system,size_cm,necrosis,ecog,proxies,site
P2,pT3a,N0,M0,G3,Fuhrman,8,yes,0,necrosis: sampled block,AA
P1,T1,NX,MX,2,,3,,,,AB
"""


@pytest.fixture
def run(tmp_path, capsys):
    def _run(content, *words, name="patients.csv", encoding="utf-8"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(content, encoding=encoding)
        with pytest.raises(SystemExit) as ended:
            main(["score", str(path), *map(str, words)])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return _run


def test_json_has_a_record_a_patient_in_file_order(run):
    code, out, err = run(TABLE, "--json")
    records = json.loads(out)
    assert (code, err) == (0, "")
    assert [record["patient_id"] for record in records] == ["P2", "P1"]
    assert list(records[0]) == [
        "patient_id", "uiss", "ssign", "leibovich_2003", "grant", "assure_dfs", "assure_os", "imdc", "mskcc", "stage",
    ]  # fmt: skip
    assert records[0]["ssign"] == {
        "points": [7, 7], "group": ["7-9"], "missing": [], "proxy": ["necrosis"],
        "notes": ["necrosis is a proxy: sampled block"],
    }  # fmt: skip
    assert records[0]["assure_dfs"]["points"] == [3, 9.5]
    assert records[0]["imdc"]["points"] is None
    assert records[1]["stage"]["group"] == ["I", "III", "IV"]


def test_options_reach_the_scores(run):
    _, out, _ = run(TABLE, "--json", "--nx-as-n0", "--mx-as-m0")
    stage = json.loads(out)[1]["stage"]
    assert (stage["group"], stage["missing"], stage["proxy"]) == (["I"], [], ["n", "m"])
    _, out, _ = run("patient_id,t,n,m,grade,size_cm,necrosis\nA,4,0,0,1,3,0\n", "--json", "--ssign-pt4", 4)
    assert json.loads(out)[0]["ssign"]["points"] == [4, 4]


def test_the_report_shows_intervals_what_is_missing_and_the_warning(run):
    code, out, _ = run(TABLE)
    assert code == 0
    assert "I to IV" in out
    assert "m: UISS 1" in out
    assert "Columns that were not read: site" in out
    assert RESEARCH_USE_ONLY in out


def test_a_long_table_is_cut_on_the_screen_alone(run, tmp_path):
    rows = "".join(f"P{row:03},1a\n" for row in range(45))
    code, out, _ = run("patient_id,t\n" + rows, "--out", tmp_path / "scores.csv")
    assert code == 0
    assert "P029" in out
    assert "P030" not in out
    assert "15 more" in out
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as stream:
        written = list(csv.DictReader(stream))
    assert [row["patient_id"] for row in written] == [f"P{row:03}" for row in range(45)]
    assert written[0]["grant_group"] == "favourable; unfavourable"
    assert (written[0]["grant_points_min"], written[0]["grant_points_max"]) == ("0", "3")


def test_out_never_replaces_a_file_unasked(run, tmp_path):
    kept = tmp_path / "scores.csv"
    kept.write_text("mine", encoding="utf-8")
    code, _, err = run(TABLE, "--out", kept)
    assert code == 2
    assert "--force" in err
    assert kept.read_text(encoding="utf-8") == "mine"
    assert run(TABLE, "--out", kept, "--force")[0] == 0
    assert kept.read_text(encoding="utf-8").startswith("patient_id,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patients.csv", "scores.csv"]


def test_out_is_not_the_table_itself(run, tmp_path):
    code, _, err = run(TABLE, "--out", tmp_path / "patients.csv", "--force")
    assert code == 2
    assert "the table itself" in err
    assert (tmp_path / "patients.csv").read_text(encoding="utf-8") == TABLE


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("", (), "empty"),
        ("patient_id,t\n", (), "no rows"),
        (None, (), "no such file"),
        ("patient_id,histology\nMüller,clear cell\n".encode("latin-1"), (), "--encoding"),
        ("t,n\n1a,0\n", (), "patient_id"),
        ("patient_id,t\nA,1a\nA,1b\n", (), "row 3, column patient_id"),
        ("patient_id,t\n,1a\n", (), "row 2, column patient_id"),
        ("patient_id,ecgo\nA,1\n", (), "'ecog'"),
        ("patient_id,haemoglobn\nA,low\n", (), "'haemoglobin'"),
        ("patient_id,t\nA,5\n", (), "row 2, column t"),
        ("patient_id,size_cm\nA,55\n", (), "millimetres"),
        ("patient_id,proxies\nA,necrose\n", (), "column proxies"),
        (TABLE, ("--ssign-pt4", "3"), "0 or 4"),
        (TABLE, ("--encoding", "nonsense"), "--encoding"),
        (TABLE, ("--out", "/no/such/folder/scores.csv"), "no folder"),
        (TABLE, ("--out", "scores.txt"), ".csv"),
        (TABLE, ("--bogus",), "--help"),
    ],
)
def test_a_mistake_is_told_in_one_line(run, content, words, said):
    code, out, err = run(content, *words)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_every_bad_cell_is_listed_in_json(run):
    code, out, _ = run("patient_id,t,ecog\nA,5,7\nA,1a,0\n", "--json")
    faults = json.loads(out)["faults"]
    assert code == 2
    assert [(fault["row"], fault["column"]) for fault in faults] == [(2, "t"), (2, "ecog"), (3, "patient_id")]


@pytest.mark.parametrize(
    ("content", "words", "encoding"),
    [
        ("patient_id;t;n;m\nMüller;1a;0;0\n", (), "utf-8"),
        ("patient_id,t,n,m\nMüller,1a,0,0\n", (), "utf-8-sig"),
        ("patient_id,t,n,m\nMüller,1a,0,0\n", ("--encoding", "latin-1"), "latin-1"),
        ("patient_id,t,n,m\nMüller,1a,0,0\n", ("--encoding", "utf-16"), "utf-16"),
    ],
)
def test_other_spellings_of_a_table(run, content, words, encoding):
    code, out, err = run(content, "--json", *words, encoding=encoding)
    assert (code, err) == (0, "")
    record = json.loads(out)[0]
    assert (record["patient_id"], record["stage"]["group"]) == ("Müller", ["I"])


def test_parquet_gives_what_csv_gives(run, tmp_path):
    rows = {"patient_id": ["A", "B"], "t": ["1a", None], "n": [0, 1], "m": [0.0, None], "necrosis": [True, False]}
    pd.DataFrame(rows).to_parquet(tmp_path / "patients.parquet")
    _, from_parquet, _ = run(None, "--json", name="patients.parquet")
    _, from_csv, _ = run("patient_id,t,n,m,necrosis\nA,1a,0,0,1\nB,,1,,0\n", "--json")
    assert json.loads(from_parquet) == json.loads(from_csv)
