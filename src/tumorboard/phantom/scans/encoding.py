"""Frames of pixels as the bytes of a transfer syntax."""

from __future__ import annotations

import imagecodecs
import numpy as np
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless


def encode_frame(frame: np.ndarray, syntax: str, bits: int) -> bytes:
    """Encode one frame, without loss.

    Parameters
    ----------
    frame : ndarray of uint16 or int16, shape (rows, columns); or uint8
    syntax : str
        Transfer syntax: little endian, RLE, JPEG 2000 or JPEG-LS, each lossless.
    bits : int
        Bits stored.

    Returns
    -------
    bytes
        Little endian for the uncompressed ones.
    """
    if syntax == RLELossless:
        return _run_lengths(frame)
    if syntax == JPEG2000Lossless:
        return bytes(imagecodecs.jpeg2k_encode(frame, level=0, reversible=True, codecformat="j2k", bitspersample=bits))
    if syntax == JPEGLSLossless:
        return bytes(imagecodecs.jpegls_encode(frame))
    return frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()


def _run_lengths(frame: np.ndarray) -> bytes:
    """Encode as DICOM PS3.5 annex G: a header of 16 numbers, then one PackBits segment a byte, the highest first."""
    planes = frame.astype(frame.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(*frame.shape, -1)
    segments = [
        _even(bytes(imagecodecs.packbits_encode(np.ascontiguousarray(plane)))) for plane in np.moveaxis(planes, -1, 0)
    ]
    header = np.zeros(16, "<u4")
    header[0] = len(segments)
    header[1 : len(segments) + 1] = 64 + np.cumsum([0, *(len(segment) for segment in segments[:-1])])
    return header.tobytes() + b"".join(segments)


def _even(segment: bytes) -> bytes:
    return segment + b"\0" * (len(segment) % 2)
