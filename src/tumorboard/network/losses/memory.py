"""Remembering patients' recent log-risks, for risk sets larger than a batch."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Remembered(NamedTuple):
    """Log-risks of patients outside a batch, without gradient.

    Parameters
    ----------
    log_risk : Tensor, shape (m,)
    time : Tensor, shape (m,)
    event : Tensor, shape (m,)
    strata : Tensor, shape (m,), or None
    """

    log_risk: torch.Tensor
    time: torch.Tensor
    event: torch.Tensor
    strata: torch.Tensor | None = None


class RiskMemory:
    """The last log-risk of each patient, for as long as it is recent.

    Parameters
    ----------
    time, event : Tensor, shape (patients,)
        Of all fit patients.
    keep_steps : int
        For how many steps a log-risk counts as recent, at least 1.
    strata : Tensor, shape (patients,), optional
    """

    def __init__(
        self, time: torch.Tensor, event: torch.Tensor, keep_steps: int, strata: torch.Tensor | None = None
    ) -> None:
        if keep_steps < 1:
            raise ValueError(f"log-risks kept for {keep_steps} steps, not for at least 1")
        self._time, self._event, self._strata = time, event, strata
        self._keep_steps = keep_steps
        self._log_risk = torch.zeros(len(time), dtype=torch.float32, device=time.device)
        self._step_of = torch.full((len(time),), -keep_steps - 1, device=time.device)
        self._step = 0

    def others(self, patients: torch.Tensor) -> Remembered:
        """Return what is remembered of all but some patients.

        Parameters
        ----------
        patients : Tensor of int, shape (n,)
            The batch's patients, by their row.
        """
        recent = self._step - self._step_of <= self._keep_steps
        recent[patients] = False
        strata = None if self._strata is None else self._strata[recent]
        return Remembered(self._log_risk[recent], self._time[recent], self._event[recent], strata)

    def remember(self, patients: torch.Tensor, log_risk: torch.Tensor) -> None:
        """Keep a batch's log-risks; call it once a step, after the loss.

        Parameters
        ----------
        patients : Tensor of int, shape (n,)
        log_risk : Tensor, shape (n,)
        """
        self._step += 1
        self._log_risk[patients] = log_risk.detach().to(self._log_risk)
        self._step_of[patients] = self._step

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that is remembered, for a checkpoint."""
        return {"log_risk": self._log_risk, "step_of": self._step_of, "step": torch.tensor(self._step)}

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take up what ``state`` returned."""
        self._log_risk = state["log_risk"].to(self._log_risk, copy=True)
        self._step_of = state["step_of"].to(self._step_of, copy=True)
        self._step = int(state["step"])
