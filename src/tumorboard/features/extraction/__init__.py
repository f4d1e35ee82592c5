"""Extracting features from tiles."""

from tumorboard.features.extraction.extractor import Extractor, Preparation, extract
from tumorboard.features.extraction.foundation import FOUNDATION_NETWORKS, foundation_extractor
from tumorboard.features.extraction.timm_networks import timm_extractor
from tumorboard.features.extraction.torch_extractor import TorchExtractor

__all__ = [
    "FOUNDATION_NETWORKS",
    "Extractor",
    "Preparation",
    "TorchExtractor",
    "extract",
    "foundation_extractor",
    "timm_extractor",
]
