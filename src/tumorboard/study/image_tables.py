"""The tables of images: ``slides.csv`` and ``scans.csv``, one row a slide or a scan."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault
from tumorboard.study.columns import CategoryColumn, Column, NumberColumn
from tumorboard.study.files import StudyFolder
from tumorboard.study.scan_cells import check_scan_cells
from tumorboard.study.tables import check_columns, parse_columns, read_text_table

if TYPE_CHECKING:
    import pandas as pd

SLIDE_COLUMNS: tuple[Column, ...] = (
    Column("patient_id", required=True, filled=True),
    Column("path", required=True, filled=True),
    NumberColumn("mpp", unit="µm per pixel", low=0.05, high=5),
    Column("annotation"),
)
_PLANES = {"transversal": "transversal", "axial": "transversal", "coronal": "coronal", "sagittal": "sagittal"}
MASK_KINDS = ("dicom-seg", "rtstruct", "nifti", "mha", "nrrd", "csv", "png")
"""What a mask of ``scans.csv`` may be."""

SCAN_COLUMNS: tuple[Column, ...] = (
    Column("patient_id", required=True, filled=True),
    Column("path", required=True, filled=True),
    CategoryColumn("modality", required=True, filled=True, spellings={"ct": "CT", "mr": "MR", "mri": "MR"}),
    Column("series_uid"),
    CategoryColumn("plane", spellings=_PLANES),
    NumberColumn("pixel_mm", unit="mm", low=0.05, high=10),
    Column("mask"),
    CategoryColumn("mask_kind", spellings={kind: kind for kind in MASK_KINDS}),
    NumberColumn("mask_label", unit="", low=1, high=65_535, whole=True),
)


@dataclass(frozen=True, eq=False)
class ImageTable:
    """A table of images as it was read.

    Parameters
    ----------
    path : Path
        The file.
    rows : DataFrame
        Its rows, in the file's order; ``path`` as the user wrote it.
    faults : list of CellFault
        Every bad cell.
    first_line : int
        Line of the file on which row 0 stands.
    """

    path: Path
    rows: pd.DataFrame
    faults: list[CellFault]
    first_line: int


def read_image_table(
    folder: StudyFolder,
    name: str,
    columns: tuple[Column, ...],
    known: Set[str] | None,
    *,
    encoding: str = "utf-8-sig",
) -> ImageTable | None:
    """Read a table of images, checking every cell.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    name : str
        ``slides`` or ``scans``.
    columns : tuple of Column
        ``SLIDE_COLUMNS`` or ``SCAN_COLUMNS``.
    known : set of str or None
        The patients of the patient table; any other is a fault. None where that was checked before.
    encoding : str
        The table's text encoding.

    Returns
    -------
    ImageTable or None
        None where the study has no such table.
    """
    path = folder.own_table(name)
    if path is None:
        return None
    text = read_text_table(path, encoding=encoding)
    check_columns(text, columns)
    table, faults = parse_columns(text, columns)
    strangers: list[int] = []
    if known is not None:
        strangers = table.index[table["patient_id"].notna() & ~table["patient_id"].isin(known)].tolist()
    faults += [
        CellFault(
            text.file,
            row + text.first_line,
            "patient_id",
            str(table.at[row, "patient_id"]),
            "a patient of the patient table",
        )
        for row in strangers
    ]
    if columns is SCAN_COLUMNS:
        faults += check_scan_cells(table, text.file, text.first_line, folder.root)
    return ImageTable(path, table, sorted(faults, key=lambda fault: fault.row or 0), text.first_line)
