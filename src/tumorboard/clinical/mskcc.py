"""MSKCC (Motzer) risk of metastatic renal cell carcinoma before first systemic therapy.

Motzer et al., J Clin Oncol 2002;20:289. The groups' cut-offs are those of :func:`tumorboard.clinical.imdc.risk_group`.
"""

from __future__ import annotations

from tumorboard.clinical.checks import LEVELS, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("favourable", "intermediate", "poor")
SOURCE = "Motzer et al., J Clin Oncol 2002"
OUTCOMES = published("median OS", "months", SOURCE, {"favourable": 30, "intermediate": 14, "poor": 5})


def mskcc_points(karnofsky: float, ldh: str, haemoglobin: str, calcium: str, years_to_treatment: float) -> int:
    """Return the number of MSKCC risk factors.

    One point each: Karnofsky below 80; LDH above 1.5 times the upper limit; haemoglobin below the lower limit;
    corrected calcium above 10 mg/dL; less than a year from diagnosis to systemic therapy.

    Parameters
    ----------
    karnofsky : float
        Karnofsky performance status in per cent, 10 to 100.
    ldh : str
        ``low``, ``normal`` or ``high``; here ``high`` means above 1.5 times the upper limit.
    haemoglobin : str
        ``low``, ``normal`` or ``high`` against the laboratory's limits.
    calcium : str
        ``low``, ``normal`` or ``high``; here ``high`` means above 10 mg/dL, corrected for albumin.
    years_to_treatment : float
        Years from diagnosis to systemic therapy.

    Returns
    -------
    int
        0 to 5.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> mskcc_points(90, "high", "low", "normal", 2.0)
    2
    """
    unwell = measured(karnofsky, "karnofsky", low=10, high=100) < 80
    early = measured(years_to_treatment, "years_to_treatment") < 1
    anaemia = look_up(LEVELS, haemoglobin, "haemoglobin") == "low"
    raised = (("ldh", ldh), ("calcium", calcium))
    return unwell + early + anaemia + sum(look_up(LEVELS, level, name) == "high" for name, level in raised)
