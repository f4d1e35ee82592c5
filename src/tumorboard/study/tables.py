"""A user's tables: read as text, checked cell by cell, never repaired in silence.

A table is read with every cell as text; a :class:`Column` says what may stand in it and turns the text into values.
All bad cells are collected before anything is raised, so that a user mends a table once and not once a cell.
Row numbers are lines of the file: the header is line 1. (A Parquet table has no header line: its first row is row 1.)
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault, TableError, UserError
from tumorboard.study.columns import CategoryColumn, Column, FlagColumn, NumberColumn
from tumorboard.study.text_table import TextTable, read_text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LARGEST_FAULT_LIST",
    "MISSING_SPELLINGS",
    "CategoryColumn",
    "Column",
    "FlagColumn",
    "NumberColumn",
    "TextTable",
    "check_columns",
    "find_duplicates",
    "parse_columns",
    "raise_faults",
    "read_text_table",
]

MISSING_SPELLINGS = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "unknown", "not available", "[not available]", "[unknown]"}
)
"""What counts as an empty cell, in lower case."""

LARGEST_FAULT_LIST = 1_000
"""So many bad cells are listed; past that, a table is wrong as a whole."""


def check_columns(table: TextTable, columns: Sequence[Column], *, ignored: Sequence[str] = ()) -> list[str]:
    """Check that required columns are there and that no column's name is a slip.

    Parameters
    ----------
    table : TextTable
        The table.
    columns : sequence of Column
        The columns that the table may have.
    ignored : sequence of str
        Names that are known and not read.

    Returns
    -------
    list of str
        The names of columns that are not read.

    Raises
    ------
    UserError
        For a missing column, or an unknown one whose name is close to a known column that the table lacks.
    """
    present = list(table.frame.columns)
    known = [column.name for column in columns]
    missing = [column.name for column in columns if column.required and column.name not in present]
    if missing:
        raise UserError(
            f"the column {', '.join(missing)} is missing",
            where=table.file,
            fix=f"The table has: {', '.join(present[:12])}{' …' if len(present) > 12 else ''}",
        )
    unread = [name for name in present if name not in known and name not in ignored]
    absent = [name for name in known if name not in present]
    for name in unread:
        close = _closest(name.lower(), absent)
        if close:
            raise UserError(
                f"the column {name!r} is unknown",
                where=table.file,
                fix=f"Did you mean {close!r}? Rename it, or remove it",
            )
    return unread


def _closest(name: str, absent: Sequence[str]) -> str | None:
    """Return the column whose name this one is a slip of: letters changed places, or nearly the same letters."""
    swapped = [other for other in absent if sorted(other) == sorted(name)]
    return next(iter(swapped or difflib.get_close_matches(name, absent, n=1, cutoff=0.8)), None)


def parse_columns(table: TextTable, columns: Sequence[Column]) -> tuple[pd.DataFrame, list[CellFault]]:
    """Turn a table's text into values, collecting every bad cell.

    Parameters
    ----------
    table : TextTable
        The table.
    columns : sequence of Column
        The columns to read; one that the table lacks is all missing.

    Returns
    -------
    values : DataFrame
        One column each, in the order given; bad and empty cells are missing.
    faults : list of CellFault
        Every bad cell, by row.
    """
    import pandas as pd

    frame = table.frame
    parsed: dict[str, pd.Series] = {}
    faults: list[CellFault] = []
    for column in columns:
        if column.name not in frame.columns:
            parsed[column.name] = column.empty(frame.index)
            continue
        text = frame[column.name]
        filled = ~text.str.lower().isin(MISSING_SPELLINGS)
        values, bad = column.parse(text[filled])
        whole = column.empty(frame.index)
        good = values[~bad]
        whole.loc[good.index] = good
        parsed[column.name] = whole
        wrong = [(bad.index[bad.to_numpy(dtype=bool)], column.allowed)]
        if column.filled:
            wrong.append((frame.index[~filled.to_numpy(dtype=bool)], f"{column.allowed}, not empty"))
        faults += [
            CellFault(table.file, int(row) + table.first_line, column.name, str(text[row]), allowed)
            for rows, allowed in wrong
            for row in rows[:LARGEST_FAULT_LIST]
        ]
    faults.sort(key=lambda fault: fault.row or 0)
    return pd.DataFrame(parsed, index=frame.index), faults


def find_duplicates(table: TextTable, column: str = "patient_id") -> list[CellFault]:
    """Return a fault for every row whose key stood in the table before.

    Parameters
    ----------
    table : TextTable
        The table.
    column : str
        The key column.
    """
    keys = table.frame[column]
    repeated = keys[keys.duplicated() & (keys != "")]
    first = keys[keys.isin(set(repeated))].drop_duplicates()
    line_of = {key: row + table.first_line for row, key in zip(first.index.tolist(), first, strict=True)}
    return [
        CellFault(
            table.file, row + table.first_line, column, str(key), f"each {column} once (first in row {line_of[key]})"
        )
        for row, key in zip(repeated.index[:LARGEST_FAULT_LIST].tolist(), repeated, strict=False)
    ]


def raise_faults(faults: Sequence[CellFault]) -> None:
    """Raise a :class:`~tumorboard.errors.TableError` where there is at least one fault."""
    if faults:
        raise TableError(faults)
