"""The header of one DICOM file, without its pixels."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.syntax import DEFLATED, agreed

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag


_PREAMBLE, _PREFIX = 128, b"DICM"
_DIRECTORY = "1.2.840.10008.1.3.10"
_PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
_PIXEL_DATA = 0x7FE00010
UNDEFINED = 0xFFFFFFFF
_LONG_TYPES = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
_OTHER_FILES = {
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\x1f\x8b": "packed with gzip, no DICOM file",
    b"\x89PNG": "a picture, no DICOM file",
    b"\xff\xd8\xff": "a picture, no DICOM file",
}
_VOLUME_ENDINGS = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".hdr")
_INFLATED_AT_LEAST, _INFLATED_TIMES = 2**26, 100


@dataclass(frozen=True)
class Header:
    """What a DICOM file says before its pixels.

    Parameters
    ----------
    path : Path
    syntax : str
        Transfer syntax.
    data_set : pydicom.Dataset
        The elements that were asked for.
    data_set_at : int
        Byte at which the data set begins.
    pixels_at : int or None
        Byte at which the pixels' value begins, counted in the inflated data set of a deflated file; None where there
        are no (integer) pixels.
    pixels_length : int
        Its stated length in bytes, or `UNDEFINED`.
    stream_length : int
        Bytes of the file, or of the inflated data set.
    """

    path: Path
    syntax: str
    data_set: Dataset
    data_set_at: int
    pixels_at: int | None
    pixels_length: int
    stream_length: int

    def get(self, keyword: str) -> Any:  # noqa: ANN401
        """Return an element's value; None where it is absent, empty or damaged."""
        return element(self.data_set, keyword)


@cache
def _tag(keyword: str) -> BaseTag:
    from pydicom.tag import Tag

    return Tag(keyword)


def element(data_set: Dataset, keyword: str) -> Any:  # noqa: ANN401
    """Return an element's value; None where it is absent, empty or damaged."""
    try:
        tag = _tag(keyword)
        value = data_set[tag].value if tag in data_set else None
    except Exception:  # pydicom's converters raise whatever the damaged bytes provoke
        return None
    return None if value is None or value == "" or (hasattr(value, "__len__") and len(value) == 0) else value


def read_header(path: Path, tags: Sequence[str]) -> Header:
    """Read a DICOM file's header.

    Parameters
    ----------
    path : Path
    tags : sequence of str
        Keywords of the elements to read; reading them alone is several times faster.

    Returns
    -------
    Header

    Raises
    ------
    FileFormatError
        If it is no DICOM file, a DICOMDIR, damaged, or in a transfer syntax that is unknown or not the one stated. Its
        ``what`` is fit for `LeftOut`.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file, list(tags))
    except OSError as fault:
        raise FileFormatError(f"cannot be read ({fault.strerror})") from fault
    except FileFormatError:
        raise
    except Exception as fault:  # a damaged header makes pydicom raise whatever its bytes provoke
        raise FileFormatError("its header is damaged") from fault


def _read(path: Path, file: BinaryIO, tags: list[str]) -> Header:
    from pydicom.filereader import read_dataset

    stated = _stated_syntax(path, file)
    data_set_at = file.tell()
    stream = inflated(file, data_set_at) if stated == DEFLATED else file
    begin = stream.tell()
    start = stream.read(8)
    stream.seek(begin)
    if len(start) < 8:
        raise FileFormatError("it is cut off before its data set")
    syntax, encoding = agreed(stated, start)
    wanted: list[BaseTag | int] = [_tag(keyword) for keyword in tags]
    pixels: list[tuple[int, str | None, int]] = []

    def at_pixels(tag: int, kind: str | None, length: int) -> bool:
        if tag in _PIXELS:
            pixels.append((tag, kind, length))
        return tag in _PIXELS

    data_set = read_dataset(stream, encoding.is_implicit, encoding.is_little, stop_when=at_pixels, specific_tags=wanted)
    pixels_at, pixels_length = None, 0
    if pixels and pixels[0][0] == _PIXEL_DATA:
        _, kind, pixels_length = pixels[0]
        pixels_at = stream.tell() + (12 if not encoding.is_implicit and kind in _LONG_TYPES else 8)
    length = stream.seek(0, io.SEEK_END)
    return Header(path, syntax, data_set, data_set_at, pixels_at, pixels_length, length)


def _stated_syntax(path: Path, file: BinaryIO) -> str:
    """Read the file's meta information, if it has some, and stay where the data set begins."""
    from pydicom.filereader import read_dataset

    start = file.read(_PREAMBLE + len(_PREFIX))
    if start[_PREAMBLE:] == _PREFIX:
        begin = len(start)
    elif start[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x08") and len(start) > 16:
        begin = 0
    else:
        raise FileFormatError(_no_dicom(path, start))
    file.seek(begin)
    meta = read_dataset(file, False, True, stop_when=lambda tag, kind, length: tag >> 16 != 2)
    if element(meta, "MediaStorageSOPClassUID") == _DIRECTORY:
        raise FileFormatError("a DICOMDIR, which lists files and holds no image")
    return str(element(meta, "TransferSyntaxUID") or "")


def _no_dicom(path: Path, start: bytes) -> str:
    if not start:
        return "empty"
    if path.name.lower().endswith(_VOLUME_ENDINGS):
        return "a volume file, no DICOM file; name it by itself"
    return next((reason for magic, reason in _OTHER_FILES.items() if start.startswith(magic)), "no DICOM file")


def inflated(file: BinaryIO, data_set_at: int) -> BinaryIO:
    """Inflate a deflated data set, but no more than a sound file could hold.

    Raises
    ------
    FileFormatError
        If it is cut off, or swells beyond a hundred times its size.
    """
    file.seek(data_set_at)
    packed = file.read()
    most = max(_INFLATED_AT_LEAST, _INFLATED_TIMES * len(packed))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, most)
    except zlib.error as fault:
        raise FileFormatError("its deflated data set is damaged") from fault
    if inflater.unconsumed_tail:
        raise FileFormatError(f"its deflated data set swells beyond {_INFLATED_TIMES} times its size")
    if not inflater.eof:
        raise FileFormatError("its deflated data set is cut off")
    return io.BytesIO(content)
