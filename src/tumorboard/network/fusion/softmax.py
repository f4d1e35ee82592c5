"""Softmax attention over modalities: a weighted mean of their embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn

from tumorboard.network.fusion.fusion import Fused, Fusion, WeightKind, masked, projections, stacked


class SoftmaxFusion(Fusion):
    """Softmax attention: each modality's v has a score, and the softmax of the scores of those present weighs them.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    width : int
        Length of each v, and of the joint embedding.
    dropout : float
        On v.
    """

    weight_kind: ClassVar[WeightKind | None] = "attention"

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__(widths)
        self.width = width
        self.values = projections(widths, width, dropout)
        self.scores = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)) for name in widths}
        )

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return v and its score, shape (n, width + 1)."""
        values = self.values[modality](embeddings)
        return torch.cat([values, self.scores[modality](values)], dim=-1)

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the weighted mean, and the weights: 0 where absent, 1 in sum."""
        together = stacked(masked(parts, present))
        scores = together[..., -1].masked_fill(~present, -torch.inf)
        weights = scores.softmax(dim=-1)
        return Fused((weights.unsqueeze(-1) * together[..., :-1]).sum(dim=-2), weights)
