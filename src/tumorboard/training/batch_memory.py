"""The memory of batches, used again: the system clears what it gives anew, which takes a third of decoding it."""

from __future__ import annotations

import weakref
from collections import defaultdict, deque
from functools import partial

import numpy as np
from numpy.typing import NDArray

_KEPT = 4
_ROUNDED_TO = 8
Pixels = NDArray[np.uint8]


class BatchMemory:
    """Gives memory for batches of pictures, and takes it back when nobody holds it any more.

    Examples
    --------
    >>> memory = BatchMemory()
    >>> memory.take(3, (2, 2, 1)).shape
    (3, 2, 2, 1)
    """

    def __init__(self) -> None:
        self._free: defaultdict[tuple[int, ...], deque[Pixels]] = defaultdict(partial(deque, maxlen=_KEPT))

    def take(self, pictures: int, shape: tuple[int, ...]) -> Pixels:
        """Return memory that nobody else holds; what is in it means nothing.

        It is free again when the array returned is gone, and what was made from that very array, such as a tensor.
        Arrays cut from it do not count.

        Parameters
        ----------
        pictures : int
            How many.
        shape : tuple of int
            Of a picture.

        Returns
        -------
        ndarray of uint8, shape (pictures, *shape)
        """
        rounded = -(-pictures // _ROUNDED_TO) * _ROUNDED_TO  # batches of an epoch differ by one
        free = self._free[rounded, *shape]
        try:
            whole = free.pop()
        except IndexError:
            whole = np.empty((rounded, *shape), np.uint8)
        given = whole[:pictures]
        weakref.finalize(given, free.append, whole).atexit = False
        return given
