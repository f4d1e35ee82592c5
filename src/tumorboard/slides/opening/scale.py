"""Which scale a slide has: what the user states, else the file's MPP, else its objective power; never a guess."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from tumorboard.errors import FileFormatError, SettingsError, UnknownScaleError
from tumorboard.slides.slide import Scale

SMALLEST_MPP, LARGEST_MPP = 0.05, 5.0
"""µm per pixel of level 0 that a slide can have: a 100x objective with a fine camera gives 0.07, a 2x one 5."""

_MPP_AT_1X = 10.0  # 10x is 1.0 µm per pixel
# 40x is sold for 0.23-0.27, 20x for 0.40-0.52; half or double of 10/power is another magnification
_LARGEST_FACTOR = 1.6
# a lens of 20x before a fine camera or a 1.6x adapter gives 0.17-0.24
_LARGEST_FACTOR_FINER_THAN_LENS = 4.0
_LARGEST_ANISOTROPY = 1.05

WAYS_TO_STATE = "State it in µm per pixel (MPP): column mpp of slides.csv, --mpp, or mpp under [slides] of study.toml"
"""How a user gives a slide's scale."""


@dataclass(frozen=True)
class FileScale:
    """What a file says of its scale.

    Parameters
    ----------
    mpp_x, mpp_y : float or None
        µm per pixel of level 0, across and down; None where the file is silent.
    objective_power : float or None
        Magnification of the objective.
    from_resolution_tags : bool
        Whether the MPP comes from the resolution tags of a TIFF, which programs fill with 72 dpi for want of a better.
    power_is_of_lens : bool
        Whether the power is the lens's own. Other formats state the magnification that the pixels are sold for.
    """

    mpp_x: float | None = None
    mpp_y: float | None = None
    objective_power: float | None = None
    from_resolution_tags: bool = False
    power_is_of_lens: bool = False

    @property
    def mpp(self) -> float | None:
        """The mean of both directions; of the one that is stated where the other is not."""
        stated = [value for value in (self.mpp_x, self.mpp_y) if value is not None]
        return sum(stated) / len(stated) if stated else None


def decide_scale(path: Path, file: FileScale, stated_mpp: float | None) -> tuple[Scale, tuple[str, ...]]:
    """Decide on a slide's scale.

    Parameters
    ----------
    path : Path
        The slide, for messages.
    file : FileScale
        What the file says.
    stated_mpp : float or None
        What the user states, in µm per pixel of level 0. It wins over the file, and the remarks name a contradiction.

    Returns
    -------
    scale : Scale
    remarks : tuple of str
        What a user should know of it.

    Raises
    ------
    SettingsError
        The user's value is not between 0.05 and 5 µm.
    FileFormatError
        The file's value is not, differs between both directions by more than 5 %, or contradicts the objective power;
        or the file says nothing.
    """
    power = _positive(file.objective_power)
    if stated_mpp is not None:
        check_stated_mpp(stated_mpp)
        return Scale(stated_mpp, "stated by the user", power), _contradictions(file, power, stated_mpp)
    mpp = file.mpp
    if mpp is not None and file.from_resolution_tags and not _possible(mpp):
        mpp = None
    if mpp is not None:
        _check_range(path, mpp)
        _check_both_directions(path, file)
        return Scale(mpp, "MPP of the file", power), _agreement_with_power(path, mpp, power, file.power_is_of_lens)
    if power is not None:
        return _scale_of_power(path, power)
    raise UnknownScaleError(f"the scale is unknown: {_silence(file)}", where=str(path), fix=WAYS_TO_STATE)


def check_stated_mpp(mpp: float) -> None:
    """Refuse a stated scale that no slide has.

    Raises
    ------
    SettingsError
        It is not between 0.05 and 5 µm per pixel.
    """
    if not _possible(mpp):
        raise SettingsError(
            f"a scale of {mpp:g} µm per pixel (MPP) is not between {SMALLEST_MPP:g} and {LARGEST_MPP:g}",
            fix="40x has about 0.25, 20x about 0.5. Correct the column mpp of slides.csv or --mpp",
        )


def _positive(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _possible(mpp: float) -> bool:
    return SMALLEST_MPP <= mpp <= LARGEST_MPP  # not for NaN


def _silence(file: FileScale) -> str:
    if file.mpp is None:
        return "the file states neither MPP nor objective power"
    return (
        f"the TIFF's resolution, {file.mpp:.4g} µm per pixel, is a program's default and not a slide's, "
        "and the file states no objective power"
    )


def _check_range(path: Path, mpp: float) -> None:
    if not _possible(mpp):
        raise FileFormatError(
            f"the file's MPP of {mpp:g} µm per pixel is not between {SMALLEST_MPP:g} and {LARGEST_MPP:g}",
            where=str(path),
            fix=WAYS_TO_STATE,
        )


def _check_both_directions(path: Path, file: FileScale) -> None:
    if file.mpp_x is None or file.mpp_y is None:
        return
    if max(file.mpp_x, file.mpp_y) > _LARGEST_ANISOTROPY * min(file.mpp_x, file.mpp_y):
        raise FileFormatError(
            f"the file's MPP is {file.mpp_x:g} across but {file.mpp_y:g} µm per pixel down",
            where=str(path),
            fix=WAYS_TO_STATE,
        )


def _agreement_with_power(path: Path, mpp: float, power: float | None, of_lens: bool) -> tuple[str, ...]:
    if power is None:
        return ()
    factor = mpp * power / _MPP_AT_1X
    if 1 / _LARGEST_FACTOR <= factor <= _LARGEST_FACTOR:
        return ()
    numbers = f"{mpp:g} µm per pixel and an objective of {power:g}x, which is about {_MPP_AT_1X / power:g} µm per pixel"
    if of_lens and 1 / _LARGEST_FACTOR_FINER_THAN_LENS <= factor <= 1:
        return (f"the file states {numbers}; the MPP was taken, as with a fine camera behind the lens",)
    raise FileFormatError(f"the file contradicts itself: {numbers}", where=str(path), fix=WAYS_TO_STATE)


def _scale_of_power(path: Path, power: float) -> tuple[Scale, tuple[str, ...]]:
    mpp = _MPP_AT_1X / power
    if not _possible(mpp):
        raise FileFormatError(
            f"the file states no MPP, and its objective power of {power:g}x would be {mpp:g} µm per pixel",
            where=str(path),
            fix=WAYS_TO_STATE,
        )
    remark = f"the file states no MPP; its objective of {power:g}x was taken for {mpp:g} µm per pixel"
    return Scale(mpp, "objective power of the file", power), (remark,)


def _contradictions(file: FileScale, power: float | None, stated_mpp: float) -> tuple[str, ...]:
    remarks = []
    if file.mpp is not None and (_possible(file.mpp) or not file.from_resolution_tags):
        larger, smaller = max(file.mpp, stated_mpp), min(file.mpp, stated_mpp)
        if not larger <= _LARGEST_ANISOTROPY * smaller:
            remarks.append(f"the user states {stated_mpp:g} µm per pixel, the file {file.mpp:g}; the user's was taken")
    if power is not None and not 1 / _LARGEST_FACTOR <= stated_mpp * power / _MPP_AT_1X <= _LARGEST_FACTOR:
        about = _MPP_AT_1X / power
        remarks.append(
            f"the user states {stated_mpp:g} µm per pixel, the file an objective of {power:g}x, which is about "
            f"{about:g}; the user's was taken"
        )
    return tuple(remarks)
