"""Features of tiles that stand in for a modality's images: read from files, kept in the store, extracted from tiles."""

from tumorboard.features.bag import BagSource, FeatureBag, PatientBag, Scale, join_slides
from tumorboard.features.extraction import (
    FOUNDATION_NETWORKS,
    Extractor,
    Preparation,
    TorchExtractor,
    extract,
    foundation_extractor,
    timm_extractor,
)
from tumorboard.features.kind import BagKind, common_kind, kind_of
from tumorboard.features.reading import Statement, read_bag, read_bags
from tumorboard.features.stored import FeatureStore
from tumorboard.features.storing import Refused, StoredFeatures, StoredModality, store_features
from tumorboard.features.study_table import FeatureFile, read_feature_files
from tumorboard.features.writing import write_bag

__all__ = [
    "FOUNDATION_NETWORKS",
    "BagKind",
    "BagSource",
    "Extractor",
    "FeatureBag",
    "FeatureFile",
    "FeatureStore",
    "PatientBag",
    "Preparation",
    "Refused",
    "Scale",
    "Statement",
    "StoredFeatures",
    "StoredModality",
    "TorchExtractor",
    "common_kind",
    "extract",
    "foundation_extractor",
    "join_slides",
    "kind_of",
    "read_bag",
    "read_bags",
    "read_feature_files",
    "store_features",
    "timm_extractor",
    "write_bag",
]
