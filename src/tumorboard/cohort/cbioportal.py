"""A cBioPortal study's files as patient records (https://docs.cbioportal.org/file-formats).

Reads ``data_clinical_patient.txt`` and ``data_clinical_sample.txt``, and where present a MAF, arm-level or GISTIC copy
numbers and the case lists of who was profiled, each plain or gzip. For TCGA a table of the original clinical forms
(``clinical_bcr.tsv``) adds what cBioPortal lacks.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.cohort.bcr import BCR_TABLE, read_bcr, supplement
from tumorboard.cohort.endpoints import endpoint_columns
from tumorboard.cohort.records import RECORD_COLUMNS, Finding, PatientRecords
from tumorboard.errors import FileFormatError, StudyError, UserError
from tumorboard.genomics import GeneTable, read_copy_number, read_maf
from tumorboard.genomics.barcodes import SampleTable, patients_of_samples, site_of_barcode
from tumorboard.study.settings import ENDPOINTS
from tumorboard.study.tables import (
    MISSING_SPELLINGS,
    TextTable,
    find_duplicates,
    parse_columns,
    raise_faults,
    read_text_table,
)

if TYPE_CHECKING:
    import pandas as pd

_PATIENT_COLUMNS = {
    "PATIENT_ID": "patient_id", "AGE": "age_years", "SEX": "sex", "PATH_T_STAGE": "t", "PATH_N_STAGE": "n",
    "PATH_M_STAGE": "m", "AJCC_STAGING_EDITION": "tnm_edition", "GRADE": "grade",
}  # fmt: skip
_FILE_COLUMNS = {ours: theirs for theirs, ours in _PATIENT_COLUMNS.items()} | {
    name: f"{endpoint}_{theirs}"
    for endpoint in ENDPOINTS
    for name, theirs in zip(endpoint_columns(endpoint), ("MONTHS", "STATUS"), strict=True)
}
_HISTOLOGY = {"CCRCC": "clear cell", "CHRCC": "favourable"}
"""OncoTree codes (oncotree.mskcc.org) that say the histology without doubt; papillary's type is not in the code."""

_MAF_FILES = ("data_mutations.txt", "data_mutations_extended.txt", "data_mutations_mskcc.txt")
_COPY_NUMBER_FILES = ("data_armlevel_cna.txt", "data_cna.txt", "data_CNA.txt")


def read_cbioportal(folder: Path, *, encoding: str = "utf-8-sig") -> PatientRecords:
    """Read a folder of cBioPortal study files.

    Parameters
    ----------
    folder : Path
        The folder; ``data_clinical_patient.txt`` must be there.
    encoding : str
        The files' text encoding.

    Raises
    ------
    StudyError
        Where the folder or the patient table is missing.
    TableError
        For bad cells.
    """
    patient_path = _find(folder, ("data_clinical_patient.txt",))
    if patient_path is None:
        raise StudyError(
            "there is no data_clinical_patient.txt", where=str(folder), fix="Give --tables the study's folder"
        )
    samples, sample_path = _read_samples(folder, encoding)
    records = _read_patients(patient_path, samples, encoding)
    genes, gene_paths, findings = _read_genes(folder, _sample_table(samples), encoding)
    inputs = [path for path in (patient_path, sample_path, *gene_paths) if path]
    bcr_path = _find(folder, (BCR_TABLE,))
    if bcr_path:
        records, conflicts = supplement(records, read_bcr(bcr_path, encoding=encoding))
        findings += conflicts
        inputs.append(bcr_path)
    return PatientRecords(records, genes, findings + _half_known(records), inputs)


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _read_samples(folder: Path, encoding: str) -> tuple[pd.DataFrame, Path | None]:
    import pandas as pd

    path = _find(folder, ("data_clinical_sample.txt",))
    columns = ["PATIENT_ID", "SAMPLE_ID", "GRADE", "SAMPLE_TYPE", "TISSUE_SOURCE_SITE_CODE", "ONCOTREE_CODE"]
    if path is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns}), None
    text = read_text_table(path, comment="#", encoding=encoding)
    _need(text, ("PATIENT_ID", "SAMPLE_ID"))
    raise_faults(find_duplicates(text, "SAMPLE_ID"))
    return text.frame.reindex(columns=columns, fill_value=""), path


def _need(text: TextTable, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in text.frame.columns]
    if missing:
        raise UserError(f"the column {missing[0]} is missing", where=text.file, fix="Is it a cBioPortal clinical file?")


