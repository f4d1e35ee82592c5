"""Writing a cohort into its study folder and reading it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard import __version__
from tumorboard.cohort.build import Cohort
from tumorboard.cohort.flow_figure import draw_flow
from tumorboard.cohort.folds import check_folds
from tumorboard.errors import StudyError
from tumorboard.genomics import GeneTable
from tumorboard.study.files import StudyFolder, read_stage_table, write_json, write_parquet, write_text, write_whole
from tumorboard.study.log import append_log, fingerprint
from tumorboard.study.settings import settings_template

if TYPE_CHECKING:
    import pandas as pd

MADE_BY = "tumorboard cohort STUDY"


def write_cohort(folder: StudyFolder, cohort: Cohort) -> None:
    """Write a cohort's files, each whole; ``study.toml`` is written only where there is none.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    cohort : Cohort
        The cohort.
    """
    if not folder.settings.exists():
        write_text(folder.settings, settings_template(cohort.settings))
    inputs = fingerprint(cohort.inputs)
    summary = cohort.summary()
    write_parquet(folder.cohort, cohort.patients)
    write_parquet(folder.genes, cohort.genes.to_frame())
    if cohort.folds is None:
        folder.folds.unlink(missing_ok=True)
    else:
        write_parquet(folder.folds, cohort.folds)
    if cohort.series is None:
        folder.archive_series.unlink(missing_ok=True)
    else:
        write_parquet(folder.archive_series, cohort.series)
    write_whole(folder.cohort_flow, lambda path: draw_flow(cohort.flow, summary, path))
    record = {"tumorboard": __version__, "settings": cohort.settings.model_dump(mode="json"), "inputs": inputs}
    write_json(folder.cohort_record, record | summary)
    append_log(
        folder, "cohort", inputs=inputs, counts={"patients": cohort.flow.patients, "eligible": len(cohort.patients)}
    )


def read_cohort(folder: StudyFolder) -> pd.DataFrame:
    """Read ``cohort.parquet``.

    Raises
    ------
    StudyError
        Where it is missing, unreadable, or a patient stands in it twice.
    """
    patients = read_stage_table(folder.cohort, MADE_BY)
    doubled = int(patients["patient_id"].duplicated().sum())
    if doubled:
        raise StudyError(
            f"{doubled} patients stand twice in cohort.parquet", where=str(folder.root), fix=f"Run: {MADE_BY}"
        )
    return patients


def read_genes(folder: StudyFolder) -> GeneTable:
    """Read ``genes.parquet``."""
    return GeneTable.from_frame(read_stage_table(folder.genes, MADE_BY))


def read_folds(folder: StudyFolder, patients: pd.DataFrame, *, by_site: bool) -> pd.DataFrame:
    """Read ``folds.parquet`` and check that nobody is on both sides.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    patients : DataFrame
        The cohort.
    by_site : bool
        Whether the folds must keep sites apart.

    Raises
    ------
    StudyError
        Where a patient or site is on both sides, or the folds are not of these patients.
    """
    folds = read_stage_table(folder.folds, MADE_BY)
    check_folds(folds, patients if by_site else None)
    known = set(patients.loc[patients["time_months"].notna(), "patient_id"])
    if set(folds["patient_id"]) != known:
        raise StudyError(
            "folds.parquet is not of the patients of cohort.parquet", where=str(folder.root), fix=f"Run: {MADE_BY}"
        )
    return folds
