"""An estimate: a number with its interval, or null with the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

NORMAL_95 = 1.959963984540054
"""The 97.5th percentile of the normal distribution: half the width of a 95 % interval in standard errors."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, or the reason why it does not exist.

    Parameters
    ----------
    value : float or None
        The point estimate; None where it is undefined.
    ci95 : tuple of float or None
        Lower and upper bound of the 95 % interval.
    reason : str or None
        Why the value or its interval does not exist.

    Raises
    ------
    ValueError
        For a value that is not finite, or a missing value without a reason.

    Examples
    --------
    >>> Estimate(0.71, (0.66, 0.76)).to_json()
    {'value': 0.71, 'ci95': [0.66, 0.76], 'reason': None}
    >>> Estimate.undefined("no events").to_json()
    {'value': None, 'ci95': None, 'reason': 'no events'}
    """

    value: float | None
    ci95: tuple[float, float] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and not self.reason:
            raise ValueError("an estimate without a value needs a reason")
        for number in (self.value, *(self.ci95 or ())):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"an estimate must be finite, but holds {number}")

    @classmethod
    def undefined(cls, reason: str) -> Estimate:
        """Return the estimate that does not exist, for the given reason."""
        return cls(None, None, reason)

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def to_json(self) -> dict[str, object]:
        """Return ``{"value", "ci95", "reason"}`` as plain JSON types."""
        return {"value": self.value, "ci95": list(self.ci95) if self.ci95 else None, "reason": self.reason}

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        if self.ci95 is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.ci95[0]:.3f}–{self.ci95[1]:.3f})"
