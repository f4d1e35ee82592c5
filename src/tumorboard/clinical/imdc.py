"""IMDC (Heng) risk of metastatic renal cell carcinoma on systemic therapy.

Heng et al., J Clin Oncol 2009;27:5794. The median survival times are those of the later validation.
"""

from __future__ import annotations

from tumorboard.clinical.checks import LEVELS, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("favourable", "intermediate", "poor")
SOURCE = "Heng et al., J Clin Oncol 2009"
OUTCOMES = published(
    "median OS", "months", "Heng et al., Lancet Oncol 2013", {"favourable": 43.2, "intermediate": 22.5, "poor": 7.8}
)


def imdc_points(
    karnofsky: float, years_to_treatment: float, haemoglobin: str, calcium: str, neutrophils: str, platelets: str
) -> int:
    """Return the number of IMDC risk factors.

    One point each: Karnofsky below 80; less than a year from diagnosis to systemic therapy; haemoglobin below the lower
    limit; corrected calcium, neutrophils, platelets above the upper limit.

    Parameters
    ----------
    karnofsky : float
        Karnofsky performance status in per cent, 10 to 100.
    years_to_treatment : float
        Years from diagnosis to systemic therapy.
    haemoglobin, calcium, neutrophils, platelets : str
        ``low``, ``normal`` or ``high`` against the laboratory's limits; calcium corrected for albumin.

    Returns
    -------
    int
        0 to 6.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> imdc_points(70, 0.5, "low", "normal", "normal", "normal")
    3
    """
    unwell = measured(karnofsky, "karnofsky", low=10, high=100) < 80
    early = measured(years_to_treatment, "years_to_treatment") < 1
    anaemia = look_up(LEVELS, haemoglobin, "haemoglobin") == "low"
    raised = (("calcium", calcium), ("neutrophils", neutrophils), ("platelets", platelets))
    return unwell + early + anaemia + sum(look_up(LEVELS, level, name) == "high" for name, level in raised)


def risk_group(points: int) -> str:
    """Return the group of the number of risk factors: 0 favourable, 1–2 intermediate, 3 or more poor.

    IMDC and MSKCC share these cut-offs.

    Parameters
    ----------
    points : int
        Number of risk factors.

    Returns
    -------
    str
        ``favourable``, ``intermediate`` or ``poor``.
    """
    checked = measured(points, "points")
    return "favourable" if checked == 0 else "intermediate" if checked <= 2 else "poor"
