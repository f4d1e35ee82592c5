"""A whole simulated slide: any window of it at any scale, where its tissues lie, and where tiles can be cut."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard.errors import TumorboardError
from tumorboard.phantom.histology.blood import paint_lakes, paint_vessels
from tumorboard.phantom.histology.fat import paint_fat
from tumorboard.phantom.histology.kidney import paint_kidney
from tumorboard.phantom.histology.lattice import PLASTIC_RATIOS
from tumorboard.phantom.histology.layout import WALL_LEVEL, Layout
from tumorboard.phantom.histology.pink import paint_hyaline, paint_necrosis
from tumorboard.phantom.histology.regions import Region, trace
from tumorboard.phantom.histology.stroma import paint_lymphocytes, paint_stroma
from tumorboard.phantom.histology.tissue import TUMOUR_AREA, Tissue
from tumorboard.phantom.histology.tumour import paint_tumour
from tumorboard.phantom.histology.window import Canvas, Window
from tumorboard.phantom.patients.patient import HistologyFactors, generator

_LEAST_TUMOUR = 0.8
_TRIES = 400
_POSITIONS_MPP = 8.0
_OPTICAL_SPREAD_UM = 0.2
"""Standard deviation of a point's image: a lens of 0.75 numerical aperture resolves about 0.45 µm (Rayleigh)."""
_REACH_UM = 5.0
"""How far around a window is painted: a cell or nucleus in the next tissue's border reaches in."""


@dataclass(frozen=True)
class _Seeds:
    tumour: int
    tissues: int
    angle: float


