"""SSIGN: stage, size, grade and necrosis of clear cell renal cell carcinoma.

Frank et al., J Urol 2002;168:2395. It was built on TNM 1997 and the Mayo Clinic's grades.
"""

from __future__ import annotations

from tumorboard.clinical.checks import METASTASES, NODES, T_DIGIT, YES_NO, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("0-2", "3-4", "5-6", "7-9", ">=10")
SOURCE = "Frank et al., J Urol 2002"
OUTCOMES = published(
    "5-year CSS",
    "%",
    "a published SSIGN calculator",
    {"0-2": 97.3, "3-4": 89.8, "5-6": 74.1, "7-9": 38.6, ">=10": 19.2},
)
OUTCOMES_BY_POINTS = published(
    "5-year CSS",
    "%",
    SOURCE,
    {
        "0-1": 99.4, "2": 94.8, "3": 87.8, "4": 79.1, "5": 65.4, "6": 54.0, "7": 41.0, "8": 23.6, "9": 19.6,
        ">=10": 7.4,
    },
    read=False,
)  # fmt: skip
"""The original's figures for each number of points; they were not checked against the paper."""

_GRADE = {1: 0, 2: 0, 3: 1, 4: 3}


def ssign_points(t: str, n: int, m: int, size_cm: float, grade: int, necrosis: bool, *, pt4_points: int = 0) -> int:
    """Return the SSIGN points.

    pT1 0, pT2 1, pT3 2, pT4 disputed; N1–2 2; M1 4; size 5 cm or more 2; grade 3 1, grade 4 3; necrosis 2.

    Parameters
    ----------
    t : str
        ``1`` to ``4``, with or without its letter.
    n : int
        0, 1 or 2.
    m : int
        0 or 1.
    size_cm : float
        Largest diameter of the tumour.
    grade : int
        1 to 4.
    necrosis : bool
        Whether there is coagulative necrosis on diagnosis.
    pt4_points : int
        What pT4 counts: 0, the default, or 4, as some tools have it.

    Returns
    -------
    int
        0 to 15; to 17 where pT4 counts 4.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> ssign_points("3a", 0, 0, 8.0, 3, True)
    7
    """
    extent = look_up({1: 0, 2: 1, 3: 2, 4: pt4_points}, look_up(T_DIGIT, t, "t"), "t")
    nodes = 2 if look_up(NODES, n, "n") else 0
    metastases = 4 if look_up(METASTASES, m, "m") else 0
    size = 2 if measured(size_cm, "size_cm") >= 5 else 0
    dead_tissue = 2 if look_up(YES_NO, necrosis, "necrosis") else 0
    return extent + nodes + metastases + size + look_up(_GRADE, grade, "grade") + dead_tissue


def ssign_group(points: int) -> str:
    """Return the SSIGN group of the points.

    Parameters
    ----------
    points : int
        From :func:`ssign_points`.

    Returns
    -------
    str
        ``0-2``, ``3-4``, ``5-6``, ``7-9`` or ``>=10``.
    """
    checked = measured(points, "points")
    return next((group for group, last in zip(GROUPS, (2, 4, 6, 9), strict=False) if checked <= last), GROUPS[-1])
