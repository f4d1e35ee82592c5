"""Tensor fusion: the outer product of all modalities, each with a 1 appended.

References
----------
Zadeh A, Chen M, Poria S, Cambria E, Morency LP. Tensor fusion network for multimodal sentiment analysis.
EMNLP 2017:1103-1114. Chen RJ et al. Pathomic fusion. IEEE Trans Med Imaging 2022;41:757-770.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from tumorboard.network.fusion.fusion import Fused, Fusion, masked, projections

LARGEST_PRODUCT = 4096


class TensorFusion(Fusion):
    """Outer product of the modalities' v with a 1 appended, then a dense layer with ReLU.

    The 1 keeps products of fewer modalities in it; of an absent modality it is all that is left. Each v is as long as
    keeps the product within 4096 numbers (and at most `width`): 15 for three modalities, 7 for four.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    width : int
        Length of the joint embedding.
    dropout : float
        On v.
    """

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__(widths)
        self.width = width
        self.length = min(width, _longest(len(widths)))
        self.values = projections(widths, self.length, dropout)
        self.layer = nn.Linear((self.length + 1) ** len(widths), width)

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return v, shape (n, length)."""
        values: torch.Tensor = self.values[modality](embeddings)
        return values

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the layer's answer to the outer product.

        The product itself is never made: the layer is contracted with one modality after another, the last first, so
        that over combinations the first contractions are done for few images only.
        """
        left = self.layer.weight.T.reshape(-1, self.width)
        for part in reversed(masked(parts, present)):
            extended = functional.pad(part, (0, 1), value=1.0)
            left = left.reshape(*left.shape[:-2], -1, self.length + 1, self.width)
            left = torch.einsum("...atw,...t->...aw", left, extended)
        return Fused(functional.relu(left.squeeze(-2) + self.layer.bias), None)


def _longest(modalities: int) -> int:
    """Return the greatest length of v whose product is small enough, at least 1."""
    longest = 1
    while (longest + 2) ** modalities <= LARGEST_PRODUCT:
        longest += 1
    return longest
