"""Slides without a file: a pyramid of any scale, with or without JPEG tiles, all of one colour or a picture."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from tumorboard.slides.slide import Box, JpegLevel, Level, Scale, Slide


class ImaginedJpegLevel(JpegLevel):
    """Stored tiles cut from a picture when asked for; every call is noted."""

    def __init__(self, picture, size, tile_px):
        self.tile_width = self.tile_height = tile_px
        self.columns, self.rows = (-(-side // tile_px) for side in size)
        self.missing, self.asked, self.replaced = set(), [], {}
        self._picture = picture

    def sizes(self):
        return np.ones((self.rows, self.columns), np.int64)

    def jpeg(self, column, row):
        assert 0 <= column < self.columns
        assert 0 <= row < self.rows
        self.asked.append((column, row))
        if (column, row) in self.missing:
            return b""
        if (column, row) in self.replaced:
            return self.replaced[column, row]
        px = self.tile_width
        tile = self._picture()[row * px : (row + 1) * px, column * px : (column + 1) * px]
        below, right = px - tile.shape[0], px - tile.shape[1]
        tile = cv2.copyMakeBorder(tile, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return simplejpeg.encode_jpeg(np.ascontiguousarray(tile), 95)


class ImaginedSlide(Slide):
    """A slide of ``width`` x ``height`` pixels; ``tile_px`` None for one without stored JPEG tiles."""

    def __init__(self, mpp, factors=(1,), size=(1024, 1024), tile_px=None, bounds=None, picture=None):
        self.path, self.format = Path("imagined.tif"), "generic-tiff"
        self.scale = Scale(mpp, "MPP of the file", None)
        self.levels = tuple(Level(int(size[0] / factor), int(size[1] / factor), float(factor)) for factor in factors)
        self.bounds = bounds or Box(0, 0, *size)
        self.jpeg_levels = {}
        self._picture, self._tile_px = picture, tile_px

    def picture(self, level):
        size = self.levels[level]
        if self._picture is None:
            return np.full((size.height, size.width, 3), (200, 120, 170), np.uint8)
        return cv2.resize(self._picture, (size.width, size.height), interpolation=cv2.INTER_AREA)

    def read(self, level, left, top, width, height):
        assert 0 <= left <= left + width <= self.levels[level].width
        assert 0 <= top <= top + height <= self.levels[level].height
        return np.ascontiguousarray(self.picture(level)[top : top + height, left : left + width])

    def jpeg_level(self, level):
        if self._tile_px is None:
            return None
        if level not in self.jpeg_levels:
            size = self.levels[level]
            self.jpeg_levels[level] = ImaginedJpegLevel(
                cache(lambda: self.picture(level)), (size.width, size.height), self._tile_px
            )
        return self.jpeg_levels[level]

    def close(self):
        pass
