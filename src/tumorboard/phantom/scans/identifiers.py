"""Identifiers, dates and times of a simulated study: fictional, and fixed by the seed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from tumorboard.phantom.patients.patient import SimulatedPatient, generator

_FIRST_DAY = datetime(2001, 1, 1)
_DAYS = 7000
_OPENING_SECONDS, _CLOSING_SECONDS = 7 * 3600, 19 * 3600


def simulated_uid(*words: object) -> str:
    """Give the unique identifier that belongs to some words: ``2.25.`` and a UUID's number (DICOM PS3.5 B.2).

    Parameters
    ----------
    *words : object
        What is identified; the same words give the same identifier.

    Returns
    -------
    str
        At most 44 characters.

    Examples
    --------
    >>> simulated_uid("study", 1) == simulated_uid("study", 1) != simulated_uid("study", 2)
    True
    """
    digest = hashlib.sha256("\x1f".join(str(word) for word in words).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


@dataclass(frozen=True)
class StudyIdentity:
    """Who and when a study is.

    Parameters
    ----------
    patient_id : str
        The simulated patient's.
    patient_name : str
        ``SIMULATED^0001``.
    sex : str
        ``M`` or ``F``.
    age_years : int
    study_uid, frame_uid : str
        Of the study, and of the frame of reference that its series share.
    injection : datetime
        When the contrast agent is given; a fictional day.
    """

    patient_id: str
    patient_name: str
    sex: str
    age_years: int
    study_uid: str
    frame_uid: str
    injection: datetime

    def uid(self, *words: object) -> str:
        """Give the identifier of something in this study."""
        return simulated_uid(self.study_uid, *words)

    def moment(self, seconds: float) -> datetime:
        """Give the time that lies so many seconds after the injection (before it, where negative)."""
        return self.injection + timedelta(seconds=round(seconds, 2))


def study_identity(patient: SimulatedPatient) -> StudyIdentity:
    """Give the identity of a patient's study.

    Parameters
    ----------
    patient : SimulatedPatient

    Returns
    -------
    StudyIdentity
    """
    rng = generator(patient.seed, patient.number, "scan date")
    day = _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS)))
    words = ("tumorboard phantom", patient.seed, patient.number)
    return StudyIdentity(
        patient_id=patient.patient_id,
        patient_name=f"SIMULATED^{patient.number:04d}",
        sex={"male": "M", "female": "F"}.get(patient.sex, "O"),
        age_years=patient.age_years,
        study_uid=simulated_uid(*words, "study"),
        frame_uid=simulated_uid(*words, "frame of reference"),
        injection=day + timedelta(seconds=int(rng.integers(_OPENING_SECONDS, _CLOSING_SECONDS))),
    )


def dicom_date(moment: datetime) -> str:
    """Write a date as DICOM does: ``20010131``."""
    return moment.strftime("%Y%m%d")


def dicom_time(moment: datetime) -> str:
    """Write a time as DICOM does: ``143005.250000``."""
    return moment.strftime("%H%M%S.%f")
