"""Concatenation of the modalities' embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from tumorboard.network.fusion.fusion import Fused, Fusion, joined, masked, projections


class ConcatFusion(Fusion):
    """Each modality's v = ReLU(W x) side by side; zeros where one is absent.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    width : int
        Length of each v.
    dropout : float
        On v.
    """

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__(widths)
        self.width = width * len(widths)
        self.values = projections(widths, width, dropout)

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return v, shape (n, length)."""
        values: torch.Tensor = self.values[modality](embeddings)
        return values

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return all v side by side."""
        return Fused(joined(masked(parts, present)), None)
