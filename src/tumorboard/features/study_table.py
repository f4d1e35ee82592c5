"""``features.csv``: which files of features stand in for which modality of which patient."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from tumorboard.errors import CellFault
from tumorboard.features.reading.files import SUFFIXES, is_known
from tumorboard.features.reading.statement import LARGEST_MPP, SMALLEST_MPP, Statement
from tumorboard.study.files import StudyFolder
from tumorboard.study.tables import (
    CategoryColumn,
    Column,
    NumberColumn,
    TextTable,
    check_columns,
    parse_columns,
    raise_faults,
    read_text_table,
)

if TYPE_CHECKING:
    import pandas as pd

FeatureModality = Literal["tiles_10x", "tiles_5x", "scan"]
FEATURE_MODALITIES: tuple[FeatureModality, ...] = get_args(FeatureModality)

COLUMNS = (
    Column("patient_id", required=True, filled=True),
    Column("path", required=True, filled=True),
    CategoryColumn("modality", required=True, filled=True, spellings={name: name for name in FEATURE_MODALITIES}),
    NumberColumn("slide_mpp", unit="µm per pixel of level 0", low=SMALLEST_MPP, high=LARGEST_MPP),
    NumberColumn("tile_mpp", unit="µm per pixel of the tiles", low=SMALLEST_MPP, high=LARGEST_MPP),
    Column("extractor"),
)
"""The columns of ``features.csv``."""


@dataclass(frozen=True)
class FeatureFile:
    """One row of ``features.csv``.

    Parameters
    ----------
    patient_id : str
    path : Path
        The file; relative paths are relative to the study folder.
    modality : str
        ``tiles_10x``, ``tiles_5x`` or ``scan``: whose images the features stand in for.
    stated : Statement
        What the row states of the file.
    """

    patient_id: str
    path: Path
    modality: FeatureModality
    stated: Statement


def read_feature_files(
    folder: StudyFolder, patients: Collection[str] | None, *, encoding: str = "utf-8-sig", keep_first: bool = False
) -> list[FeatureFile]:
    """Read ``features.csv`` (or ``.tsv``, ``.parquet``) of a study.

    Parameters
    ----------
    folder : StudyFolder
    patients : collection of str or None
        The patients of the patient table; None where they were held against it before.
    encoding : str
        The table's text encoding.
    keep_first : bool
        See :class:`~tumorboard.features.reading.Statement`.

    Returns
    -------
    list of FeatureFile
        In the order of modality, patient and row; empty where there is no such table.

    Raises
    ------
    TableError
        With every bad cell: an unknown patient or modality, a file that is not there or of no known kind, a row that
        stands twice.
    UserError
        A column is missing or its name is a slip.
    """
    path = folder.own_table("features")
    if path is None:
        return []
    text = read_text_table(path, encoding=encoding)
    check_columns(text, COLUMNS)
    table, faults = parse_columns(text, COLUMNS)
    if patients is not None:
        faults += _strangers(text, table, frozenset(patients))
    faults += _unreadable(text, table, folder.root)
    faults += _repeated(text, table)
    raise_faults(sorted(faults, key=lambda fault: fault.row or 0))
    rows = [_to_file(_filled(row), folder.root, keep_first) for row in table.to_dict("records")]
    return sorted(rows, key=lambda row: (FEATURE_MODALITIES.index(row.modality), row.patient_id))


def _filled(row: dict[Hashable, Any]) -> dict[str, Any]:
    import pandas as pd

    return {str(name): value for name, value in row.items() if pd.notna(value)}


def _to_file(row: dict[str, Any], root: Path, keep_first: bool) -> FeatureFile:
    stated = Statement(
        slide_mpp=row.get("slide_mpp"),
        tile_mpp=row.get("tile_mpp"),
        extractor=row.get("extractor"),
        keep_first=keep_first,
    )
    return FeatureFile(row["patient_id"], root / row["path"], row["modality"], stated)


def _strangers(text: TextTable, table: pd.DataFrame, patients: frozenset[str]) -> list[CellFault]:
    rows = table.index[table["patient_id"].notna() & ~table["patient_id"].isin(patients)]
    return [_fault(text, row, "patient_id", "a patient of the patient table") for row in rows.tolist()]


def _unreadable(text: TextTable, table: pd.DataFrame, root: Path) -> list[CellFault]:
    faults = []
    filled = table["path"].dropna()
    for row, value in zip(filled.index.tolist(), filled, strict=True):
        if not is_known(Path(value)):
            faults.append(_fault(text, row, "path", f"a file that ends in {', '.join(SUFFIXES)}"))
        elif not (root / value).is_file():
            faults.append(_fault(text, row, "path", "a file that exists, from the study folder on"))
    return faults


def _repeated(text: TextTable, table: pd.DataFrame) -> list[CellFault]:
    keys = table[["patient_id", "path", "modality"]]
    rows = table.index[keys.duplicated() & keys.notna().all(axis=1)]
    return [_fault(text, row, "path", "each file once for a patient and modality") for row in rows.tolist()]


def _fault(text: TextTable, row: int, column: str, allowed: str) -> CellFault:
    return CellFault(text.file, row + text.first_line, column, str(text.frame.at[row, column]), allowed)
