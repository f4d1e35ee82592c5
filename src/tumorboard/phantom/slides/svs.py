"""Writes slides as Aperio's SVS files: tiled JPEG levels, thumbnail, label and macro picture.

Order of the pages, tags and texts follow files of Aperio's ImageScope (the public slide CMU-1) and OpenSlide's
description of the format (https://openslide.org/formats/aperio/).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import tifffile

from tumorboard.errors import SettingsError
from tumorboard.phantom.slides.aperio import ScanSession
from tumorboard.phantom.slides.attachments import LABEL_MPP, MACRO_MPP, draw_label, draw_macro
from tumorboard.phantom.slides.jpeg import JpegCoding
from tumorboard.phantom.slides.pyramid import Paint, Pyramid
from tumorboard.phantom.slides.scanner import SlideScanner

_SMALLEST_SIDE_PX = 256
_THUMBNAIL_PX = (1024, 768)
_THUMBNAIL_QUALITY, _MACRO_QUALITY = 85, 80
_ROWS_PER_STRIP = 16
_LABEL_ROWS_PER_STRIP = 7
_FULL_TYPE, _LABEL_TYPE, _MACRO_TYPE = 0, 1, 9
_QUARTER = 4
# a classic TIFF file ends at 4 GiB; no H&E picture needs two bytes a pixel at these JPEG qualities
_LARGEST_CLASSIC_PX = 2**32 // 2


def write_svs(
    path: Path,
    paint: Paint,
    width_px: int,
    height_px: int,
    scanner: SlideScanner,
    *,
    title: str = "simulated",
    seed: int = 0,
    bigtiff: bool | None = None,
) -> None:
    """Write a slide file, painting it block by block.

    The file appears under its name only when it is complete.

    Parameters
    ----------
    path : Path
        The file, ending in ``.svs``.
    paint : Paint
        Gives the picture of ``left_px, top_px, width, height`` of the base level; called once for each block.
    width_px, height_px : int
        Size of the base level; at least 256 pixels each.
    scanner : SlideScanner
        Tiles, levels, colour, scale and the texts.
    title : str
        The slide's name, on its label and in its description.
    seed : int
        The slide's seed.
    bigtiff : bool, optional
        Whether offsets have 64 bits; by default only where the file could pass 4 GiB.

    Raises
    ------
    SettingsError
        The slide is too small.
    """
    if min(width_px, height_px) < _SMALLEST_SIDE_PX:
        raise SettingsError(
            f"a slide of {width_px} x {height_px} pixels is too small",
            fix=f"Give it at least {_SMALLEST_SIDE_PX} pixels on each side",
        )
    large = width_px * height_px > _LARGEST_CLASSIC_PX if bigtiff is None else bigtiff
    session = ScanSession(scanner, title, width_px, height_px, seed)
    part = path.with_name(path.name + ".part")
    try:
        with tifffile.TiffWriter(part, bigtiff=large, byteorder="<") as file:
            _write_pages(file, paint, session)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_pages(file: tifffile.TiffWriter, paint: Paint, session: ScanSession) -> None:
    scanner, size = session.scanner, (session.height_px, session.width_px)
    coding = JpegCoding(scanner.colour, scanner.quality)
    factors = scanner.level_factors[1:]
    pyramid = Pyramid(
        paint, session.width_px, session.height_px, scanner.tile_px, coding, keep_quarter=_QUARTER in factors
    )
    _write_level(
        file, pyramid.base_tiles(), size, coding, session.level(coding.aperio_name), scanner.tile_px, scanner.mpp
    )
    thumbnail = _thumbnail(pyramid.overview, session.width_px, session.height_px)
    text = session.thumbnail(thumbnail.shape[1], thumbnail.shape[0])
    thumbnail_mpp = scanner.mpp * session.width_px / thumbnail.shape[1]
    thumbnail_coding = JpegCoding(scanner.colour, _THUMBNAIL_QUALITY)
    _write_photograph(file, thumbnail, thumbnail_coding, _FULL_TYPE, text, thumbnail_mpp)
    for factor in factors:
        height_px, width_px = size[0] // factor, size[1] // factor
        text = session.level(coding.aperio_name, width_px, height_px)
        tiles = pyramid.tiles_of_level(factor)
        _write_level(file, tiles, (height_px, width_px), coding, text, scanner.tile_px, scanner.mpp * factor)
    label = draw_label(session.title, session.seed)
    _write_label(file, label, session.attachment("label", label.shape[1], label.shape[0]))
    size_mm = (session.width_px * scanner.mpp / 1000, session.height_px * scanner.mpp / 1000)
    macro = draw_macro(label, pyramid.overview, size_mm, session.seed)
    text = session.attachment("macro", macro.shape[1], macro.shape[0])
    _write_photograph(file, macro, JpegCoding(scanner.colour, _MACRO_QUALITY), _MACRO_TYPE, text, MACRO_MPP)


def _write_level(
    file: tifffile.TiffWriter,
    tiles: Iterator[bytes],
    size: tuple[int, int],
    coding: JpegCoding,
    text: str,
    tile_px: int,
    mpp: float,
) -> None:
    """Write a level of JPEG tiles; ``size`` is rows and columns."""
    file.write(
        tiles,
        shape=(*size, 3),
        dtype=np.uint8,
        tile=(tile_px, tile_px),
        photometric=coding.photometric,
        compression="jpeg",
        compressionargs={"outcolorspace": coding.photometric},
        subsampling=coding.subsampling,
        jpegtables=coding.tables,
        resolution=_per_cm(mpp),
        resolutionunit="CENTIMETER",
        description=text,
        metadata=None,
        software=False,
    )


def _write_photograph(
    file: tifffile.TiffWriter, picture: np.ndarray, coding: JpegCoding, page_type: int, text: str, mpp: float
) -> None:
    """Write the thumbnail or macro picture as JPEG strips."""
    rows = range(0, picture.shape[0], _ROWS_PER_STRIP)
    file.write(
        (coding.encode(picture[top : top + _ROWS_PER_STRIP]) for top in rows),
        shape=picture.shape,
        dtype=np.uint8,
        rowsperstrip=_ROWS_PER_STRIP,
        photometric=coding.photometric,
        compression="jpeg",
        compressionargs={"outcolorspace": coding.photometric},
        subsampling=coding.subsampling,
        jpegtables=coding.tables,
        subfiletype=page_type,
        resolution=_per_cm(mpp),
        resolutionunit="CENTIMETER",
        description=text,
        metadata=None,
        software=False,
    )


def _per_cm(mpp: float) -> tuple[float, float]:
    """Give pixels per cm: tifffile writes a resolution in any case, and 1 of no unit is a false one."""
    return 1e4 / mpp, 1e4 / mpp


def _write_label(file: tifffile.TiffWriter, label: np.ndarray, text: str) -> None:
    """Write the label as LZW strips."""
    file.write(
        label,
        rowsperstrip=_LABEL_ROWS_PER_STRIP,
        photometric="rgb",
        compression="lzw",
        predictor=2,
        subfiletype=_LABEL_TYPE,
        resolution=_per_cm(LABEL_MPP),
        resolutionunit="CENTIMETER",
        description=text,
        metadata=None,
        software=False,
    )


def _thumbnail(overview: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """Scale a picture of the whole slide so that it just fits into the thumbnail's frame."""
    scale = min(_THUMBNAIL_PX[0] / width_px, _THUMBNAIL_PX[1] / height_px)
    size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    way = cv2.INTER_AREA if size[0] < overview.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(overview, size, interpolation=way), np.uint8)
