"""What became of the images that a study was given: prepared, without tiles or mask, not to be read."""

from __future__ import annotations

from dataclasses import dataclass

from tumorboard.errors import UserError
from tumorboard.study.files import StudyFolder
from tumorboard.study.text_table import read_text_table

_TABLES = (("slides", "slides"), ("scans", "scans, one a patient"))
_EMPTY = frozenset({"no tiles", "no mask"})


@dataclass(frozen=True)
class PreparedImages:
    """Slides, or patients' scans, by what became of them.

    Parameters
    ----------
    what : str
        In words.
    given : int
        As many as the study's table names, of the cohort's patients.
    prepared, empty, failed : int
        With pictures; without a good tile, or without a tumour's mask; not to be read.
    warned : int
        Of those prepared, with a warning.
    """

    what: str
    given: int
    prepared: int
    empty: int
    failed: int
    warned: int


def prepared_images(folder: StudyFolder) -> list[PreparedImages]:
    """Count what ``tumorboard prepare`` made of a study's slides and scans.

    Parameters
    ----------
    folder : StudyFolder

    Returns
    -------
    list of PreparedImages
        Empty where nothing was prepared.
    """
    return [found for name, what in _TABLES if (found := _counted(folder, name, what)) is not None]


def _counted(folder: StudyFolder, name: str, what: str) -> PreparedImages | None:
    path = folder.prepared / f"{name}.csv"
    try:
        table = read_text_table(path, encoding="utf-8").frame if path.is_file() else None
    except UserError:
        return None  # somebody else's file, or one cut off: nothing is claimed of it
    if table is None or not {"status", "warnings"} <= set(table.columns):
        return None
    status = table["status"]
    return PreparedImages(
        what,
        given=len(table),
        prepared=int((status == "prepared").sum()),
        empty=int(status.isin(_EMPTY).sum()),
        failed=int((status == "failed").sum()),
        warned=int(((status == "prepared") & (table["warnings"] != "")).sum()),
    )
