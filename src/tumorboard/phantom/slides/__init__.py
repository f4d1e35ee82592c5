"""Slide files: pyramidal SVS, regions as GeoJSON, ready-made tiles."""

from tumorboard.phantom.slides.scanner import ColourCoding, SlideScanner, slide_scanner, stain_of
from tumorboard.phantom.slides.slide import SlideRecord, slide_seed, write_slide
from tumorboard.phantom.slides.svs import write_svs
from tumorboard.phantom.slides.tiles import TileRecord, write_tiles

__all__ = [
    "ColourCoding",
    "SlideRecord",
    "SlideScanner",
    "TileRecord",
    "slide_scanner",
    "slide_seed",
    "stain_of",
    "write_slide",
    "write_svs",
    "write_tiles",
]
