"""A risk file: another program's out-of-fold risks.

Columns ``patient_id, time_months, event, risk`` and optionally ``fold``, ``repeat``, ``competing`` (1: died of
something else), ``call`` (1: predicted to die before the landmark) and predicted survival as ``survival_<months>``.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.cohort.endpoints import LONGEST_FOLLOW_UP_MONTHS
from tumorboard.errors import CellFault, UserError
from tumorboard.evaluation.predictions import Predictions, Probabilities
from tumorboard.study.tables import (
    Column,
    FlagColumn,
    NumberColumn,
    TextTable,
    check_columns,
    parse_columns,
    raise_faults,
    read_text_table,
)

if TYPE_CHECKING:
    import pandas as pd

MONTHS_PER_UNIT = {"months": 1.0, "days": 12 / 365.25, "years": 12.0}
"""How a unit of time becomes months."""

_SURVIVAL = re.compile(r"^survival_(\d+(?:\.\d+)?)$")


def read_risks(path: Path, *, time_unit: str = "months", encoding: str = "utf-8-sig") -> Predictions:
    """Read a risk file.

    Parameters
    ----------
    path : Path
        CSV, TSV or Parquet.
    time_unit : {"months", "days", "years"}
        What ``time_months`` is given in.
    encoding : str
        The text's encoding.

    Raises
    ------
    UserError
        For a missing column or an unknown unit.
    TableError
        With every bad cell: negative times, times that are days, events other than 0 and 1, risks that are no number, a
        patient who stands twice.
    """
    if time_unit not in MONTHS_PER_UNIT:
        raise UserError(
            f"{time_unit!r} is no unit of time", where="--time-unit", fix=f"Use {', '.join(MONTHS_PER_UNIT)}"
        )
    text = read_text_table(path, encoding=encoding)
    survival = sorted((name for name in text.frame.columns if _SURVIVAL.match(name)), key=_months)
    columns = _columns(text.frame.columns, survival, time_unit)
    check_columns(text, columns)
    table, faults = parse_columns(text, columns)
    faults += _repeated_patients(text) + _rising_survival(text, table, survival)
    raise_faults(sorted(faults, key=lambda fault: fault.row or 0))
    table = table.assign(time_months=table["time_months"] * MONTHS_PER_UNIT[time_unit]).reset_index(drop=True)
    table = table.assign(**{name: _labels(table[name]) for name in ("fold", "repeat") if name in table})
    return Predictions(path.stem, table.drop(columns=survival), _probabilities(table, survival))


def _columns(present: pd.Index[str], survival: list[str], time_unit: str) -> list[Column]:
    longest = LONGEST_FOLLOW_UP_MONTHS / MONTHS_PER_UNIT[time_unit]
    hint = "larger numbers are usually days: say so with --time-unit days" if time_unit == "months" else ""
    columns: list[Column] = [
        Column("patient_id", required=True, filled=True),
        NumberColumn("time_months", required=True, filled=True, unit=time_unit, low=0, high=longest, hint=hint),
        FlagColumn("event", required=True, filled=True),
        NumberColumn("risk", required=True, filled=True, hint="higher is worse"),
    ]
    optional: list[Column] = [
        Column("fold", filled=True),
        Column("repeat", filled=True),
        FlagColumn("competing", filled=True),
        FlagColumn("call", filled=True),
        *(NumberColumn(name, filled=True, unit="probability", low=0, high=1) for name in survival),
    ]
    return columns + [column for column in optional if column.name in present]


def _labels(column: pd.Series) -> pd.Series:
    """Whole numbers as numbers, so that fold 10 comes after fold 9; other labels as they are."""
    return column.astype(int) if column.str.fullmatch(r"\d{1,9}").all() else column


def _months(column: str) -> float:
    found = _SURVIVAL.match(column)
    return float(found.group(1)) if found else 0.0


def _repeated_patients(text: TextTable) -> list[CellFault]:
    keys = ["patient_id", "repeat"] if "repeat" in text.frame.columns else ["patient_id"]
    rows = text.frame.index[text.frame.duplicated(keys) & (text.frame["patient_id"] != "")]
    allowed = "each patient once" if len(keys) == 1 else "each patient once a repeat"
    return [
        CellFault(text.file, row + text.first_line, "patient_id", str(text.frame.at[row, "patient_id"]), allowed)
        for row in rows.tolist()[:1000]
    ]


def _rising_survival(text: TextTable, table: pd.DataFrame, survival: list[str]) -> list[CellFault]:
    return [
        CellFault(text.file, row + text.first_line, later, str(text.frame.at[row, later]), f"at most {earlier}")
        for earlier, later in pairwise(survival)
        for row in table.index[table[later] > table[earlier]].tolist()[:1000]
    ]


def _probabilities(table: pd.DataFrame, survival: list[str]) -> Probabilities | None:
    if not survival:
        return None
    times = np.asarray([_months(name) for name in survival])
    return Probabilities(times, table[survival].to_numpy(dtype=np.float64), "as given in the risk file")
