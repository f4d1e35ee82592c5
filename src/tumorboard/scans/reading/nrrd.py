"""NRRD volumes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.array_file import ArrayFile, check_grid, check_size, unpacked
from tumorboard.scans.reading.syntax import printable
from tumorboard.scans.volume import Grid

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
_MOST_LINES, _LONGEST_LINE = 1000, 65536


def read_nrrd(path: Path, largest_bytes: int) -> ArrayFile:
    """Read an NRRD file of one volume with its data in the same file, raw or packed with gzip.

    Parameters
    ----------
    path : Path
    largest_bytes : int

    Returns
    -------
    ArrayFile

    Raises
    ------
    FileFormatError
        If it is damaged, has not three axes, or does not say how it lies in the patient.

    References
    ----------
    https://teem.sourceforge.net/nrrd/format.html
    """
    fields, data_at = _header(path)
    kind = _kind(fields)
    sizes = _whole(fields.get("sizes", ""))
    if len(sizes) != 3 or fields.get("dimension") != "3":
        raise FileFormatError(f"it has {printable(fields.get('dimension', 'no'))} axes; one volume has three")
    shape = (sizes[2], sizes[1], sizes[0])
    needed = check_size(shape, kind.itemsize, largest_bytes)
    grid = _grid(fields, shape)
    check_grid(grid)
    values = np.frombuffer(_content(path, fields, data_at, needed), kind).reshape(shape)
    return ArrayFile(values.astype(kind.newbyteorder("="), copy=False), grid)


def _header(path: Path) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        if not re.match(rb"NRRD000\d", file.readline(_LONGEST_LINE)):
            raise FileFormatError("no NRRD file")
        for _ in range(_MOST_LINES):
            line = file.readline(_LONGEST_LINE).decode("latin-1")
            if line.strip() == "" and line:
                return fields, file.tell()
            if not line:
                break
            name, colon, value = line.partition(": ")
            if colon and not line.startswith("#"):
                fields[name.strip().lower()] = value.strip()
    raise FileFormatError("its data are not in the same file, or its header is cut off")


def _whole(text: str) -> list[int]:
    return [int(word) for word in text.split()] if re.fullmatch(r"[\d\s]+", text) else []


def _kind(fields: dict[str, str]) -> np.dtype[np.generic]:
    stated = fields.get("type", "").lower()
    code = next((code for code, names in _TYPES.items() if stated in names), None)
    if code is None:
        raise FileFormatError(f"its voxels are of the type {printable(stated) or 'none'}, not single numbers")
    return np.dtype((">" if fields.get("endian", "little").lower() == "big" else "<") + code)


def _content(path: Path, fields: dict[str, str], data_at: int, needed: int) -> bytes:
    encoding = fields.get("encoding", "").lower()
    if encoding not in ("raw", "gzip", "gz") or "data file" in fields or "datafile" in fields:
        stated = printable(encoding) or "of no stated encoding"
        raise FileFormatError(f"its data are {stated}; raw or gzip in one file is read")
    if any(fields.get(name, "0") != "0" for name in ("line skip", "byte skip", "lineskip", "byteskip")):
        raise FileFormatError("it skips lines or bytes before its data, which is not read")
    with path.open("rb") as file:
        file.seek(data_at)
        content = file.read(needed) if encoding == "raw" else unpacked(file.read(), needed)
    if len(content) != needed:
        raise FileFormatError(f"its voxels are cut off: {len(content)} of {needed} bytes are there")
    return content


def _grid(fields: dict[str, str], shape: tuple[int, int, int]) -> Grid:
    space = fields.get("space", "").lower()
    vectors = [_vector(words) for words in re.findall(r"\(([^)]*)\)", fields.get("space directions", ""))]
    if space not in _TO_LPS or len(vectors) != 3:
        raise FileFormatError("it does not say how it lies in the patient (space and space directions)")
    origin = re.fullmatch(r"\s*\(([^)]*)\)\s*", fields.get("space origin", ""))
    signs = np.array(_TO_LPS[space])
    start = _vector(origin[1]) if origin else np.zeros(3)
    return Grid(shape, start * signs, np.stack(vectors[::-1]) * signs)


def _vector(words: str) -> np.ndarray:
    try:
        vector = np.array([float(word) for word in words.split(",")])
    except ValueError:
        vector = np.empty(0)
    if len(vector) != 3:
        raise FileFormatError("its space directions or origin are damaged")
    return vector
