"""The encoder of a modality that is a row of a table: genes, clinical values."""

from __future__ import annotations

import torch

from tumorboard.network.encoders.encoder import Encoder, Inputs, small_network, tensor_of


class TableEncoder(Encoder):
    """A dense layer over values of which some may be unknown.

    Beside each value the layer sees whether it is known, so that a gene that was not looked at is not a wild type.

    Parameters
    ----------
    inputs : int
        How many values a patient has.
    width : int
        Length of an embedding.
    dropout : float
        From 0 to below 1.
    """

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.inputs = inputs
        self.width = width
        self.layer = small_network(2 * inputs, width, dropout)

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings, shape (patients, width).

        Parameters
        ----------
        inputs : Tensor, shape (patients, inputs)
            NaN where a value is unknown.

        Raises
        ------
        ValueError
            Another number of values, or an infinite one.
        """
        values = tensor_of(inputs)
        if values.ndim != 2 or values.shape[1] != self.inputs:
            raise ValueError(f"values of shape {tuple(values.shape)}, not (patients, {self.inputs})")
        if bool(values.isinf().any()):
            raise ValueError("a value is infinite")
        known = ~values.isnan()
        seen = torch.where(known, values, 0.0)
        embeddings: torch.Tensor = self.layer(torch.cat([seen, known.to(seen.dtype)], dim=1))
        return embeddings
