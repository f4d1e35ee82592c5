"""Out-of-fold predictions of one model, and the scale on which they may be compared.

Log-risks of different folds share no origin: each fold's model has its own. Concordance therefore counts pairs within
a fold only; where one scale is needed (Cox, groups, ranks) a risk is standardised within its fold. Predicted
probabilities are absolute and may be pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tumorboard.errors import OutcomeError
from tumorboard.survival.concordance import split_strata
from tumorboard.survival.outcome import BoolArray, FloatArray, IntArray, Survival

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Predicted probabilities of being free of the event.

    Parameters
    ----------
    times_months : array of float, shape (k,)
        Increasing times.
    survival : array of float, shape (n, k)
        One row a row of the predictions.
    origin : str
        Where they come from, in words fit for a report.
    """

    times_months: FloatArray
    survival: FloatArray
    origin: str

    def at(self, time_months: float) -> FloatArray | None:
        """Return the probabilities at one of the times, or None where it is not among them."""
        position = np.flatnonzero(np.isclose(self.times_months, time_months))
        return self.survival[:, position[0]] if len(position) else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions for patients it was not fitted on.

    Parameters
    ----------
    name : str
        The model's name.
    frame : DataFrame
        One row a patient and repeat: ``patient_id``, ``time_months``, ``event``, ``risk`` (higher is worse), and where
        there are any ``repeat``, ``fold``, ``competing`` (died of something else) and ``call`` (1: predicted to die
        before the landmark).
    probabilities : Probabilities, optional
        Predicted survival of the same rows.
    call_origin : str
        How the call was made, in words fit for a report.

    Raises
    ------
    OutcomeError
        For outcomes that cannot be, risks that are not finite, a patient who stands twice in a repeat or is absent from
        one, or whose outcome differs between repeats.
    """

    name: str
    frame: pd.DataFrame
    probabilities: Probabilities | None = None
    call_origin: str = "as given in the risk file"

    def __post_init__(self) -> None:
        doubled = int(self.frame.duplicated(["patient_id", *self._repeat_columns]).sum())
        if doubled:
            raise OutcomeError(
                f"{doubled} patients stand twice", where=self.name, fix="A patient has one risk a repeat"
            )
        if "repeat" in self.frame:
            self._check_repeats()
        _ = self.outcome, self.risk

    def _check_repeats(self) -> None:
        by_patient = self.frame.groupby("patient_id")
        absent = int((by_patient.size() != self.frame["repeat"].nunique()).sum())
        if absent:
            raise OutcomeError(f"{absent} patients are absent from a repeat", where=self.name)
        differing = int((by_patient[["time_months", "event"]].nunique() > 1).any(axis=1).sum())
        if differing:
            raise OutcomeError(f"{differing} patients have different outcomes in different repeats", where=self.name)

    @property
    def _repeat_columns(self) -> list[str]:
        return ["repeat"] if "repeat" in self.frame else []

    @cached_property
    def outcome(self) -> Survival:
        """The outcomes, row by row."""
        return Survival(self.frame["time_months"].to_numpy(), self.frame["event"].to_numpy())

    @cached_property
    def risk(self) -> FloatArray:
        """The risks, row by row."""
        values = self.frame["risk"].to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            raise OutcomeError(
                f"'risk' has {int((~np.isfinite(values)).sum())} values that are not finite", where=self.name
            )
        return values

    @property
    def has_folds(self) -> bool:
        """Whether the risks come from several models."""
        return "fold" in self.frame

    @cached_property
    def strata(self) -> list[IntArray]:
        """Rows within which risks may be compared: one entry a repeat and fold."""
        columns = [name for name in ("repeat", "fold") if name in self.frame]
        if not columns:
            return [np.arange(len(self.frame), dtype=np.int64)]
        codes = self.frame.groupby(columns, sort=True).ngroup().to_numpy()
        return split_strata(codes, len(codes))

    @cached_property
    def strata_codes(self) -> IntArray:
        """Number of each row's stratum."""
        codes = np.zeros(len(self.frame), dtype=np.int64)
        for code, rows in enumerate(self.strata):
            codes[rows] = code
        return codes

    @cached_property
    def patients(self) -> npt.NDArray[np.object_]:
        """The distinct patients, sorted."""
        return np.unique(self.frame["patient_id"].to_numpy(dtype=object).astype(str)).astype(object)

    @cached_property
    def patient_rows(self) -> IntArray:
        """Position of each row's patient among ``patients``."""
        return np.searchsorted(self.patients.astype(str), self.frame["patient_id"].to_numpy().astype(str)).astype(
            np.int64
        )

    def where(self, rows: BoolArray) -> Predictions:
        """Return the predictions of some rows."""
        probabilities = self.probabilities
        if probabilities is not None:
            probabilities = Probabilities(
                probabilities.times_months, probabilities.survival[rows], probabilities.origin
            )
        return Predictions(self.name, self.frame[rows].reset_index(drop=True), probabilities, self.call_origin)

    def standardised(self) -> FloatArray:
        """Return risks centred and scaled by the standard deviation within their fold; 0 where all are equal."""
        values = np.zeros(len(self.frame))
        largest = float(np.abs(self.risk).max(initial=0.0)) or 1.0
        risk = self.risk / largest  # squares of huge risks would be no numbers
        for rows in self.strata:
            spread = risk[rows].std(ddof=1) if len(rows) > 1 else 0.0
            if spread > 0:
                values[rows] = (risk[rows] - risk[rows].mean()) / spread
        return values

    def above_median(self) -> BoolArray:
        """Return whether a risk lies above the median of its fold."""
        above = np.zeros(len(self.frame), dtype=np.bool_)
        for rows in filter(len, self.strata):  # nobody has a median
            above[rows] = self.risk[rows] > np.median(self.risk[rows])
        return above

    def first_repeat(self) -> Predictions:
        """Return one row a patient: the first repeat's, folds kept; without repeats all rows as they are.

        An average over repeats would describe an ensemble that nobody trained, and lose the folds.
        """
        if "repeat" not in self.frame:
            return self
        return self.where((self.frame["repeat"] == self.frame["repeat"].min()).to_numpy())
