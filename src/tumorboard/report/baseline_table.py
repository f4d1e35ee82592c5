"""Baseline characteristics of the patients, with what is missing counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.clinical import ScoreSettings, scores_frame

if TYPE_CHECKING:
    import pandas as pd

_STAGES = {1: "I", 2: "II", 3: "III", 4: "IV"}


@dataclass(frozen=True)
class BaselineRow:
    """One row of the table.

    Parameters
    ----------
    label : str
        The characteristic, or one of its values.
    cells : tuple of str
        One a column; empty in a heading.
    within : bool
        Whether it is a value of the heading above.
    """

    label: str
    cells: tuple[str, ...]
    within: bool


@dataclass(frozen=True)
class BaselineTable:
    """Baseline characteristics.

    Parameters
    ----------
    columns : tuple of str
        The groups of patients, with their number.
    rows : tuple of BaselineRow
        From top to bottom.
    """

    columns: tuple[str, ...]
    rows: tuple[BaselineRow, ...]


def baseline_table(patients: pd.DataFrame) -> BaselineTable:
    """Count the characteristics of the eligible, of those with a known endpoint, and of those with the event.

    Parameters
    ----------
    patients : DataFrame
        The rows of ``cohort.parquet``.
    """
    patients = patients.assign(stage=_stage(patients))
    groups = {
        "eligible": patients,
        "endpoint known": patients[patients["time_months"].notna()],
        "with the event": patients[patients["event"] == 1],
    }
    tables = list(groups.values())
    rows = _measured("Age, years", "age_years", tables)
    rows += _counted("Sex", "sex", tables)
    for label, column in (("T", "t"), ("N", "n"), ("M", "m")):
        rows += _counted(label, column, tables, prefix=label)
    rows += _counted("Grade", "grade", tables)
    rows += _counted("Grading system", "grade_system", tables)
    rows += _counted("Stage (AJCC 8, NX as N0, MX as M0)", "stage", tables)
    rows += _measured("Tumour size, cm", "size_cm", tables, digits=1)
    rows += _measured("Follow-up or time to the event, months", "time_months", tables, digits=1)
    return BaselineTable(tuple(f"{name} (n = {len(table)})" for name, table in groups.items()), tuple(rows))


def _stage(patients: pd.DataFrame) -> pd.Series:
    scores = scores_frame(patients, ScoreSettings(nx_as_n0=True, mx_as_m0=True))
    exact = scores["stage_min"].where(scores["stage_min"] == scores["stage_max"])
    exact.index = patients.index
    return exact.map(_STAGES)


def _measured(label: str, column: str, tables: list[pd.DataFrame], digits: int = 0) -> list[BaselineRow]:
    quartiles = []
    for table in tables:
        known = table[column].dropna()
        middle = [f"{known.quantile(share):.{digits}f}" for share in (0.5, 0.25, 0.75)] if len(known) else []
        quartiles.append(f"{middle[0]} ({middle[1]} to {middle[2]})" if middle else "none known")
    return [
        BaselineRow(label, ("",) * len(tables), False),
        BaselineRow("median (quartiles)", tuple(quartiles), True),
        _missing(column, tables),
    ]


def _counted(label: str, column: str, tables: list[pd.DataFrame], prefix: str = "") -> list[BaselineRow]:
    values = sorted({str(value) for value in tables[0][column].dropna()})
    rows = [BaselineRow(label, ("",) * len(tables), False)]
    for value in values:
        text = f"{prefix}{value.upper() if value == 'x' else value}"
        rows.append(BaselineRow(text, tuple(_share(table[column], value) for table in tables), True))
    return [*rows, _missing(column, tables)]


def _share(column: pd.Series, value: str) -> str:
    known = column.dropna()
    count = int((known.astype(str) == value).sum())
    return f"{count} ({100 * count / len(known):.0f} %)" if len(known) else "0"


def _missing(column: str, tables: list[pd.DataFrame]) -> BaselineRow:
    return BaselineRow("missing", tuple(str(int(table[column].isna().sum())) for table in tables), True)
