"""Slides through OpenSlide."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening.base import OpenedSlide
from tumorboard.slides.opening.jpeg_reading import mosaic_of
from tumorboard.slides.opening.levels import bounds_of, pyramid
from tumorboard.slides.opening.mosaic import Mosaic
from tumorboard.slides.opening.pixels import on_white
from tumorboard.slides.opening.scale import FileScale, decide_scale
from tumorboard.slides.slide import Box, JpegLevel, Picture

if TYPE_CHECKING:
    from openslide import OpenSlide

    from tumorboard.slides.opening.dicom_series import DicomSeries
    from tumorboard.slides.opening.tiff_jpeg import TiffJpeg

_MOST_PIXELS_AT_ONCE = 2**23
_LARGEST_TILE_PX = 2**27
# pages of these are the levels, tile for tile; others move tiles, overlap them or put areas together
_TIFF_OF_WHOLE_TILES = frozenset({"aperio", "generic-tiff", "philips"})
# these state the lens's own magnification, whatever the camera and adapter behind it
_POWER_OF_LENS = frozenset({"mirax", "zeiss", "sakura", "dicom"})


class OpenSlideSlide(OpenedSlide):
    """A slide that OpenSlide opens.

    Parameters
    ----------
    path : Path
        As the user gave it: a file, or the folder of a DICOM series.
    file : Path
        The file for OpenSlide; of a folder, one of its instances.
    handle : OpenSlide
        That file, opened.
    series : DicomSeries or None
        The instances of a DICOM slide, if it is one.
    stated_mpp : float or None
        The scale that the user states, in µm per pixel.

    Raises
    ------
    FileFormatError
        Its scale is unknown or contradicts itself.
    """

    def __init__(
        self, path: Path, file: Path, handle: OpenSlide, series: DicomSeries | None, stated_mpp: float | None
    ) -> None:
        super().__init__(path, stated_mpp)
        self._file_path = file
        self._handle = handle
        self._series = series
        self._tiff_jpeg: TiffJpeg | None = None
        self._jpeg_levels: dict[int, JpegLevel | None] = {}
        self._mosaics: dict[int, Mosaic | None] = {}
        properties: Mapping[str, str] = handle.properties
        _check_sizes(path, handle)
        self.format = properties.get("openslide.vendor", "")
        self.levels = pyramid(handle.level_dimensions)
        self._factors: tuple[float, ...] = tuple(handle.level_downsamples)
        self.bounds = bounds_of(properties, self.levels[0].width, self.levels[0].height)
        self.scale, remarks = decide_scale(path, file_scale(properties), stated_mpp)
        self.remarks = (*(series.remarks if series is not None else ()), *remarks)

    def _read_inside(self, level: int, box: Box) -> Picture:
        mosaic = self._stored(level)
        if mosaic is not None:
            try:
                return mosaic.read(box.left, box.top, box.width, box.height)
            except (RuntimeError, ValueError, OSError, FileFormatError) as error:
                raise self._damage(level, box, error) from error
        picture = np.empty((box.height, box.width, 3), np.uint8)
        rows = max(1, _MOST_PIXELS_AT_ONCE // box.width)
        for top in range(0, box.height, rows):
            band = Box(box.left, box.top + top, box.width, min(rows, box.height - top))
            picture[top : top + band.height] = self._pixels(level, band)
        return picture

    def _stored(self, level: int) -> Mosaic | None:
        """Return a reader of the level's stored JPEG tiles, where it has such.

        It gives what OpenSlide gives, faster, and on smaller levels more exactly: OpenSlide takes the place in whole
        pixels of level 0 and divides by the quotient of the levels' sizes, 4.0003 for 4; what it gives there lies up to
        a pixel off and is interpolated.
        """
        if level not in self._mosaics:
            stored = self.jpeg_level(level)
            self._mosaics[level] = mosaic_of(stored) if stored is not None else None
        return self._mosaics[level]

    def _pixels(self, level: int, box: Box) -> Picture:
        """Read with OpenSlide."""
        from openslide import OpenSlideError

        factor = self._factors[level]
        place = (round(box.left * factor), round(box.top * factor))
        try:
            return _read_rgb(self._handle, place, level, box.width, box.height)
        except OpenSlideError as error:
            damage = self._damage(level, box, error)
        self._open_again()
        raise damage

    def _open_again(self) -> None:
        """Replace the handle: after an error OpenSlide refuses every further read of it, sound places too."""
        import openslide

        self._handle.close()
        try:
            self._handle = openslide.OpenSlide(self._file_path)
        except openslide.OpenSlideError as error:
            raise FileFormatError(f"cannot be opened any more: {error}", where=str(self.path)) from error

    def jpeg_level(self, level: int) -> JpegLevel | None:
        """Return a level's stored JPEG tiles, or None where it has none that can be taken as they are."""
        if level not in self._jpeg_levels:
            size = self.levels[level]
            if self.format in _TIFF_OF_WHOLE_TILES:
                self._jpeg_levels[level] = self._tiff.level(size.width, size.height)
            else:
                self._jpeg_levels[level] = self._series.level(size.width, size.height) if self._series else None
        return self._jpeg_levels[level]

    @property
    def _tiff(self) -> TiffJpeg:
        from tumorboard.slides.opening.tiff_jpeg import TiffJpeg

        if self._tiff_jpeg is None:
            self._tiff_jpeg = TiffJpeg(self._file_path)
        return self._tiff_jpeg

    def _release(self) -> None:
        self._mosaics.clear()
        self._jpeg_levels.clear()
        if self._tiff_jpeg is not None:
            self._tiff_jpeg.close()
        if self._series is not None:
            self._series.close()
        self._handle.close()


