"""The latent factors: what is true of a tumour and its bearer, whether a picture shows it or not.

Each factor is standard normal: a share of a common severity, and a part of its own. Necrosis in the slide and in the
scan share some of their own part as well. The distribution function of a factor, between 0 and 1, is what the painters
get.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from tumorboard.phantom.patients.draws import Draws
from tumorboard.survival.outcome import FloatArray


@dataclass(frozen=True)
class Factor:
    """One latent factor.

    Parameters
    ----------
    name : str
        Its name.
    modality : str
        What shows it: ``tiles_10x``, ``tiles_5x``, ``scan``, or ``none``.
    loading : float
        Correlation with the common severity.
    log_hazard : float
        Change of the log-hazard of dying of the disease per standard deviation.
    """

    name: str
    modality: str
    loading: float
    log_hazard: float


FACTORS: tuple[Factor, ...] = (
    Factor("nuclear_grade", "tiles_10x", 0.30, 0.50),
    Factor("vascular_pattern", "tiles_10x", 0.25, 0.42),
    Factor("necrosis", "tiles_10x", 0.25, 0.40),
    Factor("haemorrhage", "tiles_10x", 0.25, 0.30),
    Factor("architecture", "tiles_5x", 0.15, 0.97),
    Factor("stroma_pattern", "tiles_5x", 0.15, 0.78),
    Factor("volume", "scan", 0.30, 0.78),
    Factor("shape", "scan", 0.30, 0.32),
    Factor("necrotic_core", "scan", 0.30, 0.36),
    Factor("spread", "none", 0.50, 1.86),
    Factor("frailty", "none", 0.30, 0.10),
)
"""Loadings and coefficients were searched for on simulated cohorts until the oracles (see `oracles`) and the
concordance of grade, T, N and M met their targets together; they are not estimates from real patients."""

FACTOR_NAMES = tuple(factor.name for factor in FACTORS)
IMAGE_MODALITIES = ("tiles_10x", "tiles_5x", "scan")

SHARED_NECROSIS = 0.3
"""Correlation between the own parts of necrosis in the slide and in the scan."""

MEDIAN_DIAMETER_MM, LOG_DIAMETER_SD = 51.0, 0.57
"""Log-normal diameters; TCGA-KIRC's largest dimension has the quartiles 3.7, 5.5 and 8.25 cm."""
DIAMETER_RANGE_MM = (12.0, 200.0)


def factors_of(modality: str) -> tuple[str, ...]:
    """Return the names of the factors that a modality shows.

    Examples
    --------
    >>> factors_of("scan")
    ('volume', 'shape', 'necrotic_core')
    """
    return tuple(factor.name for factor in FACTORS if factor.modality == modality)


def _factor_weights() -> FloatArray:
    """Return each factor as a weighted sum of independent normal numbers.

    Returns
    -------
    array of float, shape (12, 12)
        A row for the severity and one for each of ``FACTORS``; a column for the severity and one for each own part.
        Every row has length 1.
    """
    weights = np.eye(len(FACTORS) + 1)
    places = {name: row for row, name in enumerate(FACTOR_NAMES, start=1)}
    weights[places["necrotic_core"], places["necrosis"]] = SHARED_NECROSIS
    weights[places["necrotic_core"], places["necrotic_core"]] = np.sqrt(1 - SHARED_NECROSIS**2)
    for factor in FACTORS:
        weights[places[factor.name]] *= np.sqrt(1 - factor.loading**2)
        weights[places[factor.name], 0] = factor.loading
    return weights


def correlation(first: str, second: str) -> float:
    """Return the correlation of two factors.

    Examples
    --------
    >>> round(correlation("spread", "volume"), 3)
    0.15
    """
    weights = _factor_weights()
    rows = [1 + FACTOR_NAMES.index(name) for name in (first, second)]
    return float(weights[rows[0]] @ weights[rows[1]])


def _directions(weights: FloatArray) -> FloatArray:
    """Return orthonormal columns: first the direction of the log-hazard, then what it leaves of the factors.

    Rotating independent normal numbers leaves them independent; the log-hazard thereby gets the draw that is spread
    most evenly.
    """
    hazard = np.asarray([factor.log_hazard for factor in FACTORS]) @ weights[1:]
    first = [FACTOR_NAMES.index(name) for name in ("spread", "nuclear_grade", "volume")]
    order = first + [row for row in range(len(FACTORS)) if row not in first]
    basis, triangle = np.linalg.qr(np.stack([hazard, *weights[1:][order]]).T)
    turned: FloatArray = basis * np.sign(np.diag(triangle))
    return turned


def draw_factors(draws: Draws) -> dict[str, FloatArray]:
    """Draw the common severity and every factor.

    Parameters
    ----------
    draws : Draws
        The cohort's draws.

    Returns
    -------
    dict of str to array of float, shape (n,)
        ``severity`` and the factors by name, each standard normal.
    """
    weights = _factor_weights()
    mixed = weights @ _directions(weights)
    numbers = np.stack([draws.normal(f"direction {k}") for k in range(len(weights))])
    return dict(zip(("severity", *FACTOR_NAMES), mixed @ numbers, strict=True))


def shown(factor: FloatArray) -> FloatArray:
    """Return a factor as its distribution function: uniform between 0 and 1."""
    share: FloatArray = ndtr(factor)
    return share


def diameter_mm(volume: FloatArray) -> FloatArray:
    """Return the diameter of the sphere of a tumour's volume.

    Parameters
    ----------
    volume : array of float, shape (n,)
        The factor, standard normal.

    Returns
    -------
    array of float, shape (n,)
        In mm, within ``DIAMETER_RANGE_MM``.
    """
    diameter: FloatArray = np.clip(MEDIAN_DIAMETER_MM * np.exp(LOG_DIAMETER_SD * volume), *DIAMETER_RANGE_MM)
    return diameter
