"""Cuts tiles row by row: memory does not grow with the slide's height, and no stored tile is read or decoded twice."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.slide import Box, Picture, Slide
from tumorboard.slides.tiles.coding import TileCoding
from tumorboard.slides.tiles.colour import colours_of_row
from tumorboard.slides.tiles.grid import TileGrid
from tumorboard.slides.tiles.rows import DamagedTile, TileRow, WantedTiles
from tumorboard.slides.tiles.sources import Content, TileSource, open_source
from tumorboard.slides.tissue.overview import Overview

FocusOf = Callable[[Picture, float], float]
"""Gives a picture's focus; the second argument is the picture's µm per pixel."""

_Mask = NDArray[np.bool_]


def cut(
    slide: Slide,
    wanted: Sequence[WantedTiles],
    overview: Overview,
    *,
    coding: TileCoding | None = None,
    focus_of: FocusOf | None = None,
    on_damage: Callable[[DamagedTile], None] | None = None,
) -> Iterator[TileRow]:
    """Cut the wanted tiles of a slide.

    Rows come in the order of their lower edge in level-0 pixels, 10x before 5x where they share it; tiles within a row
    from the left. Memory holds two rows of tiles at most, and what of the stored tiles they share.

    Parameters
    ----------
    slide : Slide
        The one that the grids were planned for.
    wanted : sequence of WantedTiles
        At most one for each scale.
    overview : Overview
        The whole slide at about 8 µm per pixel; the colours are taken from it.
    coding : TileCoding, optional
        Of tiles that cannot be taken over; by default quality 95, 4:4:4.
    focus_of : callable, optional
        Measures focus. Tiles that are taken over must be decoded for it, at half size, which costs nothing more only
        where they are part of a wanted 5x tile.
    on_damage : callable, optional
        Told of each wanted tile that cannot be cut; the others are cut. Without it, the first one is an error. Of a
        tile that is taken over only what `check_stream` finds is known, and more where it is part of a wanted 5x tile.

    Yields
    ------
    TileRow
        Rows that hold at least one tile.

    Raises
    ------
    FileFormatError
        The file is damaged within a wanted tile, and `on_damage` is not given.
    ValueError
        A grid has no such tile, or a scale is wanted twice.
    """
    if len({each.grid.scale for each in wanted}) != len(wanted):
        raise ValueError("a scale is wanted twice")
    desk = _Desk(slide, overview, coding or TileCoding(), focus_of, on_damage)
    rows = [_rows_of(desk, *lane) for lane in _lanes(wanted)]
    yield from heapq.merge(*rows, key=lambda row: (row.bottom, row.scale == "5x"))


def _lanes(wanted: Sequence[WantedTiles]) -> list[tuple[TileGrid, _Mask, WantedTiles | None]]:
    """Give the grids that are read: which tiles of each are wanted, and which wanted ones are made of their halves."""
    lanes: dict[TileGrid, tuple[TileGrid, _Mask, WantedTiles | None]] = {}
    for each in sorted(wanted, key=lambda each: each.grid.halved is not None):
        grid = each.grid if each.grid.halved is None else each.grid.halved
        none = np.zeros((grid.rows, grid.columns), np.bool_)
        if each.grid.halved is None:
            lanes[grid] = (grid, each.mask(), None)
        else:
            _, own, _ = lanes.get(grid, (grid, none, None))
            lanes[grid] = (grid, own, each)
    return list(lanes.values())


@dataclass(frozen=True)
class _Desk:
    """What all rows of a slide share."""

    slide: Slide
    overview: Overview
    coding: TileCoding
    focus_of: FocusOf | None
    on_damage: Callable[[DamagedTile], None] | None

    def focus(self, source: TileSource[Content], grid: TileGrid, content: Content, half: Picture | None) -> float:
        """Measure a tile's focus at about 2.0 µm per pixel, where it is asked for."""
        if self.focus_of is None:
            return 0.0
        if grid.scale == "5x":
            return self.focus_of(source.whole(content), grid.mpp)
        return self.focus_of(source.half(content) if half is None else half, 2 * grid.mpp)

    def damaged(self, grid: TileGrid, column: int, row: int, error: FileFormatError) -> None:
        """Tell of a tile that cannot be cut, or raise."""
        number = row * grid.columns + column
        left, top, width, height = grid.boxes[number].tolist()
        if self.on_damage is None:
            place = f"the {grid.scale} tile at x {left}, y {top} ({width} x {height} pixels of level 0)"
            raise FileFormatError(
                f"{place} is damaged: {error.what}", where=str(self.slide.path), fix="Fetch or export the slide again"
            ) from error
        self.on_damage(DamagedTile(grid.scale, number, Box(left, top, width, height), error.what))

    def finished(self, grid: TileGrid, row: int, tiles: list[tuple[int, bytes, float]]) -> TileRow:
        """Return the finished tiles of a row: column, payload and focus of each."""
        columns, payloads, focus = zip(*tiles, strict=True)
        numbers = row * grid.columns + np.array(columns, np.int64)
        boxes = grid.boxes[numbers]
        return TileRow(
            scale=grid.scale,
            method=grid.method,
            encoding="jpeg",
            width_px=grid.tile_px,
            height_px=grid.tile_px,
            mpp=grid.mpp,
            payloads=list(payloads),
            numbers=numbers,
            boxes=boxes,
            colours=colours_of_row(self.overview.picture, self.overview.downsample, boxes),
            focus=np.array(focus) if self.focus_of else None,
        )


