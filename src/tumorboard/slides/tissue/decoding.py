"""Stored JPEG tiles, decoded at a fraction of their size."""

from __future__ import annotations

from typing import Literal

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tumorboard.slides.slide import JpegLevel, NoJpegError


def decode(
    stored: JpegLevel, column: int, row: int, scale: int, colours: Literal["RGB", "GRAY"] = "RGB"
) -> NDArray[np.uint8] | None:
    """Decode one stored tile at 1, 1/2, 1/4 or 1/8 of its size.

    Parameters
    ----------
    stored : JpegLevel
    column, row : int
        Which tile.
    scale : int
        1, 2, 4 or 8; must divide the tile's width and height.
    colours : {"RGB", "GRAY"}
        Grey is lightness: 0.30 red + 0.59 green + 0.11 blue.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3) or (height, width, 1), or None
        None where the tile is absent, damaged or not of the grid's size.
    """
    try:
        stream = stored.jpeg(column, row)
    except NoJpegError:
        return None
    if not stream:
        return None
    width, height = stored.tile_width // scale, stored.tile_height // scale
    try:
        tile = simplejpeg.decode_jpeg(
            stream, colorspace=colours, fastdct=True, fastupsample=True, min_height=height, min_width=width
        )
    except ValueError:
        return None
    return np.asarray(tile, np.uint8) if tile.shape[:2] == (height, width) else None
