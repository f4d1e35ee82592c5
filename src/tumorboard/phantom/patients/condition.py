"""The patient's condition: performance status and laboratory values, each known in as many as in TCGA-KIRC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.factors import FACTORS
from tumorboard.survival.outcome import FloatArray


@dataclass(frozen=True)
class Laboratory:
    """One laboratory value, as low, normal or high.

    Parameters
    ----------
    name : str
        The column.
    frailty, severity : float
        Correlation of the value with the factors; negative where a low value is the bad one.
    low, high : float
        Shares among the known.
    known : float
        In how many it is known.
    """

    name: str
    frailty: float
    severity: float
    low: float
    high: float
    known: float


LABORATORY: tuple[Laboratory, ...] = (
    Laboratory("haemoglobin", frailty=-0.45, severity=-0.25, low=0.579, high=0.011, known=0.845),
    Laboratory("calcium", frailty=0.20, severity=0.10, low=0.559, high=0.027, known=0.680),
    Laboratory("platelets", frailty=0.30, severity=0.25, low=0.104, high=0.086, known=0.827),
    Laboratory("ldh", frailty=0.20, severity=0.10, low=0.0, high=0.140, known=0.160),
)
"""Shares of TCGA-KIRC's original forms (537 patients). Neutrophils are absent there, and here. What each
tells of the outcome, there and here, stands in docs/results/phantom_cohort.md."""

ECOG_FRAILTY = 0.6
SHARE_BY_ECOG = (0.79, 0.19, 0.02)
SHARE_ECOG_KNOWN = 138 / 537


def report_ecog(draws: Draws, frailty: FloatArray) -> npt.NDArray[np.str_]:
    """Return the ECOG performance status: 0, 1, 2 or empty, shape (n,)."""
    score = ECOG_FRAILTY * frailty + np.sqrt(1 - ECOG_FRAILTY**2) * draws.normal("ecog")
    status = np.asarray(["0", "1", "2"])[np.searchsorted(ndtri(np.cumsum(SHARE_BY_ECOG)[:-1]), score)]
    return np.where(draws.happens("ecog known", SHARE_ECOG_KNOWN), status, "")


def report_laboratory(draws: Draws, factors: Mapping[str, FloatArray]) -> dict[str, npt.NDArray[np.str_]]:
    """Return the laboratory values by column: low, normal, high or empty, each of shape (n,)."""
    loading = next(factor.loading for factor in FACTORS if factor.name == "frailty")
    reported = {}
    for value in LABORATORY:
        mixed = value.frailty * factors["frailty"] + value.severity * factors["severity"]
        variance = value.frailty**2 + value.severity**2 + 2 * value.frailty * value.severity * loading
        level = mixed + np.sqrt(1 - variance) * draws.normal(value.name)
        words = np.where(level < ndtri(value.low), "low", np.where(level > -ndtri(value.high), "high", "normal"))
        reported[value.name] = np.where(draws.happens(f"{value.name} known", value.known), words, "")
    return reported
