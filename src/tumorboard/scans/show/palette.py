"""Colours that are told apart with every kind of colour vision and on grey.

Okabe M, Ito K, Color Universal Design, 2008; brightness and the stroke tell the two calipers apart as well.
"""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green, blue."""

TUMOUR: Colour = (86, 180, 233)
LONG: Colour = (230, 159, 0)
SHORT: Colour = (240, 228, 66)

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
GROUND: Colour = (24, 24, 24)
QUIET: Colour = (176, 176, 176)
WARNING: Colour = (255, 176, 0)