def _check_sizes(path: Path, handle: OpenSlide) -> None:
    """Refuse sizes that no slide has: OpenSlide ends the whole program where it has no memory for a tile."""
    for level, (width, height) in enumerate(handle.level_dimensions):
        key = f"openslide.level[{level}].tile-"
        tile_width, tile_height = (int(handle.properties.get(key + side, 0)) for side in ("width", "height"))
        if min(width, height) < 1 or tile_width * tile_height > _LARGEST_TILE_PX:
            raise FileFormatError(
                f"is damaged: level {level} states {width} x {height} pixels in tiles of {tile_width} x {tile_height}",
                where=str(path),
                fix="Fetch or export the slide again",
            )


def _read_rgb(handle: OpenSlide, place: tuple[int, int], level: int, width: int, height: int) -> Picture:
    """Read straight into an array, on white: a PIL picture in between costs half the time of a large read."""
    from openslide import lowlevel

    if not hasattr(lowlevel, "_read_region"):  # a binding that names it otherwise
        rgba = np.asarray(handle.read_region(place, level, (width, height)), np.uint16)
        colours, alpha = rgba[..., :3], rgba[..., 3:]
        return np.asarray((colours * alpha + 127) // 255 + (255 - alpha), np.uint8)
    pixels = np.empty((height, width), np.uint32)
    target = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
    lowlevel._read_region(handle._osr, target, *place, level, width, height)
    return on_white(pixels)


def file_scale(properties: Mapping[str, str]) -> FileScale:
    """Give what a file says of its scale, from OpenSlide's properties.

    Examples
    --------
    >>> file_scale({"openslide.vendor": "aperio", "openslide.mpp-x": "0.499", "openslide.objective-power": "20"})
    FileScale(mpp_x=0.499, mpp_y=None, objective_power=20.0, from_resolution_tags=False, power_is_of_lens=False)
    """
    vendor = properties.get("openslide.vendor", "")
    return FileScale(
        _number(properties.get("openslide.mpp-x")),
        _number(properties.get("openslide.mpp-y")),
        _number(properties.get("openslide.objective-power")),
        from_resolution_tags=vendor == "generic-tiff",
        power_is_of_lens=vendor in _POWER_OF_LENS,
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text.replace(",", ".")) if text is not None else None
    except ValueError:
        return None
