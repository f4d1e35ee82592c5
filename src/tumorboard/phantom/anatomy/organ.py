"""What a voxel of a simulated body belongs to."""

from __future__ import annotations

from enum import IntEnum


class Organ(IntEnum):
    """Codes of a label volume."""

    AIR = 0
    TABLE = 1
    SKIN = 2
    SUBCUTANEOUS_FAT = 3
    MUSCLE = 4
    INTERMUSCULAR = 5
    MESENTERIC_FAT = 6
    LUNG = 7
    CORTICAL_BONE = 8
    CANCELLOUS_BONE = 9
    DISC = 10
    SPINAL_CANAL = 11
    LIVER = 12
    HEPATIC_VEIN = 13
    PORTAL_VEIN = 14
    GALLBLADDER = 15
    SPLEEN = 16
    PANCREAS = 17
    ADRENAL = 18
    STOMACH_WALL = 19
    STOMACH_CONTENT = 20
    BOWEL_WALL = 21
    BOWEL_CONTENT = 22
    BOWEL_CONTRAST = 23
    STOOL = 24
    GAS = 25
    AORTA = 26
    ARTERY = 27
    VENA_CAVA = 28
    VEIN = 29
    VESSEL_CALCIFICATION = 30
    PERIRENAL_FAT = 31
    FASCIA = 32
    KIDNEY_CORTEX = 33
    KIDNEY_MEDULLA = 34
    RENAL_SINUS = 35
    COLLECTING_SYSTEM = 36
    RENAL_VEIN = 37
    CYST = 38
    TUMOUR = 39
    PSEUDOCAPSULE = 40
    NECROSIS = 41
    TUMOUR_CALCIFICATION = 42
    PALE_TUMOUR = 43


KIDNEY = (Organ.KIDNEY_CORTEX, Organ.KIDNEY_MEDULLA, Organ.RENAL_SINUS, Organ.COLLECTING_SYSTEM, Organ.CYST)
"""What an annotator counts as kidney."""

TUMOUR = (Organ.TUMOUR, Organ.PALE_TUMOUR, Organ.PSEUDOCAPSULE, Organ.NECROSIS, Organ.TUMOUR_CALCIFICATION)
"""What an annotator counts as tumour."""
