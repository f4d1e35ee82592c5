"""From stored values to Hounsfield units, or to a scanner's own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.decoding import Stored, meant_bits
from tumorboard.scans.reading.found import Frame
from tumorboard.scans.reading.syntax import printable
from tumorboard.scans.volume import Voxels

AIR_HU = -1024
_TISSUE_HU = (-999, 3071)
AIR_AT_MOST_HU = -900
_HU_TYPES = {"", "HU", "HU_MOD"}


@dataclass(frozen=True)
class Scale:
    """How the images of one series become units.

    Parameters
    ----------
    modality : str
        CT or MR.
    is_whole : bool
        Whether units are whole numbers for every image.
    is_stated : bool
        Whether the headers state slope and intercept.
    remarks : tuple of str
    """

    modality: str
    is_whole: bool
    is_stated: bool
    remarks: tuple[str, ...] = ()


def scale_of(frames: Sequence[Frame], modality: str) -> Scale:
    """Look at the rescaling of all images before one is read.

    Raises
    ------
    FileFormatError
        If only some images state it, a slope is 0, or a CT's units are not Hounsfield's.
    """
    stated = [frame.slope is not None and frame.intercept is not None for frame in frames]
    if any(stated) and not all(stated):
        missing = stated.count(False)
        raise FileFormatError(f"{missing} of {len(frames)} images state no rescale slope and intercept")
    slopes = {1.0 if frame.slope is None else frame.slope for frame in frames}
    intercepts = {0.0 if frame.intercept is None else frame.intercept for frame in frames}
    if 0.0 in slopes:
        raise FileFormatError("its rescale slope is 0")
    types = {frame.rescale_type for frame in frames}
    if modality == "CT" and not types <= _HU_TYPES:
        raise FileFormatError(f"its rescale type is {printable(', '.join(sorted(types)))}, not Hounsfield units")
    whole = all(value == int(value) and abs(value) < 2**24 for value in slopes | intercepts)
    remarks: tuple[str, ...] = ()
    if len(slopes) > 1:
        remarks = (f"the rescale slope differs between images ({min(slopes):g} to {max(slopes):g})",)
    return Scale(modality, whole, all(stated), remarks)


def in_units(stored: Stored, frame: Frame, scale: Scale) -> Voxels:
    """Return the units of one image, before padding is looked at.

    Returns
    -------
    ndarray of int16, int32 or float32
        int16 wherever the values fit.
    """
    slope = 1.0 if frame.slope is None else frame.slope
    intercept = 0.0 if frame.intercept is None else frame.intercept
    if not scale.is_whole:
        return np.asarray(stored * np.float64(slope) + intercept, np.float32)
    lowest, highest = _range(stored, slope, intercept)
    if lowest < -(2**31) or highest >= 2**31:
        raise FileFormatError("its values do not fit in 32 bits", where=frame.file.path.name)
    kind = np.int16 if lowest >= -(2**15) and highest < 2**15 else np.int32
    units: Voxels = stored.astype(kind, copy=False)
    if slope != 1:
        units = np.multiply(units, int(slope), dtype=kind)
    return np.add(units, int(intercept), dtype=kind) if intercept else units


def _range(stored: Stored, slope: float, intercept: float) -> tuple[float, float]:
    """Return the lowest and highest unit, and of the steps on the way to it, that the values reach."""
    ends = [float(stored.min()), float(stored.max())]
    reached = [value for end in ends for value in (end, end * slope, end * slope + intercept)]
    return min([*reached, intercept, slope]), max([*reached, intercept, slope])


@dataclass(frozen=True, eq=False)
class Padding:
    """Where an image says "outside".

    Parameters
    ----------
    packed : ndarray of uint8
        One bit a pixel.
    """

    packed: NDArray[np.uint8]

    def where(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask of an image's shape."""
        return np.unpackbits(self.packed, count=shape[0] * shape[1]).astype(bool).reshape(shape)


def padding_of(stored: Stored, frame: Frame, scale: Scale) -> tuple[Padding | None, str]:
    """Find the padding of one image.

    A CT's padding counts only where its value lies outside what tissue has: some writers state a padding of 0 although
    0 HU is water.

    Returns
    -------
    padding : Padding or None
    remark : str
        Empty, or why a stated padding was not believed.
    """
    if frame.file.padding is None:
        return None, ""
    ends = meant_bits(np.asarray(frame.file.padding).astype(stored.dtype), frame.file)
    low, high = int(ends.min()), int(ends.max())
    units = [value * (frame.slope or 1.0) + (frame.intercept or 0.0) for value in (low, high)]
    if scale.modality == "CT" and scale.is_stated and _TISSUE_HU[0] <= max(units) and min(units) <= _TISSUE_HU[1]:
        return None, f"the stated padding ({max(units):g} HU) is a value that tissue has, and was left as it is"
    outside = (stored == low) if low == high else (stored >= low) & (stored <= high)
    return (Padding(np.packbits(outside)), "") if outside.any() else (None, "")


def checked_units(voxels: Voxels, scale: Scale) -> Scale:
    """Check what the headers left open once all images are read.

    Raises
    ------
    FileFormatError
        If a CT states no rescaling and its values are not Hounsfield units, or a value is not finite.
    """
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise FileFormatError("its rescaled values are not finite")
    if scale.modality != "CT" or scale.is_stated:
        return scale
    if voxels.min() > AIR_AT_MOST_HU:
        raise FileFormatError(
            "the CT states no rescale slope and intercept, and its values cannot be Hounsfield units: "
            f"its lowest is {voxels.min():g}, air is near -1000"
        )
    remark = "the headers state no rescale slope and intercept; the values were taken for Hounsfield units"
    return replace(scale, remarks=(*scale.remarks, remark))
