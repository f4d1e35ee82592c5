"""Tables as users save them: every cell is read as it stands, or the row that cannot be read is named."""

import csv
import gzip
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.errors import FileFormatError, TableError, UserError
from tumorboard.study.tables import (
    CategoryColumn,
    Column,
    FlagColumn,
    NumberColumn,
    check_columns,
    find_duplicates,
    parse_columns,
    raise_faults,
    read_text_table,
)

cells = st.text(st.sampled_from('ab ,;"é\n\t'), max_size=4)
rows = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6)


@given(rows, st.sampled_from([",", ";"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory, written, separator, line_end, packed):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end)
    lines = []
    for row in (("x", "y", "z"), *written):
        lines.append(1 + text.getvalue().count("\n"))
        writer.writerow(row)
    path = tmp_path_factory.mktemp("csv") / ("t.csv.gz" if packed else "t.csv")
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    expected = [[cell.strip() for cell in row] for row in written]
    lines = [line for line, row in zip(lines[1:], expected, strict=True) if any(row)]
    expected = [row for row in expected if any(row)]
    if not expected:
        with pytest.raises(FileFormatError, match="no rows"):
            read_text_table(path)
        return
    table = read_text_table(path)
    assert table.frame.to_numpy().tolist() == expected
    assert [row + table.first_line for row in table.frame.index] == lines


def test_tab_separated_files_take_quotation_marks_as_they_are_unless_the_header_has_them(tmp_path):
    plain, quoted = tmp_path / "a.tsv", tmp_path / "b.tsv"
    plain.write_text('x\ty\n"a\tb"\n5" long\tc\n')
    assert read_text_table(plain).frame.to_numpy().tolist() == [['"a', 'b"'], ['5" long', "c"]]
    quoted.write_text('"x"\t"y"\n"a\tb"\tc\n')
    assert read_text_table(quoted).frame.to_numpy().tolist() == [["a\tb", "c"]]


def test_only_some_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(" x ,y,z\n1,2,3\n")
    assert read_text_table(path, only=("z", "x", "w")).frame.to_dict("list") == {"x": ["1"], "z": ["3"]}


def test_comments_stand_at_the_head_only_and_count_as_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("# it's \"so\n#\nx\ty\n#1\t2\n\nz\n")
    with pytest.raises(FileFormatError, match="row 6 has 1 cells"):
        read_text_table(path, comment="#")
    path.write_text("# it's \"so\n#\nx\ty\n#1\t2\n\nz\t3\n")
    table = read_text_table(path, comment="#")
    assert table.frame["x"].tolist() == ["#1", "z"]
    assert [row + table.first_line for row in table.frame.index] == [4, 6]


def test_gzip_with_a_wrong_byte(tmp_path):
    path = tmp_path / "a.csv.gz"
    packed = bytearray(gzip.compress(b"".join(b"%d,2\n" % (k * k) for k in range(5000))))
    packed[200] ^= 255
    path.write_bytes(packed)
    with pytest.raises(FileFormatError, match="it may be truncated"):
        read_text_table(path)


def test_a_parquet_table_is_read_as_text_and_its_first_row_is_row_1(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"n": [1.5, None], " flag ": [True, False], "s": [" a ", "b"]}).to_parquet(path)
    table = read_text_table(path)
    assert table.frame.to_dict("list") == {"n": ["1.5", ""], "flag": ["True", "False"], "s": ["a", "b"]}
    assert table.first_line == 1


COLUMNS = (
    Column("patient_id", required=True, filled=True),
    NumberColumn("size", low=0, high=9, low_open=True, unit="cm"),
    CategoryColumn("sex", spellings={"f": "female", "m": "male"}, unknown=frozenset({"x"})),
    FlagColumn("necrosis"),
)


def table_of(path, text):
    path.write_text(text)
    return read_text_table(path)


def test_values_and_faults(tmp_path):
    table = table_of(tmp_path / "a.csv", "patient_id,size,sex,necrosis\nA,9,F,yes\nB,0,q,2\nC,,X,N/A\nNA,1e1,m,No\n")
    values, faults = parse_columns(table, COLUMNS)
    assert values["size"].fillna(-1).tolist() == [9, -1, -1, -1]
    assert values["sex"].fillna("").tolist() == ["female", "", "", "male"]
    assert values["necrosis"].fillna(-1).tolist() == [1, -1, -1, 0]
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [
        (3, "size", "0"),
        (3, "sex", "q"),
        (3, "necrosis", "2"),
        (5, "patient_id", "NA"),
        (5, "size", "1e1"),
    ]
    assert "above 0 to 9 (cm)" in faults[0].allowed
    with pytest.raises(TableError):
        raise_faults(faults)
    raise_faults([])


def test_columns_that_are_missing_or_nearly_right(tmp_path):
    with pytest.raises(UserError, match=r"patient_id is missing\. The table has: size, weight"):
        check_columns(table_of(tmp_path / "a.csv", "size,weight\n1,2\n"), COLUMNS)
    for slip, meant in (("neckrosis", "necrosis"), ("sixe", "size"), ("esx", "sex"), ("SEX", "sex")):
        table = table_of(tmp_path / "a.csv", f"patient_id,{slip}\nA,1\n")
        if slip == "sixe":
            assert check_columns(table, COLUMNS) == ["sixe"]  # too short to tell a slip from another word
            continue
        with pytest.raises(UserError, match=f"Did you mean '{meant}'"):
            check_columns(table, COLUMNS)
    other = table_of(tmp_path / "a.csv", "patient_id,side,note\nA,l,n\n")
    assert check_columns(other, COLUMNS, ignored=("note",)) == ["side"]


def test_duplicates_name_the_first(tmp_path):
    table = table_of(tmp_path / "a.csv", "patient_id\nA\nB\n\nA\nA\n")
    assert [(fault.row, fault.allowed) for fault in find_duplicates(table)] == [
        (5, "each patient_id once (first in row 2)"),
        (6, "each patient_id once (first in row 2)"),
    ]


def test_a_table_that_is_wrong_as_a_whole_lists_a_thousand_faults(tmp_path):
    text = "patient_id,size\n" + "".join(f"P{k},bad\n" for k in range(1500))
    assert len(parse_columns(table_of(tmp_path / "a.csv", text), COLUMNS)[1]) == 1000
