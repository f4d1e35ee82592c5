"""Transfer syntaxes: which can be read, and which one a data set is really written in."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tumorboard.errors import FileFormatError

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RUN_LENGTHS = "1.2.840.10008.1.2.5"
UNCOMPRESSED = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70))
JPEG_LS = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (80, 81))
JPEG_2000 = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))
READABLE = UNCOMPRESSED | JPEG | JPEG_LS | JPEG_2000 | {RUN_LENGTHS}


@dataclass(frozen=True)
class Encoding:
    """How a data set is written.

    Parameters
    ----------
    is_implicit : bool
        Whether elements are without their type (value representation).
    is_little : bool
        Whether the least significant byte comes first.
    """

    is_implicit: bool
    is_little: bool


def syntax_name(syntax: str) -> str:
    """Return the name of a transfer syntax as the standard has it, or the identifier itself."""
    from pydicom.uid import UID

    return printable(str(UID(syntax).name))


def printable(text: str) -> str:
    """Return a header's text as it may stand in one line of a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:64])


def stated_encoding(syntax: str) -> Encoding:
    """Return how a data set of a transfer syntax is written."""
    return Encoding(syntax == IMPLICIT, syntax != BIG_ENDIAN)


def seen_encoding(start: bytes) -> Encoding:
    """Tell from its first element how a data set is written.

    Parameters
    ----------
    start : bytes
        At least its first six bytes: group, element, and the type's two letters if there are any.
    """
    little, big = struct.unpack("<H", start[:2])[0], struct.unpack(">H", start[:2])[0]
    letters = start[4:6]
    return Encoding(not (letters.isalpha() and letters.isupper()), not (little > big and big < 0x100))


def agreed(syntax: str, start: bytes) -> tuple[str, Encoding]:
    """Return the transfer syntax and encoding of a data set, if its header and its bytes agree.

    Parameters
    ----------
    syntax : str
        What the header states; empty where it is silent.
    start : bytes
        First bytes of the (inflated) data set.

    Raises
    ------
    FileFormatError
        If they disagree, or the transfer syntax is not known.
    """
    seen = seen_encoding(start)
    if not syntax:
        if not seen.is_little:
            return BIG_ENDIAN, seen
        return (IMPLICIT if seen.is_implicit else EXPLICIT), seen
    if syntax not in READABLE:
        raise FileFormatError(f"its transfer syntax {syntax_name(syntax)} is not one that can be read")
    if seen != stated_encoding(syntax):
        raise FileFormatError(f"its data set is not written as its header states ({syntax_name(syntax)})")
    return syntax, seen
