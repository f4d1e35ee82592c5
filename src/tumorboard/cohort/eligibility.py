"""Who is eligible, and who was dropped for what: the flow of patients (CONSORT, BMJ 2010;340:c332)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.study.settings import Requirement

if TYPE_CHECKING:
    import pandas as pd

REASONS: dict[Requirement, str] = {
    "clinical": "no clinical record",
    "slide": "no diagnostic slide",
    "scan": "neither CT nor MR",
    "ct": "no CT",
    "mr": "no MR",
    "mutations": "mutations not profiled",
    "copy_number": "copy number not profiled",
    "genes": "mutations and copy number not both profiled",
    "endpoint": "endpoint not known",
}


@dataclass(frozen=True)
class FlowStep:
    """One requirement and what it did.

    Parameters
    ----------
    requirement : str
        What was asked for.
    reason : str
        Why patients without it were dropped.
    dropped, left : int
        Patients dropped by this step, and left after it.
    """

    requirement: str
    reason: str
    dropped: int
    left: int


@dataclass(frozen=True, eq=False)
class Flow:
    """The flow of patients from all that are known to those that are eligible.

    Parameters
    ----------
    patients : int
        All patients.
    steps : tuple of FlowStep
        The requirements in the order in which they were asked.
    eligible : Series of bool
        One a patient.
    dropped : tuple of (patient_id, reason)
        Every dropped patient with all that was lacking, by identifier.
    """

    patients: int
    steps: tuple[FlowStep, ...]
    eligible: pd.Series[bool]
    dropped: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, object]:
        """Return the flow as plain JSON types, without identifiers."""
        steps = [
            {"requirement": s.requirement, "reason": s.reason, "dropped": s.dropped, "left": s.left} for s in self.steps
        ]
        return {"patients": self.patients, "steps": steps, "eligible": int(self.eligible.sum())}


def apply_requirements(patients: pd.DataFrame, required: Sequence[Requirement]) -> Flow:
    """Ask each patient for what is required.

    Parameters
    ----------
    patients : DataFrame
        With the columns ``has_…`` and the endpoint.
    required : sequence of str
        The requirements, in order; none makes everybody eligible.
    """
    import pandas as pd

    eligible = pd.Series(True, index=patients.index)
    lacking = pd.Series("", index=patients.index)
    steps = []
    for requirement in required:
        met = _is_met(patients, requirement)
        reason = REASONS[requirement]
        lacking = lacking.where(met, lacking.where(lacking == "", lacking + "; ") + reason)
        dropped = int((eligible & ~met).sum())
        eligible &= met
        steps.append(FlowStep(requirement, reason, dropped, int(eligible.sum())))
    dropped_patients = sorted(zip(patients.loc[~eligible, "patient_id"], lacking[~eligible], strict=True))
    return Flow(len(patients), tuple(steps), eligible, tuple(dropped_patients))


def _is_met(patients: pd.DataFrame, requirement: Requirement) -> pd.Series[bool]:
    if requirement == "genes":
        return patients["has_mutations"] & patients["has_copy_number"]
    if requirement == "endpoint":
        return patients["time_months"].notna()
    return patients[f"has_{requirement}"].astype(bool)
