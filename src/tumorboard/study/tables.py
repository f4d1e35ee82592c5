"""A user's tables: read as text, checked cell by cell, never repaired in silence.

A table is read with every cell as text; a :class:`Column` says what may stand in it and turns the text into values.
All bad cells are collected before anything is raised, so that a user mends a table once and not once a cell.
Row numbers are lines of the file: the header is line 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault, FileFormatError, TableError, UserError

if TYPE_CHECKING:
    import pandas as pd

MISSING_SPELLINGS = frozenset(
    {"", "na", "n/a", "nan", "null", "none", "unknown", "not available", "[not available]", "[unknown]"}
)
"""What counts as an empty cell, in lower case."""

LARGEST_FAULT_LIST = 1_000
"""So many bad cells are listed; past that, a table is wrong as a whole."""


@dataclass(frozen=True)
class Column:
    """What may stand in a column.

    Parameters
    ----------
    name : str
        The column's name.
    required : bool
        Whether the table must have the column.
    filled : bool
        Whether every cell must be filled.
    """

    name: str
    required: bool = False
    filled: bool = False

    @property
    def allowed(self) -> str:
        """What may stand in a cell, in words."""
        return "any text"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Turn the text of filled cells into values.

        Parameters
        ----------
        text : Series of str, shape (n,)
            The cells that are not empty, with outer blanks removed.

        Returns
        -------
        values : Series, shape (n,)
            The values; anything where the cell is bad.
        bad : Series of bool, shape (n,)
            True where a cell holds what is not allowed.
        """
        import pandas as pd

        return text, pd.Series(False, index=text.index)

    def empty(self, index: pd.Index) -> pd.Series:
        """Return the column's value for a table that lacks it."""
        import pandas as pd

        return pd.Series(pd.NA, index=index, dtype="string")


@dataclass(frozen=True)
class NumberColumn(Column):
    """A number with a unit and a range.

    Parameters
    ----------
    unit : str
        The unit, for messages.
    low, high : float
        Smallest and largest allowed value.
    low_open : bool
        Whether ``low`` itself is refused.
    whole : bool
        Whether only whole numbers are allowed.
    hint : str
        What a value outside the range usually means.
    """

    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    whole: bool = False
    hint: str = ""

    @property
    def allowed(self) -> str:
        """The range and the unit, in words."""
        kind = "a whole number" if self.whole else "a number with a decimal point"
        lower = "" if self.low == float("-inf") else f" {'above' if self.low_open else 'from'} {self.low:g}"
        upper = "" if self.high == float("inf") else f" to {self.high:g}"
        unit = f" ({self.unit})" if self.unit else ""
        return f"{kind}{lower}{upper}{unit}{'; ' + self.hint if self.hint else ''}"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Read numbers; text, values out of range and infinities are bad."""
        import numpy as np
        import pandas as pd

        values = pd.to_numeric(text, errors="coerce").astype(float)
        bad = pd.Series(~np.isfinite(values.to_numpy()), index=text.index) | (values < self.low) | (values > self.high)
        if self.low_open:
            bad |= values == self.low
        if self.whole:
            bad |= values != np.round(values)
        return values, bad

    def empty(self, index: pd.Index) -> pd.Series:
        """Return an all-missing column of floats."""
        import pandas as pd

        return pd.Series(float("nan"), index=index, dtype=float)


@dataclass(frozen=True)
class CategoryColumn(Column):
    """One of several words.

    Parameters
    ----------
    spellings : mapping of str to str
        Every accepted spelling in lower case, and the value it stands for.
    unknown : frozenset of str
        Spellings in lower case that say "not known" and become an empty cell.
    """

    spellings: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @property
    def allowed(self) -> str:
        """The values, in words."""
        return ", ".join(dict.fromkeys(self.spellings.values()))

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Look the words up, whatever their case."""
        lower = text.str.lower()
        values = lower.map(self.spellings).astype("string")
        return values, values.isna() & ~lower.isin(self.unknown)


