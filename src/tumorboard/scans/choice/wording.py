"""What the words of a series description mean: rules as data, read from top to bottom, the first that fits decides.

The wording is that of the 2,650 CT and MR series of TCGA-KIRC in the Imaging Data Commons, of German and French
hospitals, and of the makers' own names. Patterns are read on `plain` text: small letters, no accents, no underscores.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum


class KindName(StrEnum):
    """What a series is."""

    IMAGE = "image"
    LOCALIZER = "localizer"
    CALIBRATION = "calibration"
    DOSE_SHEET = "dose sheet"
    SECONDARY_CAPTURE = "secondary capture"
    REFORMAT = "reformat"
    PROJECTION = "MIP or 3D view"
    BOLUS_TRACKING = "bolus tracking"
    SUBTRACTION = "subtraction"
    DIFFUSION = "diffusion"
    FLUID = "MRCP or MR urography"
    ANGIOGRAPHY = "MR angiography"
    ATTENUATION = "attenuation scan of a PET"
    BIOPSY = "biopsy guidance"
    CHEST = "chest only"
    HEAD = "head"
    OTHER_BODY_PART = "other body part"
    TOO_FEW = "too few slices"
    MASK = "mask"
    OTHER = "not an image of CT or MR"


@dataclass(frozen=True)
class KindRule:
    """One line of the table of kinds.

    Parameters
    ----------
    pattern : str
        Regular expression, searched in the plain description.
    kind : KindName
    meaning : str
        What the wording stands for.
    modality : str
        CT or MR where the wording means it there only; empty for both.
    """

    pattern: str
    kind: KindName
    meaning: str
    modality: str = ""
    compiled: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", re.compile(self.pattern))


K = KindName
KIND_RULES: tuple[KindRule, ...] = (
    KindRule(r"^\(\d+/\d+/\d+\) ?[-+] ?\(", K.SUBTRACTION, "GE's name of a subtraction: (exam/series/image)-(…)"),
    KindRule(r"\bsub(s|tract\w*)?\b|\bsoustraction", K.SUBTRACTION, "subtraction"),
    KindRule(r"\b(p?mip|mips|pjn)\b|mipseries|maximum intensity|projection", K.PROJECTION, "maximum intensity"),
    KindRule(r"\b(vr|vrt|vr\d+|ssd)\b|volume ?render|\b3d (view|movie)", K.PROJECTION, "volume rendering"),
    KindRule(r"\b(scouts?|topo|topogram\w*|scano|scanogram\w*|surv+iew\w*)\b", K.LOCALIZER, "localizer"),
    KindRule(r"\blocali[sz]er|\bloc\b|\b3[ -]?pl(ane)?\b|mode radio|\bap ?/ ?lat\b|repera", K.LOCALIZER, "localizer"),
    KindRule(
        r"\b(asset|sense)? ?cal(ib\w*)?\b|calibration|\bprescan|\bshim\b", K.CALIBRATION, "coil calibration", "MR"
    ),
    KindRule(
        r"smart ?prep|monitoring|care ?bolus|bolus ?track|tracker|\blocator\b", K.BOLUS_TRACKING, "bolus tracking"
    ),
    KindRule(r"test ?(bolus|dos)|timing|\breal ?time\b|fluoro|sure ?start", K.BOLUS_TRACKING, "bolus timing"),
    KindRule(r"patient protocol|exam protocol|\bdose (report|info|sheet|record)", K.DOSE_SHEET, "dose sheet"),
    KindRule(r"summary series|captured|screen ?s(ave|hot)|snapshot", K.SECONDARY_CAPTURE, "captured screen"),
    KindRule(r"\bmprs?\b|reformat|\bcurved\b|\bcpr\b|\baverage\b", K.REFORMAT, "reformat"),
    KindRule(r"\bspo\b", K.REFORMAT, "Siemens' mark of a reformatted range", "CT"),
    KindRule(r"\b(cor|coronal\w*|kor|koronar\w*|frontal)\b", K.REFORMAT, "coronal reformat", "CT"),
    KindRule(r"\b(sag|sagit\w*|obl|oblique)\b", K.REFORMAT, "sagittal or oblique reformat", "CT"),
    KindRule(r"\b(dwi\w*|diff|diffusion\w*|adc|eadc|ivim)\b", K.DIFFUSION, "diffusion", "MR"),
    KindRule(r"mrcp|\bmru\b|thick|\bcor slab\b|\b\d{3} ?te\b", K.FLUID, "heavily T2-weighted slab", "MR"),
    KindRule(r"\bmra\b|tricks|\btof\b|flow sensitive|phase contrast", K.ANGIOGRAPHY, "angiography", "MR"),
    KindRule(r"\bctac\b|\bac ct\b|attenuation|\bpet\b|low ?dose", K.ATTENUATION, "attenuation of a PET", "CT"),
    KindRule(r"^(tmp )?pe\b", K.CHEST, "pulmonary embolism", "CT"),
    KindRule(r"biops|\bbb image|needle|drain|ablat|\brfa\b|cryo|guidance", K.BIOPSY, "an intervention"),
)
"""Wording to kind."""

_CHEST = re.compile(
    r"\b(ch|chest|thorax|thoracic|thoracique|lungs?|lunge\w*|poumons?|pulm\w*|hrct"
    r"|cap|c-a-p|c ?/ ?a ?/ ?p|ca|cabd|c/abd)\b"
)
_HIGH_RESOLUTION = re.compile(r"\bhi ?-?res\b|\bhires\b|high res")
_ABDOMEN = re.compile(
    r"\b(ab|abd\w*|a ?/ ?p|a-p|ap|cap|c-a-p|c ?/ ?a ?/ ?p|ca|cabd|c/abd|kidn\w*|kids?|renal\w*|niere\w*|reins?|liver"
    r"|hepat\w*|leber|foie|panc\w*|kub|ureter\w*|stones?|uro\w*|ctu|ivp|adrenal\w*|retroper\w*|oberbauch|cta)\b"
)
_PELVIS = re.compile(r"\b(pel|pelv\w*|bladder|becken|prostat\w*|uter(us|ine))\b")
_HEAD = re.compile(r"\b(head|brain|skull|neck|orbit\w*|sinus\w*|schadel|hirn|cerebr\w*|crane)\b")
_LIMB = re.compile(r"\b(spine|lumbar|hips?|knees?|femur\w*|shoulder\w*|extrem\w*|legs?|arms?|wirbel\w*|rachis)\b")


def plain(text: str) -> str:
    """Bring a description into the form that the rules are written for.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Small letters, no accents, underscores and carets as spaces, single spaces.
    """
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\s_^]+", " ", bare).strip().lower()


def kind_rule(text: str, modality: str) -> KindRule | None:
    """Find the first rule that fits a plain description."""
    return next(
        (rule for rule in KIND_RULES if rule.modality in ("", modality) and rule.compiled.search(text)),
        None,
    )


def has_chest(text: str) -> bool:
    """Tell whether a plain text names the chest, alone or with the abdomen."""
    return bool(_CHEST.search(text))


def region(text: str, modality: str) -> KindName | None:
    """Tell which region a plain text names.

    Parameters
    ----------
    text : str
    modality : str

    Returns
    -------
    KindName or None
        IMAGE where the abdomen is named, among others; CHEST, HEAD or OTHER_BODY_PART where only that is; None where
        no region is named.
    """
    if _ABDOMEN.search(text):
        return KindName.IMAGE
    if _CHEST.search(text) or (modality == "CT" and _HIGH_RESOLUTION.search(text)):
        return KindName.CHEST
    if _PELVIS.search(text) or _LIMB.search(text):
        return KindName.OTHER_BODY_PART
    return KindName.HEAD if _HEAD.search(text) else None
