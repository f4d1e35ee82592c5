"""Stain normalisation, fitted on some tiles and applied to others on the fly, and augmentation of stains."""

from tumorboard.slides.stain.augmentation import StainAugmentation
from tumorboard.slides.stain.density import Normalised
from tumorboard.slides.stain.macenko import MacenkoNormaliser, Stain, stain_of
from tumorboard.slides.stain.reference import Normaliser, read_normaliser, write_normaliser
from tumorboard.slides.stain.reinhard import Colours, ReinhardNormaliser, colours_of

__all__ = [
    "Colours",
    "MacenkoNormaliser",
    "Normalised",
    "Normaliser",
    "ReinhardNormaliser",
    "Stain",
    "StainAugmentation",
    "colours_of",
    "read_normaliser",
    "stain_of",
    "write_normaliser",
]
