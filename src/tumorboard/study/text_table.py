"""Reading a CSV, TSV or Parquet table with every cell as text.

The file is gone through twice: once to see that every row has as many cells as the header and on which line it begins,
once to read the cells. A row that is too long or too short is an error: shifted columns would otherwise pass as values.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from tumorboard.errors import FileFormatError, SettingsError

if TYPE_CHECKING:
    from _csv import Reader

    import pandas as pd

_TAB_SEPARATED = (".tsv", ".txt", ".maf")
_NO_NAME = "\0"  # stands before a nameless column's position; no name of a file can hold it


@dataclass(frozen=True)
class TextTable:
    """A table as it stands in the file, every cell as text.

    Parameters
    ----------
    frame : DataFrame of str
        The cells, outer blanks removed; the index is the row's line of the file less ``first_line``.
    file : str
        Name of the file, for messages.
    first_line : int
        Line of the file on which the first row stands.
    """

    frame: pd.DataFrame
    file: str
    first_line: int = 2


@dataclass(frozen=True)
class _Layout:
    """How a text file is laid out: what stands before its header, its separator, its columns, its rows."""

    header_line: int
    separator: str
    quoting: Literal[0, 3]
    names: tuple[str, ...]
    rows: int
    breaks: tuple[tuple[int, int], ...]
    """Rows whose line is further down than the row before would have it, and by how many lines."""


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
        where the header has semicolons and no comma. In a tab-separated file, quotation marks are ordinary characters
        unless the header has them.
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
        For a file that is missing, empty, without rows, not text in this encoding or not a table, and for a row with
        more or fewer cells than the header.
    SettingsError
        For an encoding that does not exist.
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    if path.suffix == ".parquet":
        return _read_parquet(path)
    try:
        _refuse_binary(path, encoding)
        layout = _look_over(path, separator, comment, encoding)
        frame = _read_cells(path, layout, encoding, only)
    except UnicodeDecodeError as error:
        raise _not_this_encoding(path, encoding, error) from error
    except UnicodeError as error:  # such as UTF-16 without its mark
        raise FileFormatError(
            f"the text is not {encoding}: {error}", where=str(path), fix="Name its encoding"
        ) from error
    except PermissionError as error:
        raise FileFormatError("you may not read this file", where=str(path), fix="Ask for permission") from error
    except LookupError as error:
        raise SettingsError(
            f"there is no text encoding {encoding!r}", where="encoding", fix="Common ones: utf-8, latin-1, cp1252"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise FileFormatError("the file cannot be read; it may be truncated", where=str(path)) from error
    frame = _without_nameless_columns(frame, path)
    for name in frame.columns:
        frame[name] = frame[name].str.strip()
    return _without_blank_rows(frame, path, first_line=layout.header_line + 1)


@contextmanager
def _opened(path: Path, encoding: str, passed_over: int = 0) -> Iterator[TextIO]:
    """Open a text file behind its first lines."""
    packed = path.suffix == ".gz"
    with gzip.open(path, "rb") if packed else path.open("rb") as raw:
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
        for _ in range(passed_over):
            stream.readline()
        yield stream


def _refuse_binary(path: Path, encoding: str) -> None:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        start = stream.read(4096)
    if b"\0" in start and not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        raise FileFormatError(
            "this is a binary file, not a table of text", where=str(path), fix="Save the table as CSV in UTF-8"
        )


def _look_over(path: Path, separator: str | None, comment: str | None, encoding: str) -> _Layout:
    passed_over = 0
    with _opened(path, encoding) as stream:
        header = stream.readline()
        while header and (not header.strip() or (comment and header.startswith(comment))):
            passed_over += 1
            header = stream.readline()
    if not header:
        raise FileFormatError("the file is empty", where=str(path), fix="It needs a header line and at least one row")
    separator = separator or _guess_separator(path, header)
    quoting: Literal[0, 3] = 3 if separator == "\t" and '"' not in header else 0  # csv.QUOTE_NONE, csv.QUOTE_MINIMAL
    with _opened(path, encoding, passed_over) as stream:
        reader = csv.reader(stream, delimiter=separator, quoting=quoting, strict=True)
        names = tuple(name.strip().removeprefix("\ufeff") for name in _next_row(path, reader, passed_over) or ())
        _check_names(path, names)
        header_line = passed_over + reader.line_num
        rows, breaks = _count_rows(path, reader, len(names), passed_over)
    if not rows:
        raise FileFormatError("the table has a header but no rows", where=str(path))
    return _Layout(header_line, separator, quoting, names, rows, breaks)


def _check_names(path: Path, names: Sequence[str]) -> None:
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise FileFormatError(f"the column {doubled[0]!r} stands twice in the header", where=str(path))


def _count_rows(path: Path, reader: Reader, width: int, passed_over: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    rows, breaks, last_line = 0, [], reader.line_num
    while (cells := _next_row(path, reader, passed_over)) is not None:
        if len(cells) != width and not (len(cells) < 2 and not "".join(cells).strip()):
            raise FileFormatError(
                f"row {passed_over + last_line + 1} has {len(cells)} cells, but the header has {width}",
                where=str(path),
                fix="Give every row as many cells as the header, and quote a cell that holds the separator",
            )
        rows += 1
        if reader.line_num != last_line + 1:
            breaks.append((rows, reader.line_num - last_line - 1))
        last_line = reader.line_num
    return rows, tuple(breaks)


def _next_row(path: Path, reader: Reader, passed_over: int) -> list[str] | None:
    line = passed_over + reader.line_num + 1
    try:
        return next(reader, None)
    except csv.Error as error:
        reason = "a quotation mark is not closed" if "end of data" in str(error) else str(error)
        raise FileFormatError(f"row {line} cannot be read: {reason}", where=str(path)) from error


def _guess_separator(path: Path, header: str) -> str:
    if path.name.removesuffix(".gz").endswith(_TAB_SEPARATED):
        return "\t"
    if "," in header:
        return ","
    return next((mark for mark in (";", "\t") if mark in header), ",")


def _read_cells(path: Path, layout: _Layout, encoding: str, only: Sequence[str] | None) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    names = [name or f"{_NO_NAME}{position + 1}" for position, name in enumerate(layout.names)]
    wanted = names if only is None else [name for name in names if name in only]
    with _opened(path, encoding, layout.header_line) as stream:
        try:
            frame: pd.DataFrame = pd.read_csv(
                stream, sep=layout.separator, quoting=layout.quoting, header=None, names=names, usecols=wanted,
                dtype=str, keep_default_na=False, na_filter=False, low_memory=False, skip_blank_lines=False,
                index_col=False,
            )  # fmt: skip
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            reason = " ".join(str(error).split())
            raise FileFormatError(f"this is no readable table: {reason}", where=str(path)) from error
    if len(frame) != layout.rows:
        raise FileFormatError("this is no readable table: its lines end in different ways", where=str(path))
    further = np.zeros(layout.rows + 1, dtype=np.int64)
    for row, lines in layout.breaks:
        further[row] += lines
    frame.index = pd.Index(np.arange(layout.rows) + np.cumsum(further)[:-1])
    return frame


def _without_nameless_columns(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Drop what a trailing separator leaves; a nameless column with content is an error."""
    nameless = [name for name in frame.columns if name.startswith(_NO_NAME)]
    for name in nameless:
        filled = frame.index[frame[name].str.strip() != ""]
        if len(filled):
            raise FileFormatError(
                f"column {name[1:]} has no name in the header, but content", where=str(path), fix="Name or remove it"
            )
    return frame.drop(columns=nameless)