class Section:
    """A simulated slide of one patient.

    Parameters
    ----------
    factors : HistologyFactors
        What the tumour looks like.
    seed : int
        Of this patient's slide; the same seed gives the same slide.
    width_um, height_um : float
        The slide's size, 1,000 to 10,000 µm.
    """

    def __init__(self, factors: HistologyFactors, seed: int, width_um: float, height_um: float) -> None:
        self.factors, self.width_um, self.height_um = factors, width_um, height_um
        self.layout = Layout(factors, seed, width_um, height_um)
        draws = generator(seed, 0, "tissues")
        self._seeds = _Seeds(int(draws.integers(2**62)), int(draws.integers(2**62)), float(draws.uniform(0, np.pi)))

    def tissue_map(self, window: Window) -> np.ndarray:
        """Give the tissue at each pixel of a window.

        Parameters
        ----------
        window : Window

        Returns
        -------
        ndarray of uint8, shape (height, width)
            Codes of `Tissue`.
        """
        return self.layout.tissue_map(self.layout.fields(window), window)

    def paint(self, window: Window) -> Canvas:
        """Paint everything that lies in a window.

        Parameters
        ----------
        window : Window

        Returns
        -------
        Canvas
        """
        spread_px = _OPTICAL_SPREAD_UM / window.mpp
        border = int(np.ceil(max(3 * spread_px, _REACH_UM / window.mpp))) if spread_px >= 0.4 else 0
        wide = window.widened(border)
        fields = self.layout.fields(wide)
        if not fields or not border:
            return self._paint(window, fields)
        painted, canvas = self._paint(wide, fields), Canvas(window)
        inner = np.s_[border : border + window.height_px, border : border + window.width_px]
        side = 2 * int(np.ceil(3 * spread_px)) + 1
        for dye in ("haematoxylin", "eosin", "erythrocyte"):
            soft = cv2.GaussianBlur(getattr(painted, dye), (side, side), spread_px)
            setattr(canvas, dye, np.ascontiguousarray(soft[inner]))
        return canvas

    def _paint(self, window: Window, fields: dict[str, np.ndarray]) -> Canvas:
        canvas = Canvas(window)
        if not fields:
            return canvas
        codes = self.layout.tissue_map(fields, window)
        counts = cv2.calcHist([codes], [0], None, [len(Tissue)], [0, len(Tissue)])
        present = set(np.flatnonzero(counts).tolist())
        self._paint_tissues(canvas, codes, present)
        if Tissue.VESSEL in present:
            inside = cv2.bitwise_and(fields["vessel"], _where(codes, Tissue.VESSEL))
            paint_vessels(canvas, inside, WALL_LEVEL, self._seeds.tissues + 1)
        if Tissue.HAEMORRHAGE in present:
            paint_lakes(canvas, _where(codes, Tissue.HAEMORRHAGE), self._seeds.tissues + 2)
        return canvas

    def _paint_tissues(self, canvas: Canvas, codes: np.ndarray, present: set[int]) -> None:
        seed, angle, along = self._seeds.tissues, self._seeds.angle, self.layout.fibre_angle
        if present & {Tissue.TUMOUR, Tissue.HAEMORRHAGE}:
            where = cv2.bitwise_or(_where(codes, Tissue.TUMOUR), _where(codes, Tissue.HAEMORRHAGE))
            paint_tumour(canvas, where, self.factors, self._seeds.tumour)
        if Tissue.NECROSIS in present:
            paint_necrosis(canvas, _where(codes, Tissue.NECROSIS), angle)
        if Tissue.HYALINE in present:
            paint_hyaline(canvas, _where(codes, Tissue.HYALINE), angle, seed + 3)
        if Tissue.STROMA in present:
            paint_stroma(canvas, _where(codes, Tissue.STROMA), along, seed + 4)
        if Tissue.LYMPHOCYTES in present:
            paint_lymphocytes(canvas, _where(codes, Tissue.LYMPHOCYTES), along, seed + 5)
        if Tissue.NORMAL_KIDNEY in present:
            paint_kidney(canvas, _where(codes, Tissue.NORMAL_KIDNEY), seed + 100)
        if Tissue.FAT in present:
            paint_fat(canvas, _where(codes, Tissue.FAT), seed + 200)

    def regions(self) -> list[Region]:
        """Give the outlines of the tissues, traced at a coarse scale.

        Returns
        -------
        list of Region
            ``tissue`` None is all the tissue together; `Tissue.TUMOUR` is the whole of the tumour's area, with the
            foci in it.
        """
        longest = max(self.width_um, self.height_um)
        mpp = max(4.0, longest / 1250)
        window = Window(0.0, 0.0, int(np.ceil(self.width_um / mpp)), int(np.ceil(self.height_um / mpp)), mpp)
        return trace(self.tissue_map(window), window)

    def tumour_positions(self, size_um: float, count: int, purpose: str) -> np.ndarray:
        """Give squares that lie in the tumour, spread evenly over it.

        Parameters
        ----------
        size_um : float
            Side of the squares.
        count : int
            How many; they may overlap where they do not fit beside each other.
        purpose : str
            Another purpose gives other squares.

        Returns
        -------
        ndarray of float, shape (count, 2)
            x and y of the upper left corners in µm; at least 80 % of each square is tumour (the part of the tumour's
            area that is septa, necrosis, hyaline tissue or blood counts).

        Raises
        ------
        TumorboardError
            The slide has no place for such a square.
        """
        mpp = _POSITIONS_MPP
        window = Window(0.0, 0.0, int(self.width_um / mpp), int(self.height_um / mpp), mpp)
        in_tumour = np.isin(self.tissue_map(window), TUMOUR_AREA).astype(np.uint8)
        sums = cv2.integral(in_tumour)
        side = int(np.ceil(size_um / mpp))
        if side >= min(in_tumour.shape):
            raise TumorboardError(
                f"squares of {size_um:g} µm do not fit a slide of {self.width_um:g} x {self.height_um:g} µm"
            )
        share = (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2
        start = generator(self._seeds.tissues % 2**31, 0, "positions " + purpose).random(2)
        # each further point falls into the largest gap
        number = np.arange(count * _TRIES)
        column = (np.mod(start[0] + number * PLASTIC_RATIOS[0], 1) * share.shape[1]).astype(np.int64)
        row = (np.mod(start[1] + number * PLASTIC_RATIOS[1], 1) * share.shape[0]).astype(np.int64)
        fit = np.flatnonzero(share[row, column] >= _LEAST_TUMOUR + 0.01)[:count]
        if not fit.size:
            raise TumorboardError(
                f"no square of {size_um:g} µm lies to 80 % in tumour on a slide of {self.width_um:g} x "
                f"{self.height_um:g} µm"
            )
        chosen = np.resize(fit, count)
        return np.stack([column[chosen], row[chosen]], axis=1) * mpp


def _where(codes: np.ndarray, tissue: Tissue) -> np.ndarray:
    return np.asarray(cv2.inRange(codes, int(tissue), int(tissue)))
