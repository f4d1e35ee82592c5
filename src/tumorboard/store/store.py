"""The images of one modality, read at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError, StudyError, UserError
from tumorboard.store.checksum import crc32
from tumorboard.store.encodings import Image, decode
from tumorboard.store.frame import mending, torn
from tumorboard.store.index import Index, index_path, read_index
from tumorboard.store.open_files import check_sizes, opener
from tumorboard.store.records import PLACE_COLUMNS
from tumorboard.store.shard import verified

if TYPE_CHECKING:
    import pandas as pd

OPEN_FILES = 256


class Store:
    """The images of one modality, read at random by any number of threads, forked or spawned processes and machines.

    Rows stand in the order of patient, slide or scan, and writing. Sent to another process, a store is opened again
    there, and refuses an index that has changed since.

    Parameters
    ----------
    root : Path
        The store's folder.
    modality : str
    index : Index
    check : bool
    open_files : int
        As for `open`, which makes a store.
    """

    def __init__(self, root: Path, modality: str, index: Index, *, check: bool, open_files: int) -> None:
        self.root = root
        self.modality = modality
        self._index = index
        self._check = check
        self._open_files = open_files
        self._shard = opener(root, index.shards, open_files)
        self._shards, self._offsets, self._lengths, self._checksums = (
            self.column(name) for name in ("shard", *PLACE_COLUMNS)
        )

    @classmethod
    def open(cls, root: Path, modality: str, *, check: bool = True, open_files: int = OPEN_FILES) -> Self:
        """Open a store's images of one modality.

        The index is checked, and that each shard is there with its size. A shard is opened when it is first read from,
        and is then checked to be the one that was indexed.

        Parameters
        ----------
        root : Path
            The store's folder, ``STUDY/store``.
        modality : str
            ``tiles_10x``, ``tiles_5x`` or ``scan``.
        check : bool
            Whether each payload's checksum is compared when it is read; costs about a hundredth of decoding.
        open_files : int
            How many shards stay open at once.

        Raises
        ------
        StudyError
            There is no index, or a shard is missing or was replaced since.
        FileFormatError
            The index is torn.
        """
        index = read_index(root, modality)
        check_sizes(root, index.shards)
        return cls(root, modality, index, check=check, open_files=open_files)

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_again, (self.root, self.modality, self._check, self._open_files, self._index.checksum)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._offsets)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, as `column` takes them."""
        return tuple(self._index.records.column_names)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column: one value an image; numbers lie in the mapped file and cannot be written to.

        Raises
        ------
        KeyError
            There is no such column.
        """
        import pyarrow as pa

        column = self._index.records.column(name).combine_chunks()
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return np.from_dlpack(column)  # to_numpy would import pandas, in every worker
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return values

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row an image: ``patient_id``, ``name`` (of the slide or scan), what it shows, the writer's columns."""
        import pandas as pd

        shards = self._index.shards
        whose = {
            field: pd.Categorical([getattr(shard, field) for shard in shards]).take(self._shards)
            for field in ("patient_id", "name")
        }
        shown = [name for name in self.columns if name not in {"shard", *PLACE_COLUMNS}]
        return pd.DataFrame(whose | {name: self.column(name) for name in shown}, copy=False)

    @cached_property
    def patients(self) -> Mapping[str, range]:
        """The rows of each patient who has images, which are neighbours."""
        rows: dict[str, range] = {}
        end = 0
        for shard in self._index.shards:
            begin = rows[shard.patient_id].start if shard.patient_id in rows else end
            end += shard.rows
            rows[shard.patient_id] = range(begin, end)
        return MappingProxyType(rows)

    def payload(self, row: int) -> bytes:
        """Return an image as it is stored.

        Parameters
        ----------
        row : int

        Raises
        ------
        IndexError
            There is no such row.
        StudyError
            The shard was replaced or removed since the store was opened.
        FileFormatError
            The payload is not what was written.
        """
        shard = self._shard(self._shards.item(row))
        payload = shard.read(self._offsets.item(row), self._lengths.item(row))
        if self._check and crc32(payload) != self._checksums.item(row):
            raise torn(shard.path, f"is damaged: the image of row {row} of {self.modality} is not what was written")
        return payload

    def image(self, row: int, *, max_px: int | None = None) -> Image:
        """Return an image, decoded.

        Parameters
        ----------
        row : int
        max_px : int, optional
            The longer side of the result, where the image is larger. JPEG is then decoded at the next larger eighth of
            its size, for a fraction of the work.

        Returns
        -------
        ndarray
            Shape (height, width) with one channel, else (height, width, channels), of the type that was stored; colours
            are red, green, blue. It may be written to.

        Raises
        ------
        IndexError, StudyError, FileFormatError
            As `payload`; or the payload cannot be decoded.
        """
        payload = self.payload(row)
        encodings, codes, widths, heights, channels = self._described
        encoding = encodings[codes.item(row)]
        try:
            return decode(payload, encoding, widths.item(row), heights.item(row), channels.item(row), max_px)
        except ValueError as error:
            path = self.root / self._index.shards[self._shards[row]].path
            raise torn(path, f"the image of row {row} of {self.modality} cannot be decoded: {error}") from error

    def images(self, rows: Iterable[int], *, max_px: int | None = None) -> list[Image]:
        """Return images, decoded, in the order of the rows; read in the order in which they lie on the disk.

        Parameters and errors are those of `image`.
        """
        asked = list(rows)
        order = sorted(range(len(asked)), key=asked.__getitem__)
        found = {place: self.image(asked[place], max_px=max_px) for place in order}
        return [found[place] for place in range(len(asked))]

    def verify(self) -> int:
        """Read every shard and check every byte of it.

        Returns
        -------
        int
            How many shards were read.

        Raises
        ------
        FileFormatError
            Naming every shard that is damaged, and what mends them.
        """
        damaged: list[str] = []
        reason = ""
        for shard in self._index.shards:
            path = self.root / shard.path
            try:
                if verified(path).footer.checksum != shard.checksum:
                    raise torn(path, "is not the file that was indexed")
            except UserError as error:
                damaged.append(shard.path)
                reason = reason or error.what
        if damaged:
            raise FileFormatError(
                f"{len(damaged)} of {len(self._index.shards)} shards are damaged: {', '.join(damaged)} "
                f"(the first: {reason})",
                where=str(self.root),
                fix=mending(self.root / damaged[0]).replace("Delete it", "Delete them"),
            )
        return len(self._index.shards)

    @cached_property
    def _described(self) -> tuple[list[str], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        encoding = self._index.records["encoding"].combine_chunks()
        width_px, height_px, channels = (self.column(name) for name in ("width_px", "height_px", "channels"))
        return encoding.dictionary.to_pylist(), np.from_dlpack(encoding.indices), width_px, height_px, channels


def _opened_again(root: Path, modality: str, check: bool, open_files: int, checksum: int) -> Store:
    store = Store.open(root, modality, check=check, open_files=open_files)
    if store._index.checksum != checksum:
        raise StudyError(
            f"{index_path(root, modality).name} has changed since this process was started",
            where=str(root),
            fix="Start again",
        )
    return store
