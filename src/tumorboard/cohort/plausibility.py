"""Values that are coded but cannot be: reported, and treated as missing.

Impossible: Karnofsky 0 (a dead patient) at diagnosis; a largest dimension that misses the T stage's definition by a
factor of two or more (T1a at most 4 cm, T1b above 4 to 7 cm, T2 above 7 cm: AJCC Cancer Staging Manual, 8th edition,
2017); a T3 or T4 tumour below 1.5 cm. Contradictory, but kept: a dimension outside the definition by less than that,
since a stage is read off the whole specimen and a dimension often off one block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tumorboard.cohort.records import Finding

if TYPE_CHECKING:
    import pandas as pd

_SIZE_RANGE_CM = {
    "1": (0.0, 7.0), "1a": (0.0, 4.0), "1b": (4.0, 7.0),
    "2": (7.0, 40.0), "2a": (7.0, 10.0), "2b": (10.0, 40.0),
}  # fmt: skip
_SMALLEST_ADVANCED_CM = 1.5
_ROUNDING_CM = 0.05


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
    patients = patients.copy()
    findings = []
    dead = patients["karnofsky"] == 0
    if dead.any():
        findings.append(
            Finding("impossible", "karnofsky", int(dead.sum()), "Karnofsky 0 is a dead patient: treated as missing")
        )
        patients.loc[dead, "karnofsky"] = float("nan")
    impossible, contradictory = _sizes_against_stage(patients)
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


def _sizes_against_stage(patients: pd.DataFrame) -> tuple[pd.Series[bool], pd.Series[bool]]:
    size = patients["size_cm"]
    low = patients["t"].map({stage: bounds[0] for stage, bounds in _SIZE_RANGE_CM.items()}).astype(float)
    high = patients["t"].map({stage: bounds[1] for stage, bounds in _SIZE_RANGE_CM.items()}).astype(float)
    advanced = patients["t"].str[:1].isin(["3", "4"]).fillna(False).astype(bool)
    impossible = (size <= low / 2) | (size >= 2 * high) | (advanced & (size < _SMALLEST_ADVANCED_CM))
    outside = (size < low - _ROUNDING_CM) | (size > high + _ROUNDING_CM)
    return impossible, outside & ~impossible
