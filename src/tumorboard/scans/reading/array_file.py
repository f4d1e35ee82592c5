"""What NIfTI, MetaImage and NRRD have in common: an array of numbers and where it lies."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.volume import Grid

LARGEST_BYTES = 4 * 2**30
"""Memory that one volume may take, unless the caller allows more."""

_DEFLATE_AT_MOST = 1032
"""No byte of a deflated stream becomes more than these."""


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """A volume file's content.

    Parameters
    ----------
    values : ndarray, shape ``grid.shape``
        As the file stores them, after its own scaling.
    grid : Grid
        In the patient's coordinates (LPS).
    """

    values: NDArray[Any]
    grid: Grid


def check_size(shape: tuple[int, ...], bytes_each: int, largest_bytes: int) -> int:
    """Refuse an array that is empty or would take too much memory, before it is taken.

    Returns
    -------
    int
        Bytes of the array.

    Raises
    ------
    FileFormatError
    """
    if min(shape) < 1:
        raise FileFormatError(f"its size {' x '.join(map(str, shape))} is not one of a volume")
    needed = bytes_each
    for length in shape:
        needed *= int(length)
    if needed > largest_bytes:
        raise FileFormatError(
            f"{' x '.join(map(str, shape))} voxels would take {needed / 2**30:.1f} GiB, more than the allowed "
            f"{largest_bytes / 2**30:.1f}"
        )
    return needed


def check_packed(there: int, needed: int) -> None:
    """Refuse a packed file that is too small for what it states, before it is unpacked."""
    if there * _DEFLATE_AT_MOST < needed:
        raise FileFormatError(f"it states {needed} bytes of voxels, more than its {there} packed bytes can hold")


def unpacked(packed: bytes, needed: int) -> bytes:
    """Unpack zlib or gzip data of known length.

    Raises
    ------
    FileFormatError
        If it is damaged or of another length.
    """
    check_packed(len(packed), needed)
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content = inflater.decompress(packed, needed + 1)
    except zlib.error as fault:
        raise FileFormatError("its packed voxels are damaged") from fault
    if len(content) != needed:
        raise FileFormatError(f"its voxels are cut off or too many: {needed} bytes are stated")
    return content


def check_grid(grid: Grid) -> None:
    """Refuse a grid whose numbers are not finite or whose axes do not span space.

    Raises
    ------
    FileFormatError
    """
    if not (np.isfinite(grid.steps_mm).all() and np.isfinite(grid.origin_mm).all()):
        raise FileFormatError("its place in the patient is not made of finite numbers")
    lengths = grid.spacing_mm
    if lengths.min() <= 0 or abs(np.linalg.det(grid.steps_mm / lengths[:, None])) < 1e-3:
        raise FileFormatError("its axes do not span a volume (a spacing of 0, or two equal directions)")
