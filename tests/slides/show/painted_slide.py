"""A slide in memory whose pixels tell where they lie: red grows to the right, green downward."""

from pathlib import Path

import numpy as np

from tumorboard.slides.slide import Box, Level, Scale, Slide


class PaintedSlide(Slide):
    """Level 1 is a quarter of level 0 in size."""

    def __init__(self, width, height, *, bounds=None, mpp=0.25):
        self.path, self.format = Path("SIM-0001-DX1.svs"), "aperio"
        self.scale = Scale(mpp, "MPP of the file", 40.0)
        self.levels = (Level(width, height, 1.0), Level(width // 4, height // 4, 4.0))
        self.bounds = bounds or Box(0, 0, width, height)

    def read(self, level, left, top, width, height):
        size = self.levels[level]
        across = np.round((left + np.arange(width)) / size.width * 200)
        down = np.round((top + np.arange(height)) / size.height * 200)
        picture = np.full((height, width, 3), 230, np.uint8)
        picture[..., 0], picture[..., 1] = across.astype(np.uint8), down.astype(np.uint8)[:, None]
        return picture

    def jpeg_level(self, level):
        return None

    def close(self):
        pass
