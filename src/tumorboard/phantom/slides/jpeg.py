"""JPEG pictures as a slide file holds them: the tables once a page, each tile or strip without them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import imagecodecs
import numpy as np

from tumorboard.phantom.slides.scanner import ColourCoding

_START, _END = b"\xff\xd8", b"\xff\xd9"
_QUANTISATION_TABLE, _HUFFMAN_TABLE, _START_OF_SCAN = 0xDB, 0xC4, 0xDA
_APPLICATION_DATA = range(0xE0, 0xF0)
_CHROMA = {ColourCoding.RGB: "444", ColourCoding.YCBCR_422: "422", ColourCoding.YCBCR_420: "420"}


@dataclass(frozen=True)
class JpegCoding:
    """How a page's tiles or strips are encoded.

    Parameters
    ----------
    colour : ColourCoding
    quality : int
        1 to 100.
    """

    colour: ColourCoding
    quality: int

    @property
    def photometric(self) -> str:
        """The page's photometric interpretation, as tifffile names it."""
        return "rgb" if self.colour is ColourCoding.RGB else "ycbcr"

    @property
    def subsampling(self) -> tuple[int, int]:
        """How many pixels across and down share their chroma."""
        return {ColourCoding.RGB: (1, 1), ColourCoding.YCBCR_422: (2, 1), ColourCoding.YCBCR_420: (2, 2)}[self.colour]

    @property
    def aperio_name(self) -> str:
        """What Aperio's description says, such as ``JPEG/RGB Q=70``."""
        return f"JPEG/{'RGB' if self.colour is ColourCoding.RGB else 'YCC'} Q={self.quality}"

    @property
    def tables(self) -> bytes:
        """The quantisation and Huffman tables of every picture of this coding, as a stream of their own."""
        return _tables(self)

    def encode(self, picture: np.ndarray) -> bytes:
        """Encode a picture without its tables.

        Parameters
        ----------
        picture : ndarray of uint8, shape (height, width, 3)
            Red, green, blue.

        Returns
        -------
        bytes
            An abbreviated JPEG stream (ITU T.81, B.5), to be read with `tables`.
        """
        return _split(_complete(self, picture))[1]


def _complete(coding: JpegCoding, picture: np.ndarray) -> bytes:
    encoded = imagecodecs.jpeg8_encode(
        np.ascontiguousarray(picture),
        level=coding.quality,
        colorspace="RGB",
        outcolorspace="RGB" if coding.colour is ColourCoding.RGB else "YCbCr",
        subsampling=_CHROMA[coding.colour],
    )
    return bytes(encoded)


@lru_cache(maxsize=32)
def _tables(coding: JpegCoding) -> bytes:
    # without optimised Huffman codes the tables depend on the quality alone, not on the picture
    return _split(_complete(coding, np.zeros((16, 16, 3), np.uint8)))[0]


def _split(stream: bytes) -> tuple[bytes, bytes]:
    """Split a complete JPEG stream into its tables and the rest; the application's marks are left out."""
    tables, frame, position = [_START], [_START], 2
    while stream[position + 1] != _START_OF_SCAN:
        marker = stream[position + 1]
        end = position + 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
        if marker in (_QUANTISATION_TABLE, _HUFFMAN_TABLE):
            tables.append(stream[position:end])
        elif marker not in _APPLICATION_DATA:
            frame.append(stream[position:end])
        position = end
    frame.append(stream[position:])
    return b"".join([*tables, _END]), b"".join(frame)
