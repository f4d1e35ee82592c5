"""Keeping a patient's name and numbers out of the facts of a series: some sites write them into descriptions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import MutableSequence
from typing import TYPE_CHECKING

from tumorboard.scans.reading.header import element

if TYPE_CHECKING:
    from tumorboard.scans.reading.lookup import Lookup

IDENTIFYING_TAGS = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "OtherPatientIDsSequence",
)  # fmt: skip
"""Elements that identify a patient."""

_SHORTEST, _SHORTEST_WITHIN = 3, 6
"""Letters or digits of a word that is cut: where it stands by itself, and within a longer one."""
_EAST_ASIA = "\u2e80"
_CUT = "…"
_LETTER = r"[^\W\d_]"
_BEGIN = rf"(?:(?<!{_LETTER})(?={_LETTER})|(?<!\d)(?=\d))"
_END = rf"(?:(?<={_LETTER})(?!{_LETTER})|(?<=\d)(?!\d))"


def identifying_words(lookup: Lookup) -> frozenset[str]:
    """Gather the words of a patient's names and numbers.

    Parameters
    ----------
    lookup : Lookup
        Read with `IDENTIFYING_TAGS`.

    Returns
    -------
    frozenset of str
        Of three and more letters or digits; each name or number as a whole (``Anne-Marie``, ``12-34``) and its parts.
    """
    stated = [text for tag in IDENTIFYING_TAGS[:-1] for text in _texts(lookup.get(tag))]
    stated += [str(element(item, "PatientID") or "") for item in lookup.get(IDENTIFYING_TAGS[-1]) or ()]
    wholes = {part.strip() for text in stated for part in re.split(r"[\^=\\,\s]+", text)}
    parts = {part for whole in wholes for part in re.split(r"[\W_]+", whole)}
    return frozenset(_folded(word) for word in wholes | parts if _length(word) >= _SHORTEST)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    # a person's name can be iterated over, too: its letters
    return [str(one) for one in value] if isinstance(value, MutableSequence) else [str(value)]


def _length(word: str) -> int:
    """Count letters and digits; a letter of East Asia, which is a syllable or a word, for two."""
    return sum(1 + (letter >= _EAST_ASIA) for letter in word if letter.isalnum())


def without(words: frozenset[str], text: str) -> str:
    """Cut words out of a text, with or without their accents, in upper or lower case.

    A word is cut where it stands by itself, beside digits or joined to another one of them (``DOEJOHN``), one of six
    and more letters also within a longer word. Words of medicine are cut too where a patient is called so.

    Parameters
    ----------
    words : frozenset of str
        As `identifying_words` returns them.
    text : str

    Returns
    -------
    str
        With ``…`` in place of what was cut.

    Examples
    --------
    >>> without(frozenset({"doe", "john"}), "ABD NEPHRO DOE JOHN")
    'ABD NEPHRO …'
    """
    if not words or not text:
        return text
    text = unicodedata.normalize("NFC", text)
    spans = [found.span() for found in _pattern(words).finditer(_folded(text))]
    for begin, end in reversed(spans):
        text = text[:begin] + _CUT + text[end:]
    return re.sub(rf"{_CUT}(?:[\s\^,._=-]*{_CUT})+", _CUT, text)


def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    any_of = "|".join(map(re.escape, longest_first))
    within = "|".join(re.escape(word) for word in longest_first if _length(word) >= _SHORTEST_WITHIN)
    alone = rf"{_BEGIN}(?:{any_of})+{_END}"
    return re.compile(f"{alone}|{within}" if within else alone)


def _folded(text: str) -> str:
    """Return a text in lower case without accents, letter for letter."""
    return "".join(_plain(letter) for letter in unicodedata.normalize("NFC", text))


def _plain(letter: str) -> str:
    lower = unicodedata.normalize("NFD", letter)[0].lower()
    return lower if len(lower) == 1 else letter
