"""What the network reads of a patient, in training as in prediction.

- ``codings``: genes and clinical values as numbers, learned on fit patients
- ``pictures``, ``bags``: images and tile features, patient by patient
- ``stain``: normalisation of tiles
- ``study_inputs``: all of them of a study, and who has what
- ``seen``: what pictures looked like in training
"""

from tumorboard.inputs.bags import BagInputs
from tumorboard.inputs.codings import CLINICAL_NUMBERS, ClinicalCoding, GeneCoding
from tumorboard.inputs.pictures import PictureInputs, evenly_spaced
from tumorboard.inputs.seen import picture_statistics
from tumorboard.inputs.stain import PatientStain, normaliser_from_json, normaliser_to_json
from tumorboard.inputs.study_inputs import StudyInputs

__all__ = [
    "CLINICAL_NUMBERS",
    "BagInputs",
    "ClinicalCoding",
    "GeneCoding",
    "PatientStain",
    "PictureInputs",
    "StudyInputs",
    "evenly_spaced",
    "normaliser_from_json",
    "normaliser_to_json",
    "picture_statistics",
]
