"""Counting below a value inside a prefix: what makes a concordance n log n, and a thousand of them cheap.

Question: among the first ``end`` entries of a sequence, how much weight lies on values below ``v``, and how much on
``v`` itself? A wavelet matrix (Claude, Navarro & Ordóñez, Information Systems 2015;47:15-32) answers it for all queries
at once, one bit of the values a pass, with nothing but prefix sums and gathers. The passes depend on the order of the
values alone: a bootstrap changes only the weights, so that the passes are planned once and run for many replicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tumorboard.survival.outcome import FloatArray, IntArray

_Index = npt.NDArray[np.intp]
_Weights = npt.NDArray[Any]  # float64, int64 or int32: sums keep the type of what is summed


@dataclass(frozen=True)
class _Pass:
    """One bit of the values: how entries move, and which part of them lies below which queries."""

    zeros: _Index  # entries whose bit is 0, in their order
    ones: _Index
    raised: _Index  # queries whose bit is 1: all entries of their range with bit 0 lie below them
    starts: _Index  # for those queries, the range among the zeros
    ends: _Index


class PrefixCounts:
    """Weights below and at a value within a prefix, for many queries.

    Parameters
    ----------
    values : array of int, shape (n,)
        Ranks from 0 upward, in sequence order.
    query_ends : array of int, shape (m,)
        Length of the prefix each query looks at.
    query_values : array of int, shape (m,)
        The value each query compares with.
    keep : bool
        Keep the passes in memory for further weights: about 16 bytes times log2(n) an entry.
    """

    def __init__(self, values: IntArray, query_ends: IntArray, query_values: IntArray, *, keep: bool = False) -> None:
        largest = int(values.max(initial=0))
        self._bits = max(1, largest.bit_length())
        self._values = values
        self._query_ends = query_ends.astype(np.intp)
        self._query_values = query_values
        self._passes: list[_Pass] | None = None
        self._last: tuple[_Index, _Index] | None = None
        if keep:
            self._passes = list(self._plan())

    def _plan(self) -> Iterator[_Pass]:
        values = self._values
        ends = self._query_ends
        starts = np.zeros_like(ends)
        for bit in range(self._bits - 1, -1, -1):
            is_one = (values >> bit) & 1 == 1
            zeros_before = np.concatenate(([0], np.cumsum(~is_one)))
            zeros, ones = np.flatnonzero(~is_one), np.flatnonzero(is_one)
            query_is_one = (self._query_values >> bit) & 1 == 1
            start_zeros, end_zeros = zeros_before[starts], zeros_before[ends]
            raised = np.flatnonzero(query_is_one)
            yield _Pass(zeros, ones, raised, start_zeros[raised], end_zeros[raised])
            starts = np.where(query_is_one, len(zeros) + starts - start_zeros, start_zeros)
            ends = np.where(query_is_one, len(zeros) + ends - end_zeros, end_zeros)
            values = np.concatenate((values[zeros], values[ones]))
        self._last = (starts, ends)

    def count(self, weights: _Weights) -> tuple[_Weights, _Weights]:
        """Sum the weights below and at each query's value within its prefix.

        Parameters
        ----------
        weights : array, shape (n,) or (n, b)
            Weight of each entry; one column a replicate.

        Returns
        -------
        below, equal : arrays, shape (m,) or (m, b)
            Sums in the type of the weights.
        """
        shape = (len(self._query_ends), *weights.shape[1:])
        below = np.zeros(shape, dtype=weights.dtype)
        passes = self._passes if self._passes is not None else self._plan()
        for step in passes:
            zero_weights = weights[step.zeros]
            sums = prefix_sums(zero_weights)
            below[step.raised] += sums[step.ends] - sums[step.starts]
            weights = np.concatenate((zero_weights, weights[step.ones]))
        assert self._last is not None
        starts, ends = self._last
        sums = prefix_sums(weights)
        return below, sums[ends] - sums[starts]


def prefix_sums(weights: _Weights) -> _Weights:
    """Return the sums of the first 0, 1, … n rows: shape (n + 1,) or (n + 1, b), in the type of the weights."""
    sums = np.zeros((len(weights) + 1, *weights.shape[1:]), dtype=weights.dtype)
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums


def dense_ranks(values: FloatArray) -> IntArray:
    """Return the rank of each value among the distinct values, from 0 upward."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
