"""Copy-number alterations from cBioPortal's arm-level and GISTIC tables.

Arm-level: ``ENTITY_STABLE_ID, NAME, DESCRIPTION`` and one column a sample with Loss, Unchanged or Gain.
GISTIC: ``Hugo_Symbol[, Entrez_Gene_Id, Cytoband]`` and one column a sample with -2, -1, 0, 1 or 2.
(https://docs.cbioportal.org/file-formats)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault, UserError
from tumorboard.genomics.barcodes import patients_of_samples
from tumorboard.genomics.gene_table import GeneTable
from tumorboard.study.tables import LARGEST_FAULT_LIST, MISSING_SPELLINGS, TextTable, raise_faults, read_text_table

if TYPE_CHECKING:
    import pandas as pd

_NAME_COLUMNS = ("NAME", "Hugo_Symbol")
_OTHER_COLUMNS = frozenset({"ENTITY_STABLE_ID", "DESCRIPTION", "Entrez_Gene_Id", "Cytoband", "Locus ID"})
_CALLS = {"loss": -1, "unchanged": 0, "gain": 1} | {
    spelling: int(float(spelling)) for level in range(-2, 3) for spelling in (str(level), f"{level}.0")
}


def read_copy_number(
    path: Path, *, sample_table: Mapping[str, str] | None = None, profiled: frozenset[str] | None = None
) -> GeneTable:
    """Read each patient's losses and gains.

    Parameters
    ----------
    path : Path
        An arm-level or GISTIC table, plain or gzip.
    sample_table : mapping of str to str, optional
        Patient of each sample.
    profiled : frozenset of str, optional
        All patients whose copy number was measured; by default those with a call in the table.

    Returns
    -------
    GeneTable
        Features such as "3p loss"; any level below 0 is a loss, above 0 a gain.

    Raises
    ------
    UserError
        For a table that is neither kind.
    TableError
        For cells that are no call.
    """
    text = read_text_table(path, separator="\t", comment="#")
    name_column = next((name for name in _NAME_COLUMNS if name in text.frame.columns), None)
    samples = [name for name in text.frame.columns if name != name_column and name not in _OTHER_COLUMNS]
    if name_column is None or not samples:
        raise UserError(
            "this is neither an arm-level nor a GISTIC table",
            where=path.name,
            fix="It needs a column NAME or Hugo_Symbol and one column a sample",
        )
    calls = _long_calls(text, name_column, samples)
    who = patients_of_samples(calls["sample"], sample_table or {})
    calls = calls.assign(patient_id=who["patient_id"])[who["primary"]]
    measured = frozenset(calls["patient_id"])
    altered = calls[calls["value"] != 0]
    direction = altered["value"].map(lambda value: "loss" if value < 0 else "gain")
    found = altered.assign(profile="copy_number", feature=altered["name"].str.cat(direction, sep=" "))
    found = found[["patient_id", "profile", "feature", "value"]].drop_duplicates(
        ["patient_id", "feature"], ignore_index=True
    )
    return GeneTable(found, {"copy_number": measured if profiled is None else profiled | measured})


def _long_calls(text: TextTable, name_column: str, samples: list[str]) -> pd.DataFrame:
    wide = text.frame[[name_column, *samples]].rename(columns={name_column: "name"})
    calls = wide.reset_index(names="row").melt(["row", "name"], var_name="sample", value_name="call")
    lower = calls["call"].str.lower()
    calls = calls.assign(value=lower.map(_CALLS))
    empty = lower.isin(MISSING_SPELLINGS)
    bad = calls[calls["value"].isna() & ~empty].head(LARGEST_FAULT_LIST)
    allowed = "Loss, Unchanged, Gain, or -2 to 2"
    cells = zip(bad["row"].tolist(), bad["sample"], bad["call"], strict=True)
    raise_faults([CellFault(text.file, row + text.first_line, sample, call, allowed) for row, sample, call in cells])
    return calls[~empty].astype({"value": int})
