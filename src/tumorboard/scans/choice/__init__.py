"""Which series of a patient serves: what each one is, its contrast phase, and the choice with its reasons."""

from tumorboard.scans.choice.choosing import Choice, Rival, choose, worth_seeing
from tumorboard.scans.choice.enhancement import phase_from_image
from tumorboard.scans.choice.kind import Kind, kind_of
from tumorboard.scans.choice.phase import Phase, phase_of
from tumorboard.scans.choice.phase_wording import PhaseName
from tumorboard.scans.choice.wording import KindName

__all__ = [
    "Choice",
    "Kind",
    "KindName",
    "Phase",
    "PhaseName",
    "Rival",
    "choose",
    "kind_of",
    "phase_from_image",
    "phase_of",
    "worth_seeing",
]
