"""What pathology and radiology report of the tumour: size, T, N, M, grade, necrosis.

Each column is a threshold on the factors with noise. Grade follows the nuclei of the whole tumour, of which a slide is
a part; what is large or has spread is graded higher, and so are men. T follows the size and the invasion, which large,
solid and spreading tumours have more often; N and M follow the spread and the size. The weights were searched for, on
simulated cohorts, until the columns by themselves and together were near TCGA-KIRC's; they are not estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.factors import correlation, diameter_mm, shown
from tumorboard.survival.outcome import FloatArray

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Sign:
    """A clinical sign: a weighted sum of factors and noise, standard normal.

    Parameters
    ----------
    weights : mapping of str to float
        Weight of each factor, before the sum is standardised.
    noise : float
        Weight of the noise.
    """

    weights: Mapping[str, float]
    noise: float

    def draw(self, draws: Draws, purpose: str, factors: Mapping[str, FloatArray]) -> FloatArray:
        """Return the sign in each patient, shape (n,)."""
        total = self.noise * draws.normal(purpose)
        for name, weight in self.weights.items():
            total = total + weight * factors[name]
        standardised: FloatArray = total / np.sqrt(self.noise**2 + _variance(self.weights))
        return standardised


GRADE = Sign({"nuclear_grade": 0.80, "spread": 0.47, "volume": 0.22}, noise=0.59)
INVASION = Sign({"volume": 0.50, "spread": 0.70, "architecture": 0.32}, noise=0.63)
METASTASIS = Sign({"spread": 1.0, "volume": 0.48}, noise=0.23)
NODES = Sign({"spread": 0.50, "volume": 0.30}, noise=1.0)
NECROSIS = Sign({"necrosis": 0.4, "necrotic_core": 0.4}, noise=0.8)

GRADE_MALE = 0.17
"""Correlation of the grade with being male: grade 3 or 4 in 58 % of TCGA-KIRC's men and 44 % of its women."""

SHARE_BY_GRADE = (0.026, 0.435, 0.391, 0.148)
SHARE_GX = 0.015
SHARE_M1, SHARE_MX_OF_M0 = 0.153, 0.067
SHARE_N1 = 0.057
SHARE_NX_BY_T = {"1": 0.61, "2": 0.38, "3": 0.45, "4": 0.36}
SHARE_INVASIVE, SHARE_T4 = 0.365, 0.0215
SHARE_T3A_OF_T3, SHARE_T3C_OF_T3, SHARE_PLAIN_T3 = 0.69, 0.011, 0.028
SHARE_NECROSIS, SHARE_NECROSIS_KNOWN = 0.46, 0.95
SHARE_BY_EDITION = {5: 0.08, 6: 0.72, 7: 0.20}
SHARE_EDITION_KNOWN = 0.33
"""Shares in TCGA-KIRC: cBioPortal kirc_tcga_pan_can_atlas_2018, and the original forms for necrosis (above 0 % of the
sampled block). Editions are set so that T1 and T2 lack their sub-stages as often as there."""

SIZE_RANGE_CM = (0.9, 25.0)
SMALLEST_INVASIVE_CM = 1.5
_SIZE_OVER_DIAMETER, _SIZE_BY_SHAPE, _SIZE_NOISE = 1.02, 0.12, 0.06


def _variance(weights: Mapping[str, float]) -> float:
    return sum(weights[a] * weights[b] * correlation(a, b) for a in weights for b in weights)


def report_size_cm(draws: Draws, factors: Mapping[str, FloatArray]) -> FloatArray:
    """Return the largest dimension that pathology reports, in cm with one decimal, shape (n,).

    An irregular tumour's largest dimension is longer than the diameter of the sphere of its volume.
    """
    irregular = _SIZE_OVER_DIAMETER + _SIZE_BY_SHAPE * shown(factors["shape"])
    measured = irregular * np.exp(_SIZE_NOISE * draws.normal("size"))
    size: FloatArray = np.clip(diameter_mm(factors["volume"]) / 10 * measured, *SIZE_RANGE_CM).round(1)
    return size


