"""Writes a shard: payloads one after another, then the footer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from tumorboard.store.checksum import Bytes, crc32
from tumorboard.store.encodings import Image, check_payload, raw_encoding
from tumorboard.store.frame import ALIGNMENT, write_footer, write_header
from tumorboard.store.records import (
    IMAGE_COLUMNS,
    ColumnType,
    Modality,
    check_own_columns,
    to_bytes,
    to_table,
)
from tumorboard.store.shard import SUFFIX, ShardMetadata
from tumorboard.store.whole_file import WholeFile

_ZEROS = [b"\0" * gap for gap in range(ALIGNMENT)]


class ShardWriter:
    """A shard that is being written; a context manager.

    It appears under its name, in place of an earlier one, when the block is left: whole and on the disk. On an
    exception nothing is left. The same calls give the same bytes.

    Parameters
    ----------
    path : Path
        ``STUDY/store/<kind>/<key>.shard``; the folder is made where missing.
    columns : mapping of str to str
        Names and types (`ColumnType`) of the columns beside the fixed ones; `add` must be given each.
    metadata : ShardMetadata
        What the shard says of itself.

    Raises
    ------
    StudyError
        The file cannot be written: no permission, a full disk.
    ValueError
        A column has a fixed column's name, or the metadata cannot be written as JSON.
    """

    def __init__(self, path: Path, columns: Mapping[str, ColumnType], metadata: ShardMetadata) -> None:
        if path.suffix != SUFFIX:
            raise ValueError(f"a shard's name ends in {SUFFIX}, not as {path.name}")
        check_own_columns(columns)
        self._own = dict(columns)
        self._metadata = metadata
        metadata.to_json()
        self._rows: list[tuple[Any, ...]] = []
        self._file = WholeFile(path)
        self._end = 0

    def __enter__(self) -> Self:
        self._file.__enter__()
        self._end = write_header(self._file.stream)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                records = to_bytes(to_table(self._rows, self._own))
                write_footer(self._file.stream, self._end, records, self._metadata.to_json())
        except BaseException as failed:
            self._file.__exit__(type(failed), failed, failed.__traceback__)
            raise
        self._file.__exit__(kind, error, trace)

    def __len__(self) -> int:
        """Return how many payloads were added."""
        return len(self._rows)

    def note(self, notes: Mapping[str, Any]) -> None:
        """Add to the metadata's notes what is known only once the payloads are there.

        Raises
        ------
        ValueError
            They cannot be written as JSON.
        """
        noted = replace(self._metadata, notes={**self._metadata.notes, **notes})
        noted.to_json()
        self._metadata = noted

    def add(
        self,
        payload: Bytes,
        *,
        encoding: str,
        modality: Modality,
        width_px: int,
        height_px: int,
        mpp: float,
        left: int,
        top: int,
        channels: int = 3,
        **columns: object,
    ) -> None:
        """Add an image as it is encoded.

        Parameters
        ----------
        payload : bytes-like
            A JPEG or PNG stream, or the values of an array.
        encoding : str
            ``jpeg``, ``png``, ``raw_uint8``, ``raw_uint16``, ``raw_int16`` or ``raw_float32``.
        modality : str
            ``tiles_10x``, ``tiles_5x`` or ``scan``.
        width_px, height_px, channels : int
        mpp : float
            µm per pixel, as it truly is.
        left, top : int
            Upper left corner in level-0 pixels of the slide; 0 for a scan's plane.
        **columns
            A value for each column of the writer's own.

        Raises
        ------
        ValueError
            The payload does not begin as the encoding says or has another length; a column is missing or unknown.
        """
        check_payload(payload, encoding, width_px, height_px, channels)
        if columns.keys() != self._own.keys():
            raise _other_columns(columns, self._own)
        own = map(columns.__getitem__, self._own)
        self._append(payload, (encoding, modality, width_px, height_px, channels, mpp, left, top, *own))

    def add_many(self, payloads: Sequence[Bytes], **columns: object) -> None:
        """Add images at once, with the names of `add`.

        Parameters
        ----------
        payloads : sequence of bytes-like
        **columns
            As for `add`; each one value for all, or a sequence or array of one for each.

        Raises
        ------
        ValueError
            As for `add`; or a column has another number of values.
        """
        columns.setdefault("channels", 3)
        names = (*IMAGE_COLUMNS, *self._own)
        if columns.keys() != set(names):
            raise _other_columns(columns, names)
        values = {name: _as_list(name, columns[name], len(payloads)) for name in names}
        shapes = zip(*(values[name] for name in ("encoding", "width_px", "height_px", "channels")), strict=True)
        for payload, shape in zip(payloads, shapes, strict=True):
            check_payload(payload, *shape)
        for payload, described in zip(payloads, zip(*values.values(), strict=True), strict=True):
            self._append(payload, described)

    def add_array(
        self, array: Image, *, modality: Modality, mpp: float, left: int = 0, top: int = 0, **columns: object
    ) -> None:
        """Add an array of uint8, uint16, int16 or float32 as it is.

        Parameters
        ----------
        array : ndarray
            Shape (height, width) or (height, width, channels).
        modality, mpp, left, top, **columns
            As for `add`.

        Raises
        ------
        ValueError
            The array has another type or shape, or a column is missing or unknown.
        """
        if array.ndim not in (2, 3):
            raise ValueError(f"an array of shape {array.shape} is no image")
        encoding = raw_encoding(array)
        payload = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        height_px, width_px, channels = (*array.shape, 1)[:3]
        self.add(
            payload,
            encoding=encoding,
            modality=modality,
            width_px=width_px,
            height_px=height_px,
            channels=channels,
            mpp=mpp,
            left=left,
            top=top,
            **columns,
        )

    def _append(self, payload: Bytes, described: tuple[Any, ...]) -> None:
        """Write a payload and its padding, and note where it lies."""
        length = len(payload)
        self._rows.append((self._end, length, crc32(payload), *described))
        gap = -length % ALIGNMENT
        self._file.stream.write(payload)
        self._file.stream.write(_ZEROS[gap])
        self._end += length + gap
        self._file.write_behind(self._end)


def _other_columns(given: Iterable[str], wanted: Iterable[str]) -> ValueError:
    missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    return ValueError(f"columns that are missing: {missing}; columns that this shard has not: {unknown}")


def _as_list(name: str, value: object, count: int) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value] * count
    listed = value if isinstance(value, list) else np.asarray(value).tolist()
    if len(listed) != count:
        raise ValueError(f"column {name!r} has {len(listed)} values for {count} payloads")
    return listed
