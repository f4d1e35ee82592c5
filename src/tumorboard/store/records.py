"""The table of a file's payloads: fixed columns, the writer's own, and their form as an Arrow IPC stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from tumorboard.store.encodings import ENCODINGS

if TYPE_CHECKING:
    import pyarrow as pa

Modality = Literal["tiles_10x", "tiles_5x", "scan"]
MODALITIES: tuple[str, ...] = get_args(Modality)

ColumnType = Literal["bool", "int32", "int64", "float32", "float64", "text"]
"""What a column of the writer's own holds. No value may be missing; a float may be NaN where nothing was measured."""

_NAMED = {"encoding": ENCODINGS, "modality": MODALITIES}
PLACE_COLUMNS: dict[str, str] = {"offset": "int64", "length": "int64", "crc32": "uint32"}
"""Where a payload lies: its first byte in the file, its bytes, their CRC-32."""
IMAGE_COLUMNS: dict[str, str] = {
    "encoding": "named",
    "modality": "named",
    "width_px": "int32",
    "height_px": "int32",
    "channels": "int32",
    "mpp": "float64",
    "left": "int64",
    "top": "int64",
}
"""What a payload shows; mpp in µm per pixel, left and top of its upper left corner in level-0 pixels of the slide."""


def check_own_columns(columns: Mapping[str, str]) -> None:
    """Refuse columns of the writer's own that have a fixed column's name or a type that is none.

    Raises
    ------
    ValueError
        Naming the column.
    """
    fixed = PLACE_COLUMNS | IMAGE_COLUMNS | {"shard": "", "patient_id": "", "name": ""}
    for name, kind in columns.items():
        if name in fixed:
            raise ValueError(f"the column {name!r} is one of the fixed ones")
        if kind not in get_args(ColumnType):
            raise ValueError(f"the column {name!r} is to hold {kind!r}; possible: {', '.join(get_args(ColumnType))}")


def to_table(rows: Sequence[tuple[Any, ...]], own: Mapping[str, str]) -> pa.Table:
    """Make the table of a shard's records.

    Parameters
    ----------
    rows : sequence of tuple
        For each payload the values of `PLACE_COLUMNS`, `IMAGE_COLUMNS` and the writer's own columns.
    own : mapping of str to str
        Types of the writer's own columns.

    Raises
    ------
    ValueError
        A value is missing or not of its column's type.
    """
    import pyarrow as pa

    types = PLACE_COLUMNS | IMAGE_COLUMNS | dict(own)
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    arrays = [_to_array(name, kind, values) for (name, kind), values in zip(types.items(), columns, strict=True)]
    fields = [pa.field(name, array.type, nullable=False) for name, array in zip(types, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _to_array(name: str, kind: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        array = _typed(name, kind, values)
    except (pa.ArrowException, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"column {name!r}, which holds {kind}: {error}") from error
    if array.null_count:
        raise ValueError(f"column {name!r}: value {array.is_null().index(True).as_py()} is missing")
    return array


def _typed(name: str, kind: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if kind == "named":
        codes = {word: code for code, word in enumerate(_NAMED[name])}
        indices = pa.array([codes[value] for value in values], pa.int8())
        return pa.DictionaryArray.from_arrays(indices, pa.array(_NAMED[name]))
    if "int" in kind and any(isinstance(value, float | np.floating) for value in values):
        raise TypeError("a value is no whole number")  # pyarrow would cut it off in silence
    stored = {"bool": "bool_", "text": "string"}.get(kind, kind)
    return pa.array(values, getattr(pa, stored)())


def to_bytes(table: pa.Table) -> memoryview:
    """Return a table as an Arrow IPC stream of one record batch, so that each column lies in one piece."""
    import pyarrow as pa

    table = table.combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def from_bytes(records: memoryview) -> pa.Table:
    """Return the table of an Arrow IPC stream; columns of numbers lie in the given bytes."""
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(records)).read_all()
