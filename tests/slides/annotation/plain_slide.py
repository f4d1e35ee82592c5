"""A slide without a file, of a size and with bounds."""

from pathlib import Path

import numpy as np

from tumorboard.slides.slide import Box, Level, Scale, Slide


class PlainSlide(Slide):
    """White all over."""

    def __init__(self, width=8000, height=6000, *, bounds=None, mpp=0.25, source="MPP of the file", path="A-1.svs"):
        self.path = Path(path)
        self.format = "dicom" if self.path.suffix == ".dcm" else "aperio"
        self.scale = Scale(mpp, source, 40.0)
        self.levels = (Level(width, height, 1.0), Level(width // 4, height // 4, 4.0))
        self.bounds = bounds or Box(0, 0, width, height)

    def read(self, level, left, top, width, height):
        return np.full((height, width, 3), 255, np.uint8)

    def jpeg_level(self, level):
        return None

    def close(self):
        pass
