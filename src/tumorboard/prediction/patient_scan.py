"""Finding a patient's scan and its mask where no table names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import StudyError
from tumorboard.scans.reading import VOLUME_ENDINGS, find_series

if TYPE_CHECKING:
    import pandas as pd

_FOLDERS = ("scan", "scans", "ct", "mr", "mri")
_MASKS = ("mask", "segmentation")
_MODALITY = {"ct": "CT", "mr": "MR", "mri": "MR"}


def find_scans(folder: Path, patient: str, prefer: str) -> tuple[pd.DataFrame | None, list[str]]:
    """Look for a patient's scan.

    Parameters
    ----------
    folder : Path
    patient : str
    prefer : {"CT", "MR"}
        Which is taken where a folder holds both.

    Returns
    -------
    DataFrame or None
        As ``scans.csv``; None where there is no scan.
    list of str
        Remarks.

    Raises
    ------
    StudyError
        There are several scans or masks, or it is not known whether a volume is CT or MR.
    """
    import pandas as pd

    root = folder.resolve()
    scans = sorted(path for path in root.iterdir() if _is_scan(path))
    if not scans:
        return None, []
    masks = sorted({path for place in (root, *scans) if place.is_dir() for path in place.iterdir() if _is_mask(path)})
    if len(masks) > 1:
        raise StudyError(
            f"{', '.join(path.name for path in masks)} may each be the mask",
            where=str(folder),
            fix="Write scans.csv with the columns patient_id, path, modality and mask",
        )
    mask = str(masks[0]) if masks else ""
    rows = [
        {"patient_id": patient, "path": str(path), "modality": _modality(path, folder, prefer), "mask": mask}
        for path in scans
    ]
    told = f"{', '.join(path.name for path in scans)} with {f'the mask {masks[0].name}' if masks else 'no mask'}"
    return pd.DataFrame(rows), [f"scans.csv is not there; taken as scan: {told}"]


def _is_scan(path: Path) -> bool:
    if path.is_dir():
        return path.name.lower() in _FOLDERS
    return _is_volume(path) and _words(path)[0] in _FOLDERS


def _is_mask(path: Path) -> bool:
    return path.name.lower().startswith(_MASKS)


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(tuple(VOLUME_ENDINGS))


def _words(path: Path) -> list[str]:
    return re.split(r"[^a-z0-9]+", path.name.lower())


def _modality(path: Path, folder: Path, prefer: str) -> str:
    """Return a scan's modality, by its headers, or by its name where it has none."""
    by_name = sorted({_MODALITY[word] for word in _words(path) if word in _MODALITY})
    if path.is_dir():
        in_headers = {series.facts.modality for series in find_series([path]).series}
        found = sorted(in_headers & {"CT", "MR"})
        if found:
            return prefer if prefer in found else found[0]
        volumes = sorted(file for file in path.iterdir() if _is_volume(file) and not _is_mask(file))
        hint = f", but {volumes[0].name}" if volumes else ""
        raise StudyError(
            f"there is no CT or MR series in {path.name}{hint}",
            where=str(folder),
            fix="Write scans.csv with the columns patient_id, path, modality and mask",
        )
    if len(by_name) != 1:
        raise StudyError(
            f"it is not known whether {path.name} is CT or MR",
            where=str(folder),
            fix="Call it ct or mr, or write scans.csv with the columns patient_id, path, modality and mask",
        )
    return by_name[0]
