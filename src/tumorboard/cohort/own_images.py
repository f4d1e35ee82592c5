"""Which patients have images: a study's own ``slides.csv``, ``scans.csv`` and ``features.csv``."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import CellFault
from tumorboard.features import read_feature_files
from tumorboard.study.files import StudyFolder
from tumorboard.study.image_tables import SCAN_COLUMNS, SLIDE_COLUMNS, ImageTable, read_image_table
from tumorboard.study.tables import raise_faults

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OwnImages:
    """Who has images by a study's own tables.

    Parameters
    ----------
    slides, scans : ImageTable or None
        None where the study has no such table.
    features : dict of str to frozenset of str
        Patients with features of ``tiles`` and of a ``scan``.
    inputs : tuple of Path
        The files that were read.
    """

    slides: ImageTable | None
    scans: ImageTable | None
    features: dict[str, frozenset[str]]
    inputs: tuple[Path, ...]

    def marked(self, patients: pd.DataFrame) -> pd.DataFrame:
        """Return a table of patients with ``has_slide``, ``has_ct``, ``has_mr``, ``has_scan`` (features of one)."""
        slides = frozenset() if self.slides is None else frozenset(self.slides.rows["patient_id"])
        has = {
            "has_slide": slides | self.features["tiles"],
            "has_ct": self._with_scan("CT"),
            "has_mr": self._with_scan("MR"),
            "has_scan": self.features["scan"],
        }
        return patients.assign(**{name: patients["patient_id"].isin(who) for name, who in has.items()})

    def _with_scan(self, modality: str) -> frozenset[str]:
        if self.scans is None:
            return frozenset()
        return frozenset(self.scans.rows.loc[self.scans.rows["modality"] == modality, "patient_id"])


def read_own_images(
    folder: StudyFolder, known: Set[str], *, encoding: str, beside: Sequence[CellFault] = ()
) -> OwnImages:
    """Read a study's own tables of slides, scans and features.

    Parameters
    ----------
    folder : StudyFolder
        Each table may be missing.
    known : set of str
        All patients; any other is a fault.
    encoding : str
        The tables' text encoding.
    beside : sequence of CellFault
        Bad cells of the table of patients, to be told together with those of slides and scans.

    Raises
    ------
    TableError
        With every bad cell.
    """
    slides = read_image_table(folder, "slides", SLIDE_COLUMNS, known, encoding=encoding)
    scans = read_image_table(folder, "scans", SCAN_COLUMNS, known, encoding=encoding)
    raise_faults([*beside, *(fault for table in (slides, scans) if table for fault in table.faults)])
    files = read_feature_files(folder, known, encoding=encoding)
    features = {
        "tiles": frozenset(file.patient_id for file in files if file.modality != "scan"),
        "scan": frozenset(file.patient_id for file in files if file.modality == "scan"),
    }
    path = folder.own_table("features")
    read = [*(table.path for table in (slides, scans) if table), *([path] if path else [])]
    return OwnImages(slides, scans, features, tuple(read))
