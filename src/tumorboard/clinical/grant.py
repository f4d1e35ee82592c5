"""GRANT: grade, age, nodes and tumour, for overall survival after nephrectomy for localised renal cell carcinoma.

Buti et al., Ann Oncol 2017.
"""

from __future__ import annotations

from tumorboard.clinical.checks import GRADES, NODES, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("favourable", "unfavourable")
SOURCE = "Buti et al., Ann Oncol 2017"
OUTCOMES_BY_POINTS = published("5-year OS", "%", SOURCE, {"0": 94, "1": 86, "2": 76, "3": 46, "4": 16})

_ADVANCED = {
    "1": False, "1a": False, "1b": False, "2": False, "2a": False, "2b": False, "3a": False,
    "3b": True, "3c": True, "4": True,
}  # fmt: skip


def grant_points(age_years: float, t: str, n: int, grade: int) -> int:
    """Return the GRANT points of a patient without distant metastases.

    One point each: age over 60, T3b to T4, N+, grade 3–4.

    Parameters
    ----------
    age_years : float
        Age at diagnosis.
    t : str
        ``1`` to ``4``; T3 needs its letter.
    n : int
        0, 1 or 2.
    grade : int
        1 to 4.

    Returns
    -------
    int
        0 to 4.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> grant_points(65, "3b", 0, 3)
    3
    """
    old = measured(age_years, "age_years") > 60
    advanced = look_up(_ADVANCED, t, "t")
    nodes = look_up(NODES, n, "n")
    return old + advanced + nodes + (look_up(GRADES, grade, "grade") >= 3)


def grant_group(points: int) -> str:
    """Return the group of the points: two or more is unfavourable.

    Parameters
    ----------
    points : int
        From :func:`grant_points`.

    Returns
    -------
    str
        ``favourable`` or ``unfavourable``.
    """
    return "unfavourable" if measured(points, "points") >= 2 else "favourable"
