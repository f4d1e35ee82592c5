"""The Leibovich score of 2003, for metastasis after nephrectomy for localised clear cell renal cell carcinoma.

Leibovich et al., Cancer 2003;97:1663. The models of 2018 are another score; they are not here.
"""

from __future__ import annotations

from tumorboard.clinical.checks import NODES, YES_NO, look_up, measured
from tumorboard.clinical.outcomes import published

GROUPS = ("low", "intermediate", "high")
SOURCE = "Leibovich et al., Cancer 2003"
OUTCOMES = published("5-year metastasis-free survival", "%", SOURCE, {"low": 97.1, "intermediate": 73.8, "high": 31.2})

_EXTENT = {"1a": 0, "1b": 2, "2": 3, "2a": 3, "2b": 3, "3": 4, "3a": 4, "3b": 4, "3c": 4, "4": 4}
_GRADE = {1: 0, 2: 0, 3: 1, 4: 3}


def leibovich_points(t: str, n: int, size_cm: float, grade: int, necrosis: bool) -> int:
    """Return the Leibovich 2003 points of a patient without distant metastases.

    pT1a 0, pT1b 2, pT2 3, pT3–4 4; N1–2 2; size 10 cm or more 1; grade 3 1, grade 4 3; necrosis 1.

    Parameters
    ----------
    t : str
        ``1a`` to ``4``; T1 needs its letter.
    n : int
        0, 1 or 2.
    size_cm : float
        Largest diameter of the tumour.
    grade : int
        1 to 4.
    necrosis : bool
        Whether there is coagulative necrosis on diagnosis.

    Returns
    -------
    int
        0 to 11.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> leibovich_points("3a", 0, 11.0, 4, True)
    9
    """
    extent = look_up(_EXTENT, t, "t")
    nodes = 2 if look_up(NODES, n, "n") else 0
    size = 1 if measured(size_cm, "size_cm") >= 10 else 0
    dead_tissue = 1 if look_up(YES_NO, necrosis, "necrosis") else 0
    return extent + nodes + size + look_up(_GRADE, grade, "grade") + dead_tissue


def leibovich_group(points: int) -> str:
    """Return the group of the points: 0–2 low, 3–5 intermediate, 6 or more high.

    Parameters
    ----------
    points : int
        From :func:`leibovich_points`.

    Returns
    -------
    str
        ``low``, ``intermediate`` or ``high``.
    """
    checked = measured(points, "points")
    return "low" if checked <= 2 else "intermediate" if checked <= 5 else "high"
