"""The images of the cohort's patients, as their table has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tumorboard.cohort.files import read_cohort
from tumorboard.errors import CellFault, StudyError
from tumorboard.study.columns import Column
from tumorboard.study.files import StudyFolder
from tumorboard.study.image_tables import ImageTable, read_image_table
from tumorboard.study.settings import StudySettings
from tumorboard.study.tables import raise_faults

Progress = Callable[[int, int, str], None]
"""Called with the patients done, out of how many, and what is being done."""


def images_of_cohort(
    folder: StudyFolder,
    settings: StudySettings,
    name: str,
    columns: tuple[Column, ...],
    *,
    apart: Sequence[str],
    example: str,
) -> ImageTable:
    """Read a table of images, of the cohort's patients alone.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort.
    settings : StudySettings
    name : str
        ``slides`` or ``scans``.
    columns : tuple of Column
    apart : sequence of str
        Columns that tell rows apart: no two rows may be alike in all of them.
    example : str
        The columns that such a table should have, for messages.

    Raises
    ------
    StudyError
        There is no such table, or it has nobody of the cohort.
    TableError
        It has bad cells, or a row stands twice.
    """
    eligible = frozenset(read_cohort(folder)["patient_id"])
    table = read_image_table(folder, name, columns, None, encoding=settings.cohort.encoding)
    if table is None:
        raise StudyError(f"there is no {name}.csv", where=str(folder.root), fix=f"Write one with the columns {example}")
    doubled = table.rows[table.rows.duplicated([column for column in apart if column in table.rows])]
    faults = [
        CellFault(table.path.name, row + table.first_line, "path", str(table.rows.at[row, "path"]), "each image once")
        for row in doubled.index.tolist()
    ]
    raise_faults([*table.faults, *faults])
    rows = table.rows[table.rows["patient_id"].isin(eligible)]
    if rows.empty:
        raise StudyError(
            f"none of the {name} belongs to a patient of the cohort",
            where=table.path.name,
            fix="Look at cohort.json for who was left out, and why",
        )
    return ImageTable(table.path, rows, [], table.first_line)
