"""Copy-number alterations from cBioPortal's arm-level and GISTIC tables.

Arm-level: ``ENTITY_STABLE_ID, NAME, DESCRIPTION`` and one column a sample with Loss, Unchanged or Gain.
GISTIC: ``Hugo_Symbol[, Entrez_Gene_Id, Cytoband]`` and one column a sample with -2, -1, 0, 1 or 2.
(https://docs.cbioportal.org/file-formats)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import CellFault, UserError
from tumorboard.genomics.barcodes import SampleTable, patients_of_samples
from tumorboard.genomics.gene_table import GeneTable
from tumorboard.study.tables import LARGEST_FAULT_LIST, MISSING_SPELLINGS, TextTable, raise_faults, read_text_table

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_UNCALLED, _BAD = 100, 101

_NAME_COLUMNS = ("NAME", "Hugo_Symbol")
_OTHER_COLUMNS = frozenset({"ENTITY_STABLE_ID", "DESCRIPTION", "Entrez_Gene_Id", "Cytoband", "Locus ID"})
_CALLS = {"loss": -1, "unchanged": 0, "gain": 1} | {
    spelling: int(float(spelling)) for level in range(-2, 3) for spelling in (str(level), f"{level}.0")
}


def read_copy_number(
    path: Path,
    *,
    sample_table: SampleTable | None = None,
    profiled: frozenset[str] | None = None,
    encoding: str = "utf-8-sig",
) -> GeneTable:
    """Read each patient's losses and gains.

    Parameters
    ----------
    path : Path
        An arm-level or GISTIC table, plain or gzip.
    sample_table : mapping of str to (str, bool), optional
        Patient of each sample, and whether the sample is of the primary tumour; others are left out.
    profiled : frozenset of str, optional
        All patients whose copy number was measured; by default those with a call in the table. A patient all of whose
        cells are empty is not profiled, unless named here; a single empty cell is neither altered nor unchanged.
    encoding : str
        The text's encoding.

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
    import pandas as pd

    text = read_text_table(path, separator="\t", comment="#", encoding=encoding)
    name_column = next((name for name in _NAME_COLUMNS if name in text.frame.columns), None)
    samples = [name for name in text.frame.columns if name != name_column and name not in _OTHER_COLUMNS]
    if name_column is None or not samples:
        raise UserError(
            "this is neither an arm-level nor a GISTIC table",
            where=path.name,
            fix="It needs a column NAME or Hugo_Symbol and one column a sample",
        )
    raise_faults(
        [
            CellFault(text.file, row + text.first_line, name_column, "", "the name of a gene or arm")
            for row in text.frame.index[text.frame[name_column] == ""][:LARGEST_FAULT_LIST].tolist()
        ]
    )
    calls = _read_calls(text, samples)
    who = patients_of_samples(pd.Series(samples, dtype=object), sample_table or {})
    primary = who["primary"].to_numpy(dtype=bool)
    patients = who.loc[primary, "patient_id"].to_numpy(dtype=object)
    return _gene_table(calls[:, primary], text.frame[name_column].to_numpy(dtype=object), patients, profiled)


def _read_calls(text: TextTable, samples: list[str]) -> npt.NDArray[np.int8]:
    """Return the levels, genes by samples, and ``_UNCALLED`` for an empty cell."""
    import pandas as pd

    calls = np.empty((len(text.frame), len(samples)), dtype=np.int8)
    faults: list[CellFault] = []
    for k, sample in enumerate(samples):
        codes, spellings = pd.factorize(text.frame[sample])  # few spellings in many cells
        levels = np.array([_level(str(spelling)) for spelling in spellings], dtype=np.int8)
        calls[:, k] = levels[codes]
        bad = np.flatnonzero(calls[:, k] == _BAD)[: LARGEST_FAULT_LIST - len(faults)]
        faults += [
            CellFault(
                text.file,
                int(text.frame.index[row]) + text.first_line,
                sample,
                str(spellings[codes[row]]),
                "Loss, Unchanged, Gain, or -2 to 2",
            )
            for row in bad
        ]
    raise_faults(sorted(faults, key=lambda fault: fault.row or 0))
    return calls


def _level(spelling: str) -> int:
    lower = spelling.lower()
    return _UNCALLED if lower in MISSING_SPELLINGS else _CALLS.get(lower, _BAD)


def _gene_table(
    calls: npt.NDArray[np.int8],
    names: npt.NDArray[np.object_],
    patients: npt.NDArray[np.object_],
    profiled: frozenset[str] | None,
) -> GeneTable:
    import pandas as pd

    measured = frozenset(patients[(calls != _UNCALLED).any(axis=0)])
    row, column = np.nonzero((calls != _UNCALLED) & (calls != 0))
    level = calls[row, column].astype(int)
    direction = np.where(level < 0, " loss", " gain").astype(object)
    found = pd.DataFrame(
        {"patient_id": patients[column], "profile": "copy_number", "feature": names[row] + direction, "value": level}
    )
    # of several samples of a patient, the strongest call
    found = found.iloc[np.argsort(-np.abs(level), kind="stable")]
    found = found.drop_duplicates(["patient_id", "feature"]).sort_values(["patient_id", "feature"], ignore_index=True)
    everyone = measured if profiled is None else profiled | measured
    return GeneTable(found, {"copy_number": everyone}, _uncalled(calls, names, patients, everyone))


def _uncalled(
    calls: npt.NDArray[np.int8],
    names: npt.NDArray[np.object_],
    patients: npt.NDArray[np.object_],
    profiled: frozenset[str],
) -> pd.DataFrame | None:
    """Return what no sample of a profiled patient has a call for, or None where all is called."""
    import pandas as pd

    row, column = np.nonzero(calls == _UNCALLED)
    if not len(row):
        return None
    empty = pd.DataFrame({"patient_id": patients[column], "profile": "copy_number", "feature": names[row]})
    empty = empty[empty["patient_id"].isin(profiled)].drop_duplicates()
    concerned = np.isin(patients, empty["patient_id"].unique())
    row, column = np.nonzero((calls != _UNCALLED) & concerned)
    called = pd.MultiIndex.from_arrays([patients[column], names[row]])
    empty = empty[~pd.MultiIndex.from_frame(empty[["patient_id", "feature"]]).isin(called)]
    return empty.sort_values(["patient_id", "feature"], ignore_index=True) if len(empty) else None
