"""Where the tissues of a slide lie.

Everything is worked out on a grid of about 2 µm that is fixed to the slide and brought to a window's scale; the outline
of the tissue and the sides of kidney and fat are thresholds on smooth fields, set so that each gets its drawn share.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from tumorboard.phantom.histology import foci
from tumorboard.phantom.histology.fabric import Fabric, levels, periodic_noise
from tumorboard.phantom.histology.foci import POINTS_PER_UM2
from tumorboard.phantom.histology.grid import as_field, brought, grid_around
from tumorboard.phantom.histology.lattice import SmoothField, uniform
from tumorboard.phantom.histology.outline import Outline
from tumorboard.phantom.histology.tissue import Tissue
from tumorboard.phantom.histology.window import Window
from tumorboard.phantom.patients.patient import HistologyFactors, generator

GRID_UM = 2.0
_PINK_SPACING_UM, _BLOOD_SPACING_UM, _LYMPHOCYTE_SPACING_UM = 160.0, 125.0, 170.0
_MARGIN_UM = 240.0
"""How far a focus reaches from its middle."""
_PINK_SPREAD, _BLOOD_SPREAD, _LYMPHOCYTE_SPREAD = 1.0, 1.05, 0.6
"""Standard deviation of the logarithm of the foci's areas."""
_PINK_CLUSTERS_UM, _BLOOD_CLUSTERS_UM = 170.0, 110.0
"""How far foci are drawn together, as a standard deviation."""
_LAKE_AREA = 1.37
"""Area of a lake of loose red cells beside a vessel's lumen with as many packed ones."""
_FRAYED = {
    "tissue": 0.5,
    "necrosis": 1.0,
    "lake": 1.0,
    "lymphocytes": 1.0,
    "capsule": 0.6,
    "fat_capsule": 0.6,
    "kidney": 0.35,
    "fat": 0.35,
}
"""How strongly a border is frayed, in parts of a noise of about 7 µm."""
WALL_LEVEL = 48
"""Level of a vessel's field at the outer border of its wall."""


@dataclass(frozen=True)
class _Side:
    """A tissue on one side of the slide, behind a capsule.

    Parameters
    ----------
    direction : float
        Towards it, in radians.
    from_um : float
        How far in this direction it begins (infinite: there is none).
    capsule_um : float
        Thickness of the capsule before it.
    """

    direction: float
    from_um: float
    capsule_um: float


