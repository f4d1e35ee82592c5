"""The one type for what happened to patients and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.errors import OutcomeError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Survival:
    """Follow-up times with the event that ended them.

    Parameters
    ----------
    time_months : array_like of float, shape (n,)
        Months from diagnosis to the event or to the last follow-up; finite and not negative.
    event : array_like of bool, shape (n,)
        True (or 1) where the event happened, False (or 0) where the patient was censored.

    Raises
    ------
    OutcomeError
        For arrays of unequal length, times that are negative or not finite, events that are neither 0 nor 1.

    Examples
    --------
    >>> outcome = Survival([12.0, 60.0, 7.5], [1, 0, 1])
    >>> len(outcome), outcome.events
    (3, 2)
    """

    time_months: FloatArray
    event: BoolArray

    def __post_init__(self) -> None:
        time = np.asarray(self.time_months, dtype=np.float64)
        event = np.asarray(self.event)
        if time.ndim != 1 or event.ndim != 1:
            raise OutcomeError(
                f"'time_months' and 'event' must be one-dimensional, but are {time.ndim}- and {event.ndim}-dimensional"
            )
        if len(time) != len(event):
            raise OutcomeError(f"'event' has {len(event)} values but 'time_months' has {len(time)}")
        if not np.isfinite(time).all():
            raise OutcomeError(f"'time_months' has {int((~np.isfinite(time)).sum())} values that are not finite")
        if (time < 0).any():
            raise OutcomeError(f"'time_months' has negative values, the smallest {time.min():g}")
        if event.dtype != np.bool_:
            if not np.isin(event, (0, 1)).all():
                strange = sorted({str(value) for value in event[~np.isin(event, (0, 1))]})[:3]
                raise OutcomeError(f"'event' must be 0 or 1, but has {', '.join(strange)}")
            event = event.astype(np.bool_)
        object.__setattr__(self, "time_months", time)
        object.__setattr__(self, "event", event)

    def __len__(self) -> int:
        return len(self.time_months)

    def __getitem__(self, rows: BoolArray | IntArray | slice) -> Survival:
        return Survival(self.time_months[rows], self.event[rows])

    @property
    def events(self) -> int:
        """Number of events."""
        return int(self.event.sum())


def as_risk(risk: npt.ArrayLike, n: int, name: str = "risk") -> FloatArray:
    """Return risks as finite floats, one a patient.

    Parameters
    ----------
    risk : array_like, shape (n,)
        Higher is worse.
    n : int
        Number of patients.
    name : str
        What the message calls it.

    Raises
    ------
    OutcomeError
        For another shape, or values that are not finite.
    """
    values = np.asarray(risk, dtype=np.float64)
    if values.shape != (n,):
        raise OutcomeError(f"'{name}' has shape {values.shape} but there are {n} patients")
    if not np.isfinite(values).all():
        raise OutcomeError(f"'{name}' has {int((~np.isfinite(values)).sum())} values that are not finite")
    return values