@dataclass(frozen=True)
class FlagColumn(CategoryColumn):
    """Yes or no, kept as 1.0 and 0.0 (missing as NaN)."""

    spellings: Mapping[str, str] = field(
        default_factory=lambda: (
            dict.fromkeys(("1", "1.0", "yes", "true", "y", "present"), "1")
            | dict.fromkeys(("0", "0.0", "no", "false", "n", "absent"), "0")
        )
    )

    @property
    def allowed(self) -> str:
        """The values, in words."""
        return "0 (no) or 1 (yes)"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Read yes and no as 1.0 and 0.0."""
        values, bad = super().parse(text)
        return values.astype("Float64").astype(float), bad

    def empty(self, index: pd.Index) -> pd.Series:
        """Return an all-missing column of floats."""
        import pandas as pd

        return pd.Series(float("nan"), index=index, dtype=float)


@dataclass(frozen=True)
class TextTable:
    """A table as it stands in the file, every cell as text.

    Parameters
    ----------
    frame : DataFrame of str
        The cells, outer blanks removed; the index counts from 0.
    file : str
        Name of the file, for messages.
    first_line : int
        Line of the file on which the first row stands.
    """

    frame: pd.DataFrame
    file: str
    first_line: int = 2


def read_text_table(
    path: Path,
    *,
    separator: str | None = None,
    comment: str | None = None,
    encoding: str = "utf-8-sig",
    only: Sequence[str] | None = None,
) -> TextTable:
    """Read a CSV, TSV or Parquet table with every cell as text.

    Parameters
    ----------
    path : Path
        The file; ``.gz`` is unpacked.
    separator : str, optional
        The cells' separator; by default a tab for ``.tsv``, ``.txt`` and ``.maf``, otherwise a comma, or a semicolon
        where the header has semicolons and no comma.
    comment : str, optional
        Lines that begin with this character are passed over, at the head of the file only.
    encoding : str
        The text's encoding.
    only : sequence of str, optional
        Read these columns alone, as far as the table has them.

    Returns
    -------
    TextTable

    Raises
    ------
    FileFormatError
        For a file that is missing, empty, without rows, not text in this encoding or not a table.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    if path.suffix == ".parquet":
        return _read_parquet(path)
    head = _read_head(path, encoding)
    skipped = 0
    if comment:
        while skipped < len(head) and head[skipped].startswith(comment):
            skipped += 1
    header = head[skipped] if skipped < len(head) else ""
    if not header.strip():
        raise FileFormatError("the file is empty", where=str(path), fix="It needs a header line and at least one row")
    separator = separator or _guess_separator(path, header)
    _check_header(path, header.split(separator))
    wanted = None if only is None else (lambda name: name.strip() in only)
    try:
        frame = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, na_filter=False, skiprows=skipped,
            encoding=encoding, low_memory=False, skip_blank_lines=False, index_col=False, usecols=wanted,
        )  # fmt: skip
    except UnicodeDecodeError as error:
        raise _not_this_encoding(path, encoding, error) from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, EOFError, OSError) as error:
        reason = " ".join(str(error).split())
        raise FileFormatError(f"this is no readable table: {reason}", where=str(path)) from error
    frame = frame.rename(columns=lambda name: str(name).strip())
    for name in frame.columns:
        frame[name] = frame[name].str.strip()
    return _without_blank_rows(frame, path, first_line=skipped + 2)


def _read_parquet(path: Path) -> TextTable:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises several kinds, all of which mean the same to a user
        raise FileFormatError("this is no readable Parquet file", where=str(path)) from error
    text = pd.DataFrame(
        {str(name): frame[name].astype("string").fillna("").astype(object) for name in frame.columns},
        index=range(len(frame)),
    )
    return _without_blank_rows(text, path, first_line=1)


def _without_blank_rows(frame: pd.DataFrame, path: Path, first_line: int) -> TextTable:
    blank = (frame == "").all(axis=1) if len(frame.columns) else None
    if blank is not None and blank.any():
        frame = frame[~blank]
    if not len(frame):
        raise FileFormatError("the table has a header but no rows", where=str(path))
    return TextTable(frame=frame, file=path.name, first_line=first_line)


def _read_head(path: Path, encoding: str, lines: int = 64) -> list[str]:
    import gzip
    from itertools import islice

    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding=encoding) as stream:
            return [line.rstrip("\r\n") for line in islice(stream, lines)]
    except UnicodeDecodeError as error:
        raise _not_this_encoding(path, encoding, error) from error
    except (OSError, EOFError) as error:
        raise FileFormatError("the file cannot be read; it may be truncated", where=str(path)) from error


def _not_this_encoding(path: Path, encoding: str, error: UnicodeDecodeError) -> FileFormatError:
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    byte = error.object[error.start] if error.start < len(error.object) else 0
    return FileFormatError(
        f"the text is not {name}: byte 0x{byte:02x} has no meaning there",
        where=str(path),
        fix="Save the table as UTF-8, or name its encoding with --encoding latin-1",
    )


def _guess_separator(path: Path, header: str) -> str:
    name = path.name.removesuffix(".gz")
    if name.endswith((".tsv", ".txt", ".maf")):
        return "\t"
    if "," in header:
        return ","
    return next((mark for mark in (";", "\t") if mark in header), ",")


def _check_header(path: Path, names: Sequence[str]) -> None:
    stripped = [name.strip().strip('"') for name in names]
    doubled = sorted({name for name in stripped if name and stripped.count(name) > 1})
    if doubled:
        raise FileFormatError(f"the column {doubled[0]!r} stands twice in the header", where=str(path))


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
        close = difflib.get_close_matches(name.lower(), absent, n=1, cutoff=0.8)
        if close:
            raise UserError(
                f"the column {name!r} is unknown",
                where=table.file,
                fix=f"Did you mean {close[0]!r}? Rename it, or remove it",
            )
    return unread


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
        rows = list(bad.index[bad.to_numpy(dtype=bool)])
        if column.filled:
            rows += list(frame.index[~filled.to_numpy(dtype=bool)])
        faults += [
            CellFault(table.file, int(row) + table.first_line, column.name, str(text[row]), column.allowed)
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
