"""Cells of ``scans.csv`` that contradict each other or other rows."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault

if TYPE_CHECKING:
    import pandas as pd

_VOLUMES = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd")
_Fault = tuple[int, str, str]
"""Row, column, what may stand there."""


def check_scan_cells(table: pd.DataFrame, file: str, first_line: int, root: Path) -> list[CellFault]:
    """Find cells that cannot apply, or that contradict another row.

    Parameters
    ----------
    table : DataFrame
        ``scans.csv`` as it was read, with every column of `SCAN_COLUMNS`.
    file : str
        Its name.
    first_line : int
        Line of the file on which row 0 stands.
    root : Path
        What its paths start from.

    Returns
    -------
    list of CellFault
    """
    faults = [
        *_without_effect(table, root),
        *_planes_of_several_modalities(table),
        *_paths_of_several_patients(table, first_line),
    ]
    return [
        CellFault(file, row + first_line, column, _shown(table.at[row, column]), allowed)
        for row, column, allowed in faults
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _without_effect(table: pd.DataFrame, root: Path) -> Iterator[_Fault]:
    """Find cells that say something of what the row does not have."""
    there = table.notna() & (table != "")
    is_volume = table["path"].map(lambda path: isinstance(path, str) and _is_volume(root / path)).astype(bool)
    is_png = (table["mask_kind"] == "png").fillna(False).astype(bool)
    plane, mask, kind = there["plane"], there["mask"], there["mask_kind"]
    rules = (
        ("series_uid", there["series_uid"] & plane, "nothing in a row with plane, whose picture is of no series"),
        ("series_uid", there["series_uid"] & ~plane & is_volume, "nothing where path is a volume file of no series"),
        ("pixel_mm", there["pixel_mm"] & ~plane, "nothing in a row without plane: the scan's own files say it"),
        ("mask_label", there["mask_label"] & ~mask, "nothing in a row without mask"),
        ("mask_kind", kind & ~mask, "nothing in a row without mask"),
        ("mask_kind", kind & mask & plane & ~is_png, "png, or nothing, in a row with plane"),
        ("mask_kind", kind & mask & ~plane & is_png, "another kind in a row without plane; png is of ready-made ones"),
    )
    for column, wrong, allowed in rules:
        yield from ((int(row), column, allowed) for row in table.index[wrong])


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(_VOLUMES) and not path.is_dir()


def _planes_of_several_modalities(table: pd.DataFrame) -> Iterator[_Fault]:
    planes = table[table["plane"].notna() & table["patient_id"].notna() & table["modality"].notna()]
    for _, own in planes.groupby("patient_id", sort=False):
        first = own["modality"].iloc[0]
        for row in own.index[own["modality"] != first]:
            yield (
                int(row),
                "modality",
                f"{first}, as in the patient's other rows with plane: three planes are of one scan",
            )


def _paths_of_several_patients(table: pd.DataFrame, first_line: int) -> Iterator[_Fault]:
    """Find paths that two patients have; in one folder each needs the series that is the patient's."""
    named = table[table["path"].notna() & table["patient_id"].notna()]
    place: Callable[[str], str] = os.path.normpath
    for _, rows in named.groupby(named["path"].map(place), sort=False):
        if rows["patient_id"].nunique() > 1:
            yield from _shared_path(rows, first_line)


def _shared_path(rows: pd.DataFrame, first_line: int) -> Iterator[_Fault]:
    uids, patients = rows["series_uid"].fillna(""), rows["patient_id"]
    silent = rows.index[(uids == "").to_numpy(bool)]
    later = [row for row in silent if patients[row] != patients[silent[0]]]
    for row in later or silent:
        other = rows.index[(patients != patients[row]).to_numpy(bool)][0]
        yield int(row), "path", _one_patient(int(other) + first_line)
    owners: dict[str, int] = {}
    for row in rows.index.difference(silent):
        first = owners.setdefault(str(uids[row]), int(row))
        if patients[first] != patients[row]:
            yield int(row), "series_uid", f"another series than in row {first + first_line}, which is another patient's"


def _one_patient(line: int) -> str:
    return f"a path of one patient; row {line} gives it to another one. If both are in it, state series_uid in each row"
