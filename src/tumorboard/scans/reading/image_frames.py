"""From a file's header to its images: where each lies in the patient, and how its pixels are kept."""

from __future__ import annotations

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.encapsulated import fragments, frame_fragments
from tumorboard.scans.reading.found import Frame, PixelFile
from tumorboard.scans.reading.header import UNDEFINED, Header
from tumorboard.scans.reading.lookup import Lookup, frame_lookups
from tumorboard.scans.reading.splitting import KEYS, key_value
from tumorboard.scans.reading.syntax import UNCOMPRESSED, syntax_name

TAGS = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "Modality",
    "SeriesDescription", "SeriesTime", "FrameOfReferenceUID",
    "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate",
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept", "RescaleType",
    "GantryDetectorTilt", "InstanceNumber", "AcquisitionDateTime",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    *KEYS,
)  # fmt: skip
"""Elements that grouping and reading need."""

_NO_IMAGES = {"SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "SR", "PR", "KO", "REG", "FID", "DOC", "AU", "RWV"}
_MUST_HAVE_PIXELS = tuple(f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2", "2.1", "2.2", "4", "4.1", "4.4"))
_MOST_COLUMNS = 65535


def frames_of(header: Header) -> list[Frame]:
    """Return the images of a file.

    Parameters
    ----------
    header : Header
        Read with `TAGS`.

    Returns
    -------
    list of Frame
        Empty for objects that are no images: masks, contours, reports.

    Raises
    ------
    FileFormatError
        If its pixels are missing, cut off, or not kept as the header states.
    """
    if str(header.get("Modality") or "") in _NO_IMAGES:
        return []
    if header.pixels_at is None:
        if str(header.get("SOPClassUID")) in _MUST_HAVE_PIXELS:
            raise FileFormatError("it has no pixels; it is cut off, or a header alone")
        return []
    file = _pixel_file(header)
    _check_length(header, file)
    lookups = frame_lookups(header)
    if len(lookups) > 1 and len(lookups) != file.frames:
        raise FileFormatError(f"its header states {file.frames} frames and describes {len(lookups)}")
    return [_frame(file, index, lookup) for index, lookup in enumerate(lookups)]


def _pixel_file(header: Header) -> PixelFile:
    rows, columns = _count(header, "Rows"), _count(header, "Columns")
    allocated = _count(header, "BitsAllocated")
    stored = _count(header, "BitsStored", allocated)
    if allocated not in (1, 8, 16, 32, 64) or not stored <= allocated:
        raise FileFormatError(f"it states {stored} bits stored in {allocated} allocated")
    return PixelFile(
        path=header.path,
        syntax=header.syntax,
        pixels_at=header.pixels_at or 0,
        data_set_at=header.data_set_at,
        is_encapsulated=header.pixels_length == UNDEFINED,
        rows=rows,
        columns=columns,
        frames=_count(header, "NumberOfFrames", 1),
        samples=_count(header, "SamplesPerPixel", 1),
        photometric=str(header.get("PhotometricInterpretation") or "MONOCHROME2"),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_count(header, "HighBit", stored - 1) if stored > 1 else 0,
        is_signed=header.get("PixelRepresentation") == 1,
        padding=_padding(header),
    )


def _count(header: Header, keyword: str, default: int | None = None) -> int:
    value = header.get(keyword)
    if value is None and default is not None:
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise FileFormatError(f"its {keyword} is missing or damaged") from None
    if number < 1:
        raise FileFormatError(f"its {keyword} is {number}")
    return number


def _padding(header: Header) -> tuple[int, int] | None:
    """Return the padding as signed or unsigned numbers as the pixels are, whatever type its element has."""
    ends = [_raw_number(header, keyword) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    if ends[0] is None:
        return None
    other = ends[0] if ends[1] is None else ends[1]
    return min(ends[0], other), max(ends[0], other)


def _raw_number(header: Header, keyword: str) -> int | None:
    value: object = header.get(keyword)
    is_signed = header.get("PixelRepresentation") == 1
    if isinstance(value, bytes):
        # in files without types pydicom leaves "signed or unsigned" open
        return int.from_bytes(value[:4], "little", signed=is_signed)
    if not isinstance(value, int):
        return None
    size = 1 << _count(header, "BitsAllocated")
    value %= size
    return value - size if is_signed and value >= size // 2 else value


def _check_length(header: Header, file: PixelFile) -> None:
    if file.is_encapsulated:
        if file.syntax in UNCOMPRESSED:
            raise FileFormatError(f"its header states {syntax_name(file.syntax)}, but its pixels are compressed")
        with file.path.open("rb") as stream:
            offsets, pieces = fragments(stream, file.pixels_at, header.stream_length)
        frame_fragments(offsets, pieces, file.frames)
        return
    if file.syntax not in UNCOMPRESSED:
        raise FileFormatError(f"its header states {syntax_name(file.syntax)}, but its pixels are not compressed")
    needed = (file.rows * file.columns * file.samples * file.frames * file.bits_allocated + 7) // 8
    if file.photometric == "YBR_FULL_422":
        needed = needed * 2 // 3
    there = min(header.pixels_length, header.stream_length - file.pixels_at)
    if there < needed:
        raise FileFormatError(f"its pixels are cut off: {there} of {needed} bytes are there")


def _frame(file: PixelFile, index: int, lookup: Lookup) -> Frame:
    position = lookup.numbers("ImagePositionPatient")
    orientation = lookup.numbers("ImageOrientationPatient")
    spacing = lookup.numbers("PixelSpacing")
    number = lookup.whole("InstanceNumber")
    return Frame(
        file=file,
        index=index,
        sop_uid=lookup.text("SOPInstanceUID"),
        number=index if file.frames > 1 else number,
        position=(position[0], position[1], position[2]) if len(position) == 3 else None,
        orientation=orientation if len(orientation) == 6 else None,
        spacing=(spacing[0], spacing[1]) if len(spacing) == 2 else None,
        slope=lookup.number("RescaleSlope"),
        intercept=lookup.number("RescaleIntercept"),
        rescale_type=lookup.text("RescaleType").upper(),
        tilt_degrees=lookup.number("GantryDetectorTilt") or 0.0,
        keys=tuple(key_value(lookup, keyword) for keyword in KEYS),
    )
