"""Dealing an epoch's patients into batches that hold their share of events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stratified_batches(event: NDArray[np.bool_], size: int, random: np.random.Generator) -> list[NDArray[np.int64]]:
    """Deal patients into batches.

    Parameters
    ----------
    event : ndarray of bool, shape (n,)
        Whose event happened.
    size : int
        Patients in a batch, at most.
    random : Generator

    Returns
    -------
    list of ndarray of int64
        Rows of the patients, each once. The batches' sizes differ by at most one, and each one's number of events from
        its share by less than two.

    Examples
    --------
    >>> dealt = stratified_batches(np.arange(8) < 4, 4, np.random.default_rng(0))
    >>> [int((batch < 4).sum()) for batch in dealt]
    [2, 2]
    """
    place = np.empty(len(event))
    for group in (np.flatnonzero(event), np.flatnonzero(~event)):
        # evenly between 0 and 1, from a random start
        place[random.permutation(group)] = (np.arange(len(group)) + random.random()) / max(len(group), 1)
    order = np.argsort(place, kind="stable").astype(np.int64)
    return [random.permutation(batch) for batch in np.array_split(order, max(1, -(-len(event) // size)))]
