"""Leaving modalities out in training, so that the network learns to do without each."""

from __future__ import annotations

import torch
from torch import nn


class ModalityDropout(nn.Module):
    """Leaves each present modality out with a probability, never a patient's last one.

    Where all would be left out, one of those present stays, each with the same probability. In evaluation nothing is
    left out.

    Parameters
    ----------
    probability : float
        From 0 to below 1.
    seed : int
        Of its own random numbers; they are drawn on the processor, so that a GPU gives the same.
    """

    def __init__(self, probability: float, seed: int = 0) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise ValueError(f"a probability of {probability} is not from 0 to below 1")
        self.probability = probability
        self._numbers = torch.Generator()
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Start the random numbers again; before each epoch, so that a resumed run draws what it would have drawn."""
        self._numbers.manual_seed(seed)

    def forward(self, present: torch.Tensor) -> torch.Tensor:
        """Return the mask of the modalities that are kept.

        Parameters
        ----------
        present : Tensor of bool, shape (patients, modalities)
        """
        if not self.training or self.probability == 0:
            return present
        draws = torch.rand(present.shape, generator=self._numbers).to(present.device)
        last = torch.where(present, draws, -1.0).argmax(dim=1, keepdim=True)
        stays = (draws >= self.probability).scatter(1, last, value=True)
        return present & stays
