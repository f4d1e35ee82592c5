"""Public archives: which files of which patients exist."""

from tumorboard.archives.imaging_data_commons import ArchiveIndex, read_index

__all__ = ["ArchiveIndex", "read_index"]
