"""Stored pixel values of single images, straight from the file or through the decoder of their compression."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.encapsulated import Fragment, fragments, frame_fragments, stated_size
from tumorboard.scans.reading.found import Frame, PixelFile
from tumorboard.scans.reading.header import inflated
from tumorboard.scans.reading.syntax import BIG_ENDIAN, DEFLATED, JPEG_2000, JPEG_LS, RUN_LENGTHS, syntax_name

Stored = NDArray[Any]


class FrameReader:
    """Reads images one after another and keeps the file of the last one open.

    Examples
    --------
    >>> with FrameReader() as reader:  # doctest: +SKIP
    ...     stored = reader.read(series.frames[0])
    """

    def __init__(self) -> None:
        self._file: PixelFile | None = None
        self._stream: BinaryIO = io.BytesIO()
        self._pieces: list[list[Fragment]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def read(self, frame: Frame) -> Stored:
        """Return an image's stored values.

        Returns
        -------
        ndarray of uint8, int8, uint16, int16, uint32 or int32, shape (rows, columns)
            With the bits beyond Bits Stored removed and the sign in place.

        Raises
        ------
        FileFormatError
            If the file has gone, is cut off or cannot be decoded.
        """
        file = frame.file
        try:
            if file is not self._file:
                self._open(file)
            raw = self._compressed(frame) if file.is_encapsulated else self._plain(frame)
        except FileFormatError as fault:
            raise FileFormatError(fault.what, where=file.path.name) from fault
        except OSError as fault:
            raise FileFormatError(f"cannot be read ({fault.strerror})", where=file.path.name) from fault
        return meant_bits(raw, file)

    def _open(self, file: PixelFile) -> None:
        self._stream.close()
        self._file = None
        if file.syntax == DEFLATED:
            with file.path.open("rb") as packed:
                self._stream = inflated(packed, file.data_set_at)
        else:
            self._stream = file.path.open("rb", buffering=0)
        if file.is_encapsulated:
            length = self._stream.seek(0, io.SEEK_END)
            offsets, pieces = fragments(self._stream, file.pixels_at, length)
            self._pieces = frame_fragments(offsets, pieces, file.frames)
        self._file = file

    def _plain(self, frame: Frame) -> Stored:
        file = frame.file
        if file.syntax == BIG_ENDIAN and file.bits_allocated == 8:
            raise FileFormatError("its pixels of 8 bits are in big-endian words, which are not read")
        order = ">" if file.syntax == BIG_ENDIAN else "<"
        stored = np.empty((file.rows, file.columns), f"{order}u{file.bits_allocated // 8}")
        self._stream.seek(file.pixels_at + frame.index * stored.nbytes)
        if self._stream.readinto(stored.data.cast("B")) != stored.nbytes:  # type: ignore[attr-defined]
            raise FileFormatError("its pixels are cut off")
        return stored.astype(stored.dtype.newbyteorder("="), copy=False)

    def _compressed(self, frame: Frame) -> Stored:
        stream = bytearray()
        for at, size in self._pieces[frame.index]:
            self._stream.seek(at)
            stream += self._stream.read(size)
        return _decoded(bytes(stream), frame.file)


def _decoded(stream: bytes, file: PixelFile) -> Stored:
    size = stated_size(stream)
    stated = syntax_name(file.syntax)
    if file.syntax != RUN_LENGTHS and size is None:
        raise FileFormatError(f"its header states {stated}, which its pixels are not")
    if size is not None and size != (file.rows, file.columns, 1):
        raise FileFormatError(
            f"its header states {file.rows} x {file.columns} pixels, its compressed image {size[0]} x {size[1]}"
            + (f" of {size[2]} colours" if size[2] != 1 else "")
        )
    try:
        stored = _through_decoder(stream, file)
    except Exception as fault:  # each decoder has its own errors
        raise FileFormatError(f"its pixels cannot be decoded as {stated}") from fault
    if stored.shape != (file.rows, file.columns):
        raise FileFormatError(f"its pixels cannot be decoded as {stated}")
    return stored


def _through_decoder(stream: bytes, file: PixelFile) -> Stored:
    import imagecodecs

    if file.syntax in JPEG_2000:
        decoded = imagecodecs.jpeg2k_decode(stream, numthreads=1)
    elif file.syntax in JPEG_LS:
        decoded = imagecodecs.jpegls_decode(stream)
    elif file.syntax == RUN_LENGTHS:
        flat = imagecodecs.dicomrle_decode(stream, dtype=f"<u{file.bits_allocated // 8}")
        kind = np.dtype(f"<u{file.bits_allocated // 8}")
        decoded = np.frombuffer(flat, kind)[: file.rows * file.columns].reshape(file.rows, file.columns)
    else:
        decoded = imagecodecs.jpeg_decode(stream)
    return np.asarray(decoded)


def meant_bits(raw: Stored, file: PixelFile) -> Stored:
    """Remove bits that hold no pixel (such as an overlay's) and put the sign in its place.

    Parameters
    ----------
    raw : ndarray of integers
        As they lie in the file or come from a decoder, which may know nothing of the sign.
    file : PixelFile

    Returns
    -------
    ndarray
        Of the same size a value, signed as the header says.
    """
    bits = 8 * raw.dtype.itemsize
    unsigned = raw.view(f"u{raw.dtype.itemsize}")
    below = 0 if file.is_encapsulated else max(file.high_bit + 1 - file.bits_stored, 0)
    above = max(bits - file.bits_stored - below, 0)
    if file.is_signed:
        signed = unsigned.view(f"i{raw.dtype.itemsize}")
        return signed if above == below == 0 else (signed << above) >> (above + below)
    return unsigned if above == below == 0 else (unsigned << above) >> (above + below)
