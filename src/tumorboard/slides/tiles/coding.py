"""JPEG streams of tiles: what is encoded anew, and what can be known of a stored one without decoding it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.slides.slide import Picture

_END = b"\xff\xd9"
# entropy-coded data holds no such run but in a picture of one colour: a hole in a file that was not fetched whole does
_HOLE = bytes(256)


@dataclass(frozen=True)
class TileCoding:
    """How tiles are encoded that cannot be taken over.

    The default is the smallest that keeps the mean error within 2 grey levels. At 10x a pixel is as small as the finest
    structures, and colour at half the resolution alone costs more than that, whatever the quality. Mean absolute error
    in grey levels, and kB a tile of 256 pixels, of an Aperio slide (CMU-1) and of TCGA-KIRC tiles:

    ======= ====== ============ ============
    quality chroma CMU-1, 10x   KIRC
    ======= ====== ============ ============
    90      4:2:0  3.2, 18 kB   3.3, 21 kB
    92      4:2:0  3.1, 20 kB   3.1, 23 kB
    95      4:2:0  2.8, 26 kB   2.6, 31 kB
    85      4:4:4  3.0, 20 kB   2.8, 23 kB
    92      4:4:4  2.3, 30 kB   2.2, 32 kB
    95      4:4:4  1.7, 39 kB   1.8, 43 kB
    97      4:4:4  1.2, 50 kB
    ======= ====== ============ ============

    Parameters
    ----------
    quality : int
        JPEG quality, 1 to 100.
    chroma : {"420", "422", "444"}
        Colour at half the resolution across and down, across, or at full.
    """

    quality: int = 95
    chroma: Literal["420", "422", "444"] = "444"

    def encode(self, picture: Picture) -> bytes:
        """Encode a picture."""
        import simplejpeg

        encoded: bytes = simplejpeg.encode_jpeg(picture, self.quality, "RGB", self.chroma)
        return encoded


def check_stream(stream: bytes, width: int, height: int) -> None:
    """Check a JPEG stream that nobody decodes.

    Found are: no JPEG at all, an end that is missing (cut off), tables or header that cannot be read, another size, and
    a hole of 256 zeros or more. Not found are changed or missing bytes within the picture's data: only decoding could
    tell, and not always then.

    Parameters
    ----------
    stream : bytes
    width, height : int
        Pixels that it must have.

    Raises
    ------
    FileFormatError
        Naming the fault.
    """
    import simplejpeg

    if stream[-2:] != _END and not stream.rstrip(b"\x00").endswith(_END):
        raise FileFormatError("its JPEG stream is cut off")
    try:
        found_height, found_width, *_ = simplejpeg.decode_jpeg_header(stream)
    except ValueError as error:
        raise FileFormatError(f"its JPEG header cannot be read: {error}") from error
    if (found_width, found_height) != (width, height):
        raise FileFormatError(_other_size(found_width, found_height, width, height))
    if _HOLE in stream:
        decode(stream, width, height)


def decode(stream: bytes, width: int, height: int, reduction: int = 1) -> Picture:
    """Decode a JPEG stream, at full size or by libjpeg's scaled decoding.

    Parameters
    ----------
    stream : bytes
    width, height : int
        Pixels at full size; multiples of `reduction`.
    reduction : int
        1, 2, 4 or 8.

    Raises
    ------
    FileFormatError
        It is damaged or has another size.
    """
    import simplejpeg

    least = (width // reduction, height // reduction) if reduction > 1 else (0, 0)
    try:
        found_height, found_width, *_ = simplejpeg.decode_jpeg_header(stream)
        picture: Picture = simplejpeg.decode_jpeg(stream, "RGB", min_width=least[0], min_height=least[1])
    except ValueError as error:
        raise FileFormatError(f"its JPEG stream is damaged: {error}") from error
    if (found_width, found_height) != (width, height):
        raise FileFormatError(_other_size(found_width, found_height, width, height))
    return picture


def _other_size(found_width: int, found_height: int, width: int, height: int) -> str:
    return f"its JPEG stream has {found_width} x {found_height} pixels, not {width} x {height}"


def white_picture(width: int, height: int) -> Picture:
    """Return white: what was not scanned."""
    return np.full((height, width, 3), 255, np.uint8)
