"""The index of a modality: where each of its images lies, over all shards.

It is made from the shards' footers alone. Shards stand in the order of patient, name and path, images within a shard in
the order of writing. So an index depends on the shards' content alone, and a patient's images are neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.errors import StudyError
from tumorboard.store.frame import canonical_json, mending, read_footer, torn, write_footer, write_header
from tumorboard.store.records import MODALITIES, from_bytes, to_bytes, to_table
from tumorboard.store.shard import SUFFIX, Shard, read_shard
from tumorboard.store.whole_file import WholeFile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class IndexedShard:
    """A shard as an index knows it.

    Parameters
    ----------
    patient_id, name : str
        Whose it is; of the slide or scan.
    path : str
        Below the store's folder, with ``/``.
    size : int
        Bytes.
    checksum : int
        Of header and footer.
    rows : int
        Images of this modality.
    """

    patient_id: str
    name: str
    path: str
    size: int
    checksum: int
    rows: int


@dataclass(frozen=True)
class Index:
    """An index, its records mapped into memory.

    Parameters
    ----------
    checksum : int
        Of all of it; the same for the same shards.
    shards : tuple of IndexedShard
        In the order of the rows.
    records : pyarrow.Table
        One row an image: the shard's number, then the shard's columns.
    """

    checksum: int
    shards: tuple[IndexedShard, ...]
    records: pa.Table


def index_path(root: Path, modality: str) -> Path:
    """Return where the index of a modality lies."""
    return root / f"{modality}.index"


def build_index(
    root: Path, shards: Iterable[Path] | None = None, modalities: Sequence[str] = MODALITIES
) -> dict[str, int]:
    """Write the index of each modality.

    Parameters
    ----------
    root : Path
        The store's folder.
    shards : iterable of Path, optional
        Shards below it, in any order; by default all that lie in its folders.
    modalities : sequence of str
        Those whose indexes are written.

    Returns
    -------
    dict of str to int
        The number of images of each modality.

    Raises
    ------
    StudyError
        A shard is missing, or shards of one modality have different columns, or an index cannot be written.
    FileFormatError
        A shard is torn.
    """
    paths = set(root.glob(f"*/*{SUFFIX}") if shards is None else shards)
    read = [(path.relative_to(root).as_posix(), read_shard(path)) for path in paths]
    read.sort(key=lambda entry: (entry[1].metadata.patient_id, entry[1].metadata.name, entry[0]))
    return {modality: _write_index(root, modality, read) for modality in modalities}


def read_index(root: Path, modality: str) -> Index:
    """Read an index and check all of it.

    Raises
    ------
    StudyError
        There is none.
    FileFormatError
        It is no index of this modality, or is torn.
    """
    path = index_path(root, modality)
    footer = read_footer(path, mapped=True)
    if footer.metadata.get("modality") != modality:
        raise torn(path, f"is no index of {modality}")
    shards = tuple(IndexedShard(*entry) for entry in footer.metadata["shards"])
    return Index(footer.checksum, shards, from_bytes(footer.records))


def _write_index(root: Path, modality: str, read: Sequence[tuple[str, Shard]]) -> int:
    """Write one index; return its number of rows."""
    shards: list[IndexedShard] = []
    tables: list[pa.Table] = []
    for path, shard in read:
        records = _of_modality(shard.records, modality)
        if not records.num_rows:
            continue
        if tables and records.schema != tables[0].schema:
            raise _other_columns(root, (shards[0].path, tables[0]), (path, records))
        about, footer = shard.metadata, shard.footer
        shards.append(IndexedShard(about.patient_id, about.name, path, footer.size, footer.checksum, records.num_rows))
        tables.append(records)
    records = _numbered(tables)
    metadata = {"modality": modality, "shards": [astuple(shard) for shard in shards]}
    with WholeFile(index_path(root, modality)) as file:
        begins = write_header(file.stream)
        write_footer(file.stream, begins, to_bytes(records), canonical_json(metadata))
    return len(records)


def _of_modality(records: pa.Table, modality: str) -> pa.Table:
    import pyarrow.compute as pc

    return records.filter(pc.equal(records["modality"].cast("string"), modality)).drop_columns("modality")


def _numbered(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables one below the other, with the number of each as the column ``shard``."""
    import numpy as np
    import pyarrow as pa

    numbers = np.repeat(np.arange(len(tables), dtype=np.int32), [table.num_rows for table in tables])
    field = pa.field("shard", pa.int32(), nullable=False)
    together = pa.concat_tables(tables or [_of_modality(to_table([], {}), MODALITIES[0])])
    return together.add_column(0, field, pa.array(numbers))


def _other_columns(root: Path, first: tuple[str, Any], other: tuple[str, Any]) -> StudyError:
    named = [{f"{field.name} ({field.type})" for field in table.schema} for _, table in (first, other)]
    differing = ", ".join(sorted(named[0] ^ named[1])) or "their order"
    return StudyError(
        f"{first[0]} and {other[0]} have different columns: {differing}",
        where=str(root),
        fix=mending(root / other[0]).replace("Delete it", "Delete the older one"),
    )
