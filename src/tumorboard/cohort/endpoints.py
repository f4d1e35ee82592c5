"""Endpoints: what counts as an event, what competes with it, and the status at a landmark.

DSS: death of the disease; OS: death of any cause; PFS: progression or death of the disease. The landmark status (5YSS
at 60 months) is ``dead`` for an event until the landmark, ``alive`` for follow-up beyond it, and ``excluded`` for a
patient censored before, who has no label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tumorboard.study.columns import LONGEST_FOLLOW_UP_MONTHS
from tumorboard.study.settings import ENDPOINTS, Endpoint
from tumorboard.study.tables import Column, FlagColumn, NumberColumn

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LONGEST_FOLLOW_UP_MONTHS",
    "OUTCOME_COLUMNS",
    "choose_endpoint",
    "endpoint_columns",
    "landmark_status",
    "time_column",
]

_SAME_TIME_MONTHS = 0.05  # archives round an endpoint's months apart in the second decimal


def time_column(name: str) -> NumberColumn:
    """Return the column of a follow-up time, which refuses days given as months."""
    return NumberColumn(
        name,
        unit="months",
        low=0,
        high=LONGEST_FOLLOW_UP_MONTHS,
        hint="larger numbers are usually days: divide by 30.4375",
    )


def endpoint_columns(endpoint: Endpoint) -> tuple[str, str]:
    """Return the names of an endpoint's time and event columns.

    Examples
    --------
    >>> endpoint_columns("DSS")
    ('dss_time_months', 'dss_event')
    """
    prefix = endpoint.lower()
    return f"{prefix}_time_months", f"{prefix}_event"


OUTCOME_COLUMNS: tuple[Column, ...] = tuple(
    column
    for endpoint in ENDPOINTS
    for column in (time_column(endpoint_columns(endpoint)[0]), FlagColumn(endpoint_columns(endpoint)[1]))
)
"""The outcome columns a patient table may have; an endpoint is there when both its columns are filled."""


def choose_endpoint(patients: pd.DataFrame, endpoint: Endpoint, landmark_months: float) -> pd.DataFrame:
    """Add the study's endpoint to a table of patients.

    Parameters
    ----------
    patients : DataFrame
        With the outcome columns of every endpoint.
    endpoint : {"DSS", "OS", "PFS"}
        The study's endpoint.
    landmark_months : float
        When the landmark status is read.

    Returns
    -------
    DataFrame
        A copy with ``time_months``, ``event`` (1 happened, 0 censored), ``competing`` (1 where the patient died of
        something else first) and ``landmark_status`` (dead, alive, excluded; missing without the endpoint).
    """
    time_name, event_name = endpoint_columns(endpoint)
    known = patients[time_name].notna() & patients[event_name].notna()
    time, event = patients[time_name].where(known), patients[event_name].where(known)
    died = patients["os_event"].eq(1) & (patients["os_time_months"] <= time + _SAME_TIME_MONTHS)
    competing = (died & event.eq(0)).astype(float).where(known)
    return patients.assign(
        time_months=time,
        event=event,
        competing=competing,
        landmark_status=landmark_status(time, event, landmark_months),
    )


def landmark_status(time_months: pd.Series[float], event: pd.Series[float], landmark_months: float) -> pd.Series[str]:
    """Return dead, alive or excluded at a landmark.

    Parameters
    ----------
    time_months, event : Series of float, shape (n,)
        The endpoint; missing where it is not known.
    landmark_months : float
        The landmark.
    """
    import pandas as pd

    known = time_months.notna() & event.notna()
    dead = event.eq(1) & (time_months <= landmark_months)
    status = np.where(dead, "dead", np.where(time_months > landmark_months, "alive", "excluded"))
    return pd.Series(status, index=time_months.index, dtype="string").where(known)
