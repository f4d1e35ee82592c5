"""What a label of a mask stands for, by its name or, in KiTS's way, by its number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

Meaning = Literal["kidney", "mass", "cyst", "other"]

_KITS: dict[int, Meaning] = {1: "kidney", 2: "mass", 3: "cyst"}
"""Labels of KiTS19, 21 and 23 (Heller et al. 2019, arXiv:1904.00445; 2023, arXiv:2307.01984)."""

_ELSEWHERE = re.compile(
    r"\b(liver|hepatic|lungs?|pulmonary|spleen|splenic|adrenals?|suprarenal|pancrea\w*|colon|bowel|stomach|bones?|brain"
    r"|breast|ovar\w+|prostate|bladder|gallbladder|duodenum|uter\w+|ureters?|aorta|arter\w+|veins?|vena|vessels?"
    r"|vascular|pelvis|pelvicalyceal|sinus|fat|muscles?|skin|spine|vertebra\w*|lymph\w*|nod(e|al|es)|gtvn"
    r"|metasta\w+|secondary|thromb\w+|external|ptv|ctv|itv|stones?)\b"
)
_LEFT_OUT = re.compile(
    r"\b(without|minus|excluding|excl|except|free of|outside)\b.*"
    r"|\b(non|no|not|background)[\s-]+\w+|\bperi[\s-]?tumou?r\w*|\btumou?r[\s-]free"
)
_KIDNEY_WITH = re.compile(
    r"\bkidneys?\s*(and|with|incl\w*|plus|\+|&)\s*(the\s+)?(tumou?rs?|mass(es)?|lesions?)(?![a-z])"
)
_WORDS: tuple[tuple[Meaning, re.Pattern[str]], ...] = (
    (
        "mass",
        re.compile(
            r"\b(tumou?rs?|mass(es)?|neoplasms?|neoplastic|lesions?|carcinomas?|cancers?|malignan\w+|(cc|p|ch)?rcc"
            r"|gtvp?|oncocytomas?|angiomyolipomas?|aml)(?![a-z])"
        ),
    ),
    ("cyst", re.compile(r"\bcysts?(?![a-z])")),
    ("kidney", re.compile(r"\b(kidneys?|renal|ren)(?![a-z])")),
)


def meaning_of(name: str, label: int, names: Mapping[int, str]) -> Meaning:
    """Tell what a label stands for.

    Parameters
    ----------
    name : str
        What the file calls it: ``Tumour``, ``kidney_left``, ``Segment_1 (Mass, Kidney)``; what stands in brackets is a
        DICOM code's meaning. Empty where the file is silent.
    label : int
    names : mapping of int to str
        All labels that are there, with their names.

    Returns
    -------
    str
        ``kidney``, ``mass`` (a tumour of the kidney), ``cyst`` or ``other``. Without any name, several labels up to 3
        are KiTS's (1 kidney, 2 tumour, 3 cyst), and a single one is the tumour.

    Examples
    --------
    >>> meaning_of("Kidney tumor", 4, {4: "Kidney tumor"})
    'mass'
    >>> [meaning_of("", label, {1: "", 2: "", 3: ""}) for label in (1, 2, 3)]
    ['kidney', 'mass', 'cyst']
    """
    if name:
        return _by_name(name)
    if any(names.values()):
        return "other"
    if len(names) <= 1:
        return "mass"
    return _KITS.get(label, "other") if set(names) <= set(_KITS) else "other"


def painting_order(names: Mapping[int, str], stated: int | None = None) -> list[int]:
    """Order labels so that what is painted last, over the others, is what is looked for.

    Parameters
    ----------
    names : mapping of int to str
    stated : int, optional
        The label that a user named.

    Returns
    -------
    list of int
        Other structures, kidneys, cysts, masses, the stated label; among equals the first one is painted last.
    """
    ranks: Sequence[Meaning] = ("other", "kidney", "cyst", "mass")

    def rank(label: int) -> tuple[bool, int, int]:
        return label == stated, ranks.index(meaning_of(names[label], label, names)), -label

    return sorted(names, key=rank)


def _by_name(name: str) -> Meaning:
    said, _, coded = name.lower().replace("_", " ").partition("(")
    by_label, by_code = _by_words(said), _by_words(coded)
    if "other" in (by_label, by_code):
        return "other"
    # a segment that somebody called after the organ but coded as a mass is the mass
    if by_label in (None, "kidney"):
        return by_code or by_label or "other"
    return by_label


def _by_words(words: str) -> Meaning | None:
    """Tell the meaning of words; None where there is none that is known."""
    left = _KIDNEY_WITH.sub("kidney", _LEFT_OUT.sub(" ", words))
    left = re.sub(r"(?<=[a-z])(?=\d)", " ", left)
    if _ELSEWHERE.search(left):
        return "other"
    for meaning, pattern in _WORDS:
        if pattern.search(left):
            return meaning
    return None
