"""Spatially even samples of tiles, and how a cap is shared out among a patient's slides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sample_evenly(boxes: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw tiles so that they lie evenly over the tissue.

    The tiles are put in the order of a Hilbert curve, along which neighbours on the slide stay neighbours (Hilbert
    1891), and taken at even distances from a random start (systematic sampling), the distances halved again and again
    (van der Corput 1935). So every tile has the same chance, whether it lies at the tissue's edge or within; the first
    k of a sample are themselves even; and a smaller count gives the beginning of a larger one's sample.

    Parameters
    ----------
    boxes : ndarray of int64, shape (n, 4)
        Left, top, width, height.
    count : int
        How many; all where there are no more.
    seed : int
        Seed of the start.

    Returns
    -------
    ndarray of int64, shape (min(count, n),)
        Places in `boxes`, in the order in which they were drawn.

    Raises
    ------
    ValueError
        The count is negative.
    """
    if count < 0:
        raise ValueError(f"{count} tiles cannot be drawn")
    total = len(boxes)
    if not total or not count:
        return np.zeros(0, np.int64)
    curve = np.lexsort((np.arange(total), _along_hilbert_curve(boxes)))
    start = int(np.random.default_rng(seed).integers(total))
    ranks = (_ever_finer(total)[:count] + start) % total
    return np.asarray(curve[ranks], np.int64)


def share_out(counts: Sequence[int], cap: int) -> list[int]:
    """Share out a cap in proportion to how many tiles each slide has (largest remainders; the first slide at a tie).

    Parameters
    ----------
    counts : sequence of int
        Tiles of each slide.
    cap : int
        How many in all.

    Returns
    -------
    list of int
        Tiles to draw from each slide: in all the cap, or all tiles where there are no more.

    Raises
    ------
    ValueError
        A number is negative.

    Examples
    --------
    >>> share_out([600, 300, 100], 256)
    [154, 77, 25]
    >>> share_out([10, 0, 5], 256)
    [10, 0, 5]
    """
    if cap < 0 or min(counts, default=0) < 0:
        raise ValueError(f"{cap} tiles cannot be shared out among slides of {list(counts)}")
    total = sum(counts)
    if total <= cap:
        return list(counts)
    shares = [cap * count // total for count in counts]
    remainders = sorted(range(len(counts)), key=lambda place: (-(cap * counts[place] % total), place))
    for place in remainders[: cap - sum(shares)]:
        shares[place] += 1
    return shares


def _ever_finer(total: int) -> NDArray[np.int64]:
    """Give the ranks 0 to total - 1 so that the first k of them, for any k, divide the range about evenly."""
    bits = max(1, (total - 1).bit_length())
    order = np.arange(1 << bits, dtype=np.int64)
    turned = np.zeros_like(order)
    for bit in range(bits):
        turned |= (order >> bit & 1) << (bits - 1 - bit)
    ranks = turned * total >> bits
    _, first = np.unique(ranks, return_index=True)
    return np.asarray(ranks[np.sort(first)], np.int64)


_ORDER = 16


def _along_hilbert_curve(boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each box's place along a Hilbert curve through a square of 2^16 x 2^16 cells."""
    x, y = (boxes[:, axis] + boxes[:, axis + 2] // 2 for axis in (0, 1))
    x, y = x - x.min(), y - y.min()
    size = max(int(x.max()), int(y.max())) + 1
    cells = 1 << _ORDER
    x, y = x * cells // size, y * cells // size
    place = np.zeros(len(boxes), np.int64)
    half = cells >> 1
    while half:
        right, below = (x & half) > 0, (y & half) > 0
        place += half * half * ((3 * right) ^ below)
        # turn the quadrant so that the curve within it runs as in the whole
        turn, mirror = ~below, ~below & right
        x, y = np.where(mirror, cells - 1 - x, x), np.where(mirror, cells - 1 - y, y)
        x, y = np.where(turn, y, x), np.where(turn, x, y)
        half >>= 1
    return place
