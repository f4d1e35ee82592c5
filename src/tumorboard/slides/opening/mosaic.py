"""A level put together from its stored tiles or strips: only those that a rectangle touches are decoded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tumorboard.slides.opening.pixels import white
from tumorboard.slides.slide import Picture

_CACHE_BYTES = 32 * 2**20


class Mosaic:
    """A level as a regular grid of tiles.

    Parameters
    ----------
    tile_width, tile_height : int
        Pixels of a tile; a strip is as wide as its level.
    decode : callable
        Gives the picture of a column and row, None where the file has none. It may be smaller or larger than a tile at
        the right and lower edge.
    cache_bytes : int, optional
        Memory for the tiles used last; by default 32 MiB.
    """

    def __init__(
        self,
        tile_width: int,
        tile_height: int,
        decode: Callable[[int, int], Picture | None],
        *,
        cache_bytes: int | None = None,
    ) -> None:
        self._tile_width = tile_width
        self._tile_height = tile_height
        self._decode = decode
        self._most = max(1, (cache_bytes or _CACHE_BYTES) // (3 * tile_width * tile_height))
        self._recent: OrderedDict[tuple[int, int], Picture | None] = OrderedDict()

    def read(self, left: int, top: int, width: int, height: int) -> Picture:
        """Read a rectangle that lies within the level; what the file does not have is white.

        Parameters
        ----------
        left, top, width, height : int
            In pixels of the level.

        Returns
        -------
        Picture
        """
        picture = white(width, height)
        for row in range(top // self._tile_height, (top + height - 1) // self._tile_height + 1):
            for column in range(left // self._tile_width, (left + width - 1) // self._tile_width + 1):
                tile = self._tile(column, row)
                if tile is not None:
                    _lay(tile, column * self._tile_width - left, row * self._tile_height - top, picture)
        return picture

    def _tile(self, column: int, row: int) -> Picture | None:
        place = (column, row)
        if place in self._recent:
            self._recent.move_to_end(place)
            return self._recent[place]
        tile = self._decode(column, row)
        self._recent[place] = tile
        if len(self._recent) > self._most:
            self._recent.popitem(last=False)
        return tile


def _lay(tile: Picture, left: int, top: int, picture: Picture) -> None:
    """Lay a tile into a picture, its upper left corner at ``left, top`` of the picture, which may lie outside."""
    cut = tile[max(-top, 0) :, max(-left, 0) :]
    part = picture[max(top, 0) :, max(left, 0) :][: cut.shape[0], : cut.shape[1]]
    part[...] = cut[: part.shape[0], : part.shape[1]]
