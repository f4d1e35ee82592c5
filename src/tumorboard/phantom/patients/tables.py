"""A simulated cohort as files: the tables of a study folder, and the truth beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.phantom.patients.cohort import SimulatedCohort
from tumorboard.phantom.patients.hazard import formula
from tumorboard.phantom.patients.oracles import oracle
from tumorboard.study.files import write_json, write_whole

if TYPE_CHECKING:
    import pandas as pd

TRUTH = "truth"


def write_tables(cohort: SimulatedCohort, folder: Path) -> None:
    """Write a cohort's tables, each whole under a temporary name first.

    ``patients.csv``, ``mutations.maf``, ``copy_number.tsv`` (arms) and ``data_cna.txt`` (single genes, cBioPortal's
    GISTIC layout) as a study has them; ``truth/factors.csv``, ``truth/hazard.json`` (the formula and its coefficients)
    and ``truth/oracle.json`` (what Cox models of the true factors reach).

    Parameters
    ----------
    cohort : SimulatedCohort
        The patients.
    folder : Path
        The study folder; made where missing.
    """
    _write_csv(folder / "patients.csv", cohort.clinical)
    _write_csv(folder / "mutations.maf", cohort.mutations, separator="\t")
    _write_wide(folder / "copy_number.tsv", cohort.copy_number)
    _write_wide(folder / "data_cna.txt", cohort.gene_copy_number)
    _write_csv(folder / TRUTH / "factors.csv", cohort.truth)
    write_json(folder / TRUTH / "hazard.json", formula())
    write_json(folder / TRUTH / "oracle.json", oracle(cohort))


def _write_csv(path: Path, frame: pd.DataFrame, separator: str = ",") -> None:
    write_whole(path, lambda temporary: frame.to_csv(temporary, sep=separator, index=False, lineterminator="\n"))


def _write_wide(path: Path, frame: pd.DataFrame) -> None:
    """Write a table with few rows and maybe a million columns, a row at a time."""

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write("\t".join(map(str, frame.columns)) + "\n")
            for row in range(len(frame)):
                file.write("\t".join(map(str, frame.iloc[row])) + "\n")

    write_whole(path, write)
