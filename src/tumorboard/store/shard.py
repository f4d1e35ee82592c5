"""One slide's or scan's images in a file: what it says of itself, and whether it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.errors import UserError
from tumorboard.store.checksum import crc32
from tumorboard.store.frame import ALIGNMENT, Footer, canonical_json, padding, read_footer, torn
from tumorboard.store.records import from_bytes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SUFFIX = ".shard"
_PIECE_BYTES = 1 << 24


@dataclass(frozen=True)
class ShardMetadata:
    """What a shard says of itself.

    Parameters
    ----------
    patient_id : str
    name : str
        Of the slide or scan.
    key : mapping
        All that its content depends on: every parameter, the input's fingerprint, the code's version. It must survive
        JSON. A shard with another key is out of date.
    notes : mapping
        What else is worth keeping, such as the number of tiles that were rejected; must survive JSON.
    """

    patient_id: str
    name: str
    key: Mapping[str, Any]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return it as JSON whose bytes depend on the content alone."""
        return canonical_json(asdict(self))


@dataclass(frozen=True)
class Shard:
    """A checked shard without its payloads.

    Parameters
    ----------
    footer : Footer
    metadata : ShardMetadata
    records : pyarrow.Table
        One row a payload, in the order in which they were written.
    """

    footer: Footer
    metadata: ShardMetadata
    records: pa.Table


def read_shard(path: Path) -> Shard:
    """Read and check all of a shard but its payloads.

    Raises
    ------
    StudyError
        There is no such file.
    FileFormatError
        It is no shard, or is torn.
    """
    footer = read_footer(path)
    return Shard(footer, _metadata(footer), from_bytes(footer.records))


def read_shard_metadata(path: Path) -> ShardMetadata:
    """Read what a shard says of itself; raises as `read_shard` does."""
    return _metadata(read_footer(path))


def read_shard_records(path: Path) -> pd.DataFrame:
    """Read a shard's records as a table: one row a payload; raises as `read_shard` does."""
    frame: pd.DataFrame = read_shard(path).records.to_pandas()
    return frame


def is_complete(path: Path, key: Mapping[str, Any]) -> bool:
    """Tell whether a shard is there, whole, and made from exactly this.

    Payloads are not read: a shard is renamed into place only when they are on the disk. `verify_shard` reads them.

    Parameters
    ----------
    path : Path
        The shard.
    key : mapping
        All that its content depends on.
    """
    try:
        metadata = read_shard_metadata(path)
    except UserError:
        return False
    return bool(metadata.key == json.loads(canonical_json(key)))


def verify_shard(path: Path) -> int:
    """Read a whole shard and check every byte of it.

    Returns
    -------
    int
        How many payloads it holds.

    Raises
    ------
    StudyError
        There is no such file.
    FileFormatError
        It is no shard or is torn, or a payload is not what was written.
    """
    return len(verified(path).records)


def verified(path: Path) -> Shard:
    """Return a shard of which every byte was checked; raises as `verify_shard` does."""
    shard = read_shard(path)
    places = (shard.records[name].to_pylist() for name in ("offset", "length", "crc32"))
    end = ALIGNMENT
    with path.open("rb", buffering=0) as stream:
        for row, (offset, length, stated) in enumerate(zip(*places, strict=True)):
            if offset != end:
                raise torn(path, f"is damaged: payload {row} begins at byte {offset} instead of {end}")
            end = offset + length + padding(length)
            found, rest = _checksum(stream.fileno(), offset, length, end)
            if found != stated or rest.strip(b"\0"):
                raise torn(path, f"is damaged: payload {row} has the checksum {found:08x} instead of {stated:08x}")
    if end != shard.footer.begins:
        raise torn(path, f"is damaged: its payloads end at byte {end} instead of {shard.footer.begins}")
    return shard


def _checksum(number: int, offset: int, length: int, end: int) -> tuple[int, bytes]:
    """Return a payload's checksum and the padding that follows it."""
    checksum, position = 0, offset
    while position < offset + length:
        piece = os.pread(number, min(_PIECE_BYTES, offset + length - position), position)
        if not piece:
            return -1, b""
        checksum, position = crc32(piece, checksum), position + len(piece)
    return checksum, os.pread(number, end - offset - length, offset + length)


def _metadata(footer: Footer) -> ShardMetadata:
    try:
        return ShardMetadata(**footer.metadata)
    except TypeError:
        raise torn(footer.path, "is no shard: its metadata names other things") from None
