"""Numbers as they are printed in pictures and in the report."""

from __future__ import annotations

from typing import Any


def estimate_text(estimate: dict[str, Any], digits: int = 3) -> str:
    """Return an estimate with its interval, or "none".

    Examples
    --------
    >>> estimate_text({"value": 0.84449, "ci95": [0.809, 0.8778], "reason": None})
    '0.844 (0.809 to 0.878)'
    """
    if estimate["value"] is None:
        return "none"
    text = signless_zero(estimate["value"], digits)
    if estimate["ci95"] is None:
        return text
    low, high = (signless_zero(bound, digits) for bound in estimate["ci95"])
    return f"{text} ({low} to {high})"


def signless_zero(value: float, digits: int) -> str:
    """Return a number with a true minus sign, and without one where it rounds to nought.

    Examples
    --------
    >>> signless_zero(-0.00003, 3), signless_zero(-0.0113, 3)
    ('0.000', '−0.011')
    """
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def p_text(p: float | None) -> str:
    """Return a p-value as it is printed.

    Examples
    --------
    >>> p_text(0.0004), p_text(0.1690), p_text(None)
    ('p < 0.001', 'p = 0.169', 'p none')
    """
    if p is None:
        return "p none"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
