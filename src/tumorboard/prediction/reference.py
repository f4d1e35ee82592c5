"""What a fold's fit and select patients say of a risk: its mean, the baseline hazard, the threshold of the groups.

All of it is learned from predictions as they are made of any patient, means over the combinations of images; the
threshold on select patients only, so that nothing that is reported of test patients was chosen on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from tumorboard.errors import UndefinedEstimateError
from tumorboard.network.settings import HeadSettings
from tumorboard.prediction.curves import Baseline, survival_between_edges
from tumorboard.study.files import read_json, write_json
from tumorboard.survival import BaselineHazard, Survival
from tumorboard.survival.outcome import FloatArray

REFERENCE_FILE = "reference.json"
_MADE_BY = "tumorboard train STUDY"


@dataclass(frozen=True, eq=False)
class FoldReference:
    """What a fold's own patients say of a risk.

    Parameters
    ----------
    mean_risk, sd_risk : float
        Of the fit patients.
    select_risks : array of float, shape (n,)
        Of the select patients, in order.
    baseline : Baseline or None
        Of a log-risk; None for other heads, and where no fit patient had an event.
    landmark_months : float
        When the status of a five-year head is read.
    """

    mean_risk: float
    sd_risk: float
    select_risks: FloatArray
    baseline: Baseline | None
    landmark_months: float

    @classmethod
    def fit(
        cls,
        head: HeadSettings,
        fit_risks: npt.ArrayLike,
        outcome: Survival,
        select_risks: npt.ArrayLike,
        landmark_months: float,
        held_out: BaselineHazard | None = None,
    ) -> Self:
        """Learn it.

        Parameters
        ----------
        head : HeadSettings
        fit_risks : array_like, shape (n,)
            Of the fit patients.
        outcome : Survival
            Theirs.
        select_risks : array_like, shape (m,)
            Of the select patients.
        landmark_months : float
        held_out : BaselineHazard, optional
            Of the fit patients' risks by networks that did not learn from them, in place of their own.
        """
        risks = np.asarray(fit_risks, dtype=np.float64)
        baseline = None
        if held_out is not None:
            baseline = Baseline(held_out, float(outcome.time_months.max()))
        elif head.kind == "log-risk":
            try:
                baseline = Baseline.fit(outcome, risks)
            except UndefinedEstimateError:
                baseline = None  # no event among them: there is a risk, and no curve
        return cls(
            float(risks.mean()),
            float(risks.std()),
            np.sort(np.asarray(select_risks, dtype=np.float64)),
            baseline,
            landmark_months,
        )

    @property
    def threshold(self) -> float | None:
        """Above it a risk is called high: the median of the select patients; None where there are none."""
        return float(np.median(self.select_risks)) if len(self.select_risks) else None

    def is_high(self, risk: float) -> bool | None:
        """Tell whether a risk is above the threshold."""
        return None if self.threshold is None else risk > self.threshold

    def rank(self, risk: float) -> float | None:
        """Return the share of select patients whose risk is lower, ties counting half."""
        if not len(self.select_risks):
            return None
        lower = (self.select_risks < risk).sum() + (self.select_risks == risk).sum() / 2
        return float(lower / len(self.select_risks))

    def survival(self, head: HeadSettings, risk: float, prediction: npt.ArrayLike, months: npt.ArrayLike) -> FloatArray:
        """Return a patient's predicted probability of being free of the event.

        Parameters
        ----------
        head : HeadSettings
        risk : float
            The patient's mean risk.
        prediction : array_like, shape (outputs,)
            Mean of what may be averaged over combinations; see ``network.head.prediction_of``.
        months : array_like, shape (k,)

        Returns
        -------
        array of float, shape (k,)
            NaN where the model says nothing: beyond the fit patients' follow-up, beyond the last interval, or, of a
            five-year status, at any other time than 0 and the landmark.
        """
        times = np.atleast_1d(np.asarray(months, dtype=np.float64))
        if head.kind == "discrete time":
            between: FloatArray = survival_between_edges(head.edges_months, prediction, times)[0]
            return between
        if head.kind == "five-year status":
            alive = float(np.asarray(prediction, dtype=np.float64)[0])
            known: FloatArray = np.where(times == self.landmark_months, alive, np.where(times == 0, 1.0, np.nan))
            return known
        if self.baseline is None:
            return np.full(len(times), np.nan)
        curve: FloatArray = self.baseline.survival([risk], times)[0]
        return curve

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "mean_risk": self.mean_risk,
            "sd_risk": self.sd_risk,
            "select_risks": self.select_risks.tolist(),
            "baseline": None if self.baseline is None else self.baseline.to_json(),
            "landmark_months": self.landmark_months,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Return it from `to_json`."""
        baseline = content["baseline"]
        return cls(
            float(content["mean_risk"]),
            float(content["sd_risk"]),
            np.asarray(content["select_risks"], dtype=np.float64),
            None if baseline is None else Baseline.from_json(baseline),
            float(content["landmark_months"]),
        )

    def write(self, folder: Path) -> None:
        """Write it beside a fold's model."""
        write_json(folder / REFERENCE_FILE, self.to_json())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it.

        Raises
        ------
        StudyError
            It is missing or unreadable.
        """
        return cls.from_json(read_json(folder / REFERENCE_FILE, _MADE_BY))
