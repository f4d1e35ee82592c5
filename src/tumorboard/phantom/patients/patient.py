"""One simulated patient: what the painters of slides and scans need to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class ScanKind(StrEnum):
    """What kind of scan a patient has."""

    NONE = "none"
    CT = "ct"
    MR = "mr"


@dataclass(frozen=True)
class HistologyFactors:
    """What a slide shows, each between 0 and 1; higher is worse.

    Each is the standard normal latent factor's distribution function, so that it is uniform over patients (apart from
    the correlations between factors). They change shape, texture and arrangement; the amount of each dye stays.

    Parameters
    ----------
    nuclear_grade : float
        Seen at 10x. Size, irregularity and nucleoli of the nuclei.
    vascular_pattern : float
        Seen at 10x. From a regular net of delicate capillaries to sparse, dilated, tortuous vessels.
    necrosis : float
        Seen at 10x. Which part of the pale pink areas is coagulative necrosis rather than hyaline or oedematous tissue.
    haemorrhage : float
        Seen at 10x. Which part of the blood lies outside the vessels.
    architecture : float
        Seen at 5x. From papillae and small alveolar nests to large solid sheets.
    stroma_pattern : float
        Seen at 5x. From many thin septa to few broad irregular bands.
    """

    nuclear_grade: float
    vascular_pattern: float
    necrosis: float
    haemorrhage: float
    architecture: float
    stroma_pattern: float


@dataclass(frozen=True)
class RadiologyFactors:
    """What a scan shows.

    Parameters
    ----------
    diameter_mm : float
        Diameter of the sphere of the tumour's volume, in mm.
    shape : float
        Between 0 (round, smooth) and 1 (lobulated, irregular); higher is worse.
    necrotic_core : float
        Between 0 (none) and 1 (most of the tumour); higher is worse.
    """

    diameter_mm: float
    shape: float
    necrotic_core: float


@dataclass(frozen=True)
class SimulatedPatient:
    """One simulated patient.

    Parameters
    ----------
    number : int
        From 1.
    patient_id : str
        ``SIM-0001``; not a real patient's. The same numbers recur whatever the seed: two cohorts of different seeds
        share identifiers without sharing a patient.
    seed : int
        The cohort's seed; with ``number`` and a purpose it gives every generator (see `generator`).
    sex : str
        ``male`` or ``female``.
    age_years : int
        Age at diagnosis.
    side : str
        ``left`` or ``right``: the kidney with the tumour.
    site : str
        The hospital; a key of the cohort's sites (stain, slide scanner, CT).
    histology : HistologyFactors
    radiology : RadiologyFactors
    has_slide : bool
    scan : ScanKind
    """

    number: int
    patient_id: str
    seed: int
    sex: str
    age_years: int
    side: str
    site: str
    histology: HistologyFactors
    radiology: RadiologyFactors
    has_slide: bool
    scan: ScanKind


def generator(seed: int, number: int, purpose: str) -> np.random.Generator:
    """Give the generator of one purpose for one patient: the same whatever else is drawn, in whatever process.

    Parameters
    ----------
    seed : int
        The cohort's seed.
    number : int
        The patient's number; 0 for the cohort.
    purpose : str
        What is drawn.

    Returns
    -------
    numpy.random.Generator
    """
    return np.random.default_rng([seed, number, *purpose.encode()])
