"""Finds the pages of a TIFF or OME-TIFF that are the levels of its slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tumorboard.errors import FileFormatError

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

_COLOURS = 3
_RGB, _YCBCR, _JPEG = 2, 6, 7
_REDUCED, _MACRO = 1, 8
_SAME_ASPECT = 0.02


@dataclass(frozen=True)
class PageLevel:
    """The pages of one level.

    Parameters
    ----------
    width, height : int
        Pixels.
    planes : tuple of (page, int)
        One page that holds red, green and blue together; or, for each colour, a page and the plane of it.
    """

    width: int
    height: int
    planes: tuple[tuple[TiffPage | TiffFrame, int], ...]

    @property
    def keyframe(self) -> TiffPage:
        """The page that states how the pixels are stored."""
        return keyframe_of(self.planes[0][0])

    @property
    def is_jpeg(self) -> bool:
        """Whether each stored tile is one JPEG picture."""
        return len(self.planes) == 1 and is_jpeg(self.keyframe)


def keyframe_of(page: TiffPage | TiffFrame) -> TiffPage:
    """Return the page that states how another's pixels are stored; a page's own is itself."""
    return cast("TiffPage", page.keyframe)


def is_jpeg(page: TiffPage) -> bool:
    """Tell whether a page's tiles or strips are JPEG pictures."""
    return bool(page.compression == _JPEG)


def ome_levels(file: TiffFile) -> tuple[tuple[PageLevel, ...], TiffPageSeries, tuple[str, ...]]:
    """Find the levels of an OME-TIFF's largest picture in colour.

    Parameters
    ----------
    file : TiffFile
        An open OME-TIFF.

    Returns
    -------
    levels : tuple of PageLevel
        From the finest.
    series : TiffPageSeries
        The picture.
    remarks : tuple of str
        What was left out.

    Raises
    ------
    FileFormatError
        No picture has three colours of 8 bits.
    """
    found = [(levels, series) for series in file.series if (levels := _levels_of(series))]
    if not found:
        raise _no_colours(file.filehandle.path, [series.keyframe for series in file.series])
    levels, series = max(found, key=lambda pair: pair[0][0].width * pair[0][0].height)
    others = [size for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YXSC" and size > 1]
    remarks = ("the file has several focal planes or times; the first was taken",) if others else ()
    return levels, series, remarks


def plain_levels(file: TiffFile) -> tuple[PageLevel, ...]:
    """Find the levels of a TIFF: its largest page in colour and the reduced ones of the same shape.

    Parameters
    ----------
    file : TiffFile
        An open TIFF.

    Returns
    -------
    tuple of PageLevel
        From the finest.

    Raises
    ------
    FileFormatError
        No page has three colours of 8 bits.
    """
    pages: list[Any] = [page for page in file.pages]  # noqa: C416  (a TiffPages reads on while it is gone through)
    colour = [page for page in pages if _is_colour(page)]
    if not colour:
        raise _no_colours(file.filehandle.path, pages)
    base = max(colour, key=lambda page: page.imagewidth * page.imagelength)
    reduced = [page for page in colour if page.subfiletype & _REDUCED and not page.subfiletype & _MACRO]
    below = [page for page in (base.pages or ()) if _is_colour(page)]
    sizes = {(base.imagewidth, base.imagelength): base}
    for page in [*below, *reduced]:
        if page.imagewidth < base.imagewidth and _same_aspect(page, base):
            sizes.setdefault((page.imagewidth, page.imagelength), page)
    return tuple(
        PageLevel(*size, _planes_of_page(page))
        for size, page in sorted(sizes.items(), key=lambda item: item[0], reverse=True)
    )


def _levels_of(series: TiffPageSeries) -> tuple[PageLevel, ...]:
    levels = []
    for level in series.levels:
        planes = _planes_of_level(level)
        if planes is None:
            break
        sizes = dict(zip(level.axes, level.shape, strict=True))
        levels.append(PageLevel(sizes["X"], sizes["Y"], planes))
    return tuple(levels)


def _planes_of_level(level: TiffPageSeries) -> tuple[tuple[TiffPage | TiffFrame, int], ...] | None:
    """Give the pages of a level's colours; None where it is not in colour, or a page is missing."""
    key = level.keyframe
    if _is_colour(key):
        first = level.pages[0]
        return _planes_of_page(first) if first is not None else None
    outer = [(axis, size) for axis, size in zip(level.axes, level.shape, strict=True) if axis not in "YX"]
    if dict(outer).get("C") != _COLOURS or key.dtype != np.uint8 or key.axes != "YX":
        return None
    step = 1
    for axis, size in reversed(outer):
        if axis == "C":
            break
        step *= size
    pages = [level.pages[colour * step] for colour in range(_COLOURS)]
    return tuple((page, 0) for page in pages if page is not None) if None not in pages else None


def _planes_of_page(page: TiffPage | TiffFrame) -> tuple[tuple[TiffPage | TiffFrame, int], ...]:
    separate = keyframe_of(page).axes == "SYX"
    return tuple((page, plane) for plane in range(_COLOURS)) if separate else ((page, 0),)


def _is_colour(page: TiffPage) -> bool:
    if (
        min(page.imagewidth, page.imagelength) < 1
        or page.dtype != np.uint8
        or page.samplesperpixel != _COLOURS
        or page.axes not in ("YXS", "SYX")
    ):
        return False
    # tifffile turns YCbCr into RGB only where it is JPEG
    return page.photometric == _RGB or (page.photometric == _YCBCR and is_jpeg(page))


def _same_aspect(page: TiffPage, base: TiffPage) -> bool:
    across, down = base.imagewidth / page.imagewidth, base.imagelength / page.imagelength
    return abs(across - down) <= _SAME_ASPECT * across


def _no_colours(path: str, pages: Sequence[TiffPage]) -> FileFormatError:
    sizes = [f"{page.imagewidth} x {page.imagelength}, {page.samplesperpixel} x {page.dtype}" for page in pages[:1]]
    first = f" (its first: {sizes[0]})" if sizes else ""
    return FileFormatError(
        f"no picture in it has three colours of 8 bits{first}", where=path, fix="Export the slide in RGB, 8 bits"
    )
