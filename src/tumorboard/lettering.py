"""Text on pictures, in the typeface that comes with Matplotlib, so that every machine draws the same."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Picture = NDArray[np.uint8]
"""Red, green, blue: shape (height, width, 3)."""

BLACK = (0, 0, 0)
_HALO_PX = 2


@cache
def _font(size_px: int, bold: bool) -> FreeTypeFont:
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{name}", size_px, layout_engine=ImageFont.Layout.BASIC)


def text_width(text: str, size_px: int, *, bold: bool = False) -> int:
    """Measure a text's width in pixels."""
    return round(_font(size_px, bold).getlength(text))


def draw_text(
    picture: Picture,
    text: str,
    left: int,
    top: int,
    size_px: int,
    colour: tuple[int, int, int] = BLACK,
    *,
    bold: bool = False,
    halo: bool = False,
) -> None:
    """Draw a line of text into a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    text : str
    left, top : int
        Upper left corner of the line.
    size_px : int
        Size of the type.
    colour : tuple of int
    bold : bool
    halo : bool
        Whether it has a black edge, to be read on any ground.
    """
    from PIL import Image, ImageDraw

    height, width = picture.shape[:2]
    strip = slice(max(top - _HALO_PX * halo, 0), min(top + round(1.5 * size_px), height))
    if strip.stop <= strip.start or left >= width:
        return
    drawn = Image.fromarray(picture[strip])
    ImageDraw.Draw(drawn).text(
        (left, top - strip.start),
        text,
        fill=colour,
        font=_font(size_px, bold),
        stroke_width=_HALO_PX if halo else 0,
        stroke_fill=BLACK,
    )
    picture[strip] = np.asarray(drawn)


def wrapped(text: str, size_px: int, width_px: int) -> list[str]:
    """Break a text into lines no wider than a width; a word that is wider has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size_px) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
