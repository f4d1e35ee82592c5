"""The ASSURE scores for disease-free and overall survival after surgery for localised renal cell carcinoma.

Correa et al., Eur Urol 2021, from the patients at high risk of the ASSURE trial. The 5-year figures of the groups
are not here: they were not checked against the paper.
"""

from __future__ import annotations

from tumorboard.clinical.checks import NODES, YES_NO, look_up, measured

GROUPS = ("low", "intermediate", "high")
SOURCE = "Correa et al., Eur Urol 2021"

_GRADE = {1: 0.0, 2: 0.0, 3: 0.0, 4: 2.0}
_HISTOLOGY_DFS = {"favourable": 0.0, "clear cell": 4.5, "unfavourable": 5.5}
_HISTOLOGY_OS = {"favourable": 0.0, "clear cell": 4.0, "unfavourable": 4.5}


def assure_dfs_points(
    n: int, size_cm: float, histology: str, grade: int, necrosis: bool, vascular_invasion: bool
) -> float:
    """Return the ASSURE points for disease-free survival.

    Size up to 7 cm 0, to 10 cm 1.5, above 2.5; histology favourable 0, clear cell 4.5, unfavourable 5.5; grade 4 2;
    necrosis 1.5; N+ 3; vascular invasion 1.

    Parameters
    ----------
    n : int
        0, 1 or 2.
    size_cm : float
        Largest diameter of the tumour.
    histology : str
        ``favourable``, ``clear cell`` or ``unfavourable``.
    grade : int
        1 to 4.
    necrosis, vascular_invasion : bool
        Whether they are there.

    Returns
    -------
    float
        0 to 15.5, in steps of a half.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> assure_dfs_points(0, 8.0, "clear cell", 4, False, False)
    8.0
    """
    size = _size_points(size_cm, middle=1.5, large=2.5)
    nodes = 3.0 if look_up(NODES, n, "n") else 0.0
    vessels = 1.0 if look_up(YES_NO, vascular_invasion, "vascular_invasion") else 0.0
    return nodes + size + look_up(_HISTOLOGY_DFS, histology, "histology") + _shared_points(grade, necrosis) + vessels


def assure_os_points(age_years: float, n: int, size_cm: float, histology: str, grade: int, necrosis: bool) -> float:
    """Return the ASSURE points for overall survival.

    Age up to 51 0, to 60 1, above 2; size up to 7 cm 0, to 10 cm 1.5, above 2; histology favourable 0, clear cell 4,
    unfavourable 4.5; grade 4 2; necrosis 1.5; N+ 2.5.

    Parameters
    ----------
    age_years : float
        Age at diagnosis.
    n : int
        0, 1 or 2.
    size_cm : float
        Largest diameter of the tumour.
    histology : str
        ``favourable``, ``clear cell`` or ``unfavourable``.
    grade : int
        1 to 4.
    necrosis : bool
        Whether it is there.

    Returns
    -------
    float
        0 to 14.5, in steps of a half.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> assure_os_points(65, 0, 8.0, "clear cell", 4, False)
    9.5
    """
    age = measured(age_years, "age_years")
    old = 2.0 if age > 60 else 1.0 if age > 51 else 0.0
    size = _size_points(size_cm, middle=1.5, large=2.0)
    nodes = 2.5 if look_up(NODES, n, "n") else 0.0
    return old + nodes + size + look_up(_HISTOLOGY_OS, histology, "histology") + _shared_points(grade, necrosis)


def _size_points(size_cm: float, *, middle: float, large: float) -> float:
    size = measured(size_cm, "size_cm")
    return large if size > 10 else middle if size > 7 else 0.0


def _shared_points(grade: int, necrosis: bool) -> float:
    return look_up(_GRADE, grade, "grade") + (1.5 if look_up(YES_NO, necrosis, "necrosis") else 0.0)


def assure_dfs_group(points: float) -> str:
    """Return the group of the points for disease-free survival: 0–5.5 low, 6–8 intermediate, 8.5 or more high.

    Parameters
    ----------
    points : float
        From :func:`assure_dfs_points`.

    Returns
    -------
    str
        ``low``, ``intermediate`` or ``high``.
    """
    checked = measured(points, "points")
    return "high" if checked >= 8.5 else "intermediate" if checked >= 6 else "low"


def assure_os_group(points: float) -> str:
    """Return the group of the points for overall survival: 0–4.5 low, 5–7 intermediate, 7.5 or more high.

    Parameters
    ----------
    points : float
        From :func:`assure_os_points`.

    Returns
    -------
    str
        ``low``, ``intermediate`` or ``high``.
    """
    checked = measured(points, "points")
    return "high" if checked >= 7.5 else "intermediate" if checked >= 5 else "low"
