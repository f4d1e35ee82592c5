"""TIFF files that OpenSlide does not open, or of which it sees one level: OME-TIFF, strips, other compressions."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import FileFormatError, TumorboardError
from tumorboard.slides.opening.base import OpenedSlide, one_line
from tumorboard.slides.opening.levels import pyramid
from tumorboard.slides.opening.mosaic import Mosaic
from tumorboard.slides.opening.ome_xml import is_ome, scale_of
from tumorboard.slides.opening.scale import FileScale, decide_scale
from tumorboard.slides.opening.tiff_blocks import mosaic_of_pages
from tumorboard.slides.opening.tiff_pages import PageLevel, ome_levels, plain_levels
from tumorboard.slides.slide import Box, JpegLevel, Picture

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

    from tumorboard.slides.opening.tiff_jpeg import TiffJpeg

# without a handler Python prints what tifffile logs of a damaged file; we say it in one line of our own
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MICROMETRES = {"INCH": 25_400.0, "CENTIMETER": 10_000.0, "MILLIMETER": 1_000.0, "MICROMETER": 1.0}


class TiffSlide(OpenedSlide):
    """A slide in a TIFF or OME-TIFF.

    Parameters
    ----------
    path : Path
        The file.
    stated_mpp : float or None
        The scale that the user states, in µm per pixel.

    Raises
    ------
    FileFormatError
        It is not a TIFF, has no picture in colour, or its scale is unknown.
    """

    def __init__(self, path: Path, stated_mpp: float | None) -> None:
        import tifffile

        super().__init__(path, stated_mpp)
        self._mosaics: dict[int, Mosaic] = {}
        self._jpeg: TiffJpeg | None = None
        try:
            self._file: TiffFile = tifffile.TiffFile(path)
        except Exception as error:  # it raises many kinds on damaged directories, all of which mean the same
            raise self._damaged_directories(error) from error
        try:
            self._take()
        except TumorboardError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise self._damaged_directories(error) from error

    def _damaged_directories(self, error: Exception) -> FileFormatError:
        return FileFormatError(
            f"is a damaged TIFF: {one_line(error)}", where=str(self.path), fix="Fetch or export the slide again"
        )

    def _take(self) -> None:
        """Find levels and scale."""
        text = self._file.pages.first.description
        ome = is_ome(text)
        if ome:
            pages, series, remarks = ome_levels(self._file)
            scale = scale_of(text, pages[0].width, pages[0].height, series.name)
        else:
            pages, remarks, scale = plain_levels(self._file), (), FileScale()
        self._pages: tuple[PageLevel, ...] = pages
        self.format = "ome-tiff" if ome else "tiff"
        self.levels = pyramid([(page.width, page.height) for page in pages])
        self.bounds = Box(0, 0, pages[0].width, pages[0].height)
        if scale.mpp is None:
            scale = _with_resolution_tags(scale, pages[0].keyframe)
        self.scale, remarks_on_scale = decide_scale(self.path, scale, self._stated_mpp)
        self.remarks = (*remarks, *remarks_on_scale)
        self._mosaics[0] = mosaic_of_pages(pages[0])

    def _read_inside(self, level: int, box: Box) -> Picture:
        mosaic = self._mosaics.get(level)
        if mosaic is None:
            mosaic = self._mosaics[level] = mosaic_of_pages(self._pages[level])
        try:
            return mosaic.read(box.left, box.top, box.width, box.height)
        except Exception as error:  # each codec raises a kind of its own
            raise self._damage(level, box, error) from error

    def jpeg_level(self, level: int) -> JpegLevel | None:
        """Return a level's stored JPEG tiles, or None where it has none that can be taken as they are."""
        from tumorboard.slides.opening.tiff_jpeg import TiffJpeg

        page = self._pages[level]
        if not page.is_jpeg:
            return None
        if self._jpeg is None:
            self._jpeg = TiffJpeg(self.path)
        return self._jpeg.level(page.width, page.height)

    def _release(self) -> None:
        self._mosaics.clear()
        if self._jpeg is not None:
            self._jpeg.close()
        with suppress(AttributeError):
            self._file.close()


def _with_resolution_tags(scale: FileScale, page: TiffPage) -> FileScale:
    """Add the µm per pixel that the resolution tags state, where their unit is a length."""
    unit = page.tags.valueof("ResolutionUnit", default=2)  # inch, where the tag is missing (TIFF 6.0, page 38)
    factor = _MICROMETRES.get(getattr(unit, "name", {2: "INCH", 3: "CENTIMETER"}.get(unit, "")))
    across, down = (_ratio(page.tags.valueof(name)) for name in ("XResolution", "YResolution"))
    if factor is None or across is None or down is None:
        return scale
    return FileScale(factor / across, factor / down, scale.objective_power, True, scale.power_is_of_lens)


def _ratio(value: object) -> float | None:
    if not isinstance(value, tuple) or not value[1] or not value[0]:
        return None
    return float(value[0] / value[1])
