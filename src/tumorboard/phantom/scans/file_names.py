"""What the files of a study are called: sorted folders, one folder in disorder, or as on a disc, without suffix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tumorboard.phantom.scans.protocol import Layout

_SHARE_SUFFIX, _SHARE_ORDERED = 0.6, 0.5
_FOLDER = "DICOM"


class FileNames:
    """Where the instances of one study go.

    Parameters
    ----------
    root : Path
        The patient's folder.
    layout : Layout
    rng : numpy.random.Generator
        Draws the suffix and the order.
    """

    def __init__(self, root: Path, layout: Layout, rng: np.random.Generator) -> None:
        self.root = root
        self._layout = layout
        self._rng = rng
        self._suffix = ".dcm" if rng.random() < _SHARE_SUFFIX else ""
        self._ordered = bool(rng.random() < _SHARE_ORDERED)

    def series_folder(self, number: int, description: str) -> Path:
        """Make and give the folder of a series.

        Parameters
        ----------
        number : int
            The series' number.
        description : str
            Its description, which becomes part of the name.

        Returns
        -------
        Path
        """
        slug = re.sub(r"[^A-Za-z0-9]+", "_", description).strip("_")
        folder = {
            Layout.SERIES_FOLDERS: self.root / f"{number:03d}_{slug}".strip("_"),
            Layout.ONE_FOLDER: self.root / _FOLDER,
            Layout.MEDIUM: self.root / _FOLDER / "ST000001" / f"SE{number:06d}",
        }[self._layout]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def files(self, folder: Path, modality: str, uids: Sequence[str]) -> list[Path]:
        """Name the files of a series.

        Parameters
        ----------
        folder : Path
            The series' folder.
        modality : str
            Part of some names.
        uids : sequence of str
            The instances, in the order of their numbers.

        Returns
        -------
        list of Path
            One an instance.
        """
        if self._layout == Layout.ONE_FOLDER:
            return [folder / f"{modality}.{uid}{self._suffix}" for uid in uids]
        places = np.arange(len(uids)) if self._ordered else self._rng.permutation(len(uids))
        if self._layout == Layout.MEDIUM:
            return [folder / f"IM{place:06d}" for place in places]
        return [folder / f"IM{place + 1:04d}{self._suffix}" for place in places]
