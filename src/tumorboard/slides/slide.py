"""An open slide, whatever file it comes from: its scale, its levels, its pixels, its JPEG tiles as they are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError

Picture = NDArray[np.uint8]
"""Red, green, blue: shape (height, width, 3)."""

ScaleSource = Literal["stated by the user", "MPP of the file", "objective power of the file"]


@dataclass(frozen=True)
class Scale:
    """The scale of level 0.

    Parameters
    ----------
    mpp : float
        µm per pixel; the mean of both directions.
    source : str
        Where it comes from.
    objective_power : float or None
        The objective's magnification, where the file names it.
    """

    mpp: float
    source: ScaleSource
    objective_power: float | None


@dataclass(frozen=True)
class Level:
    """One level of a slide's pyramid.

    Parameters
    ----------
    width, height : int
        Pixels of this level.
    downsample : float
        Pixels of level 0 in one pixel of this level, along one side.
    """

    width: int
    height: int
    downsample: float


@dataclass(frozen=True)
class Box:
    """A rectangle in level-0 pixels.

    Parameters
    ----------
    left, top, width, height : int
    """

    left: int
    top: int
    width: int
    height: int


class NoJpegError(FileFormatError):
    """A stored tile that is there and holds no JPEG, such as zeros where a download left a hole."""


class JpegLevel(ABC):
    """A level as the file holds it: JPEG tiles on a regular grid from the level's upper left corner.

    Attributes
    ----------
    tile_width, tile_height : int
        Pixels of a stored tile, those at the right and lower edge included (they are padded).
    columns, rows : int
        Tiles of the grid.
    """

    tile_width: int
    tile_height: int
    columns: int
    rows: int

    @abstractmethod
    def sizes(self) -> NDArray[np.int64]:
        """Return the stored bytes of every tile, shape (rows, columns), without reading one; 0 where it is absent."""

    @abstractmethod
    def jpeg(self, column: int, row: int) -> bytes:
        """Return one tile as a JPEG stream that any decoder reads alone, colours right; empty where it is absent.

        Shared tables are put in, and a stream in RGB carries the APP14 marker that says so. No pixel is decoded.
        """


class Slide(ABC):
    """An open slide; a context manager.

    Attributes
    ----------
    path : Path
    format : str
        Such as ``aperio``, ``generic-tiff``, ``dicom``, ``ome-tiff``.
    scale : Scale
    levels : tuple of Level
        From the finest.
    bounds : Box
        What was scanned, in level-0 pixels; all of level 0 where the format has no such thing. Coordinates of tiles,
        regions and annotations are level-0 pixels of the whole level, not of the bounds.
    remarks : tuple of str
        What a user should know of how the slide was taken, such as a scale that contradicts the file's. Often empty.
    """

    path: Path
    format: str
    scale: Scale
    levels: tuple[Level, ...]
    bounds: Box
    remarks: tuple[str, ...] = ()

    @abstractmethod
    def read(self, level: int, left: int, top: int, width: int, height: int) -> Picture:
        """Read a rectangle, given in pixels of that level; what lies outside the slide or was not scanned is white.

        Raises
        ------
        FileFormatError
            The file is damaged there.
        """

    @abstractmethod
    def jpeg_level(self, level: int) -> JpegLevel | None:
        """Return a level's stored JPEG tiles, or None where it has none that can be taken as they are."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def mpp(self, level: int) -> float:
        """Return µm per pixel of a level."""
        return self.scale.mpp * self.levels[level].downsample

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
