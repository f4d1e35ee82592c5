"""A tumour's largest dimension against its T stage: what cannot be, and what is only at odds.

The stages' sizes are those of the AJCC Cancer Staging Manual, 8th edition, 2017. A stage is read off the whole specimen
and a dimension often off one block, so a size may lie somewhat outside; a miss by a factor of two or more is a slip in
coding, usually of the decimal point.
"""

from __future__ import annotations

import math
from typing import Literal

SIZE_RANGE_CM = {
    "1": (0.0, 7.0), "1a": (0.0, 4.0), "1b": (4.0, 7.0),
    "2": (7.0, math.inf), "2a": (7.0, 10.0), "2b": (10.0, math.inf),
}  # fmt: skip
"""The sizes that define T1 and T2; growth beyond the kidney, not size, defines T3 and T4."""

LARGEST_SLIP_CM = 1.0
"""A T3 or T4 tumour of this size or less is a slip in coding."""

_ROUNDING_CM = 0.05


def judge_size(t: str | None, size_cm: float) -> Literal["impossible", "contradiction", "plausible"]:
    """Compare a size with the definition of the T stage.

    Parameters
    ----------
    t : str or None
        The T category, with or without its letter; None or empty where unknown.
    size_cm : float
        The largest dimension; NaN where unknown.

    Returns
    -------
    {"impossible", "contradiction", "plausible"}
        Impossible: misses the definition by a factor of two or more, or a T3 or T4 tumour of 1 cm or less.
        Contradiction: misses it by less. What is unknown is plausible.

    Examples
    --------
    >>> judge_size("1a", 20), judge_size("1a", 5), judge_size("3b", 0.7), judge_size("3b", 1.2)
    ('impossible', 'contradiction', 'impossible', 'plausible')
    """
    if not t:
        return "plausible"
    if t not in SIZE_RANGE_CM:
        return "impossible" if size_cm <= LARGEST_SLIP_CM else "plausible"
    low, high = SIZE_RANGE_CM[t]
    if size_cm <= low / 2 or size_cm >= 2 * high:
        return "impossible"
    return "contradiction" if size_cm < low - _ROUNDING_CM or size_cm > high + _ROUNDING_CM else "plausible"
