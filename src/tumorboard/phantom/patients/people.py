"""Who the patients are and what was done for them: age, sex, side, site, and which modalities exist.

Site, side, sex and availability are independent of every factor and of the outcome, unless leaky sites are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.survival.outcome import FloatArray

MEAN_AGE, AGE_SD, AGE_RANGE = 60.5, 12.1, (26, 90)
SHARE_MALE = 0.644
SHARE_RIGHT = 0.527
"""TCGA-KIRC's (age 60.5 ± 12.0 years, 346 of 537 male, 283 of 537 on the right)."""

AGE_FRAILTY, AGE_MALE = 0.3, -0.142
"""Correlation of age with frailty, which gives age a C near TCGA-KIRC's 0.54 for DSS, and with being male: women are
62.9 years old on average there, men 59.3."""

SITES: dict[str, float] = {
    "QA": 0.22, "QB": 0.17, "QC": 0.12, "QD": 0.09, "QE": 0.08, "QF": 0.06, "QG": 0.05, "QH": 0.05,
    "QJ": 0.04, "QK": 0.03, "QL": 0.03, "QM": 0.02, "QN": 0.02, "QP": 0.02,
}  # fmt: skip
"""Hospitals and their shares of the patients, unequal as TCGA's; the codes are not TCGA's."""

LEAK = 0.8
"""Correlation, where sites leak, of the ranks of a patient's site and log-hazard."""

SHARE_SLIDE, SHARE_SCAN, SHARE_MR_OF_SCANS = 0.95, 0.90, 1 / 7
SHARE_SEQUENCED, SHARE_COPY_NUMBER = 0.75, 0.95
"""Chosen so that most patients have images: of TCGA-KIRC's 537, 513 have a slide, 267 a scan, 369 mutations, 528 copy
numbers. The reference study's scans were 199 CT and 31 MR, a seventh."""


@dataclass(frozen=True, eq=False)
class People:
    """Patients apart from their tumours; arrays of shape (n,).

    Parameters
    ----------
    age : array of float
        In standard deviations from the mean.
    age_years : array of int
        At diagnosis.
    sex, side, site : array of str
        ``male``/``female``; ``left``/``right``; a key of ``SITES``.
    has_slide, sequenced, copy_number : array of bool
        Which modalities exist.
    scan : array of str
        A value of `ScanKind`.
    """

    age: FloatArray
    age_years: npt.NDArray[np.int64]
    sex: npt.NDArray[np.str_]
    side: npt.NDArray[np.str_]
    site: npt.NDArray[np.str_]
    has_slide: npt.NDArray[np.bool_]
    scan: npt.NDArray[np.str_]
    sequenced: npt.NDArray[np.bool_]
    copy_number: npt.NDArray[np.bool_]

    @property
    def male(self) -> FloatArray:
        """Being male, standardised by its share: mean 0 and SD 1 over many patients."""
        return _male(self.sex == "male")


def draw_people(draws: Draws, frailty: FloatArray, log_hazard: FloatArray, *, leaky_sites: bool) -> People:
    """Draw the patients.

    Parameters
    ----------
    draws : Draws
        The cohort's draws.
    frailty, log_hazard : array of float, shape (n,)
        Their frailty (standard normal) and log-hazard; the latter is used for leaky sites alone.
    leaky_sites : bool
        Let the site tell the log-hazard: later sites of ``SITES`` treat the worse patients.

    Returns
    -------
    People
    """
    men = draws.happens("sex", SHARE_MALE)
    own = np.sqrt(1 - AGE_FRAILTY**2 - AGE_MALE**2) * draws.normal("age")
    age = AGE_FRAILTY * frailty + AGE_MALE * _male(men) + own
    scanned = draws.happens("scan", SHARE_SCAN)
    magnetic = draws.happens("scan kind", SHARE_MR_OF_SCANS)
    scan = np.where(magnetic, ScanKind.MR.value, ScanKind.CT.value)
    return People(
        age=age,
        age_years=np.clip(np.rint(MEAN_AGE + AGE_SD * age), *AGE_RANGE).astype(np.int64),
        sex=np.where(men, "male", "female"),
        side=np.where(draws.happens("side", SHARE_RIGHT), "right", "left"),
        site=_sites(draws, log_hazard if leaky_sites else None),
        has_slide=draws.happens("slide", SHARE_SLIDE),
        scan=np.where(scanned, scan, ScanKind.NONE.value),
        sequenced=draws.happens("sequenced", SHARE_SEQUENCED),
        copy_number=draws.happens("copy number", SHARE_COPY_NUMBER),
    )


def _male(men: npt.NDArray[np.bool_]) -> FloatArray:
    standardised: FloatArray = (men - SHARE_MALE) / np.sqrt(SHARE_MALE * (1 - SHARE_MALE))
    return standardised


def _sites(draws: Draws, log_hazard: FloatArray | None) -> npt.NDArray[np.str_]:
    place = draws.uniform("site")
    if log_hazard is not None:
        mixed = LEAK * _standardised(log_hazard) + np.sqrt(1 - LEAK**2) * draws.normal("site")
        place = (np.argsort(np.argsort(mixed, kind="stable")) + 0.5) / len(mixed)
    limits = np.cumsum(list(SITES.values()))[:-1]
    return np.asarray(list(SITES))[np.searchsorted(limits, place)]


def _standardised(values: FloatArray) -> FloatArray:
    spread = values.std()
    standardised: FloatArray = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return standardised
