"""Gated fusion: each modality's embedding under a gate that all modalities together set.

Per modality v = ReLU(W x) and a = sigmoid(W' [all x] + b); the joint embedding is all a * v side by side. This is the
form of the reference study's group's later published models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn

from tumorboard.network.fusion.fusion import Fused, Fusion, WeightKind, joined, masked, projections


class GatedFusion(Fusion):
    """Gated fusion.

    The layer of the gates is kept by modality: W' [x1, x2, x3] is a sum of one product each, so that over combinations
    only the sum and the sigmoid are left to do. An absent modality adds nothing to the gates and has value zero.

    The weights are the norms of the gated embeddings, divided by their sum. They describe a prediction; nothing is
    multiplied by them.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    width : int
        Length of each v.
    dropout : float
        On v.
    """

    weight_kind: ClassVar[WeightKind | None] = "descriptive"

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__(widths)
        self.length = width
        self.width = width * len(widths)
        self.values = projections(widths, width, dropout)
        together = nn.Linear(sum(widths.values()), self.width)  # for the initial spread of one layer over all
        self.gates = nn.ModuleDict({name: nn.Linear(own, self.width, bias=False) for name, own in widths.items()})
        split = torch.split(together.weight.detach(), list(widths.values()), dim=1)
        for layer, weight in zip(self.gates.values(), split, strict=True):
            layer.weight = nn.Parameter(weight.clone())
        self.gate_bias = nn.Parameter(together.bias.detach().clone())

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return v and the share of all gates, shape (n, length + modalities x length)."""
        return torch.cat([self.values[modality](embeddings), self.gates[modality](embeddings)], dim=-1)

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the gated embeddings side by side, and their normalised norms."""
        split = [torch.split(part, [self.length, self.width], dim=-1) for part in masked(parts, present)]
        sums = self.gate_bias + split[0][1]
        for _, share in split[1:]:
            sums = sums + share
        gates = torch.split(torch.sigmoid(sums), self.length, dim=-1)
        gated = [gate * value for gate, (value, _) in zip(gates, split, strict=True)]
        return Fused(joined(gated), _normalised_norms(gated, present))


def _normalised_norms(gated: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
    norms = torch.stack([torch.linalg.vector_norm(part.detach(), dim=-1) for part in gated], dim=-1)
    total = norms.sum(dim=-1, keepdim=True)
    alike = present / present.sum(dim=-1, keepdim=True)
    # where every unit is silent no modality weighs more than another
    return torch.where(total > 0, norms / total.clamp_min(torch.finfo(norms.dtype).tiny), alike)
