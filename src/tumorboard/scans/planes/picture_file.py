"""Pictures and masks of planes from PNG, TIFF and JPEG files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.planes.window import Grey

_SMALLEST_PX, _LARGEST_PX = 16, 8192
_JPEG, _PNG, _TIFF = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_UNEQUAL = 2  # the way to YCbCr and back rounds
_STRONG, _WEAK = 128, 100
_TOLD = 6


def read_grey(path: Path) -> Grey:
    """Read a grey picture.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ndarray of uint8 or uint16, shape (rows, columns)

    Raises
    ------
    FileFormatError
        The file cannot be read, is damaged, is no PNG, TIFF or JPEG, holds several pictures, is coloured or
        transparent, has neither 8 nor 16 bits, or is smaller than 16 or larger than 8192 pixels across.
    """
    channels, unequal = _read(path)
    grey = _grey_of(channels, unequal)
    if grey is None:
        raise FileFormatError(
            "the picture is coloured", where=path.name, fix="Save it in grey, with nothing drawn on it"
        )
    return grey


def read_picture_mask(path: Path, shape: tuple[int, ...], label: int | None = None) -> NDArray[np.bool_]:
    """Read a tumour's mask that is a picture.

    In a coloured mask the tumour is red: at least 128 of 255 in red, and less than 100 in green and in blue; blue is
    the kidney in such masks. In a grey one it has the label's grey level, or, without a label, the only one besides 0.

    Parameters
    ----------
    path : Path
    shape : tuple of int
        Rows and columns of the picture that it was drawn on.
    label : int, optional
        Grey level of the tumour; a coloured mask needs none.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    FileFormatError
        As for a picture; of another shape; nothing is marked; or the grey level of the tumour is not clear.
    """
    channels, unequal = _read(path)
    if channels.shape[:2] != shape:
        raise FileFormatError(
            f"the mask has {channels.shape[1]} x {channels.shape[0]} pixels, its picture {shape[1]} x {shape[0]}",
            where=path.name,
            fix="Save the mask at the picture's size",
        )
    grey = _grey_of(channels, unequal)
    marked = _red(channels) if grey is None else _level(grey, label, path)
    if not marked.any():
        what = "nothing in the mask is red, the colour of the tumour" if grey is None else "the mask is empty"
        raise FileFormatError(what, where=path.name, fix="Give the mask of a slice that shows the tumour, or none")
    return marked


def _red(channels: NDArray[Any]) -> NDArray[np.bool_]:
    eighth = channels if channels.dtype == np.uint8 else channels // 257
    return np.asarray((eighth[..., 0] >= _STRONG) & (eighth[..., 1] < _WEAK) & (eighth[..., 2] < _WEAK))


def _level(grey: Grey, label: int | None, path: Path) -> NDArray[np.bool_]:
    if label is not None:
        if not (grey == label).any():
            raise FileFormatError(
                f"the mask has no pixel of grey level {label}", where=path.name, fix="Correct mask_label"
            )
        return np.asarray(grey == label)
    levels = np.unique(grey[grey > 0])
    if levels.size > 1:
        told = ", ".join(map(str, levels[:_TOLD].tolist())) + (", ..." if levels.size > _TOLD else "")
        raise FileFormatError(
            f"the mask has several grey levels ({told})",
            where=path.name,
            fix="State the tumour's as mask_label in scans.csv, or mark the tumour in red",
        )
    return np.asarray(grey > 0)


def _read(path: Path) -> tuple[NDArray[Any], int]:
    """Read a file's channels, shape (rows, columns, 1 or 3), and by how much equal ones may differ."""
    try:
        content = path.read_bytes()
        read = _reader(content)
        channels = np.asarray(read(content))
        if channels.dtype == np.bool_:
            channels = channels.astype(np.uint8) * np.uint8(255)
        return _without_transparency(_of_8_or_16_bits(channels)), _JPEG_UNEQUAL if read is _read_jpeg else 0
    except OSError as error:
        raise FileFormatError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=path.name) from error
    except FileFormatError as fault:
        raise FileFormatError(fault.what, where=path.name, fix=fault.fix) from None


def _reader(content: bytes) -> Callable[[bytes], NDArray[Any]]:
    if content.startswith(_JPEG):
        return _read_jpeg
    if content.startswith(_PNG):
        return _read_png
    if content.startswith(_TIFF):
        return _read_tiff
    raise FileFormatError("the file is empty" if not content else "it is neither PNG, TIFF nor JPEG, whatever its name")


def _read_jpeg(content: bytes) -> NDArray[Any]:
    import simplejpeg

    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
        _refuse_size(height, width)
        if colours not in ("Gray", "YCbCr", "RGB"):
            raise FileFormatError(f"its colours are {colours}, not grey")
        return np.asarray(simplejpeg.decode_jpeg(content, "GRAY" if colours == "Gray" else "RGB"))
    except ValueError as error:
        raise _damaged(error) from error


def _read_png(content: bytes) -> NDArray[Any]:
    import imagecodecs

    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    _refuse_size(height, width)
    try:
        return np.asarray(imagecodecs.png_decode(content))
    except imagecodecs.PngError as error:
        raise _damaged(error) from error


def _read_tiff(content: bytes) -> NDArray[Any]:
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            count, page = len(file.pages), file.pages.first
            colours, height, width = (
                tifffile.PHOTOMETRIC(page.keyframe.photometric).name,
                page.imagelength,
                page.imagewidth,
            )
            _refuse_size(height, width)
            channels = page.asarray() if count == 1 else np.zeros((1, 1), np.uint8)
    except FileFormatError:
        raise
    except Exception as error:  # tifffile and its codecs raise many kinds
        raise _damaged(error) from error
    if count > 1:
        raise FileFormatError(f"it holds {count} pictures", fix="Save the one plane alone")
    if colours not in ("MINISBLACK", "MINISWHITE", "RGB", "YCBCR"):
        raise FileFormatError(f"its colours are {colours}, not grey")
    return ~channels if colours == "MINISWHITE" else channels


def _damaged(error: Exception) -> FileFormatError:
    return FileFormatError(f"damaged: {' '.join(str(error).split())[:120]}")


def _refuse_size(height: int, width: int) -> None:
    if not _SMALLEST_PX <= min(height, width) <= max(height, width) <= _LARGEST_PX:
        raise FileFormatError(
            f"it has {width} x {height} pixels; a plane's picture has {_SMALLEST_PX} to {_LARGEST_PX} across"
        )


def _of_8_or_16_bits(channels: NDArray[Any]) -> NDArray[Any]:
    if channels.dtype not in (np.uint8, np.uint16):
        raise FileFormatError(
            f"its pixels are {channels.dtype.name}", fix="Save it with 8 or 16 bits a pixel, without sign"
        )
    if channels.ndim == 2:
        channels = channels[..., None]
    if channels.ndim != 3 or channels.shape[2] > 4:
        raise FileFormatError(f"it is an array of {' x '.join(map(str, channels.shape))}, no grey picture")
    return channels


def _without_transparency(channels: NDArray[Any]) -> NDArray[Any]:
    if channels.shape[2] in (1, 3):
        return channels
    if (channels[..., -1] != np.iinfo(channels.dtype).max).any():
        raise FileFormatError("parts of it are transparent", fix="Save it without transparency")
    return channels[..., :-1]


def _grey_of(channels: NDArray[Any], unequal: int) -> Grey | None:
    if channels.shape[2] == 3 and int(np.ptp(channels, axis=2).max()) > unequal:
        return None
    return np.ascontiguousarray(channels[..., channels.shape[2] // 2])
