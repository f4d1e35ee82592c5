"""Says in one line why a path cannot be a slide: missing, empty, unreadable, or another kind of file."""

from __future__ import annotations

from pathlib import Path

from tumorboard.errors import FileFormatError

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"PK\x03\x04", "a ZIP archive, to be unpacked first"),
    (b"\x1f\x8b", "packed with gzip, to be unpacked first"),
    (b"7z\xbc\xaf", "a 7-Zip archive, to be unpacked first"),
    (b"%PDF", "a PDF"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 picture"),
)
_HEAD_BYTES = 512
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")

FORMATS_IN_WORDS = "SVS, NDPI, MRXS, SCN, BIF, tiled TIFF, OME-TIFF, DICOM"


def check_readable(path: Path) -> None:
    """Refuse a path that is missing, is an empty file, or may not be read.

    Raises
    ------
    FileFormatError
        With the reason.
    """
    try:
        if path.is_dir():
            next(path.iterdir(), None)
            return
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileFormatError(f"cannot be read: {reason}", where=str(path)) from error
    if empty:
        raise FileFormatError("the file is empty", where=str(path), fix="Fetch or copy it again")


def check_companions(path: Path) -> None:
    """Refuse a MIRAX file without the folder that holds its pixels.

    Raises
    ------
    FileFormatError
        The folder of the same name is missing.
    """
    folder = path.with_suffix("")
    if path.suffix.lower() == ".mrxs" and not (folder / "Slidedat.ini").is_file():
        raise FileFormatError(
            f"its pixels are missing: they lie in a folder {folder.name} beside it, with a file Slidedat.ini",
            where=str(path),
            fix="Copy that folder too",
        )


def describe(path: Path) -> str:
    """Say what a file is, such as ``a PNG picture`` or ``text``; empty where its start says nothing."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
        return "a web page, such as a server sends in place of a file"
    if not head.strip(b"\0"):
        return "zeros"
    return "text" if all(byte >= 32 or byte in _TEXT_CONTROLS for byte in head) else ""


def no_slide(path: Path) -> FileFormatError:
    """Return the error for a file of no format that this program opens."""
    kind = describe(path)
    return FileFormatError(
        f"is no slide{f', but {kind}' if kind else ' of a known format, or is damaged'}",
        where=str(path),
        fix=f"Slides are files such as {FORMATS_IN_WORDS}",
    )
