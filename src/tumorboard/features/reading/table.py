"""Tables of features: Parquet, CSV or TSV, one row a tile.

Columns ``patient_id`` and ``slide`` say whose tile it is, where a table holds more than one slide; ``left`` and ``top``
are its place in level-0 pixels. The features are either one list column of Parquet, or every other column, which then
must be numbers. A column whose name says that it is something else, such as ``x`` or ``event``, is refused: it would
pass for a feature.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import CellFault, FileFormatError, TableError
from tumorboard.features.bag import FeatureBag
from tumorboard.features.checks import Array
from tumorboard.features.reading.statement import Content, Statement, make_bag

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz")

_PATIENT, _SLIDE, _PLACE = "patient_id", "slide", ("left", "top")
_TEXT = (_PATIENT, _SLIDE)
_OWN = (*_TEXT, *_PLACE)
_NO_FEATURES = frozenset(
    {
        "x", "y", "x0", "y0", "coord_x", "coord_y", "coords_x", "coords_y", "row", "col", "column", "index", "level",
        "mpp", "magnification", "tile", "tile_id", "patch", "patch_id", "slide_id", "patient", "case_id", "label",
        "class", "fold", "split", "time_months", "event", "unnamed: 0", "__index_level_0__", "",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """A table of features, read and checked column by column.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file.
    features : ndarray, shape (tiles, features)
    coordinates : ndarray, shape (tiles, 2), or None
    patients, slides : ndarray of str, shape (tiles,), or None
        Whose tile each row is; None where the table does not say.
    columns : tuple of str
        Names of the features; empty for a list column.
    """

    path: Path
    sha256: str
    features: Array
    coordinates: Array | None
    patients: Array | None
    slides: Array | None
    columns: tuple[str, ...]

    def bags(self, patient_id: str | None, stated: Statement) -> dict[str, FeatureBag]:
        """Return the bags of one patient's slides.

        Parameters
        ----------
        patient_id : str or None
            The patient; None for a table of one patient.
        stated : Statement

        Returns
        -------
        dict of str to FeatureBag
            By the slide's name, in the order of the rows; the file's own name where there is no column ``slide``.

        Raises
        ------
        FileFormatError
            The patient is not in the table or none is named, or a bag is faulty.
        """
        rows = self._rows_of(patient_id)
        if self.slides is None:
            return {_stem(self.path): self._bag(rows, stated)}
        names = dict.fromkeys(self.slides[rows].tolist())
        return {name: self._bag(rows[self.slides[rows] == name], stated) for name in names}

    def _rows_of(self, patient_id: str | None) -> Array:
        if self.patients is None:
            return np.arange(len(self.features))
        if patient_id is None:
            present = np.unique(self.patients)
            if len(present) > 1:
                raise FileFormatError(
                    f"the table has tiles of {len(present)} patients, and none is named", where=str(self.path)
                )
            return np.arange(len(self.features))
        rows = np.flatnonzero(self.patients == patient_id)
        if not len(rows):
            raise FileFormatError(f"the table has no tile of the patient {patient_id!r}", where=str(self.path))
        return rows

    def _bag(self, rows: Array, stated: Statement) -> FeatureBag:
        note = "the table has no coordinates and does not state the tiles' scale"
        content = Content(
            layout="table",
            features=self.features[rows],
            coordinates=None if self.coordinates is None else self.coordinates[rows],
            columns=self.columns,
            notes=() if self.coordinates is not None else (note,),
        )
        return make_bag(content, self.path, self.sha256, stated)


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return path.name.lower().endswith(TABLE_SUFFIXES)


def read_table(path: Path, sha256: str) -> FeatureTable:
    """Read a table of features.

    Parameters
    ----------
    path : Path
        A file with one of `TABLE_SUFFIXES`.
    sha256 : str
        Of the file.

    Raises
    ------
    FileFormatError
        The file is missing, unreadable, or its columns are not those of a table of features.
    TableError
        A cell that must hold a number or a name does not.
    """
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    table = _load(path)
    if not table.num_rows:
        raise FileFormatError("the table has no row: the bag holds no tile", where=str(path))
    _check_names(table, path)
    features, columns = _features(table, path)
    return FeatureTable(
        path=path,
        sha256=sha256,
        features=features,
        coordinates=_coordinates(table, path),
        patients=_names(table, _PATIENT, path),
        slides=_names(table, _SLIDE, path),
        columns=columns,
    )


def _load(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        if path.suffix.lower() == ".parquet":
            return parquet.ParquetFile(path).read(use_pandas_metadata=False)
        return _load_text(path)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, OSError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FileFormatError(f"this is no readable table: {reason}", where=str(path)) from error


def _load_text(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    packed = path.suffix.lower() == ".gz"
    with gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    separator = "\t" if ".tsv" in path.name.lower() else ";" if ";" in header and "," not in header else ","
    return csv.read_csv(
        pa.input_stream(str(path), compression="gzip" if packed else None),
        parse_options=csv.ParseOptions(delimiter=separator),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(_TEXT, pa.string())),
    )


def _check_names(table: pa.Table, path: Path) -> None:
    names = [str(name) for name in table.column_names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileFormatError(f"the column {doubled[0]!r} stands twice in the header", where=str(path))
    suspects = [name for name in names if name.strip().lower() in _NO_FEATURES]
    if suspects:
        raise FileFormatError(
            f"the column {suspects[0]!r} would pass for a feature",
            where=str(path),
            fix="Places are called left and top, slides slide, patients patient_id; remove what is no feature",
        )
    if len({"left", "top"} & set(names)) == 1:
        raise FileFormatError("there is one of left and top, but not the other", where=str(path))


def _features(table: pa.Table, path: Path) -> tuple[Array, tuple[str, ...]]:
    import pyarrow as pa

    names = [name for name in table.column_names if name not in _OWN]
    lists = [name for name in names if _is_list(table.schema.field(name).type)]
    if not names:
        raise FileFormatError(
            "the table has no column of features", where=str(path), fix=f"It has: {', '.join(table.column_names)}"
        )
    if lists:
        if len(names) > 1:
            other = next(name for name in names if name != lists[0])
            raise FileFormatError(
                f"beside the list column {lists[0]!r} there is {other!r}", where=str(path), fix="Remove one of them"
            )
        return _from_list(table, lists[0], path), ()
    half = all(pa.types.is_float16(table.schema.field(name).type) for name in names)
    matrix = np.empty((table.num_rows, len(names)), np.float16 if half else np.float64)
    for position, name in enumerate(names):
        matrix[:, position] = _numbers(table, name, path)
    return matrix, tuple(names)


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _from_list(table: pa.Table, name: str, path: Path) -> Array:
    import pyarrow.compute as pc

    column = table[name].combine_chunks()
    if column.null_count:
        raise TableError([_fault(table, name, int(np.flatnonzero(column.is_null())[0]), "", path)])
    lengths = np.asarray(pc.list_value_length(column))
    if (lengths != lengths[0]).any():
        row = int((lengths != lengths[0]).argmax())
        raise FileFormatError(
            f"{name} has {lengths[0]} numbers in row 1, but {lengths[row]} in row {row + 1}", where=str(path)
        )
    values = pc.list_flatten(column)
    if values.null_count:
        row = int(np.flatnonzero(values.is_null())[0] // lengths[0])
        raise TableError([_fault(table, name, row, "", path)])
    return np.asarray(values).reshape(len(lengths), int(lengths[0]))


def _numbers(table: pa.Table, name: str, path: Path) -> Array:
    import pyarrow as pa

    column = table[name]
    if column.null_count:
        raise TableError([_fault(table, name, int(np.flatnonzero(column.is_null())[0]), "", path)])
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        row, value = next(_no_numbers(column), (0, str(column.type)))
        raise TableError([_fault(table, name, row, value, path)])
    return np.asarray(column)


def _no_numbers(column: pa.ChunkedArray) -> Iterator[tuple[int, str]]:
    for row, value in enumerate(column.to_pylist()):
        try:
            float(value)
        except (TypeError, ValueError):
            yield row, str(value)


def _fault(table: pa.Table, name: str, row: int, value: str, path: Path) -> CellFault:
    first = 1 if path.suffix.lower() == ".parquet" else 2
    allowed = "a name" if name in _TEXT else "a whole number of pixels" if name in _PLACE else "a number"
    return CellFault(path.name, row + first, name, value, f"{allowed}, not empty" if not value else allowed)


def _coordinates(table: pa.Table, path: Path) -> Array | None:
    if "left" not in table.column_names:
        return None
    return np.stack([_numbers(table, name, path).astype(np.float64) for name in _PLACE], axis=1)


def _names(table: pa.Table, name: str, path: Path) -> Array | None:
    import pyarrow as pa

    if name not in table.column_names:
        return None
    column = table[name].cast(pa.string())
    values = np.array([(value or "").strip() for value in column.to_pylist()], dtype=object)
    if (values == "").any():
        raise TableError([_fault(table, name, int((values == "").argmax()), "", path)])
    return values


def _stem(path: Path) -> str:
    return next(path.name[: -len(end)] for end in TABLE_SUFFIXES if path.name.lower().endswith(end))
