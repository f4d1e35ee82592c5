"""How bright each organ is: Hounsfield units per phase of a CT, signal per weighting of an MR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.volume import Contrast

# Mean Hounsfield units at 120 kV: native, arterial (about 30 s), nephrographic (90 s), delayed (5 to 8 min).
# Attenuation of tissues and their enhancement as in the textbooks; clear cell carcinoma after Birnbaum et al. 1996
# and Young et al. 2013 (Radiology 267:444): strongest in the corticomedullary phase, then washing out.
HOUNSFIELD: dict[Organ, tuple[float, float, float, float]] = {
    Organ.AIR: (-1000, -1000, -1000, -1000),
    Organ.TABLE: (900, 900, 900, 900),
    Organ.SKIN: (15, 22, 25, 22),
    Organ.SUBCUTANEOUS_FAT: (-104, -104, -103, -103),
    Organ.MUSCLE: (50, 56, 62, 60),
    Organ.INTERMUSCULAR: (5, 8, 10, 10),
    Organ.MESENTERIC_FAT: (-104, -102, -100, -101),
    Organ.LUNG: (-830, -825, -825, -828),
    Organ.CORTICAL_BONE: (560, 565, 570, 565),
    Organ.CANCELLOUS_BONE: (200, 208, 212, 208),
    Organ.DISC: (85, 86, 88, 88),
    Organ.SPINAL_CANAL: (22, 24, 26, 26),
    Organ.LIVER: (56, 68, 108, 88),
    Organ.HEPATIC_VEIN: (42, 62, 145, 98),
    Organ.PORTAL_VEIN: (42, 95, 155, 100),
    Organ.GALLBLADDER: (8, 8, 8, 10),
    Organ.SPLEEN: (48, 118, 122, 92),
    Organ.PANCREAS: (40, 100, 92, 75),
    Organ.ADRENAL: (25, 70, 75, 55),
    Organ.STOMACH_WALL: (42, 75, 85, 72),
    Organ.STOMACH_CONTENT: (18, 18, 18, 18),
    Organ.BOWEL_WALL: (38, 78, 88, 70),
    Organ.BOWEL_CONTENT: (18, 18, 18, 18),
    Organ.BOWEL_CONTRAST: (210, 210, 210, 210),
    Organ.STOOL: (12, 12, 12, 12),
    Organ.GAS: (-950, -950, -950, -950),
    Organ.AORTA: (42, 310, 155, 110),
    Organ.ARTERY: (42, 290, 150, 108),
    Organ.VENA_CAVA: (40, 85, 140, 108),
    Organ.VEIN: (42, 85, 150, 108),
    Organ.VESSEL_CALCIFICATION: (600, 600, 600, 600),
    Organ.PERIRENAL_FAT: (-106, -104, -102, -103),
    Organ.FASCIA: (-52, -50, -48, -50),
    Organ.KIDNEY_CORTEX: (34, 158, 182, 132),
    Organ.KIDNEY_MEDULLA: (33, 62, 172, 142),
    Organ.RENAL_SINUS: (-80, -70, -68, -72),
    Organ.COLLECTING_SYSTEM: (6, 6, 18, 420),
    Organ.RENAL_VEIN: (42, 140, 160, 112),
    Organ.CYST: (6, 7, 9, 9),
    Organ.TUMOUR: (36, 128, 98, 80),
    Organ.PALE_TUMOUR: (33, 88, 80, 70),
    Organ.PSEUDOCAPSULE: (34, 72, 92, 90),
    Organ.NECROSIS: (15, 17, 19, 20),
    Organ.TUMOUR_CALCIFICATION: (420, 430, 430, 430),
}

# Signal at 1.5 tesla: T1, T1 after gadolinium, T2 (arbitrary units).
SIGNAL: dict[Organ, tuple[float, float, float]] = {
    Organ.AIR: (0, 0, 0),
    Organ.TABLE: (0, 0, 0),
    Organ.SKIN: (420, 520, 330),
    Organ.SUBCUTANEOUS_FAT: (960, 970, 800),
    Organ.MUSCLE: (290, 360, 150),
    Organ.INTERMUSCULAR: (520, 560, 400),
    Organ.MESENTERIC_FAT: (900, 910, 740),
    Organ.LUNG: (35, 45, 40),
    Organ.CORTICAL_BONE: (70, 75, 55),
    Organ.CANCELLOUS_BONE: (480, 520, 380),
    Organ.DISC: (270, 310, 430),
    Organ.SPINAL_CANAL: (190, 215, 950),
    Organ.LIVER: (440, 700, 250),
    Organ.HEPATIC_VEIN: (180, 900, 170),
    Organ.PORTAL_VEIN: (190, 930, 180),
    Organ.GALLBLADDER: (230, 230, 1250),
    Organ.SPLEEN: (300, 680, 480),
    Organ.PANCREAS: (470, 690, 340),
    Organ.ADRENAL: (330, 560, 320),
    Organ.STOMACH_WALL: (300, 600, 300),
    Organ.STOMACH_CONTENT: (180, 185, 900),
    Organ.BOWEL_WALL: (300, 620, 290),
    Organ.BOWEL_CONTENT: (210, 215, 820),
    Organ.BOWEL_CONTRAST: (210, 215, 820),
    Organ.STOOL: (380, 390, 330),
    Organ.GAS: (12, 12, 12),
    Organ.AORTA: (110, 1050, 75),
    Organ.ARTERY: (120, 1030, 85),
    Organ.VENA_CAVA: (150, 960, 130),
    Organ.VEIN: (160, 950, 150),
    Organ.VESSEL_CALCIFICATION: (60, 90, 50),
    Organ.PERIRENAL_FAT: (900, 910, 740),
    Organ.FASCIA: (500, 560, 420),
    Organ.KIDNEY_CORTEX: (410, 980, 520),
    Organ.KIDNEY_MEDULLA: (300, 890, 680),
    Organ.RENAL_SINUS: (820, 860, 760),
    Organ.COLLECTING_SYSTEM: (170, 180, 1350),
    Organ.RENAL_VEIN: (150, 960, 130),
    Organ.CYST: (150, 155, 1400),
    Organ.TUMOUR: (340, 720, 640),
    Organ.PALE_TUMOUR: (310, 520, 760),
    Organ.PSEUDOCAPSULE: (240, 560, 220),
    Organ.NECROSIS: (210, 225, 1150),
    Organ.TUMOUR_CALCIFICATION: (60, 90, 50),
}

# Unevenness: coarse (some 10 mm), fine (some 3 mm) and strands (thin sheets), in Hounsfield units.
_UNEVEN: dict[Organ, tuple[float, float, float]] = {
    Organ.TABLE: (10, 20, 0),
    Organ.SKIN: (0, 12, 0),
    Organ.SUBCUTANEOUS_FAT: (3, 4, 16),
    Organ.MUSCLE: (5, 7, -45),
    Organ.INTERMUSCULAR: (12, 22, 0),
    Organ.MESENTERIC_FAT: (5, 5, 34),
    Organ.LUNG: (25, 35, 60),
    Organ.CORTICAL_BONE: (60, 120, 0),
    Organ.CANCELLOUS_BONE: (22, 34, 0),
    Organ.DISC: (8, 8, 0),
    Organ.SPINAL_CANAL: (8, 8, 0),
    Organ.LIVER: (2.5, 3.5, 0),
    Organ.PANCREAS: (10, 14, -40),
    Organ.ADRENAL: (4, 6, 0),
    Organ.STOMACH_WALL: (8, 10, 0),
    Organ.STOMACH_CONTENT: (20, 22, 0),
    Organ.BOWEL_WALL: (10, 10, 0),
    Organ.BOWEL_CONTENT: (14, 12, 0),
    Organ.BOWEL_CONTRAST: (60, 50, 0),
    Organ.STOOL: (45, 60, -60),
    Organ.GAS: (0, 15, 0),
    Organ.PERIRENAL_FAT: (4, 4, 46),
    Organ.FASCIA: (40, 35, 0),
    Organ.KIDNEY_CORTEX: (3, 4, 0),
    Organ.KIDNEY_MEDULLA: (5, 5, 0),
    Organ.RENAL_SINUS: (14, 14, 20),
    Organ.NECROSIS: (4, 4, 0),
    Organ.TUMOUR: (7, 5, 0),
    Organ.PALE_TUMOUR: (7, 5, 0),
    Organ.PSEUDOCAPSULE: (6, 6, 0),
    Organ.TUMOUR_CALCIFICATION: (60, 60, 0),
}

# What unevenness the contrast medium adds, per Hounsfield unit of enhancement.
_UNEVEN_ENHANCEMENT: dict[Organ, tuple[float, float, float]] = {
    Organ.TUMOUR: (0.2, 0.14, 0.5),
    Organ.PALE_TUMOUR: (0.3, 0.2, 1.2),
    Organ.KIDNEY_CORTEX: (0.05, 0.05, 0),
    Organ.KIDNEY_MEDULLA: (0.1, 0.08, 0),
    Organ.VENA_CAVA: (0.2, 0.04, 0),
    Organ.PSEUDOCAPSULE: (0.15, 0.1, 0),
}

_LEFT_OF_FAT: dict[Organ, float] = {
    Organ.SUBCUTANEOUS_FAT: 0.17,
    Organ.MESENTERIC_FAT: 0.16,
    Organ.PERIRENAL_FAT: 0.15,
    Organ.RENAL_SINUS: 0.25,
    Organ.INTERMUSCULAR: 0.5,
    Organ.FASCIA: 0.45,
    Organ.CANCELLOUS_BONE: 0.4,
    Organ.SKIN: 0.85,
}
"""Share of the signal that fat saturation leaves, by how much of the tissue is fat."""

_LIVING = (Organ.TUMOUR, Organ.PALE_TUMOUR)
_PHASES = (Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC, Contrast.DELAYED)
_WEIGHTINGS = (Contrast.T1, Contrast.T1_POST, Contrast.T2)
MR_CONTRASTS = frozenset(_WEIGHTINGS)
"""Which contrasts are MR."""


@dataclass(frozen=True, eq=False)
class Appearance:
    """What each code of a label volume looks like.

    Parameters
    ----------
    mean, coarse, fine, strands : ndarray of float32, shape (256,)
        Mean, and how strong each of the three textures is.
    """

    mean: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray
    strands: np.ndarray


@dataclass(frozen=True)
class Uptake:
    """How a patient takes up contrast medium; tells nothing about the outcome.

    Parameters
    ----------
    overall, tumour : float
        Factors on the enhancement, about 1.
    heterogeneity : float
        Factor on the tumour's unevenness.
    """

    overall: float
    tumour: float
    heterogeneity: float


def appearance(contrast: Contrast, uptake: Uptake, kilovolt: float, *, fat_saturated: bool) -> Appearance:
    """Give the look of all organs.

    Parameters
    ----------
    contrast : Contrast
    uptake : Uptake
    kilovolt : float
        Tube voltage of a CT: iodine is brighter at lower ones (about 1.25 times at 100, 1.65 times at 80; Yu et al.,
        Radiographics 2011;31:835).
    fat_saturated : bool
        Whether an MR sequence suppresses the signal of fat.

    Returns
    -------
    Appearance
    """
    if contrast in MR_CONTRASTS:
        return _magnetic(contrast, uptake, fat_saturated)
    column, iodine = _PHASES.index(contrast), uptake.overall * (120 / kilovolt) ** 1.23
    tables = np.zeros((4, 256), np.float32)
    for organ, values in HOUNSFIELD.items():
        enhancement = (values[column] - values[0]) * iodine * (uptake.tumour if organ in _LIVING else 1.0)
        tables[0, organ] = values[0] + enhancement
        even, added = _UNEVEN.get(organ, (0, 0, 0)), _UNEVEN_ENHANCEMENT.get(organ, (0, 0, 0))
        tables[1:, organ] = [base + share * abs(enhancement) for base, share in zip(even, added, strict=True)]
    if contrast == Contrast.ARTERIAL:
        tables[1:3, Organ.SPLEEN] = (24, 8)  # it enhances in stripes at first
    tables[1:, _LIVING] *= uptake.heterogeneity
    return Appearance(*tables)


def _magnetic(contrast: Contrast, uptake: Uptake, fat_saturated: bool) -> Appearance:
    column = _WEIGHTINGS.index(contrast)
    tables = np.zeros((4, 256), np.float32)
    for organ, values in SIGNAL.items():
        signal = values[column]
        if contrast == Contrast.T1_POST:
            factor = uptake.overall * (uptake.tumour if organ in _LIVING else 1.0)
            signal = values[0] + (values[1] - values[0]) * factor
        tables[0, organ] = signal
        coarse, fine, strands = _UNEVEN.get(organ, (0, 0, 0))
        tables[1:, organ] = (
            signal * min(coarse * 0.008, 0.12),
            signal * min(fine * 0.006, 0.12),
            -2.0 * strands if organ not in (Organ.MUSCLE, Organ.LUNG) else -3.0 * strands,
        )
    tables[1:, _LIVING] = np.array([[0.17], [0.07], [0.1]]) * tables[0, _LIVING] * uptake.heterogeneity
    tables[3, Organ.LUNG] = 40
    if fat_saturated:
        for organ, share in _LEFT_OF_FAT.items():
            tables[:3, organ] *= share
            tables[3, organ] *= -0.4  # septa and small vessels are now brighter than the fat around them
    return Appearance(*tables)
