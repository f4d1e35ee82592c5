"""UISS, the UCLA integrated staging system.

Zisman et al., J Clin Oncol 2001;19:1649 and J Clin Oncol 2002;20:4559. It was built on TNM 1997 and Fuhrman's grades.
"""

from __future__ import annotations

from tumorboard.clinical.checks import GRADES, METASTASES, NODES, T_DIGIT, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("low", "intermediate", "high", "met-low", "met-intermediate", "met-high")
SOURCE = "Zisman et al., J Clin Oncol 2002"
OUTCOMES = (
    *published("5-year DSS", "%", SOURCE, {"low": 91, "intermediate": 80, "high": 55}),
    *published("5-year OS", "%", SOURCE, {"low": 92, "intermediate": 67, "high": 44}),
    *published("5-year DSS", "%", SOURCE, {"met-low": 32, "met-intermediate": 19.5, "met-high": 0}),
)


def uiss_group(t: str, n: int, m: int, grade: int, ecog: float) -> str:
    """Return the UISS risk group.

    N0 M0: low is T1, grade 1–2 and ECOG 0; high is T4, or T3 with grade 2–4 and ECOG 1 or more; else intermediate.
    N+ or M1: low is N1 M0, or (N2 M0 or M1) with grade 1–2 and ECOG 0; high is (N2 M0 or M1) with grade 4 and ECOG 1 or
    more; else intermediate.

    Parameters
    ----------
    t : str
        ``1`` to ``4``, with or without its letter.
    n : int
        0, 1 or 2, as TNM 1997 has them.
    m : int
        0 or 1.
    grade : int
        1 to 4.
    ecog : float
        ECOG performance status, 0 to 4.

    Returns
    -------
    str
        ``low``, ``intermediate`` or ``high``; with ``met-`` before it where N+ or M1.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> uiss_group("3a", 0, 0, 3, 1)
    'high'
    """
    digit = look_up(T_DIGIT, t, "t")
    metastatic = look_up(METASTASES, m, "m")
    look_up(GRADES, grade, "grade")
    unwell = measured(ecog, "ecog", high=4) >= 1
    if look_up(NODES, n, "n") or metastatic:
        return _metastatic_group(n, metastatic, grade, unwell)
    if digit == 4 or (digit == 3 and grade >= 2 and unwell):
        return "high"
    return "low" if digit == 1 and grade <= 2 and not unwell else "intermediate"


def _metastatic_group(n: int, metastatic: bool, grade: int, unwell: bool) -> str:
    if n == 1 and not metastatic:
        return "met-low"
    if grade <= 2 and not unwell:
        return "met-low"
    return "met-high" if grade == 4 and unwell else "met-intermediate"
