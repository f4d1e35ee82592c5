"""What differs between patients' tumours and says nothing of their outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tumorboard.phantom.histology.lattice import lattice_keys, uniform
from tumorboard.phantom.patients.patient import HistologyFactors

_KNOTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_COMPENSATION = {
    "nuclear_grade": {
        "density": (0.097, 0.052, 0.0, -0.071, -0.103),
        "membrane": (0.037, 0.035, 0.0, -0.017, -0.009),
        "darkness": (-0.11, -0.064, 0.0, 0.031, 0.053),
        "blood": (-0.116, -0.039, 0.0, 0.041, 0.029),
    },
    "vascular_pattern": {
        "density": (-0.005, 0.027, 0.0, -0.063, -0.126),
        "membrane": (0.007, -0.03, 0.0, 0.074, 0.186),
        "darkness": (0.013, 0.008, 0.0, 0.003, 0.017),
        "blood": (-0.078, -0.033, 0.0, 0.093, 0.344),
        "nuclear_share": (-0.036, -0.032, 0.0, 0.047, 0.053),
    },
    "architecture": {
        "density": (-0.01, -0.064, 0.0, 0.06, 0.101),
        "membrane": (-0.118, -0.077, 0.0, 0.042, 0.139),
        "darkness": (0.015, -0.004, 0.0, 0.006, 0.009),
        "blood": (0.327, 0.049, 0.0, -0.037, -0.101),
        "nuclear_share": (0.117, 0.056, 0.0, -0.005, -0.028),
    },
}
"""Relative change of what a habit holds, at factors of 0, 0.25, 0.5, 0.75 and 1.

Shape and arrangement shift the mean and the spread of the colours a little; these changes take most of that back.
Fitted by regularised least squares to 10 to 20 painted tumours: equal seed, one factor at 0.5 against its other knots.
Fitted were mean and standard deviation of the optical density in red, green and blue at 0.25, 1 and 2 µm per pixel,
the amount of red cells and the area of white. Wider spread of habits hides what is left.
"""


@dataclass(frozen=True)
class Habit:
    """What differs between patients and says nothing of their outcome.

    Attributes
    ----------
    granular : float
        Share of cells with granular, eosinophilic cytoplasm.
    density : float
        Amount of cytoplasm's threads; 1 is usual.
    membrane : float
        Strength of the cell borders.
    cell_size : float
        Factor on the cells' diameter.
    nuclear_share : float
        Part of the cells' area that nuclei take at a middle grade: how many of the cells show theirs.
    lymphocytes : float
        Lymphocytes per 1,000 µm².
    blood : float
        Amount of red cells in vessels.
    darkness : float
        Of the nuclei.
    """

    granular: float
    density: float
    membrane: float
    cell_size: float
    nuclear_share: float
    lymphocytes: float
    blood: float
    darkness: float

    def cell_spacing_um(self, nuclear_grade: float) -> float:
        """Give the distance of neighbouring cells: cells of high grade are a little larger."""
        return (17.5 + 1.0 * nuclear_grade) * self.cell_size

    def cell_area_um2(self, nuclear_grade: float) -> float:
        """Give the mean area of a cell."""
        return float(np.sqrt(3) / 2 * self.cell_spacing_um(nuclear_grade) ** 2)


def habit(seed: int) -> Habit:
    """Draw a patient's habit from the seed."""
    key = lattice_keys(np.array([7.0]), np.array([3.0]), seed)
    draw = [float(uniform(key, number)[0]) for number in range(70, 78)]
    return Habit(
        granular=0.45 * draw[0] ** 2,
        density=0.52 + 0.86 * draw[1],
        membrane=0.64 + 0.56 * draw[2],
        cell_size=0.90 + 0.20 * draw[3],
        nuclear_share=0.08 * (0.19 / 0.08) ** draw[4],
        lymphocytes=0.5 * draw[5] ** 2,
        blood=0.54 + 0.72 * draw[6],
        darkness=0.728 + 0.398 * draw[7],
    )


def compensated(manner: Habit, factors: HistologyFactors) -> Habit:
    """Take back most of what the factors do to the colours of a tile.

    Parameters
    ----------
    manner : Habit
    factors : HistologyFactors

    Returns
    -------
    Habit
    """
    change = dict.fromkeys(("density", "membrane", "darkness", "blood", "nuclear_share"), 1.0)
    for factor, table in _COMPENSATION.items():
        for name, knots in table.items():
            change[name] *= 1 + float(np.interp(getattr(factors, factor), _KNOTS, knots))
    return replace(manner, **{name: getattr(manner, name) * by for name, by in change.items()})
