"""Bootstrap of patients: the one source of random draws behind the intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from tumorboard.errors import UndefinedEstimateError
from tumorboard.survival.estimate import NORMAL_95, Estimate
from tumorboard.survival.outcome import FloatArray, IntArray

_BATCH_CELLS = 400_000
_FEWEST = 20
_FEWEST_FOR_PERCENTILES = 100
_MOST_DRAWS = 10_000_000
_LEAST_DEFINED_SHARE = 0.9


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn.

    Parameters
    ----------
    replicates : int
        How often patients are drawn anew, with replacement.
    seed : int
        Seed of the draws.
    """

    replicates: int = 1000
    seed: int = 20210

    def for_patients(self, n: int) -> int:
        """Return the replicates for n patients: fewer, but at least 20, past 10 million draws in all."""
        return min(self.replicates, max(_FEWEST, _MOST_DRAWS // max(n, 1)))

    def draws(self, n: int) -> Iterator[IntArray]:
        """Yield the drawn patients of each replicate."""
        rng = np.random.default_rng(self.seed)
        for _ in range(self.for_patients(n)):
            yield rng.integers(0, n, n)

    def multiplicities(self, n: int) -> Iterator[npt.NDArray[np.int32]]:
        """Yield batches of how often each patient was drawn, shape (n, b); the same draws as ``draws``."""
        batch = max(1, _BATCH_CELLS // max(n, 1))
        columns: list[npt.NDArray[np.int32]] = []
        for drawn in self.draws(n):
            columns.append(np.bincount(drawn, minlength=n).astype(np.int32))
            if len(columns) == batch:
                yield np.stack(columns, axis=1)
                columns = []
        if columns:
            yield np.stack(columns, axis=1)


def bootstrap_interval(value: float, replicates: FloatArray) -> tuple[float, float] | None:
    """Return the 95 % interval of a value, or None where a tenth or more of the replicates is undefined.

    Parameters
    ----------
    value : float
        The value of all patients.
    replicates : array of float, shape (b,)
        Its replicates, NaN where undefined.

    Returns
    -------
    tuple of float or None
        The 2.5th and 97.5th percentile; with fewer than 100 replicates (very many patients) the value with 1.96 of
        their standard deviations to each side.
    """
    defined = replicates[np.isfinite(replicates)]
    if len(defined) < _LEAST_DEFINED_SHARE * len(replicates) or len(defined) < 2:
        return None
    if len(replicates) < _FEWEST_FOR_PERCENTILES:
        half_width = NORMAL_95 * float(defined.std(ddof=1))
        return value - half_width, value + half_width
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_p(value: float, replicates: FloatArray) -> float:
    """Return the two-sided p of a difference from zero, in accord with :func:`bootstrap_interval`.

    Twice the smaller share of replicates beyond zero, those at zero counting half on each side (Efron & Tibshirani, An
    Introduction to the Bootstrap, 1993, chapter 15); at least one over the number of replicates, which cannot show
    less. With fewer than 100 replicates, from the normal distribution with their standard deviation.

    Parameters
    ----------
    value : float
        The difference in all patients.
    replicates : array of float, shape (b,)
        Its replicates.
    """
    defined = replicates[np.isfinite(replicates)]
    if len(replicates) < _FEWEST_FOR_PERCENTILES:
        return float(2 * norm.sf(abs(value) / defined.std(ddof=1)))
    at_zero = int((defined == 0).sum()) / 2
    smaller = min(int((defined < 0).sum()) + at_zero, int((defined > 0).sum()) + at_zero)
    return float(np.clip(2 * smaller / len(defined), 1 / len(defined), 1.0))


def bootstrap_estimate(
    statistic: Callable[[IntArray], float], n: int, bootstrap: Bootstrap, groups: IntArray | None = None
) -> Estimate:
    """Return a statistic with its interval over bootstrapped patients.

    Parameters
    ----------
    statistic : callable
        Takes rows (with repetitions) and returns the number; raises ``UndefinedEstimateError`` where there is none.
    n : int
        Number of patients.
    bootstrap : Bootstrap
        Replicates and seed.
    groups : array of int, optional
        Not drawn by row but by group: group of each row, from 0.
    """
    rows_of = None if groups is None or len(groups) == n else _rows_by_group(groups, n)
    every = np.arange(n) if groups is None else np.arange(len(groups))
    try:
        value = statistic(every)
    except UndefinedEstimateError as undefined:
        return Estimate.undefined(undefined.reason)
    replicates = []
    for drawn in bootstrap.draws(n):
        rows = drawn if rows_of is None else np.concatenate([rows_of[group] for group in drawn])
        replicates.append(_or_nan(statistic, rows))
    interval = bootstrap_interval(value, np.asarray(replicates))
    return Estimate(
        value, interval, None if interval else "no interval: undefined in more than a tenth of the replicates"
    )


def _rows_by_group(groups: IntArray, n: int) -> list[IntArray]:
    order = np.argsort(groups, kind="stable")
    return [rows.astype(np.int64) for rows in np.split(order, np.searchsorted(groups[order], np.arange(1, n)))]


def _or_nan(statistic: Callable[[IntArray], float], rows: IntArray) -> float:
    try:
        return statistic(rows)
    except UndefinedEstimateError:
        return float("nan")
