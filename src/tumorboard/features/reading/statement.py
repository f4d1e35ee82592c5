"""What a user states of a file of features, held against what the file itself says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.features.bag import BagSource, FeatureBag, Scale
from tumorboard.features.checks import Array, check_places, checked_coordinates, checked_features, first_at_each_place

SAME_SCALE = 0.05
"""Scales that differ by less than this share are the same: scanners' pixels differ by as much."""

SMALLEST_MPP, LARGEST_MPP = 0.05, 20.0


@dataclass(frozen=True)
class Statement:
    """What is known of a file besides its content.

    Parameters
    ----------
    slide_mpp : float or None
        µm in one pixel of the slide's level 0; needed for coordinates that a file gives in µm.
    tile_mpp : float or None
        µm in one pixel of the tiles that the extractor was given, for files that do not say.
    extractor : str or None
        The network that computed the features, for files that do not say.
    keep_first : bool
        Where several tiles stand at one place, keep the first instead of refusing the file.

    Raises
    ------
    SettingsError
        For a scale outside 0.05 to 20 µm per pixel.
    """

    slide_mpp: float | None = None
    tile_mpp: float | None = None
    extractor: str | None = None
    keep_first: bool = False

    def __post_init__(self) -> None:
        for name, value in (("slide_mpp", self.slide_mpp), ("tile_mpp", self.tile_mpp)):
            if value is not None and not SMALLEST_MPP <= value <= LARGEST_MPP:
                raise SettingsError(f"{value:g} is not from {SMALLEST_MPP} to {LARGEST_MPP:g} µm per pixel", where=name)


@dataclass(frozen=True, eq=False)
class Content:
    """What a file holds, before it is checked.

    Parameters
    ----------
    layout : str
        See :class:`~tumorboard.features.bag.BagSource`.
    features : ndarray
    coordinates : ndarray or None
        Left and top in level-0 pixels.
    extractor : str or None
    scale : Scale
    columns : tuple of str
    notes : tuple of str
    """

    layout: str
    features: Array
    coordinates: Array | None
    extractor: str | None = None
    scale: Scale = field(default_factory=Scale)
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make_bag(content: Content, path: Path, sha256: str, stated: Statement) -> FeatureBag:
    """Check what a file holds, join it with what is stated of it, and return the bag.

    Parameters
    ----------
    content : Content
    path : Path
        The file.
    sha256 : str
        Of the whole file.
    stated : Statement

    Raises
    ------
    FileFormatError
        The content is not a bag, or contradicts what is stated of it.
    """
    where = str(path)
    features = checked_features(content.features, where)
    coordinates = None
    notes = content.notes
    if content.coordinates is not None:
        coordinates = checked_coordinates(content.coordinates, len(features), where)
        if stated.keep_first:
            first = first_at_each_place(coordinates)
            dropped = len(coordinates) - len(first)
            features, coordinates = features[first], coordinates[first]
            notes += (f"{dropped} tiles at the place of an earlier one are left out",) if dropped else ()
        check_places(coordinates, where)
    return FeatureBag(
        features=features,
        coordinates=coordinates,
        extractor=_one_extractor(content.extractor, stated.extractor, where),
        scale=Scale(_one_mpp(content.scale.mpp, stated.tile_mpp, where), content.scale.tile_width),
        source=BagSource(where, content.layout, sha256),
        columns=content.columns,
        notes=notes,
    )


def _one_extractor(found: str | None, stated: str | None, where: str) -> str | None:
    if found and stated and found != stated:
        raise FileFormatError(
            f"the features are of {found!r}, but {stated!r} is stated",
            where=where,
            fix="Correct the extractor, or leave it out where the file names it",
        )
    return found or stated


def _one_mpp(found: float | None, stated: float | None, where: str) -> float | None:
    if found and stated and not same_scale(found, stated):
        raise FileFormatError(
            f"the tiles have {found:g} µm per pixel, but {stated:g} is stated",
            where=where,
            fix="Correct tile_mpp, or leave it out where the file gives the scale",
        )
    return found or stated


def same_scale(one: float, other: float) -> bool:
    """Tell whether two scales in µm per pixel are the same within 5 %."""
    return bool(np.isclose(one, other, rtol=SAME_SCALE, atol=0))
