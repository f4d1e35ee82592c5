"""Late fusion: each modality has its own head, and the outputs of those present are averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import nn

from tumorboard.network.fusion.fusion import Fused, Fusion, masked, stacked


class MeanOfRisks(Fusion):
    """Mean of the modalities' own outputs.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    make_head : callable
        From the length of an embedding to a head.
    outputs : int
        How many numbers a head gives.
    """

    gives_output: ClassVar[bool] = True

    def __init__(self, widths: Mapping[str, int], make_head: Callable[[int], nn.Module], outputs: int) -> None:
        super().__init__(widths)
        self.width = outputs
        self.heads = nn.ModuleDict({name: make_head(own) for name, own in widths.items()})

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return the modality's own output, shape (n, outputs)."""
        output: torch.Tensor = self.heads[modality](embeddings)
        return output

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the mean over the modalities that are there."""
        together = stacked(masked(parts, present))
        return Fused(together.sum(dim=-2) / present.sum(dim=-1, keepdim=True), None)
