"""What a complete input of a score may be: refuse anything else, so that no default slips in."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from tumorboard.errors import UserError

Value = TypeVar("Value")


def look_up(table: Mapping[Any, Value], value: Hashable, name: str) -> Value:
    """Return what a score's table says of a value.

    Parameters
    ----------
    table : mapping
        Every allowed value, and what it counts.
    value : hashable
        The input.
    name : str
        The input's name, for the message.

    Returns
    -------
    object
        The table's entry.

    Raises
    ------
    UserError
        If the value is not in the table.
    """
    if value not in table:
        allowed = ", ".join(str(key) for key in table)
        raise UserError(f"{value!r} is not allowed", where=name, fix=f"Allowed: {allowed}")
    return table[value]


def measured(value: float, name: str, *, low: float = 0.0, high: float = math.inf) -> float:
    """Return a number after checking that it is finite and in its range.

    Parameters
    ----------
    value : float
        The input.
    name : str
        The input's name, for the message.
    low, high : float
        Smallest and largest allowed value.

    Returns
    -------
    float

    Raises
    ------
    UserError
        If the value is not finite or out of range.
    """
    if not math.isfinite(value) or not low <= value <= high:
        upper = "" if math.isinf(high) else f" to {high:g}"
        raise UserError(f"{value!r} is not allowed", where=name, fix=f"Allowed: a number from {low:g}{upper}")
    return float(value)


T_LETTERS = ("1a", "1b", "2a", "2b", "3a", "3b", "3c", "4")
"""The T categories with their letters (AJCC 8)."""

T_DIGIT: Mapping[Any, int] = {t: int(t[0]) for t in ("1", "2", "3", *T_LETTERS)}
"""The T category without its letter."""

NODES: Mapping[Any, bool] = {0: False, 1: True, 2: True}
"""Whether regional nodes are involved; N2 is of TNM editions up to the sixth."""

GRADES: Mapping[Any, int] = {1: 1, 2: 2, 3: 3, 4: 4}

METASTASES: Mapping[Any, bool] = {0: False, 1: True}
"""Whether there are distant metastases."""

YES_NO: Mapping[Any, bool] = {0: False, 1: True}
"""No and yes; ``False`` and ``True`` are the same keys."""

LEVELS: Mapping[Any, str] = {"low": "low", "normal": "normal", "high": "high"}
"""A laboratory value against the laboratory's limits."""
