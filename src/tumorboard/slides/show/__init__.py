"""What was found on a slide, for a look: an overlay picture, and GeoJSON for QuPath."""

from tumorboard.slides.show.maps import RegionMaps
from tumorboard.slides.show.overlay import ShownTiles, draw_overlay
from tumorboard.slides.show.qupath_objects import TileObjects, write_objects
from tumorboard.slides.show.view import View, view_of

__all__ = [
    "RegionMaps",
    "ShownTiles",
    "TileObjects",
    "View",
    "draw_overlay",
    "view_of",
    "write_objects",
]
