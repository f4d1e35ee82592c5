"""MetaImage volumes: MHA, and MHD with its data beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.array_file import ArrayFile, check_grid, check_size, unpacked
from tumorboard.scans.reading.syntax import printable
from tumorboard.scans.volume import Grid

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_SAME_FILE = "LOCAL"
_MOST_LINES, _LONGEST_LINE = 1000, 4096


def read_metaimage(path: Path, largest_bytes: int) -> ArrayFile:
    """Read a MetaImage file of one volume.

    Parameters
    ----------
    path : Path
        ``.mha`` or ``.mhd``; the latter's data have to lie in the same folder.
    largest_bytes : int

    Returns
    -------
    ArrayFile

    Raises
    ------
    FileFormatError
        If it is damaged, has several volumes or colours, or its data are elsewhere.

    References
    ----------
    MetaIO, https://itk.org/Wiki/ITK/MetaIO/Documentation. Each row of its TransformMatrix is the direction of one axis.
    """
    fields, data_at = _header(path)
    shape, kind = _shape(fields), _kind(fields)
    needed = check_size(shape, kind.itemsize, largest_bytes)
    content = _content(path, fields, data_at, needed)
    if len(content) != needed:
        raise FileFormatError(f"its voxels are cut off: {len(content)} of {needed} bytes are there")
    grid = _grid(fields, shape)
    check_grid(grid)
    values = np.frombuffer(content, kind).reshape(grid.shape)
    return ArrayFile(values.astype(kind.newbyteorder("="), copy=False), grid)


def data_file(path: Path) -> Path | None:
    """Return the file in which a MetaImage's voxels lie, where that is another one than the header's and is there.

    Raises
    ------
    FileFormatError
        If it is no MetaImage.
    OSError
        If it cannot be read.
    """
    name = _header(path)[0]["ElementDataFile"]
    if name.upper() == _SAME_FILE:
        return None
    beside = path.parent / name
    return beside if Path(name).name == name and beside.is_file() else None


def _header(path: Path) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for _ in range(_MOST_LINES):
            line = file.readline(_LONGEST_LINE).decode("latin-1")
            name, equals, value = line.partition("=")
            if not equals:
                break
            fields[name.strip()] = value.strip()
            if name.strip() == "ElementDataFile":
                return fields, file.tell()
    raise FileFormatError("no MetaImage file: its header has no ElementDataFile")


def _numbers(fields: dict[str, str], names: tuple[str, ...], count: int, default: str | None) -> np.ndarray:
    text = next((fields[name] for name in names if name in fields), default)
    try:
        values = np.array([float(word) for word in (text or "").split()])
    except ValueError:
        values = np.empty(0)
    if len(values) != count:
        raise FileFormatError(f"its {names[0]} is missing or damaged")
    return values


def _shape(fields: dict[str, str]) -> tuple[int, int, int]:
    """Return slices, rows, columns."""
    dimensions = int(_numbers(fields, ("NDims",), 1, None)[0])
    channels = int(_numbers(fields, ("ElementNumberOfChannels",), 1, "1")[0])
    if dimensions != 3 or channels != 1:
        raise FileFormatError(f"it has {dimensions} axes and {channels} values a voxel; one volume has three and one")
    columns, rows, slices = (int(length) for length in _numbers(fields, ("DimSize",), 3, None))
    return slices, rows, columns


def _is_true(fields: dict[str, str], *names: str) -> bool:
    return any(fields.get(name, "").lower() in ("true", "1") for name in names)


def _kind(fields: dict[str, str]) -> np.dtype[np.generic]:
    name = fields.get("ElementType", "")
    if name not in _TYPES or fields.get("BinaryData", "True").lower() in ("false", "0"):
        raise FileFormatError(f"its voxels are of the type {printable(name) or 'none'}, or written as text")
    order = ">" if _is_true(fields, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<"
    return np.dtype(order + _TYPES[name])


def _content(path: Path, fields: dict[str, str], data_at: int, needed: int) -> bytes:
    name = fields["ElementDataFile"]
    if name.upper() == _SAME_FILE:
        source, begin = path, data_at
    else:
        beside, begin = data_file(path), int(_numbers(fields, ("HeaderSize",), 1, "0")[0])
        if beside is None:
            raise FileFormatError(f"its data file {printable(name)!r} is not one file in the same folder")
        source = beside
    with source.open("rb") as file:
        if begin < 0:
            begin = max(source.stat().st_size - needed, 0)
        file.seek(begin)
        packed = _is_true(fields, "CompressedData")
        return unpacked(file.read(), needed) if packed else file.read(needed)


def _grid(fields: dict[str, str], shape: tuple[int, int, int]) -> Grid:
    spacing = _numbers(fields, ("ElementSpacing", "ElementSize"), 3, "1 1 1")
    directions = _numbers(fields, ("TransformMatrix", "Rotation", "Orientation"), 9, "1 0 0 0 1 0 0 0 1")
    origin = _numbers(fields, ("Offset", "Position", "Origin"), 3, "0 0 0")
    return Grid(shape, origin, (directions.reshape(3, 3) * spacing[:, None])[::-1].copy())
