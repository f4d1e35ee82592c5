"""TCGA's original clinical forms (the Biospecimen Core Resource's table) as a supplement to cBioPortal.

They add ECOG, Karnofsky, laboratory values, the largest dimension and the percentage of necrosis. That percentage is of
the sampled block and not the coagulative necrosis of the diagnosis: necrosis read from it is marked a proxy.
The supplement fills what is empty and never replaces: where both sources have a value and disagree, cBioPortal's is
kept and the disagreement counted.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.clinical.columns import CLINICAL_NAMES
from tumorboard.cohort.records import RECORD_COLUMNS, Finding
from tumorboard.errors import UserError
from tumorboard.genomics.barcodes import site_of_barcode
from tumorboard.study.tables import (
    NumberColumn,
    TextTable,
    find_duplicates,
    parse_columns,
    raise_faults,
    read_text_table,
)

if TYPE_CHECKING:
    import pandas as pd

BCR_TABLE = "clinical_bcr.tsv"

_COLUMNS = {
    "bcr_patient_barcode": "patient_id", "gender": "sex", "age_at_initial_pathologic_diagnosis": "age_years",
    "neoplasm_histologic_grade": "grade", "pathologic_T": "t", "pathologic_N": "n", "pathologic_M": "m",
    "eastern_cancer_oncology_group": "ecog", "karnofsky_performance_score": "karnofsky",
    "hemoglobin_result": "haemoglobin", "serum_calcium_result": "calcium", "platelet_qualitative_result": "platelets",
    "lactate_dehydrogenase_result": "ldh", "maximum_tumor_dimension_cm": "size_cm",
}  # fmt: skip
_NECROSIS_PERCENT = NumberColumn("tumor_necrosis_percent", unit="%", low=0, high=100)


def read_bcr(path: Path, *, encoding: str = "utf-8-sig") -> pd.DataFrame:
    """Read the table of the original forms.

    Parameters
    ----------
    path : Path
        ``clinical_bcr.tsv``, plain or gzip.
    encoding : str
        The text's encoding.

    Returns
    -------
    DataFrame
        The columns of a patient record, and ``proxies``.

    Raises
    ------
    TableError
        For bad cells.
    """
    text = read_text_table(path, separator="\t", encoding=encoding)
    if "bcr_patient_barcode" not in text.frame.columns:
        raise UserError("the column bcr_patient_barcode is missing", where=path.name)
    raise_faults(find_duplicates(text, "bcr_patient_barcode"))
    renamed = text.frame.rename(columns=_COLUMNS)
    tcga = renamed["patient_id"].map(site_of_barcode)
    renamed["site"] = tcga.fillna("")
    renamed["grade_system"] = tcga.notna().map({True: "Fuhrman", False: ""})
    records, faults = parse_columns(
        TextTable(renamed, text.file, text.first_line), (*RECORD_COLUMNS, _NECROSIS_PERCENT)
    )
    theirs = {ours: name for name, ours in _COLUMNS.items()}
    raise_faults([replace(fault, column=theirs.get(fault.column, fault.column)) for fault in faults])
    percent = records.pop("tumor_necrosis_percent")
    records["necrosis"] = (percent > 0).astype(float).where(percent.notna())
    records["proxies"] = percent.notna().map({True: "necrosis", False: ""})
    return records.reset_index(drop=True)


def supplement(records: pd.DataFrame, extra: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Fill empty clinical cells of patients from a second table, and add patients that it alone has.

    Parameters
    ----------
    records, extra : DataFrame
        Patient records; ``extra`` may know further patients, who get ``has_clinical`` False.

    Returns
    -------
    records : DataFrame
        The supplemented records.
    conflicts : list of Finding
        One for each column in which the tables disagree.
    """
    import pandas as pd

    indexed, other = records.set_index("patient_id"), extra.set_index("patient_id")
    both = indexed.index.intersection(other.index)
    conflicts = []
    for name in CLINICAL_NAMES:
        mine, theirs = indexed.loc[both, name], other.loc[both, name]
        differ = int((mine.notna() & theirs.notna() & (mine != theirs) & ~_refines(mine, theirs)).sum())
        if differ:
            conflicts.append(
                Finding(
                    "conflict",
                    name,
                    differ,
                    f"{name} differs between the patient table and {BCR_TABLE}: the former is kept",
                )
            )
        indexed.loc[both, name] = mine.where(mine.notna(), theirs)
    took_necrosis = [patient for patient in both if other.at[patient, "proxies"] == "necrosis"]
    indexed.loc[took_necrosis, "proxies"] = "necrosis"
    only = other.loc[other.index.difference(indexed.index)].assign(has_clinical=False)
    joined = pd.concat([indexed, only]) if len(only) else indexed
    return joined.reset_index(), conflicts


def _refines(mine: pd.Series, theirs: pd.Series) -> pd.Series[bool]:
    """Whether one value only says more exactly what the other says, such as stage 1a and 1."""
    import pandas as pd

    a, b = mine.astype("string").fillna(""), theirs.astype("string").fillna("")
    agree = [x.startswith(y) or y.startswith(x) for x, y in zip(a, b, strict=True)]
    return pd.Series(agree, index=mine.index)
