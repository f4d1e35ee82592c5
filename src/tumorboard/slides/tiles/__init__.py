"""Tiles: where they lie, cutting them, drawing an even sample of them."""

from tumorboard.slides.tiles.coding import TileCoding
from tumorboard.slides.tiles.colour import COLOUR_COLUMNS
from tumorboard.slides.tiles.cutting import FocusOf, cut
from tumorboard.slides.tiles.grid import TILE_MPP, Method, TileGrid, TileScale, plan_grid
from tumorboard.slides.tiles.rows import DamagedTile, TileRow, WantedTiles
from tumorboard.slides.tiles.sampling import sample_evenly, share_out

__all__ = [
    "COLOUR_COLUMNS",
    "TILE_MPP",
    "DamagedTile",
    "FocusOf",
    "Method",
    "TileCoding",
    "TileGrid",
    "TileRow",
    "TileScale",
    "WantedTiles",
    "cut",
    "plan_grid",
    "sample_evenly",
    "share_out",
]
