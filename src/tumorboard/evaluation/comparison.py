"""Paired comparison of two risks on the same patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorboard.errors import OutcomeError, UndefinedEstimateError
from tumorboard.evaluation.discrimination import FoldedConcordance
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap, bootstrap_interval, bootstrap_p
from tumorboard.survival import Estimate

TEST_NAME = "paired bootstrap of patients, two-sided"


@dataclass(frozen=True)
class PairedDifference:
    """The difference of two concordances on the same patients.

    Parameters
    ----------
    first, second : str
        The models; the difference is first minus second.
    n, events : int
        Patients and their events.
    difference : Estimate
        With its bootstrap interval.
    p : float or None
        p-value of ``TEST_NAME``.
    """

    first: str
    second: str
    n: int
    events: int
    difference: Estimate
    p: float | None

    def to_json(self) -> dict[str, object]:
        """Return the comparison as plain JSON types."""
        return {
            "first": self.first,
            "second": self.second,
            "n": self.n,
            "events": self.events,
            "difference": self.difference.to_json(),
            "p": self.p,
            "test": TEST_NAME,
        }


def paired_difference(first: Predictions, second: Predictions, bootstrap: Bootstrap) -> PairedDifference:
    """Compare Harrell's concordance of two predictions of the same patients.

    Patients are drawn once for both; the variation of training is not in the interval, as with every comparison of
    out-of-fold predictions.

    Parameters
    ----------
    first, second : Predictions
        Of the same patients with the same outcomes.
    bootstrap : Bootstrap
        Replicates and seed.

    Raises
    ------
    OutcomeError
        For different patients or different outcomes.
    """
    check_same_patients(first, second)
    n = len(first.patients)
    events = int(first.frame.drop_duplicates("patient_id")["event"].sum())
    one, other = FoldedConcordance(first), FoldedConcordance(second)
    try:
        value = one.value() - other.value()
    except UndefinedEstimateError as undefined:
        return PairedDifference(first.name, second.name, n, events, Estimate.undefined(undefined.reason), None)
    replicates = one.replicates(bootstrap) - other.replicates(bootstrap)
    interval = bootstrap_interval(value, replicates)
    p = bootstrap_p(value, replicates) if interval and np.nanstd(replicates) > 0 else None
    reason = None if interval else "no interval: undefined in more than a tenth of the replicates"
    return PairedDifference(first.name, second.name, n, events, Estimate(value, interval, reason), p)


def check_same_patients(first: Predictions, second: Predictions) -> None:
    """Check that two predictions are of the same patients with the same outcomes.

    Raises
    ------
    OutcomeError
        Where they are not.
    """
    if not np.array_equal(first.patients, second.patients):
        only_first, only_second = set(first.patients) - set(second.patients), set(second.patients) - set(first.patients)
        raise OutcomeError(
            f"{len(only_first)} patients are only in '{first.name}' and {len(only_second)} only in '{second.name}'",
            fix="A paired comparison needs the same patients",
        )
    labels = [[name for name in ("repeat", "fold") if name in item.frame] for item in (first, second)]
    if labels[0] != labels[1]:
        raise OutcomeError(
            f"'{first.name}' has {' and '.join(labels[0]) or 'no folds'}, "
            f"but '{second.name}' has {' and '.join(labels[1]) or 'no folds'}",
            fix="Give both the same folds, or none: their pairs are not the same otherwise",
        )
    _check_same_folds(first, second)
    columns = ["patient_id", "time_months", "event"]
    outcomes = [item.frame.drop_duplicates("patient_id").sort_values("patient_id")[columns] for item in (first, second)]
    same_event = np.array_equal(outcomes[0]["event"].to_numpy(float), outcomes[1]["event"].to_numpy(float))
    if not same_event or not np.allclose(outcomes[0]["time_months"], outcomes[1]["time_months"]):
        raise OutcomeError(f"'{first.name}' and '{second.name}' have different outcomes for the same patients")


def _check_same_folds(first: Predictions, second: Predictions) -> None:
    keys = ["patient_id", *(name for name in ("repeat", "fold") if name in first.frame)]
    dealt = [item.frame[keys].astype(str).sort_values(keys).to_numpy() for item in (first, second)]
    if not np.array_equal(dealt[0], dealt[1]):
        raise OutcomeError(
            f"'{first.name}' and '{second.name}' were dealt into different folds",
            fix="A paired comparison within folds needs the same folds",
        )
