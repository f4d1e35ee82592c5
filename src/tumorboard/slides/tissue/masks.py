"""Masks of 0 and 255, and what they are made of: the fast operations of OpenCV, typed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.uint8]
"""One value a pixel, shape (height, width)."""

Mask = NDArray[np.uint8]
"""0 outside, 255 inside, shape (height, width)."""


def empty_like(mask: Channel) -> Mask:
    """Give a mask with nothing in it."""
    return np.zeros(mask.shape, np.uint8)


def mask_of(where: NDArray[np.bool_]) -> Mask:
    """Turn true into 255."""
    return where.astype(np.uint8) * np.uint8(255)


def as_true(mask: Mask) -> NDArray[np.bool_]:
    """Turn 255 into true, in the mask's own memory: it is given up."""
    return np.not_equal(mask, 0, out=mask.view(np.bool_))


def is_any(mask: Mask) -> bool:
    """Tell whether anything is in a mask."""
    return bool(cv2.countNonZero(mask))


def at_least(channel: Channel, level: float) -> Mask:
    """Tell where a channel reaches a level above 0."""
    return np.asarray(cv2.threshold(channel, np.ceil(level) - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)


def exceeds(one: Channel, other: Channel) -> Mask:
    """Tell where one channel is greater than another."""
    return np.asarray(cv2.compare(one, other, cv2.CMP_GT), np.uint8)


def times(channel: Channel, factor: float) -> Channel:
    """Multiply a channel, rounded, at most 255."""
    return np.asarray(cv2.convertScaleAbs(channel, alpha=factor), np.uint8)


def both(one: Mask, other: Mask) -> Mask:
    """Give what is in one mask and in the other; of a channel and a mask, the channel within it."""
    return np.asarray(cv2.bitwise_and(one, other), np.uint8)


def either(one: Mask, other: Mask) -> Mask:
    """Give what is in one mask or in the other."""
    return np.asarray(cv2.bitwise_or(one, other), np.uint8)


def without(one: Mask, other: Mask) -> Mask:
    """Give what is in one mask but not in the other."""
    return np.asarray(cv2.subtract(one, other), np.uint8)


def inverse(mask: Mask) -> Mask:
    """Give what is not in a mask."""
    return np.asarray(cv2.bitwise_not(mask), np.uint8)


def ridge(channel: Channel, width_um: float, mpp: float) -> Channel:
    """Give by how much each pixel exceeds what surrounds things up to a width."""
    side = 2 * max(1, round(width_um / 2 / mpp)) + 1
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    return np.asarray(cv2.morphologyEx(channel, cv2.MORPH_TOPHAT, square), np.uint8)


def shrunk(picture: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Average squares of pixels; what is left over at the right and lower edge is dropped."""
    if factor == 1:
        return picture
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    if not height or not width:
        return picture[:height, :width]
    whole = picture[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(mask: Mask, factor: int, like: Mask) -> Mask:
    """Undo `shrunk` for a mask; what had been left over is empty."""
    if factor == 2:
        large = doubled(mask)
    else:
        large = np.asarray(cv2.resize(mask, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST), np.uint8)
    whole = empty_like(like)
    whole[: large.shape[0], : large.shape[1]] = large
    return whole


def doubled(mask: Mask) -> Mask:
    """Make four pixels of each."""
    # a byte twice, as one number of two bytes: many times as fast as copying bytes one by one
    wide = mask.astype(np.uint16) * np.uint16(257)
    return wide.view(np.uint8).repeat(2, axis=0)
