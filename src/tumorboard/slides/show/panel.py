"""The panel of an overlay: its legend and the slide's facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.lettering import draw_text, text_width, wrapped
from tumorboard.slides.show.palette import Colour
from tumorboard.slides.slide import Picture

_TEXT_PX, _SMALL_PX = 16, 12
_LINE_PX = 25
_PAD_PX = 14
_SWATCH_PX = 18
_GAP_PX = 8
_BESIDE_PX = 330
_LEAST_BELOW_PX = 640
_WARNING: Colour = (160, 60, 0)
_QUIET: Colour = (95, 95, 95)


@dataclass(frozen=True)
class _Entry:
    kind: Literal["line", "cased line", "area", "square", "stroke"]
    text: str
    colour: Colour
    thickness: int = 2


@dataclass
class Panel:
    """What a panel shows, from the top.

    Parameters
    ----------
    facts, warnings : tuple of str
        Lines of text.
    """

    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    entries: list[_Entry] = field(default_factory=list)

    def line(self, text: str, colour: Colour) -> None:
        """Add an outline to the legend."""
        self.entries.append(_Entry("line", text, colour))

    def cased_line(self, text: str, colour: Colour) -> None:
        """Add an outline between black ones to the legend."""
        self.entries.append(_Entry("cased line", text, colour))

    def area(self, text: str, colour: Colour) -> None:
        """Add a tinted area to the legend."""
        self.entries.append(_Entry("area", text, colour))

    def square(self, text: str, colour: Colour, thickness: int) -> None:
        """Add a square, as of tiles, to the legend."""
        self.entries.append(_Entry("square", text, colour, thickness))

    def stroke(self, text: str, colour: Colour) -> None:
        """Add a stroke, as of a tile left out, to the legend."""
        self.entries.append(_Entry("stroke", text, colour))


def with_panel(picture: Picture, panel: Panel) -> Picture:
    """Put a panel below a picture, or to the right of a narrow one.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
    panel : Panel

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    height, width = picture.shape[:2]
    if width >= _LEAST_BELOW_PX:
        drawn = _draw(panel, width)
        return np.concatenate([picture, drawn])
    drawn = _draw(panel, _BESIDE_PX)
    taller = max(height, drawn.shape[0])
    return np.concatenate([_to_height(picture, taller), _to_height(drawn, taller)], axis=1)


def _to_height(picture: Picture, height: int) -> Picture:
    return np.pad(picture, ((0, height - picture.shape[0]), (0, 0), (0, 0)), constant_values=255)


def _draw(panel: Panel, width: int) -> Picture:
    texts = [(line, _QUIET if number else (0, 0, 0)) for number, line in enumerate(panel.facts)]
    texts += [(f"! {line}", _WARNING) for line in panel.warnings]
    lines = [(line, colour) for text, colour in texts for line in wrapped(text, _TEXT_PX, width - 2 * _PAD_PX)]
    rows = _legend_rows(panel.entries, width - 2 * _PAD_PX)
    small = wrapped(RESEARCH_USE_ONLY, _SMALL_PX, width - 2 * _PAD_PX)
    height = 2 * _PAD_PX + _LINE_PX * (len(rows) + len(lines)) + (_SMALL_PX + 4) * len(small)
    drawn = np.full((height, width, 3), 255, np.uint8)
    cv2.line(drawn, (0, 0), (width, 0), (190, 190, 190), 1)
    top = _PAD_PX
    for row in rows:
        left = _PAD_PX
        for entry in row:
            _draw_entry(drawn, entry, left, top)
            left += _entry_width(entry)
        top += _LINE_PX
    for line, colour in lines:
        draw_text(drawn, line, _PAD_PX, top, _TEXT_PX, colour=colour)
        top += _LINE_PX
    for line in small:
        draw_text(drawn, line, _PAD_PX, top, _SMALL_PX, colour=_QUIET)
        top += _SMALL_PX + 4
    return drawn


def _legend_rows(entries: list[_Entry], width: int) -> list[list[_Entry]]:
    rows: list[list[_Entry]] = []
    used = 0
    for entry in entries:
        needed = _entry_width(entry)
        if not rows or used + needed > width:
            rows.append([])
            used = 0
        rows[-1].append(entry)
        used += needed
    return rows


def _entry_width(entry: _Entry) -> int:
    return _SWATCH_PX + _GAP_PX + text_width(entry.text, _TEXT_PX) + 3 * _GAP_PX


def _draw_entry(drawn: Picture, entry: _Entry, left: int, top: int) -> None:
    middle = top + _TEXT_PX // 2 + 2
    first, last = (left, middle - _SWATCH_PX // 2), (left + _SWATCH_PX - 1, middle + _SWATCH_PX // 2 - 1)
    if entry.kind == "area":
        tinted = tuple(round(0.45 * value + 0.55 * 255) for value in entry.colour)
        cv2.rectangle(drawn, first, last, tinted, -1)
        cv2.rectangle(drawn, first, last, entry.colour, 1)
    elif entry.kind == "square":
        cv2.rectangle(drawn, first, last, entry.colour, entry.thickness)
    elif entry.kind == "stroke":
        cv2.line(drawn, (first[0] + 3, first[1] + 3), (last[0] - 3, last[1] - 3), entry.colour, 2, cv2.LINE_AA)
    else:
        if entry.kind == "cased line":
            cv2.line(drawn, (first[0], middle), (last[0], middle), (0, 0, 0), 6)
        cv2.line(drawn, (first[0], middle), (last[0], middle), entry.colour, 3)
    draw_text(drawn, entry.text, left + _SWATCH_PX + _GAP_PX, top, _TEXT_PX)
