"""How a payload holds an image, and decoding it."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from tumorboard.store.checksum import Bytes

Encoding = Literal["jpeg", "png", "raw_uint8", "raw_uint16", "raw_int16", "raw_float32"]
"""``raw_…``: the values of an array of that type, rows from the top, channels together, little-endian."""

ENCODINGS: tuple[str, ...] = get_args(Encoding)

Image = NDArray[Any]
"""Shape (height, width) with one channel, else (height, width, channels); colours are red, green, blue."""

_COLOURS = {1: "GRAY", 3: "RGB"}
_BEGINNINGS = {"jpeg": b"\xff\xd8", "png": b"\x89PNG\r\n\x1a\n"}
_RAW = {name: np.dtype(name.removeprefix("raw_")).newbyteorder("<") for name in ENCODINGS if name.startswith("raw_")}
_RAW_OF_TYPE = {kind: name for name, kind in _RAW.items()}


def raw_encoding(array: Image) -> str:
    """Return the encoding that keeps an array as it is.

    Raises
    ------
    ValueError
        No encoding has its type of values.
    """
    name = _RAW_OF_TYPE.get(array.dtype.newbyteorder("<"))
    if name is None:
        raise ValueError(f"an array of {array.dtype} cannot be stored; possible: {', '.join(map(str, _RAW.values()))}")
    return name


def check_payload(payload: Bytes, encoding: str, width_px: int, height_px: int, channels: int) -> None:
    """Check at no cost what can be: the first bytes, or the length.

    Raises
    ------
    ValueError
        The payload is not what is said of it.
    """
    begins = _BEGINNINGS.get(encoding)
    if begins is not None:
        if payload[: len(begins)] != begins:
            raise ValueError(f"a payload that begins with {bytes(payload[:8])!r} is no {encoding.upper()}")
        if encoding == "jpeg" and channels not in _COLOURS:
            raise ValueError(f"a JPEG of {channels} channels cannot be stored; possible: 1, 3")
    elif encoding not in _RAW:
        raise ValueError(f"there is no encoding {encoding!r}; possible: {', '.join(ENCODINGS)}")
    elif len(payload) != (expected := width_px * height_px * channels * _RAW[encoding].itemsize):
        raise ValueError(
            f"{len(payload)} bytes are no {width_px} x {height_px} pixels of {channels} channels "
            f"as {encoding}, which take {expected}"
        )


def decode(
    payload: Bytes, encoding: str, width_px: int, height_px: int, channels: int, max_px: int | None = None
) -> Image:
    """Decode a payload.

    Parameters
    ----------
    payload : bytes-like
    encoding : str
        One of `ENCODINGS`.
    width_px, height_px, channels : int
        What the records say of it.
    max_px : int, optional
        The longer side of the result, where the image is larger. JPEG is then decoded at the next larger eighth of its
        size, for a fraction of the work, and averaged down.

    Returns
    -------
    ndarray
        Of the type that was stored; an array of its own, which may be written to.

    Raises
    ------
    ValueError
        The payload cannot be decoded, or has another size than the records say.
    """
    if max_px is not None and max(width_px, height_px) > max_px:
        return _decode_smaller(payload, encoding, width_px, height_px, channels, max_px)
    image: Image
    if encoding == "jpeg":
        image = simplejpeg.decode_jpeg(payload, _COLOURS[channels])
    elif encoding == "png":
        image = _decode_png(payload)
    else:
        image = np.frombuffer(payload, _RAW[encoding]).reshape(height_px, width_px, channels).copy()
    if channels == 1 and image.ndim == 3:
        image = image[..., 0]
    if image.shape != ((height_px, width_px) if channels == 1 else (height_px, width_px, channels)):
        raise _other_shape(image.shape, width_px, height_px, channels)
    return image


def _decode_smaller(payload: Bytes, encoding: str, width_px: int, height_px: int, channels: int, max_px: int) -> Image:
    """Decode so that the longer side has ``max_px``."""
    if max_px < 1:
        raise ValueError(f"max_px is {max_px}; it must be at least 1")
    width, height = (max(1, round(side * max_px / max(width_px, height_px))) for side in (width_px, height_px))
    if encoding == "jpeg":
        stored = simplejpeg.decode_jpeg_header(payload)[:2]
        if stored != (height_px, width_px):
            raise _other_shape((*stored, channels), width_px, height_px, channels)
        image = simplejpeg.decode_jpeg(payload, _COLOURS[channels], min_width=width, min_height=height)
    else:
        image = decode(payload, encoding, width_px, height_px, channels)
    return _averaged_to(image, width, height)


def _other_shape(found: tuple[int, ...], width_px: int, height_px: int, channels: int) -> ValueError:
    return ValueError(
        f"it has the shape {found} (height, width, channels) where its record speaks of "
        f"{(height_px, width_px, channels)}"
    )


def _decode_png(payload: Bytes) -> Image:
    import imagecodecs

    try:
        return np.array(imagecodecs.png_decode(bytes(payload)))
    except (imagecodecs.PngError, MemoryError) as error:
        raise ValueError(str(error)) from error


def _averaged_to(image: Image, width: int, height: int) -> Image:
    import cv2

    if image.shape[:2] == (height, width):
        return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
