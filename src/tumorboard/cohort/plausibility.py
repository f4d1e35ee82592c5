"""Values that are coded but cannot be: reported, and treated as missing.

Impossible: Karnofsky 0 (a dead patient) at diagnosis; a largest dimension that cannot be at the T stage (see
:mod:`tumorboard.clinical.size_and_stage`). Contradictory, but kept: a dimension outside the stage's definition by less,
and a follow-up so long that it looks like days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard.clinical.size_and_stage import judge_size
from tumorboard.cohort.endpoints import endpoint_columns
from tumorboard.cohort.records import Finding
from tumorboard.study.settings import ENDPOINTS

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_MEDIAN_MONTHS = 150
"""Hardly a cohort is followed for 12.5 years in the median; 150 days are less than half a year."""


def treat_impossible_as_missing(patients: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Set impossible values to missing.

    Parameters
    ----------
    patients : DataFrame
        With the clinical columns.

    Returns
    -------
    patients : DataFrame
        A copy without the impossible values.
    findings : list of Finding
        What was impossible or contradictory, in numbers.
    """
    import pandas as pd

    patients = patients.copy()
    findings = []
    dead = patients["karnofsky"] == 0
    if dead.any():
        findings.append(
            Finding("impossible", "karnofsky", int(dead.sum()), "Karnofsky 0 is a dead patient: treated as missing")
        )
        patients.loc[dead, "karnofsky"] = float("nan")
    judged = [judge_size(t, size) for t, size in zip(patients["t"].fillna(""), patients["size_cm"], strict=True)]
    judgement = pd.Series(judged, index=patients.index, dtype=object)
    impossible, contradictory = judgement == "impossible", judgement == "contradiction"
    if impossible.any():
        cases = patients.loc[impossible].sort_values(["size_cm", "t"])
        shown = ", ".join(f"T{t} of {size:g} cm" for t, size in zip(cases["t"], cases["size_cm"], strict=True))
        findings.append(
            Finding("impossible", "size_cm", int(impossible.sum()), f"the size cannot be ({shown}): treated as missing")
        )
        patients.loc[impossible, "size_cm"] = float("nan")
    if contradictory.any():
        findings.append(
            Finding(
                "contradiction", "size_cm", int(contradictory.sum()),
                "the size lies outside the definition of the T stage, by less than a factor of two: both are kept",
            )
        )  # fmt: skip
    return patients, findings


def find_follow_up_in_days(patients: pd.DataFrame) -> list[Finding]:
    """Return a finding for each endpoint whose times are likely days.

    Parameters
    ----------
    patients : DataFrame
        With the outcome columns of every endpoint.

    Returns
    -------
    list of Finding
        Contradictions; the times are kept as they are.
    """
    findings = []
    for endpoint in ENDPOINTS:
        name, _ = endpoint_columns(endpoint)
        time = patients[name].dropna()
        if time.median() > _LONGEST_MEDIAN_MONTHS:
            years = time.median() / 12
            text = f"the median follow-up is {years:.1f} years: are these days? divide by 30.4375"
            findings.append(Finding("contradiction", name, len(time), text))
    return findings
