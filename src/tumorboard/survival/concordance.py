"""Concordance: how often the patient with the higher risk has the event first.

A pair is comparable when one patient has the event before the other's time, or at the same time as the other is
censored (a censored patient is known to have lived that long). Two events at one time are not comparable.
Equal risks count one half. Within folds (``strata``) only pairs of the same fold count, since log-risks of different
folds share no origin; the folds are thereby weighted by their comparable pairs.

References
----------
Harrell FE, Lee KL, Mark DB. Stat Med 1996;15:361-387.
Uno H, Cai T, Pencina MJ, D'Agostino RB, Wei LJ. Stat Med 2011;30:1105-1117.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.errors import OutcomeError, UndefinedEstimateError
from tumorboard.survival.outcome import FloatArray, IntArray, Survival, as_risk
from tumorboard.survival.prefix_counts import PrefixCounts, dense_ranks, prefix_sums

NO_COMPARABLE_PAIR = "no comparable pair of patients"


@dataclass(frozen=True)
class Concordance:
    """Weighted numbers of pairs, and the concordance that follows.

    Parameters
    ----------
    concordant, discordant, tied : float
        Weights of the pairs in which the patient with the earlier event has the higher, the lower, the same risk.
    """

    concordant: float
    discordant: float
    tied: float

    @property
    def comparable(self) -> float:
        """Weight of all comparable pairs."""
        return self.concordant + self.discordant + self.tied

    @property
    def value(self) -> float:
        """The concordance, from 0 to 1.

        Raises
        ------
        UndefinedEstimateError
            Where no pair is comparable.
        """
        if self.comparable == 0:
            raise UndefinedEstimateError(NO_COMPARABLE_PAIR)
        return (self.concordant + self.tied / 2) / self.comparable


def harrell_concordance(outcome: Survival, risk: npt.ArrayLike, *, strata: npt.ArrayLike | None = None) -> Concordance:
    """Count Harrell's concordant, discordant and tied pairs in n log n.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    risk : array_like, shape (n,)
        Higher is worse.
    strata : array_like, shape (n,), optional
        Fold of each patient; pairs of different folds do not count.

    Returns
    -------
    Concordance

    Examples
    --------
    >>> harrell_concordance(Survival([1, 2, 3], [1, 1, 0]), [3.0, 1.0, 2.0]).value
    0.6666666666666666
    """
    return weighted_concordance(outcome, risk, event_weight=None, strata=strata)


def weighted_concordance(
    outcome: Survival, risk: npt.ArrayLike, *, event_weight: FloatArray | None, strata: npt.ArrayLike | None = None
) -> Concordance:
    """Count pairs with a weight on the patient whose event comes first.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    risk : array_like, shape (n,)
        Higher is worse.
    event_weight : array of float, shape (n,), optional
        Weight of every pair in which this patient's event comes first; 0 leaves the patient's event out.
    strata : array_like, shape (n,), optional
        Fold of each patient; pairs of different folds do not count.
    """
    values = as_risk(risk, len(outcome))
    sums = np.zeros(3)
    for rows in split_strata(strata, len(outcome)):
        stratum = ConcordancePairs(outcome[rows], values[rows], keep=False)
        weight = None if event_weight is None else event_weight[rows]
        sums += stratum.sums(weight)
    return Concordance(*(float(number) for number in sums))


class ConcordancePairs:
    """The comparable pairs of one set of patients, prepared for many weightings.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    risk : array of float, shape (n,)
        Higher is worse.
    keep : bool
        Keep the plan of the count in memory, for many replicates.
    """

    def __init__(self, outcome: Survival, risk: FloatArray, *, keep: bool = True) -> None:
        # latest first; at one time the censored before the events: each event's comparable patients are a prefix
        self._order = np.lexsort((outcome.event, -outcome.time_months))
        time = outcome.time_months[self._order]
        event = outcome.event[self._order]
        ranks = dense_ranks(risk)[self._order]
        self._events = np.flatnonzero(event)
        first_of_group = np.concatenate(([True], (time[1:] != time[:-1]) | (event[1:] != event[:-1])))[: len(time)]
        group_start = np.maximum.accumulate(np.where(first_of_group, np.arange(len(time)), 0))
        self._ends = group_start[self._events]
        self._counts = PrefixCounts(ranks, self._ends, ranks[self._events], keep=keep)

    def sums(self, event_weight: FloatArray | None = None) -> FloatArray:
        """Return the weights of concordant, discordant and tied pairs.

        Parameters
        ----------
        event_weight : array of float, shape (n,), optional
            Weight of the pairs led by each patient's event.
        """
        below, equal = self._counts.count(np.ones(len(self._order), dtype=np.int64))
        above = self._ends - below - equal
        if event_weight is None:
            return np.array([below.sum(), above.sum(), equal.sum()], dtype=np.float64)
        weight = event_weight[self._order][self._events]
        return np.array([weight @ below, weight @ above, weight @ equal])

    def replicate_sums(self, multiplicity: npt.NDArray[np.int32]) -> FloatArray:
        """Return the pairs' weights in bootstrap replicates.

        Parameters
        ----------
        multiplicity : array of int32, shape (n, b)
            How often each patient was drawn in each replicate. Two copies of one patient are no pair.

        Returns
        -------
        array of float, shape (3, b)
            Concordant, discordant and tied.
        """
        weights = multiplicity[self._order]
        below, equal = self._counts.count(weights)
        total = prefix_sums(weights)[self._ends]
        leading = weights[self._events].astype(np.float64)
        concordant, tied, comparable = (np.einsum("eb,eb->b", leading, count) for count in (below, equal, total))
        return np.stack((concordant, comparable - concordant - tied, tied))


def split_strata(strata: npt.ArrayLike | None, n: int) -> list[IntArray]:
    """Return the rows of each stratum, the strata in order of their labels.

    Parameters
    ----------
    strata : array_like, shape (n,), optional
        A label a patient; None puts all into one stratum.
    n : int
        Number of patients.

    Raises
    ------
    OutcomeError
        Where there are not n labels.
    """
    if strata is None:
        return [np.arange(n, dtype=np.int64)]
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise OutcomeError(f"'fold' has {len(labels)} values but there are {n} patients")
    codes = np.unique(labels, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    return [rows.astype(np.int64) for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(rows)]
