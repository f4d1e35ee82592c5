"""What all open slides share: rectangles that reach beyond a level, damage told with its place, a copy in a process."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

from tumorboard.errors import FileFormatError, UserError
from tumorboard.slides.opening.levels import overlap
from tumorboard.slides.opening.pixels import white
from tumorboard.slides.slide import Box, Picture, Slide


class OpenedSlide(Slide):
    """A slide whose reader gives rectangles within a level.

    It can be pickled: what arrives in another process is opened anew there, with the same scale.

    Parameters
    ----------
    path : Path
        As the user gave it.
    stated_mpp : float or None
        What the user stated.
    """

    def __init__(self, path: Path, stated_mpp: float | None) -> None:
        self.path = path
        self._stated_mpp = stated_mpp
        self._closed = False

    def read(self, level: int, left: int, top: int, width: int, height: int) -> Picture:
        """Read a rectangle, given in pixels of that level; what lies outside the slide or was not scanned is white.

        Raises
        ------
        FileFormatError
            The file is damaged there.
        ValueError
            The slide is closed, has no such level, or the rectangle has no pixel.
        """
        if self._closed:
            raise ValueError(f"{self.path.name} is closed")
        if not 0 <= level < len(self.levels):
            raise ValueError(f"{self.path.name} has {len(self.levels)} levels, counted from 0; there is no {level}")
        if width < 1 or height < 1:
            raise ValueError(f"a rectangle of {width} x {height} pixels has none")
        size = self.levels[level]
        inside = overlap(Box(left, top, width, height), size.width, size.height)
        if inside is None:
            return white(width, height)
        pixels = self._read_inside(level, inside)
        if (inside.width, inside.height) == (width, height):
            return pixels
        picture = white(width, height)
        y, x = inside.top - top, inside.left - left
        picture[y : y + inside.height, x : x + inside.width] = pixels
        return picture

    @abstractmethod
    def _read_inside(self, level: int, box: Box) -> Picture:
        """Read a rectangle that lies within the level, in its pixels."""

    def _damage(self, level: int, box: Box, reason: object) -> FileFormatError:
        return FileFormatError(
            f"is damaged at level {level} near x {box.left}, y {box.top} ({box.width} x {box.height} pixels): "
            f"{one_line(reason)}",
            where=str(self.path),
            fix="Fetch or export the slide again",
        )

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if not self._closed:
            self._closed = True
            self._release()

    @abstractmethod
    def _release(self) -> None:
        """Close what is open."""

    def __reduce__(self) -> tuple[Callable[[Path, float | None], Slide], tuple[Path, float | None]]:
        from tumorboard.slides.opening.opener import reopen

        return reopen, (self.path, self._stated_mpp)


def one_line(reason: object) -> str:
    """Give a reason, another program's or ours, as one line without its final stop."""
    text = reason.what if isinstance(reason, UserError) else str(reason)
    return " ".join(text.split()).rstrip(".") or type(reason).__name__
