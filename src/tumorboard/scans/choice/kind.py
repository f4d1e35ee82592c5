"""What a series is: an image that can serve, or a localizer, a dose sheet, a reformat, another body part, ..."""

from __future__ import annotations

from dataclasses import dataclass

from tumorboard.scans.choice.wording import KindName, kind_rule, plain, region
from tumorboard.scans.series import SeriesFacts

LEAST_SLICES = 10
"""A series of fewer images cannot hold a kidney (11 cm long) at 10 mm."""

LEAST_COVERAGE_MM = 50.0

_CLASS = "1.2.840.10008.5.1.4.1.1."
_CLASSES: tuple[tuple[str, KindName, str], ...] = (
    ("66.4", KindName.MASK, "a segmentation"),
    ("66.7", KindName.MASK, "a label map"),
    ("481.3", KindName.MASK, "a structure set"),
    ("7", KindName.SECONDARY_CAPTURE, "a secondary capture"),
    ("88.67", KindName.DOSE_SHEET, "a radiation dose report"),
    ("88.68", KindName.DOSE_SHEET, "a radiation dose report"),
)
_MASKS = ("SEG", "RTSTRUCT", "LABELMAP")
_IMAGE_TYPES: tuple[tuple[str, KindName], ...] = (
    ("LOCALIZER", KindName.LOCALIZER),
    ("SCOUT", KindName.LOCALIZER),
    ("MPR", KindName.REFORMAT),
    ("REFORMATTED", KindName.REFORMAT),
    ("CURVED MPR", KindName.REFORMAT),
    ("AVERAGE", KindName.REFORMAT),
    ("PROJECTION IMAGE", KindName.PROJECTION),
    ("MIP", KindName.PROJECTION),
    ("MINIP", KindName.PROJECTION),
    ("MAX_IP", KindName.PROJECTION),
    ("MIN_IP", KindName.PROJECTION),
    ("VOLREN", KindName.PROJECTION),
    ("VOLUME_RENDER", KindName.PROJECTION),
    ("VRT", KindName.PROJECTION),
    ("SUB", KindName.SUBTRACTION),
    ("SUBTRACTION", KindName.SUBTRACTION),
    ("SUBTRACT", KindName.SUBTRACTION),
    ("DIFFUSION", KindName.DIFFUSION),
    ("ADC", KindName.DIFFUSION),
    ("TRACEW", KindName.DIFFUSION),
    ("SCREEN SAVE", KindName.SECONDARY_CAPTURE),
    ("DOSE_INFO", KindName.DOSE_SHEET),
)
_BODY_PARTS: tuple[tuple[tuple[str, ...], KindName], ...] = (
    (("CHEST", "THORAX", "LUNG", "HEART"), KindName.CHEST),
    (("HEAD", "BRAIN", "SKULL", "NECK"), KindName.HEAD),
    (("PELVIS", "LEG", "KNEE", "HIP", "FOOT", "ARM", "HAND", "SHOULDER", "SPINE"), KindName.OTHER_BODY_PART),
)


@dataclass(frozen=True)
class Kind:
    """What a series is, and why.

    Parameters
    ----------
    name : KindName
    reason : str
        In a few words.
    """

    name: KindName
    reason: str

    @property
    def is_image(self) -> bool:
        """Whether the series can serve."""
        return self.name is KindName.IMAGE


def kind_of(facts: SeriesFacts) -> Kind:
    """Tell what a series is.

    What a tag says for sure (class, image type, burned-in text) comes before words; words come before what is only a
    hint (body part, number of slices), since headers are often filled in by habit.

    Parameters
    ----------
    facts : SeriesFacts

    Returns
    -------
    Kind
    """
    return _by_class(facts) or _by_image_type(facts) or _by_words(facts) or _by_shape(facts) or _image(facts)


def _by_class(facts: SeriesFacts) -> Kind | None:
    uid = facts.sop_class_uid or ""
    for ending, kind, reason in _CLASSES:
        if uid == _CLASS + ending or (ending == "7" and uid.startswith(_CLASS + "7.")):
            return Kind(kind, reason)
    if facts.modality.upper() in _MASKS:
        return Kind(KindName.MASK, f"modality {facts.modality}")
    if facts.modality.upper() == "SR":
        return Kind(KindName.DOSE_SHEET, "a structured report, such as a dose sheet")
    if facts.modality.upper() not in ("CT", "MR"):
        return Kind(KindName.OTHER, f"modality {facts.modality or 'unknown'}")
    return None


def _by_image_type(facts: SeriesFacts) -> Kind | None:
    values = {value.strip().upper() for value in facts.image_type}
    for value, kind in _IMAGE_TYPES:
        if value in values:
            return Kind(kind, f"image type {value}")
    if facts.burned_in:
        return Kind(KindName.SECONDARY_CAPTURE, "writing is burned into its pixels")
    return None


def _by_words(facts: SeriesFacts) -> Kind | None:
    text = plain(facts.description)
    rule = kind_rule(text, facts.modality)
    if rule is not None:
        return Kind(rule.kind, f"named “{facts.description.strip()}”: {rule.meaning}")
    if facts.diffusion_b:
        return Kind(KindName.DIFFUSION, f"b-value {facts.diffusion_b:g} s/mm²")
    return _by_region(facts, text)


def _by_region(facts: SeriesFacts, text: str) -> Kind | None:
    """Judge by the region that the series names, or else its study, or else its protocol, or else the tag."""
    said = ((text, "named", facts.description), (plain(facts.study_description), "study", facts.study_description))
    for words, where, shown in (*said, (plain(facts.protocol), "protocol", facts.protocol)):
        named = region(words, facts.modality)
        if named is KindName.IMAGE:
            return None
        if named is not None:
            return Kind(named, f"{where} “{shown.strip()}”")
    part = (facts.body_part or "").upper()
    if "ABD" in part or "KIDNEY" in part:
        return None
    for parts, kind in _BODY_PARTS:
        if any(one in part for one in parts):
            return Kind(kind, f"body part {part}")
    return None


def _by_shape(facts: SeriesFacts) -> Kind | None:
    if facts.slices < LEAST_SLICES:
        return Kind(KindName.TOO_FEW, f"{facts.slices} slices")
    if facts.modality == "CT" and facts.plane in ("coronal", "sagittal", "oblique"):
        return Kind(KindName.REFORMAT, f"a CT in {facts.plane} slices")
    if facts.slice_mm and facts.slices * facts.slice_mm < LEAST_COVERAGE_MM:
        return Kind(KindName.TOO_FEW, f"{facts.slices} slices cover {facts.slices * facts.slice_mm:.0f} mm")
    return None


def _image(facts: SeriesFacts) -> Kind:
    return Kind(KindName.IMAGE, f"{facts.slices} slices of {facts.modality}")
