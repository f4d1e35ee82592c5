"""A user's own tables as patient records: ``patients.csv``, ``slides.csv``, ``scans.csv``, a MAF and copy numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.clinical.columns import CLINICAL_NAMES
from tumorboard.cohort.endpoints import OUTCOME_COLUMNS, endpoint_columns, time_column
from tumorboard.cohort.own_images import read_own_images
from tumorboard.cohort.records import RECORD_COLUMNS, Finding, PatientRecords
from tumorboard.errors import CellFault, StudyError, UserError
from tumorboard.genomics import GeneTable, read_copy_number, read_maf
from tumorboard.genomics.gene_table import Profile
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import ENDPOINTS, Endpoint
from tumorboard.study.tables import (
    LARGEST_FAULT_LIST,
    Column,
    FlagColumn,
    TextTable,
    check_columns,
    find_duplicates,
    parse_columns,
    raise_faults,
    read_text_table,
)

if TYPE_CHECKING:
    import pandas as pd

_PROFILED = (FlagColumn("mutations_profiled"), FlagColumn("copy_number_profiled"))
_PLAIN_OUTCOME = (time_column("time_months"), FlagColumn("event"))
_PATIENT_COLUMNS: tuple[Column, ...] = (*RECORD_COLUMNS, *_PLAIN_OUTCOME, *_PROFILED, Column("proxies"))


def read_own_tables(folder: StudyFolder, endpoint: Endpoint, *, encoding: str = "utf-8-sig") -> PatientRecords:
    """Read the tables of a study folder.

    Parameters
    ----------
    folder : StudyFolder
        The study; ``patients.csv`` (or ``.tsv``, ``.parquet``) must be there, all other tables may be missing.
    endpoint : {"DSS", "OS", "PFS"}
        What plain columns ``time_months`` and ``event`` stand for.
    encoding : str
        The tables' text encoding.

    Raises
    ------
    StudyError
        Where there is no table of patients.
    TableError
        With every bad cell of the tables of patients, slides and scans; or of the first gene table that has any.
    """
    path = folder.own_table("patients")
    if path is None:
        raise StudyError(
            "there is no patients.csv",
            where=str(folder.root),
            fix="Put one there, or name a folder of cBioPortal files with --tables",
        )
    findings: list[Finding] = []
    records, faults = _read_patients(path, endpoint, encoding, findings)
    known = frozenset(records["patient_id"].dropna())
    images = read_own_images(folder, known, encoding=encoding, beside=faults)
    genes, gene_paths = _read_genes(folder, records, path.name, encoding)
    records = images.marked(records).drop(columns=["_row", *(column.name for column in _PROFILED)])
    return PatientRecords(records, genes, findings, [path, *images.inputs, *gene_paths])


def _read_patients(
    path: Path, endpoint: Endpoint, encoding: str, findings: list[Finding]
) -> tuple[pd.DataFrame, list[CellFault]]:
    text = read_text_table(path, encoding=encoding)
    unread = check_columns(text, _PATIENT_COLUMNS)
    if unread:
        findings.append(Finding("left out", ", ".join(unread), 0, f"{path.name} has columns that are not read"))
    faults = find_duplicates(text)
    records, bad = parse_columns(text, _PATIENT_COLUMNS)
    faults += bad
    time_name, event_name = endpoint_columns(endpoint)
    if {"time_months", "event"} & set(text.frame.columns):
        clash = {time_name, event_name} & set(text.frame.columns)
        if clash:
            raise StudyError(
                f"both 'time_months' and '{min(clash)}' are given", where=path.name, fix="Keep one of them"
            )
        records[time_name], records[event_name] = records["time_months"], records["event"]
    faults += [] if faults else _half_outcomes(text, records)
    faults.sort(key=lambda fault: fault.row or 0)
    records = records.assign(_row=records.index + text.first_line)
    records = records.drop(columns=["time_months", "event"])
    described = records[list(CLINICAL_NAMES)].notna().any(axis=1)
    records = records.assign(has_clinical=described, proxies=records["proxies"].fillna("")).reset_index(drop=True)
    return records, faults


def _half_outcomes(text: TextTable, records: pd.DataFrame) -> list[CellFault]:
    faults = []
    columns = set(text.frame.columns)
    for endpoint in ENDPOINTS:
        time_name, event_name = endpoint_columns(endpoint)
        for missing, present in ((time_name, event_name), (event_name, time_name)):
            rows = records.index[records[missing].isna() & records[present].notna()]
            empty, filled = (name if name in columns else name.split("_", 1)[1] for name in (missing, present))
            if len(rows) and empty not in columns:
                raise UserError(
                    f"there is a column {filled}, but none for the {empty} that belongs to it", where=text.file
                )
            faults += [
                CellFault(text.file, row + text.first_line, empty, "", f"a value, since the row has {filled}")
                for row in rows[:LARGEST_FAULT_LIST].tolist()
            ]
    return faults


def _read_genes(
    folder: StudyFolder, records: pd.DataFrame, patient_file: str, encoding: str
) -> tuple[GeneTable, list[Path]]:
    tables, paths = [], []
    maf = _first_of(folder.root, "mutations.maf")
    if maf:
        table = read_maf(maf, encoding=encoding).table
        tables.append(_with_flags(table, "mutations", maf, records, patient_file))
        paths.append(maf)
    copy_number = _first_of(folder.root, "copy_number.tsv")
    if copy_number:
        flagged = frozenset(records.loc[records["copy_number_profiled"] == 1, "patient_id"])
        table = read_copy_number(copy_number, profiled=flagged, encoding=encoding)
        tables.append(_with_flags(table, "copy_number", copy_number, records, patient_file))
        paths.append(copy_number)
    return GeneTable.joined(tables), paths


def _first_of(root: Path, name: str) -> Path | None:
    return next((path for path in (root / name, root / f"{name}.gz") if path.is_file()), None)


def _with_flags(table: GeneTable, profile: Profile, path: Path, records: pd.DataFrame, patient_file: str) -> GeneTable:
    """Add the patients who are flagged as profiled; those flagged as not profiled may not be in the file."""
    column = f"{profile}_profiled"
    found = table.profiled[profile]
    denied = records[(records[column] == 0) & records["patient_id"].isin(found)]
    raise_faults(
        [
            CellFault(patient_file, int(row), column, "0", f"1, since {path.name} has {patient}")
            for row, patient in zip(denied["_row"], denied["patient_id"], strict=True)
        ]
    )
    flagged = frozenset(records.loc[records[column] == 1, "patient_id"])
    return replace(table, profiled={profile: found | flagged})


__all__ = ["OUTCOME_COLUMNS", "read_own_tables"]
