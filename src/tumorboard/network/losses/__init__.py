"""Losses: each a function of the network's output and the patients' outcomes."""

from tumorboard.network.losses.classes import NO_LABEL, class_loss, class_weights
from tumorboard.network.losses.cox import cox_loss
from tumorboard.network.losses.discrete_time import (
    discrete_time_loss,
    edges_at_event_quantiles,
    months_lost,
    survival_curves,
)
from tumorboard.network.losses.memory import Remembered, RiskMemory

__all__ = [
    "NO_LABEL",
    "Remembered",
    "RiskMemory",
    "class_loss",
    "class_weights",
    "cox_loss",
    "discrete_time_loss",
    "edges_at_event_quantiles",
    "months_lost",
    "survival_curves",
]
