"""Cross-attention: modalities as tokens that look at each other in one transformer layer.

References
----------
Vaswani A et al. Attention is all you need. NeurIPS 2017:5998-6008. With normalisation first: Xiong R et al. On layer
normalization in the transformer architecture. ICML 2020:10524-10533.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from tumorboard.network.fusion.fusion import Fused, Fusion, masked, stacked

HEADS = 4


class CrossAttentionFusion(Fusion):
    """One transformer layer over the modalities that are there, then their mean.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    width : int
        Length of a token and of the joint embedding, a multiple of 4.
    dropout : float
        On what the attention and the dense layers add.
    """

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__(widths)
        if width % HEADS:
            raise ValueError(f"a width of {width} is not a multiple of {HEADS}")
        self.width = width
        self.tokens = nn.ModuleDict({name: nn.Linear(own, width) for name, own in widths.items()})
        self.norm_before = nn.LayerNorm(width)
        self.looking = nn.Linear(width, 3 * width)
        self.seen = nn.Linear(width, width)
        self.norm_between = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.norm_after = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return the token and its query, key and value, shape (n, 4 width)."""
        token = self.tokens[modality](embeddings)
        return torch.cat([token, self.looking(self.norm_before(token))], dim=-1)

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the mean of the tokens that are there, after they looked at each other."""
        together = stacked(masked(parts, present))
        tokens, *looking = torch.split(together, self.width, dim=-1)
        query, key, value = (part.reshape(*part.shape[:-1], HEADS, -1).transpose(-3, -2) for part in looking)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=present[..., None, None, :])
        tokens = tokens + self.dropout(self.seen(found.transpose(-3, -2).flatten(-2)))
        tokens = tokens + self.dropout(self.dense(self.norm_between(tokens)))
        there = present.unsqueeze(-1)
        mean = torch.where(there, tokens, 0.0).sum(dim=-2) / there.sum(dim=-2)
        return Fused(self.norm_after(mean), None)
