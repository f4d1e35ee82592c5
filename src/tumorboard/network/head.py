"""The end of the network: dense layers, and what their output means."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from tumorboard.network.losses.discrete_time import months_lost, survival_curves
from tumorboard.network.settings import HeadSettings


class Head(nn.Sequential):
    """Dense layers with ReLU and dropout, then one without.

    Parameters
    ----------
    width_in : int
        Length of what comes in.
    hidden : sequence of int
        Widths of the layers between.
    outputs : int
        How many numbers come out.
    dropout : float
        After each layer between.
    """

    def __init__(self, width_in: int, hidden: Sequence[int], outputs: int, dropout: float) -> None:
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(width_in, width), nn.ReLU(), nn.Dropout(dropout)]
            width_in = width
        super().__init__(*layers, nn.Linear(width_in, outputs))


def risk_of(output: torch.Tensor, head: HeadSettings) -> torch.Tensor:
    """Return one number a patient, higher is worse.

    Parameters
    ----------
    output : Tensor, shape (..., outputs)
        As the network gives it.
    head : HeadSettings

    Returns
    -------
    Tensor, shape (...)
        The log-risk; or the log-odds of being dead of disease at five years; or, of discrete time, the months that are
        expected to be lost up to the last edge.
    """
    if head.kind == "log-risk":
        return output[..., 0]
    if head.kind == "five-year status":
        return output[..., 1] - output[..., 0]
    return months_lost(output, head.edges_months)


def prediction_of(output: torch.Tensor, head: HeadSettings) -> torch.Tensor:
    """Return what may be averaged over combinations.

    Parameters
    ----------
    output : Tensor, shape (..., outputs)
    head : HeadSettings

    Returns
    -------
    Tensor, shape (..., outputs)
        The log-risk; or the probabilities of alive and dead; or survival at each edge.
    """
    if head.kind == "log-risk":
        return output
    if head.kind == "five-year status":
        return functional.softmax(output, dim=-1)
    return survival_curves(output)