class Layout:
    """Where the tissues of one slide lie.

    Parameters
    ----------
    factors : HistologyFactors
        Only `necrosis` and `haemorrhage` are looked at.
    seed : int
        The slide's seed.
    width_um, height_um : float
        The slide's size.
    """

    def __init__(self, factors: HistologyFactors, seed: int, width_um: float, height_um: float) -> None:
        draws = generator(seed, 0, "layout")
        self.width_um, self.height_um = width_um, height_um
        self.necrotic_part, self.extravasated_part = factors.necrosis, factors.haemorrhage
        self._seeds = {name: int(draws.integers(2**62)) for name in ("sides", "pink", "blood", "lymphocytes")}
        self.pink_share, self.blood_share = float(draws.uniform(0.08, 0.25)), float(draws.uniform(0.02, 0.08))
        small = min(width_um, height_um) < 2000
        self._outline = Outline(seed, width_um, height_um)
        everywhere = self._outline.everywhere
        inside = self._outline.over(everywhere) > 0
        has_kidney, kidney = draws.random() < (0.4 if small else 0.8), draws.uniform(0.06, 0.12 if small else 0.22)
        has_fat, fat = draws.random() < (0.0 if small else 0.5), draws.uniform(0.03, 0.10)
        towards = draws.uniform(0, 2 * np.pi)
        away = towards + np.pi + draws.uniform(-0.7, 0.7)
        thickness = min(width_um, height_um) * draws.uniform(0.03, 0.06), draws.uniform(25, 70)
        self._kidney = _Side(towards, np.inf, min(float(thickness[0]), 180.0))
        self._fat = _Side(away, np.inf, float(thickness[1]))
        self._kidney = self._begun(self._kidney, "kidney", everywhere, inside, kidney if has_kidney else 0.0)
        self._fat = self._begun(self._fat, "fat", everywhere, inside, fat if has_fat else 0.0)

    @property
    def fibre_angle(self) -> float:
        """Direction of the capsule's fibres in radians."""
        return self._kidney.direction + np.pi / 2

    def _begun(self, side: _Side, name: str, grid: Window, inside: np.ndarray, share: float) -> _Side:
        if not share:
            return side
        begins = float(np.quantile(self._towards(side, name, grid)[inside], 1 - share))
        return _Side(side.direction, begins, side.capsule_um)

    def _towards(self, side: _Side, name: str, grid: Window) -> np.ndarray:
        """Give how far each place lies in a side's direction, along a wavy front, in µm."""
        x, y = grid.centres()
        size = min(self.width_um, self.height_um)
        seed = self._seeds["sides"] + (0 if name == "kidney" else 10)
        along = x * np.cos(side.direction) + y * np.sin(side.direction)
        along = along + 0.05 * size * SmoothField(seed, 0.25 * size).over(grid)
        return np.asarray(along + 7 * SmoothField(seed + 1, 60.0).over(grid), np.float32)

    def _pink(self, grid: Window) -> tuple[np.ndarray, np.ndarray]:
        """Give the fields of necrosis and of hyaline tissue."""
        all_foci = foci.foci_around(
            grid, _PINK_SPACING_UM, self._seeds["pink"], margin_um=_MARGIN_UM, clustered_um=_PINK_CLUSTERS_UM
        )
        # foci that overlap cover less than the sum of their areas
        share = -np.log(1 - self.pink_share) * 0.93
        area = foci.areas(all_foci, share * _PINK_SPACING_UM**2 / POINTS_PER_UM2, _PINK_SPREAD)
        necrotic = all_foci.rank < self.necrotic_part
        ragged = foci.ragged_outlines(all_foci.only(necrotic), area[necrotic])
        smooth = foci.smooth_outlines(all_foci.only(~necrotic), area[~necrotic])
        return self._bent(foci.filled(ragged, grid, 3.0), grid, 9.0, 24.0), foci.filled(smooth, grid, 3.0)

    def _blood(self, grid: Window) -> tuple[np.ndarray, np.ndarray]:
        """Give the fields of lakes of extravasated blood and of congested vessels."""
        all_foci = foci.foci_around(
            grid, _BLOOD_SPACING_UM, self._seeds["blood"], margin_um=_MARGIN_UM, clustered_um=_BLOOD_CLUSTERS_UM
        )
        area = foci.areas(all_foci, self.blood_share * _BLOOD_SPACING_UM**2 / POINTS_PER_UM2, _BLOOD_SPREAD)
        outside = all_foci.rank < self.extravasated_part
        lakes = foci.dissecting_outlines(all_foci.only(outside), _LAKE_AREA * area[outside])
        vessels = foci.vessel_outlines(all_foci.only(~outside), area[~outside])
        return self._bent(foci.filled(lakes, grid, 2.0), grid, 14.0, 32.0), foci.filled(vessels, grid, 2.0)

    def _bent(self, field: np.ndarray, grid: Window, by_um: float, scale_um: float) -> np.ndarray:
        """Bend outlines by a smooth displacement, which keeps their area on average."""
        row, column = np.mgrid[: grid.height_px, : grid.width_px].astype(np.float32)
        row += by_um / grid.mpp * SmoothField(self._seeds["pink"] + 1, scale_um).over(grid)
        column += by_um / grid.mpp * SmoothField(self._seeds["pink"] + 2, scale_um).over(grid)
        return np.asarray(cv2.remap(field, column, row, cv2.INTER_LINEAR))

    def _lymphocytes(self, grid: Window, front_um: float) -> np.ndarray:
        """Give the field of lymphocyte aggregates: at the tumour's border with the capsule, few within it."""
        all_foci = foci.foci_around(grid, _LYMPHOCYTE_SPACING_UM, self._seeds["lymphocytes"], margin_um=_MARGIN_UM)
        along = all_foci.x_um * np.cos(self._kidney.direction) + all_foci.y_um * np.sin(self._kidney.direction)
        size = min(self.width_um, self.height_um)
        seed = self._seeds["sides"]
        along = along + 0.05 * size * SmoothField(seed, 0.25 * size).at(all_foci.x_um, all_foci.y_um)
        at_border = np.abs(along - front_um) < 70
        chosen = uniform(all_foci.keys, 50) < np.where(at_border, 0.55, 0.012)
        area = foci.areas(all_foci, 5200.0, _LYMPHOCYTE_SPREAD)[chosen]
        return foci.filled(foci.ragged_outlines(all_foci.only(chosen), area), grid, 4.0)

    def fields(self, window: Window) -> dict[str, np.ndarray]:
        """Give the fields over a window whose thresholds are the tissues' borders.

        Parameters
        ----------
        window : Window

        Returns
        -------
        dict of ndarray of uint8, shape (height, width)
            ``tissue``, ``kidney``, ``capsule``, ``fat``, ``fat_capsule``, ``necrosis``, ``hyaline``, ``lake``,
            ``vessel`` and ``lymphocytes``: above 127 inside; a field that is nowhere above is left out.
        """
        grid = grid_around(window, GRID_UM, 60.0)
        outline = as_field(self._outline.over(grid))
        if outline.max() <= 127:
            return {}
        found = {"tissue": outline} | self._sides(grid)
        found["necrosis"], found["hyaline"] = self._pink(grid)
        found["lake"], found["vessel"] = self._blood(grid)
        front = self._kidney.from_um - self._kidney.capsule_um
        found["lymphocytes"] = self._lymphocytes(grid, front if np.isfinite(front) else np.inf)
        keep = {name: field for name, field in found.items() if field.max() > (WALL_LEVEL if name == "vessel" else 100)}
        over = {name: brought(field, grid, window) for name, field in keep.items()}
        ragged = _ragged().sample("eosin", window)
        for name, by in _FRAYED.items():
            if name in over:
                over[name] = cv2.addWeighted(over[name], 1.0, ragged, by, -128.0 * by)
        return over

    def _sides(self, grid: Window) -> dict[str, np.ndarray]:
        found = {}
        for side, name, capsule in ((self._kidney, "kidney", "capsule"), (self._fat, "fat", "fat_capsule")):
            if np.isfinite(side.from_um):
                beyond = self._towards(side, name, grid) - side.from_um
                found[name] = as_field(beyond)
                found[capsule] = as_field(beyond + side.capsule_um)
        return found

    def tissue_map(self, fields: dict[str, np.ndarray], window: Window) -> np.ndarray:
        """Turn fields into codes of `Tissue`.

        Parameters
        ----------
        fields : dict of ndarray
            Of `fields` over the same window.
        window : Window

        Returns
        -------
        ndarray of uint8, shape (height, width)
        """
        codes = np.zeros(window.shape, np.uint8)
        if "tissue" not in fields:
            return codes
        codes[:] = Tissue.TUMOUR
        order = (
            ("hyaline", Tissue.HYALINE, 127),
            ("necrosis", Tissue.NECROSIS, 127),
            # a wall is thinner than a coarse pixel
            ("vessel", Tissue.VESSEL, WALL_LEVEL if window.mpp <= GRID_UM else 127),
            ("lake", Tissue.HAEMORRHAGE, 127),
            ("capsule", Tissue.STROMA, 127),
            ("fat_capsule", Tissue.STROMA, 127),
            ("lymphocytes", Tissue.LYMPHOCYTES, 127),
            ("kidney", Tissue.NORMAL_KIDNEY, 127),
            ("fat", Tissue.FAT, 127),
        )
        for name, code, level in order:
            if name in fields:
                np.copyto(codes, np.uint8(code), where=fields[name] > level)
        np.copyto(codes, np.uint8(Tissue.GLASS), where=fields["tissue"] <= 127)
        return codes


@lru_cache(maxsize=1)
def _ragged() -> Fabric:
    """Make the noise that frays borders (128: none)."""
    fine = levels(128 + 22 * periodic_noise(1024, (2.0, 2.0), 71) + 16 * periodic_noise(1024, (5.0, 5.0), 72))
    return Fabric(fine, fine)
