"""Gated attention over a bag of tile features.

References
----------
Ilse M, Tomczak JM, Welling M. Attention-based deep multiple instance learning. ICML 2018:2127-2136, equation 9.
"""

from __future__ import annotations

import torch
from torch import nn

from tumorboard.network.encoders.encoder import Bag, Encoder, Inputs, small_network


class BagEncoder(Encoder):
    """From a bag of any size to one embedding: the attention-weighted mean of its tiles.

    Parameters
    ----------
    features : int
        Of a tile, as an extractor gave them.
    width : int
        Length of an embedding; tiles are brought to it first.
    attention : int
        Width of the attention's hidden layer.
    dropout : float
        After the first layer, from 0 to below 1.
    """

    def __init__(self, features: int, width: int, attention: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.width = width
        self.layer = small_network(features, width, dropout)
        self.content = nn.Linear(width, attention)
        self.gate = nn.Linear(width, attention)
        self.score = nn.Linear(attention, 1)

    def attend(self, bag: Bag) -> tuple[torch.Tensor, torch.Tensor]:
        """Return embeddings and the attention that they rest on.

        Parameters
        ----------
        bag : Bag

        Returns
        -------
        embeddings : Tensor, shape (patients, width)
        attention : Tensor, shape (patients, tiles)
            Sums to 1 over a patient's tiles; 0 where there is none.

        Raises
        ------
        ValueError
            Shapes that do not fit, or a bag without a tile.
        """
        features, mask = bag
        if features.ndim != 3 or features.shape[2] != self.features or mask.shape != features.shape[:2]:
            raise ValueError(
                f"a bag of shape {tuple(features.shape)} with a mask of shape {tuple(mask.shape)}, "
                f"not (patients, tiles, {self.features}) and (patients, tiles)"
            )
        if not bool(mask.any(dim=1).all()):
            raise ValueError("a bag holds no tile; a patient without tiles is absent in this modality")
        tiles = self.layer(torch.where(mask.unsqueeze(-1), features, 0.0))
        scores = self.score(torch.tanh(self.content(tiles)) * torch.sigmoid(self.gate(tiles))).squeeze(-1)
        attention = scores.masked_fill(~mask, -torch.inf).softmax(dim=1)
        return torch.einsum("pt,ptw->pw", attention, tiles), attention

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings of bags, shape (patients, width)."""
        if not isinstance(inputs, Bag):
            raise TypeError("the encoder of bags was given no bag")
        return self.attend(inputs)[0]
