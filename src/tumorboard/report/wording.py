"""Numbers in words: the filters of the report's templates."""

from __future__ import annotations

from typing import Any

from tumorboard.evaluation.figures.wording import estimate_text, p_text, signless_zero

ENDPOINT_WORDS = {
    "DSS": ("disease-specific survival", "deaths of the disease"),
    "OS": ("overall survival", "deaths"),
    "PFS": ("progression-free survival", "progressions"),
}


def shown(estimate: dict[str, Any] | None, digits: int = 3) -> str:
    """Return an estimate with its interval, or why there is none.

    Examples
    --------
    >>> shown({"value": None, "ci95": None, "reason": "no events"})
    'none: no events'
    """
    if not estimate:
        return "none: not computed"
    if estimate["value"] is None:
        return f"none: {estimate['reason']}"
    text = estimate_text(estimate, digits)
    return f"{text}; {estimate['reason']}" if estimate["reason"] else text


def p_value(p: float | None, reason: str | None = None) -> str:
    """Return a p-value as a table's cell.

    Examples
    --------
    >>> p_value(0.00001), p_value(0.1690), p_value(None, "no events")
    ('< 0.001', '0.169', 'none: no events')
    """
    if p is None:
        return f"none: {reason or 'not defined'}"
    return p_text(p).removeprefix("p = ").removeprefix("p ")


def hazard(row: dict[str, Any], reason: str | None = None) -> str:
    """Return a hazard ratio with its interval, or why there is none."""
    if row["hazard_ratio"] is None:
        return f"none: {reason or row.get('reason') or 'not estimated'}"
    return estimate_text({"value": row["hazard_ratio"], "ci95": row["ci95"]}, 2)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number, or "none"."""
    return "none" if value is None else signless_zero(value, digits)


FILTERS = {"shown": shown, "p_value": p_value, "hazard": hazard, "number": number}
