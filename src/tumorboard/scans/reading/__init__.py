"""Reading scans: series of DICOM files in any disorder, volumes and masks in NIfTI, MetaImage and NRRD."""

from tumorboard.scans.reading.array_file import LARGEST_BYTES
from tumorboard.scans.reading.finding import find_series
from tumorboard.scans.reading.found import FoundSeries, Frame, PixelFile, Series
from tumorboard.scans.reading.series_reading import read_series
from tumorboard.scans.reading.volume_files import VOLUME_ENDINGS, data_files, read_label_file, read_volume_file
from tumorboard.study.image_files import LeftOut

__all__ = [
    "LARGEST_BYTES",
    "VOLUME_ENDINGS",
    "FoundSeries",
    "Frame",
    "LeftOut",
    "PixelFile",
    "Series",
    "data_files",
    "find_series",
    "read_label_file",
    "read_series",
    "read_volume_file",
]
