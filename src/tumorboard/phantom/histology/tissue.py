"""The tissues of a simulated slide: their codes in a tissue map."""

from __future__ import annotations

from enum import IntEnum


class Tissue(IntEnum):
    """What lies at a place of a slide.

    ``HAEMORRHAGE`` is blood outside the vessels; ``VESSEL`` is a congested vessel of the tumour with its wall.
    """

    GLASS = 0
    TUMOUR = 1
    NECROSIS = 2
    HYALINE = 3
    HAEMORRHAGE = 4
    STROMA = 5
    NORMAL_KIDNEY = 6
    FAT = 7
    LYMPHOCYTES = 8
    VESSEL = 9


TUMOUR_AREA = (Tissue.TUMOUR, Tissue.NECROSIS, Tissue.HYALINE, Tissue.HAEMORRHAGE, Tissue.VESSEL)
"""What counts as the tumour's area in a tissue map (its septa are painted within ``TUMOUR``)."""
