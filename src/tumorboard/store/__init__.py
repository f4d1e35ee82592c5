"""The one on-disk form of images for training, and reading it at random."""

from tumorboard.store.encodings import Encoding, Image
from tumorboard.store.index import build_index
from tumorboard.store.records import ColumnType, Modality
from tumorboard.store.shard import ShardMetadata, is_complete, read_shard_metadata, read_shard_records, verify_shard
from tumorboard.store.store import Store
from tumorboard.store.writer import ShardWriter

__all__ = [
    "ColumnType",
    "Encoding",
    "Image",
    "Modality",
    "ShardMetadata",
    "ShardWriter",
    "Store",
    "build_index",
    "is_complete",
    "read_shard_metadata",
    "read_shard_records",
    "verify_shard",
]
