"""What every encoder is: a module from one modality's input to embeddings of a known width."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import nn

from tumorboard.network.freezing import Freezable


class Bag(NamedTuple):
    """Patients' bags of features, filled up to the largest.

    Parameters
    ----------
    features : Tensor, shape (patients, tiles, features)
        What stands behind a bag's end is not looked at; NaN may stand there.
    mask : Tensor of bool, shape (patients, tiles)
        True where there is a tile.
    """

    features: torch.Tensor
    mask: torch.Tensor


Inputs = torch.Tensor | Bag
"""One modality's input of some patients: pictures, rows of a table, or a bag."""


class Encoder(Freezable, ABC):
    """From the input of one modality to embeddings.

    Attributes
    ----------
    width : int
        Length of an embedding.
    """

    width: int

    @abstractmethod
    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings, shape (inputs, width)."""


def rows(inputs: Inputs, chosen: torch.Tensor) -> Inputs:
    """Return the inputs of some patients.

    Parameters
    ----------
    inputs : Tensor or Bag
    chosen : Tensor of bool, shape (patients,)
    """
    if isinstance(inputs, Bag):
        return Bag(inputs.features[chosen], inputs.mask[chosen])
    return inputs[chosen]


def number_of_rows(inputs: Inputs) -> int:
    """Return how many patients' inputs these are."""
    return len(inputs.features) if isinstance(inputs, Bag) else len(inputs)


def tensor_of(inputs: Inputs) -> torch.Tensor:
    """Return the inputs of a modality that has no bags.

    Raises
    ------
    TypeError
        They are a bag.
    """
    if isinstance(inputs, Bag):
        raise TypeError("a bag was given to an encoder of pictures or of a table")
    return inputs


def small_network(width_in: int, width: int, dropout: float) -> nn.Sequential:
    """Return one dense layer with ReLU and dropout."""
    return nn.Sequential(nn.Linear(width_in, width), nn.ReLU(), nn.Dropout(dropout))
