"""Pieces of a mask, and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.tissue.masks import Mask, at_least, both, empty_like, is_any, shrunk


@dataclass(frozen=True, eq=False)
class Pieces:
    """The connected pieces of a mask (corners connect).

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Number of each pixel's piece; 0 outside.
    boxes : ndarray of int32, shape (pieces + 1, 4)
        Left, top, width, height; the first row is the outside's.
    areas : ndarray of int64, shape (pieces + 1,)
        Pixels.
    """

    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int64]

    def chosen(self, keep: NDArray[np.bool_]) -> Mask:
        """Give the mask of the pieces that are kept; what is said of the outside does not count."""
        table = np.where(keep, 255, 0).astype(np.uint8)
        table[0] = 0
        return table[self.labels]


def pieces_of(mask: Mask) -> Pieces:
    """Label the connected pieces of a mask."""
    _, labels, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    return Pieces(
        np.asarray(labels, np.int32), np.asarray(table[:, :4], np.int32), np.asarray(table[:, 4]).astype(np.int64)
    )


def larger_than(mask: Mask, pixels: float) -> Mask:
    """Drop the pieces with less area."""
    kept = mask.copy()
    cv2.filterSpeckles(kept, 0, int(np.ceil(pixels)) - 1, 0)
    return kept


def holding(mask: Mask, seeds: Mask, pixels: float) -> Mask:
    """Keep the pieces that hold a seed and have the area; looked at in half the size, which joins the nearest."""
    if not is_any(seeds):
        return empty_like(mask)
    parts = _halved(mask)
    small = pieces_of(at_least(parts, 1))
    total = np.bincount(small.labels.ravel(), parts.ravel(), len(small.areas)) * 4 / 255
    seeded = np.zeros(len(small.areas), np.bool_)
    seeded[small.labels[_halved(seeds) > 0]] = True
    kept = small.chosen(seeded & (total >= pixels)).repeat(2, axis=0).repeat(2, axis=1)
    return both(mask, np.ascontiguousarray(kept[: mask.shape[0], : mask.shape[1]]))


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
        part = np.ascontiguousarray(filled[place])
        cv2.filterSpeckles(part, 255, int(pixels), 0)
        filled[place] = part
    return filled


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
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc(round(width_px / 2))), np.uint8)


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
