"""Windows: which of a scan's values become black and white."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.volume import Volume, Voxels
from tumorboard.study.scan_settings import ScanSettings

Grey = NDArray[np.uint8] | NDArray[np.uint16]

WINDOW_COLUMNS: dict[str, str] = {"window_low": "float64", "window_high": "float64"}
"""Columns of the store that keep a window, and their types."""

_VOXELS_LOOKED_AT = 250_000
_BINS = 512
_BRIGHTEST = 99.5


@dataclass(frozen=True)
class Window:
    """The values that become black and white; those between become grey in proportion, those beyond are cut off.

    Parameters
    ----------
    low, high : float
        Hounsfield units in CT, the scanner's units in MR, the file's grey levels for a picture that was made elsewhere.
    """

    low: float
    high: float

    def to_grey(self, values: NDArray[np.float32], bits: int) -> Grey:
        """Return grey levels of 8 or 16 bits, rounded."""
        white = 2**bits - 1
        grey = np.clip((values - np.float32(self.low)) * np.float32(white / (self.high - self.low)), 0, white)
        whole = np.rint(grey)
        return np.asarray(whole, np.uint8) if bits == 8 else np.asarray(whole, np.uint16)

    def to_columns(self) -> dict[str, float]:
        """Return the values of `WINDOW_COLUMNS`."""
        return {"window_low": float(self.low), "window_high": float(self.high)}

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Self:
        """Make a window of the values of `WINDOW_COLUMNS`; others may be among them."""
        return cls(float(columns["window_low"]), float(columns["window_high"]))


def choose_window(volume: Volume, settings: ScanSettings) -> Window:
    """Choose the window of a scan: the stated Hounsfield units in CT, percentiles of the body's voxels in MR.

    In MR the body is what is brighter than the threshold of Otsu (1979), with the dark parts that it encloses in a
    slice. About 250,000 voxels at equal distances are looked at, always the same ones.

    Parameters
    ----------
    volume : Volume
        In patient axes.
    settings : ScanSettings

    Returns
    -------
    Window

    Raises
    ------
    FileFormatError
        All voxels of the MR have one value.
    """
    if volume.modality == "CT":
        return Window(settings.window_low, settings.window_high)
    voxels = _thinned(volume.voxels)
    darkest, brightest = float(voxels.min()), float(voxels.max())
    if not darkest < brightest:
        raise FileFormatError("all voxels of the MR have one value", fix="Choose another series in scans.csv")
    low, high = np.percentile(voxels[_body(voxels)], [settings.mr_low, settings.mr_high])
    return Window(float(low), float(high)) if low < high else Window(darkest, brightest)


def _thinned(voxels: Voxels) -> NDArray[np.float32]:
    """Take every n-th slice, row and column, with fewer of the slices left out, of which there are few."""
    slices, rows, columns = voxels.shape
    step = max(1, math.ceil(max(rows, columns) / 128))
    slice_step = max(1, math.ceil(voxels.size / step**2 / _VOXELS_LOOKED_AT))
    first = (slices - 1) % slice_step // 2
    return np.asarray(voxels[first::slice_step, step // 2 :: step, step // 2 :: step], np.float32)


def _body(voxels: NDArray[np.float32]) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_fill_holes

    bright = voxels > _otsu(voxels)
    return np.stack([binary_fill_holes(layer) for layer in bright])


def _otsu(voxels: NDArray[np.float32]) -> float:
    """Return the threshold between dark and bright that leaves the least variance within the two (Otsu 1979).

    Of the square roots: the air's values lie close together, the body's far apart.
    """
    roots = np.sqrt(np.maximum(voxels - voxels.min(), 0))
    counts, edges = np.histogram(roots, _BINS, (0, max(float(np.percentile(roots, _BRIGHTEST)), 1e-6)))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    total, total_sum = below[-1], (counts * centres).sum()
    above = total - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total_sum * below / total - sums) ** 2 / (below.astype(float) * above)
    best = int(np.nanargmax(np.where(np.isfinite(between), between, -1)))
    return float(edges[best + 1] ** 2 + voxels.min())
