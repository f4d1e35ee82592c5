"""Opening a DICOM object that holds a mask, guarding against what is damaged or blown up."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import FileFormatError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage and Label Map Segmentation Storage (DICOM PS3.4 B.5)."""
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
DAMAGED = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, EOFError)
"""What pydicom raises on values that are absent or make no sense."""
_DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST_BYTES = 2**31
_PREAMBLE = 128


def object_class(path: Path) -> str | None:
    """Give a DICOM file's SOPClassUID, empty where it names none; None where the file is not DICOM."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    with path.open("rb") as stream:
        start = stream.read(132)
    # a data set without preamble starts with an element of group 8, little endian
    bare = start[:2] == b"\x08\x00" and start[128:] != b"DICM"
    if start[128:] != b"DICM" and not bare:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"], force=bare)
        except (InvalidDicomError, *DAMAGED, zlib.error) as error:
            raise damaged(path, error) from error
    return str(header.get("SOPClassUID", ""))


def open_object(path: Path) -> Dataset:
    """Read a DICOM object whole.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Dataset

    Raises
    ------
    FileFormatError
        Where it is damaged, cut off, or would unpack to more than 2 GiB.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names and dates that are no concern here
        try:
            _refuse_blown_up(path)
            return pydicom.dcmread(path, force=True)
        except (InvalidDicomError, *DAMAGED, zlib.error) as error:
            raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> FileFormatError:
    """Tell that a file is damaged; values that a header holds are not repeated."""
    return FileFormatError(
        f"the DICOM object is damaged or cut off ({type(error).__name__})", where=path.name, fix="Export it again"
    )


def _refuse_blown_up(path: Path) -> None:
    """Refuse a deflated data set that unpacks to more than could be a mask."""
    from pydicom.filereader import read_file_meta_info

    with path.open("rb") as stream:
        stream.seek(_PREAMBLE)
        if stream.read(4) != b"DICM":
            return
    meta = read_file_meta_info(path)
    if str(meta.get("TransferSyntaxUID", "")) != _DEFLATED:
        return
    with path.open("rb") as stream:
        stream.seek(_PREAMBLE + 16 + int(meta.FileMetaInformationGroupLength))
        unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while block := stream.read(2**16):
            while block and size <= _MOST_BYTES:
                size += len(unpacker.decompress(block, 2**22))
                block = unpacker.unconsumed_tail
    if size > _MOST_BYTES:
        raise FileFormatError("it unpacks to more than 2 GiB, which no mask has", where=path.name)