def _read_parquet(path: Path) -> TextTable:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises several kinds, all of which mean the same to a user
        raise FileFormatError("this is no readable Parquet file", where=str(path)) from error
    _check_names(path, [str(name).strip() for name in frame.columns])
    text = pd.DataFrame(
        {str(name).strip(): frame[name].astype("string").fillna("").str.strip().astype(object) for name in frame},
        index=range(len(frame)),
    )
    return _without_blank_rows(text, path, first_line=1)


def _without_blank_rows(frame: pd.DataFrame, path: Path, first_line: int) -> TextTable:
    import pandas as pd

    blank = pd.Series(len(frame.columns) > 0, index=frame.index)
    for name in frame.columns:
        blank &= frame[name] == ""
    if blank.all():
        raise FileFormatError("the table has a header but no rows", where=str(path))
    return TextTable(frame=frame[~blank], file=path.name, first_line=first_line)


def _not_this_encoding(path: Path, encoding: str, error: UnicodeDecodeError) -> FileFormatError:
    name = "UTF-8" if encoding.startswith("utf-8") else encoding
    byte = error.object[error.start] if error.start < len(error.object) else 0
    return FileFormatError(
        f"the text is not {name}: byte 0x{byte:02x} has no meaning there",
        where=str(path),
        fix="Save the table as UTF-8, or name its encoding with --encoding latin-1",
    )