def _read_patients(path: Path, samples: pd.DataFrame, encoding: str) -> pd.DataFrame:
    text = read_text_table(path, comment="#", encoding=encoding)
    _need(text, ("PATIENT_ID",))
    raise_faults(find_duplicates(text, "PATIENT_ID"))
    frame = text.frame.copy()
    first_sample = _one_sample_each(samples)
    for name in ("GRADE", "TISSUE_SOURCE_SITE_CODE", "ONCOTREE_CODE"):
        if name not in frame.columns:
            frame[name] = frame["PATIENT_ID"].map(first_sample[name]).fillna("")
    renamed = _rename(frame)
    records, faults = parse_columns(TextTable(renamed, text.file, text.first_line), RECORD_COLUMNS)
    raise_faults([replace(fault, column=_FILE_COLUMNS.get(fault.column, fault.column)) for fault in faults])
    return records.assign(has_clinical=True, proxies="").reset_index(drop=True)


def _one_sample_each(samples: pd.DataFrame) -> pd.DataFrame:
    primary_first = samples.assign(_other=~_is_primary(samples))
    return primary_first.sort_values(["_other", "SAMPLE_ID"]).drop_duplicates("PATIENT_ID").set_index("PATIENT_ID")


def _is_primary(samples: pd.DataFrame) -> pd.Series[bool]:
    kind = samples["SAMPLE_TYPE"].str.lower()
    return kind.str.startswith("primary") | kind.isin(MISSING_SPELLINGS)


def _sample_table(samples: pd.DataFrame) -> SampleTable:
    belongs = zip(samples["PATIENT_ID"], _is_primary(samples), strict=True)
    return dict(zip(samples["SAMPLE_ID"], belongs, strict=True))


def _rename(frame: pd.DataFrame) -> pd.DataFrame:
    renamed = frame.rename(columns=_PATIENT_COLUMNS)
    tcga = renamed["patient_id"].map(site_of_barcode)
    renamed["site"] = renamed["TISSUE_SOURCE_SITE_CODE"].where(
        renamed["TISSUE_SOURCE_SITE_CODE"] != "", tcga.fillna("")
    )
    # TCGA was graded before WHO/ISUP 2016
    renamed["grade_system"] = tcga.notna().map({True: "Fuhrman", False: ""})
    renamed["histology"] = renamed["ONCOTREE_CODE"].map(_HISTOLOGY).fillna("")
    if "tnm_edition" in renamed.columns:
        renamed["tnm_edition"] = renamed["tnm_edition"].str.replace(r"(?i)(st|nd|rd|th)$", "", regex=True)
    for endpoint in ENDPOINTS:
        time_name, event_name = endpoint_columns(endpoint)
        if {f"{endpoint}_STATUS", f"{endpoint}_MONTHS"} <= set(renamed.columns):
            renamed[event_name] = renamed[f"{endpoint}_STATUS"].str.replace(r":.*$", "", regex=True)
            renamed[time_name] = renamed[f"{endpoint}_MONTHS"]
    return renamed


def _read_genes(folder: Path, sample_table: SampleTable, encoding: str) -> tuple[GeneTable, list[Path], list[Finding]]:
    tables, paths, findings = [], [], []
    maf = _find(folder, _MAF_FILES)
    if maf:
        profiled = _case_list(folder, "sequenced", sample_table)
        reading = read_maf(maf, sample_table=sample_table, profiled=profiled, encoding=encoding)
        tables.append(reading.table)
        paths.append(maf)
        if reading.silent or reading.other_samples:
            findings.append(
                Finding(
                    "left out", "mutations", 0,
                    f"of {reading.variants} variants, {reading.silent} are silent and {reading.other_samples} "
                    "are of samples other than the primary tumour",
                )
            )  # fmt: skip
    copy_number = _find(folder, _COPY_NUMBER_FILES)
    if copy_number:
        profiled = _case_list(folder, "cna", sample_table)
        tables.append(read_copy_number(copy_number, sample_table=sample_table, profiled=profiled, encoding=encoding))
        paths.append(copy_number)
    return GeneTable.joined(tables), paths, findings


def _case_list(folder: Path, name: str, sample_table: SampleTable) -> frozenset[str] | None:
    import pandas as pd

    path = folder / "case_lists" / f"cases_{name}.txt"
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    found = next((line.partition(":")[2] for line in lines if line.startswith("case_list_ids:")), None)
    if found is None:
        raise FileFormatError("there is no line 'case_list_ids:'", where=str(path))
    who = patients_of_samples(pd.Series(found.split(), dtype=object), sample_table)
    return frozenset(who.loc[who["primary"], "patient_id"])


def _half_known(records: pd.DataFrame) -> list[Finding]:
    findings = []
    for endpoint in ENDPOINTS:
        time_name, event_name = endpoint_columns(endpoint)
        half = int((records[time_name].isna() != records[event_name].isna()).sum())
        if half:
            findings.append(
                Finding(
                    "incomplete",
                    endpoint.lower(),
                    half,
                    f"{endpoint} has a status or a time but not both: treated as unknown",
                )
            )
    return findings
