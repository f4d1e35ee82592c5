"""What every fusion is: parts of each image alone, then their combination under a mask of what is there.

A fusion is split in two so that a patient's images can be combined in all ways at a small cost: ``part`` holds all work
that one modality's embedding needs (linear layers over several modalities fall apart into sums over them), and
``combine`` what is left. ``combine`` broadcasts over all leading dimensions, so that parts of shapes (a, 1, 1, k),
(1, b, 1, k) and (1, 1, c, k) give all a x b x c combinations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import nn

WeightKind = Literal["attention", "descriptive"]


class Fused(NamedTuple):
    """What a fusion returns.

    Parameters
    ----------
    value : Tensor, shape (..., width)
        The joint embedding; where the fusion has ``gives_output``, the network's output itself.
    weights : Tensor, shape (..., modalities), or None
        Of each modality, summing to 1 over those that are there; None where the fusion has none.
    """

    value: torch.Tensor
    weights: torch.Tensor | None


class Fusion(nn.Module, ABC):
    """From the embeddings of several modalities, some of which may be absent, to one.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding, in the order of the masks.

    Attributes
    ----------
    width : int
        Length of the joint embedding.
    gives_output : bool
        Whether the value is the network's output already, no head being needed.
    weight_kind : str or None
        ``attention``: the weights are what the embedding is made with. ``descriptive``: they only describe it.
    """

    gives_output: ClassVar[bool] = False
    weight_kind: ClassVar[WeightKind | None] = None

    width: int

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.modalities = tuple(widths)
        self.widths = dict(widths)

    @abstractmethod
    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return what one modality's embeddings bring into any combination.

        Parameters
        ----------
        modality : str
        embeddings : Tensor, shape (n, width of the modality)

        Returns
        -------
        Tensor, shape (n, k)
        """

    @abstractmethod
    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Combine parts.

        Parameters
        ----------
        parts : sequence of Tensor, shapes (..., k)
            One a modality, in their order; leading dimensions broadcast.
        present : Tensor of bool, shape (..., modalities)
            At least one a row; parts of absent ones have no influence.
        """

    def precompute(self, embeddings: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the parts of each modality's embeddings, image by image.

        Parameters
        ----------
        embeddings : mapping of str to Tensor, shape (images, width of the modality)
            Of the modalities that are there; their numbers of images may differ.
        """
        return {modality: self.part(modality, values) for modality, values in embeddings.items()}

    def forward(self, embeddings: Mapping[str, torch.Tensor], present: torch.Tensor) -> Fused:
        """Fuse patients' embeddings.

        Parameters
        ----------
        embeddings : mapping of str to Tensor, shape (patients, width of the modality)
            All modalities. Anything, NaN too, may stand where a modality is absent.
        present : Tensor of bool, shape (patients, modalities)

        Raises
        ------
        ValueError
            A patient has no modality, or the mask's shape does not fit.
        """
        if present.dtype != torch.bool or present.ndim != 2 or present.shape[1] != len(self.modalities):
            raise ValueError(f"the mask is {tuple(present.shape)}, not bool (patients, {len(self.modalities)})")
        if not bool(present.any(dim=1).all()):
            raise ValueError("a patient has no modality at all")
        # before any weight: zero times NaN would be NaN in the weights' gradient
        seen = {
            name: torch.where(present[:, [number]], embeddings[name], 0.0)
            for number, name in enumerate(self.modalities)
        }
        parts = self.precompute(seen)
        return self.combine([parts[name] for name in self.modalities], present)


def masked(parts: Sequence[torch.Tensor], present: torch.Tensor) -> list[torch.Tensor]:
    """Return parts with zeros where their modality is absent."""
    return [torch.where(present[..., number, None], part, 0.0) for number, part in enumerate(parts)]


def joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return parts side by side, leading dimensions broadcast, shape (..., sum of their lengths)."""
    leading = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*leading, part.shape[-1]) for part in parts], dim=-1)


def stacked(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return parts of one length on top of each other, leading dimensions broadcast, shape (..., parts, length)."""
    leading = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.stack([part.expand(*leading, -1) for part in parts], dim=-2)


def projections(widths: Mapping[str, int], width: int, dropout: float) -> nn.ModuleDict:
    """Return v = ReLU(W x) of each modality."""
    return nn.ModuleDict(
        {name: nn.Sequential(nn.Linear(own, width), nn.ReLU(), nn.Dropout(dropout)) for name, own in widths.items()}
    )