def report_edition(draws: Draws) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the TNM edition in force for each patient, and whether it is recorded; both of shape (n,)."""
    limits = np.cumsum(list(SHARE_BY_EDITION.values()))[:-1]
    edition = np.asarray(list(SHARE_BY_EDITION))[np.searchsorted(limits, draws.uniform("edition"))]
    return edition, draws.happens("edition known", SHARE_EDITION_KNOWN)


def report_t(
    draws: Draws, factors: Mapping[str, FloatArray], size_cm: FloatArray, edition: npt.NDArray[np.int64]
) -> Texts:
    """Return the T category, with the sub-stages that the edition has.

    T1 is divided from the 6th edition on, T2 from the 7th (AJCC Cancer Staging Manual, 2002 and 2010).

    Parameters
    ----------
    draws : Draws
        The cohort's draws.
    factors : mapping of str to array of float, shape (n,)
        The factors by name.
    size_cm : array of float, shape (n,)
        The reported size.
    edition : array of int, shape (n,)
        The TNM edition in force.

    Returns
    -------
    array of str, shape (n,)
    """
    invasion = INVASION.draw(draws, "invasion", factors)
    small = np.where(edition < 6, "1", np.where(size_cm <= 4, "1a", "1b"))
    large = np.where(edition < 7, "2", np.where(size_cm <= 10, "2a", "2b"))
    confined = np.where(size_cm <= 7, small, large)
    among_t3 = (ndtr(invasion) - (1 - SHARE_INVASIVE)) / (SHARE_INVASIVE - SHARE_T4)
    extent = np.where(among_t3 < SHARE_T3A_OF_T3, "3a", np.where(among_t3 < 1 - SHARE_T3C_OF_T3, "3b", "3c"))
    extent = np.where(draws.happens("plain T3", SHARE_PLAIN_T3), "3", extent)
    invasive = (invasion > -ndtri(SHARE_INVASIVE)) & (size_cm >= SMALLEST_INVASIVE_CM)
    beyond = invasive & (invasion > -ndtri(SHARE_T4))
    return np.where(beyond, "4", np.where(invasive, extent, confined))


def report_n(draws: Draws, factors: Mapping[str, FloatArray], t: Texts) -> Texts:
    """Return the N category, shape (n,); nodes are examined less often in T1."""
    main = np.asarray([text[0] for text in np.unique(t)])[np.unique(t, return_inverse=True)[1]]
    unknown = np.zeros(len(t))
    for stage, share in SHARE_NX_BY_T.items():
        unknown[main == stage] = share
    positive = NODES.draw(draws, "nodes", factors) > -ndtri(SHARE_N1)
    return np.where(draws.happens("NX", unknown), "x", np.where(positive, "1", "0"))


def report_m(draws: Draws, factors: Mapping[str, FloatArray]) -> Texts:
    """Return the M category, shape (n,); what is not looked for is not metastatic."""
    found = METASTASIS.draw(draws, "metastasis", factors) > -ndtri(SHARE_M1)
    return np.where(found, "1", np.where(draws.happens("MX", SHARE_MX_OF_M0), "x", "0"))


def report_grade(draws: Draws, factors: Mapping[str, FloatArray], male: FloatArray) -> Texts:
    """Return the grade, 1 to 4 or x, shape (n,); ``male`` is being male, standardised (`People.male`)."""
    limits = ndtri(np.cumsum(SHARE_BY_GRADE)[:-1])
    sign = np.sqrt(1 - GRADE_MALE**2) * GRADE.draw(draws, "grade", factors) + GRADE_MALE * male
    grade = np.asarray(["1", "2", "3", "4"])[np.searchsorted(limits, sign)]
    return np.where(draws.happens("GX", SHARE_GX), "x", grade)


def report_necrosis(draws: Draws, factors: Mapping[str, FloatArray]) -> Texts:
    """Return whether necrosis is reported: 1, 0 or empty, shape (n,)."""
    seen = NECROSIS.draw(draws, "necrosis", factors) > -ndtri(SHARE_NECROSIS)
    known = draws.happens("necrosis known", SHARE_NECROSIS_KNOWN)
    return np.where(known, np.where(seen, "1", "0"), "")
