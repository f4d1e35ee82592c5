"""Pieces of a mask, and what may be done with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.masks import Mask, at_least, both, doubled, empty_like, is_any, shrunk

_STRIP_PX = 2**20
_BAND_PX = 2**21


@dataclass(frozen=True, eq=False)
class Pieces:
    """The connected pieces of a mask (corners connect).

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Number of each pixel's piece; 0 outside.
    count : int
        How many numbers there are, the outside's included.
    """

    labels: NDArray[np.int32]
    count: int

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """Pixels of each, shape (pieces + 1,); the first is the outside's."""
        areas = np.zeros(self.count, np.int64)
        for rows in self._strips():
            areas += np.bincount(self.labels[rows].ravel(), minlength=self.count)
        return areas

    @cached_property
    def boxes(self) -> NDArray[np.int64]:
        """Left, top, width and height of each, shape (pieces + 1, 4); the first row, the outside's, says nothing."""
        rows, columns = np.nonzero(self.labels)
        numbers = self.labels[rows, columns]
        first = np.full((self.count, 2), max(self.labels.shape), np.int64)
        last = np.zeros((self.count, 2), np.int64)
        for side, places in enumerate((columns, rows)):
            np.minimum.at(first[:, side], numbers, places)
            np.maximum.at(last[:, side], numbers, places + 1)
        return np.hstack([first, last - first])

    def chosen(self, keep: NDArray[np.bool_]) -> Mask:
        """Give the mask of the pieces that are kept; what is said of the outside does not count."""
        table = np.where(keep, 255, 0).astype(np.uint8)
        table[0] = 0
        mask = np.empty(self.labels.shape, np.uint8)
        for rows in self._strips():
            mask[rows] = np.take(table, self.labels[rows])
        return mask

    def _strips(self) -> Iterator[slice]:
        """Give some rows at a time: numpy turns numbers by which it counts or looks up into ones of eight bytes."""
        height, width = self.labels.shape
        step = max(1, _STRIP_PX // max(1, width))
        return (slice(top, top + step) for top in range(0, height, step))


def pieces_of(mask: Mask) -> Pieces:
    """Label the connected pieces of a mask."""
    # OpenCV's own areas and boxes, with centres that nobody asked for, would cost several times the labels
    count, labels = cv2.connectedComponents(mask, connectivity=8, ltype=cv2.CV_32S)
    return Pieces(np.asarray(labels, np.int32), count)


def larger_than(mask: Mask, pixels: float) -> Mask:
    """Drop the pieces with less area, those that corners alone connect taken for several."""
    kept = empty_like(mask)
    place = _around(mask, 0)
    if place is not None and cv2.countNonZero(mask) >= pixels:
        _turn_small(mask[place], kept[place], 0, int(np.ceil(pixels)) - 1)
    return kept


def holding(mask: Mask, seeds: Mask, pixels: float) -> Mask:
    """Keep the pieces that hold a seed and have the area; looked at in half the size, which joins the nearest."""
    place = _around(mask, 0)
    if place is None or not is_any(seeds):
        return empty_like(mask)
    # pairs of rows and columns stay together
    rows, columns = (slice(side.start // 2 * 2, -(-side.stop // 2) * 2) for side in place)
    kept = empty_like(mask)
    kept[rows, columns] = _holding(mask[rows, columns], seeds[rows, columns], pixels)
    return kept


def _holding(mask: Mask, seeds: Mask, pixels: float) -> Mask:
    parts = _halved(mask)
    small = pieces_of(at_least(parts, 1))
    keep = np.zeros(small.count, np.bool_)
    keep[small.labels[_halved(seeds) > 0]] = True
    keep[0] = False
    # a pixel of half the size stands for one to four; only where that leaves it open they are counted
    doubtful = keep & (small.areas < pixels)
    keep &= small.areas * 4 >= pixels
    if (doubtful & keep).any():
        total = np.bincount(small.labels.ravel(), parts.ravel(), small.count) * 4 / 255
        keep &= total >= pixels
    return both(mask, doubled(small.chosen(keep))[: mask.shape[0], : mask.shape[1]])


def _halved(mask: Mask) -> Mask:
    """Halve a mask: each pixel is the mean of four."""
    even = cv2.copyMakeBorder(mask, 0, mask.shape[0] % 2, 0, mask.shape[1] % 2, cv2.BORDER_CONSTANT, value=[0])
    return shrunk(np.asarray(even, np.uint8), 2)


def without_holes(mask: Mask, pixels: float) -> Mask:
    """Fill the holes, and bays at the picture's edge, with up to an area."""
    # so far around that what surrounds the mask is no small hole itself
    place = _around(mask, int(np.sqrt(pixels)) + 2)
    filled = mask.copy()
    if place is not None:
        _turn_small(mask[place], filled[place], 255, int(pixels))
    return filled


def _turn_small(mask: Mask, out: Mask, value: int, pixels: int) -> None:
    """Copy a mask, but give a value to even areas of up to so many pixels.

    It goes by bands, as OpenCV takes nine bytes a pixel for it. They overlap so far that a piece which a band cuts and
    which reaches to where the band is copied is larger than that.
    """
    height, width = mask.shape
    overlap = pixels + 1
    step = max(_BAND_PX // width, 2 * overlap)
    for top in range(0, height, step):
        first = max(0, top - overlap)
        band = mask[first : top + step + overlap].copy()
        cv2.filterSpeckles(band, value, pixels, 0)
        out[top : top + step] = band[top - first : top - first + step]


def widened(mask: Mask, radius_px: float) -> Mask:
    """Grow a mask on all sides."""
    radius = round(radius_px)
    if radius < 1:
        return mask
    place = _around(mask, radius)
    grown = empty_like(mask)
    if place is not None:
        grown[place] = cv2.dilate(mask[place], disc(radius))
    return grown


def opened(mask: Mask, width_px: float) -> Mask:
    """Drop what is narrower than a width."""
    kept = empty_like(mask)
    # with what surrounds it: beyond the picture's edge it counts as going on
    place = _around(mask, 1)
    if place is not None:
        kept[place] = cv2.morphologyEx(mask[place], cv2.MORPH_OPEN, disc(round(width_px / 2)))
    return kept


def closed(mask: Mask, width_px: float) -> Mask:
    """Close gaps up to a width."""
    radius = round(width_px / 2)
    place = _around(mask, 0)
    if radius < 1 or place is None:
        return mask
    # a frame, so that nothing is pulled to the edge
    framed = cv2.copyMakeBorder(mask[place], radius, radius, radius, radius, cv2.BORDER_CONSTANT, value=[0])
    whole = mask.copy()
    whole[place] = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disc(radius))[radius:-radius, radius:-radius]
    return whole


def disc(radius: int) -> Mask:
    """Give a disc as OpenCV's operations take it."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _around(mask: Mask, margin: int) -> tuple[slice, slice] | None:
    """Give the rows and columns in which a mask lies, and some more; None where it is empty."""
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return None
    return slice(max(0, top - margin), top + height + margin), slice(max(0, left - margin), left + width + margin)
