"""What a network is trained towards: a loss for each kind of head, on a stage's fit patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch

from tumorboard.errors import StudyError
from tumorboard.inputs.study_inputs import StudyInputs
from tumorboard.network.losses import NO_LABEL, RiskMemory, class_loss, class_weights, cox_loss, discrete_time_loss
from tumorboard.network.settings import HeadSettings
from tumorboard.study.training_settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Patients' outcomes as tensors.

    Parameters
    ----------
    time : Tensor of float64, shape (n,)
        Months.
    event : Tensor of bool, shape (n,)
    label : Tensor of int64, shape (n,)
        1 dead, 0 alive at the landmark, -1 unknown.
    """

    time: torch.Tensor
    event: torch.Tensor
    label: torch.Tensor

    @classmethod
    def of(cls, study: StudyInputs, patients: list[str], device: torch.device) -> Self:
        """Take patients' outcomes from their study."""
        outcome = study.outcome(patients)
        return cls(
            torch.from_numpy(outcome.time_months.copy()).to(device),
            torch.from_numpy(outcome.event.copy()).to(device),
            torch.from_numpy(study.five_year_status(patients)).to(device),
        )


class Objective:
    """The loss of a head.

    Parameters
    ----------
    head : HeadSettings
    settings : TrainingSettings
    fit : Outcomes
        Of the stage's fit patients.

    Raises
    ------
    StudyError
        They have no event, or no patient of one class.
    """

    def __init__(self, head: HeadSettings, settings: TrainingSettings, fit: Outcomes) -> None:
        self._head, self._ties, self._fit = head, settings.ties, fit
        self.memory: RiskMemory | None = None
        self._weights: torch.Tensor | None = None
        if head.kind == "five-year status":
            try:
                self._weights = class_weights(fit.label.cpu()).to(fit.label.device)
            except ValueError as error:
                raise StudyError(f"fit patients by class: {error}", where="network.head", fix=_FEW) from error
        elif not bool(fit.event.any()):
            raise StudyError("no fit patient has an event", where="folds.parquet", fix=_FEW)
        if head.kind == "log-risk" and settings.risk_memory:
            self.memory = RiskMemory(fit.time, fit.event, settings.risk_memory)

    def loss(self, output: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return a batch's loss; called once a step where log-risks are remembered.

        Parameters
        ----------
        output : Tensor, shape (n, outputs)
        rows : Tensor of int64, shape (n,)
            The patients, by their row among the stage's fit patients.
        """
        time, event = self._fit.time[rows], self._fit.event[rows]
        if self._head.kind == "five-year status":
            return class_loss(output, self._fit.label[rows], self._weights)
        if self._head.kind == "discrete time":
            return discrete_time_loss(output, time, event, self._head.edges_months)
        risk = output[:, 0].float()
        others = None if self.memory is None else self.memory.others(rows)
        loss = cox_loss(risk, time, event, ties=self._ties, memory=others if others and len(others.time) else None)
        if self.memory is not None:
            self.memory.remember(rows, risk)
        return loss

    def assessed(self, predictions: torch.Tensor, outcomes: Outcomes) -> float | None:
        """Return the loss of predictions over combinations; None where it does not exist for these patients.

        Parameters
        ----------
        predictions : Tensor of float64, shape (n, outputs)
            As ``risk_over_combinations`` gives them: log-risk, probabilities or survival.
        outcomes : Outcomes
            Theirs.
        """
        kind = self._head.kind
        if not len(predictions) or not bool(
            (outcomes.label != NO_LABEL if kind == "five-year status" else outcomes.event).any()
        ):
            return None
        if kind == "log-risk":
            return float(cox_loss(predictions[:, 0], outcomes.time, outcomes.event, ties=self._ties))
        safe = predictions.double().clamp(1e-9, 1)
        if kind == "five-year status":
            return float(class_loss(safe.log(), outcomes.label, self._weights))
        before = torch.cat([torch.ones_like(safe[:, :1]), safe[:, :-1]], dim=1)
        hazard = (1 - safe / before).clamp(1e-9, 1 - 1e-9)
        return float(discrete_time_loss(torch.logit(hazard), outcomes.time, outcomes.event, self._head.edges_months))


_FEW = "Use fewer folds, another endpoint or more patients"


def who_counts(kind: str, study: StudyInputs, patients: list[str]) -> list[str]:
    """Return the patients who have an outcome for a head: all, or those with a five-year status."""
    if kind != "five-year status":
        return patients
    return [
        patient for patient, label in zip(patients, study.five_year_status(patients), strict=True) if label != NO_LABEL
    ]
