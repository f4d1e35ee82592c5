"""Colours that are told apart with every kind of colour vision and on pink and violet tissue.

Okabe M, Ito K, Color Universal Design, 2008; the reason why a tile was left out has the colour of its cause.
"""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green, blue."""

TISSUE: Colour = (0, 158, 115)
TILE_10X: Colour = (30, 40, 130)
TILE_5X: Colour = (20, 20, 20)
LITTLE_TISSUE: Colour = (120, 120, 120)
DAMAGED: Colour = (0, 0, 0)
ANNOTATION: Colour = (240, 228, 66)

OUTSIDE = "outside annotation"
ARTEFACT: dict[str, Colour] = {
    "pen": (230, 159, 0),
    "fold": (213, 94, 0),
    "blur": (86, 180, 233),
    "bubble": (204, 121, 167),
    "border": (0, 114, 178),
}
WORDS = {
    "pen": "Pen mark",
    "fold": "Fold",
    "blur": "Out of focus",
    "bubble": "Air bubble",
    "border": "Edge or border",
    "little tissue": "Little tissue",
    "damaged": "Damaged in the file",
}
"""What a legend, or a class in QuPath, calls it."""


def reason_colour(reason: str) -> Colour:
    """Return the colour that marks a tile left out for a reason."""
    return {OUTSIDE: ANNOTATION, "damaged": DAMAGED, **ARTEFACT}.get(reason, LITTLE_TISSUE)


def word(reason: str) -> str:
    """Return what a reason is called in a legend."""
    return WORDS.get(reason, reason[:1].upper() + reason[1:])