def _rows_of(desk: _Desk, grid: TileGrid, own: _Mask, coarser: WantedTiles | None) -> Iterator[TileRow]:
    """Cut the tiles of a grid that is read, and the coarser ones that are made of their halves."""
    source = open_source(desk.slide, grid, desk.coding)
    joined = _JoinedHalves(desk, coarser) if coarser else None
    parts = joined.parts(own.shape) if joined else np.zeros_like(own)
    for row in np.flatnonzero((own | parts).any(axis=1)).tolist():
        tiles = []
        is_own, is_part = own[row].tolist(), parts[row].tolist()
        for column in np.flatnonzero(own[row] | parts[row]).tolist():
            try:
                content = source.fetch(column, row)
                half = source.half(content) if is_part[column] else None
                focus = desk.focus(source, grid, content, half) if is_own[column] else 0.0
            except FileFormatError as error:
                if is_own[column]:
                    desk.damaged(grid, column, row, error)
                if joined and is_part[column]:
                    joined.lose(column, error)
                continue
            if joined and half is not None:
                joined.lay(column, row, half)
            if is_own[column]:
                tiles.append((column, source.payload(content), focus))
        if tiles:
            yield desk.finished(grid, row, tiles)
        if joined and row % 2:
            yield from joined.row(row // 2)


class _JoinedHalves:
    """5x tiles that are put together from halved 10x tiles, a row at a time."""

    def __init__(self, desk: _Desk, wanted: WantedTiles) -> None:
        self._desk = desk
        self._grid = wanted.grid
        self._mask = wanted.mask()
        self._half_px = wanted.grid.tile_px // 2
        self._pictures: dict[int, Picture] = {}
        self._lost: dict[int, FileFormatError] = {}

    def parts(self, shape: tuple[int, ...]) -> _Mask:
        """Return which tiles of the finer grid are parts of wanted ones."""
        parts = np.zeros(shape, np.bool_)
        doubled = self._mask.repeat(2, axis=0).repeat(2, axis=1)
        parts[: doubled.shape[0], : doubled.shape[1]] = doubled
        return parts

    def lay(self, column: int, row: int, half: Picture) -> None:
        """Lay the half of a finer tile into its quarter."""
        edge = self._half_px
        picture = self._pictures.get(column // 2)
        if picture is None:
            picture = self._pictures[column // 2] = np.empty((2 * edge, 2 * edge, 3), np.uint8)
        top, left = row % 2 * edge, column % 2 * edge
        picture[top : top + edge, left : left + edge] = half

    def lose(self, column: int, error: FileFormatError) -> None:
        """Note that a part is damaged."""
        self._lost.setdefault(column // 2, error)

    def row(self, row: int) -> Iterator[TileRow]:
        """Finish a row; nothing where it has no tile."""
        tiles = []
        for column in np.flatnonzero(self._mask[row]).tolist() if row < len(self._mask) else []:
            if column in self._lost:
                self._desk.damaged(self._grid, column, row, self._lost[column])
            else:
                picture = self._pictures[column]
                focus = self._desk.focus_of(picture, self._grid.mpp) if self._desk.focus_of else 0.0
                tiles.append((column, self._desk.coding.encode(picture), focus))
        self._pictures.clear()
        self._lost.clear()
        if tiles:
            yield self._desk.finished(self._grid, row, tiles)
