"""The formats of slides, and on what each was tested."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Tested(Enum):
    """On which files a format's reading was tested."""

    REAL = "a real file"
    WRITTEN = "files written by the tests"
    NOT = "untested"


@dataclass(frozen=True)
class SlideFormat:
    """A format of slides.

    Parameters
    ----------
    name : str
        As its maker calls it.
    format : str
        `Slide.format` of such a slide.
    suffixes : tuple of str
        Of its files; the content decides, not the name.
    reader : str
        The library that reads its pixels.
    tested : Tested
    stored_tiles : bool
        Whether stored JPEG tiles can be taken over without decoding.
    """

    name: str
    format: str
    suffixes: tuple[str, ...]
    reader: str
    tested: Tested
    stored_tiles: bool = False


def format_table() -> str:
    """Return the formats as the table of docs/slides.md.

    Returns
    -------
    str
        Markdown, without a line's end at its end.
    """
    head = ("format", "files", "read by", "tested on", "stored JPEG tiles taken over")
    rows = [
        (
            entry.name,
            ", ".join(suffix if suffix == "folder" else f"`{suffix}`" for suffix in entry.suffixes),
            entry.reader,
            "**untested**: no file could be had" if entry.tested is Tested.NOT else entry.tested.value,
            "yes" if entry.stored_tiles else "no",
        )
        for entry in FORMATS
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


FORMATS: tuple[SlideFormat, ...] = (
    SlideFormat("Aperio SVS", "aperio", (".svs", ".tif"), "OpenSlide", Tested.REAL, True),
    SlideFormat("Generic tiled TIFF", "generic-tiff", (".tif", ".tiff"), "OpenSlide", Tested.WRITTEN, True),
    SlideFormat("OME-TIFF", "ome-tiff", (".ome.tif", ".ome.tiff"), "tifffile", Tested.WRITTEN, True),
    SlideFormat("Other TIFF in RGB (strips, LZW, Zstandard, …)", "tiff", (".tif",), "tifffile", Tested.WRITTEN),
    SlideFormat("DICOM whole slide image", "dicom", (".dcm", "folder"), "OpenSlide", Tested.WRITTEN, True),
    SlideFormat("Hamamatsu NDPI", "hamamatsu", (".ndpi", ".vms", ".vmu"), "OpenSlide", Tested.NOT),
    SlideFormat("MIRAX", "mirax", (".mrxs",), "OpenSlide", Tested.NOT),
    SlideFormat("Leica SCN", "leica", (".scn",), "OpenSlide", Tested.NOT),
    SlideFormat("Ventana BIF", "ventana", (".bif", ".tif"), "OpenSlide", Tested.NOT),
    SlideFormat("Philips TIFF", "philips", (".tiff",), "OpenSlide", Tested.NOT, True),
    SlideFormat("Trestle", "trestle", (".tif",), "OpenSlide", Tested.NOT),
    SlideFormat("Sakura", "sakura", (".svslide",), "OpenSlide", Tested.NOT),
    SlideFormat("Zeiss CZI", "zeiss", (".czi",), "OpenSlide", Tested.NOT),
)
"""What can be opened; a format of which no file could be had is listed as untested."""
