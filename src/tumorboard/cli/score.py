"""``tumorboard score``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.errors import SettingsError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from tumorboard.clinical import ScoreResult, ScoreSettings, TableScores
    from tumorboard.study.tables import TextTable

_SHOWN_PATIENTS = 30
_SHOWN_NOTES = 8
_WIDTH_OF_FILES = 150
_SHORT = {
    "intermediate": "int",
    "met-intermediate": "met-int",
    "favourable": "fav",
    "unfavourable": "unfav",
}


def score(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, TSV or Parquet; one row a patient.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one record a patient as JSON.")] = False,
    nx_as_n0: Annotated[bool, typer.Option("--nx-as-n0", help="Take NX as N0, and list n as a proxy.")] = False,
    mx_as_m0: Annotated[bool, typer.Option("--mx-as-m0", help="Take MX as M0, and list m as a proxy.")] = False,
    ssign_pt4: Annotated[
        int, typer.Option("--ssign-pt4", metavar="0|4", help="Points of pT4 in SSIGN; sources disagree.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="Also write every patient's scores to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --out replace a file.")] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="The table's text encoding.")] = "utf-8",
) -> None:
    """Compute the clinical scores of a table of patients.

    UISS, SSIGN, Leibovich 2003, GRANT, ASSURE, IMDC, MSKCC, AJCC 8 stage.
    An input that is unknown gives an interval of points and every possible
    group, and is named. Only the column patient_id is required.

    Example: tumorboard score patients.csv

    Example: tumorboard score patients.csv --nx-as-n0 --out scores.csv
    """
    from tumorboard.clinical import ScoreSettings

    settings = ScoreSettings(nx_as_n0=nx_as_n0, mx_as_m0=mx_as_m0, ssign_pt4_points=ssign_pt4)
    if out is not None:
        _check_target(out, table, force=force)
    scores, unread = _score_file(table, settings, encoding)
    if out is not None:
        _write(scores, out)
    if as_json:
        for line in _json_lines(scores):
            sys.stdout.write(line)
        return
    _print_report(scores, unread, out)


def _score_file(path: Path, settings: ScoreSettings, encoding: str) -> tuple[TableScores, list[str]]:
    from tumorboard.clinical import CLINICAL_COLUMNS, PROXIES, score_table
    from tumorboard.clinical.columns import PATIENT_ID
    from tumorboard.study.tables import check_columns, find_duplicates, parse_columns, raise_faults, read_text_table

    text = read_text_table(path, encoding=_known_encoding(encoding))
    columns = (PATIENT_ID, *CLINICAL_COLUMNS, PROXIES)
    unread = check_columns(text, columns)
    _refuse_swapped_letters(text, unread, [column.name for column in columns])
    frame, faults = parse_columns(text, columns)
    raise_faults(sorted(faults + find_duplicates(text), key=lambda fault: fault.row or 0))
    return score_table(frame, settings), unread


def _known_encoding(name: str) -> str:
    import codecs

    try:
        found = codecs.lookup(name).name
        " ".encode(found)
    except (LookupError, UnicodeError):
        raise SettingsError(f"{name!r} is no text encoding", where="--encoding", fix="Try utf-8 or latin-1") from None
    return "utf-8-sig" if found == "utf-8" else found


def _refuse_swapped_letters(text: TextTable, unread: list[str], known: list[str]) -> None:
    """Refuse a name with two letters swapped, such as ``ecgo``: too short for the check of all tables to see."""
    absent = [name for name in known if name not in text.frame.columns]
    for name in unread:
        meant = next((other for other in absent if sorted(other) == sorted(name.lower())), None)
        if meant:
            raise UserError(
                f"the column {name!r} is unknown",
                where=text.file,
                fix=f"Did you mean {meant!r}? Rename it, or remove it",
            )


def _check_target(out: Path, table: Path, *, force: bool) -> None:
    if out.suffix.lower() != ".csv":
        raise SettingsError(f"{out.name!r} does not end in .csv", where="--out", fix="The scores are written as CSV")
    if not out.parent.is_dir():
        raise SettingsError(f"there is no folder {str(out.parent)!r}", where="--out", fix="Make it first")
    if out.is_dir():
        raise SettingsError(f"{str(out)!r} is a folder", where="--out", fix="Name a file")
    if out.exists() and table.exists() and out.samefile(table):
        raise SettingsError(f"{str(out)!r} is the table itself", where="--out", fix="Name another file")
    if out.exists() and not force:
        raise SettingsError(f"{str(out)!r} exists", where="--out", fix="Name another file, or add --force")


def _write(scores: TableScores, out: Path) -> None:
    from tumorboard.study.files import write_whole

    answer = scores.to_text()
    try:
        write_whole(out, lambda part: answer.to_csv(part, index=False, encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{str(out)!r} cannot be written: {error.strerror}", where="--out") from error


def _json_lines(scores: TableScores) -> Iterator[str]:
    # one record a line, for a million of them would not fit into one string
    before = "[\n"
    for record in scores.records():
        yield before + json.dumps(record, allow_nan=False)
        before = ",\n"
    yield "\n]\n"


def _print_report(scores: TableScores, unread: list[str], out: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_FILES)
    console.print(_table_of_patients(scores, console))
    lines = ["–  the score is not for this patient"]
    if len(scores) > _SHOWN_PATIENTS:
        lines.append(f"… and {len(scores) - _SHOWN_PATIENTS} more; --out FILE.csv writes all")
    lines += ["", *_missing_lines(scores), *_note_lines(scores), ""]
    if unread:
        lines.append(f"Columns that were not read: {', '.join(unread)}")
    if out is not None:
        lines.append(f"Written: {out}")
    for line in [*lines, RESEARCH_USE_ONLY]:
        console.print(Text(_printable(line, console)), soft_wrap=True)


def _table_of_patients(scores: TableScores, console: Console) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from tumorboard.clinical import SCORES

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, safe_box=True)
    for heading in ("Patient", *(score.title for score in SCORES)):
        table.add_column(heading)
    shown = min(len(scores), _SHOWN_PATIENTS)
    for row, patient_id in enumerate(scores.patient_ids.iloc[:shown]):
        results = scores.patient(row)
        cells = [str(patient_id), *(_cell(results[score.name]) for score in SCORES)]
        table.add_row(*(Text(_printable(cell, console)) for cell in cells))
    return table


def _cell(result: ScoreResult) -> str:
    if not result.applies:
        return "–"
    ends = dict.fromkeys(_SHORT.get(group, group) for group in (result.group[0], result.group[-1]))
    group = " to ".join(ends)
    if result.points is None:
        return group
    points = "–".join(dict.fromkeys(f"{points:g}" for points in result.points))
    return f"{points} {group}" if group[0].isalpha() else f"{points} ({group})"


def _missing_lines(scores: TableScores) -> Iterator[str]:
    from tumorboard.clinical import SCORES

    titles = {score.name: score.title for score in SCORES}
    counts = scores.count_missing()
    if not counts:
        yield "Nothing is missing: every score is exact."
        return
    yield f"Missing, and able to change a score (of {len(scores)} patients):"
    for name, by_score in sorted(counts.items(), key=lambda item: -max(item[1].values())):
        told = ", ".join(f"{titles[score]} {patients}" for score, patients in by_score.items())
        yield f"  {name}: {told}"


def _note_lines(scores: TableScores) -> Iterator[str]:
    notes = list(scores.count_notes().items())
    if notes:
        yield ""
        yield "Notes:"
    for note, patients in notes[:_SHOWN_NOTES]:
        yield f"  {note} ({patients} {'patient' if patients == 1 else 'patients'})"
    if len(notes) > _SHOWN_NOTES:
        yield f"  … and {len(notes) - _SHOWN_NOTES} more; --json or --out tells all"


def _printable(text: str, console: Console) -> str:
    """Return text that the terminal's encoding can show."""
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        plain = text.replace("–", "-").replace("…", "...")
        return plain.encode(console.encoding, "replace").decode(console.encoding)
    return text
