"""What is where on a slide: its overview and the masks found in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.slide import Picture
from tumorboard.slides.tissue.focus_map import FocusMap
from tumorboard.slides.tissue.settings import TissueSettings

Where = NDArray[np.bool_]

_LITTLE_TISSUE_MM2 = 0.5
_MUCH = {"blur": 0.2, "pen": 0.1, "fold": 0.1}


@dataclass(frozen=True, eq=False)
class TissueMap:
    """Tissue of a slide, and what spoils it, on the pixels of an overview.

    Parameters
    ----------
    overview : ndarray of uint8, shape (height, width, 3)
        The slide, its upper left corner being that of level 0.
    mpp : float
        µm per pixel of the overview and of the maps.
    downsample : float
        Pixels of level 0 in one of theirs, along one side.
    tissue : ndarray of bool, shape (height, width)
        Tissue with its small holes; folded and blurred tissue counts, what ink or a border hides does not.
    pen, fold, blur, bubble, border : ndarray of bool, shape (height, width)
        Ink; tissue lying double; tissue out of focus; air bubbles with their inside; black borders of the scan and
        edges of the coverslip. Fold and blur lie within the tissue.
    focus : FocusMap
        The focus of the tissue that was looked at.
    glass : tuple of float
        Red, green and blue of the empty glass, 0 to 255.
    settings : TissueSettings
        What it was found with.
    scanned_share : float
        Share of the slide that was scanned, 0 to 1.
    damaged_tiles : int
        Stored tiles of the level it was read from that could not be decoded; they count as glass.
    """

    overview: Picture
    mpp: float
    downsample: float
    tissue: Where
    pen: Where
    fold: Where
    blur: Where
    bubble: Where
    border: Where
    focus: FocusMap
    glass: tuple[float, float, float]
    settings: TissueSettings
    scanned_share: float = 1.0
    damaged_tiles: int = 0

    @property
    def tissue_mm2(self) -> float:
        """Area of the tissue in mm²."""
        return int(np.count_nonzero(self.tissue)) * self.mpp**2 / 1e6

    @property
    def tissue_share(self) -> float:
        """Tissue's share of what was scanned, 0 to 1."""
        return int(np.count_nonzero(self.tissue)) / self.tissue.size / max(self.scanned_share, 1 / self.tissue.size)

    @property
    def blur_share(self) -> float:
        """Share of the tissue that is out of focus, 0 to 1."""
        return self._share(self.blur, self.tissue)

    @property
    def fold_share(self) -> float:
        """Share of the tissue that lies in folds, 0 to 1."""
        return self._share(self.fold, self.tissue)

    @property
    def pen_share(self) -> float:
        """Ink's area as a share of tissue and ink together, 0 to 1."""
        return self._share(self.pen, self.tissue | self.pen)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, a sentence each."""
        found = []
        area = self.tissue_mm2
        if not area:
            found.append("No tissue was found.")
        elif area < _LITTLE_TISSUE_MM2:
            found.append(f"There is little tissue: {area:.2f} mm².")
        parts = {
            "blur": (self.blur_share, "of the tissue is out of focus"),
            "pen": (self.pen_share, "of the tissue and what hides it is marked with a pen"),
            "fold": (self.fold_share, "of the tissue lies in folds"),
        }
        found += [f"{share:.0%} {what}." for kind, (share, what) in parts.items() if area and share > _MUCH[kind]]
        if self.damaged_tiles:
            found.append(f"{self.damaged_tiles} stored tile(s) of the overview are damaged and were taken for glass.")
        return tuple(found)

    @staticmethod
    def _share(part: Where, whole: Where) -> float:
        return int(np.count_nonzero(part)) / max(int(np.count_nonzero(whole)), 1)
