"""A scan's mask, and the tumour in it."""

from tumorboard.scans.tumour.finding import Tumour, find_tumour
from tumorboard.scans.tumour.mask import Mask
from tumorboard.scans.tumour.meaning import Meaning, meaning_of
from tumorboard.scans.tumour.placing import place
from tumorboard.scans.tumour.read import MASK_KINDS, MaskOrigin, kind_of_mask, origin_of_mask, read_mask
from tumorboard.scans.tumour.segmenters import SEGMENTERS, Segmenter, no_mask, segmenter

__all__ = [
    "MASK_KINDS",
    "SEGMENTERS",
    "Mask",
    "MaskOrigin",
    "Meaning",
    "Segmenter",
    "Tumour",
    "find_tumour",
    "kind_of_mask",
    "meaning_of",
    "no_mask",
    "origin_of_mask",
    "place",
    "read_mask",
    "segmenter",
]
