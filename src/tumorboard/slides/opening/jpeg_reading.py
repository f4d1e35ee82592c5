"""A level's pixels from its stored JPEG tiles, exactly as they were stored: nothing is shifted or resampled."""

from __future__ import annotations

from typing import cast

import numpy as np

from tumorboard.slides.opening.mosaic import Mosaic
from tumorboard.slides.slide import JpegLevel, Picture

_END = b"\xff\xd9"
_PADDING_BYTES = 64


def mosaic_of(stored: JpegLevel) -> Mosaic:
    """Return a reader of rectangles of a level.

    Parameters
    ----------
    stored : JpegLevel
        The level's tiles; one that is absent is white.

    Returns
    -------
    Mosaic
        It raises `ValueError` or ``imagecodecs.Jpeg8Error`` where a tile is damaged.
    """
    import imagecodecs

    def decode(column: int, row: int) -> Picture | None:
        stream = stored.jpeg(column, row)
        if not stream:
            return None
        if _END not in stream[-_PADDING_BYTES:]:  # the decoder would fill up with grey and say nothing
            raise ValueError("a JPEG tile breaks off")
        return cast(Picture, np.asarray(imagecodecs.jpeg8_decode(stream), np.uint8))

    return Mosaic(stored.tile_width, stored.tile_height, decode)
