"""Stage groups of the AJCC staging manual, 8th edition (2017), for kidney cancer."""

from __future__ import annotations

from tumorboard.clinical.checks import METASTASES, NODES, T_DIGIT, look_up

GROUPS = ("I", "II", "III", "IV")
SOURCE = "Amin et al. (ed.), AJCC Cancer Staging Manual, 8th ed., 2017"


def stage_group(t: str, n: int, m: int) -> str:
    """Return the AJCC 8 stage.

    I: T1 N0 M0. II: T2 N0 M0. III: T1–2 N1 M0, or T3 N0–1 M0. IV: T4, or M1.

    Parameters
    ----------
    t : str
        ``1`` to ``4``, with or without its letter.
    n : int
        0 to 2; 2, from TNM editions up to the sixth, counts as 1.
    m : int
        0 or 1.

    Returns
    -------
    str
        ``I``, ``II``, ``III`` or ``IV``.

    Raises
    ------
    UserError
        If an input is not one of these.

    Examples
    --------
    >>> stage_group("3a", 0, 0)
    'III'
    """
    digit = look_up(T_DIGIT, t, "t")
    nodes = look_up(NODES, n, "n")
    if look_up(METASTASES, m, "m") or digit == 4:
        return "IV"
    if nodes or digit == 3:
        return "III"
    return GROUPS[digit - 1]
