"""Where a slide's tiles lie at 10x and 5x, and the cheapest way to their pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.slides.slide import JpegLevel, Slide

TileScale = Literal["10x", "5x"]
TILE_MPP: dict[TileScale, float] = {"10x": 1.0, "5x": 2.0}
"""µm per pixel of each scale."""

Method = Literal["taken over", "scaled decoding", "decoded", "resampled"]

NATIVE_WITHIN = 0.05
"""A level whose µm per pixel differs by at most this share from the wanted scale is taken as it is."""

TAKEN_OVER_WITHIN = 1 / 8
"""A stored tile whose edge differs by at most this share from the wanted edge is taken over: 224 to 288 for 256."""

_REDUCTIONS = (1, 2, 4, 8)
_SMALLEST_TILE_PX, _LARGEST_TILE_PX = 32, 2048
# planes this near to each other are as good: then the one that is cheaper to read
_AS_FINE = 1.02


@dataclass(frozen=True)
class TileGrid:
    """All tiles of one scale that lie wholly within what was scanned, row by row from the upper left.

    A tile's number is its place in that order. The same slide gives the same grid; a tile's content depends on its
    number alone, not on which others are cut.

    Attributes
    ----------
    scale : {"10x", "5x"}
    method : str
        "taken over": the stored JPEG stream as it is. "scaled decoding": libjpeg decodes the stored tiles at 1/2, 1/4
        or 1/8, which lands within 5 % of the scale. "decoded": the pixels of a native level, encoded anew.
        "resampled": read at the nearest finer scale and averaged down.
    level : int
        The slide's level that is read.
    reduction : int
        Its stored tiles are decoded at one ``reduction``-th: 1, 2, 4 or 8. The level thus reduced is the plane.
    from_stored : bool
        Whether pixels come from the stored JPEG tiles; else from `Slide.read`.
    source_px : int
        Edge of a tile in the plane.
    tile_px : int
        Edge of the finished tile; where it is not `source_px`, the tile is resampled.
    origin : tuple of int
        Left and top of the first tile in the plane.
    columns, rows : int
    mpp : float
        µm per pixel of the finished tile, as it truly is.
    halved : TileGrid or None
        The grid of twice the magnification of which 2 x 2 tiles, halved, make one of these.
    boxes : ndarray of int64, shape (columns * rows, 4)
        Left, top, width, height in level-0 pixels. Neighbours touch: they neither overlap nor leave a gap.
    """

    scale: TileScale
    method: Method
    level: int
    reduction: int
    from_stored: bool
    source_px: int
    tile_px: int
    origin: tuple[int, int]
    columns: int
    rows: int
    mpp: float
    halved: TileGrid | None = None
    boxes: NDArray[np.int64] = field(compare=False, repr=False, default_factory=lambda: np.zeros((0, 4), np.int64))

    def __len__(self) -> int:
        return self.columns * self.rows

    @property
    def is_fast(self) -> bool:
        """Whether no pixel passes through OpenSlide or another general reader."""
        return self.from_stored


@dataclass(frozen=True)
class _Plane:
    """A level at one of the sizes at which it can be read."""

    level: int
    reduction: int
    downsample: float
    mpp: float
    stored: JpegLevel | None

    def takes_over(self, tile_px: int) -> bool:
        """Tell whether the stored tiles can be the finished ones."""
        stored = self.stored
        if stored is None or self.reduction != 1 or stored.tile_width != stored.tile_height:
            return False
        # 5x is made of halves
        return stored.tile_width % 2 == 0 and abs(stored.tile_width / tile_px - 1) <= TAKEN_OVER_WITHIN


def plan_grid(slide: Slide, scale: TileScale, tile_px: int = 256) -> TileGrid:
    """Plan a slide's tiles at a scale.

    A level within 5 % of the scale is native: its JPEG tiles are taken over where they are square and their edge lies
    within one eighth of the wanted one (240 for 256 pixels: 6 % less tissue across, and no generation of JPEG more);
    otherwise its pixels are cut anew. Without a native level, libjpeg decodes a finer level's tiles at 1/2, 1/4 or 1/8
    (Wallace 1992; libjpeg's scaled inverse DCT), and where that does not land within 5 %, or the level is not JPEG,
    the nearest finer picture is averaged down. The edge of a tile there is a whole number of the finer pixels, so that
    boxes are exact; the true scale then differs from the wanted by less than 0.2 % at 256 pixels.

    5x is taken over from a native level of its own, and is else made of 2 x 2 tiles of 10x, halved.

    Parameters
    ----------
    slide : Slide
    scale : {"10x", "5x"}
        1.0 or 2.0 µm per pixel.
    tile_px : int
        Edge of a tile: an even number from 32 to 2048. Tiles that are taken over keep theirs.

    Returns
    -------
    TileGrid
        Without tiles where the slide is smaller than one.

    Raises
    ------
    SettingsError
        The edge is odd or out of range.
    FileFormatError
        The slide's finest level is coarser than the scale by more than 5 %.
    """
    if tile_px % 2 or not _SMALLEST_TILE_PX <= tile_px <= _LARGEST_TILE_PX:
        raise SettingsError(
            f"a tile of {tile_px} pixels is not possible",
            fix=f"Give it an even edge from {_SMALLEST_TILE_PX} to {_LARGEST_TILE_PX} pixels",
        )
    planes = _planes(slide)
    own = _best_plane(planes, TILE_MPP[scale], tile_px)
    if own is None:
        raise FileFormatError(
            f"the finest level has {slide.mpp(0):.3g} µm per pixel, too coarse for {scale} ({TILE_MPP[scale]:.1f} µm)",
            where=str(slide.path),
            fix="Scan or export it at a higher magnification, or correct its scale (MPP)",
        )
    if scale == "5x" and not own.takes_over(tile_px):
        finer = _best_plane(planes, TILE_MPP["10x"], tile_px)
        if finer is not None:
            return _halved(_grid(slide, "10x", finer, tile_px))
    return _grid(slide, scale, own, tile_px)


def _planes(slide: Slide) -> list[_Plane]:
    planes = []
    for number, level in enumerate(slide.levels):
        stored = slide.jpeg_level(number)
        for reduction in _REDUCTIONS:
            if reduction == 1 or (stored and not (stored.tile_width % reduction or stored.tile_height % reduction)):
                downsample = level.downsample * reduction
                planes.append(_Plane(number, reduction, downsample, slide.scale.mpp * downsample, stored))
    return planes


def _best_plane(planes: list[_Plane], mpp: float, tile_px: int) -> _Plane | None:
    """Choose the plane that gives a scale for the least work; None where all are too coarse."""
    native = [plane for plane in planes if abs(plane.mpp / mpp - 1) <= NATIVE_WITHIN]
    if native:
        return min(
            native,
            key=lambda p: (p.reduction, not p.takes_over(tile_px), p.stored is None, abs(p.mpp / mpp - 1)),
        )
    finer = [plane for plane in planes if plane.mpp < mpp]
    if not finer:
        return None
    coarsest = max(plane.mpp for plane in finer)
    near = [plane for plane in finer if plane.mpp * _AS_FINE >= coarsest]
    return min(near, key=lambda p: (p.stored is None, p.reduction, -p.mpp))


def _grid(slide: Slide, scale: TileScale, plane: _Plane, tile_px: int) -> TileGrid:
    """Lay tiles into a plane, from the first stored tile that was scanned where they are taken over."""
    wanted = TILE_MPP[scale]
    method: Method
    if plane.takes_over(tile_px) and plane.stored is not None and abs(plane.mpp / wanted - 1) <= NATIVE_WITHIN:
        method, tile_px = "taken over", plane.stored.tile_width
        source_px = step = tile_px
    elif abs(plane.mpp / wanted - 1) <= NATIVE_WITHIN:
        method, source_px, step = ("decoded" if plane.reduction == 1 else "scaled decoding"), tile_px, 1
    else:
        method, source_px, step = "resampled", round(tile_px * wanted / plane.mpp), 1
    left, right = _scanned(slide.bounds.left, slide.bounds.width, plane, slide.levels[plane.level].width)
    top, bottom = _scanned(slide.bounds.top, slide.bounds.height, plane, slide.levels[plane.level].height)
    left, top = -(-left // step) * step, -(-top // step) * step
    columns, rows = max(0, (right - left) // source_px), max(0, (bottom - top) // source_px)
    return TileGrid(
        scale=scale,
        method=method,
        level=plane.level,
        reduction=plane.reduction,
        from_stored=plane.stored is not None,
        source_px=source_px,
        tile_px=tile_px,
        origin=(left, top),
        columns=columns,
        rows=rows,
        mpp=plane.mpp * source_px / tile_px,
        boxes=_boxes(
            _edges(left, columns, source_px, plane.downsample, slide.bounds.left + slide.bounds.width),
            _edges(top, rows, source_px, plane.downsample, slide.bounds.top + slide.bounds.height),
        ),
    )


def _scanned(start: int, length: int, plane: _Plane, level_px: int) -> tuple[int, int]:
    """Give the first and last pixel (exclusive) of the plane that lie wholly within what was scanned."""
    first = int(np.ceil(start / plane.downsample - 1e-6))
    last = int(np.floor((start + length) / plane.downsample + 1e-6))
    return first, min(last, level_px // plane.reduction)


def _edges(start: int, count: int, source_px: int, downsample: float, end: int) -> NDArray[np.int64]:
    """Give the tiles' edges in level-0 pixels, one more than there are tiles."""
    edges = np.rint((start + np.arange(count + 1) * source_px) * downsample)
    return np.asarray(np.minimum(edges, end), np.int64)


def _boxes(lefts: NDArray[np.int64], tops: NDArray[np.int64]) -> NDArray[np.int64]:
    across, down = len(lefts) - 1, len(tops) - 1
    boxes = np.empty((down, across, 4), np.int64)
    boxes[..., 0], boxes[..., 2] = lefts[:-1], np.diff(lefts)
    boxes[..., 1], boxes[..., 3] = tops[:-1, None], np.diff(tops)[:, None]
    return boxes.reshape(-1, 4)


def _halved(finer: TileGrid) -> TileGrid:
    """Join 2 x 2 tiles of 10x into one of 5x; an odd last column or row is left out."""
    columns, rows = finer.columns // 2, finer.rows // 2
    places = finer.boxes.reshape(finer.rows, finer.columns, 4)[: rows * 2, : columns * 2]
    boxes = places[::2, ::2].copy()
    boxes[..., 2] += places[::2, 1::2, 2]
    boxes[..., 3] += places[1::2, ::2, 3]
    from_jpeg = finer.method in ("taken over", "scaled decoding")
    return TileGrid(
        scale="5x",
        method="scaled decoding" if from_jpeg else "resampled",
        level=finer.level,
        reduction=finer.reduction,
        from_stored=finer.from_stored,
        source_px=2 * finer.source_px,
        tile_px=finer.tile_px,
        origin=finer.origin,
        columns=columns,
        rows=rows,
        mpp=2 * finer.mpp,
        halved=finer,
        boxes=boxes.reshape(-1, 4),
    )
